"""Extremely randomised trees (Geurts et al. 2006)."""

from typing import Any

from harness.recording import Array
from harness.registry import Classifier, model_family


@model_family("extra_trees")
def extra_trees(
    seed: int,
    *,
    trees: int = 60,
    min_leaf: int = 5,
    column_share: float = 0.05,
    positive_weight: float = 1.0,
) -> Classifier:
    """Many trees with random cuts, averaged; missing values take the side that helps."""
    return _ExtraTrees(seed, trees, min_leaf, column_share, positive_weight)


class _ExtraTrees:
    def __init__(self, seed: int, trees: int, min_leaf: int, column_share: float, positive_weight: float) -> None:
        self.arguments: dict[str, Any] = {
            "n_estimators": trees,
            "min_samples_leaf": min_leaf,
            "max_features": column_share,
            "class_weight": {0: 1.0, 1: positive_weight},
            "random_state": seed,
            "n_jobs": 1,
        }

    def fit(self, X: Array, y: Array) -> "_ExtraTrees":
        from sklearn.ensemble import ExtraTreesClassifier

        self.forest = ExtraTreesClassifier(**self.arguments).fit(X, y)
        return self

    def predict_proba(self, X: Array) -> Array:
        probabilities: Array = self.forest.predict_proba(X)
        return probabilities
