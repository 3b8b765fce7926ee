"""Read a dataset folder, with all that is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.dataset_toml import SETUP_FILE, Setup, read_dataset_toml
from harness.data.entry import Place
from harness.data.folder.bouts import NO_FILE, Bouts, Cast, Who, count_outside, labels_of, read_annotated, read_labels
from harness.data.folder.layout import (
    ANNOTATED,
    ENDINGS,
    LABELS,
    POSES,
    REGISTER,
    as_date,
    files_in,
    near,
    report_slips,
    report_strays,
)
from harness.data.folder.poses import Poses, read_poses
from harness.data.folder.register import LABELLED, TEST, UNLABELLED, Row, read_register
from harness.data.kept import (
    Kept,
    report_copies,
    report_different_crowds,
    report_nothing_to_learn,
    report_overlap,
    settle_copies,
)
from harness.data.parts import Matched, match_parts, taken
from harness.dataset import Dataset
from harness.errors import DataError
from harness.recording import PAIR, SCENE, Array, Recording, Skeleton
from harness.words import counted, shown


@dataclass(frozen=True, slots=True)
class FolderContent:
    """A dataset, and what its files say that it does not hold."""

    dataset: Dataset
    setup: Setup
    part_notes: tuple[str, ...]
    """Parts that were left out, or made of others."""


def read_folder(folder: Path) -> FolderContent:
    """What is in the dataset folder. Raises `DataError` with every problem of all files."""
    problems: dict[str, None] = {}
    files = {part: files_in(folder, part, problems) for part in ENDINGS}
    setup, films, notes = _films(folder, files, problems)
    setup_place = Place(folder / SETUP_FILE, problems)
    if setup is None:
        raise DataError(tuple(problems))
    if not setup.behaviors:
        setup_place.report('names no behaviors, expected a table such as [behaviors] with groom = "one"')
    labelled: dict[str, list[Kept]] = {behavior: [] for behavior in setup.behaviors}
    to_label: dict[str, Kept] = {}
    truth: dict[str, dict[str, Array]] = {}
    tested: dict[str, dict[str, None]] = {}
    outside: dict[str, None] = {}
    for film in films:
        found = _labels(film, setup.behaviors, files, problems, outside)
        examples = {who: film.example(who, labels) for who, labels in found.items()}
        if film.split(files) == LABELLED and examples:
            for (behavior, _, _), example in examples.items():
                labelled[behavior].append(Kept(example, film.place, {}))
        else:
            to_label[film.recording.id] = Kept(film.recording, film.place, {})
            for (behavior, _, _), example in examples.items():
                truth.setdefault(behavior, {})[example.id] = example.known_labels
                tested.setdefault(behavior, {})[film.recording.id] = None
    if not problems:
        for behavior, group in labelled.items():
            inside = setup_place.inside("behaviors").inside(behavior)
            if group:
                report_nothing_to_learn([kept.recording for kept in group], inside)
            else:
                inside.report(_why_no_example(setup.behaviors[behavior], films, files))
    every = {film.recording.id: Kept(film.recording, film.place, {}) for film in films}
    if SCENE in setup.behaviors.values():
        report_different_crowds(list(every.values()))
    report_copies([kept for kept in every.values() if kept.recording.id not in to_label])
    report_overlap(labelled, to_label, tested)
    if problems:
        raise DataError(tuple(problems))
    settled, copies = settle_copies(labelled, to_label, tested, together=setup.copies_together)
    if problems:
        raise DataError(tuple(problems))
    dataset = Dataset(
        name=folder.resolve().name,
        labelled={behavior: tuple(kept.recording for kept in group) for behavior, group in settled.items()},
        unlabelled=tuple(kept.recording for kept in to_label.values()),
        truth=truth,
        source=folder,
        assumed=_assumed(films[0].recording),
        notes=tuple(dict.fromkeys([*notes, *outside, *copies])),
        scopes=dict(setup.behaviors),
        exclusive=setup.exclusive,
    )
    return FolderContent(dataset, setup, notes)


def read_recordings(folder: Path) -> tuple[Recording, ...]:
    """All recordings of the dataset folder, without labels, which are not looked at. Raises `DataError` with every
    problem of the other files.
    """
    problems: dict[str, None] = {}
    files = {part: files_in(folder, part, problems) for part in ENDINGS}
    _, films, _ = _films(folder, files, problems)
    if problems:
        raise DataError(tuple(problems))
    return tuple(film.recording for film in films)


Files = Mapping[str, Mapping[str, Path]]
"""By folder, id to file."""


@dataclass(frozen=True, slots=True)
class _Film:
    """A recording that is right as far as it goes, and what `recordings.csv` says of it."""

    row: Row
    recording: Recording
    place: Place
    """Its poses."""

    def split(self, files: Files) -> str:
        looked_at = self.row.file in files[LABELS] or self.row.file in files[ANNOTATED]
        return self.row.split or (LABELLED if looked_at else UNLABELLED)

    def example(self, who: Who, labels: Array) -> Recording:
        _, agent, target = who
        return self.recording.seen_from(agent, target, labels) if agent else replace(self.recording, labels=labels)


def _films(folder: Path, files: Files, problems: dict[str, None]) -> tuple[Setup | None, list[_Film], tuple[str, ...]]:
    """The setup or None where it is not right, recordings without labels, and notes on parts that not all have."""
    report_slips(folder, problems)
    setup = _setup(folder / SETUP_FILE, problems)
    register = read_register(folder / REGISTER, problems)
    if register.right:  # or what belongs to a line that is not would be told, too
        for part in ENDINGS:
            report_strays(files[part].items(), register.ids, problems)
    posed: list[tuple[Row, Poses, Place]] = []
    for row in register.rows:
        path = files[POSES].get(row.file)
        if path is None:
            hint = near(row.file, files[POSES])
            missing = Place(folder / POSES / f"{row.id}.npz", problems)
            missing.report(f"no such file, which {row.place.names[0]} of {REGISTER} asks for{hint}{as_date(row.id)}")
            continue
        place = Place(path, problems)
        poses = read_poses(path, place)
        if setup is not None and poses is not None and _fits(row, poses, setup, place):
            posed.append((row, poses, place))
    if setup is None:
        return None, [], ()
    matched = _matched(setup, posed, Place(folder / SETUP_FILE, problems))
    if not matched.skeleton.keypoints:
        return setup, [], ()
    films = [
        _Film(row, _recording(row, poses, setup, matched.skeleton, sources), place)
        for (row, poses, place), sources in zip(posed, matched.sources, strict=True)
    ]
    return setup, films, matched.notes


def _setup(path: Path, problems: dict[str, None]) -> Setup | None:
    try:
        return read_dataset_toml(path)
    except DataError as error:
        problems |= dict.fromkeys(error.problems)
        return None


def _fits(row: Row, poses: Poses, setup: Setup, place: Place) -> bool:
    """Whether the poses are those of the row, and all that is needed is said of them."""
    before = len(place.problems)
    animals, parts = poses.keypoints.shape[1], poses.keypoints.shape[3]
    if row.animals and len(row.animals) != animals:
        named = f"names {len(row.animals)}: {shown(', '.join(row.animals))}"
        row.place.inside("animals").report(f"{named}; expected {animals}, as {place.path} has")
    if poses.parts is None and setup.skeleton is not None and len(setup.skeleton.keypoints) != parts:
        named = f"{len(setup.skeleton.keypoints)} as {SETUP_FILE} names"
        place.report(f"keypoints have {parts} parts, expected {named}; an array 'parts' in the file gives others names")
    if row.fps is None and setup.fps is None:
        row.place.inside("fps").report(f"is empty, expected frames a second here, or for all as fps in {SETUP_FILE}")
    return len(place.problems) == before


def _matched(setup: Setup, posed: list[tuple[Row, Poses, Place]], setup_place: Place) -> Matched:
    if not posed:
        return Matched(Skeleton(()), (), ())
    named = setup.skeleton.keypoints if setup.skeleton is not None else None
    parts = []
    for row, poses, _ in posed:
        unnamed = named or Skeleton.unnamed(poses.keypoints.shape[3]).keypoints
        parts.append((row.id, poses.parts or unnamed))
    wanted = setup.skeleton or Skeleton(parts[0][1])
    matched = match_parts(wanted, parts)
    if not matched.skeleton.keypoints:
        setup_place.report("no part that all recordings have; give the same parts the same names")
    return matched


def _recording(
    row: Row, poses: Poses, setup: Setup, skeleton: Skeleton, sources: tuple[tuple[int, ...], ...]
) -> Recording:
    fps = row.fps or setup.fps
    assert fps is not None, "or it does not fit"
    return Recording(
        row.id,
        taken(poses.keypoints, sources),
        skeleton,
        fps=fps,
        confidence=None if poses.confidence is None else taken(poses.confidence, sources),
        image_size=row.image_size or setup.image_size,
        group=row.group,
        names=row.animals,
        pixels_per_cm=row.pixels_per_cm or setup.pixels_per_cm,
        arena=setup.arena,
        about=row.about,
    )


def _labels(
    film: _Film, scopes: Mapping[str, str], files: Files, problems: dict[str, None], outside: dict[str, None]
) -> dict[Who, Array]:
    """Labels by who does what to whom, where something is known; a line where some lie `outside` of that."""
    labels, annotated = files[LABELS].get(film.row.file), files[ANNOTATED].get(film.row.file)
    split, place = film.row.split, film.row.place.inside("split")
    if split == LABELLED and labels is None and annotated is None:
        place.report(f"is {LABELLED}, but there is no {LABELS}/{film.row.id}.csv and no {ANNOTATED}/{film.row.id}.csv")
    if labels is None and annotated is None:
        return {}
    if split == UNLABELLED:
        way = f"expected {LABELLED}, or {TEST} where they are for scoring only"
        place.report(f"is {UNLABELLED}, but there is {labels or annotated}; {way}")
    cast = Cast(film.recording.frames, film.recording.animal_names, scopes)
    before = len(problems)
    bouts: Bouts = NO_FILE if labels is None else read_labels(labels, cast, problems)
    looked_at: Bouts = NO_FILE if annotated is None else read_annotated(annotated, cast, problems)
    if len(problems) > before:
        return {}
    found = labels_of(cast, bouts, looked_at)
    if amount := count_outside(bouts, found):
        outside[f"{labels}: {counted(amount, 'bout')} where nobody looked, as {annotated} says; not counted"] = None
    return found


def _why_no_example(scope: str, films: list[_Film], files: Files) -> str:
    alone = [film for film in films if film.split(files) == LABELLED and film.recording.animals == 1]
    if scope == PAIR and alone:
        return f"is of a pair, but {alone[0].recording.id} has one animal; no recording of two or more was looked at"
    return f"no recording of split {LABELLED} was looked at for it"


def _assumed(recording: Recording) -> tuple[str, ...]:
    if recording.skeleton.roles:
        return ()
    return (f"{len(recording.skeleton.keypoints)} keypoints without a role",)
