"""Model families: one decorated function in one file each, from a seed and parameters to an unfitted classifier.

Their libraries are imported inside the functions, so that listing them loads none.
"""
