"""What the other behaviors' trials say of a pipeline."""

from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.metrics import average_precision_score

from harness.choosing.elsewhere import FLOOR, RIDGE, Standings, expected, standings
from harness.recording import Array
from harness.spec import Choice, PipelineSpec, Preparation


def spec(features: str, model: str, windows: str = "0.5+2") -> PipelineSpec:
    return PipelineSpec(tuple(map(Choice, features)), Choice(model), Preparation(windows=windows))


SPECS = [spec(*traits) for traits in product(["a", "ab"], ["trees", "linear"], ["none", "1+5"])]


def behavior(seed: int, sources: tuple[str, ...] = ("r", "s")) -> Standings:
    chance = np.random.default_rng(seed)
    return Standings(tuple(SPECS), chance.normal(size=(len(SPECS), len(sources))), chance.random(len(sources)), sources)


def one_hot(one: PipelineSpec) -> Array:
    """The traits of `SPECS`, as this file makes them: stack, model, both together, and the windows."""
    stack, model = "".join(choice.name for choice in one.features), one.model.name
    kinds = [("a", "ab"), ("trees", "linear"), list(product(("a", "ab"), ("trees", "linear"))), ("none", "1+5")]
    values: list[object] = [stack, model, (stack, model), one.preparation.windows]
    told = [float(value == other) for value, kind in zip(values, kinds, strict=True) for other in kind]
    same_for_all = [1.0] * 6  # interpolate, top_speed, identities, statistics, negatives, columns
    return np.array(told + same_for_all)


def test_standings_are_log_average_precision_in_standard_deviations_between_trials() -> None:
    chance = np.random.default_rng(0)
    labels = [(chance.random(80) < 0.3).astype(np.int8), np.zeros(50, dtype=np.int8)]
    trials = [[chance.random(80), chance.random(50)] for _ in SPECS]
    found = standings(SPECS, trials, labels, ["r", "s"])
    logs = np.log([average_precision_score(labels[0], trial[0]) + FLOOR for trial in trials])
    assert found.values[:, 0] == pytest.approx((logs - logs.mean()) / logs.std())
    assert found.values[:, 1] == pytest.approx(np.zeros(len(SPECS)))
    assert found.weights == pytest.approx([np.sqrt(labels[0].sum()), 0])


def test_what_is_expected_is_a_ridge_regression_on_the_traits_of_pipelines() -> None:
    elsewhere = [behavior(1), behavior(2)]
    X = np.stack([one_hot(one) for _ in elsewhere for one in SPECS])
    y = np.concatenate([np.average(one.values, axis=1, weights=one.weights) for one in elsewhere])
    ridge = Ridge(alpha=RIDGE, fit_intercept=False).fit(X, y)
    assert expected(SPECS[:3], elsewhere, set()) == pytest.approx(ridge.predict(X[:3]), abs=1e-5)


def test_recordings_that_are_left_out_have_no_say() -> None:
    whole, rest = behavior(3), behavior(3)
    rest = Standings(rest.specs, rest.values[:, 1:], rest.weights[1:], ("s",))
    assert expected(SPECS, [whole, behavior(4, ("r", "r"))], {"r"}) == pytest.approx(expected(SPECS, [rest], set()))


def test_nothing_is_expected_where_nothing_is_known() -> None:
    assert expected(SPECS, [], set()).tolist() == [0] * len(SPECS)
    assert expected(SPECS, [behavior(5)], {"r", "s"}).tolist() == [0] * len(SPECS)


def test_a_pipeline_of_unknown_traits_is_expected_to_be_middling() -> None:
    good, bad, unknown = expected([SPECS[0], SPECS[-1], spec("c", "net")], [_graded()], set())
    assert good > unknown > bad


def _graded() -> Standings:
    """The first pipelines were the best."""
    return Standings(tuple(SPECS), np.linspace(1, -1, len(SPECS))[:, None], np.ones(1), ("r",))
