from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns.poses import (
    body_axes,
    body_centers,
    directions,
    interpolated,
    keypoints_as_points,
    lag_frames,
    mean_of_seen,
    median_of_seen,
    rates,
    scene,
    second_rates,
    turning_rates,
    typical_lengths,
    without_jumps,
)
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import toy_recordings

NAN = float("nan")


def one_track(x: list[float], fps: float = 30.0) -> Recording:
    """One animal with one keypoint at `x`, y = 2 x."""
    keypoints = np.array([x, 2 * np.array(x)], dtype=np.float32).T[:, None, :, None]
    return Recording("track", keypoints, Skeleton.unnamed(1), fps)


def x_of(recording: Recording) -> list[float]:
    return list(recording.keypoints[:, 0, 0, 0])


def test_short_gaps_are_filled_on_a_straight_line_and_long_ones_stay() -> None:
    track = one_track([0, NAN, 2, NAN, NAN, NAN, 6, 7], fps=10)
    assert x_of(interpolated(track, 0.3)) == pytest.approx([0, 1, 2, 3, 4, 5, 6, 7])
    assert x_of(interpolated(track, 0.2)) == pytest.approx([0, 1, 2, NAN, NAN, NAN, 6, 7], nan_ok=True)
    assert interpolated(track, 0.3).keypoints[4, 0, 1, 0] == pytest.approx(8)


def test_gaps_at_the_beginning_and_the_end_stay() -> None:
    assert x_of(interpolated(one_track([NAN, 1, NAN, 3, NAN]), 5)) == pytest.approx([NAN, 1, 2, 3, NAN], nan_ok=True)


def test_no_gap_is_filled_in_no_seconds() -> None:
    assert x_of(interpolated(one_track([0, NAN, 2]), 0)) == pytest.approx([0, NAN, 2], nan_ok=True)


@pytest.mark.parametrize("x", [[], [1.0], [NAN], [NAN, NAN, NAN]])
def test_tracks_with_nothing_between_two_frames_stay_as_they_are(x: list[float]) -> None:
    assert x_of(interpolated(one_track(x), 5)) == pytest.approx(x, nan_ok=True)


def test_filling_gaps_agrees_with_numpy_on_every_track_and_leaves_its_input_alone() -> None:
    recording = toy_recordings(1, 400, missing=0.3)[0]
    before = recording.keypoints.copy()
    filled = interpolated(recording, 1e6).keypoints
    assert np.array_equal(recording.keypoints, before, equal_nan=True)
    frame = np.arange(recording.frames)
    for animal, xy, part in np.ndindex(*recording.keypoints.shape[1:]):
        track = recording.keypoints[:, animal, xy, part]
        seen = np.flatnonzero(~np.isnan(track))
        expected = np.interp(frame, seen, track[seen], left=np.nan, right=np.nan)
        assert filled[:, animal, xy, part] == pytest.approx(expected, rel=1e-5, nan_ok=True)


def test_an_interpolated_recording_keeps_labels_and_identity() -> None:
    recording = toy_recordings(1, 100)[0]
    filled = interpolated(recording, 1)
    assert (filled.id, filled.fps) == (recording.id, recording.fps)
    assert filled.labels is recording.labels
    assert filled.keypoints.dtype == np.float32


def test_means_and_medians_leave_out_what_is_missing() -> None:
    values = np.array([[1, NAN, 3], [NAN, NAN, NAN], [2, 4, 9]])
    assert mean_of_seen(values, axis=1) == pytest.approx([2, NAN, 5], nan_ok=True)
    assert median_of_seen(values) == pytest.approx([2, NAN, 4], nan_ok=True)


def test_the_axis_of_a_straight_animal_is_front_minus_rear() -> None:
    recording = toy_recordings(1, 50, missing=0)[0]
    rigid = recording.keypoints.copy()
    rigid[:] = rigid[:1]
    points = keypoints_as_points(replace(recording, keypoints=rigid))
    axes = body_axes(recording, points)
    assert axes == pytest.approx(points[:, CALMS21.front] - points[:, CALMS21.rear], abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.booleans(), min_size=5, max_size=5), st.floats(-3, 3), st.integers(0, 2**32 - 1))
def test_any_two_keypoints_tell_the_axis_of_an_animal_that_keeps_its_shape(
    missing: list[bool], heading: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    spine = np.array([1, 0.6, 0.5, 0.3, 0]) * 30
    turns = np.exp(1j * (heading + chance.normal(size=(1, 1, 12))))
    points = 100 + 200j + spine[None, :, None] * turns  # (animal, part, frames)
    expected = 30 * turns[:, 0]
    points[0, missing, :6] = NAN
    axes = body_axes(Recording("r", np.zeros((12, 1, 2, 5)), Skeleton.unnamed(5)), points)
    if 5 - sum(missing) >= 2:
        assert axes == pytest.approx(expected, abs=1e-6)
    else:
        assert np.isnan(axes[0, :6]).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.booleans(), min_size=5, max_size=5), st.floats(-3, 3), st.integers(0, 2**32 - 1))
