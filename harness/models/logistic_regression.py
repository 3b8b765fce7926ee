"""Logistic regression on the ranks of columns: the linear yardstick."""

import warnings
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from harness.recording import Array
from harness.registry import Classifier, model_family

SHARES = np.linspace(0.02, 0.98, 33)
"""A column's training values are cut at so many evenly spaced ranks, the least and the greatest being the ends."""

SCORES = np.array([NormalDist().inv_cdf(share) for share in SHARES])


@model_family("logistic_regression")
def logistic_regression(seed: int, *, strength: float = 0.003, positive_weight: float = 1.0) -> Classifier:
    """L2-penalised logistic regression on the normal scores of columns; missing values count as the median.

    `strength` is scikit-learn's C: the smaller, the stronger the penalty.
    """
    return _LogisticRegression(seed, strength, positive_weight)


class _LogisticRegression:
    def __init__(self, seed: int, strength: float, positive_weight: float) -> None:
        self.seed, self.strength, self.positive_weight = seed, strength, positive_weight

    def fit(self, X: Array, y: Array) -> "_LogisticRegression":
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        self.scores = _NormalScores.of(X)
        self.regression = LogisticRegression(
            C=self.strength, class_weight={0: 1.0, 1: self.positive_weight}, max_iter=100, random_state=self.seed
        )
        with warnings.catch_warnings():
            # A hundred steps settle the weights that matter; stopping there is one more penalty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.regression.fit(self.scores.table(X), y)
        return self

    def predict_proba(self, X: Array) -> Array:
        probabilities: Array = self.regression.predict_proba(self.scores.table(X))
        return probabilities


@dataclass(frozen=True)
class _NormalScores:
    """Column by column, what the rank of a value among the training values would be worth on a bell curve.

    Between the knots a line, beyond them the score of the last: a jump of the tracker that lies hundreds of deviations
    out would otherwise decide a linear model alone.
    """

    curves: tuple[tuple[Array, Array], ...]
    """Knots, increasing, and the score at each, one pair a column."""

    @classmethod
    def of(cls, X: Array) -> "_NormalScores":
        """Learned from X (frames, columns) with NaN for missing."""
        ordered = np.sort(X, axis=0)  # NaN last
        present = np.sum(~np.isnan(X), axis=0)
        places = np.rint(np.linspace(0, 1, len(SHARES))[:, None] * np.maximum(present - 1, 0)).astype(np.int64)
        knots = np.nan_to_num(np.take_along_axis(ordered, places, axis=0))  # (knots, columns); NaN only where all are
        return cls(tuple(_curve(column) for column in knots.T))

    def table(self, X: Array) -> Array:
        """Scores (frames, columns) float32 of X (frames, columns); 0, the median's, where a value is missing."""
        scores = np.empty(X.shape, dtype=np.float32)
        for place, (knots, values) in enumerate(self.curves):
            scores[:, place] = np.interp(X[:, place], knots, values)
        return np.nan_to_num(scores, copy=False)


def _curve(knots: Array) -> tuple[Array, Array]:
    """Equal knots become one, whose score is their mean: (knots,) to increasing knots and their scores."""
    values, places = np.unique(knots, return_inverse=True)
    return values, np.bincount(places, SCORES) / np.bincount(places)
