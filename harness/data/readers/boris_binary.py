"""Binary tables: a row for each moment, its time in seconds, then 0 or 1 for each behavior.

BORIS writes them, one file an observation and subject, of a behavior with modifiers as `code (modifier)`; point events
are counted, so there can be a 2. A-SOiD reads and writes the same, with a column `other`. A row is of the time until
the next.
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from harness.data.incoming.boris import LOOKED_AT
from harness.data.incoming.tabular import tables_of
from harness.files.source import Source
from harness.files.texts import Row, Table
from harness.plugins.readers import SECONDS, Annotations, Bout, annotation_reader
from harness.recording import Array
from harness.words import shown

NOTHING = ("other", "background", "none")
"""Columns that say that nothing happens."""

COARSE = 0.05
"""Seconds from one row to the next, above which bouts may be lost between them."""

ROUNDED = 0.0011
"""Seconds, by which a time that was rounded to thousandths may be off."""


def _knows(source: Source) -> bool:
    for table in tables_of(source, top=True):
        if len(table.rows) > 1 and len(table.rows[0].cells) > 1 and table.rows[0].cells[0] == "time":
            return all(re.fullmatch(r"\d{0,4}(\.0*)?", cell) for cell in table.rows[1].cells[1:])
    return False


@annotation_reader("boris_binary", tool="BORIS or A-SOiD", endings=(".csv", ".tsv", ".txt", ".xlsx"), recognises=_knows)
def boris_binary(source: Source) -> Iterator[Annotations]:
    table = tables_of(source)[0]
    names, rows = table.rows[0].cells, table.rows[1:]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            source.report(f"column {shown(repr(name))} is there {names.count(name)} times, expected once", line=1)
    source.settle()
    times, there = _numbers(source, table, rows)
    interval = _interval(source, times, rows)
    behaviors = list(dict.fromkeys(re.sub(r" \(.*\)$", "", name) for name in names[1:] if name.lower() not in NOTHING))
    if not behaviors:
        raise source.refusal("has no column of a behavior", line=1)
    if LOOKED_AT in behaviors:
        raise source.refusal(f"does not say for what was {LOOKED_AT}; give the project, or its tabular events", line=1)
    bouts: list[Bout] = []
    for behavior in behaviors:
        columns = [place for place, name in enumerate(names[1:]) if re.sub(r" \(.*\)$", "", name) == behavior]
        edges = np.flatnonzero(np.diff((there[:, columns] > 0).any(axis=1).astype(np.int8), prepend=0, append=0))
        for start, stop in edges.reshape(-1, 2).tolist():
            begin, end = float(times[0] + start * interval), float(times[0] + stop * interval)
            bouts.append(Bout(behavior, begin, end, line=rows[start].number))
    length = float(times[0] + len(times) * interval)
    coarse = f"sampled every {interval:.4g} s: bouts shorter than that may be lacking"
    yield Annotations(
        tool="BORIS or A-SOiD",
        unit=SECONDS,
        bouts=tuple(bouts),
        length=length,
        behaviors=tuple(behaviors),
        notes=(coarse,) if interval > COARSE else (),
    )


def _numbers(source: Source, table: Table, rows: Sequence[Row]) -> tuple[Array, Array]:
    """Times (rows,) and what happens (rows, columns)."""
    width = len(table.rows[0].cells)
    values = np.zeros((len(rows), width))
    for at, row in enumerate(rows):
        if len(row.cells) != width:
            source.report(f"has {len(row.cells)} cells, expected {width}", line=row.number)
            continue
        for place, cell in enumerate(row.cells):
            wanted = r"\d{1,12}(\.\d{1,12})?(e-?\d{1,2})?" if not place else r"\d{1,4}(\.0*)?"
            if re.fullmatch(wanted, cell):
                values[at, place] = float(cell)
            else:
                expected = "seconds" if not place else "0 or 1"
                name = table.rows[0].cells[place]
                source.report(f"{shown(name)}: {shown(repr(cell), 40)}, expected {expected}", line=row.number)
    source.settle()
    return values[:, 0], values[:, 1:]


def _interval(source: Source, times: Array, rows: Sequence[Row]) -> float:
    """Seconds from one row to the next: all of them together tell it better than two that were rounded."""
    if len(times) < 2:
        raise source.refusal("has fewer than two rows, which do not tell how far they are apart")
    interval = float(times[-1] - times[0]) / (len(times) - 1)
    if interval <= 0:
        raise source.refusal(f"its times go from {times[0]:g} to {times[-1]:g} s, expected rising ones")
    off = np.abs(times - (times[0] + interval * np.arange(len(times)))) > ROUNDED + 0.01 * interval
    if off.any():
        at = int(np.flatnonzero(off)[0])
        raise source.refusal(f"time {times[at]:g} s is not {interval:.4g} s after that before", line=rows[at].number)
    rate = 1 / interval
    whole = round(rate, 0) if abs(rate - round(rate)) < rate * ROUNDED / max(times[-1], 1.0) else rate
    return 1 / whole
