"""Frames to steps and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.networks.rates import Stepped, frames_a_step, frames_of, shares_of, steps_of
from harness.recording import UNKNOWN


@pytest.mark.parametrize(("fps", "rate", "frames"), [(30, 15, 2), (25, 15, 2), (60, 15, 4), (10, 15, 1), (120, 10, 12)])
def test_a_step_is_about_as_long_as_asked_for_and_a_frame_at_least(fps: float, rate: float, frames: int) -> None:
    assert frames_a_step(fps, rate) == frames


def test_a_step_is_the_mean_of_what_was_seen_in_it() -> None:
    X = np.array([[1, np.nan], [3, np.nan], [np.nan, 4], [5, 6], [7, 8]], dtype=np.float32)
    np.testing.assert_array_equal(steps_of(X, 2), np.array([[2, np.nan], [5, 5], [7, 8]], dtype=np.float32))


def test_a_share_is_of_the_frames_that_somebody_looked_at() -> None:
    labels = np.array([[1, UNKNOWN], [0, UNKNOWN], [1, 1], [UNKNOWN, 1], [0, 0]], dtype=np.int8)
    np.testing.assert_array_equal(shares_of(labels, 2), np.array([[0.5, np.nan], [1, 1], [0, 0]], dtype=np.float32))


@given(frames=st.integers(1, 50), step=st.integers(1, 7))
def test_between_steps_lies_a_line_and_beyond_the_last_middles_their_values(frames: int, step: int) -> None:
    middles = np.arange(-(-frames // step)) * step + (step - 1) / 2
    found = frames_of((3 * middles + 1)[:, None], step, frames)
    assert found.shape == (frames, 1)
    expected = 3 * np.clip(np.arange(frames), middles[0], middles[-1]) + 1
    np.testing.assert_allclose(found[:, 0], expected)


def test_rarity_is_how_many_others_there_are_for_one() -> None:
    shares = [np.array([[1, np.nan, 0], [0, np.nan, 0], [0, 1, 0], [0, 0.5, 0]], dtype=np.float32)]
    np.testing.assert_allclose(Stepped([], shares, []).rarity, [3, 0.5 / 1.5, 1])
