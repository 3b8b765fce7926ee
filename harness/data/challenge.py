"""Read folders laid out like the challenge's data (MABe 2021, Task 3), in each of the forms that go round.

A training file maps behaviors to recordings, and a test file recordings to poses:

    {"vocabulary": [...], behavior: {recording: {"keypoints", "annotations"}}}      as the challenge's page says
    {behavior: {"sequences": {recording: ...}, "vocabulary": {name: label}}}        as its files were
    {behavior: {recording: {"keypoints", "scores", "annotations", "metadata"}}}     the public release of CalMS21

Which one it is shows in the content. A test file that maps behaviors to labelled recordings gives its labels for
scoring only.
"""

import difflib
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from harness.data.annotations import labels
from harness.data.dataset_toml import SETUP_FILE, Setup, read_dataset_toml
from harness.data.entry import MOST_NAMED, Entry, Place, assumed, kind, poses
from harness.data.kept import (
    Kept,
    report_copies,
    report_different_bodies,
    report_nothing_to_learn,
    report_overlap,
    settle_copies,
    unseen_notes,
)
from harness.data.names import LONGEST_NAME, is_behavior, is_name
from harness.data.pickles import read_pickled_npy
from harness.dataset import Dataset
from harness.errors import DataError
from harness.recording import Array, Recording
from harness.words import listed, shown

TRAIN_FILES = ("train.npy", "*task3*train*.npy")
TEST_FILES = ("test.npy", "test-release.npy", "*task3*test*.npy")
SAMPLE_FILES = ("sample_submission.npy", "sample-submission*.npy", "sample_submission*.npy")

OTHER = "other"
"""What files call frames on which no behavior happens."""

NEARLY = 0.9
"""How alike two names are (twice the letters in common over all) where one is taken for a slip of the other."""


def load_dataset(folder: Path) -> Dataset:
    """The labelled and unlabelled recordings in `folder`, named after it.

    The training file is the first of `TRAIN_FILES`, the test file the first of `TEST_FILES`; without one nothing is
    unlabelled. Recordings of two animals with seven parts are taken for CalMS21's, others have parts without roles,
    and a `dataset.toml` beside the files overrules both. Labels in the test file go to `Dataset.truth` alone, for the
    behaviors of the training file. Raises `DataError` with every problem of all files.
    """
    if not os.path.isdir(folder):  # which is not troubled by a name that is too long, or a folder that is closed
        wrong = "is a file, expected the folder that holds it" if os.path.exists(folder) else "no such folder"
        raise DataError([f"{folder}: {wrong}"])
    problems: dict[str, None] = {}
    setup = _setup(folder / SETUP_FILE, problems)
    labelled = _labelled(*_content(folder, TRAIN_FILES, "training", problems), setup)
    unlabelled, truth = _unlabelled(*_content(folder, TEST_FILES, "test", problems), setup)
    recordings = [*(kept for group in labelled.values() for kept in group), *unlabelled.values()]
    report_different_bodies(recordings, setup, Place(folder / SETUP_FILE, problems))
    report_overlap(labelled, unlabelled, truth)
    if problems:
        raise DataError(tuple(problems))
    settled, copies = settle_copies(labelled, unlabelled, truth, together=setup.copies_together)
    if problems:
        raise DataError(tuple(problems))
    return Dataset(
        name=folder.resolve().name,
        labelled={behavior: tuple(kept.recording for kept in group) for behavior, group in settled.items()},
        unlabelled=tuple(kept.recording for kept in unlabelled.values()),
        truth={behavior: annotated for behavior, annotated in truth.items() if behavior in labelled},
        source=folder,
        assumed=assumed(setup, recordings[0].recording),
        notes=(*unseen_notes(recordings), *copies),
    )


def load_recordings(path: Path) -> tuple[Recording, ...]:
    """The recordings to be labelled in a file laid out as a test file is, or in a folder that holds one.

    A `dataset.toml` beside the file says what `load_dataset` would let it say. Raises `DataError` with every problem.
    """
    problems: dict[str, None] = {}
    folder = path if os.path.isdir(path) else path.parent
    if folder == path:
        content, place = _content(folder, TEST_FILES, "test", problems)
        if not content and not problems:
            problems[f"{folder}: no file of recordings, expected {TEST_FILES[0]}"] = None
    else:
        content, place = _read(path, problems)
    setup = _setup(folder / SETUP_FILE, problems)
    unlabelled, _ = _unlabelled(content, place, setup)
    report_different_bodies(list(unlabelled.values()), setup, Place(folder / SETUP_FILE, problems))
    if problems:
        raise DataError(tuple(problems))
    return tuple(kept.recording for kept in unlabelled.values())


