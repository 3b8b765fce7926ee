from collections.abc import Iterator
from dataclasses import replace
from math import atan2, cos, hypot, pi

import numpy as np
import pytest

from harness.features.social_geometry import social_geometry
from harness.features.target_motion import target_motion
from harness.recording import Array, Recording, Skeleton
from tests.toy import toy_recordings

LAGS = {"0.17s": 5, "0.5s": 15, "1s": 30}
"""In frames, at 30 frames a second."""

SECONDS = np.arange(90) / 30
STILL = 0 * SECONDS


def stick(middle: Array, heading: Array) -> Array:
    """An animal of front, middle and rear (part, frames), 10 pixels long, at `middle` in body lengths."""
    return np.asarray(10 * (middle + np.array([[0.5], [0], [-0.5]]) * np.exp(1j * heading)))


def recording_of(*animals: Array, fps: float = 30.0) -> Recording:
    """From each animal's keypoints (part, frames) as complex numbers."""
    points = np.stack(animals)
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", keypoints.astype(np.float32), Skeleton.unnamed(points.shape[1]), fps)


def expected_motion(recording: Recording, lag: int, frame: int) -> Iterator[tuple[str, float]]:
    """The formulas for two animals of two keypoints, front and rear, coordinate by coordinate."""
    x, y = (recording.keypoints[:, :, axis].astype(float) for axis in (0, 1))  # (frames, animal, part)
    unit = np.hypot(x[:, :, 0] - x[:, :, 1], y[:, :, 0] - y[:, :, 1])
    unit = np.median(unit, axis=0).mean()
    before = frame - lag

    def heading(at: int, animal: int) -> float:
        return atan2(y[at, animal, 0] - y[at, animal, 1], x[at, animal, 0] - x[at, animal, 1])

    def step(values: Array, animal: int, part: int | slice) -> float:
        return float((values[frame, animal, part] - values[before, animal, part]).mean() / unit * 30 / lag)

    for animal in range(2):
        way = step(x, animal, slice(None)), step(y, animal, slice(None))
        off = atan2(way[1], way[0]) - heading(before, animal)
        yield f"{animal} speed", hypot(*way)
        yield f"{animal} along", hypot(*way) * cos(off)
        yield f"{animal} across", hypot(*way) * abs(cos(off + pi / 2))
        turned = heading(frame, animal) - heading(before, animal)
        yield f"{animal} turning", abs((turned + pi) % (2 * pi) - pi) * 30 / lag
    for one, other in ((0, 1), (1, 0)):
        for place, part in (("front", slice(1)), ("middle", slice(None)), ("rear", slice(1, None))):
            across = x[frame, other, part].mean() - x[frame, one, 0]
            down = y[frame, other, part].mean() - y[frame, one, 0]
            toward = (step(x, one, 0) * across + step(y, one, 0) * down) / hypot(across, down)
            yield f"{one} to {other} towards_{place}", toward
    changed = cos(heading(frame, 0) - heading(frame, 1)) - cos(heading(before, 0) - heading(before, 1))
    yield "0-1 parallel_change", changed * 30 / lag


@pytest.mark.parametrize("frame", [30, 77, 149])
def test_motion_is_that_of_the_formulas(frame: int) -> None:
    recording = toy_recordings(1, 150, skeleton=Skeleton.unnamed(2), missing=0)[0]
    columns = target_motion(recording)
    for name, lag in LAGS.items():
        for what, expected in expected_motion(recording, lag, frame):
            assert columns[f"{what} {name}"][frame] == pytest.approx(expected, rel=1e-3, abs=1e-4), what


def test_the_first_frames_hold_what_the_first_with_a_whole_time_behind_it_holds() -> None:
    columns = target_motion(toy_recordings(1, 60, missing=0)[0])
    for name, values in columns.items():
        if name.split()[-1] in LAGS:
            lag = LAGS[name.split()[-1]]
            assert (values[:lag] == values[lag]).all(), name


def test_a_recording_shorter_than_a_time_is_looked_at_as_a_whole() -> None:
    columns = target_motion(recording_of(stick(1.5 * SECONDS[:4], STILL[:4])))
    assert columns["0 speed 1s"] == pytest.approx(np.full(4, 1.5), rel=1e-4)


