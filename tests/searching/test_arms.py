"""What is searched side by side, and whose turn it is."""

from collections import Counter
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES, MODELS, feature_set_named, model_family_named
from harness.plugins.spaces import Range, Start, load_spaces
from harness.searching.arms import Arm, Turn, make_arms, next_arms, opening, usable_stacks
from harness.spec import Preparation

load_plugins()

STACKS = {"most": ("gait", "gaze"), "face": ("gaze", "voice"), "touch": ("touch",)}
FAMILIES = {"catboost": False, "chance": True, "lightgbm": False, "linear": False}
SETS = ["gait", "gaze", "smell", "touch", "voice"]

NAMES = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True)


@st.composite
def plugins(draw: st.DrawFn) -> tuple[list[str], dict[str, tuple[str, ...]], dict[str, bool]]:
    """Usable feature sets, stacks that may name others, and families of which one at least learns."""
    usable = draw(NAMES)
    stacks = draw(st.lists(NAMES.filter(lambda names: len(names) > 1), max_size=3))
    learners, baselines = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    families = {f"m{i}": False for i in range(learners)} | {f"z{i}": True for i in range(baselines)}
    return usable, {f"stack {i}": tuple(sorted(one)) for i, one in enumerate(stacks)}, families


def arms_of(
    usable: list[str], stacks: dict[str, tuple[str, ...]], families: dict[str, bool], alone: list[str]
) -> list[Arm]:
    return make_arms(usable_stacks(usable, stacks, alone), families, alone)


# Which arms there are


def test_every_stack_and_every_set_alone_meets_every_family() -> None:
    arms = arms_of(SETS, STACKS, FAMILIES, ["smell"])
    sets = {("gait", "gaze", "smell"): "most", ("gaze", "voice"): "face", ("touch",): "", ("smell",): ""}
    expected = {Arm(one, model, sets[one]) for one, model in product(sets, ["catboost", "lightgbm", "linear"])}
    assert set(arms) == expected | {Arm((), "chance")}


def test_the_first_arms_are_the_largest_stack_with_each_family_and_each_other_with_lightgbm() -> None:
    names = [arm.name for arm in arms_of(SETS, STACKS, FAMILIES, ["smell"])]
    assert names[:7] == [
        "most/lightgbm",
        "most/catboost",
        "most/linear",
        "no features/chance",
        "face/lightgbm",
        "touch/lightgbm",
        "smell/lightgbm",
    ]


@given(plugins())
def test_the_first_arms_together_run_every_plugin(
    drawn: tuple[list[str], dict[str, tuple[str, ...]], dict[str, bool]],
) -> None:
    usable, stacks, families = drawn
    stacked = {name for members in stacks.values() for name in members}
    alone = [name for name in usable if name not in stacked]
    first = arms_of(usable, stacks, families, alone)[: len(families) + len(alone) + len(stacks)]
    assert {name for arm in first for name in arm.features} == set(usable)
    assert {arm.model for arm in first} == set(families)


@given(plugins())
def test_no_arm_is_there_twice(drawn: tuple[list[str], dict[str, tuple[str, ...]], dict[str, bool]]) -> None:
    arms = arms_of(*drawn, drawn[0])
    assert max(Counter(arm.name for arm in arms).values()) == 1
    assert max(Counter((arm.features, arm.model) for arm in arms).values()) == 1


def test_a_refused_set_drops_out_of_its_stacks() -> None:
    arms = arms_of(["gait", "touch"], STACKS, {"linear": False}, [])
    assert [arm.features for arm in arms] == [("gait",), ("touch",)]


def test_a_stack_that_is_called_like_a_set_goes_by_its_sets() -> None:
    arms = arms_of(["gait", "most", "gaze"], STACKS, {"linear": False}, ["most"])
    assert [arm.name for arm in arms] == ["gait+gaze+most/linear", "gaze/linear", "most/linear"]


def test_a_stack_without_a_name_goes_by_its_sets() -> None:
    arms = arms_of(["gait", "touch"], {"": ("gait", "touch")}, {"linear": False}, ["gait", "touch"])
    assert [arm.name for arm in arms] == ["gait+touch/linear", "gait/linear", "touch/linear"]


def test_a_baseline_runs_once_and_looks_at_no_features() -> None:
    arms = arms_of(SETS, STACKS, FAMILIES, [])
    assert [arm.features for arm in arms if arm.model == "chance"] == [()]


def test_a_baseline_can_run_alone() -> None:
    assert arms_of(SETS, STACKS, {"chance": True}, SETS) == [Arm((), "chance")]


# What an arm searches


