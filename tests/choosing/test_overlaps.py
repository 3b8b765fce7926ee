"""Who gets a frame that several behaviors claim, and which rule is chosen for it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.choosing.overlaps import RULES, Claim, judged, resolved
from harness.choosing.selection import CLIP
from harness.plugins.loading import load_plugins
from harness.recording import UNKNOWN, Array
from harness.spec import Choice, Decision

load_plugins()

CHANCE = st.floats(0.0, 1.0, width=32)
PROBABILITIES = st.lists(st.tuples(CHANCE, CHANCE, CHANCE), min_size=1, max_size=12)
THRESHOLDS = st.tuples(*[st.sampled_from([0.05, 0.3, 0.5, 0.9])] * 3)


def claims(probabilities: list[tuple[float, float, float]], thresholds: tuple[float, float, float]) -> dict[str, Claim]:
    return {
        name: Claim.of(Decision(Choice("none"), threshold), np.array(values, dtype=np.float32), 10.0)
        for name, values, threshold in zip("abc", zip(*probabilities, strict=True), thresholds, strict=True)
    }


def odds(probability: float) -> float:
    held = min(max(probability, CLIP), 1 - CLIP)
    return float(np.log(held / (1 - held)))


@given(PROBABILITIES, THRESHOLDS, st.sampled_from(RULES))
def test_a_frame_is_left_to_whoever_is_farthest_above_the_threshold(
    probabilities: list[tuple[float, float, float]], thresholds: tuple[float, float, float], rule: str
) -> None:
    found = resolved(rule, claims(probabilities, thresholds))
    for frame, values in enumerate(probabilities):
        claiming = [n for n in range(3) if values[n] >= thresholds[n]]
        if rule != "none" and len(claiming) > 1:
            margins = {
                n: values[n] / thresholds[n] if rule == "ratio" else odds(values[n]) - odds(thresholds[n])
                for n in claiming
            }
            claiming = [max(claiming, key=lambda n: (margins[n], -n))]
        assert [int(found[name][frame]) for name in "abc"] == [int(n in claiming) for n in range(3)]


def certain(values: list[float], threshold: float) -> Claim:
    return Claim.of(Decision(Choice("none"), threshold), np.array(values, dtype=np.float32), 10.0)


def of(values: list[int]) -> Array:
    return np.array(values, dtype=np.int8)


def test_the_rule_is_the_best_on_all_and_is_judged_as_the_others_would_choose() -> None:
    """At 0.9 against 0.5, `a` wins by log-odds (2.2 to 1.4) above thresholds of 0.5 and 0.2, and `b` by ratio.

    In two groups `a` is right and in one `b`: those who do not know the one choose log-odds, so that it is wrong there.
    """
    both = {"a": certain([0.9, 0.1, 0.1, 0.9], 0.5), "b": certain([0.5, 0.5, 0.1, 0.1], 0.2)}
    claimed = {f"film {number}": both for number in range(3)}
    to_a, to_b = {"a": of([1, 0, 0, 1]), "b": of([0, 1, 0, 0])}, {"a": of([0, 0, 0, 1]), "b": of([1, 1, 0, 0])}
    truths = {"film 0": to_a, "film 1": to_a, "film 2": to_b}
    truth = {name: {film: labels[name] for film, labels in truths.items()} for name in "ab"}
    chosen = judged(claimed, truth, {film: number for number, film in enumerate(claimed)})
    assert (chosen.rule, chosen.frames) == ("log-odds", 3)
    # Without a rule: a hits 5 of 6 claims and 5 actual, b hits 4 of 6 claims and 4 actual.
    assert chosen.f1_without == np.mean([2 * 5 / (6 + 5), 2 * 4 / (6 + 4)])
    # Films 0 and 1 are judged by what is best on the other two, letting all stand; film 2 by log-odds, wrong there.
    assert chosen.f1 == np.mean([2 * 5 / (6 + 5), 2 * 3 / (5 + 4)])


def test_frames_of_which_one_behavior_is_unknown_count_for_the_other() -> None:
    both = {"a": certain([0.9, 0.9], 0.5), "b": certain([0.3, 0.3], 0.2)}
    truth = {"a": {"film": of([1, 1])}, "b": {"film": of([UNKNOWN, 0])}}
    chosen = judged({"film": both}, truth, {"film": 0})
    assert chosen.f1_without == np.mean([1, 0])


def test_where_nothing_overlaps_all_stands() -> None:
    apart = {"a": certain([0.9, 0.1], 0.5), "b": certain([0.1, 0.9], 0.5)}
    truth = {"a": {"film": of([1, 0])}, "b": {"film": of([0, 1])}}
    assert judged({"film": apart}, truth, {"film": 0}).rule == "none"
