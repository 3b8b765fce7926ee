"""Ask, evaluate, tell: which pipelines a search tries, in which order, and how it goes on after a kill.

How a pipeline is judged belongs to `fitting`; which one wins in the end, to `choosing`.
"""