def shipped_arms() -> list[Arm]:
    families = {name: family.baseline for name, family in MODELS.items()}
    return make_arms(load_spaces().stacks, families, [])


@pytest.mark.parametrize("arm", shipped_arms(), ids=lambda arm: arm.name)
def test_an_arms_defaults_are_the_plugins_own_and_lie_in_its_ranges(arm: Arm) -> None:
    ranges, defaults = arm.ranges(load_spaces()), arm.defaults()
    assert list(defaults) == list(ranges)
    assert all(value in ranges[name] for name, value in defaults.items())
    spec = arm.spec(defaults)
    assert spec.preparation == Preparation()
    assert {choice.name: choice.parameters for choice in spec.features} == {
        name: feature_set_named(name).defaults for name in arm.features
    }
    assert spec.model.name == arm.model
    assert spec.model.parameters == (model_family_named(arm.model).defaults if arm.features else {})


def test_a_beginning_is_the_defaults_but_for_what_the_start_says() -> None:
    arm = Arm(("kinematics",), "lightgbm")
    beginning = arm.beginning({"preparation.windows": "1+5", "model.leaves": 7, "a_refused_set.lag": 1.0})
    assert arm.spec(beginning).preparation == Preparation(windows="1+5")
    changed = {name for name, value in beginning.items() if value != arm.defaults()[name]}
    assert changed == {"preparation.windows", "model.leaves"}
    assert Arm((), "random").beginning({"preparation.windows": "1+5"}) == {}


def test_parameters_of_one_name_stay_apart() -> None:
    spec = Arm(("kinematics", "social_geometry"), "lightgbm").spec(
        {"kinematics.lag": 0.2, "social_geometry.lag": 0.3, "model.leaves": 7, "preparation.negatives": 8}
    )
    assert [dict(choice.parameters) for choice in spec.features] == [{"lag": 0.2}, {"lag": 0.3}]
    assert spec.model.parameters == {"leaves": 7}
    assert spec.preparation == Preparation(negatives=8)


# Whose turn it is


BEST = st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=6)


def test_turns_by_hand() -> None:
    # Ranks: arm 1 first, arm 0 second, arm 2 (nothing known) third; (trials + 1) x rank squared start at 2, 8, 9.
    # Arm 1 takes its trials at 2 to 7, and one more at 8, a tie that goes to the better. Then 9, 8, 9 lets arm 0, whose
    # next costs 12; 9, 12, 9 arm 1, the better of a tie; 10, 12, 9 arm 2.
    turns = next_arms([0.5, 0.8, None], [1, 1, 0], [0, 1, 2], 10)
    assert turns == [1, 1, 1, 1, 1, 1, 1, 0, 1, 2]


def test_an_arm_that_nothing_is_known_of_comes_last() -> None:
    # Ranks: arm 0, arm 2, arm 1; 6, 24, 9.
    assert next_arms([0.9, None, 0.1], [5, 0, 5], [0, 1, 2], 5) == [0, 0, 0, 0, 1]


def test_of_equal_arms_the_first_leads() -> None:
    assert next_arms([0.5, 0.5], [1, 1], [0, 1], 8) == [0, 0, 0, 0, 0, 0, 0, 1]


@given(BEST, st.data())
def test_in_the_long_run_the_kth_best_gets_a_share_as_one_over_k_squared(
    best: list[float | None], data: st.DataObject
) -> None:
    trials = [1] * len(best)
    for _ in range(20):
        for arm in next_arms(best, trials, range(len(best)), 50):
            trials[arm] += 1
    ranked = sorted(range(len(best)), key=lambda arm: (-1 if best[arm] is None else best[arm], -arm), reverse=True)
    weights = [1 / rank**2 for rank in range(1, len(best) + 1)]
    for arm, weight in zip(ranked, weights, strict=True):
        # One trial off for itself, and what the others' first trials took.
        assert abs(trials[arm] - sum(trials) * weight / sum(weights)) <= 1 + len(best)


@given(BEST, st.integers(0, 30), st.data())
def test_a_batch_is_its_trials_one_by_one_and_leaves_out_what_is_exhausted(
    best: list[float | None], count: int, data: st.DataObject
) -> None:
    trials = data.draw(st.lists(st.integers(0, 9), min_size=len(best), max_size=len(best)))
    still_open = sorted(data.draw(st.sets(st.integers(0, len(best) - 1))))
    at_once = next_arms(best, trials, still_open, count)
    assert at_once == next_arms(best, trials, still_open, count)
    had, one_by_one = list(trials), []
    for _ in range(count):
        for arm in next_arms(best, had, still_open, 1):
            had[arm] += 1
            one_by_one.append(arm)
    assert at_once == one_by_one
    assert len(at_once) == (count if still_open else 0)
    assert set(at_once) <= set(still_open)


