"""Simulated mice: data to try everything on, with the truth known.

Nothing here knows how behaviors are found.
"""
