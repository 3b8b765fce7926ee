"""A library of boosted trees that the harness does not know becomes a model family by one method more than `fit`."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier

from harness.plugins import Boosted
from harness.plugins.contract import ModelFamily, SteppedClassifier
from harness.recording import Array
from harness.testing import MODEL_CHECKS, ModelCheck


class Stumps(Boosted):
    stages = (3, 5, 12)

    def __init__(self, seed: int) -> None:
        self.model = GradientBoostingClassifier(n_estimators=self.stages[-1], max_depth=1, random_state=seed)
        self.asked: list[tuple[int, ...]] = []

    def fit(self, X: Array, y: Array) -> "Stumps":
        self.model.fit(np.nan_to_num(X), y)
        return self

    def after(self, rounds: Sequence[int], X: Array) -> dict[int, Array]:
        self.asked.append(tuple(rounds))
        every = enumerate(self.model.staged_predict_proba(np.nan_to_num(X)), 1)
        return {stage: both[:, 1] for stage, both in every if stage in rounds}


def stumps(seed: int) -> Stumps:
    """Trees of one cut."""
    return Stumps(seed)


@pytest.fixture(scope="module")
def table() -> tuple[Array, Array]:
    """X (frames, columns) and y (frames,) that two of four columns tell apart but for some noise."""
    chance = np.random.default_rng(0)
    X = chance.normal(size=(200, 4)).astype(np.float32)
    return X, (X[:, 1] + X[:, 3] + chance.normal(0, 0.3, len(X)) > 1.0).astype(np.int8)


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_another_booster_passes_the_checks_of_every_family(check: ModelCheck, table: tuple[Array, Array]) -> None:
    check(ModelFamily("stumps", stumps), *table)


def test_only_what_is_wanted_is_asked_of_the_library(table: tuple[Array, Array]) -> None:
    X, y = table
    model = stumps(0).fit(X, y)
    assert isinstance(model, SteppedClassifier)
    stages, fifth, both = model.staged_probabilities(X), model.probability_after(5, X), model.predict_proba(X)
    assert model.asked == [(3, 5, 12), (5,), (12,)]
    assert list(stages) == [3, 5, 12]
    assert np.array_equal(fifth, stages[5])
    whole = model.model.predict_proba(X)
    assert both == pytest.approx(whole)
    assert not np.array_equal(stages[3], stages[12])