def test_any_two_keypoints_tell_the_center_of_an_animal_that_keeps_its_shape(
    missing: list[bool], heading: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    shape = np.array([1, 0.6 + 0.2j, 0.5, 0.3 - 0.1j, 0]) * 30
    turns = np.exp(1j * (heading + chance.normal(size=12)))
    places = 1000 * (chance.random(12) + 1j * chance.random(12))
    points = (places + shape[:, None] * turns)[None]
    points[0, missing, :6] = NAN
    recording = Recording("r", np.zeros((12, 1, 2, 5)), Skeleton.unnamed(5))
    centers = body_centers(recording, points, body_axes(recording, points))[0]
    expected = places + 15 * turns
    assert centers[6:] == pytest.approx(expected[6:], abs=1e-6)
    if 5 - sum(missing) >= 2:
        assert centers[:6] == pytest.approx(expected[:6], abs=1e-6)
    else:
        assert np.isnan(centers[:6]).all()


def test_keypoints_of_an_unnamed_skeleton_lie_evenly_on_the_axis_where_front_and_rear_were_never_seen_together() -> (
    None
):
    points = np.array([[[NAN, 0], [10, NAN], [NAN, 20], [30, 30], [NAN, NAN]]], dtype=np.complex128)
    axes = body_axes(Recording("r", np.zeros((2, 1, 2, 5)), Skeleton.unnamed(5)), points)
    assert axes[0, 0] == pytest.approx(-40)


def test_an_animal_that_was_not_seen_has_the_length_of_the_others() -> None:
    unseen = np.full(3, NAN + 0j)
    assert typical_lengths(np.array([[3 + 4j, 5, NAN], unseen])) == pytest.approx([5, 5])
    assert typical_lengths(np.array([unseen, unseen])) == pytest.approx([1, 1])
    assert typical_lengths(np.zeros((1, 3), dtype=complex)) == pytest.approx([1])


def test_directions_have_length_one_and_nothing_has_none() -> None:
    assert directions(np.array([3 + 4j, -2, 0, NAN])) == pytest.approx(
        np.array([0.6 + 0.8j, -1, NAN, NAN]), nan_ok=True
    )


def test_rates_are_changes_per_second_and_spans_end_with_the_recording() -> None:
    values = np.array([0.0, 1, 4, 9, 16])
    # (1-0)/1, (4-0)/2, (9-1)/2, (16-4)/2, (16-9)/1 per frame, at 10 frames per second
    assert rates(values, 1, 10) == pytest.approx([10, 20, 40, 60, 70])
    assert rates(values, 10, 10) == pytest.approx([40] * 5)
    assert np.isnan(rates(values[:1], 1, 10)).all()


def test_turning_goes_the_short_way_round() -> None:
    headings = np.exp(1j * np.radians([170.0, 180, 190, 200]))
    assert turning_rates(headings, 1, 30) == pytest.approx(np.radians([300.0] * 4))


@pytest.mark.parametrize(("seconds", "fps", "frames"), [(0.1, 30, 3), (0.1, 25, 2), (0.01, 30, 1), (2.0, 50, 100)])
def test_a_lag_is_at_least_one_frame(seconds: float, fps: float, frames: int) -> None:
    assert lag_frames(seconds, fps) == frames


def test_points_keep_the_place_of_every_keypoint() -> None:
    recording = toy_recordings(1, 20)[0]
    points: Array = keypoints_as_points(recording)
    assert points.shape == (2, 7, 20)
    assert points[1, 3].real == pytest.approx(recording.keypoints[:, 1, 0, 3], nan_ok=True)
    assert points[1, 3].imag == pytest.approx(recording.keypoints[:, 1, 1, 3], nan_ok=True)


# Jumps


def walker(frames: int = 60) -> Recording:
    """One animal of 40 pixels that walks 2 pixels a frame, a body length and a half a second at 30 frames a second."""
    points = np.array([40.0, 20.0, 0.0])[:, None] + 2 * np.arange(frames)
    keypoints = np.stack([points, np.zeros_like(points)]).transpose(2, 0, 1)[:, None]
    return Recording("walker", keypoints.astype(np.float32), Skeleton.unnamed(3))


def moved(recording: Recording, frames: slice, part: int, by: float) -> Recording:
    keypoints = recording.keypoints.copy()
    keypoints[frames, 0, 1, part] += by
    return replace(recording, keypoints=keypoints)


@pytest.mark.parametrize("frames", [slice(20, 21), slice(20, 34), slice(0, 5), slice(55, 60)])
def test_a_keypoint_that_jumps_away_and_back_is_missing_meanwhile(frames: slice) -> None:
    recording = moved(walker(), frames, 1, by=200)
    cleaned = without_jumps(recording, top_speed=30)
    expected = recording.keypoints.copy()
    expected[frames, 0, :, 1] = np.nan
    assert np.array_equal(cleaned.keypoints, expected, equal_nan=True)
    assert np.isfinite(recording.keypoints).all()


def test_a_keypoint_that_stays_where_it_jumped_to_is_kept() -> None:
    recording = moved(walker(), slice(20, 36), 1, by=200)  # 16 frames are more than half a second
    assert np.array_equal(without_jumps(recording, 30).keypoints, recording.keypoints)


def test_a_step_that_an_animal_can_make_is_kept() -> None:
    recording = moved(walker(), slice(20, 21), 1, by=38)  # 38.05 pixels a frame are 28.5 lengths a second
    assert np.array_equal(without_jumps(recording, 30).keypoints, recording.keypoints)
    assert np.isnan(without_jumps(recording, 28).keypoints[20, 0, :, 1]).all()


def test_a_way_made_while_unseen_is_no_jump() -> None:
    keypoints = walker().keypoints.copy()
    keypoints[10:40, 0, :, 1] = np.nan
    keypoints[40:, 0, 1, 1] += 500  # 500 pixels in 31 frames are 12 body lengths a second
    recording = replace(walker(), keypoints=keypoints)
    assert np.array_equal(without_jumps(recording, 30).keypoints, keypoints, equal_nan=True)


@pytest.mark.parametrize("fps", [30.0, 240.0])
def test_jitter_is_no_jump_at_any_frame_rate(fps: float) -> None:
    jitter = np.random.default_rng(0).normal(0, 2, (480, 1, 2, 3)).astype(np.float32)
    still = np.repeat(walker(1).keypoints, 480, axis=0) + jitter
    recording = replace(walker(480), keypoints=still, fps=fps)
    assert np.array_equal(without_jumps(recording, 10).keypoints, still)


def test_front_and_rear_that_are_never_seen_together_still_give_an_axis() -> None:
    keypoints = np.concatenate([walker().keypoints, walker().keypoints], axis=1)
    keypoints[:30, 0, :, 0] = np.nan
    keypoints[30:, 0, :, 2] = np.nan
    seen = scene(replace(walker(), keypoints=keypoints))
    assert seen.headings == pytest.approx(np.ones((2, 60)))
    assert np.abs(seen.axes) == pytest.approx(np.ones((2, 60)))


def test_an_animal_of_one_keypoint_cannot_jump() -> None:
    recording = one_track([0.0] * 20 + [900.0] + [0.0] * 20)
    assert np.array_equal(without_jumps(recording, 30).keypoints, recording.keypoints)


def test_a_recording_shorter_than_a_jump_is_left_as_it_is() -> None:
    recording = moved(walker(10), slice(4, 5), 1, by=200)
    assert np.array_equal(without_jumps(recording, 30).keypoints, recording.keypoints)


# The scene


def test_the_scene_is_in_mean_body_lengths_and_cannot_be_written_to() -> None:
    keypoints = np.concatenate([walker().keypoints, walker().keypoints * 3], axis=1)
    seen = scene(replace(walker(), keypoints=keypoints))
    assert seen.lengths == pytest.approx([0.5, 1.5])
    assert np.abs(seen.fronts - seen.rears)[:, 0] == pytest.approx([0.5, 1.5])
    assert seen.middles[:, 0] == pytest.approx([20 / 80, 60 / 80])
    assert seen.headings[:, 5] == pytest.approx([1, 1])
    with pytest.raises(ValueError, match="read-only"):
        seen.points[0, 0, 0] = 0


# Second rates


def test_the_second_rate_of_a_parabola_is_constant_and_missing_at_the_ends() -> None:
    seconds = np.arange(12) / 30
    assert second_rates(4 * seconds**2 + seconds, lag=3, fps=30) == pytest.approx(
        np.concatenate([[np.nan], np.full(10, 8.0), [np.nan]]), nan_ok=True
    )


def test_both_parts_of_a_missing_point_are_missing() -> None:
    points = np.array([[complex(NAN, NAN)], [complex(NAN, NAN)]])
    for missing in (mean_of_seen(points, axis=0), directions(points[0]), directions(np.zeros(1, dtype=np.complex128))):
        assert np.isnan(missing.real).all()
        assert np.isnan(missing.imag).all()
