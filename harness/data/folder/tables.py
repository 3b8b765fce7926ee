"""Tables as spreadsheets save them: rows by the names of their columns, and what is wrong with them, line by line."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from harness.data.dataset_toml import MOST_PROBLEMS
from harness.data.entry import MOST_NAMED, Place
from harness.data.folder.layout import NEARLY, as_date, near
from harness.files.bounded import read_text
from harness.words import listed, shown

LONGEST_TABLE = 100_000_000
"""Bytes."""

MOST_COLUMNS = 1000

ENOUGH = 1000
"""Problems of one table, after which it is not read on."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    number: int
    """Of the line that it begins on, the first being 1."""
    cells: Mapping[str, str]
    """Column to content; a column that the table lacks is not in it."""
    place: Place

    def get(self, column: str) -> str:
        """What stands there, without spaces around it; empty where nothing does."""
        return self.cells.get(column, "").strip()

    def report(self, column: str, problem: str) -> None:
        self.place.inside(column).report(problem)

    def number_in(self, column: str, *, below: float = 1e6) -> float | None:
        """A number above 0; None where the cell is empty or, with a problem, holds anything else."""
        cell = self.get(column)
        if not cell:
            return None
        if re.fullmatch(r"\d+(\.\d+)?(e[+-]?\d{1,3})?", cell) and 0 < float(cell) < below:
            return float(cell)
        way = f", such as {cell.replace(',', '.')}" if re.fullmatch(r"\d+,\d+", cell) else as_date(cell)
        self.report(column, f"{shown(repr(cell))} should be a number above 0, with a point for decimals{way}")
        return None

    def whole_in(self, column: str) -> int | None:
        """A whole number, 0 or more; None, with a problem, where the cell holds anything else."""
        cell = self.get(column)
        if re.fullmatch(r"\d{1,15}", cell) and cell.isascii():
            return int(cell)
        if not cell:
            self.report(column, "is empty, expected a whole number")
        elif re.fullmatch(r"-\d{1,15}", cell):
            self.report(column, f"{cell} is before the first frame, which is 0")
        else:
            decimal = re.fullmatch(r"(\d+)[.,]\d+", cell)
            way = f", such as {shown(decimal[1])}" if decimal else as_date(cell)
            self.report(column, f"{shown(repr(cell))} should be a whole number{way}")
        return None


def read_table(
    path: Path, columns: tuple[str, ...], required: tuple[str, ...], place: Place, *, more: bool = False
) -> Iterator[Line]:
    """The rows of the table at `path`, those with a problem left out, and empty ones, too.

    It has the `required` ones of `columns`, and others only where there may be `more`. Every problem is reported to
    `place`, and the rows end where it has `ENOUGH` of them.
    """
    rows = _rows(path, place)
    header = next(rows, None)
    if header is None:
        if not place.problems:
            place.report(f"is empty, expected a first line with the columns {','.join(columns)}")
        return
    names = [cell.strip() for cell in header[1]]
    if not _is_header(names, columns, required, place.inside(f"line {header[0]}"), more):
        return
    for number, cells in rows:
        if len(place.problems) >= ENOUGH:
            return
        inside = place.inside(f"line {number}")
        if len(cells) != len(names):
            way = "; a comma inside a cell needs quotes around the cell" if len(cells) > len(names) else ""
            inside.report(f"has {len(cells):,} cells, expected {len(names)} as in the first line{way}")
        else:
            yield Line(number, dict(zip(names, cells, strict=True)), inside)


def tell(found: Mapping[str, None], path: Path, problems: dict[str, None]) -> None:
    """Add the problems of one file, the first `MOST_PROBLEMS` of them, and how many more there are."""
    problems |= dict.fromkeys(islice(found, MOST_PROBLEMS))
    if len(found) > MOST_PROBLEMS:
        least = "at least " if len(found) >= ENOUGH else ""
        problems[f"{path}: and {least}{len(found) - MOST_PROBLEMS:,} more problems"] = None


def _rows(path: Path, place: Place) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row that is not empty."""
    try:
        text = read_text(path, LONGEST_TABLE)
    except FileNotFoundError:
        place.report("no such file")
        return
    except OSError as error:
        place.report(str(error.strerror))
        return
    except ValueError as error:
        place.report(str(error))
        return
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        place.inside(f"line {line}").report("holds a NUL byte, so it is no text; write the file anew")
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        opened = "end of data" in str(error) or "field larger" in str(error)
        why = "a quote is opened and not closed" if opened else f"its quotes are not right ({error})"
        place.inside(f"line {start}").report(why)


def _is_header(names: list[str], columns: tuple[str, ...], required: tuple[str, ...], place: Place, more: bool) -> bool:
    before = len(place.problems)
    for separator, word in ((";", "semicolons"), ("\t", "tabs")):
        if (len(names) == 1 and separator in names[0]) or (separator == "\t" and any("\t" in one for one in names)):
            place.report(f"the columns are separated by {word}, expected commas; save it as CSV with commas")
            return False
    if len(names) > MOST_COLUMNS:
        place.report(f"has {len(names):,} columns, expected at most {MOST_COLUMNS:,}")
        return False
    for name in dict.fromkeys(names):
        if not name:
            place.report(f"column {names.index(name) + 1} has no name; delete it, or name it")
        elif names.count(name) > 1:
            place.report(f"column {shown(name)} is there {names.count(name)} times, expected once")
        elif not name.isprintable():
            place.report(f"column {shown(name)} has characters that cannot be printed")
        elif name not in columns and not more:
            place.report(f"unknown column {shown(repr(name))}{near(name, columns)}; it takes {', '.join(columns)}")
        elif name not in columns and (meant := _meant(name, [one for one in columns if one not in names])):
            place.report(f"column {shown(repr(name))}: name it {meant}, or something else altogether")
    for name in required:
        if name not in names:
            place.report(f"has no column {name}; it has {listed(names, MOST_NAMED)}")
    return len(place.problems) == before


def _meant(name: str, columns: list[str]) -> str:
    """The one of `columns` that `name` is a slip of; empty where it is another word."""
    found = difflib.get_close_matches(name.casefold(), columns, n=1, cutoff=NEARLY)
    return found[0] if found else ""
