"""What TRex exports of an animal."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.data.incoming.films import Whose, read_films
from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

INF = np.inf


def arrays(**more: Any) -> dict[str, Any]:
    """Four rows of five frames, from the second on; the animal is lost on the last but one."""
    return {
        "frame": np.array([1, 2, 3, 4], np.float32),
        "missing": np.array([0, 0, 1, 0], np.float32),
        "X#wcentroid": np.array([1, 2, INF, 4], np.float32),
        "Y#wcentroid": np.array([5, 6, INF, 8], np.float32),
        "X": np.array([1.5, 2.5, INF, INF], np.float32),
        "Y": np.array([5.5, 6.5, INF, INF], np.float32),
        "frame_rate": np.array([25.0]),
        "cm_per_pixel": np.array([0.5]),
        "video_size": np.array([640.0, 480.0]),
        "id": np.array([3], np.uint64),
        **more,
    }


def save(path: Path, content: dict[str, Any]) -> None:
    with open(path, "wb") as file:
        np.savez(file, **content)


def pose(**more: Any) -> dict[str, Any]:
    points = {f"pose{axis}{part}": np.array([10, 11, INF, 13], np.float32) + part for axis in "XY" for part in (0, 1)}
    return arrays(**points | more)


@example("trex", "arena_2_id3.npz")
def right(path: Path) -> None:
    save(path, pose())


@example("trex", "arena_fish3.npz")
def one_point(path: Path) -> None:
    save(path, arrays())


@broken(right, "frame 3 follows frame 3, expected frames in order, each once")
def twice(path: Path) -> None:
    save(path, pose(frame=np.array([1, 3, 3, 4.0])))


@broken(right, "frame 2 is 2.5, expected the number of a frame from 0 on")
def between(path: Path) -> None:
    save(path, pose(frame=np.array([1, 2, 2.5, 4.0])))


@broken(right, "ends with frame 2,000,000, though it has 4 rows")
def far(path: Path) -> None:
    save(path, pose(frame=np.array([1, 2, 3, 2e6])))


@broken(right, "frame is float64 (0,), expected the numbers of frames")
def no_rows(path: Path) -> None:
    save(path, pose(frame=np.zeros(0)))


@broken(right, "has no poseY1")
def no_y(path: Path) -> None:
    save(path, {name: value for name, value in pose().items() if name != "poseY1"})


@broken(right, "poseX0 is float64 (3,), expected 4 numbers, as of frame")
def a_row_short(path: Path) -> None:
    save(path, pose(poseX0=np.ones(3)))


@broken(right, "poseX0 is <U1 (4,), expected 4 numbers, as of frame")
def words(path: Path) -> None:
    save(path, pose(poseX0=np.array(["a"] * 4)))


@broken(right, "frame_rate is float64 (2,), expected one number")
def two_rates(path: Path) -> None:
    save(path, pose(frame_rate=np.array([25.0, 30.0])))


@broken(one_point, "has X#wcentroid in cm and no cm_per_pixel to tell the pixels; export cm_per_pixel as well")
def no_scale(path: Path) -> None:
    save(path, {name: value for name, value in arrays().items() if name != "cm_per_pixel"})


@broken(one_point, "has neither poseX0 nor X#wcentroid, X#pcentroid, X#centroid or X; export one of them")
def no_position(path: Path) -> None:
    save(path, {name: value for name, value in arrays().items() if not name.startswith("X")})


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_points_of_a_pose_are_in_pixels_and_stand_where_their_frames_are(tmp_path: Path) -> None:
    right.write(tmp_path / right.file)
    found = only(tmp_path / right.file)
    assert (found.video, found.animals, found.parts, found.piece) == ("arena_2", ("id3",), ("pose0", "pose1"), True)
    assert (found.fps, found.image_size, found.pixels_per_cm) == (25.0, (640, 480), 2.0)
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 1], [np.nan, 11, 12, np.nan, 14])


def test_a_centroid_in_cm_comes_to_pixels(tmp_path: Path) -> None:
    one_point.write(tmp_path / one_point.file)
    found = only(tmp_path / one_point.file)
    assert (found.video, found.animals, found.parts) == ("arena", ("fish3",), ("centroid",))
    np.testing.assert_array_equal(found.keypoints[:, 0, 1, 0], [np.nan, 10, 12, np.nan, 16])


def test_what_was_made_up_between_positions_is_not_seen_and_a_part_at_nought_neither(tmp_path: Path) -> None:
    save(tmp_path / "a_id0.npz", arrays(poseX0=[1, 0, 2, 0], poseY0=[1, 0, 2, 3]))  # on the third row it is missing
    found = only(tmp_path / "a_id0.npz")
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [np.nan, 1, np.nan, np.nan, 0])


def test_a_scale_that_nobody_said_is_none(tmp_path: Path) -> None:
    save(tmp_path / "a_id0.npz", arrays(cm_per_pixel=np.array([30 / 640])))
    found = only(tmp_path / "a_id0.npz")
    assert found.pixels_per_cm is None
    assert found.notes == ("cm_per_pixel is what TRex assumes where nobody says it, the picture being 30 cm wide",)
    np.testing.assert_allclose(found.keypoints[1, 0, 0, 0], 640 / 30)


def test_an_animal_of_a_file_that_was_named_otherwise_is_called_by_its_number(tmp_path: Path) -> None:
    save(tmp_path / "other.npz", arrays())
    found = only(tmp_path / "other.npz")
    assert (found.video, found.animals) == ("", ("id3",))


def test_an_array_that_claims_more_than_it_has_takes_no_memory(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (400_000_000_000,)})
    right.write(tmp_path / "a_id0.npz")
    with zipfile.ZipFile(tmp_path / "a_id0.npz", "a") as archive:
        archive.writestr("ANGLE.npy", header.getvalue())
    with pytest.raises(DataError, match=r"ANGLE\.npy has 0 bytes for an array of float32"):
        only(tmp_path / "a_id0.npz")


@real
def test_real_animals_of_a_video_come_together() -> None:
    files = sorted((IMPORTS / "trex_npz").glob("*.npz"))
    kept: list[Tracks] = []
    problems: list[str] = []
    (film,) = read_films(files, Whose(), lambda film, tracks: kept.append(tracks), problems, [])
    assert not problems
    assert (film.animals, film.frames, film.fps, film.image_size) == (("id0", "id1"), 2845, 30.0, (4096, 3000))
    for animal, path in enumerate(files):
        stored = np.load(path)
        x = np.where(np.isinf(stored["poseX6"]), np.nan, stored["poseX6"])
        np.testing.assert_array_equal(kept[0].keypoints[:, animal, 0, 6], x)
        head = stored["X"] / stored["cm_per_pixel"]  # lies among the points of the pose
        near = np.nanmedian(np.abs(np.mean(kept[0].keypoints[:, animal, 0], axis=1) - head)[np.isfinite(head)])
        assert near < 100
