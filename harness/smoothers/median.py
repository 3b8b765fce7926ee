"""Running median, which keeps edges."""

import numpy as np

from harness.plugins import smoother
from harness.recording import Array


@smoother("median", reach_seconds=1.0)
def median(probabilities: Array, fps: float, *, seconds: float = 1.0) -> Array:
    """Median over a centred window `seconds` wide, which shrinks at the ends of the recording."""
    import pandas as pd

    width = 2 * round(seconds * fps / 2) + 1
    smooth: Array = pd.Series(probabilities).rolling(width, center=True, min_periods=1).median().to_numpy(np.float64)
    return smooth
