"""Where every keypoint is in the picture."""

import numpy as np

from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

EDGES = (0.01, 0.99)
"""Quantiles of all x, and of all y, that stand for the edges of a picture whose size is not known."""


@feature_set("raw_pose", invariant_to=("frame_rate",))
def raw_pose(recording: Recording) -> Columns:
    """Each keypoint's place as fractions of the picture's width and height, as tracked.

    Where the size of the picture is not known its edges are where one in a hundred keypoints of the recording is
    farther out, on each side, so that some fractions are below 0 or above 1. A keypoint not seen is NaN. These are
    the inputs of the baseline of MABe 2021, to which place, direction and size of the animals mean something.
    """
    first, size = _picture(recording)
    fractions = (recording.keypoints - first[:, None]) / size[:, None]
    fractions = np.ascontiguousarray(fractions.transpose(1, 3, 2, 0))  # (animal, part, xy, frames)
    return {
        f"{animal} {part} {axis}": fractions[animal, i, j]
        for animal in range(recording.animals)
        for i, part in enumerate(recording.skeleton.keypoints)
        for j, axis in enumerate("xy")
    }


def _picture(recording: Recording) -> tuple[Array, Array]:
    """Upper left corner and size of the picture (xy,)."""
    if recording.image_size is not None:
        return np.zeros(2, dtype=np.float32), np.array(recording.image_size, dtype=np.float32)
    edges = np.zeros((2, 2), dtype=np.float32)  # (edge, xy)
    for axis in range(2):
        seen = recording.keypoints[:, :, axis]
        seen = seen[~np.isnan(seen)]
        if len(seen):
            edges[:, axis] = np.quantile(seen, EDGES)
    first, last = edges
    return first, np.where(last > first, last - first, 1)
