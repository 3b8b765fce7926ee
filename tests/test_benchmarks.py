"""What the benchmarks work out for themselves."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from benchmarks.naive import Finished, progress
from benchmarks.peers.__main__ import best_threshold, smoothed_each
from benchmarks.sharing import History, by_bandit, by_equal_shares, by_halving, nested_f1
from harness.scores.metrics import Counts

ALL, NONE, HALF = Counts(10, 10, 10), Counts(0, 10, 10), Counts(5, 10, 10)


def test_a_trial_that_is_good_on_the_judged_unit_alone_is_not_chosen_for_it() -> None:
    assert nested_f1([(ALL, NONE), (NONE, ALL)]) == 0.0
    assert nested_f1([(ALL, NONE), (HALF, ALL), (NONE, ALL)]) == pytest.approx(2 * 5 / 40)


def test_of_trials_that_are_equal_on_the_other_units_the_earlier_is_judged() -> None:
    assert nested_f1([(HALF, ALL), (ALL, ALL)]) == pytest.approx(2 * 15 / 40)
    assert nested_f1([(ALL, ALL), (HALF, ALL)]) == 1.0


def spent(rule: str, trials: int) -> list[int]:
    """How often each of five arms has its turn, whose values never change, its first included."""
    history = History([0.3, 0.5, 0.1, 0.4, 0.2], [1] * 5)
    choose = {"halving": by_halving, "equal": by_equal_shares, "bandit": by_bandit}[rule]
    for _ in range(trials):
        history.trials[choose(history)] += 1
    return history.trials


def test_halving_brings_the_better_half_to_twice_as_many_trials_and_the_last_to_all_the_rest() -> None:
    assert spent("halving", 2) == [1, 2, 1, 2, 1]
    assert spent("halving", 4) == [1, 4, 1, 2, 1]
    assert spent("halving", 20) == [1, 20, 1, 2, 1]


def test_equal_shares_differ_by_one_at_most() -> None:
    assert Counter(spent("equal", 12)) == {3: 3, 4: 2}


def test_the_bandit_gives_better_arms_more_and_arms_beyond_its_doubt_nothing() -> None:
    trials = spent("bandit", 300)
    assert trials[1] > trials[3] > trials[0] > 1
    assert trials[2] == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40), st.integers(1, 39))
def test_smoothing_is_the_centred_rolling_mean_of_each_piece(values: list[float], cut: int) -> None:
    edges = [0, min(cut, len(values) - 1), len(values)] if len(values) > 1 else [0, 1]
    frames = [int(length) for length in np.diff(edges)]
    pieces = smoothed_each(np.array(values), frames)
    for start, stop, piece in zip(edges[:-1], edges[1:], pieces, strict=True):
        rolling = pd.Series(values[start:stop]).rolling(15, center=True, min_periods=1).mean()
        np.testing.assert_allclose(piece, rolling, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9]), st.integers(0, 1)), min_size=1, max_size=30))
def test_no_other_threshold_has_a_better_f1_and_no_higher_one_the_same(frames: list[tuple[float, int]]) -> None:
    probabilities, labels = map(np.array, zip(*frames, strict=True))
    scores = {float(t): f1_score(labels, probabilities >= t, zero_division=0) for t in np.unique(probabilities)}
    best = max(scores.values())
    assert best_threshold(probabilities, labels) == max(t for t, score in scores.items() if score > best - 1e-12)


def test_progress_takes_what_ended_by_each_moment_and_counts_a_behavior_without_trials_as_zero() -> None:
    trials = [
        Finished("a", 10, 0.4),
        Finished("b", 30, 0.2),
        Finished("a", 40, 0.3),
        Finished("a", 70, 0.9, pruned=True),
        Finished("a", 80, 0.6),
    ]
    assert progress(trials, ["a", "b"], 80) == pytest.approx([60 * 5 / 80, 0.2, 0.2, 0.2, 0.3, 0.4])
