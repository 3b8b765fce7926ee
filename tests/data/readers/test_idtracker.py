"""Trajectories of idtracker.ai."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TEXT = """\
seconds,x1,y1,x2,y2
0.000,1.500,2.000,3.000,4.000
0.036,5.000,6.000,nan,nan
0.071,7.000,8.000,9.000,10.000
"""
POSITIONS = np.array([[[1.5, 2], [3, 4]], [[5, 6], [np.nan, np.nan]], [[7, 8], [9, 10]]])
SAID = {"video_paths": [r"D:\films\tank.B.avi"], "frames_per_second": 28, "identities_labels": ["red", "blue"]}


@example("idtracker_csv", "trajectories.csv", whole=False)
def table(path: Path) -> None:
    path.write_text(TEXT)
    path.with_name("attributes.json").write_text(json.dumps(SAID))


@example("idtracker_h5", "trajectories.h5")
def h5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["trajectories"] = POSITIONS
        file["areas/mean"] = np.ones(2)
        file["id_probabilities"] = np.ones((3, 2, 1))
        for name, value in SAID.items():
            file.attrs[name] = value


def save(path: Path, content: Any) -> None:
    holder = np.empty((), dtype=object)
    holder[()] = content
    with open(path, "wb") as file:
        np.save(file, holder, allow_pickle=True)


def known(**more: Any) -> dict[str, Any]:
    return {"trajectories": POSITIONS, "version": "5.2", "areas": {"mean": np.ones(2)}, **SAID, **more}


@example("idtracker_npy", "without_gaps.npy")
def npy(path: Path) -> None:
    save(path, known())


@broken(table, "line 3: is at 0.071 s, expected 0.036 s, as frame 1 of 28 a second")
def a_row_that_is_not_there(path: Path) -> None:
    edit(path, "0.036,5.000,6.000,nan,nan\n", "")


@broken(table, "line 4: is at 0.036 s, expected 0.071 s, as frame 2 of 28 a second")
def the_same_time(path: Path) -> None:
    edit(path, "0.071", "0.036")


@broken(table, "line 4: has 6 cells, expected 5")
def a_cell_too_many(path: Path) -> None:
    edit(path, "9.000,10.000", "9.000,10.000,11.000")


@broken(table, "line 2: has 6 cells, expected 5")
def a_cell_too_many_at_the_top(path: Path) -> None:
    edit(path, "3.000,4.000", "3.000,4.000,5.000")


@broken(table, "line 2: cell 3: 'two' is no number")
def a_word(path: Path) -> None:
    edit(path, "2.000", "two")


@broken(table, "line 1: its columns are not seconds, x1, y1 and on up to x2, y2")
def columns_in_disorder(path: Path) -> None:
    edit(path, "x1,y1,x2,y2", "x2,y2,x1,y1")


@broken(table, "has names of columns and no frames")
def no_rows(path: Path) -> None:
    path.write_text(TEXT.partition("\n")[0])


@broken(table, "attributes.json beside it: line 1: no JSON, or cut short (Expecting value)")
def cut_attributes(path: Path) -> None:
    path.with_name("attributes.json").write_text('{"video_paths": ')


@broken(table, "attributes.json beside it: holds no names with values")
def no_attributes(path: Path) -> None:
    path.with_name("attributes.json").write_text("[]")


@broken(table, "frames_per_second is '28', expected a number above 0")
def words_for_a_rate(path: Path) -> None:
    path.with_name("attributes.json").write_text(json.dumps(SAID | {"frames_per_second": "28"}))


@broken(table, "2 tracks, at most 1 at once: pieces of animals; track them with identities in idtracker.ai")
def pieces(path: Path) -> None:
    path.write_text("seconds,x1,y1,x2,y2\n0.000,1,2,nan,nan\n0.036,nan,nan,3,4\n")


def replaced(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "a") as file:
        del file[name]
        file[name] = value


@broken(h5, "trajectories: holds |S1, expected numbers")
def words(path: Path) -> None:
    replaced(path, "trajectories", np.full((3, 2, 2), b"a"))


@broken(h5, "holds 0 frames of 2 animals")
def no_frames(path: Path) -> None:
    replaced(path, "trajectories", np.zeros((0, 2, 2)))


@broken(h5, "frames_per_second is -1, expected a number above 0")
def no_rate(path: Path) -> None:
    with h5py.File(path, "a") as file:
        file.attrs["frames_per_second"] = -1


@broken(h5, "2 tracks, at most 1 at once: pieces of animals; track them with identities in idtracker.ai")
def one_after_the_other(path: Path) -> None:
    replaced(path, "trajectories", np.array([[[1, 2], [np.nan] * 2], [[np.nan] * 2, [3, 4]]]))


@broken(npy, "trajectories is float64 (3, 2), expected numbers (frames, animals, 2)")
def flat(path: Path) -> None:
    save(path, known(trajectories=np.ones((3, 2))))


@broken(npy, "holds no dict with an array of trajectories")
def something_else(path: Path) -> None:
    save(path, ["trajectories"])


@broken(
    npy,
    "refused: the pickle asks for pathlib.PosixPath; only numpy arrays and numbers, dicts, lists, tuples, text, bytes, "
    "numbers, booleans and None are read; idtrackerai_format --formats h5 writes an h5 file of it, which is read",
)
def more_than_data(path: Path) -> None:
    save(path, known(folder=Path("a")))


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


@pytest.mark.parametrize("one", [table, h5, npy], ids=lambda one: one.file)
def test_all_formats_hold_the_same(one: Any, tmp_path: Path) -> None:
    one.write(tmp_path / one.file)
    found = only(tmp_path / one.file)
    assert (found.animals, found.parts, found.fps) == (("red", "blue"), ("centroid",), 28.0)
    assert (found.video, found.confidence, found.notes) == ("tank.B", None, ())
    np.testing.assert_array_equal(found.keypoints[..., 0], POSITIONS.astype(np.float32))


def test_without_attributes_the_folder_is_the_name_and_the_times_tell_the_rate(tmp_path: Path) -> None:
    place = tmp_path / "session_tank7" / "trajectories" / "trajectories_csv"
    place.mkdir(parents=True)
    (place / "trajectories.csv").write_text(TEXT)
    found = only(place / "trajectories.csv")
    assert (found.video, found.animals, found.fps) == ("tank7", ("1", "2"), 28.0)
    assert found.notes == ("says no frames a second; by the times of its rows they are 28",)
    (place / "tank8.csv").write_text(TEXT)
    assert only(place / "tank8.csv").video == ""  # the name of the file is that of the video


def test_several_videos_of_a_session_are_called_by_the_session(tmp_path: Path) -> None:
    place = tmp_path / "session_tank7"
    place.mkdir()
    table.write(place / "trajectories.csv")
    (place / "attributes.json").write_text(json.dumps(SAID | {"video_paths": ["/a/1.avi", "/a/2.avi"]}))
    found = only(place / "trajectories.csv")
    assert (found.video, found.notes) == ("tank7", ("of 2 videos, one after the other",))


def test_names_that_are_not_one_of_each_animal_are_left(tmp_path: Path) -> None:
    save(tmp_path / "trajectories.npy", known(identities_labels=["a", "a"]))
    found = only(tmp_path / "trajectories.npy")
    assert (found.animals, found.notes) == (
        ("1", "2"),
        ("identities_labels are not 2 names, each of one animal, so they go by their numbers",),
    )


@real
def test_a_real_file_is_read_as_numpy_reads_it() -> None:
    path = IMPORTS / "idtrackerai" / "trajectories.csv"
    found = only(path)
    assert (found.video, found.fps, found.animals) == ("test_B", 28.0, tuple("12345678"))
    wanted = np.loadtxt(path, delimiter=",", skiprows=1)[:, 1:].reshape(-1, 8, 2)
    np.testing.assert_array_equal(found.keypoints[..., 0], wanted.astype(np.float32))
