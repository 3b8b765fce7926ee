"""Tables of SLEAP as csv."""

from pathlib import Path

import numpy as np

from harness.data.incoming.recognising import load_readers, read_poses
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TEXT = """\
track,frame_idx,instance.score,A.x,A.y,A.score,B.x,B.y,B.score
two,3,0.9,30,31,0.5,32,33,0.6
one,0,0.9,1,2,0.5,,,
one,3,0.9,5,6,0.5,7,8,1.2
two,0,0.9,3,4,0.5,5,6,0.5
"""


@example("sleap_csv", "labels.000_video.analysis.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


COLUMNS = "line 1: its columns are not track, frame_idx, instance.score, and x, y and score of each part, each once"


@broken(right, COLUMNS)
def lacking(path: Path) -> None:
    edit(path, ",B.score", "")


@broken(right, COLUMNS)
def twice(path: Path) -> None:
    edit(path, "B.x,B.y,B.score", "A.x,A.y,A.score")


@broken(right, "line 3: A.x: 'x', expected a number")
def no_number(path: Path) -> None:
    edit(path, "one,0,0.9,1", "one,0,0.9,x")


@broken(right, "line 3: frame_idx: '-1', expected the number of a frame")
def before_the_first(path: Path) -> None:
    edit(path, "one,0,0.9,1", "one,-1,0.9,1")


@broken(right, "line 3: frame_idx: '0.5', expected the number of a frame")
def half_a_frame(path: Path) -> None:
    edit(path, "one,0,0.9,1", "one,0.5,0.9,1")


@broken(right, "line 3: has 8 cells, expected 9")
def short(path: Path) -> None:
    edit(path, "0.5,,,\n", "0.5,,\n")


@broken(right, "frame 3: track one is there twice")
def one_animal_twice(path: Path) -> None:
    edit(path, "two,3", "one,3")


@broken(right, "up to 2 animals at once are of no track; track them in SLEAP, and save it anew")
def untracked(path: Path) -> None:
    path.write_text(TEXT.replace("one,", ",").replace("two,", ","))


@broken(right, "has names of columns and no animals")
def empty(path: Path) -> None:
    path.write_text(TEXT.split("\n")[0] + "\n")


@broken(right, "ends with frame 900,000,000, though it has 2 rows")
def too_late(path: Path) -> None:
    path.write_text(TEXT.replace(",3,", ",900000000,"))


def test_rows_come_in_any_order_and_frames_without_an_animal_have_none(tmp_path: Path) -> None:
    right.write(tmp_path / "a.csv")
    (found,) = read_poses(tmp_path / "a.csv")
    assert (found.animals, found.parts, found.frames, found.ends_early) == (("two", "one"), ("A", "B"), 4, True)
    assert found.keypoints[3].tolist() == [[[30, 32], [31, 33]], [[5, 7], [6, 8]]]
    assert np.isnan(found.keypoints[1:3]).all()
    assert np.isnan(found.keypoints[0, 1, :, 1]).all()
    assert found.confidence is not None
    assert found.confidence[3, 1, 1] == np.float32(1.2)


@real
def test_a_real_row_without_a_track_is_one_animal() -> None:
    (path,) = (IMPORTS / "sleap_csv").glob("*.csv")
    (found,) = read_poses(path)
    assert (found.animals, found.parts, found.frames) == (("animal1",), ("A", "B"), 1)
    np.testing.assert_allclose(found.keypoints[0, 0], [[205.93005, 278.63521], [187.88964, 203.36587]], atol=1e-4)
