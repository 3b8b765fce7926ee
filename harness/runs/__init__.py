"""A run on disk: its Optuna storage, in a file or in a database, its trials, and what computed them.

What is asked next, and what is made of the trials, is decided elsewhere.
"""
