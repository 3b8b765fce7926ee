"""The challenge's measure."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score

from harness.metrics import Counts, Score, count, mean_score, total

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
