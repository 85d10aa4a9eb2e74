"""Situations and wrong rules."""
