"""Tables of SimBA: tracks and behaviors."""

from pathlib import Path

import numpy as np

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TEXT = """\
,nose_1_x,nose_1_y,nose_1_p,nose_2_x,nose_2_y,nose_2_p,speed,groom,chase
0,1,2,0.9,11,12,0.8,0.5,0,0
1,3,4,0.9,0,0,0,0.7,1,0
2,5,6,0.9,15,16,0.8,1.5,1,1
3,7,8,0.9,17,18,0.8,2.5,0,1
"""

LATE = "".join(f"{number},1,2,0.9,11,12,0.8,0.5,0,0\n" for number in range(4, 40))
"""Rows after those that tell which columns are of behaviors."""


@example("simba", "video.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 3: cell 3: 'x' is no number", "poses")
def no_number(path: Path) -> None:
    edit(path, "1,3,4", "1,3,x")


@broken(right, "line 3: cell 8: 'fast' is no number", "poses")
def no_feature(path: Path) -> None:
    edit(path, "0.7,1,0", "fast,1,0")


@broken(right, "line 3: has 11 cells, expected 10", "poses")
def long(path: Path) -> None:
    edit(path, "0.7,1,0", "0.7,1,0,0")


@broken(right, "line 31: groom: '2', expected 0 or 1, or -1 for unknown", "annotations")
def a_two(path: Path) -> None:
    path.write_text(TEXT + LATE)
    edit(path, "\n29,1,2,0.9,11,12,0.8,0.5,0,0", "\n29,1,2,0.9,11,12,0.8,0.5,2,0")


@broken(right, "line 31: frame 30 after frame 28, expected 29", "annotations")
def a_frame_is_lacking(path: Path) -> None:
    path.write_text(TEXT + LATE)
    edit(path, "\n29,1,2,0.9,11,12,0.8,0.5,0,0", "")


@broken(right, "line 31: frame 28 again, expected frames in order, each once", "poses")
def a_frame_twice(path: Path) -> None:
    path.write_text(TEXT + LATE)
    edit(path, "\n29,1,2", "\n28,1,2")


@broken(right, "line 3: the row begins with 1.5, expected the number of a frame from 0 on", "poses")
def half_a_frame(path: Path) -> None:
    edit(path, "\n1,3,4", "\n1.5,3,4")


@broken(right, "has names of columns and no frames", "poses")
def no_frames(path: Path) -> None:
    path.write_text(TEXT.split("\n")[0] + "\n")


@broken(right, "line 1: column 'nose_2_x' is there 2 times, expected once", "poses")
def twice(path: Path) -> None:
    edit(path, "nose_2_y", "nose_2_x")


def test_parts_are_one_animals_until_somebody_says_whose_they_are(tmp_path: Path) -> None:
    right.write(tmp_path / "video.csv")
    (found,) = read_poses(tmp_path / "video.csv")
    assert (found.animals, found.parts) == (("animal1",), ("nose_1", "nose_2"))
    wanted = [[[1, 11], [2, 12]], [[3, np.nan], [4, np.nan]], [[5, 15], [6, 16]], [[7, 17], [8, 18]]]
    np.testing.assert_array_equal(found.keypoints[:, 0], np.array(wanted, np.float32))


def test_the_last_columns_of_0_and_1_are_behaviors(tmp_path: Path) -> None:
    right.write(tmp_path / "video.csv")
    (found,) = read_annotations(tmp_path / "video.csv")
    assert found.bouts == (Bout("groom", 1, 3, line=3), Bout("chase", 2, 4, line=4))
    assert (found.length, found.behaviors) == (4, ("groom", "chase"))


@real
def test_real_tracks_are_those_of_the_csv_that_they_are_from() -> None:
    (path,) = IMPORTS.glob("made/*simba*.csv")
    (source,) = IMPORTS.glob("dlc_multi_csv/*122332*.csv")
    (found,), (original,) = read_poses(path), read_poses(source)
    both = np.concatenate([original.keypoints[:600, 0], original.keypoints[:600, 1]], axis=-1)
    np.testing.assert_allclose(found.keypoints[:, 0], both, atol=1e-3)
    (scored,) = read_annotations(path)
    assert (scored.behaviors, scored.bouts, scored.length) == (("interact",), (), 600)
