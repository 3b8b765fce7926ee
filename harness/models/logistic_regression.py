"""Logistic regression on standardised columns: the linear yardstick."""

import warnings

import numpy as np

from harness.recording import Array
from harness.registry import Classifier, model_family


@model_family("logistic_regression")
def logistic_regression(seed: int, *, strength: float = 0.003, positive_weight: float = 1.0) -> Classifier:
    """L2-penalised logistic regression; missing values become the training median of their column.

    `strength` is scikit-learn's C: the smaller, the stronger the penalty.
    """
    return _LogisticRegression(seed, strength, positive_weight)


class _LogisticRegression:
    def __init__(self, seed: int, strength: float, positive_weight: float) -> None:
        self.seed, self.strength, self.positive_weight = seed, strength, positive_weight

    def fit(self, X: Array, y: Array) -> "_LogisticRegression":
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer, StandardScaler

        self.pipeline = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            StandardScaler(),
            # A jump of the tracker can lie hundreds of deviations out, and would alone decide a linear model.
            FunctionTransformer(_clipped),
            LogisticRegression(
                C=self.strength, class_weight={0: 1.0, 1: self.positive_weight}, max_iter=100, random_state=self.seed
            ),
        )
        with warnings.catch_warnings():
            # A hundred steps settle the weights that matter; stopping there is one more penalty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.pipeline.fit(X, y)
        return self

    def predict_proba(self, X: Array) -> Array:
        probabilities: Array = self.pipeline.predict_proba(X)
        return probabilities


def _clipped(X: Array) -> Array:
    return np.clip(X, -5, 5)