# The first batch


TWO = (Start("face", "linear", {"model.strength": 1.0}), Start("most", "catboost", {}))


def test_the_portfolio_comes_first_and_then_what_it_left_out() -> None:
    stacks = usable_stacks(SETS, STACKS, ["smell"])
    arms = make_arms(stacks, FAMILIES, ["smell"])
    turns = opening(arms, stacks, TWO)
    assert [arms[turn.arm].name for turn in turns] == [
        "face/linear",
        "most/catboost",
        "most/lightgbm",
        "no features/chance",
        "touch/lightgbm",
        "smell/lightgbm",
    ]
    assert [turn.start for turn in turns] == [{"model.strength": 1.0}, {}, {}, {}, {}, {}]


def test_a_start_whose_stack_or_family_is_not_searched_is_left_out() -> None:
    stacks = usable_stacks(["gait", "touch"], STACKS, [])
    arms = make_arms(stacks, {"catboost": False}, [])
    assert [arms[turn.arm].name for turn in opening(arms, stacks, TWO)] == ["gait/catboost", "touch/catboost"]


def test_without_a_start_that_can_be_run_every_arm_runs_its_defaults() -> None:
    stacks = usable_stacks(SETS, {"": ("gait", "gaze")}, ["gait", "gaze"])
    arms = make_arms(stacks, FAMILIES, ["gait", "gaze"])
    assert opening(arms, stacks, TWO) == [Turn(place, {}) for place in range(len(arms))]


@given(plugins(), st.data())
def test_the_first_batch_runs_every_stack_and_every_family(
    drawn: tuple[list[str], dict[str, tuple[str, ...]], dict[str, bool]], data: st.DataObject
) -> None:
    usable, stacks, families = drawn
    left = usable_stacks(usable, stacks, usable[:1])
    arms = make_arms(left, families, usable[:1])
    pairs = st.tuples(st.sampled_from([*stacks, "gone"]), st.sampled_from([*families, "none"]))
    starts = [Start(stack, model, {}) for stack, model in data.draw(st.lists(pairs, max_size=4))]
    run = [arms[turn.arm] for turn in opening(arms, left, starts)]
    assert {arm.features for arm in run} == {arm.features for arm in arms}
    assert {arm.model for arm in run} == {arm.model for arm in arms}


def test_one_place_in_five_is_for_models_that_all_behaviors_share_and_comes_last() -> None:
    stacks = usable_stacks(SETS, STACKS, ["smell"])
    trees = make_arms(stacks, FAMILIES, ["smell"])
    before = opening(trees, stacks, TWO)
    one = Arm(("gait",), "network", shared=True)
    turns = opening([*trees, one], stacks, TWO)
    assert turns[: len(before)] == before
    assert turns[len(before) :] == [Turn(len(trees), {}), Turn(len(trees))]
    assert len(before) == 6  # to which two are one in four
    many = [Arm((name,), "network", shared=True) for name in SETS]
    assert opening([*trees, *many], stacks, TWO)[len(before) :] == [
        Turn(len(trees) + number, {}) for number in range(len(many))
    ]
    assert opening([one], {}, TWO) == [Turn(0, {})]
    fixed = Arm(("gaze",), "network", shared=True)
    turns = opening([*trees, fixed, one], stacks, TWO, lambda arm: arm is not fixed)
    assert turns[len(before) :] == [Turn(len(trees), {}), Turn(len(trees) + 1, {})]
    many_trees = [*trees, *(Arm((f"more {number}",), "lightgbm") for number in range(9))]
    turns = opening([*many_trees, fixed, one], stacks, TWO, lambda arm: arm is not fixed)
    fixed_place, place = len(many_trees), len(many_trees) + 1
    assert turns[-4:] == [Turn(fixed_place, {}), Turn(place, {}), Turn(place), Turn(place)]


def test_an_arm_varies_where_one_of_its_ranges_has_more_than_one_value() -> None:
    spaces = load_spaces()
    one, many = Range("categorical", choices=(5,)), Range("int", 1, 2)
    for changed, varies in (({"rate": one}, False), ({"rate": many}, True), ({"rate": Range("int", 3, 3)}, False)):
        there = replace(spaces, features={"raw": {}}, models={"network": changed}, preparation={"interpolate": one})
        assert Arm(("raw",), "network", shared=True).varies(there) is varies


def test_every_feature_set_that_comes_with_the_package_is_searched() -> None:
    ours = {name for name, one in FEATURES.items() if one.function.__module__.startswith("harness.features.")}
    assert {name for members in load_spaces().stacks.values() for name in members} == ours
