"""Tables of DeepLabCut as HDF5, in both kinds that pandas writes."""

import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from harness.plugins.readers import Tracks
from harness.recording import Array
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

COLUMNS = [
    ("net", animal, part, coord)
    for animal in ("one", "two")
    for part in ("nose", "tail")
    for coord in ("x", "y", "likelihood")
]
VALUES = np.arange(4 * 12, dtype=np.float64).reshape(4, 12) + 1
VALUES[0, :6] = np.nan
VALUES[1, 6:9] = 0


def write_table(
    path: Path,
    columns: Sequence[tuple[Any, ...]] = COLUMNS,
    values: Array = VALUES,
    index: Any = None,
    key: str = "df_with_missing",
) -> None:
    rows = np.zeros(len(values), dtype=[("index", "<i8"), ("values_block_0", values.dtype, (values.shape[1],))])
    rows["index"] = np.arange(len(values)) if index is None else index
    rows["values_block_0"] = values
    with h5py.File(path, "w") as file:
        file.create_dataset(f"{key}/table", data=rows)
        file[key].attrs["non_index_axes"] = np.bytes_(pickle.dumps([(1, list(columns))], protocol=0))
        file[f"{key}/table"].attrs["index_kind"] = np.bytes_("integer")


def write_fixed(path: Path, *, key: str = "df_with_missing") -> None:
    with h5py.File(path, "w") as file:
        for level in range(4):
            names = list(dict.fromkeys(one[level] for one in COLUMNS))
            for items in ("axis0", "block0_items"):
                file[f"{key}/{items}_level{level}"] = np.array([name.encode() for name in names])
                file[f"{key}/{items}_label{level}"] = np.array(
                    [names.index(one[level]) for one in COLUMNS], dtype=np.int8
                )
        file[f"{key}/axis1"] = np.arange(4)
        file[f"{key}/block0_values"] = VALUES


def changed(path: Path, change: Callable[[h5py.File], Any]) -> None:
    with h5py.File(path, "r+") as file:
        change(file["df_with_missing"])


@example("deeplabcut_h5", "videoDLC_table.h5")
def table(path: Path) -> None:
    write_table(path)


@example("deeplabcut_h5", "videoDLC_fixed.h5")
def fixed(path: Path) -> None:
    write_fixed(path)


@broken(table, "its table has no names of columns (attribute non_index_axes)")
def no_names(path: Path) -> None:
    changed(path, lambda group: group.attrs.pop("non_index_axes"))


@broken(table, "the names of its columns (attribute non_index_axes) are damaged, or of another kind of table")
def damaged_names(path: Path) -> None:
    changed(path, lambda group: group.attrs.update(non_index_axes=np.bytes_(b"(lp0\n(I1\n")))


@broken(table, "refused: the names of its columns ask for builtins.eval, and nothing is run")
def code(path: Path) -> None:
    program = b"cbuiltins\neval\n(V1/0\ntR."
    changed(path, lambda group: group.attrs.update(non_index_axes=np.bytes_(program)))


@broken(table, "its columns have 2 levels of names, expected scorer, individuals (or none), bodyparts, coords")
def two_levels(path: Path) -> None:
    write_table(path, [one[2:] for one in COLUMNS])


@broken(table, "frame 1 again, expected frames in order, each once")
def a_frame_twice(path: Path) -> None:
    write_table(path, index=[0, 1, 1, 2])


@broken(table, "the row begins with -1, expected the number of a frame from 0 on")
def before_the_first(path: Path) -> None:
    write_table(path, index=[-1, 0, 1, 2])


@broken(table, "holds (4, 11) values for 4 rows and 12 columns")
def a_column_is_lacking(path: Path) -> None:
    write_table(path, values=VALUES[:, 1:])


@broken(table, "column 5 is 'nose' of one, x, again, as column 2 is")
def a_part_twice(path: Path) -> None:
    write_table(path, [*COLUMNS[:3], COLUMNS[0], *COLUMNS[4:]])


