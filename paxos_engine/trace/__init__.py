"""The trace: one stream of typed events, and everything that is folded from it."""
