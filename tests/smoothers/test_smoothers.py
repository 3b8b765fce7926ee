"""Every smoother passes the named checks, and ours are loops written faster."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.plugins.loading import load_plugins
from harness.plugins.registry import SMOOTHERS, smoother_named
from harness.plugins.spaces import load_spaces
from harness.recording import Array
from harness.testing import SMOOTHER_CHECKS, SmootherCheck

load_plugins()


@pytest.mark.parametrize("fps", [10.0, 29.97, 60.0])
@pytest.mark.parametrize("check", SMOOTHER_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", sorted(SMOOTHERS))
def test_smoother(name: str, check: SmootherCheck, fps: float) -> None:
    check(SMOOTHERS[name], np.random.default_rng(0).random(90), fps)


def test_every_value_searched_stays_within_the_reach_declared() -> None:
    for choice in load_spaces().smoother_choices():
        seconds = choice.parameters.get("seconds", 0.0)
        assert isinstance(seconds, float)
        assert seconds / 2 <= smoother_named(choice.name).reach_seconds


def windows(probabilities: Array, half: int) -> list[tuple[Array, Array]]:
    """For each frame, how far the frames of its window are from it, and their probabilities."""
    frames = np.arange(len(probabilities))
    near = [np.abs(frames - frame) <= half for frame in frames]
    return [(frames[inside] - frame, probabilities[inside]) for frame, inside in enumerate(near)]


def bell(apart: Array, values: Array, half: int) -> float:
    """Half the window is three standard deviations."""
    weights = np.exp(-(apart**2) / (2 * (half / 3) ** 2)) if half else np.ones(1)
    return float((weights * values).sum() / weights.sum())


BY_HAND: dict[str, Callable[[Array, Array, int], float]] = {
    "none": lambda apart, values, half: float(values[apart == 0][0]),
    "mean": lambda apart, values, half: sum(values) / len(values),
    "median": lambda apart, values, half: float(np.median(values)),
    "gaussian": bell,
}


@pytest.mark.parametrize("name", sorted(BY_HAND))
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    st.sampled_from([10.0, 25.0, 30.0, 60.0]),
    st.sampled_from([0.02, 0.1, 0.3, 0.5, 1.0, 2.0]),
    st.sampled_from([np.float32, np.float64]),
)
def test_a_smoother_is_a_loop_over_centred_windows(
    name: str, values: list[float], fps: float, seconds: float, dtype: type
) -> None:
    probabilities: Array = np.array(values, dtype=dtype)
    parameters = {"seconds": seconds} if name != "none" else {}
    half = round(seconds * fps / 2)
    expected = [BY_HAND[name](apart, near, half) for apart, near in windows(probabilities, half)]
    np.testing.assert_allclose(SMOOTHERS[name].function(probabilities, fps, **parameters), expected, atol=1e-6)


def test_a_median_keeps_edges_and_a_mean_does_not() -> None:
    step = np.repeat([0.0, 1.0], 30)
    np.testing.assert_array_equal(SMOOTHERS["median"].function(step, 30.0, seconds=0.5), step)
    assert SMOOTHERS["mean"].function(step, 30.0, seconds=0.5)[29] == pytest.approx(8 / 17)
