"""The poses that feature sets learn from, labels taken off."""

from collections.abc import Collection
from dataclasses import replace

from harness.dataset import Dataset
from harness.recording import ONE, PAIR, SCENE, Recording

POOL_FRAMES = 100_000
"""Feature sets are fitted on about this many frames."""


def pool_members(dataset: Dataset) -> dict[str, Recording]:
    """By digest of their poses, all recordings that sets can learn from: those to be labelled, too.

    Where there are behaviors of pairs, they are seen from pairs alone: of one animal alone, nothing is between the two.
    """
    scopes = [dataset.scope(behavior) for behavior in dataset.labelled]
    scope = next(one for one in (PAIR, SCENE, ONE) if one in scopes)
    labelled = [
        one
        for behavior, recordings in dataset.labelled.items()
        if dataset.scope(behavior) == scope
        for one in recordings
    ]
    every = [*labelled, *(example for one in dataset.unlabelled for example in one.examples(scope))]
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
