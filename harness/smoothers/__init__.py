"""Smoothers of probabilities: one decorated function in one file each."""
