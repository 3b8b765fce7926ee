import numpy as np
import pytest

from harness.columns.poses import scene
from harness.features.mars_social import mars_social
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import MOUSE, toy_recordings

BODY = (MOUSE[0] + 1j * MOUSE[1])[:, None] / 1.45
"""A mouse (part, 1 frame) that is one body length from nose to tail base."""

HEAD, HIPS = [0, 1, 2], [4, 5, 6]


def recording_of(*animals: Array, skeleton: Skeleton = CALMS21) -> Recording:
    """Animals with keypoints at points (part, frames) each, in body lengths."""
    points = 50 * np.stack(np.broadcast_arrays(*animals))
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", keypoints.astype(np.float32), skeleton)


def frames_of(recording: Recording, parts: list[int]) -> Array:
    """The mean (animal, frames) of `parts`, of those seen, one frame after the other."""
    points = scene(recording).points[:, parts]
    means = np.full((points.shape[0], points.shape[2]), np.nan, dtype=np.complex128)
    for animal, frame in np.ndindex(means.shape):
        seen = points[animal, :, frame]
        if not np.isnan(seen).all():
            means[animal, frame] = seen[~np.isnan(seen)].mean()
    return means


def wrapped(angle: Array) -> Array:
    return np.asarray(np.abs((angle + np.pi) % (2 * np.pi) - np.pi))


def test_distances_are_between_the_means_of_head_and_of_hips() -> None:
    recording = toy_recordings(1, 50, missing=0.3)[0]
    heads, hips, columns = frames_of(recording, HEAD), frames_of(recording, HIPS), mars_social(recording)
    assert columns["0-1 heads_apart"] == pytest.approx(np.abs(heads[0] - heads[1]), nan_ok=True)
    assert columns["0-1 hips_apart"] == pytest.approx(np.abs(hips[0] - hips[1]), nan_ok=True)
    assert columns["0 to 1 head_to_hips"] == pytest.approx(np.abs(heads[0] - hips[1]), nan_ok=True)
    assert columns["1 to 0 head_to_hips"] == pytest.approx(np.abs(heads[1] - hips[0]), nan_ok=True)


def test_changes_are_those_of_the_distances_over_two_frames_of_thirty_a_second() -> None:
    columns = mars_social(toy_recordings(1, 50, missing=0)[0])
    pairs = {
        "0-1 heads_change": "0-1 heads_apart",
        "0-1 hips_change": "0-1 hips_apart",
        "1 to 0 head_to_hips_change": "1 to 0 head_to_hips",
    }
    for change, distance in pairs.items():
        apart = columns[distance]
        assert columns[change][2:] == pytest.approx((apart[2:] - apart[:-2]) * 15), change


def test_a_keypoint_that_goes_missing_brings_nobody_nearer() -> None:
    walking = BODY + 2 * np.arange(60) / 30
    walking[1, 20:40] = walking[6, 30:50] = np.nan
    columns = mars_social(recording_of(walking, 8 - BODY))
    assert columns["0-1 heads_change"] == pytest.approx(np.full(60, -2), rel=1e-3)
    assert columns["1 to 0 head_to_hips_change"] == pytest.approx(np.full(60, -2), rel=1e-3)


def test_social_and_facing_angle_are_the_wrapped_difference_of_two_directions() -> None:
    recording = toy_recordings(1, 80, missing=0)[0]
    columns, animals = mars_social(recording), scene(recording)
    face = frames_of(recording, HEAD) - frames_of(recording, HIPS)
    middles = frames_of(recording, list(range(7)))
    for one, other in ((0, 1), (1, 0)):
        line = np.arctan2(*(middles[other] - middles[one]).view(float).reshape(-1, 2).T[::-1])
        axis, facing = (np.arctan2(way[one].imag, way[one].real) for way in (animals.axes, face))
        assert columns[f"{one} to {other} social_angle"] == pytest.approx(wrapped(line - axis))
        assert columns[f"{one} to {other} facing_angle"] == pytest.approx(wrapped(line - facing))
    between = np.arccos(np.clip((face[0] * face[1].conj()).real / np.abs(face[0] * face[1]), -1, 1))
    assert columns["0-1 angle_between"] == pytest.approx(between, abs=1e-6)


def border(points: Array) -> Array:
    """Points all around the ellipse of `points` (part,), from its middle, by way of its eigenvectors."""
    variances, axes = np.linalg.eigh(np.cov(points.real, points.imag))
    halves = np.sqrt(2 * np.log(4) * variances + 0.05**2)
    angles = np.linspace(0, 2 * np.pi, 100_000)
    x, y = axes @ np.stack([halves[0] * np.cos(angles), halves[1] * np.sin(angles)])
    return np.asarray(x + 1j * y)


