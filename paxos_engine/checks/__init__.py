"""Checkers: folds over a trace that say whether a rule was kept."""
