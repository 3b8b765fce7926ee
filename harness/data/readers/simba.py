"""Tables of SimBA (`targets_inserted`): a row for each frame, in which stand the tracks, with columns PART_x, PART_y,
PART_p, perhaps features, and then a column of 0 and 1 for each behavior.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.data.incoming.deeplabcut import ALONE, LIKELIHOOD, Column, X, Y, frames_in, tracks_of
from harness.data.incoming.framewise import bouts_of, check_order, is_framewise, labels_in
from harness.files.source import Source
from harness.files.texts import table_in
from harness.plugins.readers import FRAMES, Annotations, Tracks, annotation_reader, pose_reader
from harness.words import counted

TOOL = "SimBA"

COORDS = {"_x": X, "_y": Y, "_p": LIKELIHOOD}

LOOKED_AT = 20
"""Rows that tell which columns are of behaviors."""


def _header(source: Source) -> list[str]:
    return [cell.strip().strip('"') for cell in source.top_lines[0].split(",")]


def _is_table(source: Source) -> bool:
    names = _header(source)
    first = 1 if names[0] in ("", "Unnamed: 0") else 0
    return len(names) > first + 2 and all(
        name.endswith(end) and name[:-2] == names[first][:-2]
        for name, end in zip(names[first : first + 3], COORDS, strict=True)
    )


def _behaviors(source: Source) -> list[int]:
    """The last columns, as far as they hold 0 and 1 alone and are no part of a track."""
    names = _header(source)
    found: list[int] = []
    lines = "\n".join(source.top_lines[1 : min(LOOKED_AT + 1, len(source.top_lines) - 1)])
    try:
        rows = table_in(lines, ",").rows
    except ValueError:
        return []
    for place in reversed(range(len(names))):
        if names[place].endswith(tuple(COORDS)) or not is_framewise(rows, [place]):
            break
        found.insert(0, place)
    return found


@pose_reader("simba", tool=TOOL, endings=(".csv",), recognises=_is_table)
def simba(source: Source) -> Iterator[Tracks]:
    """All parts as of one animal, since nothing says where the name of a part ends and that of an animal begins."""
    names = _header(source)
    values = source.numbers(1, ",", len(names))
    if not len(values):
        raise source.refusal("has names of columns and no frames")
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise source.refusal(f"column {twice[0]!r} is there {names.count(twice[0])} times, expected once", line=1)
    tracked = [
        place for place, name in enumerate(names) if name.endswith(tuple(COORDS)) and _is_whole(name[:-2], names)
    ]
    columns = [Column(ALONE, names[place][:-2], COORDS[names[place][-2:]]) for place in tracked]
    indexed = names[0] in ("", "Unnamed: 0")
    frames = frames_in(source, values[:, 0] if indexed else np.arange(len(values), dtype=np.float64), 2)
    yield tracks_of(source, columns, frames, values[:, tracked], tool=TOOL, ends_early=False)


def _is_whole(part: str, names: Sequence[str]) -> bool:
    return all(f"{part}{end}" in names for end in COORDS)


@annotation_reader(
    "simba", tool=TOOL, endings=(".csv",), recognises=lambda source: _is_table(source) and bool(_behaviors(source))
)
def simba_labels(source: Source) -> Iterator[Annotations]:
    """The behaviors in the last columns."""
    first, *rows = source.table(",").rows
    columns = _behaviors(source)
    if not rows:
        raise source.refusal("has names of columns and no frames")
    if first.cells[0] in ("", "Unnamed: 0"):
        check_order(source, rows, 0)
    labels = labels_in(source, first.cells, rows, columns)
    behaviors = tuple(first.cells[place] for place in columns)
    yield Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=tuple(bout for at, name in enumerate(behaviors) for bout in bouts_of(name, labels[:, at] == 1, rows)),
        length=len(rows),
        behaviors=behaviors,
        notes=(f"the last {counted(len(behaviors), 'column')} taken for behaviors",),
    )
