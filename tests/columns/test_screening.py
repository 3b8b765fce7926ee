"""Columns that tell a behavior apart in every recording alike, and those that do not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.columns.screening import effects, steadiest

NAN = float("nan")


def test_an_effect_is_the_difference_of_means_in_standard_deviations() -> None:
    X = np.array([[1, 5], [3, 5], [5, 5], [7, 5]], dtype=np.float32)
    few = 2 / (2 + 10)  # two frames of each kind
    assert effects(X, np.array([0, 0, 1, 1])) == pytest.approx([few * 4 / np.std([1, 3, 5, 7]), 0])


@given(st.integers(0, 1000), st.floats(-1e4, 1e4))
def test_effects_are_those_of_each_column_on_its_own_where_it_was_seen(seed: int, offset: float) -> None:
    chance = np.random.default_rng(seed)
    X = (chance.normal(size=(40, 3)) + offset).astype(np.float32)
    X[chance.random(X.shape) < 0.3] = np.nan
    y = (np.arange(40) % 3 == 0).astype(np.int8)
    expected = []
    for column in X.T.astype(np.float64):
        seen = ~np.isnan(column)
        positive, other = column[seen & (y == 1)], column[seen & (y == 0)]
        rarer = min(len(positive), len(other))
        expected.append((positive.mean() - other.mean()) / column[seen].std() * rarer / (rarer + 10))
    assert effects(X, y) == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_a_column_seen_with_one_kind_only_has_no_effect() -> None:
    X = np.array([[NAN, 1, NAN], [2, NAN, NAN], [3, 2, NAN]])
    assert effects(X, np.array([1, 0, 0])) == pytest.approx([0, -2 / 11, 0])


def test_a_column_that_turns_round_between_recordings_comes_after_a_weaker_one_that_does_not() -> None:
    by_recording = [np.array([2.0, 0.5, 0.0]), np.array([-2.0, 0.5, 0.1])]
    assert steadiest(by_recording, 1).tolist() == [1]
    # |mean| / (standard deviation + 0.3): 0, 1.67 and 0.14.
    assert steadiest(by_recording, 2).tolist() == [1, 2]


def test_columns_are_kept_in_their_order_and_the_first_of_equals() -> None:
    assert steadiest([np.array([1.0, 3.0, 2.0, 3.0, 1.0])], 3).tolist() == [1, 2, 3]
    assert steadiest([np.ones(5)], 2).tolist() == [0, 1]


def test_a_column_that_was_seen_in_one_recording_only_comes_after_a_steady_one() -> None:
    assert steadiest([np.array([0.8, 1.0]), np.array([0.8, 0.0]), np.array([0.7, 0.0])], 1).tolist() == [0]
