"""Gradient-boosted trees grown leaf by leaf (Ke et al. 2017, LightGBM)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.plugins import Boosted, StagedClassifier, model_family, only_file
from harness.recording import Array

FILE = "model.txt"
"""What a fitted model is kept in, as LightGBM writes it."""


def load(files: Mapping[str, bytes]) -> StagedClassifier:
    """A fitted model from LightGBM's own text."""
    import lightgbm

    try:
        return _LightGBM({}, lightgbm.Booster(model_str=only_file(files, FILE).decode()))
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"{FILE}: {error}") from error


@model_family("lightgbm", load=load)
def lightgbm(
    seed: int,
    *,
    leaves: int = 31,
    learning_rate: float = 0.1,
    min_leaf: int = 50,
    column_share: float = 0.2,
    l2: float = 1.0,
    positive_weight: float = 1.0,
) -> StagedClassifier:
    """Trees grown leaf by leaf on histograms; missing values take the side that helps."""
    return _LightGBM(
        {
            "objective": "binary",
            "num_leaves": leaves,
            "learning_rate": learning_rate,
            "min_data_in_leaf": min_leaf,
            "feature_fraction": column_share,
            "lambda_l2": l2,
            "scale_pos_weight": positive_weight,
            "seed": seed,
            # Half the cost is binning, the rest follows columns x bins x leaves; finer bins gain nothing measurable.
            "max_bin": 31,
            "bin_construct_sample_cnt": 1000,
            "feature_pre_filter": False,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }
    )


class _LightGBM(Boosted):
    def __init__(self, parameters: Mapping[str, Any], booster: Any = None) -> None:
        self.parameters, self.booster = dict(parameters), booster

    def fit(self, X: Array, y: Array) -> "_LightGBM":
        import lightgbm

        table = lightgbm.Dataset(X, y, params=self.parameters)
        self.booster = lightgbm.train(self.parameters, table, num_boost_round=self.stages[-1])
        return self

    def after(self, rounds: Sequence[int], X: Array) -> dict[int, Array]:
        found, margin, grown = {}, np.zeros(len(X)), 0
        X = np.ascontiguousarray(X)  # which it reads faster
        for stage in (stage for stage in self.stages if stage <= rounds[-1]):
            # Margins of the trees add up, so that all stages together cost one prediction.
            margin = margin + self.booster.predict(
                X, start_iteration=grown, num_iteration=stage - grown, raw_score=True, num_threads=1
            )
            grown = stage
            if stage in rounds:
                found[stage] = 1 / (1 + np.exp(-margin))
        return found

    def used_columns(self) -> Array:
        return np.flatnonzero(self.booster.feature_importance("split"))

    def saved(self) -> dict[str, bytes]:
        return {FILE: self.booster.model_to_string().encode()}
