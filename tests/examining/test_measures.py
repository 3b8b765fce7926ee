"""What is counted in poses, against counts by hand and in one go."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examining import measures
from harness.examining.guessing import guessed
from harness.examining.measures import Measures, measured, sides, size
from harness.recording import CALMS21, UNKNOWN, Recording, Skeleton
from tests.toy import toy_recordings


def test_the_size_is_that_of_most_points() -> None:
    """A square of side 10 has four sides and two diagonals; half of these six distances are 10 at most."""
    square = np.array([[0, 10, 10, 0], [0, 0, 10, 10]], dtype=np.float32)
    keypoints = np.tile(square, (50, 1, 1, 1))
    recording = Recording("a", keypoints, Skeleton.unnamed(4))
    assert size(recording) == pytest.approx(10)
    keypoints[::2, 0, :, 1] = np.nan
    assert size(recording) == pytest.approx(10)
    assert size(replace(recording, keypoints=keypoints * 3)) == pytest.approx(30)
    assert np.isnan(size(Recording("b", keypoints[..., :1], Skeleton.unnamed(1))))


def test_a_long_video_is_counted_in_pieces_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (recording,) = toy_recordings(1, 3_500)
    keypoints = recording.keypoints.copy()
    for start in range(90, 3_400, 130):
        keypoints[start : start + 40] = keypoints[start : start + 40, ::-1]
    keypoints[::70, 0, :, 2] = 0
    recording = replace(recording, keypoints=keypoints, image_size=(500, 300))
    whole = measured(recording, 30.0)
    monkeypatch.setattr(measures, "VALUES_AT_ONCE", 1)  # the smallest pieces, of a thousand frames
    parts = measured(recording, 30.0)
    assert whole.swaps > 20
    assert whole.jumps.sum() > 20
    for name in (one.name for one in fields(Measures)):
        if name not in ("speeds", "frozen", "still"):  # which need more frames than pieces share
            assert np.array_equal(getattr(whole, name), getattr(parts, name)), name


@settings(max_examples=30, deadline=None)
@given(
    st.sets(st.integers(2, 57), max_size=8).filter(
        lambda some: not some & {one + apart for one in some for apart in (1, 2)}
    ),
    st.integers(0, 6),
)
def test_each_point_that_leaps_and_comes_back_is_counted_once(frames: set[int], part: int) -> None:
    body = np.array([[0, 8, 8, 16, 24, 24, 32], [0, 4, -4, 0, 6, -6, 0]], dtype=np.float32) + 200
    keypoints = np.tile(body, (60, 2, 1, 1))
    keypoints[:, 1] += 150
    keypoints[sorted(frames), 0, :, part] += 100
    jumps = measured(Recording("a", keypoints, CALMS21), 20.0).jumps
    assert jumps[0, part] == len(frames) == jumps.sum()


def test_animals_that_meet_have_not_changed_places() -> None:
    along = np.linspace(0, 300, 61, dtype=np.float32)
    keypoints = np.zeros((61, 2, 2, 7), dtype=np.float32)
    keypoints[:, 0, 0], keypoints[:, 1, 0] = along[:, None], along[::-1, None]
    keypoints[:, 1, 1] = 20
    keypoints += np.arange(7) * 5
    recording = Recording("a", keypoints, CALMS21)
    assert measured(recording, 20.0).swaps == 0
    swapped = keypoints.copy()
    swapped[10:50] = swapped[10:50, ::-1]
    assert measured(replace(recording, keypoints=swapped), 20.0).swaps == 2
    swapped[8:10] = swapped[50:53] = np.nan  # in a gap
    assert measured(replace(recording, keypoints=swapped), 20.0).swaps == 2


def test_a_point_at_rest_is_not_frozen_nor_is_a_landmark_alone() -> None:
    (recording,) = toy_recordings(1, 300, missing=0)
    assert measured(recording, 30.0).frozen.sum() == 0
    at_rest = np.tile(recording.keypoints[:1], (300, 1, 1, 1))
    counted = measured(replace(recording, keypoints=at_rest), 30.0)
    assert counted.frozen.sum() == 0
    assert measured(replace(recording, keypoints=np.round(at_rest)), 30.0).still.sum() == 0


def test_sides_are_known_by_role_or_by_name() -> None:
    assert sides(CALMS21) == ((1, 2), (4, 5))
    assert sides(Skeleton(("snout", "RightEar", "leftear", "paw_left", "left"))) == ((2, 1),)
    assert sides(Skeleton.unnamed(5)) == ()


def test_labels_that_go_with_distance_are_guessed_and_others_are_not() -> None:
    some = toy_recordings(4, 600)
    areas = guessed(some)
    assert areas.real > 0.95
    assert areas.stretched.max() < areas.real
    chance = np.random.default_rng(0)
    by_chance = [replace(one, labels=np.repeat(chance.integers(0, 2, 30), 20).astype(np.int8)) for one in some]
    assert guessed(by_chance).real == pytest.approx(0.5, abs=0.1)
    # What nobody looked at says nothing, whatever stands there.
    labels = [one.known_labels.copy() for one in some]
    for one in labels:
        one[300:420] = UNKNOWN
    unknown = [replace(one, labels=marks) for one, marks in zip(some, labels, strict=True)]
    assert guessed(unknown).real > 0.95
