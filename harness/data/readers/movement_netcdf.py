"""Poses, or centroids of boxes, that movement saves: netCDF 4, which is HDF5 with names for its axes.

`position` (time, space, keypoint, individual), without the keypoints for boxes, and `confidence` (time, keypoint,
individual); up to 0.15 the axes are called `keypoints` and `individuals`. An axis is a dataset with an attribute
`_Netcdf4Dimid`, its number; `_Netcdf4Coordinates` of a dataset has the numbers of its axes in order, as netCDF and
h5netcdf write it. Times are in frames or, where movement was told how many there are a second, in seconds
(`time_unit`). What was not seen is NaN.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PureWindowsPath
from typing import Any

import numpy as np

from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.timestamps import REGULAR, Timeline, Times, timeline
from harness.data.incoming.unseen import unseen
from harness.files.hdf5 import Hdf5
from harness.files.source import Source
from harness.plugins.readers import FRAMES, SECONDS, UNITS, Tracks, pose_reader
from harness.recording import Array
from harness.words import listed, shown

TOOL = "movement"

POSITION, CONFIDENCE, TIME, SPACE, PART, ANIMAL = "position", "confidence", "time", "space", "keypoint", "individual"

CENTROID = "centroid"
"""The one part of an animal of which there are boxes."""

CLASSIC = tuple(b"CDF" + bytes([version]) for version in (1, 2, 5))
"""How files of netCDF 3 begin."""

LAST = 1e12
"""Frames that no video has."""

UNNAMED = "This is a netCDF dimension"
"""What the attribute `NAME` of an axis begins with that has no values."""


def _knows(source: Source) -> bool:
    return source.head.startswith(CLASSIC) or {POSITION, SPACE} <= source.shapes.keys()


@pose_reader("movement_netcdf", tool=TOOL, endings=(".nc", ".nc4", ".netcdf"), recognises=_knows)
def movement_netcdf(source: Source) -> Iterator[Tracks]:
    if source.head.startswith(CLASSIC):
        way_out = "ds.to_netcdf(path, engine='h5netcdf') writes netCDF 4, which is read"
        raise source.refusal(f"a file of netCDF 3; {way_out}")
    with source.hdf5() as file:
        axes = _axes(source, file)
        positions = _values(source, file, POSITION, axes, (TIME, ANIMAL, SPACE, PART))
        seen = _values(source, file, CONFIDENCE, axes, (TIME, ANIMAL, PART)) if CONFIDENCE in file else None
        space = _names(file, axes[SPACE], SPACE)
        animals, parts = _names(file, axes[ANIMAL], ANIMAL), _names(file, axes.get(PART, ""), PART)
        unit, fps = file.text("time_unit"), _number(file.attribute("fps"))
        times = file.array(TIME, 1).astype(np.float64) if _has_values(file, TIME) else None
        said = file.text("source_file")
    if sorted(space) != ["x", "y"]:
        raise source.refusal(f"its space is {listed(space, 5)}, expected x and y: poses in space are not read")
    rows = len(positions)
    if not rows or not animals:
        raise source.refusal("holds no frames of any animal")
    if unit not in UNITS:
        source.report(f"time_unit is {shown(repr(unit), 40)}, expected {FRAMES} or {SECONDS}")
    source.settle()
    timed = Timeline((np.arange(rows),), rows, fps) if times is None else _timed(source, times, unit, fps)
    frames = timed.frames[0]
    positions = positions[:, :, [space.index("x"), space.index("y")]]
    absent = np.asarray(np.isnan(positions).any(axis=2, keepdims=True))
    present = [np.flatnonzero(~absent[:, one].all(axis=(1, 2))) for one in range(len(animals))]
    refuse_pieces(source, present, "proofread them in the tracker")
    keypoints, confidence = unseen(source, timed.length, len(animals), len(parts), rows=rows)
    with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
        keypoints[frames] = np.where(absent, np.nan, positions)
        if seen is not None:
            confidence[frames] = seen
    yield Tracks(
        tool=TOOL,
        animals=tuple(animals),
        parts=tuple(parts),
        keypoints=keypoints,
        confidence=confidence if seen is not None else None,
        video=PureWindowsPath(said).stem,
        fps=timed.fps,
        notes=(timed.note,) if timed.note else (),
    )


def _axes(source: Source, file: Hdf5) -> Mapping[str, str]:
    """What an axis is to the name of its dataset."""
    found = {one: next((name for name in (one, f"{one}s") if name in file), "") for one in (PART, ANIMAL)}
    axes = {TIME: TIME, SPACE: SPACE, **{one: name for one, name in found.items() if name}}
    lacking = [name for name in axes.values() if len(file.shapes.get(name, ())) != 1]
    if ANIMAL not in axes:
        lacking.append(f"{ANIMAL}s")
    if lacking:
        raise source.refusal(
            f"has no axis {listed(lacking)}; poses of movement have time, space, keypoints, individuals"
        )
    return axes


def _values(source: Source, file: Hdf5, name: str, axes: Mapping[str, str], wanted: Sequence[str]) -> Array:
    """float64 of a dataset, its axes as `wanted`; that of parts of length 1 where the file has none."""
    there = [one for one in wanted if one in axes]
    numbers = {_number(file.attribute("_Netcdf4Dimid", of=axes[one])): one for one in there}
    order = file.attribute("_Netcdf4Coordinates", of=name)
    own = [one for one in (TIME, SPACE, PART, ANIMAL) if one in there]
    if not isinstance(order, list) or not all(isinstance(one, int) for one in order) or len(numbers) != len(there):
        order = None
    said = own if order is None else [numbers.get(one, "") for one in order]
    lengths = tuple(file.shapes[axes[one]][0] for one in said if one)
    if sorted(said) != sorted(there) or file.shapes[name] != lengths:
        expected = ", ".join(f"{axes[one]} {file.shapes[axes[one]][0]}" for one in own)
        raise source.refusal(f"{name} is {file.shapes[name]}, expected one axis for each of {expected}")
    found = _unpacked(file, name, file.array(name, len(there))).transpose([said.index(one) for one in there])
    return found if PART in axes else found[..., None]


@np.errstate(all="ignore")  # what is damaged may be any numbers
def _unpacked(file: Hdf5, name: str, found: Array) -> Array:
    """float64; numbers may be packed as whole ones, of which one stands for NaN."""
    numbers = {one: _number(file.attribute(one, of=name)) for one in ("_FillValue", "scale_factor", "add_offset")}
    values = found.astype(np.float64)
    if (fill := numbers["_FillValue"]) is not None:
        values[found == fill] = np.nan
    scale, offset = numbers["scale_factor"], numbers["add_offset"]
    return values * (1.0 if scale is None else scale) + (offset or 0.0)


def _number(found: Any) -> float | None:
    """The number of an attribute that is one, or a list of one."""
    one = found[0] if isinstance(found, list) and len(found) == 1 else found
    return one if isinstance(one, int | float) and abs(one) < 1e18 else None


def _has_values(file: Hdf5, name: str) -> bool:
    return not file.text("NAME", of=name).startswith(UNNAMED)


def _names(file: Hdf5, name: str, what: str) -> list[str]:
    """What stands on an axis, or numbered names where nothing does."""
    if not name:
        return [CENTROID]
    if _has_values(file, name):
        return file.texts(name)
    called = {ANIMAL: "animal", PART: "part"}.get(what, what)
    return [f"{called}{one}" for one in range(1, file.shapes[name][0] + 1)]


def _timed(source: Source, times: Array, unit: str, fps: float | None) -> Timeline:
    """The frames of the rows, by times (rows,) in `unit`."""
    if not np.isfinite(times).all() or (np.diff(times) <= 0).any() or times[0] < 0:
        raise source.refusal("its times are not numbers from 0 on that always rise")
    if unit == SECONDS and not fps:
        try:
            return timeline([Times(times)], from_zero=True)
        except ValueError as error:
            raise source.refusal(str(error)) from error
    places = times * fps if unit == SECONDS and fps else times
    if places[-1] >= LAST:
        raise source.refusal(f"its times end with frame {places[-1]:g}")
    off = np.abs(places - np.rint(places))
    if (off > REGULAR).any():
        at = int(off.argmax())
        each = f", of which there are {fps:g} a second" if unit == SECONDS else ""
        raise source.refusal(f"row {at + 1} is at {times[at]:g} {unit}, between two frames{each}")
    frames = np.rint(places).astype(np.int64)
    if (np.diff(frames) <= 0).any():
        raise source.refusal("two of its times are of one frame")
    return Timeline((frames,), int(frames[-1]) + 1, fps)
