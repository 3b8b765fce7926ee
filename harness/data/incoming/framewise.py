"""Tables with a row for each frame and a column for each behavior: 1 where it happens, 0 where it does not, -1 or
nothing where nobody looked.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from harness.files.source import Source
from harness.files.texts import Row
from harness.plugins.readers import Bout
from harness.recording import UNKNOWN, Array
from harness.words import shown

CELLS = {
    "1": 1,
    "1.0": 1,
    "0": 0,
    "0.0": 0,
    "-1": UNKNOWN,
    "-1.0": UNKNOWN,
    "": UNKNOWN,
    "nan": UNKNOWN,
    "NaN": UNKNOWN,
}
CELLS |= {"True": 1, "TRUE": 1, "true": 1, "False": 0, "FALSE": 0, "false": 0}
"""What a cell can hold."""

_FRAME = re.compile(r"[0-9]{1,9}(?:\.0*)?")

NOTHING = ("background", "other", "none", "base", "nothing")
"""Behaviors that are none."""


def is_framewise(rows: Sequence[Row], columns: Sequence[int]) -> bool:
    """Whether the first rows hold nothing else in these columns."""
    return bool(rows) and all(
        len(row.cells) > max(columns) and row.cells[at] in CELLS for row in rows for at in columns
    )


def labels_in(source: Source, names: Sequence[str], rows: Sequence[Row], columns: Sequence[int]) -> Array:
    """int8 (rows, columns) of 0, 1 and `UNKNOWN`; what is anything else is reported."""
    labels = np.zeros((len(rows), len(columns)), dtype=np.int8)
    for place, row in enumerate(rows):
        if len(row.cells) != len(names):
            source.report(f"has {len(row.cells)} cells, expected {len(names)}", line=row.number)
            continue
        for at, column in enumerate(columns):
            value = CELLS.get(row.cells[column])
            if value is None:
                said = (
                    f"{shown(names[column])}: {shown(repr(row.cells[column]), 40)}, expected 0 or 1, or -1 for unknown"
                )
                source.report(said, line=row.number)
            else:
                labels[place, at] = value
    source.settle()
    return labels


def check_order(source: Source, rows: Sequence[Row], column: int) -> None:
    """Report the first row whose number of a frame does not follow that before."""
    before: int | None = None
    for row in rows:
        cell = row.cells[column] if len(row.cells) > column else ""
        number = int(float(cell)) if _FRAME.fullmatch(cell) else -1
        if number < 0:
            source.report(f"{shown(repr(cell), 40)} is no number of a frame", line=row.number)
            return
        if before is None and number > 0:
            source.report(f"begins with frame {number}, expected 0", line=row.number)
            return
        if before is not None and number != before + 1:
            source.report(f"frame {number} after frame {before}, expected {before + 1}", line=row.number)
            return
        before = number


def bouts_of(behavior: str, there: Array, rows: Sequence[Row] = ()) -> Iterator[Bout]:
    """The runs of frames on which `there` (frames,) is true."""
    edges = np.flatnonzero(np.diff(there.astype(np.int8), prepend=0, append=0))
    for start, stop in edges.reshape(-1, 2).tolist():
        yield Bout(behavior, start, stop, line=rows[start].number if rows else 0)


def looked_at(behaviors: Sequence[str], labels: Array) -> tuple[Bout, ...] | None:
    """What is known of each behavior; None where all is."""
    if (labels != UNKNOWN).all():
        return None
    return tuple(bout for at, name in enumerate(behaviors) for bout in bouts_of(name, labels[:, at] != UNKNOWN))
