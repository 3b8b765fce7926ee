"""Gradient-boosted symmetric trees (Prokhorenkova et al. 2018, CatBoost)."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.plugins import Boosted, StagedClassifier, model_family, only_file
from harness.recording import Array

FILE = "model.cbm"
"""What a fitted model is kept in, as CatBoost writes it."""


def load(files: Mapping[str, bytes]) -> StagedClassifier:
    """A fitted model from CatBoost's own file."""
    from catboost import CatBoostClassifier, CatBoostError

    try:
        return _CatBoost({}, CatBoostClassifier().load_model(blob=only_file(files, FILE)))
    except CatBoostError as error:
        raise ValueError(f"{FILE}: {error}") from error


@model_family("catboost", load=load)
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
            "iterations": _CatBoost.stages[-1],
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


class _CatBoost(Boosted):
    def __init__(self, parameters: Mapping[str, Any], model: Any = None) -> None:
        self.parameters, self.model = dict(parameters), model

    def fit(self, X: Array, y: Array) -> "_CatBoost":
        from catboost import CatBoostClassifier, Pool

        # Column order is the only one that CatBoost takes without a copy.
        self.model = CatBoostClassifier(**self.parameters).fit(Pool(np.asfortranarray(X), y))
        return self

    def after(self, rounds: Sequence[int], X: Array) -> dict[int, Array]:
        from catboost import Pool

        table, how = Pool(np.asfortranarray(X)), {"prediction_type": "Probability", "thread_count": 1}
        return {stage: self.model.predict(table, ntree_end=stage, **how)[:, 1] for stage in rounds}

    def used_columns(self) -> Array:
        splits = [
            split for tree in json.loads(self._written("json"))["oblivious_trees"] for split in tree["splits"] or ()
        ]
        return np.unique(np.array([split["float_feature_index"] for split in splits], dtype=np.int64))

    def saved(self) -> dict[str, bytes]:
        return {FILE: self._written("cbm")}

    def _written(self, kind: str) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{kind}"
            self.model.save_model(str(path), format=kind)
            return path.read_bytes()