def test_the_gap_is_what_the_line_between_the_middles_leaves_outside_of_both_ellipses() -> None:
    recording = toy_recordings(1, 8, missing=0)[0]
    points, columns = scene(recording).points, mars_social(recording)
    for frame in range(8):
        middles = points[:, :, frame].mean(axis=1)
        line = middles[1] - middles[0]
        radii = []
        for animal in (0, 1):
            around = border(points[animal, :, frame])
            on_the_line = np.abs((around * line.conj()).imag).argmin()
            radii.append(abs(around[on_the_line]))
        gap = abs(line) - sum(radii)
        assert columns["0-1 ellipse_gap"][frame] == pytest.approx(gap, abs=1e-4)
        for (one, other), radius in zip(((0, 1), (1, 0)), radii, strict=True):
            expected = (gap / radius) / (1 + abs(gap / radius))
            assert columns[f"{one} to {other} gap_in_radii"][frame] == pytest.approx(expected, abs=1e-3)


def test_the_gap_between_two_in_a_row_is_smaller_than_between_two_side_by_side() -> None:
    in_a_row = mars_social(recording_of(BODY, BODY + 2))["0-1 ellipse_gap"][0]
    side_by_side = mars_social(recording_of(BODY, BODY + 2j))["0-1 ellipse_gap"][0]
    variances = [np.var(way, ddof=1) for way in (BODY.real, BODY.imag)]
    long, short = (np.sqrt(2 * np.log(4) * variance + 0.05**2) for variance in variances)
    assert in_a_row == pytest.approx(2 - 2 * long, rel=1e-4)
    assert side_by_side == pytest.approx(2 - 2 * short, rel=1e-4)


def test_straight_rows_of_keypoints_have_a_width() -> None:
    row = np.linspace(1, 0, 5)[:, None] + 0j
    columns = mars_social(recording_of(row, row * 1j + 0.5 - 1.5j, skeleton=Skeleton.unnamed(5)))
    long = np.sqrt(2 * np.log(4) * np.var(row.real, ddof=1) + 0.05**2)
    assert columns["0-1 ellipse_gap"] == pytest.approx([1 - 0.05 - long], rel=1e-4)
    assert columns["0-1 area_ratio"] == pytest.approx([1])


def test_the_ratio_of_areas_is_that_of_the_smaller_to_the_larger() -> None:
    small = mars_social(recording_of(BODY, 5 + BODY / 2))["0-1 area_ratio"]
    # The unit is the mean length, 0.75; an area is the product of both half axes.
    variances = np.array([np.var(BODY.real, ddof=1), np.var(BODY.imag, ddof=1)]) * 2 * np.log(4) / 0.75**2
    areas = [np.sqrt((variances * scale + 0.05**2).prod()) for scale in (1, 0.25)]
    assert small == pytest.approx([areas[1] / areas[0]], rel=1e-4)
    assert mars_social(recording_of(BODY / 2, 5 + BODY))["0-1 area_ratio"] == pytest.approx(small, rel=1e-4)


def test_speeds_along_and_across_the_line_to_the_other() -> None:
    frames = np.arange(10)
    columns = mars_social(recording_of(BODY + (0.01 + 0.02j) * (frames - 9), BODY + 4))
    # On the last frame the other is straight ahead: 0.01 body lengths a frame nearer, and 0.02 to the side.
    assert columns["0 to 1 radial_speed"][9] == pytest.approx(0.3, rel=1e-3)
    assert columns["0 to 1 tangential_speed"][9] == pytest.approx(0.6, rel=1e-3)
    assert columns["1 to 0 radial_speed"] == pytest.approx(np.zeros(10), abs=1e-3)


def test_where_no_keypoint_has_a_role_the_first_half_is_the_head() -> None:
    row = np.linspace(1, 0, 5)[:, None] + 0j
    columns = mars_social(recording_of(row, row + 3, skeleton=Skeleton.unnamed(5)))
    assert columns["0-1 heads_apart"] == pytest.approx([3])
    assert columns["0 to 1 head_to_hips"] == pytest.approx([3 - 0.75])
    assert columns["1 to 0 head_to_hips"] == pytest.approx([3 + 0.75])


def test_an_ellipse_takes_three_keypoints_and_a_place_any_of_its_own() -> None:
    few = BODY.copy()
    few[[1, 2, 3, 4, 5]] = np.nan
    columns = mars_social(recording_of(few, BODY + 3))
    assert np.isnan(columns["0-1 ellipse_gap"]).all()
    assert np.isnan(columns["1 to 0 gap_in_radii"]).all()
    assert not np.isnan(columns["0-1 heads_apart"]).any()
