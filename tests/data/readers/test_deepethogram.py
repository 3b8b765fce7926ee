"""Labels of DeepEthogram."""

from pathlib import Path

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real, truth

load_readers()

TEXT = ",background,groom,chase\n0,1,0,0\n1,0,1,0\n2,0,1,1\n3,-1,-1,-1\n4,0,0,1\n"


@example("deepethogram", "video_labels.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 3: groom: '2', expected 0 or 1, or -1 for unknown")
def a_two(path: Path) -> None:
    edit(path, "1,0,1,0", "1,0,2,0")


@broken(right, "line 3: has 3 cells, expected 4")
def short(path: Path) -> None:
    edit(path, "1,0,1,0", "1,0,1")


@broken(right, "line 3: frame 2 after frame 0, expected 1")
def a_frame_is_lacking(path: Path) -> None:
    edit(path, "1,0,1,0\n", "")


@broken(right, "line 4: frame 1 after frame 1, expected 2")
def a_frame_twice(path: Path) -> None:
    edit(path, "2,0,1,1", "1,0,1,1")


@broken(right, "line 2: begins with frame 1, expected 0")
def from_1(path: Path) -> None:
    edit(path, "0,1,0,0\n", "")


@broken(right, "line 1: column 'groom' is there 2 times, expected once")
def twice(path: Path) -> None:
    edit(path, "chase", "groom")


@broken(right, "line 1: has no column of a behavior")
def no_behaviors(path: Path) -> None:
    path.write_text(",background\n0,1\n")


@broken(right, "has no frames")
def no_frames(path: Path) -> None:
    path.write_text(",background,groom\n")


@broken(right, "line 3: holds a NUL byte, which no text has; is it damaged, or another kind of file?")
def nul(path: Path) -> None:
    path.write_bytes(TEXT.replace("1,0,1,0", "1,0,\0,0").encode())


def test_behaviors_overlap_and_what_was_not_scored_is_unknown(tmp_path: Path) -> None:
    right.write(tmp_path / "video_labels.csv")
    (found,) = read_annotations(tmp_path / "video_labels.csv")
    assert found.bouts == (Bout("groom", 1, 3, line=3), Bout("chase", 2, 3, line=4), Bout("chase", 4, 5, line=6))
    assert found.looked_at == tuple(Bout(name, *run) for name in ("groom", "chase") for run in ((0, 3), (4, 5)))
    assert (found.length, found.behaviors) == (5, ("groom", "chase"))


@real
def test_real_bouts_come_to_the_truth() -> None:
    (path,) = IMPORTS.glob("made/*deepethogram.csv")
    (found,) = read_annotations(path)
    assert truth(found) == truth()
    assert (found.length, found.looked_at) == (5700, None)
