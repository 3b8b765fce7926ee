"""Analysis files of SLEAP."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TRACKS = np.arange(2 * 2 * 3 * 5, dtype=np.float64).reshape(2, 2, 3, 5) + 10
"""Track, xy, node, frame."""
TRACKS[1, :, :, 4] = np.nan
TRACKS[0, 1, 2, 0] = np.nan

NAMES = [b"head", b"thorax", b"tail"]


def write(path: Path, tracks: Any = TRACKS, names: Any = (b"one", b"two"), **more: Any) -> None:
    with h5py.File(path, "w") as file:
        file["tracks"] = tracks
        file["track_names"] = np.array(list(names), dtype="S8")
        file["node_names"] = np.array(NAMES)
        file["point_scores"] = np.full((2, 3, 5), 0.5)
        for name, value in more.items():
            if name in file:
                del file[name]
            file[name] = value


def changed(path: Path, change: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "r+") as file:
        change(file)


@example("sleap_analysis", "labels.000_video.analysis.h5")
def right(path: Path) -> None:
    write(path)


@broken(right, "tracks are (2, 2, 3, 5) for track, xy, node, frame, but there are 3 of track")
def more_names(path: Path) -> None:
    write(path, names=(b"one", b"two", b"three"))


@broken(right, "tracks are (2, 2, 3, 5) for track, xy, node, frame, but there are 2 of node")
def fewer_nodes(path: Path) -> None:
    write(path, node_names=np.array(NAMES[:2]))


@broken(right, "tracks ''one'' are there twice, expected names that differ".replace("''", "'"))
def twice(path: Path) -> None:
    write(path, names=(b"one", b"one"))


@broken(right, "tracks: holds |S1, expected numbers")
def text(path: Path) -> None:
    write(path, np.full((2, 2, 3, 5), b"x"))


@broken(right, "tracks are (2, 3, 5), expected four axes: track, xy, node, frame")
def flat(path: Path) -> None:
    write(path, np.ones((2, 3, 5)))


@broken(right, 'tracks: its axes are ["track", "xy"], expected some order of track, xy, node, frame')
def other_axes(path: Path) -> None:
    changed(path, lambda file: file["tracks"].attrs.update(dims='["track", "xy"]'))


@broken(right, "point_scores are (5, 2, 4), expected (5, 2, 3) for frame, track and node")
def other_scores(path: Path) -> None:
    write(path, point_scores=np.ones((2, 4, 5)))


@broken(right, "frame 2, one, head: x is inf, expected pixels up to 1,000,000 in either direction")
def infinite(path: Path) -> None:
    tracks = TRACKS.copy()
    tracks[0, 0, 0, 2] = np.inf
    write(path, tracks)


@broken(
    right,
    "3 tracks, at most 1 at once: pieces of animals; proofread them in SLEAP, or give the names of tracks to take with "
    "--animals",
)
def pieces(path: Path) -> None:
    tracks = np.full((3, 2, 3, 5), np.nan)
    for track in range(3):
        tracks[track, ..., track] = 1
    write(path, tracks, (b"a", b"b", b"c"), point_scores=np.ones((3, 3, 5)))


def test_axes_are_track_xy_node_frame_unless_something_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    (found,) = read_poses(tmp_path / "a.h5")
    wanted = TRACKS.transpose(3, 0, 1, 2).copy()
    wanted[0, 0, :, 2] = np.nan  # a point whose y was not seen
    np.testing.assert_array_equal(found.keypoints, wanted.astype(np.float32))
    assert (found.animals, found.parts, found.ends_early) == (("one", "two"), ("head", "thorax", "tail"), True)
    for name, turned, attributes in (
        ("b", TRACKS.transpose(3, 0, 2, 1), {"dims": json.dumps(["frame", "track", "node", "xy"])}),
        ("c", TRACKS.transpose(3, 2, 1, 0), {"transpose": False}),
        ("d", TRACKS, {"transpose": True}),
    ):
        path = tmp_path / f"{name}.h5"
        write(path, turned)
        with h5py.File(path, "r+") as file:
            file["tracks"].attrs.update(attributes)
        (other,) = read_poses(path)
        np.testing.assert_array_equal(other.keypoints, found.keypoints)


def test_scores_of_what_was_not_seen_are_0(tmp_path: Path) -> None:
    write(tmp_path / "a.h5")
    (found,) = read_poses(tmp_path / "a.h5")
    assert found.confidence is not None
    assert found.confidence[4].tolist() == [[0.5] * 3, [0.0] * 3]
    assert found.confidence[0].tolist() == [[0.5, 0.5, 0.0], [0.5] * 3]


def test_a_file_without_tracking_has_one_animal(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", TRACKS[:1], (), point_scores=np.ones((1, 3, 5)))
    (found,) = read_poses(tmp_path / "a.h5")
    assert found.animals == ("animal1",)


def test_no_other_file_is_read(tmp_path: Path) -> None:
    write(tmp_path / "secret.h5")
    path = tmp_path / "a.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        del file["tracks"]
        file["tracks"] = h5py.ExternalLink("secret.h5", "tracks")
    with pytest.raises(DataError):
        list(read_poses(path))
    layout = h5py.VirtualLayout(TRACKS.shape, np.float64)
    layout[...] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "tracks", TRACKS.shape)
    with h5py.File(path, "r+") as file:
        del file["tracks"]
        file.create_virtual_dataset("tracks", layout)
    with pytest.raises(DataError, match="tracks: refers to another file, which is not read"):
        list(read_poses(path))


@real
@pytest.mark.parametrize("name", ["simple_matlab", "simple_standard", "multi_matlab"])
def test_real_files_hold_what_is_expected_of_them(name: str) -> None:
    (found,) = read_poses(IMPORTS / "sleap_analysis_h5" / f"{name}.analysis.h5")
    expected = IMPORTS / "sleap_analysis_h5" / f"{name.replace('standard', 'matlab')}.expected.json"
    wanted = json.loads(expected.read_text())
    assert list(found.animals) == wanted["trackNames"]
    assert list(found.parts) == wanted["nodeNames"]
    points = [
        [one["points"] for one in frame["instances"]] for frame in wanted["frames"]
    ]  # frame, animal, part, x y score
    values = np.array(points, dtype=np.float32)
    np.testing.assert_array_equal(found.keypoints, values[..., :2].swapaxes(2, 3))
    np.testing.assert_array_equal(found.confidence, values[..., 2])


@real
def test_real_flies_are_the_same_in_their_project() -> None:
    (ours,) = read_poses(IMPORTS / "sleap_analysis_h5" / "ethome_predictions.analysis.h5")
    (theirs,) = read_poses(IMPORTS / "sleap_slp" / "predictions.slp")
    assert (ours.animals, ours.parts) == (theirs.animals, theirs.parts)
    np.testing.assert_array_equal(ours.keypoints, theirs.keypoints)
