"""The poses that feature sets learn from: all there are, labels taken off."""

from dataclasses import replace

from harness.recording import Dataset, Recording

POOL_FRAMES = 100_000
"""Feature sets are fitted on about this many frames."""


def pool_of(dataset: Dataset) -> tuple[Recording, ...]:
    """What feature sets are fitted on: all recordings without their labels, each cut to its middle to bound the sum."""
    every = [one for recordings in dataset.labelled.values() for one in recordings] + [*dataset.unlabelled]
    different = list({recording.digest: recording for recording in every}.values())
    share = min(1.0, POOL_FRAMES / sum(recording.frames for recording in different))
    pool = []
    for recording in different:
        kept = max(1, round(share * recording.frames))
        start = (recording.frames - kept) // 2
        pool.append(replace(recording if share == 1.0 else recording.cut(start, start + kept), labels=None))
    return tuple(pool)
