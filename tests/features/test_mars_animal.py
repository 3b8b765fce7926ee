import numpy as np
import pytest

from harness.columns.poses import scene
from harness.features.mars_animal import mars_animal
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import MOUSE, toy_recordings

LENGTH = 1.45
"""From nose to tail base of `MOUSE`, which is 1 in the columns."""

BODY = (MOUSE[0] + 1j * MOUSE[1])[:, None]
HEAD, HIPS = [0, 1, 2], [4, 5, 6]
PLACES = {"head": HEAD, "hips": HIPS, "middle": list(range(7))}


def recording_of(points: Array, skeleton: Skeleton = CALMS21, fps: float = 30.0) -> Recording:
    """One animal with keypoints at `points` (part, frames)."""
    keypoints = np.stack([points.real, points.imag]).transpose(2, 0, 1)[:, None]
    return Recording("by-hand", keypoints.astype(np.float32), skeleton, fps)


def around(center: complex, points: Array, angle: float) -> Array:
    return np.asarray(center + (points - center) * np.exp(1j * angle))


def test_the_ellipse_is_that_of_the_covariance_of_the_keypoints_seen() -> None:
    recording = toy_recordings(1, 60, missing=0.3)[0]
    columns = mars_animal(recording)
    for animal, frame in np.ndindex(2, 60):
        seen = scene(recording).points[animal, :, frame]
        seen = seen[~np.isnan(seen)]
        row = [columns[f"{animal} ellipse_{name}"][frame] for name in ("minor", "major", "ratio", "area")]
        if len(seen) < 3:
            assert np.isnan(row).all()
            continue
        minor, major = np.sqrt(2 * np.log(4) * np.linalg.eigvalsh(np.cov(seen.real, seen.imag)))
        ratio = np.log((major + 0.01) / (minor + 0.01))
        assert row == pytest.approx([minor, major, ratio, np.pi * major * minor])


def test_keypoints_in_a_row_have_a_large_ratio_and_those_in_one_place_none() -> None:
    row = np.repeat(np.arange(5)[:, None] * (3 + 4j), 3, axis=1)
    row[:, 1] = 7
    columns = mars_animal(recording_of(row, Skeleton.unnamed(5)))
    major = np.sqrt(2 * np.log(4) * np.var(np.arange(5) / 4, ddof=1))
    assert columns["0 ellipse_major"] == pytest.approx([major, 0, major])
    assert columns["0 ellipse_ratio"] == pytest.approx(np.log([1 + 100 * major, 1, 1 + 100 * major]), abs=1e-4)
    assert columns["0 ellipse_area"] == pytest.approx([0, 0, 0], abs=1e-4)


@pytest.mark.parametrize("turn", [-0.6, 0.6])
def test_angles_of_a_head_that_is_turned_to_either_side(turn: float) -> None:
    body = BODY.copy()
    body[HEAD] = around(0.5, body[HEAD], turn)
    columns = mars_animal(recording_of(body))
    # Seen from the neck an ear is 45 degrees ahead of the side and a hip a little behind it.
    straight = np.angle(-0.75 + 0.25j) - np.pi / 4
    assert columns["0 head_angle"] == pytest.approx([abs(turn)])
    assert columns["0 ear_neck_hip"] == pytest.approx([straight])
    assert columns["0 ear_neck_hip_difference"] == pytest.approx([2 * abs(turn)])


def test_speeds_are_of_the_keypoints_seen_at_both_ends_of_a_span_that_ends_at_the_frame() -> None:
    recording = toy_recordings(1, 60, missing=0.1)[0]
    points, columns = scene(recording).points, mars_animal(recording)
    for (name, parts), lag in ((place, lag) for place in PLACES.items() for lag in (2, 5, 10)):
        speeds = columns[f"1 {name}_speed_{lag / 30:.2f}s"]
        for frame in range(60):
            now = max(frame, lag)
            moved = points[1, parts, now] - points[1, parts, now - lag]
            moved = moved[~np.isnan(moved)]
            expected = abs(moved.mean()) * 30 / lag if len(moved) else np.nan
            assert speeds[frame] == pytest.approx(expected, nan_ok=True), (name, lag, frame)


