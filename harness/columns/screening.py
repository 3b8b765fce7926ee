"""Which columns tell a behavior apart in every recording alike.

With a few recordings and thousands of columns many columns fit one recording's positives by chance. One that differs
in the same direction and by as much in each of them is more likely to do so in the next.
"""

from collections.abc import Sequence

import numpy as np

from harness.recording import Array

CHUNK = 512
"""Columns worked on at once."""

FEW = 10
"""Frames of the rarer kind at which an effect counts half."""

UNSTEADY = 0.3
"""Added to the standard deviation between recordings, lest a weak effect in few of them is taken for a steady one."""


def effects(X: Array, y: Array) -> Array:
    """How far the positive frames' mean lies from the others', in the column's standard deviations: (columns,).

    `X` (frames, columns) with NaN for missing, `y` (frames,) of 0 and 1, both of one recording. An effect that n frames
    of the rarer kind tell is shrunk by n / (n + 10), and is 0 where a column does not vary.
    """
    weights = np.stack([y == 1, y == 0]).astype(np.float64)
    found = []
    for start in range(0, X.shape[1], CHUNK):
        values = X[:, start : start + CHUNK].astype(np.float64)
        seen = ~np.isnan(values)
        values -= np.where(seen.any(axis=0), np.fmax.reduce(values, axis=0), 0)
        values[~seen] = 0
        counts, sums, squares = weights @ seen, weights @ values, weights @ values**2
        count = np.maximum(counts.sum(axis=0), 1)
        variance = squares.sum(axis=0) / count - (sums.sum(axis=0) / count) ** 2
        positive, other = sums / np.maximum(counts, 1)
        scale = np.sqrt(np.maximum(variance, 0))
        effect = np.divide(positive - other, scale, out=np.zeros(len(scale)), where=scale > 1e-12)
        rarer = counts.min(axis=0)
        found.append(effect * rarer / (rarer + FEW))
    return np.concatenate(found) if found else np.zeros(0)


def steadiest(by_recording: Sequence[Array], count: int) -> Array:
    """The `count` columns, in their order, with the largest |mean| / (standard deviation + 0.3) over recordings.

    `by_recording` are the `effects` of one or more recordings that hold both kinds of frames.
    """
    values = np.stack(by_recording)
    merit = np.abs(values.mean(axis=0)) / (values.std(axis=0) + UNSTEADY)
    return np.sort(np.argsort(-merit, kind="stable")[:count])
