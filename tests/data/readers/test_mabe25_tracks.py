"""Tracks of Kaggle's MABe challenge of 2025."""

import csv
from pathlib import Path
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()


def rows() -> pd.DataFrame:
    """Two mice on frames 0, 1 and 3, the second not on 1, without a nose on 3."""
    found = [
        (frame, mouse, part, 100 * mouse + frame, 10 * place + frame)
        for frame in (0, 1, 3)
        for mouse in (1, 2)
        for place, part in enumerate(("nose", "tail_base"))
        if (frame, mouse) != (1, 2) and (frame, mouse, part) != (3, 2, "nose")
    ]
    table = pd.DataFrame(found, columns=["video_frame", "mouse_id", "bodypart", "x", "y"])
    return table.astype({"video_frame": "int32", "mouse_id": "int8", "x": "float32", "y": "float32"})


def write(path: Path, table: pd.DataFrame) -> None:
    path.unlink(missing_ok=True)
    fastparquet.write(str(path), table, compression="SNAPPY", object_encoding={"bodypart": "utf8"})


@example("mabe25_tracks", "44566106.parquet")
def right(path: Path) -> None:
    write(path, rows())


def changed(path: Path, column: str, row: int, value: Any) -> None:
    table = rows().astype({column: "float64"} if isinstance(value, float) else {})
    table.loc[row, column] = value
    write(path, table)


@broken(right, "row 3: video_frame is -1, expected a whole number from 0 on")
def before_the_video(path: Path) -> None:
    changed(path, "video_frame", 2, -1)


@broken(right, "row 3: video_frame is 0.5, expected a whole number from 0 on")
def half_a_frame(path: Path) -> None:
    changed(path, "video_frame", 2, 0.5)


@broken(right, "row 1: mouse_id is nan, expected a whole number from 0 on")
def no_mouse(path: Path) -> None:
    changed(path, "mouse_id", 0, float("nan"))


@broken(right, "row 2: has no bodypart")
def no_part(path: Path) -> None:
    changed(path, "bodypart", 1, None)


@broken(right, "1 row too many: tail_base of mouse1 on frame 0 is there more than once")
def twice(path: Path) -> None:
    changed(path, "bodypart", 0, "tail_base")


@broken(right, "speaks of 2,000,000,001 frames, but no part has more than 3 rows")
def a_frame_far_away(path: Path) -> None:
    changed(path, "video_frame", 5, 2_000_000_000)


@broken(right, "column x holds words, expected numbers")
def words(path: Path) -> None:
    write(path, rows().assign(x=[f"{number}" for number in range(len(rows()))]))


@broken(right, "has no rows")
def no_rows(path: Path) -> None:
    write(path, rows()[:0])


@broken(right, "has 120 animals and 2 parts, expected at most 100 and 1,000")
def a_crowd(path: Path) -> None:
    tables = [rows().assign(mouse_id=rows().mouse_id + 2 * number) for number in range(60)]
    write(path, pd.concat(tables, ignore_index=True))


@broken(right, "damaged or cut short (it does not end as a Parquet file does)")
def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def laid_out(folder: Path, **row: str) -> Path:
    """The example where Kaggle has it, beside a train.csv with a row of its video among others."""
    path = folder / "train_tracking" / "Lab" / "44566106.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    right.write(path)
    about = {"lab_id": "Lab", "video_id": "44566106", "frames_per_second": "30.0", "pix_per_cm_approx": "16.0"} | row
    others = [about | {"lab_id": "Else", "frames_per_second": "9"}, about, about | {"video_id": "144566106"}]
    with open(folder / "train.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(about))
        writer.writeheader()
        writer.writerows(others)
    return path


def test_what_has_no_row_was_not_seen(tmp_path: Path) -> None:
    right.write(tmp_path / "44566106.parquet")
    found = only(tmp_path / "44566106.parquet")
    assert (found.animals, found.parts, found.frames) == (("mouse1", "mouse2"), ("nose", "tail_base"), 4)
    gone = np.nan
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [100, 101, gone, 103])
    np.testing.assert_array_equal(found.keypoints[:, 1, 1], [[0, 10], [gone, gone], [gone, gone], [gone, 13]])
    assert (found.confidence, found.fps, found.ends_early) == (None, None, True)
    assert "which would say the frame rate" in found.notes[0]


def test_a_point_at_0_0_was_not_seen_either(tmp_path: Path) -> None:
    write(tmp_path / "1.parquet", rows().assign(x=0.0, y=[0.0] * 5 + [1.0] * (len(rows()) - 5)))
    found = only(tmp_path / "1.parquet")
    assert found.notes[-1] == "5 points at (0, 0), taken as not seen"
    assert np.isfinite(found.keypoints[:, :, 0]).sum() == len(rows()) - 5


def test_the_row_of_the_video_says_rate_size_and_scale(tmp_path: Path) -> None:
    found = only(laid_out(tmp_path, video_width_pix="1024", video_height_pix="570"))
    assert (found.fps, found.pixels_per_cm, found.image_size, found.notes) == (30.0, 16.0, (1024, 570), ())
    found = only(laid_out(tmp_path, video_id="5"))
    assert "train.csv has no row of this video" in found.notes[0]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"frames_per_second": "fast"}, "frames_per_second is 'fast', expected a number"),
        ({"pix_per_cm_approx": "-1"}, "pix_per_cm_approx is -1, expected a number above 0"),
        ({"behaviors_labeled": "[1]"}, "behaviors_labeled is '[1]', expected agent,target,action of each"),
        ({"behaviors_labeled": "[mouse1"}, "behaviors_labeled is '[mouse1', expected a list in JSON"),
    ],
)
def test_a_wrong_row_is_told(tmp_path: Path, row: dict[str, str], says: str) -> None:
    path = laid_out(tmp_path, **row)
    with pytest.raises(DataError) as caught:
        only(path)
    assert list(caught.value.lines) == [f"{path}: train.csv of this video: {says}"]


@real
def test_tracks_by_the_rules_of_the_format_are_those_they_were_made_of() -> None:
    path = IMPORTS / "made" / "mabe25" / "train_tracking" / "StJude" / "1.parquet"
    found = only(path)
    assert (found.fps, found.image_size, found.frames) == (30.0, (1600, 1200), 5700)
    with open(path, "rb") as file:
        table = fastparquet.ParquetFile(file).to_pandas()
    for place, mouse in enumerate((1, 2)):
        for part, name in enumerate(found.parts):
            wanted = table[(table.mouse_id == mouse) & (table.bodypart == name)].set_index("video_frame")
            wanted = wanted.reindex(range(5700))[["x", "y"]].to_numpy(dtype=np.float32)
            np.testing.assert_array_equal(found.keypoints[:, place, :, part], wanted)
