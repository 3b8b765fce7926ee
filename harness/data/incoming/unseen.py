"""Tracks on which nothing was seen, to be filled in by rows that say of which frame they are."""

import numpy as np

from harness.files.bounded import is_more_than_memory
from harness.files.source import Source
from harness.plugins.readers import XY
from harness.recording import Array
from harness.words import counted

SPARSEST, FEW = 1000, 1_000_000
"""Frames to each row, beyond which the numbers of frames are taken for damaged, unless there are but few frames."""

SPARSEST, FEW = 20, 100_000
"""Frames to each row of a part, beyond which frames are taken for damaged, unless there are but few of them."""


def is_too_sparse(frames: float, rows: int) -> bool:
    """Whether so many frames cannot be what so many rows are of."""
    return frames > max(FEW, SPARSEST * rows)


def unseen(source: Source, frames: int, animals: int, parts: int, *, rows: int | None = None) -> tuple[Array, Array]:
    """NaN as keypoints float32 (frames, animals, xy, parts) and as confidence (frames, animals, parts).

    Raises `DataError` where they are more than fits into memory, or, with `rows`, far more than so many rows would
    fill.
    """
    if rows is not None and frames > max(FEW, SPARSEST * rows):
        raise source.refusal(f"ends with frame {frames - 1:,}, though it has {counted(rows, 'row')}")
    if is_more_than_memory(4 * frames * animals * parts * (XY + 1)):
        size = f"{counted(frames, 'frame')}, {counted(animals, 'animal')} and {counted(parts, 'part')}"
        raise source.refusal(f"comes to {size}, which are more than fit into memory")
    keypoints = np.full((frames, animals, XY, parts), np.nan, dtype=np.float32)
    return keypoints, np.full((frames, animals, parts), np.nan, dtype=np.float32)
