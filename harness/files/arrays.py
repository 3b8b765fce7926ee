"""Named arrays as bytes, in NumPy's own format, of which nothing is ever run."""

import io
from collections.abc import Mapping
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np

from harness.recording import Array

DAMAGED = (ValueError, TypeError, KeyError, OSError, EOFError, SyntaxError, TokenError, RuntimeError, BadZipFile)
"""What numpy and zipfile raise on content that was damaged at random."""


def bytes_of(arrays: Mapping[str, Array]) -> bytes:
    """The content of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle
    return file.getvalue()


def arrays_in(content: bytes) -> dict[str, Array]:
    """What `bytes_of` was given. Raises `ValueError` where the content is anything else."""
    try:
        stored = np.load(io.BytesIO(content), allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise ValueError("a single array")
        return dict(stored)
    except DAMAGED as error:
        raise ValueError(f"does not hold named arrays: {error}") from error
