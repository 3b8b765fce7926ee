"""Projects and predictions of SLEAP."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

FRAME = [
    ("frame_id", "<u8"),
    ("video", "<u4"),
    ("frame_idx", "<u8"),
    ("instance_id_start", "<u8"),
    ("instance_id_end", "<u8"),
]
INSTANCE = [
    *(("instance_id", "<i8"), ("instance_type", "u1"), ("frame_id", "<u8"), ("skeleton", "<u4"), ("track", "<i4")),
    *(("from_predicted", "<i8"), ("score", "<f4"), ("point_id_start", "<u8"), ("point_id_end", "<u8")),
]
POINT = [("x", "<f8"), ("y", "<f8"), ("visible", "?"), ("complete", "?")]

SKELETON = {"nodes": [{"id": 1}, {"id": 0}], "links": []}
METADATA = {"version": "2.0.0", "skeletons": [SKELETON], "nodes": [{"name": "tail"}, {"name": "head"}]}

Seen = tuple[int, int, int, bool, int, float]
"""Video, frame, track, whether by a user, the prediction that this corrects, and where (x of the head)."""

SEEN: tuple[Seen, ...] = tuple(
    (0, frame, track, False, -1, 10.0 * frame + track) for frame in range(4) for track in (0, 1)
)


def write(
    path: Path,
    seen: Sequence[Seen] = SEEN,
    *,
    version: float = 1.2,
    tracks: Sequence[str] = ("one", "two"),
    videos: Sequence[str] = ("C:\\videos\\day1.mp4",),
    metadata: Any = METADATA,
) -> None:
    places = sorted({(video, frame) for video, frame, *_ in seen})
    frames = [(at, video, frame, 0, 0) for at, (video, frame) in enumerate(places)]
    rows: list[tuple[Any, ...]] = []
    points: list[tuple[Any, ...]] = []
    predicted: list[tuple[Any, ...]] = []
    for number, (video, frame, track, user, corrects, x) in enumerate(seen):
        table = points if user else predicted
        start = len(table)
        rest = () if user else (0.75,)
        table += [(x, 2.0, True, True, *rest), (x + 100, 3.0, frame != 2, True, *rest)]
        rows.append((number, 0 if user else 1, places.index((video, frame)), 0, track, corrects, 0.9, start, start + 2))
    with h5py.File(path, "w") as file:
        file.create_group("metadata").attrs.update({"format_id": version, "json": np.bytes_(json.dumps(metadata))})
        file["frames"] = np.array(frames, dtype=FRAME)
        file["instances"] = np.array(rows, dtype=INSTANCE)
        file["points"] = np.array(points, dtype=POINT)
        file["pred_points"] = np.array(predicted, dtype=[*POINT, ("score", "<f8")])
        file["tracks_json"] = np.array([json.dumps([0, name]).encode() for name in tracks] or np.zeros(0))
        file["videos_json"] = np.array([json.dumps({"backend": {"filename": name}}).encode() for name in videos])


@example("sleap_slp", "video.slp")
def right(path: Path) -> None:
    write(path)


@broken(
    right,
    "format 2.9 of SLEAP's files is newer than 2.8, the newest that is known; in SLEAP, export an analysis HDF5 file",
)
def newer(path: Path) -> None:
    write(path, version=2.9)


@broken(right, "format 0.5 of SLEAP's files, expected 1.0 to 2.8")
def older(path: Path) -> None:
    write(path, version=0.5)


@broken(right, "metadata: no nodes and skeletons as SLEAP writes them")
def no_nodes(path: Path) -> None:
    write(path, metadata={"skeletons": [SKELETON]})


@broken(right, "has 2 skeletons, expected one; save one of them alone in SLEAP")
def two_skeletons(path: Path) -> None:
    write(path, metadata={**METADATA, "skeletons": [SKELETON, {"nodes": [{"id": 0}]}]})


@broken(right, "instances are of tracks up to 1, but there are 1")
def a_track_is_lacking(path: Path) -> None:
    write(path, tracks=("one",))


@broken(right, "tracks 'one' are there twice, expected names that differ")
def one_name_twice(path: Path) -> None:
    write(path, tracks=("one", "one"))


@broken(right, "day1.mp4: frame 0: track one is there twice")
def one_animal_twice(path: Path) -> None:
    write(path, [*SEEN, (0, 0, 0, False, -1, 5.0)])


@broken(right, "day1.mp4: up to 2 animals at once are of no track; track them in SLEAP, and save it anew")
def untracked(path: Path) -> None:
    write(path, [(video, frame, -1, *rest) for video, frame, _, *rest in SEEN])  # type: ignore[misc]


@broken(right, "holds no animals; run inference in SLEAP first")
def nothing(path: Path) -> None:
    write(path, [])


@broken(right, "training labels of 2 frames, no tracks of a video; run inference in SLEAP first")
def training(path: Path) -> None:
    write(path, [(0, 5, 0, True, -1, 1.0), (0, 900, 0, True, -1, 2.0)])


@broken(right, "some instances are of frames that are not in its table of frames")
def lost_frames(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["frames"][0] = (77, 0, 0, 0, 0)


@broken(right, "instances refer to other points than 2 of its 10")
def lost_points(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        few = file["pred_points"][:10]
        del file["pred_points"]
        file["pred_points"] = few


def test_points_are_of_the_nodes_of_the_skeleton_in_its_order(tmp_path: Path) -> None:
    write(tmp_path / "a.slp")
    (found,) = read_poses(tmp_path / "a.slp")
    assert (found.video, found.animals, found.parts, found.ends_early) == (
        "day1.mp4",
        ("one", "two"),
        ("head", "tail"),
        True,
    )
    assert found.keypoints[1].tolist() == [[[10, 110], [2, 3]], [[11, 111], [2, 3]]]
    assert np.isnan(found.keypoints[2, :, :, 1]).all()
    assert found.confidence is not None
    assert found.confidence[2].tolist() == [[0.75, 0], [0.75, 0]]


@pytest.mark.parametrize(("version", "moved"), [(1.0, 0.5), (1.1, 0.0), (2.8, 0.0)])
def test_the_first_format_counts_from_the_edge_of_a_pixel(version: float, moved: float, tmp_path: Path) -> None:
    write(tmp_path / "a.slp", version=version)
    (found,) = read_poses(tmp_path / "a.slp")
    assert found.keypoints[1, 0].tolist() == [[10 - moved, 110 - moved], [2 - moved, 3 - moved]]


def test_what_a_user_corrected_counts(tmp_path: Path) -> None:
    corrected: list[Seen] = [(0, 1, 0, True, -1, 55.0), (0, 3, -1, True, 7, 66.0)]
    write(tmp_path / "a.slp", [*SEEN, *corrected])
    (found,) = read_poses(tmp_path / "a.slp")
    assert found.keypoints[1, :, 0, 0].tolist() == [55.0, 11.0]
    assert found.keypoints[3, 0, 0, 0] == 30.0
    assert np.isnan(found.keypoints[3, 1]).all()  # corrected, but of no track
    assert found.notes == ("1 animal on some frame of no track, left out",)


def test_every_video_of_a_file_is_one_of_its_own(tmp_path: Path) -> None:
    more: list[Seen] = [(1, frame, 0, False, -1, 7.0) for frame in range(2)]
    write(tmp_path / "a.slp", [*SEEN, *more], videos=("day1.mp4", "/home/lab/day2.mp4"))
    first, second = read_poses(tmp_path / "a.slp")
    assert (first.video, first.frames, second.video, second.frames) == ("day1.mp4", 4, "day2.mp4", 2)
    assert second.animals == ("one",)


def test_one_animal_needs_no_track(tmp_path: Path) -> None:
    write(tmp_path / "a.slp", [(0, frame, -1, False, -1, float(frame)) for frame in range(3)], tracks=())
    (found,) = read_poses(tmp_path / "a.slp")
    assert found.animals == ("animal1",)
    assert found.keypoints[:, 0, 0, 0].tolist() == [0, 1, 2]


@real
def test_real_projects_are_what_another_reader_makes_of_them() -> None:
    sleap_io = pytest.importorskip("sleap_io", reason="sleap-io (extra `oracles`) is not installed")
    path = IMPORTS / "sleap_slp" / "predictions.slp"
    (found,) = read_poses(path)
    theirs = sleap_io.load_slp(str(path)).numpy()  # frames, tracks, nodes, xy
    np.testing.assert_allclose(found.keypoints, theirs.swapaxes(2, 3), atol=1e-4)
