"""The poses that feature sets learn from, labels taken off."""

from collections.abc import Collection
from dataclasses import replace

from harness.recording import Dataset, Recording

POOL_FRAMES = 100_000
"""Feature sets are fitted on about this many frames."""


def pool_members(dataset: Dataset) -> dict[str, Recording]:
    """By digest of their poses, all recordings that sets can learn from: those to be labelled, too."""
    every = [one for recordings in dataset.labelled.values() for one in recordings] + [*dataset.unlabelled]
    return {recording.digest: recording for recording in every if recording.seen}


def pool_of(dataset: Dataset, digests: Collection[str] | None = None) -> tuple[Recording, ...]:
    """What feature sets are fitted on: the recordings with these `digests`, all where none are given.

    They are without their labels, each cut to its middle to bound the sum. A run names those that it began with, so
    that recordings which are added later change nothing that was learned. Raises `KeyError` where one is not there.
    """
    members = pool_members(dataset)
    different = [members[digest] for digest in (members if digests is None else digests)]
    share = min(1.0, POOL_FRAMES / max(1, sum(recording.frames for recording in different)))
    pool = []
    for recording in different:
        kept = max(1, round(share * recording.frames))
        start = (recording.frames - kept) // 2
        pool.append(replace(recording if share == 1.0 else recording.cut(start, start + kept), labels=None))
    return tuple(pool)
