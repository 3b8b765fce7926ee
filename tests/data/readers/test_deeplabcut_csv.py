"""Tables of DeepLabCut and Lightning Pose as csv."""

from pathlib import Path

import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real
from tests.lab_files import tracks, write_tracks

load_readers()

SINGLE = """\
scorer,net,net,net,net,net,net
bodyparts,nose,nose,nose,tail,tail,tail
coords,x,y,likelihood,x,y,likelihood
0,1,2,0.9,3,4,0.8
1,5,6,0.9,,,
2,0.0,0.0,0.0,0.0,0.0,0.9
3,7,8,0.001,9,10,0.7
"""

SEVERAL = """\
scorer,net,net,net,net.1,net.1,net.1,net.2,net.2,net.2,net.3,net.3,net.3
individuals,one,one,one,two,two,two,two,two,two,single,single,single
bodyparts,nose,nose,nose,nose,nose,nose,tail,tail,tail,corner,corner,corner
coords,x,y,likelihood,x,y,likelihood,x,y,likelihood,x,y,likelihood
0,,,,,,,,,,100,200,0.9
1,,,,,,,,,,100,201,0.9
3,1,2,0.5,3,4,0.6,5,6,0.7,400,400,0.01
"""


@example("deeplabcut_csv", "videoDLC_resnet50_xSep1shuffle1_10.csv", whole=False)
def single(path: Path) -> None:
    path.write_text(SINGLE)


@example("deeplabcut_csv", "videoDLC_dlcrnetms5_xSep1shuffle1_10_el.csv", whole=False)
def several(path: Path) -> None:
    path.write_text(SEVERAL)


@example("lightning_pose_csv", "video.lightning.csv", whole=False)
def lightning(path: Path) -> None:
    path.write_text(SINGLE.replace("net", "heatmap_tracker"))


TRAINING = "training labels of 2 images, not tracks of a video; give what analyzing the video has written, VIDEODLC_..."


@example("deeplabcut_training", "CollectedData_me.csv", whole=False, refused=TRAINING)
def training(path: Path) -> None:
    path.write_text(
        "scorer,,,me,me\nbodyparts,,,nose,nose\ncoords,,,x,y\n"
        "labeled-data,video,img000.png,1,2\nlabeled-data,video,img007.png,3,4\n"
    )


@broken(single, "line 5: cell 3: 'x' is no number")
def no_number(path: Path) -> None:
    edit(path, "1,5,6", "1,5,x")


@broken(single, "line 6: has 8 cells, expected 7")
def long(path: Path) -> None:
    edit(path, "0.0,0.9\n", "0.0,0.9,1\n")


@broken(single, "line 5: frame 0 again, expected frames in order, each once")
def a_frame_twice(path: Path) -> None:
    edit(path, "\n1,5,6", "\n0,5,6")


@broken(single, "line 7: frame 1 after frame 2, expected frames in order, each once")
def unsorted(path: Path) -> None:
    edit(path, "\n3,7,8", "\n1,7,8")


@broken(single, "line 5: the row begins with 0.5, expected the number of a frame from 0 on")
def half_a_frame(path: Path) -> None:
    edit(path, "\n1,5,6", "\n0.5,5,6")


@broken(single, "line 4: the row begins with nan, expected the number of a frame from 0 on")
def no_index(path: Path) -> None:
    edit(path, "\n0,1,2", "\n,1,2")


@broken(single, "line 3: column 5 is 'nose', x, again, as column 2 is")
def one_part_twice(path: Path) -> None:
    edit(path, "tail,tail,tail", "nose,nose,nose")
    edit(path, "x,y,likelihood\n", "x,q,r\n")


@broken(single, "line 3: 'tail' has no y")
def no_y(path: Path) -> None:
    edit(path, "x,y,likelihood\n", "x,z0,likelihood\n")


@broken(single, "holds poses in three dimensions (x, y, z); only tracks in the picture are read")
def three_dimensions(path: Path) -> None:
    edit(path, "x,y,likelihood\n", "x,y,z\n")


@broken(single, "its first rows are scorer, coords, expected scorer, individuals (or none), bodyparts, coords")
def no_parts(path: Path) -> None:
    edit(path, "bodyparts,nose,nose,nose,tail,tail,tail\n", "")


@broken(single, "has names of columns and no frames")
def no_frames(path: Path) -> None:
    path.write_text("\n".join(SINGLE.split("\n")[:3]) + "\n")


@broken(single, "frame 3, animal1, nose: x is inf, expected pixels up to 1,000,000 in either direction")
def infinite(path: Path) -> None:
    edit(path, "\n3,7,8", "\n3,inf,8")


@broken(single, "frame 3, animal1, nose: x is 2e+06, expected pixels up to 1,000,000 in either direction")
def far_away(path: Path) -> None:
    edit(path, "\n3,7,8", "\n3,2e6,8")


@broken(single, "line 7: the row begins with -3, expected the number of a frame from 0 on")
def before_the_first(path: Path) -> None:
    edit(path, "\n3,7,8", "\n-3,7,8")


@broken(single, "ends with frame 90,000,000, though it has 4 rows")
def too_late(path: Path) -> None:
    edit(path, "\n3,7,8", "\n90000000,7,8")


@broken(several, "line 4: has 12 individuals for 11 coords, expected as many")
def ragged_names(path: Path) -> None:
    lines = SEVERAL.split("\n")
    lines[2], lines[3] = lines[2].removesuffix(",corner"), lines[3].removesuffix(",likelihood")
    path.write_text("\n".join(lines))


