"""What every recording of a dataset has, so that a feature set that was searched can be computed on all of them."""

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from harness.dataset import Dataset
from harness.recording import Recording
from harness.words import counted, listed


class Settled(NamedTuple):
    """A dataset whose recordings are alike, and what was done about those that were not."""

    dataset: Dataset
    notes: tuple[str, ...]


def settled(dataset: Dataset) -> Settled:
    """The dataset without labelled recordings on which nothing was seen, and with the tracker's confidence and the size
    of the image in all of its recordings or in none.
    """
    seen, blind = _of_seen(dataset)
    confident, odd = _confident(seen)
    alike, unsized = _sized(confident)
    return Settled(alike, (*blind, *blind_lines(dataset.unlabelled), *odd, *unsized))


def blind_lines(recordings: Iterable[Recording]) -> tuple[str, ...]:
    """That nothing was seen on some of what is to be labelled, in a line."""
    names = [one.id for one in recordings if not one.seen]
    return (f"{listed(names)}: all keypoints are NaN, so that every frame is labelled 0",) if names else ()


def _of_seen(dataset: Dataset) -> Settled:
    labelled = {behavior: tuple(one for one in group if one.seen) for behavior, group in dataset.labelled.items()}
    names = dict.fromkeys(one.id for one in dataset.every_labelled if not one.seen)
    if not names:
        return Settled(dataset, ())
    note = f"{listed(names)}: all keypoints are NaN, so that there is nothing to learn; left out of training"
    return Settled(replace(dataset, labelled=labelled), (note,))


def _confident(dataset: Dataset) -> Settled:
    """The labelled recordings decide, as they are learned from: where one of them holds the tracker's confidence, it is
    missing (NaN) in those that do not; where none does, it is left out of the others.
    """
    labelled = dataset.every_labelled
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


def _sized(dataset: Dataset) -> Settled:
    """Where some recordings lack the size of the image, it is left out of the others: nothing can stand for it."""
    labelled = dataset.every_labelled
    every = [*labelled, *dataset.unlabelled]
    lacking = list(dict.fromkeys(one.id for one in every if one.image_size is None))
    if not lacking or all(one.image_size is None for one in every):
        return Settled(dataset, ())
    alike = replace(
        dataset,
        labelled={
            behavior: tuple(replace(one, image_size=None) for one in recordings)
            for behavior, recordings in dataset.labelled.items()
        },
        unlabelled=tuple(replace(one, image_size=None) for one in dataset.unlabelled),
    )
    return Settled(alike, (f"{listed(lacking)}: without the size of the image, which is left out of all others",))


def _alike(recordings: Iterable[Recording], wanted: bool) -> tuple[Recording, ...]:
    return tuple(with_confidence(one) if wanted else replace(one, confidence=None) for one in recordings)


def with_confidence(recording: Recording) -> Recording:
    """The recording with the tracker's confidence; missing (NaN) where it gave none."""
    if recording.confidence is not None:
        return recording
    shape = (recording.frames, recording.animals, len(recording.skeleton.keypoints))
    return replace(recording, confidence=np.full(shape, np.nan, dtype=np.float32))
