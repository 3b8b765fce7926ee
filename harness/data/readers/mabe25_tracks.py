"""Tracks of Kaggle's MABe challenge of 2025: a row for each part of each mouse that was seen on a frame."""

from collections.abc import Iterator

import numpy as np

from harness.data.entry import MOST_ANIMALS, MOST_PARTS
from harness.data.incoming.mabe25 import TOOL, about, mouse
from harness.data.incoming.unseen import is_too_sparse, unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, shown

MOST = 1 << 31
"""Of frames, and of numbers of mice."""

COLUMNS = ("video_frame", "mouse_id", "bodypart", "x", "y")


def _knows(source: Source) -> bool:
    return set(COLUMNS) <= set(source.columns)


@pose_reader("mabe25_tracks", tool=TOOL, endings=(".parquet",), recognises=_knows)
def mabe25_tracks(source: Source) -> Iterator[Tracks]:
    """All mice of a video. Frames count from 0; what was not seen has no row, or in some labs is at (0, 0)."""
    with source.parquet() as table:
        frame, number = (_whole(source, table.numbers(name), name) for name in ("video_frame", "mouse_id"))
        parts, part = table.words("bodypart")
        points = np.stack([table.numbers("x"), table.numbers("y")], axis=1)  # (rows, xy)
    if (part < 0).any():
        source.report(f"row {int((part < 0).argmax()) + 1}: has no bodypart")
    if not len(frame):
        source.report("has no rows")
    source.settle()
    numbers, animal = np.unique(number, return_inverse=True)
    if len(numbers) > MOST_ANIMALS or len(parts) > MOST_PARTS:
        has = f"{counted(len(numbers), 'animal')} and {counted(len(parts), 'part')}"
        raise source.refusal(f"has {has}, expected at most {MOST_ANIMALS} and {MOST_PARTS:,}")
    frames, most = int(frame.max()) + 1, int(np.bincount(animal * len(parts) + part).max())
    if is_too_sparse(frames, most):
        raise source.refusal(f"speaks of {counted(frames, 'frame')}, but no part has more than {counted(most, 'row')}")
    _report_doubles(source, frame, number, parts, part)
    source.settle()
    said = about(source)
    with np.errstate(over="ignore", invalid="ignore"):
        points = points.astype(np.float32)
    nowhere = (points == 0).all(axis=1)
    points[nowhere | np.isnan(points).any(axis=1)] = np.nan
    keypoints, _ = unseen(source, frames, len(numbers), len(parts))
    keypoints[frame, animal, :, part] = points
    notes = [said.note] if said.note else []
    if nowhere.any():
        notes.append(f"{counted(int(nowhere.sum()), 'point')} at (0, 0), taken as not seen")
    yield Tracks(
        tool=TOOL,
        animals=tuple(map(mouse, numbers.tolist())),
        parts=tuple(parts),
        keypoints=keypoints,
        fps=said.fps,
        image_size=said.image_size,
        pixels_per_cm=said.pixels_per_cm,
        ends_early=True,
        notes=tuple(notes),
    )


def _whole(source: Source, numbers: Array, name: str) -> Array:
    """int64 (rows,) of numbers that should be whole; what is wrong is reported."""
    wrong = ~((numbers >= 0) & (numbers < MOST) & (numbers == np.floor(numbers)))
    if wrong.any():
        row = int(wrong.argmax())
        source.report(f"row {row + 1}: {name} is {numbers[row]:g}, expected a whole number from 0 on")
    return np.where(wrong, 0, numbers).astype(np.int64)


def _report_doubles(source: Source, frame: Array, number: Array, parts: list[str], part: Array) -> None:
    order = np.lexsort((part, number, frame))
    keys = np.stack([frame, number, part])[:, order]
    twice = np.flatnonzero((keys[:, 1:] == keys[:, :-1]).all(axis=0))
    if len(twice):
        at, of, which = keys[:, twice[0]].tolist()
        where = f"{shown(parts[which])} of {mouse(of)} on frame {at:,}"
        source.report(f"{counted(len(twice), 'row')} too many: {where} is there more than once")
