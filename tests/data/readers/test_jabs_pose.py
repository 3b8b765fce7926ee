"""Poses that JABS works on."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

PARTS = 12


def write(path: Path, *, static: dict[str, Any] | None = None, **poseest: Any) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("poseest").attrs["version"] = np.array([3, 0], dtype="u2")
        for name, value in poseest.items():
            file[f"poseest/{name}"] = value
        for name, value in (static or {}).items():
            file[f"static_objects/{name}"] = np.asarray(value)


@example("jabs_pose", "cage_pose_est_v2.h5")
def one_mouse(path: Path) -> None:
    points = np.arange(4 * PARTS * 2, dtype="u2").reshape(4, PARTS, 2)
    confidence = np.full((4, PARTS), 0.5, dtype="f4")
    confidence[1, 3] = 0
    write(path, points=points, confidence=confidence)


@example("jabs_pose", "cage_pose_est_v5.h5")
def right(path: Path) -> None:
    """Two mice that change places after the first of three frames, and a third find that is no mouse."""
    points = np.zeros((3, 3, PARTS, 2), dtype="u2")
    points[0, 0], points[0, 1] = (10, 20), (30, 40)  # row, column
    points[1:, 1], points[1:, 0] = (11, 21), (31, 41)
    points[:, 2] = 99
    write(
        path,
        points=points,
        confidence=np.full((3, 3, PARTS), 2.5, dtype="f4"),
        instance_count=np.array([3, 3, 3], dtype="u1"),
        instance_track_id=np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], dtype="u4"),
        instance_embed_id=np.array([[1, 2, 0], [2, 1, 3], [2, 1, 1]], dtype="u4"),
        id_mask=np.array([[0, 0, 1], [0, 0, 0], [0, 0, 1]], dtype=bool),
        instance_id_center=np.zeros((2, 16)),
        static={"corners": [[1, 2], [3, 4]], "lixit": [[[5, 6], [7, 8], [9, 10]]], "food_hopper": [[11, 12]]},
    )
    with h5py.File(path, "a") as file:
        file["poseest"].attrs["cm_per_pixel"] = np.float32(0.0625)
        file["static_objects/door"] = np.ones((2, 2))
        file["dynamic_objects/fecal_boli/points"] = np.ones((2, 3, 2))


@example("jabs_pose", "cage_pose_est_v3.h5")
def tracks(path: Path) -> None:
    """Two tracks, the second of which is not on the first frame; what is padded says track 0."""
    write(
        path,
        points=np.stack([np.full((3, PARTS, 2), 5, "u2"), np.full((3, PARTS, 2), 6, "u2")], axis=1),
        confidence=np.ones((3, 2, PARTS), dtype="f4"),
        instance_count=np.array([1, 2, 2], dtype="u1"),
        instance_track_id=np.array([[7, 0], [0, 7], [0, 7]], dtype="u4"),
    )


def replaced(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "a") as file:
        del file[name]
        if value is not None:
            file[name] = value


@broken(right, "poseest/confidence is (3, 3, 11), expected (3, 3, 12) as of poseest/points")
def a_part_less(path: Path) -> None:
    replaced(path, "poseest/confidence", np.ones((3, 3, 11)))


@broken(right, "poseest/confidence is not there, expected (3, 3, 12) as of poseest/points")
def no_confidence(path: Path) -> None:
    replaced(path, "poseest/confidence", None)


@broken(right, "poseest/points is (3, 3, 9, 2), expected (frames, instances, 12, 2) or (frames, 12, 2)")
def nine_parts(path: Path) -> None:
    replaced(path, "poseest/points", np.ones((3, 3, 9, 2)))


@broken(right, "poseest/points: holds |S1, expected numbers")
def words(path: Path) -> None:
    replaced(path, "poseest/points", np.full((3, 3, 12, 2), b"x"))


@broken(right, "poseest/instance_embed_id is (3, 2), expected (3, 3), a number for each instance")
def an_instance_less(path: Path) -> None:
    replaced(path, "poseest/instance_embed_id", np.ones((3, 2), dtype="u4"))


@broken(right, "poseest/instance_embed_id holds other things than numbers of mice or tracks")
def halves_of_mice(path: Path) -> None:
    replaced(path, "poseest/instance_embed_id", np.full((3, 3), 0.5))


@broken(right, "poseest/id_mask is (2, 3), expected (3, 3), a number for each instance")
def a_frame_less(path: Path) -> None:
    replaced(path, "poseest/id_mask", np.zeros((2, 3), dtype=bool))


@broken(right, "speaks of 5,000 mice, expected at most 100")
def many_mice(path: Path) -> None:
    replaced(path, "poseest/instance_id_center", np.zeros((5000, 16)))


@broken(right, "holds no mice: none was found in this video")
def no_mouse(path: Path) -> None:
    replaced(path, "poseest/id_mask", np.ones((3, 3), dtype=bool))
    replaced(path, "poseest/instance_embed_id", np.zeros((3, 3), dtype="u4"))
    replaced(path, "poseest/instance_id_center", None)


@broken(
    tracks,
    "4 tracks, at most 2 at once: pieces of animals; stitch them to identities, as files of version 4 and later have "
    "them",
)
def pieces(path: Path) -> None:
    replaced(path, "poseest/instance_track_id", np.array([[7, 0], [8, 9], [8, 11]], dtype="u4"))


@broken(tracks, "poseest/instance_count has 2 rows, expected 3, one for each frame")
def counts_of_two_frames(path: Path) -> None:
    replaced(path, "poseest/instance_count", np.array([2, 2], dtype="u1"))


@broken(
    tracks,
    "has 2 instances on a frame and neither poseest/instance_embed_id nor poseest/instance_track_id to tell mice",
)
def nothing_that_tells(path: Path) -> None:
    replaced(path, "poseest/instance_track_id", None)


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_rows_come_before_columns_and_confidence_0_is_not_seen(tmp_path: Path) -> None:
    one_mouse.write(tmp_path / "cage_pose_est_v2.h5")
    found = only(tmp_path / "cage_pose_est_v2.h5")
    assert (found.animals, found.fps, found.pixels_per_cm, found.video) == (("0",), None, None, "")
    assert found.keypoints[0, 0].tolist() == [list(range(1, 24, 2)), list(range(0, 24, 2))]
    missing = np.zeros((4, PARTS), dtype=bool)
    missing[1, 3] = True
    np.testing.assert_array_equal(np.isnan(found.keypoints[:, 0, 0]), missing)


def test_a_mouse_is_an_identity_wherever_it_stands_in_the_file(tmp_path: Path) -> None:
    right.write(tmp_path / "cage_pose_est_v5.h5")
    found = only(tmp_path / "cage_pose_est_v5.h5")
    assert found.animals == ("0", "1")
    assert found.keypoints[:, 0, :, 7].tolist() == [[20, 10], [21, 11], [21, 11]]
    assert found.keypoints[:, 1, :, 7].tolist() == [[40, 30], [41, 31], [41, 31]]
    assert found.pixels_per_cm == 16
    assert found.places == {
        "corners_0": (1, 2),
        "corners_1": (3, 4),
        "lixit_0_tip": (6, 5),
        "lixit_0_left": (8, 7),
        "lixit_0_right": (10, 9),
        "food_hopper_0": (12, 11),
    }
    assert found.notes == (
        "1 find of no mouse in particular, left out",
        "object door is left out, as the order of its coordinates is not known",
        "left out, as it comes and goes: fecal_boli",
    )


def test_tracks_are_mice_where_no_mouse_has_two(tmp_path: Path) -> None:
    tracks.write(tmp_path / "cage_pose_est_v3.h5")
    found = only(tmp_path / "cage_pose_est_v3.h5")
    assert found.animals == ("0", "1")
    np.testing.assert_array_equal(found.keypoints[:, :, 0, 0], [[5, np.nan], [6, 5], [6, 5]])


def test_of_two_finds_of_one_mouse_the_surer_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "cage_pose_est_v5.h5"
    right.write(path)
    replaced(path, "poseest/id_mask", np.zeros((3, 3), dtype=bool))
    confidence = np.full((3, 3, PARTS), 2.5)
    confidence[2, 2] = 3
    replaced(path, "poseest/confidence", confidence)
    found = only(path)
    assert found.keypoints[2, 0, :, 0].tolist() == [99, 99]
    assert "one mouse in two places on 1 frame; the surer one is taken" in found.notes


def test_names_that_mice_have_elsewhere_are_told(tmp_path: Path) -> None:
    for names in (np.array([11, 12]), [b"a", b"b"]):
        right.write(tmp_path / "cage_pose_est_v5.h5")
        with h5py.File(tmp_path / "cage_pose_est_v5.h5", "a") as file:
            file["poseest/external_identity_mapping"] = names
        told = ", ".join(one.decode() if isinstance(one, bytes) else str(one) for one in names)
        assert f"the mice are called {told} elsewhere" in only(tmp_path / "cage_pose_est_v5.h5").notes


@real
def test_a_real_file_of_one_mouse_holds_what_is_in_it() -> None:
    path = IMPORTS / "jabs_pose_h5" / "sample_pose_est_v2.h5"
    found = only(path)
    with h5py.File(path) as file:
        points, confidence = file["poseest/points"][()], file["poseest/confidence"][()]
    seen = confidence > 0
    np.testing.assert_array_equal(found.keypoints[:, 0, 0][seen], points[..., 1][seen])
    np.testing.assert_array_equal(found.keypoints[:, 0, 1][seen], points[..., 0][seen])
    np.testing.assert_array_equal(np.isnan(found.keypoints[:, 0, 1]), ~seen)


@real
def test_a_real_file_of_three_mice_comes_to_them_frame_by_frame() -> None:
    path = IMPORTS / "jabs_pose_h5" / "sample_pose_est_v5.h5"
    found = only(path)
    assert found.animals == ("0", "1", "2")
    assert found.places["corners_2"][0] == 763
    assert round(found.pixels_per_cm or 0, 4) == 13.6348
    with h5py.File(path) as file:
        group = {name: file[f"poseest/{name}"][()] for name in ("points", "confidence", "instance_embed_id", "id_mask")}
    for frame in range(0, 1800, 37):
        wanted = np.full((3, 12, 2), np.nan)
        for slot, identity in enumerate(group["instance_embed_id"][frame]):
            if not group["id_mask"][frame, slot]:
                for part in range(12):
                    if group["confidence"][frame, slot, part] > 0:
                        wanted[identity - 1, part] = group["points"][frame, slot, part][::-1]
        np.testing.assert_array_equal(found.keypoints[frame], wanted.transpose(0, 2, 1))


@real
def test_sleap_io_reads_the_same_of_one_mouse() -> None:
    sleap = pytest.importorskip("sleap_io", reason="sleap-io reads JABS files of one mouse as they are")
    path = IMPORTS / "jabs_pose_h5" / "sample_pose_est_v2.h5"
    theirs = sleap.load_jabs(str(path)).numpy()[:, 0]  # (frames, parts, xy)
    ours = only(path).keypoints[: len(theirs), 0].transpose(0, 2, 1)
    np.testing.assert_array_equal(ours, theirs.astype(np.float32))
