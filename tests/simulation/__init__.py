"""The deterministic driver."""
