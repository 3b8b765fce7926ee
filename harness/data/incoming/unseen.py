"""Tracks on which nothing was seen, to be filled in row by row."""

import numpy as np

from harness.files.bounded import is_more_than_memory
from harness.files.source import Source
from harness.plugins.readers import XY
from harness.recording import Array
from harness.words import counted


def unseen(source: Source, frames: int, animals: int, parts: int) -> tuple[Array, Array]:
    """NaN as keypoints float32 (frames, animals, xy, parts) and as confidence (frames, animals, parts).

    Raises `DataError` where they are more than fits into memory.
    """
    if is_more_than_memory(4 * frames * animals * parts * (XY + 1)):
        size = f"{counted(frames, 'frame')}, {counted(animals, 'animal')} and {counted(parts, 'part')}"
        raise source.refusal(f"comes to {size}, which are more than fit into memory")
    keypoints = np.full((frames, animals, XY, parts), np.nan, dtype=np.float32)
    return keypoints, np.full((frames, animals, parts), np.nan, dtype=np.float32)
