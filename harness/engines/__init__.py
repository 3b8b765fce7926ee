"""Where work runs: processes of this machine, or a Dask cluster.

What the work is, no engine knows.
"""
