"""Datasets that a program made, held against what files are held against."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data import challenge
from harness.data.annotations import labels
from harness.data.dataset_toml import Setup
from harness.data.entry import Entry, Place, kind, poses
from harness.errors import DataError
from harness.recording import Array, Dataset, Recording


def checked(dataset: Dataset) -> Dataset:
    """The dataset with poses in single precision and labels as int8, as the reader of files makes them.

    Raises `DataError` with every problem, in the words that files are refused with.
    """
    problems: dict[str, None] = {}
    place = Place(Path(dataset.name), problems)
    if not isinstance(dataset.labelled, Mapping) or not dataset.labelled:
        place.report("holds no behaviors")
        raise DataError(tuple(problems))
    labelled: dict[str, list[challenge._Kept]] = {}
    for behavior, group in dataset.labelled.items():
        inside = place.inside(behavior)
        if not challenge._is_behavior(behavior, inside):
            continue
        if not isinstance(group, tuple | list) or not group:
            inside.report(f"holds {kind(group)}, expected recordings")
            continue
        labelled[behavior] = kept = _group(group, inside, behavior)
        challenge._report_copies(kept)
        if len(kept) == len(group):
            challenge._report_nothing_to_learn([one.recording for one in kept], inside)
    unlabelled = _group(dataset.unlabelled, place)
    every = [*(one for group in labelled.values() for one in group), *unlabelled]
    challenge._report_different_bodies(every, Setup(), place)
    for one in every[1:]:
        if one.recording.skeleton != every[0].recording.skeleton and _parts(one) == _parts(every[0]):
            one.place.report(f"keypoints of other names or roles than in {every[0].place}")
    if problems:
        raise DataError(tuple(problems))
    return replace(
        dataset,
        labelled={behavior: tuple(one.recording for one in group) for behavior, group in labelled.items()},
        unlabelled=tuple(one.recording for one in unlabelled),
    )


def _group(group: Iterable[object], place: Place, behavior: str = "") -> list[challenge._Kept]:
    """Those that are right, labelled ones where there is a behavior."""
    kept: list[challenge._Kept] = []
    seen: set[str] = set()
    for one in group:
        if not isinstance(one, Recording):
            place.report(f"holds {kind(one)}, expected a Recording")
            continue
        inside = place.inside(one.id)
        if not challenge._is_name(one.id, inside, challenge.LONGEST_NAME):
            continue
        if one.id in seen:
            inside.report("a second recording of this name")
        seen.add(one.id)
        content = {"keypoints": one.keypoints, "scores": one.confidence}
        entry = Entry(one.id, behavior, content | ({"annotations": one.labels} if behavior else {}), None, inside)
        found, annotated = poses(entry, Setup()), labels(entry) if behavior else None
        if found is not None and (annotated is not None or not behavior):
            kept.append(challenge._Kept(_same(one, found, annotated), inside))
    return kept


def _same(one: Recording, found: Recording, annotated: Array | None) -> Recording:
    """The recording, of arrays as they are wanted; itself where they are."""
    arrays = {"keypoints": found.keypoints, "confidence": found.confidence, "labels": annotated}
    wrong: dict[str, Any] = {
        name: values
        for name, values in arrays.items()
        if values is not None and getattr(one, name).dtype != values.dtype
    }
    return replace(one, **wrong) if wrong else one


def _parts(kept: challenge._Kept) -> int:
    return len(kept.recording.skeleton.keypoints)
