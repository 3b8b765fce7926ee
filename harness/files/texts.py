"""Text as other programs write it, in whichever encoding, and the tables that it holds."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

WIDE = 3
"""Of the first letters of a text without a mark, so many bytes in eight are 0 where it is UTF-16."""

LOOKED_AT = 20
"""Lines that tell which separator a table has."""

LONGEST_CELL = 1_000_000
"""Letters."""

SEPARATORS = (",", ";", "\t")


def encoding_of(head: bytes) -> str:
    """Which encoding a text that begins with `head` is in, by its mark or by what can be read.

    Windows' own (cp1252) where it is not UTF-8, as no other program leaves letters that are neither.
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    pairs = head[: len(head) // 2 * 2]
    if pairs and pairs[1::2].count(0) * 8 >= len(pairs) // 2 * WIDE and 0 not in pairs[0::2]:
        return "utf-16-le"
    if pairs and pairs[0::2].count(0) * 8 >= len(pairs) // 2 * WIDE and 0 not in pairs[1::2]:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # which may end within a letter
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decoded(content: bytes, encoding: str) -> str:
    """All of a text. Raises `ValueError`, which says where, for what is not in `encoding`."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and 0 not in content:  # only the head was
            return content.decode("cp1252", errors="replace")
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: is not text in {encoding}; is it damaged, or another kind of file?") from error


@dataclass(frozen=True, slots=True)
class Row:
    """Of a table, which is not empty."""

    number: int
    """Of the line that it begins on, or of the row in a sheet, the first being 1."""
    cells: tuple[str, ...]
    """Without spaces around them; empty ones at the end are there."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, as a text or a sheet has them."""

    rows: tuple[Row, ...]
    separator: str = ","

    def find(self, *names: str, within: int = 100) -> int | None:
        """The place of the first of the rows that has all of `names` as cells; None where none of `within` has."""
        wanted = set(names)
        return next((at for at, row in enumerate(self.rows[:within]) if wanted <= set(row.cells)), None)


def separator_of(text: str) -> str:
    """Which of `SEPARATORS` the cells of a table are separated by: that which most of its first lines have."""
    lines = [line for line in islice(io.StringIO(text), 10 * LOOKED_AT) if line.strip()][:LOOKED_AT]
    counts = {one: sorted(line.count(one) for line in lines) for one in SEPARATORS}
    return max(SEPARATORS, key=lambda one: (sum(map(bool, counts[one])), counts[one][len(lines) // 2] if lines else 0))


def table_in(text: str, separator: str | None = None) -> Table:
    """The rows of a text that is a table. Raises `ValueError`, which says where, for what is none."""
    chosen = separator or separator_of(text)
    return Table(tuple(_rows(text, chosen)), chosen)


def _rows(text: str, separator: str) -> Iterator[Row]:
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(f"line {line}: holds a NUL byte, which no text has; is it damaged, or another kind of file?")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    number = 1
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield Row(number, tuple(cell.replace("\N{NO-BREAK SPACE}", " ").strip() for cell in cells))
            number = reader.line_num + 1
    except csv.Error as error:
        raise ValueError(f"line {number}: no table from here on ({error})") from error
    finally:
        csv.field_size_limit(before)
