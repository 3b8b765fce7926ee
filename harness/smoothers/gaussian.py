"""Gaussian-weighted running mean."""

import numpy as np

from harness.plugins import smoother
from harness.recording import Array


@smoother("gaussian", reach_seconds=1.0)
def gaussian(probabilities: Array, fps: float, *, seconds: float = 0.5) -> Array:
    """Gaussian-weighted mean over a centred window `seconds` wide, three deviations to each side.

    At the ends of the recording the weights inside it are scaled up to one.
    """
    half = round(seconds * fps / 2)
    if half == 0:
        return probabilities
    weights = np.exp(-0.5 * (3 * np.arange(-half, half + 1) / half) ** 2)
    inside = np.convolve(np.ones(len(probabilities)), weights)[half : half + len(probabilities)]
    smooth: Array = np.convolve(probabilities, weights)[half : half + len(probabilities)] / inside
    return np.clip(smooth, 0.0, 1.0)
