"""The tests, beside the rooms they are about."""
