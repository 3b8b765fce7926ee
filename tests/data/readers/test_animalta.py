"""Coordinates of AnimalTA."""

from pathlib import Path

import numpy as np

from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, edit, example

load_readers()

BY_FRAME = """\
Frame;Time;X_Arena0_Ind0;Y_Arena0_Ind0;X_Arena1_Ind0_Head;Y_Arena1_Ind0_Head;X_Arena1_Ind0_Tail;Y_Arena1_Ind0_Tail
3.0;0.1;10;20;30;40;31;41
4.0;0.13;11.5;21;NA;NA;32;42
6.0;0.2;12;22;33;43;33;43
"""
BY_ANIMAL = """\
Frame;Time;Arena;Ind;X;Y
0.0;0.0;0;0;10;20
0.0;0.0;0;1;30;40
1.0;0.03;0;0;11;21
2.0;0.07;0;1;NA;NA
2.0;0.07;0;0;12;22
"""


@example("animalta", "pond_Coordinates.csv", whole=False)
def by_frame(path: Path) -> None:
    path.write_text(BY_FRAME, newline="\r\n")


@example("animalta", "pond2_Corrected.csv", whole=False)
def by_animal(path: Path) -> None:
    path.write_text(BY_ANIMAL, newline="\r\n")


@broken(by_frame, "line 1: column 9 is 'Speed', expected X_Arena0_Ind0 or such")
def another_column(path: Path) -> None:
    edit(path, "Y_Arena1_Ind0_Tail", "Y_Arena1_Ind0_Tail;Speed")


@broken(by_frame, "line 1: column 9 is Y_Arena1_Ind0_Head again")
def a_column_twice(path: Path) -> None:
    edit(path, "Y_Arena1_Ind0_Tail", "Y_Arena1_Ind0_Tail;Y_Arena1_Ind0_Head")


@broken(by_frame, "line 1: has no Y of Ind0 in Arena1")
def no_y(path: Path) -> None:
    path.write_text("\n".join(line.rpartition(";")[0] for line in BY_FRAME.splitlines()))


@broken(by_frame, "line 4: frame 4 again, expected frames in order, each once")
def twice(path: Path) -> None:
    edit(path, "6.0;", "4.0;")


@broken(by_frame, "line 3: cell 3: 'far' is no number")
def a_word(path: Path) -> None:
    edit(path, "11.5", "far")


@broken(by_frame, "has names of columns and no frames")
def no_frames(path: Path) -> None:
    path.write_text(BY_FRAME.partition("\n")[0])


@broken(by_animal, "line 4: Ind0 is on frame 0 twice, expected once")
def an_animal_twice(path: Path) -> None:
    edit(path, "1.0;0.03;", "0.0;0.03;")


@broken(by_animal, "line 4: '1.0;0.03;0;0;11' is not Frame, Time, Arena, Ind, X, Y")
def a_cell_short(path: Path) -> None:
    edit(path, "11;21", "11")


@broken(by_animal, "line 4: '1.5;0.03;0;0;11;21' is not Frame, Time, Arena, Ind, X, Y")
def between(path: Path) -> None:
    edit(path, "1.0;0.03", "1.5;0.03")


@broken(
    by_animal,
    "3 tracks, at most 2 at once: pieces of animals; track a fixed number of animals, or put them together in AnimalTA",
)
def pieces(path: Path) -> None:
    edit(path, "0;12;22", "2;12;22")


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_a_column_is_of_an_animal_in_an_arena_and_perhaps_of_its_head(tmp_path: Path) -> None:
    by_frame.write(tmp_path / by_frame.file)
    found = only(tmp_path / by_frame.file)
    assert (found.animals, found.parts) == (("Arena0_Ind0", "Arena1_Ind0"), ("centroid", "head", "tail"))
    assert (found.video, found.fps, found.notes) == ("pond", 30.0, ("of 2 arenas: Arena0, Arena1",))
    nan = np.nan
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [nan, nan, nan, 10, 11.5, nan, 12])
    np.testing.assert_array_equal(found.keypoints[:, 1, 1, 1], [nan, nan, nan, 40, nan, nan, 43])


def test_a_row_is_of_an_animal_on_a_frame(tmp_path: Path) -> None:
    by_animal.write(tmp_path / by_animal.file)
    found = only(tmp_path / by_animal.file)
    assert (found.animals, found.parts, found.fps) == (("Ind0", "Ind1"), ("centroid",), None)
    np.testing.assert_array_equal(found.keypoints[:, 0, :, 0], [[10, 20], [11, 21], [12, 22]])
    np.testing.assert_array_equal(found.keypoints[:, 1, 0, 0], [30, np.nan, np.nan])


def test_times_that_a_spreadsheet_garbled_say_nothing(tmp_path: Path) -> None:
    by_frame.write(tmp_path / by_frame.file)
    edit(tmp_path / by_frame.file, "3.0;0.1;", "03.00;00.01;")
    found = only(tmp_path / by_frame.file)
    assert found.fps is None
    assert found.notes[1] == "its times do not tell how many frames there are a second"
