"""Plain tables with a row for each frame: a column of 0 and 1 for each behavior, or one column with its name.

There may be a column with the number of the frame before them. -1, or an empty cell beside columns of 0 and 1, is a
frame that nobody looked at. In a column of names an empty cell, and what is called `other`, `background` or `none`, is
no behavior.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.data.incoming.framewise import NOTHING, bouts_of, check_order, is_framewise, labels_in, looked_at
from harness.data.incoming.tabular import tables_of
from harness.files.source import Source
from harness.files.texts import Row, Table
from harness.plugins.readers import FRAMES, Annotations, annotation_reader
from harness.words import shown

TOOL = "a table of frames"

INDEX = ("", "frame", "frames", "frame_number", "frame_index", "index", "unnamed: 0")
"""What the column of frame numbers is called, in small letters."""

NAMES = ("behavior", "behaviour", "label", "action", "annotation", "class")
"""What a column of names is called."""

LOOKED_AT = 20
"""Rows that tell what a table is."""


def _columns(table: Table) -> tuple[int, ...] | None:
    """The columns of behaviors, or the one of names; None where it is another table."""
    if len(table.rows) < 2:
        return None
    names = table.rows[0].cells
    indexed = names[0].lower() in INDEX
    columns = tuple(range(int(indexed), len(names)))
    if not columns or "background" in names[:2] or names[0] == "time":  # DeepEthogram, BORIS
        return None
    if len(columns) == 1 and names[columns[0]].lower() in NAMES:
        return columns
    known = all(name and not name.replace(".", "").isdigit() for name in names[int(indexed) :])
    return columns if known and is_framewise(table.rows[1 : LOOKED_AT + 1], columns) else None


def _knows(source: Source) -> bool:
    tables = tables_of(source, top=True)
    return bool(tables) and _columns(tables[0]) is not None


@annotation_reader("frames_csv", tool=TOOL, endings=(".csv", ".tsv", ".xlsx"), recognises=_knows)
def frames_csv(source: Source) -> Iterator[Annotations]:
    table = tables_of(source)[0]
    columns = _columns(tables_of(source, top=True)[0])
    assert columns is not None
    names, rows = table.rows[0].cells, table.rows[1:]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            source.report(f"column {shown(repr(name))} is there {names.count(name)} times, expected once", line=1)
    source.settle()
    if columns[0] == 1:
        check_order(source, rows, 0)
    if len(columns) == 1 and names[columns[0]].lower() in NAMES:
        yield _of_names(source, rows, columns[0])
        return
    labels = labels_in(source, names, rows, columns)
    chosen = [at for at, column in enumerate(columns) if names[column].lower() not in NOTHING]
    behaviors = [names[columns[at]] for at in chosen]
    if not behaviors:
        raise source.refusal("has no column of a behavior", line=1)
    labels = labels[:, chosen]
    yield Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=tuple(bout for at, name in enumerate(behaviors) for bout in bouts_of(name, labels[:, at] == 1, rows)),
        length=len(rows),
        behaviors=tuple(behaviors),
        looked_at=looked_at(behaviors, labels),
    )


def _of_names(source: Source, rows: Sequence[Row], column: int) -> Annotations:
    cells = []
    for row in rows:
        if len(row.cells) <= column:
            source.report(f"has {len(row.cells)} cells, expected {column + 1}", line=row.number)
        cells.append(row.cells[column] if len(row.cells) > column else "")
    source.settle()
    names = np.array(cells)
    behaviors = [name for name in dict.fromkeys(cells) if name and name.lower() not in NOTHING]
    bouts = tuple(bout for name in behaviors for bout in bouts_of(name, names == name, rows))
    return Annotations(tool=TOOL, unit=FRAMES, bouts=bouts, length=len(rows))
