"""Trajectories of idtracker.ai: one point an animal, in pixels of the video from the top left, NaN where it was lost.

They are exported as csv, with what is known of them in `attributes.json` beside it, as h5, and as a pickled dict (npy).
A row is a frame, from 0. All files of all videos are called `trajectories`: the video is called as `video_paths` says,
and where that is missing, or names several that were put together, as the folder (`session_NAME`) is.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from harness.data.incoming.pieces import refuse_pieces
from harness.data.pickles import MAGIC, read_pickled_npy
from harness.errors import DataError
from harness.files.source import Source
from harness.plugins.readers import XY, Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, shown

TOOL = "idtracker.ai"

PART = "centroid"

ATTRIBUTES = "attributes.json"

POSITIONS, RATE, NAMES, VIDEOS = "trajectories", "frames_per_second", "identities_labels", "video_paths"

OWN_NAMES = re.compile(r"(trajectories|validated|with_gaps|without_gaps)\w*", re.IGNORECASE)
"""What its files and folders are called, whatever the video is."""

NEAR = 0.0015
"""Seconds that a time may be off, as they are rounded to milliseconds."""

WAY_OUT = "idtrackerai_format --formats h5 writes an h5 file of it, which is read"

_HEADER = re.compile(r"seconds((,x\d{1,4},y\d{1,4})+)\s*")


def _header(source: Source) -> str:
    return source.top_lines[0].replace(" ", "").replace('"', "").strip()


@pose_reader(
    "idtracker_csv",
    tool=TOOL,
    endings=(".csv",),
    recognises=lambda source: _HEADER.fullmatch(_header(source)) is not None,
)
def idtracker_csv(source: Source) -> Iterator[Tracks]:
    """`seconds`, and x and y of each animal."""
    cells = _header(source).split(",")
    animals = (len(cells) - 1) // XY
    if cells[1:] != [f"{axis}{one}" for one in range(1, animals + 1) for axis in "xy"]:
        raise source.refusal(f"its columns are not seconds, x1, y1 and on up to x{animals}, y{animals}", line=1)
    values = source.numbers(1, ",", len(cells))
    if not len(values):
        raise source.refusal("has names of columns and no frames")
    said = _beside(source)
    rate = _rate(source, said) or _rate_of(values[:, 0])
    _check_times(source, values[:, 0], rate)
    source.settle()
    yield _tracks(source, values[:, 1:].reshape(len(values), animals, XY), said, rate)


def _beside(source: Source) -> Mapping[str, Any]:
    """What `attributes.json` says; nothing where there is none."""
    path = source.path.with_name(ATTRIBUTES)
    if not os.path.exists(path):
        return {}
    try:
        found = Source.at(path).json()
    except DataError as error:
        raise source.refusal(f"{ATTRIBUTES} beside it: {error.lines[0].removeprefix(f'{path}: ')}") from error
    if not isinstance(found, dict):
        raise source.refusal(f"{ATTRIBUTES} beside it: holds no names with values")
    return found


def _rate_of(seconds: Array) -> float | None:
    """Frames a second by times that are rounded; a whole number where it may be one."""
    last = float(seconds[-1] - seconds[0])
    if len(seconds) < 2 or not 0 < last < np.inf:
        return None
    rate = (len(seconds) - 1) / last
    return float(round(rate)) if abs(rate - round(rate)) <= rate * NEAR / last else round(rate, 4)


def _check_times(source: Source, seconds: Array, rate: float | None) -> None:
    if rate is None:
        return
    wanted = np.arange(len(seconds)) / rate
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(seconds - wanted) <= NEAR + 1e-4 * wanted))
    if len(bad):
        at = int(bad[0])
        told = f"is at {seconds[at]:g} s, expected {wanted[at]:.3f} s, as frame {at} of {rate:g} a second"
        source.report(told, line=at + 2)


@pose_reader(
    "idtracker_h5",
    tool=TOOL,
    endings=(".h5", ".hdf5"),
    recognises=lambda source: source.shapes.get(POSITIONS, ())[2:] == (XY,),
)
def idtracker_h5(source: Source) -> Iterator[Tracks]:
    with source.hdf5() as file:
        positions = file.array(POSITIONS, 3)
        said: dict[str, Any] = {RATE: file.attribute(RATE)}
        for name in (NAMES, VIDEOS):
            said[name] = file.texts(name) if name in file else file.attribute(name)
    rate = _rate(source, said)
    source.settle()
    yield _tracks(source, positions, said, rate)


@pose_reader(
    "idtracker_npy",
    tool=TOOL,
    endings=(".npy",),
    recognises=lambda source: source.head.startswith(MAGIC) and POSITIONS.encode() in source.head[:1000],
)
def idtracker_npy(source: Source) -> Iterator[Tracks]:
    """Nothing of the pickle is run: where it holds more than data and arrays, it is refused."""
    try:
        said = read_pickled_npy(source.path)
    except DataError as error:
        raise source.refusal(f"{error.lines[0].removeprefix(f'{source.path}: ')[:300]}; {WAY_OUT}") from error
    positions = said.get(POSITIONS) if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(positions, np.ndarray):
        raise source.refusal(f"holds no dict with an array of {POSITIONS}")
    if positions.ndim != 3 or positions.shape[2] != XY or positions.dtype.kind not in "iuf":
        found = f"{shown(str(positions.dtype))} {positions.shape}"
        raise source.refusal(f"{POSITIONS} is {found}, expected numbers (frames, animals, {XY})")
    said = {VIDEOS: said.get("video_path"), **said}  # as versions before 5 call it
    rate = _rate(source, said)
    source.settle()
    yield _tracks(source, positions, said, rate)


def _rate(source: Source, said: Mapping[str, Any]) -> float | None:
    found = said.get(RATE)
    if found is None:
        return None
    if not isinstance(found, int | float | np.integer | np.floating) or found is True or not 0 < found < 1e6:
        source.report(f"{RATE} is {shown(repr(found), 40)}, expected a number above 0")
        return None
    return float(found)


def _tracks(source: Source, positions: Array, said: Mapping[str, Any], rate: float | None) -> Tracks:
    """From positions (frames, animals, xy)."""
    frames, animals, _ = positions.shape
    if not frames or not animals:
        raise source.refusal(f"holds {counted(frames, 'frame')} of {counted(animals, 'animal')}")
    with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
        keypoints = positions.astype(np.float32)[..., None]  # (frames, animals, xy, parts)
    seen = np.asarray(~np.isnan(keypoints).any(axis=(2, 3)))
    keypoints[~seen] = np.nan
    way_out = "track them with identities in idtracker.ai"
    refuse_pieces(source, [np.flatnonzero(seen[:, one]) for one in range(animals)], way_out)
    videos = _texts(said.get(VIDEOS))
    names = _texts(said.get(NAMES))
    numbered = [str(one) for one in range(1, animals + 1)]
    notes = [f"of {counted(len(videos), 'video')}, one after the other"] if len(videos) > 1 else []
    if len(set(names)) != animals or len(names) != animals or not all(one.strip() for one in names):
        if names:
            notes.append(f"{NAMES} are not {counted(animals, 'name')}, each of one animal, so they go by their numbers")
        names = numbered
    if rate is not None and rate != said.get(RATE):
        notes.append(f"says no frames a second; by the times of its rows they are {rate:g}")
    return Tracks(
        tool=TOOL,
        animals=tuple(names),
        parts=(PART,),
        keypoints=keypoints,
        video=PureWindowsPath(videos[0]).stem if len(videos) == 1 else _folder(source.path),
        fps=rate,
        notes=tuple(notes),
    )


def _texts(found: Any) -> Sequence[str]:
    """A list of text, or one; nothing where it is something else."""
    every = found if isinstance(found, list | tuple) else [found]
    decoded = [one.decode(errors="replace") if isinstance(one, bytes) else one for one in every]
    return [one for one in decoded if isinstance(one, str)] if all(isinstance(one, str) for one in decoded) else []


def _folder(path: Path) -> str:
    """What the session is called, by the folders that a file is in; empty where the file itself has a name."""
    if not OWN_NAMES.fullmatch(path.stem):
        return ""
    folders = (one.name for one in Path(os.path.abspath(path)).parents)
    return next((one.removeprefix("session_") for one in folders if not OWN_NAMES.fullmatch(one)), "")
