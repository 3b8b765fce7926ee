"""A dataset in the other layout: challenge files as a dataset folder, and a folder as challenge files where they can
hold it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.challenge import OTHER
from harness.data.dataset_toml import SETUP_FILE, Setup, toml_text
from harness.data.folder.layout import file_safe, folded, id_problem
from harness.data.folder.read import FolderContent
from harness.data.folder.write import new_folder
from harness.data.sentinels import without_sentinels
from harness.dataset import Dataset
from harness.errors import DataError
from harness.files.names import LONGEST
from harness.recording import SCENE, Array, Recording
from harness.words import listed, shown

ORIGINAL = "original_id"
"""The column of `recordings.csv` that holds the name of a recording whose name no file can have."""


def with_file_names(dataset: Dataset) -> Dataset:
    """The dataset with recordings that files can be called like; those renamed know what they were called."""
    every = [one.id for group in (*dataset.labelled.values(), dataset.unlabelled) for one in group]
    names = _file_names(every)

    def renamed(one: Recording) -> Recording:
        new = names[one.id]
        return one if new == one.id else replace(one, id=new, about={**one.about, ORIGINAL: one.id})

    return replace(
        dataset,
        labelled={behavior: tuple(map(renamed, group)) for behavior, group in dataset.labelled.items()},
        unlabelled=tuple(map(renamed, dataset.unlabelled)),
        truth={
            behavior: {names[one]: known for one, known in group.items()} for behavior, group in dataset.truth.items()
        },
    )


def _file_names(names: Iterable[str]) -> dict[str, str]:
    """For each name one that a file can have, itself where it can, no two of them alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    # Those that can stay as they are come first, so that no other takes their names.
    for name in sorted(dict.fromkeys(names), key=lambda one: bool(id_problem(one))):
        plain = file_safe(name)
        new, number = plain, 1
        while folded(new) in taken:
            number += 1
            new = f"{plain[: LONGEST - 8]}-{number}"
        taken.add(folded(new))
        found[name] = new
    return found


def write_challenge(content: FolderContent, folder: Path) -> None:
    """Make `folder` with `train.npy`, `test.npy` where there is something to label, and `dataset.toml`.

    Raises `DataError` with a line for each thing that these cannot hold, and `HarnessError` where `folder` is there or
    cannot be written.
    """
    dataset = content.dataset
    if problems := dict.fromkeys(_losses(content)):
        raise DataError(tuple(problems))
    first = dataset.any_recording
    setup = Setup(
        dataset.skeleton,
        first.fps,
        first.image_size,
        content.setup.copies_together,
        pixels_per_cm=first.pixels_per_cm,
        arena=first.arena,
        edges=content.setup.edges,
        source=content.setup.source,
    )
    train = {behavior: _group(group, _labels_by_id(group)) for behavior, group in dataset.labelled.items()}
    with new_folder(folder) as place:
        (place / SETUP_FILE).write_text(toml_text(setup), encoding="utf-8")
        _save(place / "train.npy", {"vocabulary": list(train), **train})
        if dataset.unlabelled:
            _save(place / "test.npy", _test_file(dataset))


def _labels_by_id(group: Iterable[Recording]) -> dict[str, Array]:
    return {one.id: one.known_labels for one in group}


def _test_file(dataset: Dataset) -> dict[str, Any]:
    """By recording; by behavior where labels are known, all under the first, so that they keep their order."""
    known = {behavior: group for behavior, group in dataset.truth.items() if group}
    if not known:
        return _group(dataset.unlabelled, {})
    first, *others = known
    found = {first: _group(dataset.unlabelled, known[first])}
    for behavior in others:
        found[behavior] = _group([one for one in dataset.unlabelled if one.id in known[behavior]], known[behavior])
    return found


def _group(recordings: Iterable[Recording], known: Mapping[str, Array]) -> dict[str, Any]:
    return {_original(one): _entry(one, known.get(one.id)) for one in recordings}


def _entry(one: Recording, annotations: Array | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"keypoints": np.asarray(one.keypoints, np.float32)}
    if one.confidence is not None:
        entry["scores"] = np.asarray(one.confidence, np.float32)
    if annotations is not None:
        entry["annotations"] = np.asarray(annotations)
    return entry


def _save(path: Path, content: dict[str, Any]) -> None:
    with open(path, "xb") as file:
        np.save(file, np.array(content), allow_pickle=True)


def _original(one: Recording) -> str:
    return one.about.get(ORIGINAL, one.id)


def _losses(content: FolderContent) -> Iterator[str]:
    """What challenge files cannot hold, a line each."""
    dataset = content.dataset
    for behavior in dataset.labelled:
        if (scope := dataset.scope(behavior)) != SCENE:
            of = "one animal" if scope == "one" else "a pair"
            yield f"behaviors: {shown(behavior)} is of {of}; challenge files say of no behavior who does it"
        if behavior in (OTHER, "vocabulary"):
            yield f"behaviors: {shown(behavior)} is a word of challenge files; give it another name"
    if dataset.exclusive:
        yield "exclusive: challenge files do not say whether behaviors exclude each other"
    yield from (f"{note}; challenge files have the same parts in all recordings" for note in content.part_notes)
    films = _films(dataset)
    for what, values in (
        ("fps", {film.fps for film in films}),
        ("width and height", {film.image_size for film in films}),
        ("pixels_per_cm", {film.pixels_per_cm for film in films}),
    ):
        if len(values) > 1:
            found = listed(sorted(map(str, values)))
            yield f"{what}: differs between recordings ({found}); challenge files have one value for all"
    for what, some in (
        ("animals", [film.id for film in films if film.names]),
        ("group", [film.id for film in films if film.group]),
    ):
        if some:
            yield f"{what}: of {listed(some)}; challenge files hold none"
    for column in dict.fromkeys(column for film in films for column in film.about):
        if column not in ("group", ORIGINAL):
            yield f"column {shown(column)}: challenge files hold none"
    taken: dict[str, str] = {}
    for film in films:
        if taken.setdefault(_original(film), film.id) != film.id:
            yield f"{ORIGINAL}: {shown(_original(film))} is that of {taken[_original(film)]} and of {film.id}"
        for x, y in without_sentinels(film.keypoints).unseen:
            yield f"{film.id}: points at exactly ({x:g}, {y:g}), which in challenge files stand for points not seen"


def _films(dataset: Dataset) -> list[Recording]:
    every = [one.video for one in dataset.every_labelled]
    return list({one.id: one for one in [*every, *dataset.unlabelled]}.values())
