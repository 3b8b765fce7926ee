"""What was found: ranks, ensembles, comparisons of runs, learning curves.

Everything here is computed from a run's trials and can be computed again; nothing is fitted for good.
"""