def test_walking_straight_up_to_another() -> None:
    columns = target_motion(recording_of(stick(2 * SECONDS, STILL), stick(STILL + 20, STILL + pi)))
    for lag in LAGS:
        for name, speed in {"0 speed": 2, "0 along": 2, "0 across": 0, "0 turning": 0, "1 speed": 0}.items():
            assert columns[f"{name} {lag}"] == pytest.approx(np.full(90, speed), abs=1e-4)
        for place in ("front", "middle", "rear"):
            assert columns[f"0 to 1 towards_{place} {lag}"] == pytest.approx(np.full(90, 2), abs=1e-4)
            assert columns[f"1 to 0 towards_{place} {lag}"] == pytest.approx(STILL, abs=1e-4)
    for angle in ("axis_to_front", "axis_to_rear", "gaze_to_front", "gaze_to_rear"):
        assert columns[f"0 to 1 {angle}"] == pytest.approx(STILL, abs=1e-4)


def test_walking_sideways_and_backwards_goes_across_and_against_the_axis() -> None:
    columns = target_motion(recording_of(stick((-3 - 4j) * SECONDS, STILL)))
    for lag in LAGS:
        assert columns[f"0 along {lag}"] == pytest.approx(np.full(90, -3), rel=1e-4)
        assert columns[f"0 across {lag}"] == pytest.approx(np.full(90, 4), rel=1e-4)


def test_motion_is_measured_along_the_axis_it_began_with() -> None:
    turning = stick(2 * np.maximum(SECONDS - 1, 0), np.minimum(SECONDS, 1) * pi / 2)
    columns = target_motion(recording_of(turning))
    assert columns["0 along 1s"][30] == pytest.approx(0, abs=1e-4)
    assert columns["0 turning 1s"][30] == pytest.approx(pi / 2, rel=1e-4)
    assert columns["0 across 1s"][60] == pytest.approx(2, rel=1e-4)


def test_angles_to_the_ends_of_another() -> None:
    # In body lengths: from 0 to the front at 1.5 + 4i and the rear at 2.5 + 4i, and from 0.5, the front.
    columns = target_motion(recording_of(stick(STILL, STILL), stick(STILL + 2 + 4j, STILL + pi)))
    assert columns["0 to 1 axis_to_front"] == pytest.approx(np.full(90, atan2(4, 1.5)), rel=1e-4)
    assert columns["0 to 1 axis_to_rear"] == pytest.approx(np.full(90, atan2(4, 2.5)), rel=1e-4)
    assert columns["0 to 1 gaze_to_front"] == pytest.approx(np.full(90, atan2(4, 1)), rel=1e-4)
    assert columns["0 to 1 gaze_to_rear"] == pytest.approx(np.full(90, atan2(4, 2)), rel=1e-4)
    assert columns["1 to 0 axis_to_front"] == pytest.approx(np.full(90, atan2(4, 1.5)), rel=1e-4)


def test_a_head_turned_aside_gazes_there() -> None:
    one = stick(STILL, STILL)
    one[0, 60:] = 5j
    columns = target_motion(recording_of(one, stick(STILL + 2 + 4j, STILL + pi)))
    gaze, line = 5j - (5j - 5) / 3, 15 + 40j - 5j
    expected = np.angle(gaze) - np.angle(line)
    assert columns["0 to 1 gaze_to_front"][60:] == pytest.approx(np.full(30, abs(expected)), rel=1e-3)


def test_a_keypoint_that_goes_missing_makes_no_speed() -> None:
    recording = recording_of(stick((1 + 1j) * SECONDS, STILL), stick(STILL + 20, STILL))
    keypoints = recording.keypoints.copy()
    keypoints[50, 0, :, 0] = np.nan
    columns = target_motion(replace(recording, keypoints=keypoints))
    assert columns["0 speed 0.5s"] == pytest.approx(np.full(90, 2**0.5), rel=1e-4)
    assert list(np.flatnonzero(np.isnan(columns["0 to 1 towards_rear 0.5s"]))) == [50, 65]
    assert list(np.flatnonzero(np.isnan(columns["0 to 1 gaze_to_rear"]))) == [50]
    assert not np.isnan(columns["0 to 1 axis_to_rear"]).any()


def test_one_animal_alone_has_columns_of_its_own_only() -> None:
    recording = toy_recordings(1, 60)[0]
    alone = target_motion(replace(recording, keypoints=recording.keypoints[:, :1]))
    assert {name.split()[0] for name in alone} == {"0"}
    assert len(alone) == 3 * 4
    assert len(target_motion(recording)) == 2 * 3 * 4 + 2 * (3 * 3 + 4) + 3


def test_no_column_is_one_of_social_geometry() -> None:
    recording = toy_recordings(1, 200, missing=0)[0]
    others = np.stack(list(social_geometry(recording).values()))
    for name, values in target_motion(recording).items():
        assert not np.isclose(others, values, rtol=1e-3).all(axis=1).any(), name
