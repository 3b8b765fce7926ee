"""What the columns of DeepLabCut's tables are, whichever file they are in, and the tracks that they come to.

Columns have levels: scorer, individuals where there are several animals, bodyparts, coords. What all animals share,
such as the corners of the arena, is of the individual `single`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.incoming.films import middle
from harness.data.incoming.unseen import unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks
from harness.recording import Array
from harness.words import counted, listed, shown

SCORER, INDIVIDUALS, PARTS, COORDS = "scorer", "individuals", "bodyparts", "coords"
X, Y, Z, LIKELIHOOD = "x", "y", "z", "likelihood"
SINGLE = "single"
"""The individual that parts are of which no animal has."""

ALONE = "animal1"
"""What the animal of a table without individuals is called."""

PICKLES = ("_full.pickle", "_meta.pickle", "_assemblies.pickle", "_el.pickle", "_bx.pickle", "_sk.pickle")
"""What the names of files end in that are kept on the way to tracks."""

SURE = 0.1
"""Likelihood from which on a place is where it was seen."""


@dataclass(frozen=True, slots=True)
class Column:
    animal: str
    part: str
    coord: str


def columns_of(source: Source, levels: Mapping[str, Sequence[str]], line: int | None = None) -> list[Column]:
    """The columns by the levels of their names. Raises `DataError` for what are no tracks in two dimensions."""
    for level in (PARTS, COORDS):
        if level not in levels:
            raise source.refusal(
                f"has no row of {level}, expected {SCORER}, {INDIVIDUALS} (or none), {PARTS}, {COORDS}"
            )
    count = len(levels[COORDS])
    for level, names in levels.items():
        if len(names) != count:
            source.report(f"has {len(names):,} {level} for {count:,} {COORDS}, expected as many", line=line)
    source.settle()
    animals = levels.get(INDIVIDUALS, [ALONE] * count)
    found = [Column(*one) for one in zip(animals, levels[PARTS], levels[COORDS], strict=True)]
    if any(one.coord == Z for one in found):
        raise source.refusal("holds poses in three dimensions (x, y, z); only tracks in the picture are read")
    taken: dict[Column, int] = {}
    for place, one in enumerate(found, start=2):
        if taken.setdefault(one, place) != place:
            source.report(f"column {place} is {_named(one)} again, as column {taken[one]} is", line=line)
        if not one.part or one.part.startswith("Unnamed:") or not one.animal or one.animal.startswith("Unnamed:"):
            source.report(f"column {place} has no name of a part", line=line)
    source.settle()
    for one in dict.fromkeys(Column(one.animal, one.part, "") for one in found):
        if lacking := [c for c in (X, Y) if Column(one.animal, one.part, c) not in taken]:
            source.report(f"{_named(one)} has no {' and no '.join(lacking)}", line=line)
    if not found:
        source.report("has no columns of parts", line=line)
    source.settle()
    return found


def tracks_of(
    source: Source, columns: Sequence[Column], frames: Array, values: Array, *, tool: str, ends_early: bool
) -> Tracks:
    """The tracks in `values` (rows, columns), whose rows are of `frames`, int64 (rows,) in growing order.

    A point is missing where a coordinate is NaN, or where x, y and likelihood are 0.
    """
    length = int(frames[-1]) + 1
    animals = tuple(dict.fromkeys(one.animal for one in columns if one.animal != SINGLE)) or (SINGLE,)
    parts = tuple(dict.fromkeys(one.part for one in columns if one.animal in animals))
    place = {one: at for at, one in enumerate(columns)}
    keypoints, confidence = unseen(source, length, len(animals), len(parts))
    sure = all(Column(one.animal, one.part, LIKELIHOOD) in place for one in columns)
    others = dict.fromkeys(one.coord for one in columns if one.coord not in (X, Y, LIKELIHOOD))
    places: dict[str, tuple[float, float]] = {}
    for one in dict.fromkeys(Column(one.animal, one.part, "") for one in columns):
        x, y = (values[:, place[Column(one.animal, one.part, c)]] for c in (X, Y))
        likelihood = values[:, place[Column(one.animal, one.part, LIKELIHOOD)]] if sure else np.ones(len(x))
        gone = np.isnan(x) | np.isnan(y) | ((x == 0) & (y == 0) & (likelihood == 0))
        xy = np.where(gone, np.nan, np.stack([x, y]))  # (xy, rows)
        if one.animal not in animals:
            places[one.part] = middle(xy.T[likelihood >= SURE])
            continue
        animal, part = animals.index(one.animal), parts.index(one.part)
        with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
            keypoints[frames, animal, :, part] = xy.T
            confidence[frames, animal, part] = np.where(gone, 0.0, likelihood)
    np.nan_to_num(confidence, copy=False, nan=0.0)
    notes = []
    if places:
        notes.append(f"{counted(len(places), 'part')} of no animal, kept as places: {listed(places, 5)}")
    if others:
        notes.append(f"columns that are not read: {listed(others, 5)}")
    if gaps := length - len(frames):
        notes.append(f"{counted(gaps, 'frame')} without a row, where nothing was seen")
    return Tracks(
        tool=tool,
        animals=animals,
        parts=parts,
        keypoints=keypoints,
        confidence=confidence if sure else None,
        places=places,
        ends_early=ends_early,
        notes=tuple(notes),
    )


def _named(one: Column) -> str:
    of = "" if one.animal == ALONE else f" of {shown(one.animal)}"
    return f"{shown(repr(one.part))}{of}{f', {shown(one.coord)},' if one.coord else ''}"


def frames_in(source: Source, index: Array, first_line: int | None = None) -> Array:
    """The frames of rows, int64, from their index. Raises `DataError` where they are none, or not in order."""
    bad = np.flatnonzero(~np.isfinite(index) | (index < 0) | (index != np.floor(index)))
    if len(bad):
        at = int(bad[0])
        line = None if first_line is None else first_line + at
        raise source.refusal(f"the row begins with {index[at]:g}, expected the number of a frame from 0 on", line=line)
    steps = np.diff(index)
    if (wrong := np.flatnonzero(steps <= 0)).size:
        at = int(wrong[0]) + 1
        line = None if first_line is None else first_line + at
        what = "again" if steps[at - 1] == 0 else f"after frame {index[at - 1]:,.0f}"
        raise source.refusal(f"frame {index[at]:,.0f} {what}, expected frames in order, each once", line=line)
    if len(index) and index[-1] >= max(MOST_APART * len(index), MOST_APART):
        raise source.refusal(f"ends with frame {index[-1]:,.0f}, though it has {counted(len(index), 'row')}")
    return index.astype(np.int64)


MOST_APART = 1000
"""Frames to each row, beyond which the numbers of frames are taken for damaged."""
