from dataclasses import replace
from itertools import combinations
from math import atan2, pi

import numpy as np
import pytest

from harness.features.pair_vectors import pair_vectors
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import toy_recordings

SECONDS = np.arange(60) / 30
SHAPE = np.array([10, 4 + 3j, 2 - 1j, 0])
"""An animal 10 pixels long, from front to rear."""


def recording_of(*animals: Array) -> Recording:
    """From each animal's keypoints (part, frames) as complex numbers."""
    points = np.stack(animals)
    keypoints = np.stack([points.real, points.imag]).transpose(3, 1, 0, 2)
    return Recording("by-hand", keypoints.astype(np.float32), Skeleton.unnamed(points.shape[1]))


def spinning(turns: float, velocity: complex = 0) -> Array:
    """The shape turning about its rear by `turns` radians a second while that moves, in pixels a second."""
    return np.asarray(SHAPE[:, None] * np.exp(1j * turns * SECONDS) + velocity * SECONDS)


@pytest.mark.parametrize(("frame", "first", "last"), [(50, 48, 52), (0, 0, 2), (1, 0, 3), (119, 117, 119)])
def test_turning_is_the_change_of_a_vectors_angle_per_second(frame: int, first: int, last: int) -> None:
    recording = toy_recordings(1, 120, missing=0)[0]
    columns = pair_vectors(recording)
    for animal in range(2):
        for one, other in combinations(range(7), 2):
            before, after = (
                atan2(*(recording.keypoints[at, animal, ::-1, other] - recording.keypoints[at, animal, ::-1, one]))
                for at in (first, last)
            )
            change = abs((after - before + pi) % (2 * pi) - pi)
            name = f"{animal} {CALMS21.keypoints[one]} to {CALMS21.keypoints[other]} turning"
            assert columns[name][frame] == pytest.approx(change * 30 / (last - first), rel=1e-4, abs=1e-5), name


def test_a_body_that_turns_keeps_its_lengths_and_turns_all_its_vectors() -> None:
    columns = pair_vectors(recording_of(spinning(-2.5, velocity=20j)))
    for one, other in combinations(range(4), 2):
        name = f"0 keypoint_{one} to keypoint_{other}"
        assert columns[f"{name} length"] == pytest.approx(np.full(60, abs(SHAPE[one] - SHAPE[other]) / 10), rel=1e-4)
        assert columns[f"{name} turning"] == pytest.approx(np.full(60, 2.5), rel=1e-3)
    assert len(columns) == 2 * 6 + 4


def test_the_speed_of_a_keypoint_is_in_body_lengths_a_second() -> None:
    columns = pair_vectors(recording_of(spinning(1.5, velocity=30 + 40j)))
    assert columns["0 keypoint_3 speed"] == pytest.approx(np.full(60, 5), rel=1e-4)
    heading = np.exp(1j * 1.5 * SECONDS)
    front = np.abs(10 * 1.5j * heading + 30 + 40j) / 10
    assert columns["0 keypoint_0 speed"][2:-2] == pytest.approx(front[2:-2], rel=5e-3)


def test_lengths_are_in_the_mean_of_the_animals_body_lengths() -> None:
    columns = pair_vectors(recording_of(spinning(0), 3 * spinning(0)))
    assert columns["0 keypoint_0 to keypoint_3 length"] == pytest.approx(np.full(60, 0.5))
    assert columns["1 keypoint_0 to keypoint_3 length"] == pytest.approx(np.full(60, 1.5))


def test_the_lines_to_an_animal_that_walks_past_turn_as_it_passes() -> None:
    walking = spinning(0) + 100 + 1j * 60 * (SECONDS - 1)[None]
    columns = pair_vectors(recording_of(spinning(0), walking))
    lines = {
        "0-1 fronts turning": 100,
        "0-1 rears turning": 100,
        "0-1 middles turning": 100,
        "0 to 1 front to rear turning": 90,
        "1 to 0 front to rear turning": 110,
    }
    for name, distance in lines.items():
        steps = [atan2(60 * (second - 1), distance) for second in SECONDS]
        expected = [(after - before) / (4 / 30) for before, after in zip(steps[:-4], steps[4:], strict=True)]
        assert columns[name][2:-2] == pytest.approx(expected, rel=1e-3), name


def test_one_animal_alone_has_columns_of_its_own_only() -> None:
    recording = toy_recordings(1, 40)[0]
    alone = pair_vectors(replace(recording, keypoints=recording.keypoints[:, :1]))
    assert {name.split()[0] for name in alone} == {"0"}
    assert len(alone) == 21 + 21 + 7
    assert len(pair_vectors(recording)) == 2 * len(alone) + 5


def test_only_what_ends_at_a_missing_keypoint_is_missing() -> None:
    recording = toy_recordings(1, 40, missing=0)[0]
    keypoints = recording.keypoints.copy()
    keypoints[20, 0, :, 3] = np.nan
    columns = pair_vectors(replace(recording, keypoints=keypoints))
    unknown = {"length": [20], "turning": [18, 22], "speed": [18, 22]}
    for name, values in columns.items():
        ends_there = name.startswith("0 ") and " neck" in name
        assert list(np.flatnonzero(np.isnan(values))) == (unknown[name.split()[-1]] if ends_there else []), name


def test_a_vector_without_length_does_not_turn() -> None:
    body = spinning(1)
    body[1, 30] = body[0, 30]
    columns = pair_vectors(recording_of(body))
    assert columns["0 keypoint_0 to keypoint_1 length"][30] == 0
    assert list(np.flatnonzero(np.isnan(columns["0 keypoint_0 to keypoint_1 turning"]))) == [28, 32]


def paired(skeleton: Skeleton) -> list[str]:
    recording = Recording("many", np.zeros((1, 1, 2, len(skeleton.keypoints)), dtype=np.float32), skeleton)
    return [name.split()[1] for name in pair_vectors(recording) if name.endswith("speed")]


def test_of_many_keypoints_eight_are_paired() -> None:
    assert paired(Skeleton.unnamed(8)) == [f"keypoint_{i}" for i in range(8)]
    assert paired(Skeleton.unnamed(20)) == [f"keypoint_{i}" for i in (0, 2, 5, 8, 11, 14, 17, 19)]
    assert len(paired(Skeleton.unnamed(9))) == 8


def test_front_rear_and_roles_are_among_the_paired() -> None:
    names = tuple(f"part_{i}" for i in range(20))
    roles = {"nose": 3, "left_ear": 5, "right_ear": 6, "neck": 7, "left_hip": 12, "right_hip": 13, "tail_base": 15}
    chosen = paired(Skeleton(names, roles))
    assert len(chosen) == 8
    assert {f"part_{i}" for i in roles.values()} < set(chosen)
    assert {"part_0", "part_19"} < set(paired(Skeleton(names, {"left_ear": 5, "right_ear": 6})))
