"""Gradient-boosted symmetric trees (Prokhorenkova et al. 2018, CatBoost)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.recording import Array
from harness.registry import StagedClassifier, model_family

STAGES = (20, 40, 80)
"""Numbers of rounds after which the model can be asked; the last is how many are grown."""


@model_family("catboost")
def catboost(
    seed: int,
    *,
    depth: int = 4,
    learning_rate: float = 0.15,
    l2: float = 3.0,
    column_share: float = 0.2,
    row_share: float = 0.7,
    positive_weight: float = 1.0,
) -> StagedClassifier:
    """Symmetric trees, which regularise themselves; missing values count as the lowest."""
    return _CatBoost(
        {
            "iterations": STAGES[-1],
            "depth": depth,
            "learning_rate": learning_rate,
            "l2_leaf_reg": l2,
            "rsm": column_share,
            "subsample": row_share,
            "bootstrap_type": "Bernoulli",
            "boosting_type": "Plain",
            "scale_pos_weight": positive_weight,
            # Finer borders cost time and gain nothing measurable.
            "border_count": 16,
            "random_seed": seed,
            "thread_count": 1,
            "verbose": False,
            "allow_writing_files": False,
        }
    )


class _CatBoost:
    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = dict(parameters)

    def fit(self, X: Array, y: Array) -> "_CatBoost":
        from catboost import CatBoostClassifier, Pool

        # Column order is the only one that CatBoost takes without a copy.
        self.model = CatBoostClassifier(**self.parameters).fit(Pool(np.asfortranarray(X), y))
        return self

    def staged_probabilities(self, X: Array) -> dict[int, Array]:
        from catboost import Pool

        table = Pool(np.asfortranarray(X))
        return {
            rounds: self.model.predict(table, prediction_type="Probability", ntree_end=rounds, thread_count=1)[:, 1]
            for rounds in STAGES
        }

    def predict_proba(self, X: Array) -> Array:
        positive = self.staged_probabilities(X)[STAGES[-1]]
        return np.stack([1 - positive, positive], axis=1)
