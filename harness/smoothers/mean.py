"""Running mean."""

import numpy as np

from harness.plugins import smoother
from harness.recording import Array


@smoother("mean", reach_seconds=1.0)
def mean(probabilities: Array, fps: float, *, seconds: float = 1.0) -> Array:
    """Mean over a centred window `seconds` wide, which shrinks at the ends of the recording."""
    half = round(seconds * fps / 2)
    sums = np.concatenate([[0.0], np.cumsum(probabilities, dtype=np.float64)])
    frames = np.arange(len(probabilities))
    first, last = np.maximum(frames - half, 0), np.minimum(frames + half + 1, len(probabilities))
    smooth: Array = np.clip((sums[last] - sums[first]) / (last - first), 0.0, 1.0)
    return smooth
