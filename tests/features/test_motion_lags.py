from dataclasses import replace

import numpy as np
import pytest

from harness.features.motion_lags import motion_lags
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

LAGS = {"0.1s": 3, "0.2s": 6, "0.4s": 12, "0.8s": 24}
"""In frames, at 30 frames a second."""

SECONDS = np.arange(90) / 30


def stick(middle: Array, heading: Array, places: tuple[float, ...] = (0.5, 0, -0.5)) -> Recording:
    """One animal, its middle (frames,) in its body lengths of 10 pixels, headed for the angle `heading` (frames,)."""
    points = 10 * (middle + np.array(places)[:, None] * np.exp(1j * heading))  # (part, frames)
    keypoints = np.stack([points.real, points.imag])[None].transpose(3, 0, 1, 2)
    return Recording("stick", keypoints.astype(np.float32), Skeleton.unnamed(len(places)))


def test_velocities_are_those_of_the_formula_along_and_across_the_heading() -> None:
    recording = toy_recordings(1, 200, skeleton=Skeleton.unnamed(2), missing=0)[0]
    points = recording.keypoints[:, 0, 0] + 1j * recording.keypoints[:, 0, 1]  # (frames, front and rear)
    heading = points[:, 0] - points[:, 1]
    unit = np.mean([np.median(np.linalg.norm(one[:, :, 0] - one[:, :, 1], axis=1)) for one in animals(recording)])
    places = {"front": points[:, 0], "rear": points[:, 1], "middle": points.mean(axis=1)}
    columns = motion_lags(recording)
    for lag, frames in LAGS.items():
        for place, track in places.items():
            for frame in (30, 77, 150):
                step = (track[frame + frames] - track[frame - frames]) / unit * 30 / (2 * frames)
                direction = heading[frame] / abs(heading[frame])
                along = step.real * direction.real + step.imag * direction.imag
                across = abs(step.imag * direction.real - step.real * direction.imag)
                assert columns[f"0 {place}_along {lag}"][frame] == pytest.approx(along, rel=1e-4, abs=1e-5)
                assert columns[f"0 {place}_across {lag}"][frame] == pytest.approx(across, rel=1e-4, abs=1e-5)


def animals(recording: Recording) -> list[Array]:
    """Each animal's keypoints (frames, xy, part)."""
    return [recording.keypoints[:, animal] for animal in range(recording.animals)]


def test_accelerations_are_those_of_the_formula() -> None:
    chance = np.random.default_rng(0)
    middle = np.cumsum(chance.normal(0, 0.1, (90, 2)) @ np.array([1, 1j]))
    columns = motion_lags(stick(middle, 0 * SECONDS))
    for lag, frames in {"0.2s": 6, "0.4s": 12, "0.8s": 24}.items():
        for frame in (30, 45, 60):
            change = middle[frame + frames] - 2 * middle[frame] + middle[frame - frames]
            expected = pytest.approx(abs(change) / (frames / 30) ** 2, rel=1e-3)
            assert columns[f"0 middle_acceleration {lag}"][frame] == expected
            assert columns[f"0 front_acceleration {lag}"][frame] == expected


def test_a_straight_walk_backwards_is_the_same_at_every_lag_up_to_the_ends_of_the_recording() -> None:
    columns = motion_lags(stick(-1.5 * SECONDS * np.exp(1j), 0 * SECONDS + 1))
    for name, values in columns.items():
        expected = -1.5 if "_along" in name else 0
        assert values == pytest.approx(np.full(90, expected), abs=5e-3), name
    assert len(columns) == 32


@pytest.mark.parametrize("side", [1j, -1j])
def test_to_which_side_an_animal_steps_does_not_matter(side: complex) -> None:
    columns = motion_lags(stick(side * SECONDS, 0 * SECONDS))
    assert columns["0 rear_across 0.4s"] == pytest.approx(np.ones(90), rel=1e-3)
    assert columns["0 rear_along 0.4s"] == pytest.approx(np.zeros(90), abs=1e-4)


def test_turns_to_both_sides_add_up_and_net_turns_cancel() -> None:
    circling = motion_lags(stick(0j * SECONDS, 2 * SECONDS))
    assert circling["0 turned"] == pytest.approx(np.full(90, 2), rel=1e-3)
    assert circling["0 turned_net"] == pytest.approx(np.full(90, 2), rel=1e-3)
    # Once in a second, from side to side: four quarters of 0.5 radians within any second.
    swaying = motion_lags(stick(0j * SECONDS, 0.5 * np.sin(2 * np.pi * SECONDS)))
    assert swaying["0 turned"][20:-20] == pytest.approx(np.full(50, 2), rel=0.1)
    assert swaying["0 turned_net"][20:-20] == pytest.approx(np.zeros(50), abs=0.15)


def test_keypoints_that_go_missing_make_the_middle_no_faster() -> None:
    recording = stick(1.5 * SECONDS, 0 * SECONDS)
    holes = np.random.default_rng(0).random((90, 1, 1, 3)) < 0.2
    keypoints = np.where(holes, np.nan, recording.keypoints).astype(np.float32)
    columns = motion_lags(replace(recording, keypoints=keypoints))
    middle, front = columns["0 middle_along 0.4s"], columns["0 front_along 0.4s"]
    assert 0 < np.isnan(middle).sum() < np.isnan(front).sum() < 60
    assert middle[~np.isnan(middle)] == pytest.approx(1.5, rel=1e-3)
    assert front[~np.isnan(front)] == pytest.approx(1.5, rel=1e-3)
