"""Parquet files: plain tables of numbers and words, as pandas, Arrow and polars write them.

Read with NumPy and decompressors alone: of the libraries for it one crashes on files that are damaged, and the other is
larger than all else together. Numbers of fields and names in capitals are those of the format
(github.com/apache/parquet-format).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from harness.files.parquet_values import BOOLEAN, BYTE_ARRAY, NUMBERS, byte_arrays, hybrid, plain, unpacked
from harness.files.thrift import Struct, integer, struct_at, structs
from harness.recording import Array
from harness.words import listed, shown, size_in_words

MAGIC = b"PAR1"

LONGEST_FOOTER = 5_000_000
"""Bytes; that of a table of five columns has some hundreds."""

MOST_ROWS = 100_000_000
MOST_ROWS_PER_BYTE = 1_000

SMALL, MOST_PACKED = 1_000_000, 1_000
"""Bytes that a page may have however little it was packed into, and those that one byte may unpack to beyond."""

PLAIN, PLAIN_DICTIONARY, RLE, RLE_DICTIONARY = 0, 2, 3, 8
OTHERS = {5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY", 9: "BYTE_STREAM_SPLIT"}
"""Encodings that are not read."""

DATA, INDEX, DICTIONARY, DATA_V2 = range(4)
"""Pages."""

FLAWED = "damaged or cut short"


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A column of some of the rows."""

    start: int
    length: int
    rows: int
    codec: int


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    kind: int
    optional: bool
    chunks: tuple[_Chunk, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    kind: int
    values: int
    encoding: int
    levels: bytes
    """Which of the values are there; empty where all are."""
    content: bytes


class Parquet:
    """A file whose footer was read. Raises `ValueError`, in words, where it is damaged."""

    def __init__(self, path: Path, size: int, codecs: ModuleType | None = None) -> None:
        """`codecs` is cramjam, without which names alone are known."""
        self._path, self._codecs = path, codecs
        footer = _footer(path, size)
        self.rows = integer(footer, 3)
        if not 0 <= self.rows <= min(MOST_ROWS, MOST_ROWS_PER_BYTE * size):
            raise ValueError(f"claims {self.rows:,} rows, which {size_in_words(size)} do not hold")
        self._columns = {column.name: column for column in _columns(footer, size)}
        for column in self._columns.values():
            if (
                any(chunk.rows < 0 for chunk in column.chunks)
                or sum(chunk.rows for chunk in column.chunks) != self.rows
            ):
                raise ValueError(f"column {shown(column.name)} does not have the {self.rows:,} rows of the table")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of those that hold numbers or words."""
        return tuple(self._columns)

    def numbers(self, name: str) -> Array:
        """(rows,) of a column of numbers or booleans; float64 with NaN where some are not there."""
        column = self._column(name)
        if column.kind == BYTE_ARRAY:
            raise ValueError(f"column {shown(name)} holds words, expected numbers")
        pieces = [values for values, _ in self._pieces(column)]
        return np.concatenate(pieces) if pieces else np.zeros(0)

    def words(self, name: str) -> tuple[list[str], Array]:
        """The different words of a column, and (rows,) which of them it is, -1 where there is none."""
        column = self._column(name)
        if column.kind != BYTE_ARRAY and self.rows:  # pandas does not know what an empty column holds
            raise ValueError(f"column {shown(name)} holds numbers, expected words")
        known: dict[bytes, int] = {}
        pieces = [np.zeros(0, dtype=np.int64)]
        for values, words in self._pieces(column):
            places = np.array([*(known.setdefault(word, len(known)) for word in words), -1], dtype=np.int64)
            pieces.append(places[values])  # -1 is the last
        try:
            return [word.decode() for word in known], np.concatenate(pieces)
        except UnicodeDecodeError as error:
            raise ValueError(f"column {shown(name)} holds words that are not UTF-8") from error

    def _column(self, name: str) -> _Column:
        if name not in self._columns:
            raise ValueError(f"has no column {shown(name)}; it has {listed(self._columns, 8) or 'none'}")
        return self._columns[name]

    def _pieces(self, column: _Column) -> Iterator[tuple[Array, list[bytes]]]:
        """The values of each page: of words the places in a list of them, and that list."""
        assert self._codecs is not None
        for chunk in column.chunks:
            if not chunk.rows:
                continue
            with open(self._path, "rb") as file:
                file.seek(chunk.start)
                content = file.read(chunk.length)
            dictionary: tuple[Array, list[bytes]] | None = None
            left = chunk.rows
            for page in _pages(content, chunk, column, self._codecs):
                if page.kind == DICTIONARY:
                    dictionary = _plain(page.content, page.values, column.kind)
                    continue
                left -= page.values
                if left < 0:
                    raise ValueError(f"column {shown(column.name)} has more values than rows")
                yield _values(page, column, dictionary)


def _values(page: _Page, column: _Column, dictionary: tuple[Array, list[bytes]] | None) -> tuple[Array, list[bytes]]:
    there = hybrid(page.levels, 1, page.values) == 1 if page.levels else None
    count = page.values if there is None else int(there.sum())
    words: list[bytes] = []
    if page.encoding in (PLAIN_DICTIONARY, RLE_DICTIONARY):
        known, words = dictionary or (np.zeros(0), words)
        places = hybrid(page.content[1:], page.content[0] if page.content else 0, count)
        if count and places.max() >= len(known):
            raise ValueError(f"column {shown(column.name)} has values that are not in its dictionary")
        values = known[places]
    elif page.encoding == PLAIN:
        values, words = _plain(page.content, count, column.kind)
    elif page.encoding == RLE and column.kind == BOOLEAN:
        values = hybrid(page.content[4:], 1, count)
    else:
        how = OTHERS.get(page.encoding, f"encoding {page.encoding}")
        raise ValueError(f"column {shown(column.name)} is written as {how}, which is not read; pandas writes others")
    if there is None or count == page.values:
        return values, words
    missing = -1 if column.kind == BYTE_ARRAY else np.nan
    every = np.full(page.values, missing, dtype=np.int64 if column.kind == BYTE_ARRAY else np.float64)
    every[there] = values
    return every, words


def _plain(content: bytes, count: int, kind: int) -> tuple[Array, list[bytes]]:
    if kind != BYTE_ARRAY:
        return plain(content, count, kind), []
    words = list(byte_arrays(content, count))
    return np.arange(len(words)), words


def _footer(path: Path, size: int) -> Struct:
    with open(path, "rb") as file:
        file.seek(max(0, size - 8))
        end = file.read(8)
        length = int.from_bytes(end[:4], "little")
        if end[4:] != MAGIC or not 0 < length <= min(size - 12, LONGEST_FOOTER):
            raise ValueError(f"{FLAWED} (it does not end as a Parquet file does)")
        file.seek(size - 8 - length)
        return struct_at(file.read(length), 0)[0]


def _columns(footer: Struct, size: int) -> Iterator[_Column]:
    """Those that hold numbers or words."""
    schema = structs(footer, 2)[1:]  # the first is the table
    if any(5 in element for element in schema):
        raise ValueError("holds columns within columns, expected a plain table")
    groups = [structs(group, 1) for group in structs(footer, 4)]
    if any(len(group) != len(schema) for group in groups):
        raise ValueError("damaged: some of its rows have other columns")
    for place, element in enumerate(schema):
        name, kind, repetition = element.get(4), element.get(1), element.get(3, 0)
        if isinstance(name, bytes) and repetition in (0, 1) and kind in (BOOLEAN, BYTE_ARRAY, *NUMBERS):
            chunks = tuple(_chunk(group[place], size) for group in groups)
            yield _Column(name.decode(errors="replace"), integer(element, 1), repetition == 1, chunks)


def _chunk(column: Struct, size: int) -> _Chunk:
    meta = column.get(3)
    if not isinstance(meta, dict) or 1 in column:
        raise ValueError("damaged, or its columns lie in another file")
    start, length, rows, dictionary = integer(meta, 9), integer(meta, 7), integer(meta, 5), meta.get(11)
    if type(dictionary) is int and 0 < dictionary < start:
        start = dictionary
    if rows and not 4 <= start <= start + length <= size:
        raise ValueError(f"{FLAWED} (a column lies beyond its end)")
    return _Chunk(start, length, rows, integer(meta, 4))


def _pages(content: bytes, chunk: _Chunk, column: _Column, codecs: ModuleType) -> Iterator[_Page]:
    """The pages of a chunk, unpacked, until it has all its values."""
    at, left = 0, chunk.rows
    while left > 0:
        header, at = struct_at(content, at)
        kind, length, packed = integer(header, 1), integer(header, 2), integer(header, 3)
        body = content[at : max(at, at + packed)]
        at += packed
        if not 0 <= packed == len(body) or not 0 <= length <= max(SMALL, MOST_PACKED * packed):
            raise ValueError(f"{FLAWED} (a page that is longer than its column)")
        if kind == INDEX:
            continue
        about = header.get({DATA: 5, DICTIONARY: 7, DATA_V2: 8}.get(kind, 0))
        if not isinstance(about, dict) or not 0 <= integer(about, 1) <= MOST_ROWS:
            raise ValueError("damaged: a page that does not say how many values it has")
        levels = b""
        if kind == DATA_V2:
            repeated, end = integer(about, 6), integer(about, 5) + integer(about, 6)
            if not 0 <= repeated <= end <= min(packed, length):
                raise ValueError("damaged: a page that is shorter than its parts")
            levels, body = body[repeated:end], body[end:]
            if about.get(7) is not False:
                body = unpacked(body, length - end, chunk.codec, codecs)
        else:
            body = unpacked(body, length, chunk.codec, codecs)
            if kind == DATA and column.optional:
                end = 4 + int.from_bytes(body[:4], "little")
                levels, body = body[4:end], body[end:]
        encoding = integer(about, 4 if kind == DATA_V2 else 2)
        yield _Page(kind, integer(about, 1), encoding, levels if column.optional else b"", body)
        left -= integer(about, 1) if kind != DICTIONARY else 0
