"""Logistic regression on the ranks of columns: the linear yardstick."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from harness.plugins import Classifier, arrays_in, bytes_of, model_family, only_file
from harness.recording import Array

FILE = "weights.npz"
"""What a fitted model is kept in: the curves of all columns one after the other, and the weights of their scores."""

SHARES = np.linspace(0.02, 0.98, 33)
"""A column's training values are cut at so many evenly spaced ranks, the least and the greatest being the ends."""

SCORES = np.array([NormalDist().inv_cdf(share) for share in SHARES])


def load(files: Mapping[str, bytes]) -> Classifier:
    """A fitted model from plain arrays."""
    arrays = arrays_in(only_file(files, FILE))
    try:
        model = _LogisticRegression(0, 1.0, 1.0)
        model.scores = _NormalScores.from_arrays(arrays)
        weights, intercept = arrays["weights"], arrays["intercept"]
        if weights.shape != (1, len(model.scores.curves)) or intercept.shape != (1,):
            raise ValueError(f"weights of shape {weights.shape} for {len(model.scores.curves)} columns")
    except (KeyError, ValueError, TypeError) as error:
        raise ValueError(f"{FILE}: not the weights that are kept there: {error}") from error
    model.regression.coef_, model.regression.intercept_ = weights, intercept
    model.regression.classes_, model.regression.n_features_in_ = np.array([0, 1], dtype=np.int8), weights.shape[1]
    return model


@model_family("logistic_regression", load=load)
def logistic_regression(seed: int, *, strength: float = 0.003, positive_weight: float = 1.0) -> Classifier:
    """L2-penalised logistic regression on the normal scores of columns; missing values count as the median.

    `strength` is scikit-learn's C: the smaller, the stronger the penalty.
    """
    return _LogisticRegression(seed, strength, positive_weight)


class _LogisticRegression:
    scores: "_NormalScores"

    def __init__(self, seed: int, strength: float, positive_weight: float) -> None:
        from sklearn.linear_model import LogisticRegression

        self.regression: Any = LogisticRegression(
            C=strength, class_weight={0: 1.0, 1: positive_weight}, max_iter=100, random_state=seed
        )

    def fit(self, X: Array, y: Array) -> "_LogisticRegression":
        from sklearn.exceptions import ConvergenceWarning

        self.scores = _NormalScores.of(X)
        with warnings.catch_warnings():
            # A hundred steps settle the weights that matter; stopping there is one more penalty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.regression.fit(self.scores.table(X), y)
        return self

    def predict_proba(self, X: Array) -> Array:
        probabilities: Array = self.regression.predict_proba(self.scores.table(X))
        return probabilities

    def saved(self) -> dict[str, bytes]:
        weights = {"weights": self.regression.coef_, "intercept": self.regression.intercept_}
        return {FILE: bytes_of(self.scores.as_arrays() | weights)}


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

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> "_NormalScores":
        """From what `as_arrays` gave. Raises `ValueError` where the curves have no knots or one too many."""
        knots, scores, counts = (arrays[name] for name in ("knots", "scores", "counts"))
        if knots.shape != scores.shape or counts.ndim != 1 or counts.sum() != len(knots) or (counts < 1).any():
            raise ValueError(f"{len(knots)} knots for {len(scores)} scores in {len(counts)} columns")
        stops = np.cumsum(counts)[:-1]
        return cls(tuple(zip(np.split(knots, stops), np.split(scores, stops), strict=True)))

    def as_arrays(self) -> dict[str, Array]:
        """The curves of all columns one after the other."""
        return {
            "knots": np.concatenate([knots for knots, _ in self.curves]),
            "scores": np.concatenate([scores for _, scores in self.curves]),
            "counts": np.array([len(knots) for knots, _ in self.curves]),
        }

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
