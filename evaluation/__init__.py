"""Predictions against gold: scores with intervals, traps, robustness, baselines, mistakes to read. Needs no torch."""
