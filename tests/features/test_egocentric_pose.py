from dataclasses import replace

import numpy as np
import pytest

from harness.features.egocentric_pose import egocentric_pose
from harness.recording import CALMS21, Array, Recording, Skeleton
from tests.toy import MOUSE, toy_recordings

SPINE = np.array([20, 14 + 1j, 10, 4 - 1j, 0])
"""An animal of five unnamed keypoints, 20 pixels from front to rear."""


def mouse(middle: complex = 0, heading: float = 0.0) -> Array:
    """The seven keypoints of a mouse 50 pixels from neck to tail base, halfway between them at `middle`."""
    return np.asarray(50 * (MOUSE[0] + 1j * MOUSE[1]) * np.exp(1j * heading) + middle)


def rat(middle: complex = 0, heading: float = 0.0) -> Array:
    """The five keypoints of a spine, halfway from front to rear at `middle`."""
    return np.asarray((SPINE - 10) * np.exp(1j * heading) + middle)


def recording_of(*animals: Array, frames: int = 1) -> Recording:
    """Animals (part,) that stand still."""
    points = np.stack(animals)
    keypoints = np.stack([points.real, points.imag], axis=1).astype(np.float32)
    skeleton = CALMS21 if points.shape[1] == 7 else Skeleton.unnamed(points.shape[1])
    return Recording("by-hand", np.repeat(keypoints[None], frames, axis=0), skeleton)


def seen_from(viewer: int, recording: Recording, animal: int, frame: int = 0) -> Array:
    """Keypoints (part,) of an animal as the viewer sees them."""
    columns = egocentric_pose(recording)
    names = [f"{viewer} sees {animal} {part}" for part in recording.skeleton.keypoints]
    return np.array([columns[f"{name} x"][frame] + 1j * columns[f"{name} y"][frame] for name in names])


def test_an_egocentric_pose_has_the_viewer_at_the_origin_facing_ahead() -> None:
    columns = egocentric_pose(recording_of(mouse(300 + 100j, np.pi / 2), mouse(300 + 200j)))
    row = {name: values[0] for name, values in columns.items()}
    assert row["0 sees 0 nose x"] == pytest.approx(0.95)
    assert row["0 sees 0 left_ear y"] == pytest.approx(0.2)
    assert row["0 sees 0 neck x"] == pytest.approx(0.5)
    assert row["0 sees 1 neck x"] == pytest.approx(2)  # 100 pixels ahead
    assert row["0 sees 1 neck y"] == pytest.approx(-0.5)
    assert row["1 sees 0 neck x"] == pytest.approx(0, abs=1e-5)
    assert row["1 sees 0 neck y"] == pytest.approx(-1.5)
    assert len(row) == 2 * (4 * 7 - 3)


def test_the_pose_is_that_of_the_published_formula() -> None:
    recording = toy_recordings(1, 60, missing=0)[0]
    columns = egocentric_pose(recording)
    neck, tail = recording.keypoints[:, :, :, 3], recording.keypoints[:, :, :, 6]  # (frames, animal, xy)
    for viewer, frame in ((0, 10), (1, 50)):
        length = np.median(np.linalg.norm(neck[:, viewer] - tail[:, viewer], axis=1))
        axis = neck[frame, viewer] - tail[frame, viewer]
        cos, sin = axis / np.linalg.norm(axis)
        turn = np.array([[cos, sin], [-sin, cos]])
        for part, name in enumerate(CALMS21.keypoints):
            from_middle = recording.keypoints[frame, 1 - viewer, :, part] - (neck + tail)[frame, viewer] / 2
            x, y = turn @ from_middle / length
            assert columns[f"{viewer} sees {1 - viewer} {name} x"][frame] == pytest.approx(x, rel=1e-4, abs=1e-4)
            assert columns[f"{viewer} sees {1 - viewer} {name} y"][frame] == pytest.approx(y, rel=1e-4, abs=1e-4)


def test_without_roles_the_viewer_is_at_the_origin_between_its_front_and_rear() -> None:
    recording = recording_of(rat(100 + 50j, 2), rat(100 + 90j))
    expected = ((rat(100 + 90j) - (100 + 50j)) * np.exp(-2j)) / 20
    assert seen_from(0, recording, 0) == pytest.approx((SPINE - 10) / 20, abs=1e-5)
    assert seen_from(0, recording, 1) == pytest.approx(expected, abs=1e-5)
    assert len(egocentric_pose(recording)) == 2 * 2 * 5 * 2


@pytest.mark.parametrize("missing", [[0], [4], [0, 4], [0, 1, 4]])
def test_a_viewer_whose_front_or_rear_is_missing_sees_the_same(missing: list[int]) -> None:
    recording = recording_of(rat(100 + 50j, 2), rat(100 + 90j), frames=9)
    keypoints = recording.keypoints.copy()
    keypoints[5, 0][:, missing] = np.nan
    holes = replace(recording, keypoints=keypoints)
    assert seen_from(0, holes, 1, frame=5) == pytest.approx(seen_from(0, recording, 1), abs=1e-5)
    its_own = seen_from(0, holes, 0, frame=5)
    assert list(np.flatnonzero(np.isnan(its_own))) == missing


def test_a_viewer_whose_frame_is_not_known_sees_nothing() -> None:
    recording = recording_of(rat(), rat(50), frames=9)
    keypoints = recording.keypoints.copy()
    keypoints[5, 0, :, 1:] = np.nan
    holes = replace(recording, keypoints=keypoints)
    assert np.isnan(seen_from(0, holes, 1, frame=5)).all()
    assert list(np.isnan(seen_from(1, holes, 0, frame=5))) == [False, True, True, True, True]


def test_lengths_are_the_viewers_own() -> None:
    recording = recording_of(rat(), 2 * rat() + 100)
    for viewer in (0, 1):
        assert seen_from(viewer, recording, viewer) == pytest.approx((SPINE - 10) / 20, abs=1e-5)
    assert seen_from(0, recording, 1)[2] == pytest.approx(100 / 20, abs=1e-5)
    assert seen_from(1, recording, 0)[2] == pytest.approx(-100 / 40, abs=1e-5)


@pytest.mark.parametrize(("view", "viewers"), [("every", {"0", "1"}), ("first", {"0"}), ("second", {"1"})])
def test_a_view_is_one_animals_or_every_ones(view: str, viewers: set[str]) -> None:
    columns = egocentric_pose(recording_of(mouse(), mouse(100)), view=view)
    assert {name.split()[0] for name in columns} == viewers


@pytest.mark.parametrize("view", ["every", "first", "second"])
def test_an_animal_alone_sees_itself(view: str) -> None:
    columns = egocentric_pose(recording_of(mouse()), view=view)
    assert {name[:8] for name in columns} == {"0 sees 0"}
    assert len(columns) == 2 * 7 - 3


def test_the_mirror_swaps_the_sides() -> None:
    recording = toy_recordings(1, 80, seed=3, missing=0.05)[0]
    mirror = {name: _other_side(name) for name in CALMS21.keypoints}
    order = [CALMS21.keypoints.index(mirror[name]) for name in CALMS21.keypoints]
    keypoints = recording.keypoints[:, :, :, order] * np.array([1, -1], dtype=np.float32)[:, None]
    columns = egocentric_pose(replace(recording, keypoints=keypoints))
    for column, values in egocentric_pose(recording).items():
        sign = -1 if column.endswith(" y") else 1
        assert columns[_other_side(column)] == pytest.approx(sign * values, abs=1e-4, nan_ok=True), column


def _other_side(name: str) -> str:
    return name.replace("left", "?").replace("right", "left").replace("?", "right")
