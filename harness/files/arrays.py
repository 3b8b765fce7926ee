"""Named arrays as bytes, in NumPy's own format, of which nothing is ever run."""

import io
import struct
import zlib
from collections.abc import Mapping
from math import prod
from tokenize import TokenError
from zipfile import BadZipFile, ZipFile

import numpy as np

from harness.recording import Array

DAMAGED = (
    *(ValueError, TypeError, KeyError, OSError, EOFError, SyntaxError, TokenError, RuntimeError, OverflowError),
    *(BadZipFile, zlib.error, struct.error),
)
"""What numpy and zipfile raise on content that was damaged at random."""


def bytes_of(arrays: Mapping[str, Array]) -> bytes:
    """The content of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle
    return file.getvalue()


def arrays_in(content: bytes) -> dict[str, Array]:
    """What `bytes_of` was given. Raises `ValueError` where the content is anything else."""
    try:
        if content.startswith(b"PK"):
            _check_sizes(content)
        stored = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        return dict(stored)
    except DAMAGED as error:
        raise ValueError(f"does not hold named arrays: {error}") from error
    except MemoryError as error:
        raise ValueError("holds arrays that are more than fits into memory") from error


def _check_sizes(content: bytes) -> None:
    """Raise `ValueError` where an array claims another size than it has in the archive."""
    with ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            with archive.open(member) as file:
                if not file.read(6).startswith(b"\x93NUMPY"):
                    continue  # which NumPy gives as bytes
                file.seek(0)
                version = np.lib.format.read_magic(file)
                wide = np.lib.format.read_array_header_2_0
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else wide
                shape, _, dtype = read(file)
                has = member.file_size - file.tell()
                if not dtype.hasobject and (min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != has):
                    raise ValueError(f"{member.filename} has {has:,} bytes for an array of {dtype} {shape}")
