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
    settle_copies,
    unseen_notes,
)
from harness.data.layouts import is_dataset_folder
from harness.data.names import LONGEST_NAME, is_behavior, is_name
from harness.dataset import Dataset
from harness.errors import DataError
from harness.recording import ONE, PAIR, SCENE, SCOPES, Recording

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
    nan_alone = dataset.source is not None and is_dataset_folder(dataset.source)
    labelled: dict[str, list[Kept]] = {}
    for behavior, group in dataset.labelled.items():
        inside = place.inside(behavior)
        if not is_behavior(behavior, inside):
            continue
        if not isinstance(group, tuple | list) or not group:
            inside.report(f"holds {kind(group)}, expected recordings")
            continue
        labelled[behavior] = kept = _group(group, inside, behavior, nan_alone=nan_alone)
        for one in kept:
            if one.recording.scope != dataset.scope(behavior):
                wanted = WANTED[dataset.scope(behavior)]
                one.place.report(f"the behavior is of {WHOM[dataset.scope(behavior)]}, expected {wanted}")
        report_copies(kept)
        if len(kept) == len(group):
            report_nothing_to_learn([one.recording for one in kept], inside)
    unlabelled = {one.recording.id: one for one in _group(dataset.unlabelled, place, nan_alone=nan_alone)}
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
    tested = {
        behavior: {one.source_id for one in dataset.to_label(behavior) if one.id in known}
        for behavior, known in dataset.truth.items()
    }
    _, copies = settle_copies(labelled, unlabelled, tested)
    if problems:
        raise DataError(tuple(problems))
    return replace(
        dataset,
        notes=tuple(dict.fromkeys([*dataset.notes, *unseen_notes(every), *copies])),
        labelled={behavior: tuple(one.recording for one in group) for behavior, group in labelled.items()},
        unlabelled=tuple(one.recording for one in unlabelled.values()),
    )


def _group(group: Iterable[object], place: Place, behavior: str = "", *, nan_alone: bool) -> list[Kept]:
    """Those that are right, labelled ones where there is a behavior."""
    kept: list[Kept] = []
    seen: set[str] = set()
    films: dict[int, tuple[Recording, Posed | None]] = {}
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
        film = one.video
        if id(film) not in films:  # which many examples may be of
            content = {"keypoints": film.keypoints, "scores": film.confidence}
            posed = poses(Entry(one.id, behavior, content, None, inside), Setup(), nan_alone=nan_alone)
            films[id(film)] = (film if posed is None else _same(film, posed)), posed
        right, found = films[id(film)]
        content = {"keypoints": one.keypoints, "annotations": one.labels}
        annotated = labels(Entry(one.id, behavior, content, None, inside)) if behavior else None
        if found is not None and (annotated is not None or not behavior):
            as_wanted = one if right is film else _seen_alike(one, right)
            if annotated is not None and as_wanted.known_labels.dtype != annotated.dtype:
                as_wanted = replace(as_wanted, labels=annotated)
            kept.append(Kept(as_wanted, inside, found.unseen))
    return kept


def _seen_alike(one: Recording, film: Recording) -> Recording:
    """The film, or the example of it that `one` was of another."""
    if one.whole is None:
        return film
    return replace(film.seen_from(one.agent, one.target, one.labels), group=one.group, footage=one.footage)


def _same(film: Recording, posed: Posed) -> Recording:
    """The recording, of arrays as they are wanted; itself where they are."""
    found = posed.recording
    arrays = {"keypoints": found.keypoints, "confidence": found.confidence}
    wrong: dict[str, Any] = {
        name: values
        for name, values in arrays.items()
        if values is not None and (getattr(film, name).dtype != values.dtype or (name == "keypoints" and posed.unseen))
    }
    return replace(film, **wrong) if wrong else film


def _parts(kept: Kept) -> int:
    return len(kept.recording.skeleton.keypoints)
