"""How sure the tracker was of each animal."""

import numpy as np

from harness.columns import mean_of_seen
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording

DOUBTFUL = (0.1, 0.5, 0.75)
"""Scores below which SimBA counts a detection as one of low probability."""


@feature_set("confidence", needs=("confidence",), invariant_to=("translation", "rotation", "scale", "frame_rate"))
def confidence(recording: Recording) -> Columns:
    """The tracker's own score of each keypoint, and of each animal as a whole: it drops when an animal rears or hides.

    For each animal the score of each keypoint; lowest, mean, and below 0.1, 0.5 and 0.75: the share of its keypoints
    with a lower score. A score that is missing is NaN, and counts in none of these; they are NaN where an animal has
    no score at all. Filling gaps in the tracks changes no score. The counts of low probabilities are those of SimBA,
    here for each animal, and as shares so that they compare between skeletons.
    """
    assert recording.confidence is not None
    columns: dict[str, Array] = {}
    for animal, scores in enumerate(np.ascontiguousarray(recording.confidence.transpose(1, 2, 0))):
        parts = zip(recording.skeleton.keypoints, scores, strict=True)
        described = {f"{part} confidence": score for part, score in parts} | _together(scores)
        columns |= {f"{animal} {name}": values for name, values in described.items()}
    return columns


def _together(scores: Array) -> dict[str, Array]:
    """Columns of one animal from all of its `scores` (part, frames)."""
    known = ~np.isnan(scores)
    together = {
        "lowest confidence": np.fmin.reduce(scores, axis=0),
        "mean confidence": mean_of_seen(scores, axis=0),
    }
    for doubtful in DOUBTFUL:
        low = np.where(known, scores < doubtful, np.nan)
        together[f"confidence below {doubtful:g}"] = mean_of_seen(low, axis=0)
    return together