@broken(table, "holds several tables (df_with_missing, other), expected one")
def two_tables(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.copy("df_with_missing", "other")


@broken(fixed, "block0_items_label2: refers to names that are not there".replace("block0", "df_with_missing/block0"))
def lost_names(path: Path) -> None:
    changed(path, lambda group: group["block0_items_label2"].write_direct(np.full(12, 9, np.int8)))


@broken(
    fixed, "training labels of 4 images, not tracks of a video; give what analyzing the video has written, VIDEODLC_..."
)
def training_labels(path: Path) -> None:
    changed(path, lambda group: group.pop("axis1"))


@broken(fixed, "df_with_missing/block0_values: holds |S1, expected numbers")
def words(path: Path) -> None:
    changed(path, lambda group: (group.pop("block0_values"), group.update(block0_values=np.full((4, 12), b"x"))))


def read(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_both_kinds_hold_the_same(tmp_path: Path) -> None:
    write_table(tmp_path / "a.h5")
    write_fixed(tmp_path / "b.h5", key="tracks")
    one, other = read(tmp_path / "a.h5"), read(tmp_path / "b.h5")
    assert (one.animals, one.parts) == (other.animals, other.parts) == (("one", "two"), ("nose", "tail"))
    np.testing.assert_array_equal(one.keypoints, other.keypoints)
    assert one.keypoints[2].tolist() == [[[25, 28], [26, 29]], [[31, 34], [32, 35]]]
    assert np.isnan(one.keypoints[0, 0]).all()
    assert np.isnan(one.keypoints[1, 1, :, 0]).all()  # 0, 0 and a likelihood of 0


def test_whole_numbers_without_likelihood(tmp_path: Path) -> None:
    columns = [one for one in COLUMNS if one[3] != "likelihood"]
    write_table(tmp_path / "a.h5", columns, np.arange(32, dtype=np.int32).reshape(4, 8), key="df")
    found = read(tmp_path / "a.h5")
    assert found.confidence is None
    assert found.keypoints[1].tolist() == [[[8, 10], [9, 11]], [[12, 14], [13, 15]]]


def test_a_pickle_that_would_run_something_runs_nothing(tmp_path: Path) -> None:
    write_table(tmp_path / "a.h5")
    target = tmp_path / "made"
    changed(
        tmp_path / "a.h5",
        lambda group: group.attrs.update(non_index_axes=np.bytes_(f"cos\nmkdir\n(V{target}\ntR.".encode())),
    )
    with pytest.raises(DataError, match=r"ask for os\.mkdir, and nothing is run"):
        read(tmp_path / "a.h5")
    assert not os.path.exists(target)


@real
def test_real_tables_are_what_pandas_reads() -> None:
    pytest.importorskip("tables", reason="PyTables (extra `oracles`) is not installed")
    import pandas as pd

    for path in [*(IMPORTS / "dlc_single_h5").glob("*.h5"), *(IMPORTS / "made").glob("*.h5")]:
        found = read(path)
        frame = pd.read_hdf(path).droplevel(0, axis=1)
        for at, animal in enumerate(found.animals):
            own = frame[animal] if len(found.animals) > 1 else frame
            for part, name in enumerate(found.parts):
                wanted = own[name][["x", "y"]].to_numpy().astype(np.float32)
                np.testing.assert_array_equal(found.keypoints[frame.index, at, :, part], wanted)


@real
def test_a_real_recording_is_the_same_in_csv_and_in_both_kinds() -> None:
    (source,) = (IMPORTS / "dlc_multi_csv").glob("*122332*.csv")
    wanted = read(source)
    for kind in ("fixed", "table"):
        (path,) = (IMPORTS / "made").glob(f"*.{kind}.h5")
        found = read(path)
        np.testing.assert_array_equal(found.keypoints, wanted.keypoints[:1500])
        np.testing.assert_array_equal(
            found.confidence, wanted.confidence[:1500] if wanted.confidence is not None else None
        )


@real
def test_a_real_recording_is_the_same_in_nwb() -> None:
    (ours,) = (IMPORTS / "dlc_single_h5").glob("m3v1*.h5")
    (theirs,) = (IMPORTS / "nwb").glob("m3v1*.nwb")
    one, other = read(ours), read(theirs)
    assert one.parts == other.parts
    np.testing.assert_array_equal(one.keypoints, other.keypoints)
    np.testing.assert_array_equal(one.confidence, other.confidence)
