"""From frames to steps of one rate and back: a network looks at a few steps a second, however fast the camera was."""

import warnings

import numpy as np

from harness.recording import UNKNOWN, Array


def frames_a_step(fps: float, rate: float) -> int:
    """How many frames make one step, so that there are about `rate` steps a second, and never more than frames."""
    return max(1, round(fps / rate))


def steps_of(X: Array, frames: int) -> Array:
    """The mean over each step of so many `frames`: (frames, columns) to (steps, columns); NaN where all are missing.

    The last step may have fewer.
    """
    count = -(-len(X) // frames)
    padded = np.full((count * frames, X.shape[1]), np.nan, dtype=np.float32)
    padded[: len(X)] = X
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of steps in which nothing is seen
        return np.asarray(np.nanmean(padded.reshape(count, frames, -1), axis=1), dtype=np.float32)


def shares_of(labels: Array, frames: int) -> Array:
    """The share of each step's known frames that are positive: (frames, behaviors) to (steps, behaviors) float32.

    NaN where nobody looked.
    """
    return steps_of(np.where(labels == UNKNOWN, np.nan, labels).astype(np.float32), frames)


def frames_of(steps: Array, step: int, frames: int) -> Array:
    """Values between the middles of steps on a straight line: (steps, behaviors) to (frames, behaviors)."""
    middles = np.arange(len(steps)) * step + (step - 1) / 2
    at = np.arange(frames)
    return np.stack([np.interp(at, middles, column) for column in steps.T], axis=1)
