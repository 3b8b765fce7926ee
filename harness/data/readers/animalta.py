"""Coordinates of AnimalTA: a table with semicolons and a point for each animal, in pixels, `NA` where it was lost.

With a fixed number of animals in each arena a row is a frame, with columns `X_Arena0_Ind0`, `Y_Arena0_Ind0` and on;
where head and tail were told apart, these end in `_Head` and `_Tail`, and once corrected in `_part0` and `_part1`.
Otherwise a row is an animal on a frame: `Frame;Time;Arena;Ind;X;Y`. Frames are counted from 0 at the rate that AnimalTA
was told to track at, which may be less than that of the video, and begin where the video was cut. Times are rounded to
hundredths of a second, and garbled where a spreadsheet took 0.1 for a date.
"""

import re
from collections.abc import Iterator

import numpy as np

from harness.data.incoming.deeplabcut import frames_in
from harness.data.incoming.moments import APART
from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.unseen import unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, listed, shown

TOOL = "AnimalTA"

ROWS = ["Frame", "Time", "Arena", "Ind", "X", "Y"]

CENTROID, HEAD, TAIL = "centroid", "head", "tail"

ENDS = {"_Head": HEAD, "_Tail": TAIL, "_part0": HEAD, "_part1": TAIL}

NEAR = 0.0055
"""Seconds that a time may be off."""

_COLUMN = re.compile(r"([XY])_(Arena\d{1,4})_(.{1,80})")
_NAME = re.compile(r"(.+)_(?:coordinates|corrected)", re.DOTALL | re.IGNORECASE)

Key = tuple[str, str, str]
"""Arena, animal and part."""


def _header(source: Source) -> list[str]:
    return [cell.strip().strip('"') for cell in source.top_lines[0].split(";")]


def _knows(source: Source) -> bool:
    cells = _header(source)
    return cells == ROWS or (cells[:2] == ROWS[:2] and cells[2:3] != [] and _COLUMN.fullmatch(cells[2]) is not None)


@pose_reader("animalta", tool=TOOL, endings=(".csv",), recognises=_knows)
def animalta(source: Source) -> Iterator[Tracks]:
    if _header(source) == ROWS:
        frames, times, points = _by_animal(source)
    else:
        frames, times, points = _by_frame(source)
    arenas = list(dict.fromkeys(arena for arena, _, _ in points))
    names = {
        (arena, animal): animal if len(arenas) == 1 else f"{arena}_{animal}" for arena, animal, _ in points
    }  # as each arena begins with Ind0
    animals, parts = list(names), list(dict.fromkeys(part for _, _, part in points))
    seen: dict[tuple[str, str], list[Array]] = {one: [] for one in animals}
    for (arena, animal, _), xy in points.items():
        seen[arena, animal].append(frames[~np.isnan(xy).any(axis=1)])
    way_out = "track a fixed number of animals, or put them together in AnimalTA"
    refuse_pieces(source, [np.unique(np.concatenate(one)) for one in seen.values()], way_out)
    keypoints, _ = unseen(source, int(frames[-1]) + 1, len(animals), len(parts), rows=len(frames))
    for (arena, animal, part), xy in points.items():
        lost = np.isnan(xy).any(axis=1, keepdims=True)
        with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
            keypoints[frames, animals.index((arena, animal)), :, parts.index(part)] = np.where(lost, np.nan, xy)
    rate = _rate(frames, times)
    match = _NAME.fullmatch(source.path.stem)
    notes = [f"of {counted(len(arenas), 'arena')}: {listed(arenas)}"] if len(arenas) > 1 else []
    if rate is None:
        notes.append("its times do not tell how many frames there are a second")
    yield Tracks(
        tool=TOOL,
        animals=tuple(names.values()),
        parts=tuple(parts),
        keypoints=keypoints,
        video=match[1] if match else "",
        fps=rate,
        notes=tuple(notes),
    )


def _by_frame(source: Source) -> tuple[Array, Array, dict[Key, Array]]:
    """Frames, times and points (rows, xy)."""
    cells = _header(source)
    places: dict[Key, dict[str, int]] = {}
    for place, cell in enumerate(cells[2:], start=2):
        match = _COLUMN.fullmatch(cell)
        if match is None:
            source.report(f"column {place + 1} is {shown(repr(cell), 60)}, expected X_Arena0_Ind0 or such", line=1)
            continue
        animal, part = _part(match[3])
        if places.setdefault((match[2], animal, part), {}).setdefault(match[1], place) != place:
            source.report(f"column {place + 1} is {shown(cell)} again", line=1)
    for (arena, animal, _), one in places.items():
        if lacking := [axis for axis in "XY" if axis not in one]:
            source.report(f"has no {lacking[0]} of {shown(animal)} in {arena}", line=1)
    source.settle()
    values = source.numbers(1, ";", len(cells))
    if not len(values):
        raise source.refusal("has names of columns and no frames")
    frames = frames_in(source, values[:, 0], 2)
    return frames, values[:, 1], {key: values[:, [one["X"], one["Y"]]] for key, one in places.items()}


def _by_animal(source: Source) -> tuple[Array, Array, dict[Key, Array]]:
    """The same of a table with a row for each animal on a frame."""
    found: dict[Key, dict[int, tuple[float, float]]] = {}
    times: dict[int, float] = {}
    for row in source.table(";").rows[1:]:
        cells = row.cells
        numbers = [_number(cells[place]) for place in (0, 1, 4, 5)] if len(cells) == len(ROWS) else [None]
        if None in numbers or not (frame := numbers[0] or 0.0).is_integer() or not 0 <= frame < 2**31:
            source.report(f"{shown(repr(';'.join(cells)), 60)} is not {', '.join(ROWS)}", line=row.number)
            continue
        animal, part = _part(f"Ind{cells[3]}" if cells[3].isdigit() else cells[3])
        rows = found.setdefault((f"Arena{cells[2]}", animal, part), {})
        if int(frame) in rows:
            source.report(f"{shown(animal)} is on frame {frame:.0f} twice, expected once", line=row.number)
        rows[int(frame)] = (numbers[2] or 0.0, numbers[3] or 0.0)
        times[int(frame)] = numbers[1] or 0.0
    source.settle()
    if not found:
        raise source.refusal("has names of columns and no frames")
    frames = np.array(sorted(times))
    points: dict[Key, Array] = {}
    for key, rows in found.items():
        points[key] = np.full((len(frames), 2), np.nan)
        points[key][np.searchsorted(frames, list(rows))] = list(rows.values())
    return frames, np.array([times[one] for one in frames.tolist()]), points


def _number(cell: str) -> float | None:
    """NaN for NA; None for no number."""
    if cell in ("NA", "nan", "NaN"):
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return None


def _part(name: str) -> tuple[str, str]:
    """Animal and part."""
    return next(((name.removesuffix(end), part) for end, part in ENDS.items() if name.endswith(end)), (name, CENTROID))


@np.errstate(all="ignore")  # what is damaged may be any numbers
def _rate(frames: Array, times: Array) -> float | None:
    """Frames a second, which times that are rounded may not tell; a whole number where it may be just one."""
    last = float(times[-1])
    if not 0 < last < np.inf or not frames[-1]:
        return None
    rate = float(frames[-1]) / last
    off = rate * NEAR / last
    lowest, highest = np.ceil(rate - off), np.floor(rate + off)
    if off > rate * APART and lowest != highest:
        return None
    rate = float(lowest) if lowest == highest > 0 else round(rate, 4)
    return rate if bool((np.abs(times - frames / rate) <= 2 * NEAR).all()) else None