def data_files(folder: Path) -> list[Path]:
    """All files in `folder` that are read or compared with; none where there is no such folder."""
    if not os.path.isdir(folder):
        return []
    found = [path for patterns in (TRAIN_FILES, TEST_FILES, SAMPLE_FILES) for path in _matches(folder, patterns)]
    return [*found, folder / SETUP_FILE]


def files_of_recordings(folder: Path) -> list[Path]:
    """Those in `folder` that are called as training and test files are."""
    return [path for patterns in (TRAIN_FILES, TEST_FILES) for path in _matches(folder, patterns)]


def sample_submission_path(folder: Path) -> Path | None:
    """The challenge's sample of a submission in `folder`, where there is one."""
    return next(iter(_matches(folder, SAMPLE_FILES)), None)


# Files


def _matches(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """The files that fit the first pattern that any file fits; where some hold poses and some features, the former."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise DataError([f"{folder}: {error.strerror}"]) from error
    for pattern in patterns:
        found = [name for name in names if fnmatchcase(name.lower(), pattern)]
        if "submission" not in pattern:
            found = [name for name in found if not any(word in name.lower() for word in ("submission", "label"))]
        if found:
            with_poses = [name for name in found if "feature" not in name.lower()]
            return [folder / name for name in with_poses or found]
    return []


def _setup(path: Path, problems: dict[str, None]) -> Setup:
    if not os.path.lexists(path):
        for name in sorted(os.listdir(path.parent)):
            if _is_nearly(name, path.name):
                problems[f"{path.parent / name}: is not read; name it {path.name}, or something else altogether"] = None
        return Setup()
    try:
        setup = read_dataset_toml(path)
    except DataError as error:
        problems |= dict.fromkeys(error.problems)
        return Setup()
    for key, given in (("behaviors", setup.behaviors), ("exclusive", setup.exclusive)):
        if given:
            problems[f"{path}: {key}: the training file says what there is; only a folder with recordings.csv may"] = (
                None
            )
    return setup


def _is_nearly(name: str, wanted: str) -> bool:
    """Whether a file of that name was meant to have the other: another case, a letter off, one ending too many."""
    stem = name.lower().removesuffix(".txt")
    return difflib.SequenceMatcher(None, stem, wanted).ratio() >= NEARLY


def _content(
    folder: Path, patterns: tuple[str, ...], role: str, problems: dict[str, None]
) -> tuple[dict[Any, Any], Place]:
    """The dict in the one file in `folder` that fits `patterns`, and its place; an empty one where there is none."""
    found = _matches(folder, patterns)
    if len(found) != 1:
        if found:
            names = ", ".join(path.name for path in found)
            problems[f"{folder}: {names} could all be the {role} file; leave one, or call it {patterns[0]}"] = None
        elif patterns is TRAIN_FILES:
            problems[f"{folder}: no {role} file, expected {' or '.join(patterns)}"] = None
        return {}, Place(folder, problems)
    return _read(found[0], problems)


def _read(path: Path, problems: dict[str, None]) -> tuple[dict[Any, Any], Place]:
    """The dict in a file and its place; an empty one where there is none."""
    place = Place(path, problems)
    try:
        content = read_pickled_npy(place.path)
    except DataError as error:
        problems |= dict.fromkeys(error.problems)
        return {}, place
    if not isinstance(content, dict) or not content:
        place.report(f"holds {kind(content)}, expected a dict of behaviors or recordings")
        return {}, place
    return content, place


# Layouts


def _training_entries(content: dict[Any, Any], place: Place) -> Iterator[tuple[str, list[Entry]]]:
    """Behaviors of the training file and what it says of their recordings."""
    if _lacks_behaviors(content):
        place.report("its recordings do not lie under behaviors, expected behavior -> recording -> keypoints")
        return
    groups = {name: group for name, group in content.items() if name != "vocabulary"}
    if content and not groups:
        place.report("holds no behaviors")
    if OTHER in groups:
        del groups[OTHER]
        place.inside(OTHER).report(
            "is the name for frames without a behavior, and none to be searched; leave it out, or give it another name"
        )
    _report_vocabulary(content.get("vocabulary"), dict.fromkeys(map(str, groups)), place)
    seen: set[str] = set()
    for name, group in groups.items():
        inside = place.inside(name)
        if not is_behavior(name, inside):
            continue
        composed = unicodedata.normalize("NFC", str(name))
        if composed in seen:
            inside.report("a second behavior of this name, as people read it")
            continue
        seen.add(composed)
        yield str(name), list(_entries(str(name), group, inside))


def entries(content: dict[Any, Any], place: Place) -> Iterator[Entry]:
    """What a file of any of these forms says of its recordings; of one more than once where it goes by behaviors."""
    if _lacks_behaviors(content):
        yield from _entries("", content, place)
        return
    for name, group in content.items():
        if name != "vocabulary" and is_behavior(name, place.inside(name)):
            yield from _entries(str(name), group, place.inside(name))


def _entries(behavior: str, group: object, place: Place) -> Iterator[Entry]:
    sequences, vocabulary = group, None
    if isinstance(group, dict):
        sequences = group.get("sequences", {key: value for key, value in group.items() if key != "vocabulary"})
        vocabulary = group.get("vocabulary")
    if not isinstance(sequences, dict) or not sequences:
        place.report(f"holds {kind(sequences)}, expected a dict of recordings")
        return
    seen = set()
    for name, content in sequences.items():
        inside = place.inside(name)
        if not is_name(name, inside, LONGEST_NAME):
            continue
        if str(name) in seen:
            inside.report("a second recording of this name")
        elif not isinstance(content, dict):
            inside.report(f"holds {kind(content)}, expected a dict with keypoints")
        else:
            yield Entry(str(name), behavior, content, vocabulary, inside)
        seen.add(str(name))


def _lacks_behaviors(content: dict[Any, Any]) -> bool:
    """Whether this is a file of recordings alone, as the challenge's test file is."""
    of_recordings = ("keypoints", "annotations", "annotator_id", "features", "scores", "metadata")
    return "sequences" in content or any(
        isinstance(value, dict) and not value.keys().isdisjoint(of_recordings) for value in content.values()
    )


def _report_vocabulary(vocabulary: object, behaviors: Mapping[str, None], place: Place) -> None:
    """Where the vocabulary of a whole file does not name its behaviors."""
    if isinstance(vocabulary, np.ndarray):
        vocabulary = vocabulary.tolist()
    if vocabulary is None:
        return
    if not isinstance(vocabulary, list | tuple | dict) or not all(isinstance(name, str) for name in vocabulary):
        place.inside("vocabulary").report(f"{kind(vocabulary)}, expected the names of the behaviors")
        return
    names = dict.fromkeys(str(name) for name in vocabulary if name != OTHER)
    has = listed(names, MOST_NAMED)
    for name in names:
        if name not in behaviors:
            place.inside(name).report("in the vocabulary, but without recordings")
    for behavior in behaviors:
        if behavior not in names:
            place.inside(behavior).report(f"not in the vocabulary, which has {has}")


# Recordings


def _labelled(content: dict[Any, Any], place: Place, setup: Setup) -> dict[str, list[Kept]]:
    labelled: dict[str, list[Kept]] = {}
    for behavior, entries in _training_entries(content, place):
        labelled[behavior] = kept = []
        seen: dict[int, Entry] = {}
        for entry in entries:
            # A small file can refer to the same large array any number of times.
            known = seen.setdefault(id(entry.content.get("keypoints", entry)), entry)
            if known is not entry and isinstance(entry.content["keypoints"], np.ndarray):
                entry.place.report(f"the same poses as {shown(known.id)}, expected each recording once")
                continue
            posed, annotated = poses(entry, setup), labels(entry)
            if posed is not None and annotated is not None:
                kept.append(Kept(replace(posed.recording, labels=annotated), entry.place, posed.unseen))
        report_copies(kept)
        if entries and len(kept) == len(entries):
            report_nothing_to_learn([one.recording for one in kept], place.inside(behavior))
    return labelled


def _unlabelled(
    content: dict[Any, Any], place: Place, setup: Setup
) -> tuple[dict[str, Kept], dict[str, dict[str, Array]]]:
    """Recordings by id, and labels by behavior and id where the test file has them."""
    unlabelled: dict[str, Kept] = {}
    truth: dict[str, dict[str, Array]] = {}
    for entry in entries(content, place):
        posed = poses(entry, setup)
        annotated = labels(entry) if entry.behavior and "annotations" in entry.content else None
        if posed is None:
            continue
        known = unlabelled.setdefault(entry.id, Kept(posed.recording, entry.place, posed.unseen))
        if known.recording.digest != posed.recording.digest:
            entry.place.report(f"other poses than the recording of this name in {known.place.names[0]}")
        if annotated is not None:
            truth.setdefault(entry.behavior, {})[entry.id] = annotated
    return unlabelled, truth
