"""Which footage taught a detector: marks of poses, by which it is known again however it is named, cut or ordered."""

from collections.abc import Iterable

import numpy as np

from harness.recording import Array, Recording

SAMPLED = 8
"""One mark in so many is kept."""

ENOUGH = 3
"""So many marks in common tell that two recordings show the same footage."""


def marks_of(recording: Recording) -> Array:
    """The kept marks (marks,) uint64 of a recording, sorted, each once.

    A mark is of one animal on one frame, all of whose keypoints were seen, and depends on nothing but their places. So
    the order of the animals, other animals beside them, and where the recording begins and ends change none.
    """
    poses = np.ascontiguousarray(recording.keypoints, dtype=np.float32)
    rows = poses.reshape(-1, poses.shape[2] * poses.shape[3])
    told = np.isfinite(rows).all(axis=1) & (rows.max(axis=1, initial=0) > rows.min(axis=1, initial=0))
    bits = rows[told].view(np.uint32).astype(np.uint64)
    odd = np.random.default_rng(0).integers(0, 2**63, bits.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    marks = _mixed((bits * odd).sum(axis=1, dtype=np.uint64))
    return np.unique(marks[marks % np.uint64(SAMPLED) == 0])


def marks_of_all(recordings: Iterable[Recording]) -> Array:
    """The marks of several, likewise."""
    every = [marks_of(one) for one in {one.digest: one for one in recordings}.values()]
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *every]))


def shows(recording: Recording, marks: Array) -> bool:
    """Whether a recording shows footage that `marks` are of, if only in part."""
    return int(np.isin(marks_of(recording), marks, assume_unique=True).sum()) >= ENOUGH


def _mixed(values: Array) -> Array:
    """All bits of each depending on all (the last step of SplitMix64; Steele et al. 2014, figure 17)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))
