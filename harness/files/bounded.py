"""Read a file whole, if it is one: nothing that blocks, has no end, or is larger than anything of its kind.

The errors are Python's own, so that every reader can say in its words what the file was for.
"""

import codecs
import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

LONGEST_TEXT = 1_000_000
"""Bytes of a file that people write by hand."""

MOST_PARTS = 20
"""Of a dotted key, and tables in tables: a parser's time grows with their square, and Python's stack has an end."""

MOST_BITS = 63
"""Of a whole number."""

NEVER_TOO_LARGE = 100_000_000
"""Bytes that fit into the memory of any machine that computes."""

_HEADER = re.compile(
    r"\{'descr': '([<>|][biuf]\d{1,2})', 'fortran_order': (True|False), 'shape': \(([\d, ]{0,500})\), \} *\n?"
)

_LONG_KEY = re.compile(
    r"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % MOST_PARTS  # noqa: UP031 - braces
)


def read_bytes(path: Path, longest: int | None = None) -> bytes:
    """All that is in the file at `path`.

    Raises `OSError`, whose `strerror` says what is wrong, also for a pipe or a device, which might never end, for more
    than `longest` bytes, and for more than fits into memory.
    """
    with open(path, "rb", opener=_without_waiting) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "a pipe or a device, expected a file", str(path))
        if longest is not None and found.st_size > longest:
            raise OSError(errno.EFBIG, f"{found.st_size:,} bytes, expected at most {longest:,}", str(path))
        too_large = OSError(errno.ENOMEM, f"{found.st_size:,} bytes are more than fits into memory", str(path))
        if is_more_than_memory(found.st_size):
            raise too_large
        try:
            return file.read()
        except MemoryError as error:
            raise too_large from error


def read_text(path: Path, longest: int | None = LONGEST_TEXT) -> str:
    """The same in UTF-8. Raises `ValueError` too, where it is not."""
    content = read_bytes(path, longest)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        raise ValueError(f"is not UTF-8{' but UTF-16' if wide else ''}; save it as UTF-8") from error


def read_toml(path: Path) -> dict[str, Any]:
    """The tables in the file at `path`, with whole numbers of 64 bits and no dates.

    Raises `OSError` where it cannot be read, and `ValueError` with one line on what is wrong in it.
    """
    text = read_text(path)
    if _LONG_KEY.search(text):
        raise ValueError(f"a key of more than {MOST_PARTS} parts")
    try:
        plain = tomllib.loads(text.replace("\r\n", "\n"))
    except RecursionError as error:
        raise ValueError(f"nested more than {MOST_PARTS} deep") from error
    for name, value in plain.items():
        for problem in _problems(value):
            raise ValueError(f"{name}: {problem}")
    return plain


def read_numbers(path: Path) -> "npt.NDArray[Any]":
    """The array of booleans or numbers in the `.npy` file at `path`.

    Raises `OSError` where it cannot be read, and `ValueError` where it holds anything else. What the header claims is
    held against the length of the file before any memory is taken.
    """
    import numpy as np  # late: commands that print a few words read text alone

    content = read_bytes(path)
    if not content:
        raise ValueError("No data left in file")
    start = 10 if content[6:7] == b"\1" else 12
    end = start + int.from_bytes(content[8:start], "little")
    header = _HEADER.fullmatch(content[start:end].decode("latin-1"))
    if not content.startswith(b"\x93NUMPY") or header is None or len(content) < end:
        raise ValueError("not an .npy file of numbers")
    try:
        dtype = np.dtype(header[1])
    except TypeError as error:
        raise ValueError(f"not an .npy file of numbers, but of {header[1]}") from error
    shape = tuple(int(length) for length in header[3].split(",") if length.strip())
    if max(shape, default=0) >= 2**48 or prod(shape) * dtype.itemsize != len(content) - end:
        raise ValueError(f"{len(content) - end:,} bytes for an array of {dtype} {shape}")
    return np.frombuffer(content, dtype, offset=end).reshape(shape, order="F" if header[2] == "True" else "C").copy()


def _without_waiting(path: str, flags: int) -> int:
    """Open even a pipe that nobody writes to."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))


def is_more_than_memory(nbytes: int) -> bool:
    """Whether this machine could never hold so many bytes."""
    if nbytes <= NEVER_TOO_LARGE:
        return False
    import psutil  # late: hardly ever needed

    return nbytes > int(psutil.virtual_memory().total)


def _problems(value: object) -> Iterator[str]:
    """What a table of a hand-written file should not hold; the tables may be nested deeper than Python's stack."""
    level = [value]
    for _ in range(MOST_PARTS):
        for one in level:
            if isinstance(one, int) and one.bit_length() > MOST_BITS:
                yield f"a whole number of {one.bit_length():,} bits"
            elif not isinstance(one, dict | list | str | bool | int | float):
                yield "a date or a time, expected a number, text, true or false"
        level = [inner for one in level if isinstance(one, dict | list) for inner in _inside(one)]
        if not level:
            return
    yield f"nested more than {MOST_PARTS} deep"


def _inside(one: dict[str, object] | list[object]) -> Iterator[object]:
    yield from one.values() if isinstance(one, dict) else one
