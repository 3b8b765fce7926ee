from dataclasses import replace

import numpy as np
import pytest

from harness.features.raw_pose import raw_pose
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import toy_recordings


def dots(x: Array, y: Array) -> Recording:
    """One animal of one keypoint."""
    keypoints = np.stack([x, y], axis=1).astype(np.float32)
    return Recording("dots", keypoints[:, None, :, None], Skeleton.unnamed(1))


def test_places_are_fractions_of_the_picture() -> None:
    recording = replace(toy_recordings(1, 50, missing=0.2)[0], image_size=(1024, 570))
    columns = raw_pose(recording)
    names = [f"{animal} {part} {axis}" for animal in (0, 1) for part in CALMS21.keypoints for axis in "xy"]
    assert list(columns) == names
    expected = recording.keypoints[:, 1, :, 6]
    assert columns["1 tail_base x"] == pytest.approx(expected[:, 0] / 1024, nan_ok=True)
    assert columns["1 tail_base y"] == pytest.approx(expected[:, 1] / 570, nan_ok=True)
    assert np.isnan(columns["0 nose x"]).sum() == np.isnan(recording.keypoints[:, 0, 0, 0]).sum() > 0


def test_without_a_size_the_picture_is_where_animals_go() -> None:
    x, y = np.arange(101.0) + 300, 500 - 2 * np.arange(101.0)
    columns = raw_pose(dots(x, y))
    # One in a hundred of 0, 1, ..., 100 is below 1, one above 99.
    assert columns["0 keypoint_0 x"] == pytest.approx((np.arange(101) - 1) / 98, abs=1e-5)
    assert columns["0 keypoint_0 y"] == pytest.approx(1 - (np.arange(101) - 1) / 98, abs=1e-5)


def test_what_was_not_seen_moves_no_edge() -> None:
    recording = toy_recordings(1, 400, missing=0)[0]
    keypoints = np.concatenate([recording.keypoints, np.full_like(recording.keypoints, np.nan)])
    expected, columns = raw_pose(recording), raw_pose(replace(recording, keypoints=keypoints, labels=None))
    for name, column in columns.items():
        assert column[:400] == pytest.approx(expected[name])
        assert np.isnan(column[400:]).all()


def test_animals_that_stay_at_one_place_are_at_the_edge() -> None:
    columns = raw_pose(dots(np.full(5, 7.0), np.full(5, 8.0)))
    assert columns["0 keypoint_0 x"] == pytest.approx(np.zeros(5))
