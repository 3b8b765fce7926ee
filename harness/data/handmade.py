"""Datasets that a program made, held against what files are held against."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.data.annotations import labels
from harness.data.dataset_toml import Setup
from harness.data.entry import Entry, Place, Posed, kind, poses
from harness.data.kept import (
    Kept,
    report_copies,
    report_different_bodies,
    report_nothing_to_learn,
    report_same_footage,
    same_footage,
    unseen_notes,
)
from harness.data.names import LONGEST_NAME, is_behavior, is_name
from harness.errors import DataError
from harness.recording import ONE, PAIR, SCENE, SCOPES, Array, Dataset, Recording

WHOM = {ONE: "one animal", PAIR: "a pair", SCENE: "the scene"}

WANTED = {
    ONE: "what recording.seen_from(animal, animal, labels) gives",
    PAIR: "what recording.seen_from(agent, target, labels) gives",
    SCENE: "a recording as it is",
}


def checked(dataset: Dataset) -> Dataset:
    """The dataset with poses in single precision and labels as int8, as the reader of files makes them.

    Raises `DataError` with every problem, in the words that files are refused with.
    """
    problems: dict[str, None] = {}
    place = Place(Path(dataset.name), problems)
    if not isinstance(dataset.labelled, Mapping) or not dataset.labelled:
        place.report("holds no behaviors")
        raise DataError(tuple(problems))
    labelled: dict[str, list[Kept]] = {}
    for behavior, group in dataset.labelled.items():
        inside = place.inside(behavior)
        if not is_behavior(behavior, inside):
            continue
        if not isinstance(group, tuple | list) or not group:
            inside.report(f"holds {kind(group)}, expected recordings")
            continue
        labelled[behavior] = kept = _group(group, inside, behavior)
        for one in kept:
            if one.recording.scope != dataset.scope(behavior):
                wanted = WANTED[dataset.scope(behavior)]
                one.place.report(f"the behavior is of {WHOM[dataset.scope(behavior)]}, expected {wanted}")
        report_copies(kept)
        if len(kept) == len(group):
            report_nothing_to_learn([one.recording for one in kept], inside)
    unlabelled = {one.recording.id: one for one in _group(dataset.unlabelled, place)}
    films = list(unlabelled.values())
    every = [*(one for group in labelled.values() for one in group), *films]
    for scope in SCOPES:
        seen = [one for behavior, group in labelled.items() for one in group if dataset.scope(behavior) == scope]
        report_different_bodies([*seen, *films] if scope == SCENE and seen else seen, Setup(), place)
    for one in every[1:]:
        if one.recording.skeleton != every[0].recording.skeleton and _parts(one) == _parts(every[0]):
            one.place.report(f"keypoints of other names or roles than in {every[0].place}")
    if problems:
        raise DataError(tuple(problems))
    copies = same_footage(labelled, unlabelled)
    notes = [*unseen_notes(every), *report_same_footage(copies, labelled, unlabelled, dataset.truth)]
    if problems:
        raise DataError(tuple(problems))
    return replace(
        dataset,
        notes=tuple(dict.fromkeys([*dataset.notes, *notes])),
        labelled={behavior: tuple(one.recording for one in group) for behavior, group in labelled.items()},
        unlabelled=tuple(one.recording for one in unlabelled.values()),
    )


def _group(group: Iterable[object], place: Place, behavior: str = "") -> list[Kept]:
    """Those that are right, labelled ones where there is a behavior."""
    kept: list[Kept] = []
    seen: set[str] = set()
    for one in group:
        if not isinstance(one, Recording):
            place.report(f"holds {kind(one)}, expected a Recording")
            continue
        inside = place.inside(one.id)
        if not is_name(one.id, inside, LONGEST_NAME):
            continue
        if one.id in seen:
            inside.report("a second recording of this name")
        seen.add(one.id)
        content = {"keypoints": one.keypoints, "scores": one.confidence}
        entry = Entry(one.id, behavior, content | ({"annotations": one.labels} if behavior else {}), None, inside)
        found, annotated = poses(entry, Setup()), labels(entry) if behavior else None
        if found is not None and (annotated is not None or not behavior):
            kept.append(Kept(_same(one, found, annotated), inside, found.unseen))
    return kept


def _same(one: Recording, posed: Posed, annotated: Array | None) -> Recording:
    """The recording, of arrays as they are wanted; itself where they are."""
    found = posed.recording
    arrays = {"keypoints": found.keypoints, "confidence": found.confidence, "labels": annotated}
    wrong: dict[str, Any] = {
        name: values
        for name, values in arrays.items()
        if values is not None and (getattr(one, name).dtype != values.dtype or (name == "keypoints" and posed.unseen))
    }
    return replace(one, **wrong) if wrong else one


def _parts(kept: Kept) -> int:
    return len(kept.recording.skeleton.keypoints)
