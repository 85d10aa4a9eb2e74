"""Tests of the fault plan."""
