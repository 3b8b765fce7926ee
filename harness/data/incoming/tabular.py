"""Tables of annotators, whichever kind of file they are in: rows by the names of their columns."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harness.files.source import Source
from harness.files.texts import Table, separator_of, table_in
from harness.words import listed, shown


@dataclass(frozen=True, slots=True)
class Cells:
    """One row."""

    cells: Mapping[str, str]
    """Column to content; one that the table lacks is not in it."""
    line: int
    source: Source

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def get(self, column: str, otherwise: str = "") -> str:
        return self.cells.get(column, otherwise)

    def number(self, column: str) -> float | None:
        """A number, with a point or a comma for decimals; None, with a problem, where there is none."""
        cell = self[column]
        if re.fullmatch(r"[-+]?\d{1,15}([.,]\d{1,15})?([eE][-+]?\d{1,3})?", cell):
            value = float(cell.replace(",", "."))
            if math.isfinite(value):
                return value
        found = shown(repr(cell), 40) if cell else "nothing"
        self.source.report(f"{column}: {found}, expected a number", line=self.line)
        return None


def tables_of(source: Source, *, top: bool = False) -> list[Table]:
    """The sheets of an xlsx file, or the one table that a text is; with `top` what the text begins with."""
    if source.is_zip:
        return list(source.sheets.values())
    if not top:
        return [source.table()]
    text = "\n".join(source.top_lines[:-1] or source.top_lines)
    try:
        return [table_in(text, separator_of(text))]
    except ValueError:
        return []


def records(source: Source, table: Table, header: int) -> Iterator[Cells]:
    """The rows below that at `header`, by the names that stand there; rows of another length are reported."""
    names = list(table.rows[header].cells)
    while names and not names[-1]:
        names.pop()
    if twice := [name for name in dict.fromkeys(names) if name and names.count(name) > 1]:
        raise source.refusal(f"columns {listed(twice)} are there twice", line=table.rows[header].number)
    for row in table.rows[header + 1 :]:
        cells = row.cells
        if len(cells) < len(names) or any(cells[len(names) :]):
            said = f"has {len(cells)} cells, expected {len(names)}"
            source.report(said, line=row.number)
            continue
        yield Cells({name: cell for name, cell in zip(names, cells, strict=False) if name}, row.number, source)
