"""Packed files, of which no more is unpacked than fits: a small one may claim, or hold, any number of bytes."""

import gzip
import io
import zipfile
import zlib
from pathlib import Path

from harness.words import size_in_words

MOST_MEMBERS = 10_000

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""What zipfile and gzip raise on content that was damaged at random."""


def gunzipped(content: bytes, longest: int) -> bytes:
    """What a gzip file holds. Raises `ValueError` where that is more than `longest` bytes, or the file is damaged."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            found = file.read(longest + 1)
    except DAMAGED as error:
        raise ValueError(f"damaged or cut short ({error})") from error
    if len(found) > longest:
        raise ValueError(f"unpacks to more than {size_in_words(longest)}")
    return found


def members_of(path: Path, longest: int) -> dict[str, int]:
    """Name to size of what a zip archive at `path` says it holds.

    Raises `ValueError` where that is more than `longest` bytes together, or the archive is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
    except DAMAGED as error:
        raise ValueError(f"damaged or cut short ({error})") from error
    if len(found) > MOST_MEMBERS:
        raise ValueError(f"holds {len(found):,} files, expected at most {MOST_MEMBERS:,}")
    if (total := sum(one.file_size for one in found)) > longest:
        raise ValueError(f"unpacks to {size_in_words(total)}, expected at most {size_in_words(longest)}")
    return {one.filename: one.file_size for one in found}


def unpacked_truly(path: Path, longest: int) -> None:
    """Raise `ValueError` where what a zip archive holds is more than `longest` bytes, whatever it says."""
    members_of(path, longest)
    left = longest
    try:
        with zipfile.ZipFile(path) as archive:
            for one in archive.infolist():
                with archive.open(one) as file:
                    while piece := file.read(1 << 20):
                        left -= len(piece)
                        if left < 0:
                            raise ValueError(f"unpacks to more than {size_in_words(longest)}")
    except DAMAGED as error:
        raise ValueError(str(error)) from error
