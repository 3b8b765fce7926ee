"""Plain tables with a row for each frame."""

from pathlib import Path

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example

load_readers()

TEXT = "frame,groom,chase,other\n0,0,0,1\n1,1,0,0\n2,1,-1,0\n3,0,-1,0\n4,0,1,0\n"

LATE = "".join(f"{number},0,0,1\n" for number in range(5, 60))
"""Rows after those that tell what the table is."""


@example("frames_csv", "frames.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT + LATE)


@broken(right, "line 52: groom: '2', expected 0 or 1, or -1 for unknown")
def a_two(path: Path) -> None:
    edit(path, "\n50,0,0,1", "\n50,2,0,1")


@broken(right, "line 52: chase: 'yes', expected 0 or 1, or -1 for unknown")
def a_word(path: Path) -> None:
    edit(path, "\n50,0,0,1", "\n50,0,yes,1")


@broken(right, "line 52: has 3 cells, expected 4")
def short(path: Path) -> None:
    edit(path, "\n50,0,0,1", "\n50,0,0")


@broken(right, "line 52: has 5 cells, expected 4")
def long(path: Path) -> None:
    edit(path, "\n50,0,0,1", "\n50,0,0,1,1")


@broken(right, "line 52: frame 51 after frame 49, expected 50")
def a_frame_is_lacking(path: Path) -> None:
    edit(path, "\n50,0,0,1", "")


@broken(right, "line 52: frame 49 after frame 49, expected 50")
def a_frame_twice(path: Path) -> None:
    edit(path, "\n50,0,0,1", "\n49,0,0,1")


@broken(right, "line 2: begins with frame 1, expected 0")
def from_1(path: Path) -> None:
    edit(path, "\n0,0,0,1", "")


@broken(right, "line 52: 'x' is no number of a frame")
def no_frame(path: Path) -> None:
    edit(path, "\n50,", "\nx,")


@broken(right, "line 1: column 'groom' is there 2 times, expected once")
def twice(path: Path) -> None:
    edit(path, "chase", "groom")


def test_runs_are_bouts_and_what_is_not_known_was_not_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text(TEXT)
    (found,) = read_annotations(path)
    assert found.bouts == (Bout("groom", 1, 3, line=3), Bout("chase", 4, 5, line=6))
    assert found.looked_at == (Bout("groom", 0, 5), Bout("chase", 0, 2), Bout("chase", 4, 5))
    assert (found.length, found.behaviors) == (5, ("groom", "chase"))


def test_the_number_of_the_frame_may_be_left_out_and_unknown_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "frames.csv"
    path.write_text("groom;chase\n1;0\n;0\n0;1\n")
    (found,) = read_annotations(path)
    assert found.bouts == (Bout("groom", 0, 1, line=2), Bout("chase", 2, 3, line=4))
    assert found.looked_at == (Bout("groom", 0, 1), Bout("groom", 2, 3), Bout("chase", 0, 3))


def test_one_column_may_hold_the_names(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("frame,behavior\n0,\n1,groom\n2,groom\n3,Other\n4,chase\n")
    (found,) = read_annotations(path)
    assert found.bouts == (Bout("groom", 1, 3, line=3), Bout("chase", 4, 5, line=6))
    assert (found.length, found.looked_at) == (5, None)