def test_keypoints_that_go_missing_make_no_speed() -> None:
    walking = BODY + 2 * LENGTH * np.arange(60) / 30
    walking[np.random.default_rng(0).random(walking.shape) < 0.3] = np.nan
    columns = mars_animal(recording_of(walking))
    for name in ("head_speed_0.33s", "hips_speed_0.07s", "middle_speed_0.17s", "forward_speed"):
        speeds = columns[f"0 {name}"]
        assert speeds[~np.isnan(speeds)] == pytest.approx(2, rel=1e-4)
        assert np.isnan(speeds).mean() < 0.3


def test_walking_backwards_is_negative_forward_speed_and_sideways_none() -> None:
    steps = 3 * LENGTH * np.arange(40) / 30 * np.exp(0.4j)
    for direction, forward in ((-1, -3), (1j, 0)):
        columns = mars_animal(recording_of(BODY * np.exp(0.4j) + direction * steps))
        assert columns["0 forward_speed"] == pytest.approx(np.full(40, forward), abs=1e-4)
        assert columns["0 middle_speed_0.07s"] == pytest.approx(np.full(40, 3), rel=1e-4)


@pytest.mark.parametrize("fps", [15.0, 30.0, 100.0])
def test_a_head_that_speeds_up_accelerates_and_the_hips_do_not(fps: float) -> None:
    seconds = np.arange(round(fps)) / fps
    body = np.repeat(100 * BODY, len(seconds), axis=1)
    body[HEAD] += 100 * LENGTH * 0.1j * seconds**2 / 2
    columns = mars_animal(recording_of(body, fps=fps))
    length = np.median(np.abs(scene(recording_of(body, fps=fps)).axes))
    assert length == pytest.approx(1, rel=1e-3)
    assert columns["0 head_acceleration"] == pytest.approx(np.full(len(seconds), 0.1), rel=2e-2)
    assert columns["0 hips_acceleration"] == pytest.approx(np.zeros(len(seconds)), abs=1e-3)
    assert columns["0 middle_acceleration"] == pytest.approx(np.full(len(seconds), 0.3 / 7), rel=2e-2)


def test_where_no_keypoint_has_a_role_the_first_half_is_the_head() -> None:
    spine = np.repeat(np.arange(5, 0, -1)[:, None] * 10.0 + 0j, 20, axis=1)
    spine[:2] += 1j * np.arange(20)
    columns = mars_animal(recording_of(spine, Skeleton.unnamed(5)))
    assert columns["0 head_speed_0.07s"] / columns["0 middle_speed_0.07s"] == pytest.approx(np.full(20, 2.5))
    assert columns["0 hips_speed_0.07s"] == pytest.approx(np.zeros(20), abs=1e-6)
    assert not any("angle" in name or "neck" in name for name in columns)


def test_a_recording_too_short_for_a_span_has_the_longest_that_fits() -> None:
    columns = mars_animal(recording_of(BODY + LENGTH * np.arange(3) / 30))
    assert columns["0 middle_speed_0.33s"] == pytest.approx(np.ones(3), rel=1e-4)
    assert columns["0 middle_acceleration"] == pytest.approx(np.zeros(3), abs=1e-3)
    single = mars_animal(recording_of(BODY))
    assert np.isnan(single["0 middle_speed_0.07s"]).all()
    assert not np.isnan(single["0 ellipse_area"]).any()


def test_accelerations_are_of_the_keypoints_seen_before_at_and_after_the_frame() -> None:
    recording = toy_recordings(1, 60, missing=0.1)[0]
    points, columns = scene(recording).points, mars_animal(recording)
    for (name, parts), frame in ((place, frame) for place in PLACES.items() for frame in range(60)):
        now = min(max(frame, 2), 57)
        turn = points[0, parts, now + 2] - 2 * points[0, parts, now] + points[0, parts, now - 2]
        turn = turn[~np.isnan(turn)]
        expected = abs(turn.mean()) * 15**2 if len(turn) else np.nan
        assert columns[f"0 {name}_acceleration"][frame] == pytest.approx(expected, nan_ok=True), (name, frame)
