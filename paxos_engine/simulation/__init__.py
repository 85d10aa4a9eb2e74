"""The deterministic driver: the same roles on a virtual clock, a seeded network and disk."""
