"""Chance: the challenge's random-prediction starter, below which no pipeline should stay."""

import numpy as np

from harness.plugins import Classifier, model_family
from harness.recording import Array


@model_family("random", baseline=True)
def random(seed: int) -> Classifier:
    """A uniformly random probability for every frame, whatever the poses."""
    return _Random(seed)


class _Random:
    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, X: Array, y: Array) -> "_Random":
        # Drawn on from here, so that no two recordings get the same numbers.
        self.generator = np.random.default_rng(self.seed)
        return self

    def predict_proba(self, X: Array) -> Array:
        positive = self.generator.random(len(X))
        return np.stack([1 - positive, positive], axis=1)
