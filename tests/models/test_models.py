"""Every model family that judges frame by frame passes the named checks."""

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from harness.plugins.contract import SequenceFamily
from harness.plugins.loading import load_plugins
from harness.plugins.registry import MODELS, model_family_named
from harness.recording import Array
from harness.testing import MODEL_CHECKS, ModelCheck

load_plugins()

FAMILIES = sorted(name for name, family in MODELS.items() if not isinstance(family, SequenceFamily))
LEARNERS = [name for name in FAMILIES if not MODELS[name].baseline]
STAGED = ["catboost", "lightgbm"]


@pytest.fixture(scope="module")
def table() -> tuple[Array, Array]:
    """X (frames, columns) and y (frames,) that two of six columns tell apart but for some noise."""
    chance = np.random.default_rng(0)
    X = chance.normal(size=(240, 6)).astype(np.float32)
    y = (X[:, 1] + X[:, 4] + chance.normal(0, 0.3, len(X)) > 1.0).astype(np.int8)
    return X, y


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", FAMILIES)
def test_model_family(name: str, check: ModelCheck, table: tuple[Array, Array]) -> None:
    check(MODELS[name], *table)


def fitted(name: str, table: tuple[Array, Array], seed: int = 0, **parameters: Any) -> Any:
    return model_family_named(name).function(seed, **parameters).fit(*table)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_positive_weight_makes_the_behavior_more_probable(name: str, table: tuple[Array, Array]) -> None:
    light, heavy = (fitted(name, table, positive_weight=weight).predict_proba(table[0])[:, 1] for weight in (1.0, 8.0))
    assert heavy.mean() > light.mean() + 0.02


@pytest.mark.parametrize("name", ["catboost", "extra_trees", "lightgbm", "random"])
def test_another_seed_gives_another_model(name: str, table: tuple[Array, Array]) -> None:
    one, other = (fitted(name, table, seed).predict_proba(table[0]) for seed in (0, 1))
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", STAGED)
def test_a_stage_is_what_the_library_says_after_that_many_rounds(name: str, table: tuple[Array, Array]) -> None:
    X, _ = table
    model = fitted(name, table)
    stages = model.staged_probabilities(X)
    assert len(stages) > 1
    for rounds, probabilities in stages.items():
        if name == "lightgbm":
            expected = model.booster.predict(X, num_iteration=rounds)
        else:
            expected = model.model.predict_proba(X, ntree_end=rounds)[:, 1]
        np.testing.assert_allclose(probabilities, expected, rtol=1e-9)


@pytest.fixture
def few_rows() -> tuple[Array, Array]:
    """X (33 frames, 3 columns), as many frames as there are knots: one column without ties, one with, one constant."""
    chance = np.random.default_rng(1)
    X = np.stack([chance.normal(size=33), chance.integers(0, 5, 33), np.full(33, 7)], axis=1).astype(np.float32)
    return X, (X[:, 0] + X[:, 1] + chance.normal(0, 0.5, len(X)) > 3).astype(np.int8)


def test_logistic_regression_learns_from_normal_scores_of_ranks(few_rows: tuple[Array, Array]) -> None:
    X, y = few_rows
    scores = np.empty_like(X)
    for frame, column in np.ndindex(*X.shape):
        below, equal = np.sum(X[:, column] < X[frame, column]), np.sum(X[:, column] == X[frame, column])
        ranks = np.arange(below, below + equal)
        scores[frame, column] = np.mean([NormalDist().inv_cdf(0.02 + 0.96 * rank / 32) for rank in ranks])
    expected = LogisticRegression(C=0.3, max_iter=1000).fit(scores, y).predict_proba(scores)
    got = fitted("logistic_regression", few_rows, strength=0.3).predict_proba(X)
    np.testing.assert_allclose(got, expected, atol=1e-3)


def test_logistic_regression_counts_a_missing_value_as_the_median(few_rows: tuple[Array, Array]) -> None:
    model = fitted("logistic_regression", few_rows, strength=1.0)
    median = np.median(few_rows[0], axis=0, keepdims=True)
    missing, low = median.copy(), median.copy()
    missing[0, 0], low[0, 0] = np.nan, few_rows[0][:, 0].min()
    at_median, at_missing, at_low = (model.predict_proba(one)[0, 1] for one in (median, missing, low))
    assert at_missing == pytest.approx(at_median, rel=1e-6)
    assert at_low < at_median - 0.1


def test_logistic_regression_takes_a_jump_for_the_greatest_value_it_knows(few_rows: tuple[Array, Array]) -> None:
    model = fitted("logistic_regression", few_rows)
    greatest = few_rows[0].max(axis=0, keepdims=True)
    np.testing.assert_array_equal(model.predict_proba(greatest), model.predict_proba(greatest + 1e6))


def test_random_gives_two_recordings_different_numbers_spread_evenly() -> None:
    chance = fitted("random", (np.empty((2, 0)), np.array([0, 1])))
    first, second = (chance.predict_proba(np.empty((2000, 0)))[:, 1] for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_allclose(np.quantile(first, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.05)


def test_random_is_the_only_baseline() -> None:
    assert [name for name, family in MODELS.items() if family.baseline] == ["random"]
