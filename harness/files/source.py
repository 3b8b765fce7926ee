"""A file that another program wrote, and all that can be asked of it without trusting it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np

from harness.errors import DataError
from harness.files import hdf5, packed, parquet, texts
from harness.files.arrays import arrays_in
from harness.files.bounded import is_more_than_memory, read_bytes
from harness.recording import Array
from harness.words import counted, shown, size_in_words

HEAD = 65_536
"""Bytes that tell what a file is."""

LONGEST = 200_000_000
"""Bytes of a file of annotations."""

LONGEST_LINE = 10_000_000
"""Bytes of a line of numbers."""

MOST_PROBLEMS = 20
"""Of one file that are told."""

EXTRA = "pip install 'behavior-harness[import]'"


@dataclass(frozen=True)
class Source:
    """A file, looked at only as far as it is asked for.

    What is asked and cannot be given ends in `DataError`, whose line begins with the path.
    """

    path: Path
    size: int
    head: bytes = field(repr=False)
    """The first bytes."""
    wanted: tuple[str, ...] = ()
    """Names of the tracks that are asked for, where a file has others besides; none stands for all."""
    problems: list[str] = field(default_factory=list, repr=False)
    """What was reported, a line each."""

    @classmethod
    def at(cls, path: Path, wanted: tuple[str, ...] = ()) -> "Source":
        """Raises `DataError` where there is no such file, or where it is empty."""
        try:
            found = os.stat(path)
            if not os.path.isfile(path):
                what = "is a folder" if os.path.isdir(path) else "is a pipe or a device"
                raise DataError([f"{path}: {what}, expected a file"])
            with open(path, "rb") as file:
                head = file.read(HEAD)
        except (OSError, ValueError) as error:
            missing = isinstance(error, FileNotFoundError)
            raise DataError([f"{shown(str(path))}: {'no such file' if missing else _reason(error)}"]) from error
        if not head:
            raise DataError([f"{path}: the file is empty"])
        return cls(path, found.st_size, head, wanted)

    @property
    def name(self) -> str:
        return self.path.name

    # What is wrong with it

    def report(self, problem: str, *, line: int | None = None) -> None:
        """Add a line that says where and what; no more of them are kept than anybody reads."""
        where = f"line {line}: " if line else ""
        text = f"{self.path}: {where}{problem}"
        if text not in self.problems:
            self.problems.append(text)
        if len(self.problems) > 50 * MOST_PROBLEMS:
            raise DataError(self.told)

    @property
    def told(self) -> list[str]:
        """The first problems, and how many more there are."""
        more = len(self.problems) - MOST_PROBLEMS
        return [
            *self.problems[:MOST_PROBLEMS],
            *([f"{self.path}: and {counted(more, 'more problem')}"] if more > 0 else []),
        ]

    def refusal(self, problem: str, *, line: int | None = None) -> DataError:
        """The error, to be raised, of a file that cannot be read on; what was reported before is in it."""
        self.report(problem, line=line)
        return DataError(self.told)

    def settle(self) -> None:
        """Raise `DataError` where something was reported."""
        if self.problems:
            raise DataError(self.told)

    # What it is

    @cached_property
    def encoding(self) -> str:
        return texts.encoding_of(self.head)

    @cached_property
    def top(self) -> str:
        """What a text begins with; of other files something that no text has."""
        return self.head.decode(self.encoding, errors="replace").replace("\r\n", "\n")

    @cached_property
    def top_lines(self) -> list[str]:
        """The first lines, the last of which may be cut."""
        return self.top.split("\n")

    def lines(self, count: int) -> list[str]:
        """The first lines, as many as there are, however long; a text of fewer has fewer."""
        if len(self.top_lines) > count or len(self.head) == self.size or self.encoding.startswith("utf-16"):
            return self.top_lines[:count]
        with open(self.path, "rb") as file:
            found = [file.readline(LONGEST_LINE) for _ in range(count)]
        return [line.decode(self.encoding, errors="replace").rstrip("\r\n") for line in found]

    @property
    def is_hdf5(self) -> bool:
        return self.head.startswith(hdf5.MAGIC)

    @property
    def is_zip(self) -> bool:
        return self.head.startswith(b"PK\3\4")

    @cached_property
    def members(self) -> Mapping[str, int]:
        """Of the files in a zip archive, such as an npz, sizes by their names; of another file none."""
        if not self.is_zip:
            return {}
        with self._in_words():
            return packed.members_of(self.path, 2**63)  # which are only looked at

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of the datasets in an HDF5 file, by their paths; of another file none."""
        if not self.is_hdf5:
            return {}
        with self.hdf5() as file:
            return file.shapes

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of a Parquet file; of another file none."""
        if not self.head.startswith(parquet.MAGIC):
            return ()
        with self._in_words():
            return parquet.Parquet(self.path, self.size).columns

    # What is in it

    def bytes(self, longest: int = LONGEST) -> bytes:
        try:
            return read_bytes(self.path, longest)
        except OSError as error:
            raise self.refusal(_reason(error)) from error

    def text(self, longest: int = LONGEST) -> str:
        """All of it, with lines that end in a line feed."""
        content = self.bytes(longest)
        with self._in_words():
            return texts.decoded(content, self.encoding).replace("\r\n", "\n").replace("\r", "\n")

    def table(self, separator: str | None = None) -> texts.Table:
        """Its rows that are not empty, by comma, semicolon or tab, whichever it has, or by `separator`."""
        content = self.text()
        with self._in_words():
            return texts.table_in(content, separator)

    @cached_property
    def sheets(self) -> Mapping[str, texts.Table]:
        """Name to rows of the sheets of an xlsx file."""
        with self._in_words():
            packed.unpacked_truly(self.path, LONGEST)
        calamine = self.needs("python_calamine", "python-calamine")
        try:
            book = calamine.CalamineWorkbook.from_path(str(self.path))
            return {
                name: _sheet(book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names
            }
        except (calamine.CalamineError, OSError, ValueError, TypeError, OverflowError) as error:
            raise self.refusal(f"damaged, or no xlsx ({shown(str(error))})") from error

    def json(self, longest: int = LONGEST) -> Any:
        """What a JSON file, packed with gzip or not, holds."""
        if self.head.startswith(b"\x1f\x8b"):
            content = self.bytes(longest)
            with self._in_words():
                content = packed.gunzipped(content, longest)
                text = texts.decoded(content, texts.encoding_of(content[:HEAD]))
        else:
            text = self.text(longest)
        try:
            return json.loads(text)
        except RecursionError as error:
            raise self.refusal("nested deeper than any such file") from error
        except json.JSONDecodeError as error:
            raise self.refusal(f"no JSON, or cut short ({shown(error.msg)})", line=error.lineno) from error
        except ValueError as error:  # a number of thousands of digits
            raise self.refusal(f"no JSON ({shown(str(error))})") from error

    def json_events(self) -> Iterator[tuple[str, Any]]:
        """What a JSON file of any length holds, bit by bit, as ijson's `basic_parse` has it; numbers as floats."""
        ijson = self.needs("ijson", "ijson")
        try:
            with open(self.path, "rb") as file:
                yield from ijson.basic_parse(file, use_float=True)
        except (ijson.JSONError, ValueError, OverflowError) as error:
            raise self.refusal(f"no JSON, or cut short ({shown(_first_line(error))})") from error
        except OSError as error:
            raise self.refusal(_reason(error)) from error

    def arrays(self, longest: int = LONGEST) -> dict[str, Array]:
        """The named arrays of an npz file, of numbers or text."""
        with self._in_words():
            packed.members_of(self.path, longest)
            return arrays_in(self.bytes(longest))

    @contextmanager
    def hdf5(self) -> Iterator[hdf5.Hdf5]:
        """The file as HDF5; whatever is asked of it that it does not hold ends in `DataError`."""
        self.needs("h5py", "h5py")
        with self._in_words(), hdf5.opened(self.path) as file:
            yield file

    @contextmanager
    def parquet(self) -> Iterator[parquet.Parquet]:
        """The file as Parquet; whatever is asked of it that it does not hold ends in `DataError`."""
        codecs = self.needs("cramjam", "cramjam")
        with self._in_words():
            yield parquet.Parquet(self.path, self.size, codecs)

    def numbers(self, after: int, separator: str = ",", columns: int | None = None) -> Array:
        """float64 (rows, columns) of a text of numbers, empty cells as NaN, from line `after` + 1 on.

        Rows that are empty altogether are rows of NaN; only at the end of the file are they left out. `columns`, where
        it is given, is how many there should be.
        """
        if is_more_than_memory(self.size):
            raise self.refusal(f"{size_in_words(self.size)} are more than fits into memory")
        if self.encoding.startswith("utf-16"):
            raise self.refusal("is UTF-16; save it as UTF-8")
        with self._in_words():
            _look_through(self.path)
        return self._parsed(after, separator, columns)

    def _parsed(self, after: int, separator: str, columns: int | None) -> Array:
        import pandas as pd

        try:
            with catch_warnings():
                simplefilter("error", pd.errors.ParserWarning)  # a first row with too many cells is cut
                frame = pd.read_csv(
                    self.path,
                    header=None,
                    skiprows=after,
                    sep=separator,
                    names=None if columns is None else range(columns),
                    index_col=False,
                    dtype=np.float64,
                    skip_blank_lines=False,
                    skipinitialspace=True,
                    on_bad_lines="error",
                    encoding="utf-8",
                    encoding_errors="replace",
                )
        except (ValueError, OverflowError, MemoryError, pd.errors.ParserWarning) as error:
            raise self._bad_number(after, separator, columns, error) from error
        found = np.asarray(frame.to_numpy(), dtype=np.float64)
        filled = np.flatnonzero(~np.isnan(found).all(axis=1))
        return found[: filled[-1] + 1] if len(filled) else found[:0]

    def _bad_number(self, after: int, separator: str, columns: int | None, error: Exception) -> DataError:
        """What is wrong with a table of numbers that cannot be parsed: the first line and cell."""
        wanted = columns
        with open(self.path, encoding="utf-8", errors="replace", newline="") as file:
            for number, line in enumerate(file, start=1):
                if number <= after or not line.strip():
                    continue
                cells = line.rstrip("\r\n").split(separator)
                wanted = wanted or len(cells)
                if len(cells) > wanted:
                    return self.refusal(f"has {len(cells):,} cells, expected {wanted:,}", line=number)
                for place, cell in enumerate(cells, start=1):
                    if not _is_number(cell):
                        return self.refusal(f"cell {place}: {shown(repr(cell), 40)} is no number", line=number)
        return self.refusal(f"no table of numbers ({shown(str(error))})")

    def needs(self, module: str, package: str) -> Any:
        """A library that not everybody has. Raises `DataError`, which says how to get it, where it is not there."""
        from importlib import import_module

        try:
            return import_module(module)
        except ImportError as error:
            raise self.refusal(f"reading it takes {package}, which is not installed; {EXTRA}") from error

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        """What is raised inside as a line on this file."""
        try:
            yield
        except ValueError as error:
            raise self.refusal(shown(str(error), 300)) from error
        except OSError as error:
            raise self.refusal(_reason(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _is_number(cell: str) -> bool:
    cell = cell.strip().strip('"')
    if cell in ("", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "n/a", "-nan", "-NaN", "<NA>", "#N/A"):
        return True
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def _look_through(path: Path) -> None:
    """Raise `ValueError` for a line that is longer than any, and for bytes that are in no text."""
    number, before = 1, 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 24):
            if b"\0" in piece:
                line = number + piece.count(b"\n", 0, piece.index(b"\0"))
                raise ValueError(f"line {line}: holds a NUL byte, which no text has; is it damaged, or another kind?")
            first = piece.find(b"\n")
            if first < 0 or before + first > LONGEST_LINE:
                before += len(piece) if first < 0 else first
                if before > LONGEST_LINE:
                    raise ValueError(f"line {number}: is longer than {size_in_words(LONGEST_LINE)}")
                continue
            ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))
            lengths = np.diff(ends)
            if len(lengths) and lengths.max() > LONGEST_LINE:
                at = number + 1 + int(lengths.argmax())
                raise ValueError(f"line {at}: is longer than {size_in_words(LONGEST_LINE)}")
            number += len(ends)
            before = len(piece) - int(ends[-1]) - 1


def _sheet(rows: list[list[Any]]) -> texts.Table:
    """Cells as text; numbers as a sheet shows them, without the `.0` of whole ones."""

    def cell(value: Any) -> str:
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return "" if value is None else str(value).replace("\N{NO-BREAK SPACE}", " ").strip()

    found = ((number, tuple(map(cell, row))) for number, row in enumerate(rows, start=1))
    return texts.Table(tuple(texts.Row(number, cells) for number, cells in found if any(cells)))


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or shown(str(error))
