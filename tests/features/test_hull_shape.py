from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from harness.columns.poses import scene
from harness.features.hull_shape import hull_shape
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import MOUSE, toy_recordings

BODY = (MOUSE[0] + 1j * MOUSE[1])[:, None] / 1.45
"""A mouse (part, 1 frame) that is one body length from nose to tail base."""


def recording_of(*animals: Array, skeleton: Skeleton = CALMS21, fps: float = 30.0) -> Recording:
    """Animals with keypoints at points (part, frames) each."""
    points = np.stack(np.broadcast_arrays(*animals))
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", keypoints.astype(np.float32), skeleton, fps)


def hull_of(points: Array) -> tuple[float, float]:
    """Area and perimeter of the convex hull of those of `points` (part,) that are seen; NaN of fewer than three."""
    seen = points[~np.isnan(points)]
    if len(seen) < 3:
        return np.nan, np.nan
    if np.linalg.matrix_rank(np.stack([seen.real, seen.imag]) - [[seen[0].real], [seen[0].imag]]) < 2:
        return 0, 2 * max(abs(one - other) for one, other in combinations(seen, 2))
    hull = ConvexHull(np.stack([seen.real, seen.imag], axis=1))
    return hull.volume, hull.area


def hulls_of(points: Array) -> tuple[Array, Array]:
    """Areas and perimeters (frames,) of `points` (part, frames), one frame after the other."""
    areas, perimeters = np.array([hull_of(frame) for frame in points.T]).T
    return areas, perimeters


@pytest.mark.parametrize("skeleton", [CALMS21, Skeleton.unnamed(9)], ids=["seven", "nine"])
def test_hulls_are_those_of_scipy_whatever_is_missing(skeleton: Skeleton) -> None:
    recording = toy_recordings(1, 60, skeleton=skeleton, missing=0.3)[0]
    noise = np.random.default_rng(0).normal(0, 20, recording.keypoints.shape)
    recording = replace(recording, keypoints=(recording.keypoints + noise).astype(np.float32))
    columns, points = hull_shape(recording), scene(recording).points
    for animal in (0, 1):
        area, perimeter = hulls_of(points[animal])
        assert columns[f"{animal} hull_area"] == pytest.approx(area, abs=1e-4, nan_ok=True)
        assert columns[f"{animal} hull_perimeter"] == pytest.approx(perimeter, nan_ok=True)
    together, _ = hulls_of(points.reshape(-1, 60))
    filling = (columns["0 hull_area"] + columns["1 hull_area"]) / together
    assert columns["0-1 hull_filling"] == pytest.approx(filling, rel=1e-3, nan_ok=True)
    assert not np.isnan(filling).all()


@pytest.mark.parametrize("turn", [0, 0.4])
def test_points_on_one_line_and_in_one_place_are_counted_once(turn: float) -> None:
    chance = np.random.default_rng(0)
    points = chance.integers(0, 4, (2, 6, 300)) + 1j * chance.integers(0, 3, (2, 6, 300))
    # Turned by an angle and kept as float32, they are on one line but for their last digits.
    recording = recording_of(*(points * np.exp(1j * turn)), skeleton=Skeleton.unnamed(6))
    columns = hull_shape(recording)
    unit = np.abs(points).sum() / np.abs(scene(recording).points).sum()
    for animal in (0, 1):
        area, perimeter = hulls_of(points[animal])
        assert columns[f"{animal} hull_area"] * unit**2 == pytest.approx(area, abs=1e-4)
        assert columns[f"{animal} hull_perimeter"] * unit == pytest.approx(perimeter, abs=1e-4)
    together, _ = hulls_of(points.reshape(-1, 300))
    own = (columns["0 hull_area"] + columns["1 hull_area"]) * unit**2
    assert columns["0-1 hull_filling"] * together == pytest.approx(own, abs=1e-4)


def test_two_in_the_same_place_fill_their_hull_twice() -> None:
    assert hull_shape(recording_of(BODY, BODY))["0-1 hull_filling"] == pytest.approx([2])


def test_each_two_of_three_animals_have_a_hull_and_one_alone_has_none_with_others() -> None:
    assert not any("-" in name for name in hull_shape(recording_of(BODY)))
    three = hull_shape(recording_of(BODY, BODY + 2, BODY + 5j))
    assert sum(name.endswith("hull_filling") for name in three) == 3
    assert three["0-2 hull_filling"] == pytest.approx(hull_shape(recording_of(BODY, BODY + 5j))["0-1 hull_filling"])


