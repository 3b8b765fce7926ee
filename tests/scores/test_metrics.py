"""The challenge's measure, and bouts."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from harness.scores.metrics import Counts, Score, bouts, count, count_bouts, mean_score, total

FRAMES = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=40)
"""Predicted and actual label of each frame."""


@given(FRAMES)
def test_f1_precision_and_recall_are_those_of_scikit_learn(frames: list[tuple[int, int]]) -> None:
    predicted, actual = np.array(frames, dtype=np.int8).T
    counts = count(predicted, actual)
    assert counts.f1 == pytest.approx(f1_score(actual, predicted, zero_division=0))
    assert counts.precision == pytest.approx(precision_score(actual, predicted, zero_division=0))
    assert counts.recall == pytest.approx(recall_score(actual, predicted, zero_division=0))


@given(st.lists(FRAMES, min_size=1, max_size=4))
def test_counts_of_recordings_add_up_to_those_of_the_pooled_frames(recordings: list[list[tuple[int, int]]]) -> None:
    pooled = np.concatenate([np.array(frames) for frames in recordings]).T
    assert total(count(*np.array(frames).T) for frames in recordings) == count(*pooled)


def test_nothing_claimed_scores_zero() -> None:
    assert count(np.zeros(3), np.array([0, 1, 1])).score == Score(0.0, 0.0)


def test_nothing_claimed_where_nothing_is_positive_scores_zero() -> None:
    assert Counts().score == Score(0.0, 0.0)
    assert Counts().recall == 0.0


def test_f1_ranks_first_and_precision_breaks_ties() -> None:
    lower, tied, better = Counts(1, 1, 3).score, Counts(2, 4, 4).score, Counts(1, 1, 3).score
    assert lower.f1 == tied.f1 == better.f1 == 0.5
    assert max(tied, better) == better == Score(0.5, 1.0)
    assert Counts(3, 4, 4).score > better


def test_the_mean_over_behaviors_is_of_f1s_and_of_precisions() -> None:
    assert mean_score([Score(0.2, 1.0), Score(0.6, 0.5)]) == pytest.approx((0.4, 0.75))


# Bouts


@given(st.lists(st.integers(0, 1), max_size=30))
def test_bouts_are_the_runs_of_ones(labels: list[int]) -> None:
    starts, stops = bouts(np.array(labels))
    rebuilt = [0] * len(labels)
    for start, stop in zip(starts, stops, strict=True):
        rebuilt[start:stop] = [1] * (stop - start)
    assert rebuilt == labels
    assert all(stop < start for stop, start in zip(stops[:-1], starts[1:], strict=True))


def runs(labels: list[int]) -> list[set[int]]:
    """The frames of each bout."""
    found: list[set[int]] = []
    for frame, label in enumerate(labels):
        if label and frame and labels[frame - 1]:
            found[-1].add(frame)
        elif label:
            found.append({frame})
    return found


def matched(predicted: list[set[int]], actual: list[set[int]]) -> int:
    """The most pairs that share half of their frames or more, of all ways to pair bouts one to one."""
    fewer, more = sorted([predicted, actual], key=len)
    return max(
        sum(
            Fraction(len(one & other), len(one | other)) >= Fraction(1, 2)
            for one, other in zip(fewer, way, strict=True)
        )
        for way in permutations(more, len(fewer))
    )


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=12))
def test_bouts_are_counted_as_the_best_of_all_ways_to_pair_them(frames: list[tuple[int, int]]) -> None:
    predicted, actual = ([frame[place] for frame in frames] for place in (0, 1))
    counts = count_bouts(np.array(predicted), np.array(actual))
    claimed, true = runs(predicted), runs(actual)
    assert counts == Counts(matched(claimed, true), len(claimed), len(true))


def test_a_bout_that_shares_just_half_is_found_and_one_frame_less_is_not() -> None:
    true = np.array([1, 1, 1, 1, 0, 0])
    assert count_bouts(np.array([0, 0, 1, 1, 0, 0]), true) == Counts(1, 1, 1)  # 2 of 4
    assert count_bouts(np.array([0, 0, 1, 1, 1, 0]), true) == Counts(0, 1, 1)  # 2 of 5
    assert count_bouts(np.array([0, 0, 0, 1, 0, 0]), true) == Counts(0, 1, 1)  # 1 of 4


def test_the_two_parts_of_a_broken_bout_are_never_both_found() -> None:
    assert count_bouts(np.array([1, 1, 1, 0, 1, 1]), np.ones(6)) == Counts(1, 2, 1)  # 3 of 6, and 2 of 6
    assert count_bouts(np.ones(6), np.array([1, 1, 1, 0, 1, 1])) == Counts(1, 1, 2)


def test_no_bouts_count_nothing() -> None:
    assert count_bouts(np.zeros(3), np.zeros(3)) == Counts()
