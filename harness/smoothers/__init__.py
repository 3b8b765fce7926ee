"""Smoothers of probabilities: one decorated function in one file each.

How smoothed probabilities are cut belongs to `fitting.decisions`.
"""