def test_widths_are_along_and_across_the_body_axis_and_distances_between_any_two_keypoints() -> None:
    columns = hull_shape(recording_of(BODY * np.exp(0.7j)))
    apart = [abs(one - other) for one, other in combinations(BODY[:, 0], 2)]
    expected = {
        "length_along": 1,
        "width_across": 0.5 / 1.45,
        "farthest": max(apart),
        "nearest": min(apart),
        "mean_distance": np.mean(apart),
        "ear_distance": 0.4 / 1.45,
        "hip_distance": 0.5 / 1.45,
        "ear_to_hip": abs(0.95 + 0.05j) / 1.45,
        "ear_to_hip_difference": 0,
        "middle_angle": np.pi,
    }
    for name, value in expected.items():
        assert columns[f"0 {name}"] == pytest.approx([value], rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("side", [1, -1])
def test_an_animal_is_as_bent_to_either_side(side: int) -> None:
    front, corner, rear = side * 1j, 0, -1
    body = np.array([front, corner, rear])[:, None] / abs(front - rear)
    columns = hull_shape(recording_of(body, skeleton=Skeleton.unnamed(3)))
    middle = (front + rear) / 3
    assert columns["0 middle_angle"] == pytest.approx([abs(np.angle((front - middle) / (rear - middle)))])
    assert columns["0 hull_area"] == pytest.approx([0.25], rel=1e-4)  # the legs are 1 and the unit is the third side


def test_ears_nearer_to_the_hips_on_one_side_make_a_difference() -> None:
    body = BODY * 1.45 * 50
    body[[1, 2]] = body[[4, 5]] + np.array([[40], [25]])
    columns = hull_shape(recording_of(body))
    unit = abs(body[1, 0] - body[2, 0]) / columns["0 ear_distance"]
    assert columns["0 ear_to_hip"] * unit == pytest.approx([32.5], rel=1e-4)
    assert columns["0 ear_to_hip_difference"] * unit == pytest.approx([15], rel=1e-4)
    assert columns["0 hip_distance"] * unit == pytest.approx([25], rel=1e-4)


def test_a_way_is_crooked_where_it_is_long_and_leads_nowhere() -> None:
    seconds = np.arange(120) / 30
    straight = hull_shape(recording_of(BODY + 2 * seconds))["0 tortuosity"]
    resting = hull_shape(recording_of(BODY + 0 * seconds))["0 tortuosity"]
    round_and_round = np.exp(2j * np.pi * seconds * 30 / 31) * 3 / (2 * np.pi)  # 31 frames a round, as in a window
    circling = hull_shape(recording_of(BODY + round_and_round))["0 tortuosity"]
    assert straight == pytest.approx(np.zeros(120), abs=1e-4)
    assert resting == pytest.approx(np.zeros(120), abs=1e-4)
    assert circling[20:100] == pytest.approx(np.full(80, 1 - 0.2 / 3.2), abs=0.01)


def test_half_a_circle_leads_two_radii_far() -> None:
    seconds = np.arange(120) / 30
    half_round = np.exp(1j * np.pi * seconds) * 3 / np.pi
    tortuosity = hull_shape(recording_of(BODY + half_round))["0 tortuosity"]
    assert tortuosity[40:80] == pytest.approx(np.full(40, 1 - (6 / np.pi + 0.2) / 3.2), abs=0.02)


def test_two_keypoints_have_no_hull_and_three_have() -> None:
    points = np.repeat(BODY, 3, axis=1)
    points[2:, 1], points[3:, 2] = np.nan, np.nan
    columns = hull_shape(recording_of(points))
    for name in ("hull_area", "hull_perimeter", "farthest", "nearest", "mean_distance", "length_along", "width_across"):
        assert np.isnan(columns[f"0 {name}"]).tolist() == [False, True, False], name
    pair = hull_shape(recording_of(BODY[[0, 6]], BODY[[0, 6]] + 1, skeleton=Skeleton.unnamed(2)))
    assert np.isnan(pair["0 hull_area"]).all()
    assert np.isnan(pair["0-1 hull_filling"]).all()
