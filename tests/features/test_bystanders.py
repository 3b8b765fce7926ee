from dataclasses import replace

import numpy as np
import pytest

from harness.features.bystanders import bystanders
from harness.plugins.registry import FEATURES
from harness.recording import PAIR, Array, Recording, Skeleton

SKELETON = Skeleton(("nose", "tail_base"), {"nose": 0, "tail_base": 1})
FRAMES = 11


def stick(x: Array | float, y: float) -> Array:
    """An animal of length 10 that looks to the right, its middle at (x, y): (frames, xy, part)."""
    middle = np.broadcast_to(np.asarray(x, dtype=np.float64), (FRAMES,))
    return np.stack([[middle + 5, middle - 5], np.full((2, FRAMES), y)]).transpose(2, 0, 1).astype(np.float32)


def filmed(*animals: Array) -> Recording:
    keypoints = np.stack(animals, axis=1)
    return Recording("film", keypoints, SKELETON, fps=10.0, names=tuple("abcdef"[: len(animals)]))


def test_the_nearest_of_the_others_is_described_wherever_it_comes_from() -> None:
    """`c` is 8 px (0.8 lengths) ahead of `a`; `d` comes from behind at 10 px/s and is 30 px away at the last frame."""
    film = filmed(stick(0, 0), stick(100, 0), stick(8, 0), stick(-40 + np.arange(FRAMES), 0))
    columns = bystanders(film.seen_from("a", "b"))
    last = {name: values[-1] for name, values in columns.items()}
    expected = {"0 nearest_other": 0.8, "0 mean_other": 1.9, "0 others_near": 1, "0 other_ahead": 1, "0 other_aside": 0}
    assert {name: last[name] for name in expected} == pytest.approx(expected, abs=1e-6)
    assert columns["0 other_closing"] == pytest.approx(np.zeros(FRAMES))
    assert columns["1 nearest_other"] == pytest.approx(np.full(FRAMES, 9.2))
    assert columns["1 other_ahead"] == pytest.approx(np.full(FRAMES, -1))
    assert columns["other_speed"] == pytest.approx(np.full(FRAMES, 0.5))  # the mean of 0 and 1 length a second


def test_the_order_of_the_others_changes_nothing() -> None:
    film = filmed(stick(0, 0), stick(30, 5), stick(8, 20), stick(-40 + np.arange(FRAMES), 3), stick(60, -9))
    example = film.seen_from("a", "b")
    expected, columns = bystanders(example), bystanders(replace(example, others=example.others[::-1], whole=None))
    for name, values in expected.items():
        assert np.array_equal(columns[name], values), name


def test_a_recording_of_two_has_no_others_and_is_not_known() -> None:
    alone = filmed(stick(0, 0), stick(30, 5)).seen_from("a", "b")
    assert all(np.isnan(values).all() for values in bystanders(alone).values())
    crowd = filmed(stick(0, 0), stick(30, 5), stick(9, 9))
    refusal = FEATURES["bystanders"].refusal
    assert refusal(alone) == "needs animals beside agent and target"
    assert refusal(alone, *crowd.examples(PAIR)) is None
