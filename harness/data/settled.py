"""What every recording of a dataset has, so that a feature set that was searched can be computed on all of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from harness.recording import Dataset, Recording
from harness.words import counted


class Settled(NamedTuple):
    """A dataset whose recordings are alike, and what was done about those that were not."""

    dataset: Dataset
    notes: tuple[str, ...]


def settled(dataset: Dataset) -> Settled:
    """The dataset with the tracker's confidence in all of its recordings, or in none.

    The labelled ones decide, as they are learned from: where one of them holds it, it is missing (NaN) in those that do
    not; where none does, it is left out of the others.
    """
    labelled = [one for recordings in dataset.labelled.values() for one in recordings]
    wanted = any(one.confidence is not None for one in labelled)
    every = [*labelled, *dataset.unlabelled]
    odd = len({one.id for one in every if (one.confidence is not None) != wanted})
    if not odd:
        return Settled(dataset, ())
    note = (
        f"{counted(odd, 'recording')} without the tracker's confidence, which others hold; there it is missing"
        if wanted
        else f"the tracker's confidence of {counted(odd, 'recording')} is left out, as no labelled one holds it"
    )
    alike = replace(
        dataset,
        labelled={behavior: _alike(recordings, wanted) for behavior, recordings in dataset.labelled.items()},
        unlabelled=_alike(dataset.unlabelled, wanted),
    )
    return Settled(alike, (note,))


def _alike(recordings: Iterable[Recording], wanted: bool) -> tuple[Recording, ...]:
    return tuple(_with_confidence(one) if wanted else replace(one, confidence=None) for one in recordings)


def _with_confidence(recording: Recording) -> Recording:
    if recording.confidence is not None:
        return recording
    shape = (recording.frames, recording.animals, len(recording.skeleton.keypoints))
    return replace(recording, confidence=np.full(shape, np.nan, dtype=np.float32))