@broken(several, "line 4: column 5 has no name of a part")
def nameless(path: Path) -> None:
    edit(path, "nose,nose,nose,nose,", "nose,nose,nose,Unnamed: 3_level_1,")


@broken(lightning, "line 5: cell 3: 'x' is no number")
def no_number_either(path: Path) -> None:
    edit(path, "1,5,6", "1,5,x")


def read(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_missing_is_an_empty_cell_or_0_0_0_and_not_what_is_unsure(tmp_path: Path) -> None:
    single.write(tmp_path / "a.csv")
    found = read(tmp_path / "a.csv")
    assert (found.animals, found.parts, found.ends_early) == (("animal1",), ("nose", "tail"), False)
    nan = np.nan
    wanted = [[[1, 3], [2, 4]], [[5, nan], [6, nan]], [[nan, 0], [nan, 0]], [[7, 9], [8, 10]]]
    np.testing.assert_array_equal(found.keypoints[:, 0], np.array(wanted, np.float32))
    assert found.confidence is not None
    np.testing.assert_allclose(found.confidence[:, 0], [[0.9, 0.8], [0.9, 0], [0, 0.9], [0.001, 0.7]])


def test_several_animals_with_parts_of_their_own_and_a_place(tmp_path: Path) -> None:
    several.write(tmp_path / "a.csv")
    found = read(tmp_path / "a.csv")
    assert (found.animals, found.parts, found.frames, found.ends_early) == (("one", "two"), ("nose", "tail"), 4, True)
    np.testing.assert_array_equal(
        found.keypoints[3], np.array([[[1, np.nan], [2, np.nan]], [[3, 5], [4, 6]]], np.float32)
    )
    assert np.isnan(found.keypoints[:3]).all()
    assert found.places == {"corner": (100.0, 200.5)}
    assert found.notes == (
        "1 part of no animal, kept as places: corner",
        "1 frame without a row, where nothing was seen",
    )


def test_columns_beside_x_y_and_likelihood_are_left_out_with_a_note(tmp_path: Path) -> None:
    header = "scorer{0}\nbodyparts{1}\ncoords,x,y,likelihood,x_ens_var\n"
    (tmp_path / "a.csv").write_text(header.format(",ensemble-kalman" * 4, ",nose" * 4) + "0,1,2,0.9,33\n")
    found = read(tmp_path / "a.csv")
    assert (found.tool, found.notes) == ("Lightning Pose", ("columns that are not read: x_ens_var",))
    assert found.keypoints.tolist() == [[[[1], [2]]]]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_marks_quotes_and_empty_lines_at_the_end_change_nothing(
    ending: str, mark: str, tmp_path: Path
) -> None:
    quoted = SINGLE.replace("nose", '"nose"').replace("0.8\n", '"0.8"\n')
    (tmp_path / "a.csv").write_text(mark + quoted + "\n\n", newline=ending, encoding="utf-8")
    single.write(tmp_path / "b.csv")
    np.testing.assert_array_equal(read(tmp_path / "a.csv").keypoints, read(tmp_path / "b.csv").keypoints)


def test_names_of_columns_may_be_longer_than_what_a_file_is_told_by(tmp_path: Path) -> None:
    parts = [f"{'part' * 20}_{number}" for number in range(300)]
    keypoints = tracks(4, 2, seed=1, parts=300)
    path = write_tracks(tmp_path / "a.csv", keypoints, parts=parts)
    assert len(path.read_text().split("\n")[2]) > 100_000
    found = read(path)
    assert found.parts == tuple(parts)
    np.testing.assert_array_equal(found.keypoints, keypoints)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    keypoints = tracks(50, 2, seed=3)
    keypoints[:3] = np.nan
    keypoints[10, 0, :, 1] = np.nan
    found = read(write_tracks(tmp_path / "a.csv", keypoints))
    np.testing.assert_array_equal(found.keypoints, keypoints)


@real
def test_real_files_are_what_pandas_reads() -> None:
    import pandas as pd

    for path in sorted((IMPORTS / "dlc_multi_csv").glob("e3v*.csv")):
        found = read(path)
        frame = pd.read_csv(path, header=[1, 2, 3], index_col=0)
        for at, animal in enumerate(found.animals):
            for part, name in enumerate(found.parts):
                wanted = frame[animal][name][["x", "y"]].to_numpy().astype(np.float32)
                np.testing.assert_array_equal(found.keypoints[:, at, :, part], wanted)


@real
@pytest.mark.parametrize(
    ("name", "tool", "animals", "parts", "frames"),
    [
        ("dlc_multi_csv/mouse_multi.csv", "DeepLabCut", 2, 12, 27),
        ("dlc_single_csv/mouse_single.csv", "DeepLabCut", 1, 8, 11),
        ("dlc_single_csv/openfield_dlc_inference_example.csv", "DeepLabCut", 1, 4, 2330),
        ("dlc_single_csv/openfield_dlc_inference_example_missingdata.csv", "DeepLabCut", 1, 4, 2330),
        ("lightning_pose_csv/mouse_single.csv", "Lightning Pose", 1, 12, 11),
    ],
)
def test_real_files_of_every_kind(name: str, tool: str, animals: int, parts: int, frames: int) -> None:
    found = read(IMPORTS / name)
    assert (found.tool, len(found.animals), len(found.parts), found.frames) == (tool, animals, parts, frames)
    assert found.confidence is not None


def test_a_line_that_is_longer_than_any_table_has_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "videoDLC_x.csv"
    single.write(path)
    lines = path.read_text().splitlines()
    lines[4] += "0" * 11_000_000
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"line 5: is longer than 10\.0 MB$"):
        list(read_poses(path))
