"""What movement saves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from tests.data.readers.examples import broken, example

load_readers()

POINTS = np.arange(4 * 2 * 3 * 2, dtype=float).reshape(4, 2, 3, 2)  # (time, space, keypoints, individuals)
POINTS[1, 0, 2, 1] = np.nan
AXES: dict[str, Sequence[Any]] = {
    "time": [0.0, 0.04, 0.08, 0.12],
    "space": ["x", "y"],
    "keypoints": ["nose", "ear", "tail"],
    "individuals": ["a", "b"],
}
SAID: dict[str, Any] = {"fps": 25.0, "time_unit": "seconds", "source_file": "C:/x/cage7DLC_resnet.h5"}


def write(
    path: Path,
    axes: Mapping[str, Sequence[Any]] = AXES,
    said: Mapping[str, Any] = SAID,
    order: Sequence[str] = (),
    points: Any = POINTS,
) -> None:
    """As netCDF and h5netcdf do, the axes in `order`."""
    names = list(axes)
    order = order or names
    with h5py.File(path, "w") as file:
        for number, (name, values) in enumerate(axes.items()):
            file[name] = np.array(values, dtype=object if isinstance(values[0], str) else float)
            file[name].attrs["NAME"] = name
            file[name].attrs["_Netcdf4Dimid"] = np.int32(number)
        confidence = np.full([len(axes[one]) for one in names if one != "space"], 0.5)
        for place, stored_values, own in (
            ("position", points, names),
            ("confidence", confidence, [one for one in names if one != "space"]),
        ):
            kept = [one for one in order if one in own]
            file[place] = np.asarray(stored_values).transpose([own.index(one) for one in kept])
            file[place].attrs["_FillValue"] = [np.nan]
            file[place].attrs["_Netcdf4Coordinates"] = np.array([names.index(one) for one in kept], np.int32)
        for key, value in said.items():
            file.attrs[key] = [value] if isinstance(value, float) else value


@example("movement_netcdf", "cage7.nc")
def right(path: Path) -> None:
    write(path)


def replaced(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "a") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        if value is not None:
            file[name] = value
            for key, one in attributes.items():
                file[name].attrs[key] = one


def said(path: Path, **more: Any) -> None:
    with h5py.File(path, "a") as file:
        for key, value in more.items():
            file.attrs[key] = value


@broken(right, "has no axis individuals; poses of movement have time, space, keypoints, individuals")
def no_animals(path: Path) -> None:
    replaced(path, "individuals", None)


@broken(right, "position is (4, 2, 3), expected one axis for each of time 4, space 2, keypoints 3, individuals 2")
def an_axis_short(path: Path) -> None:
    replaced(path, "position", np.ones((4, 2, 3)))


@broken(right, "confidence is (4, 3, 3), expected one axis for each of time 4, keypoints 3, individuals 2")
def another_length(path: Path) -> None:
    replaced(path, "confidence", np.ones((4, 3, 3)))


@broken(right, "its space is x, z, expected x and y: poses in space are not read")
def in_space(path: Path) -> None:
    replaced(path, "space", np.array(["x", "z"], dtype=object))


@broken(right, "time_unit is 'hours', expected frames or seconds")
def hours(path: Path) -> None:
    said(path, time_unit="hours")


@broken(right, "its times are not numbers from 0 on that always rise")
def times_that_fall(path: Path) -> None:
    replaced(path, "time", [0.0, 0.04, 0.02, 0.12])


@broken(right, "row 2 is at 0.06 seconds, between two frames, of which there are 25 a second")
def between(path: Path) -> None:
    replaced(path, "time", [0.0, 0.06, 0.08, 0.12])


@broken(right, "ends with frame 25,000,000, though it has 4 rows")
def far(path: Path) -> None:
    replaced(path, "time", [0.0, 0.04, 0.08, 1e6])


@broken(right, "position: holds |S1, expected numbers")
def words(path: Path) -> None:
    replaced(path, "position", np.full((4, 2, 3, 2), b"a"))


@broken(right, "cage7DLC_resnet: animal 'a' is there 2 times, expected once")
def twins(path: Path) -> None:
    replaced(path, "individuals", np.array(["a", "a"], dtype=object))


@broken(right, "2 tracks, at most 1 at once: pieces of animals; proofread them in the tracker")
def pieces(path: Path) -> None:
    points = POINTS.copy()
    points[:2, :, :, 1] = points[2:, :, :, 0] = np.nan
    replaced(path, "position", points)


@broken(right, "a file of netCDF 3; ds.to_netcdf(path, engine='h5netcdf') writes netCDF 4, which is read")
def classic(path: Path) -> None:
    path.write_bytes(b"CDF\1" + bytes(100))


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


@pytest.mark.parametrize("order", [list(AXES), ["individuals", "keypoints", "time", "space"]], ids=["own", "another"])
@pytest.mark.parametrize("newer", [False, True], ids=["keypoints", "keypoint"])
def test_axes_are_found_by_their_numbers_and_names(order: list[str], newer: bool, tmp_path: Path) -> None:
    axes = {name.removesuffix("s") if newer else name: values for name, values in AXES.items()}
    write(tmp_path / "a.nc", axes, order=[name.removesuffix("s") if newer else name for name in order])
    found = only(tmp_path / "a.nc")
    assert (found.animals, found.parts, found.fps) == (("a", "b"), ("nose", "ear", "tail"), 25.0)
    assert found.video == "cage7DLC_resnet"
    wanted = POINTS.transpose(0, 3, 1, 2).astype(np.float32)
    wanted[1, 1, :, 2] = np.nan
    np.testing.assert_array_equal(found.keypoints, wanted)
    assert found.confidence is not None
    assert found.confidence.shape == (4, 2, 3)


def test_times_in_seconds_tell_the_rate_and_the_frames(tmp_path: Path) -> None:
    write(tmp_path / "a.nc", AXES | {"time": [0.04, 0.08, 0.16, 0.2]}, {"time_unit": "seconds"})
    found = only(tmp_path / "a.nc")
    assert (found.fps, found.frames, found.video) == (25.0, 6, "")
    assert np.flatnonzero(~np.isnan(found.keypoints[:, 0, 0, 0])).tolist() == [1, 2, 4, 5]


def test_times_in_frames_are_frames(tmp_path: Path) -> None:
    write(tmp_path / "a.nc", AXES | {"time": [2, 3, 4, 6]}, {"time_unit": "frames"})
    found = only(tmp_path / "a.nc")
    assert (found.fps, found.frames) == (None, 7)


def test_y_before_x_and_names_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path / "a.nc", AXES | {"space": ["y", "x"], "keypoints": [0.0] * 3, "time": [0.0] * 4})
    with h5py.File(tmp_path / "a.nc", "a") as file:
        for name in ("keypoints", "time"):
            file[name].attrs["NAME"] = "This is a netCDF dimension but not a netCDF variable.         3"
    found = only(tmp_path / "a.nc")
    assert (found.parts, found.frames) == (("part1", "part2", "part3"), 4)
    np.testing.assert_array_equal(found.keypoints[:, 0, 0], POINTS[:, 1, :, 0])


def test_boxes_come_to_their_middles(tmp_path: Path) -> None:
    axes = {name: values for name, values in AXES.items() if name != "keypoints"}
    write(tmp_path / "a.nc", axes, points=POINTS[:, :, 0])
    found = only(tmp_path / "a.nc")
    assert (found.parts, found.keypoints.shape) == (("centroid",), (4, 2, 2, 1))


def test_numbers_packed_as_whole_ones_are_unpacked(tmp_path: Path) -> None:
    write(tmp_path / "a.nc", points=np.where(np.isnan(POINTS), -1, POINTS * 2).astype("i2"))
    with h5py.File(tmp_path / "a.nc", "a") as file:
        file["position"].attrs.update({"_FillValue": np.array([-1], "i2"), "scale_factor": 0.5, "add_offset": 100.0})
    np.testing.assert_array_equal(only(tmp_path / "a.nc").keypoints[:, 0, 0, 0], POINTS[:, 0, 0, 0] + 100)


def test_what_xarray_writes_is_read_as_it_was(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray", reason="xarray writes such files of its own to compare with")
    pytest.importorskip("h5netcdf", reason="with which xarray writes them")
    places = ("time", "space", "keypoints", "individuals")
    content = {"position": (places, POINTS)}
    dataset = xarray.Dataset(content, coords={name: list(values) for name, values in AXES.items()}, attrs=dict(SAID))
    dataset.transpose("individuals", ...).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    found = only(tmp_path / "a.nc")
    assert (found.animals, found.fps, found.confidence) == (("a", "b"), 25.0, None)
    np.testing.assert_array_equal(found.keypoints[:, 0], POINTS[..., 0].astype(np.float32))
