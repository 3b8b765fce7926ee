"""Write a dataset as a dataset folder, so that reading it gives the same."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from harness.data.dataset_toml import SETUP_FILE, Setup, toml_text
from harness.data.folder.bouts import COLUMNS as BOUT_COLUMNS
from harness.data.folder.bouts import Cast, Who
from harness.data.folder.layout import ANNOTATED, ENDINGS, LABELS, POSES, REGISTER, folded, id_problem
from harness.data.folder.register import COLUMNS, EVERY, LABELLED, TEST, UNLABELLED, animal_problem
from harness.dataset import Dataset
from harness.errors import DataError, HarnessError
from harness.files.atomic import reason
from harness.files.outputs import made_whole, refuse_taken
from harness.recording import UNKNOWN, Array, Recording
from harness.scores.metrics import runs
from harness.words import shown

Value = TypeVar("Value")

Runs = tuple[tuple[int, int], ...]
"""Start and stop (exclusive), in order."""


def write_dataset(dataset: Dataset, folder: Path, *, edges: tuple[tuple[str, str], ...] = (), source: str = "") -> None:
    """Make `folder`, of which nothing is seen before it is whole.

    An example of which nothing is known is not kept. Raises `DataError` with all that such a folder cannot hold, and
    `HarnessError` where `folder` is there or cannot be written.
    """
    videos = _videos(dataset)
    setup = _setup(dataset, [one.film for one in videos], edges, source)
    with new_folder(folder) as place:
        (place / SETUP_FILE).write_text(toml_text(setup), encoding="utf-8")
        for part in ENDINGS:
            (place / part).mkdir()
        _write_register(place / REGISTER, videos, setup)
        for video in videos:
            _write_video(place, video, setup.behaviors)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """What is called `folder` once all is written. Raises `HarnessError` where there is one, or it cannot be."""
    refuse_taken(folder)

    def unwritable(error: OSError) -> HarnessError:
        return HarnessError(f"{folder}: cannot be written ({reason(error)})")

    try:
        with made_whole(folder, unwritable) as place:
            yield place
    except OSError as error:
        raise unwritable(error) from error


class _Video:
    """A recording, and what is known of it."""

    def __init__(self, film: Recording) -> None:
        self.film = film
        self.split = UNLABELLED
        self.labels: dict[Who, Array] = {}


def _videos(dataset: Dataset) -> list[_Video]:
    """All recordings, in an order in which those of each behavior, and those to be labelled, keep theirs."""
    problems: dict[str, None] = {}
    videos: dict[str, _Video] = {}
    orders: list[list[str]] = []
    for behavior, group in dataset.labelled.items():
        orders.append(list(dict.fromkeys(one.source_id for one in group)))
        for example in group:
            film = example.video
            video = videos.setdefault(example.source_id, _Video(film))
            video.split = LABELLED
            if video.film is not film and video.film.digest != film.digest:
                problems[f"{behavior}, {shown(film.id)}: other poses than the recording of this name elsewhere"] = None
            video.labels[behavior, example.agent, example.target] = example.known_labels
    orders.append([one.id for one in dataset.unlabelled])
    for film in dataset.unlabelled:
        if film.id in videos:
            problems[f"{shown(film.id)}: is labelled and to be labelled; give one of both another name"] = None
            continue
        video = videos[film.id] = _Video(film)
        for behavior in dataset.labelled:
            for example in film.examples(dataset.scope(behavior)):
                if (labels := dataset.truth.get(behavior, {}).get(example.id)) is not None:
                    video.split = TEST
                    video.labels[behavior, example.agent, example.target] = labels
    problems |= dict.fromkeys(_problems(dataset, [one.film for one in videos.values()]))
    if problems:
        raise DataError(tuple(problems))
    return [videos[name] for name in _in_order(list(videos), orders)]


def _problems(dataset: Dataset, films: Sequence[Recording]) -> Iterator[str]:
    """What a dataset folder cannot hold."""
    taken: dict[str, str] = {}
    for film in films:
        if problem := id_problem(film.id):
            yield f"{shown(film.id)}: its name {problem}"
        elif (other := taken.setdefault(folded(film.id), film.id)) != film.id:
            yield f"{shown(film.id)}: some disks take its name for {shown(other)}; give it another"
        if film.skeleton != films[0].skeleton:
            yield f"{shown(film.id)}: keypoints of other names or roles than in {shown(films[0].id)}"
        if film.arena != films[0].arena:
            yield f"{shown(film.id)}: another arena than in {shown(films[0].id)}; a folder has one"
        for name in film.names:
            if problem := animal_problem(name):
                yield f"{shown(film.id)}: animal {shown(repr(name))} {problem}"


def _in_order(names: Sequence[str], orders: Iterable[Sequence[str]]) -> list[str]:
    """The names such that each of the orders is kept, else as they come; so, too, where the orders contradict."""
    places = {name: place for place, name in enumerate(names)}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(names, ()))
    for order in orders:
        for before, after in pairwise(order):
            sorter.add(after, before)
    try:
        sorter.prepare()
    except CycleError:
        return list(names)
    found: list[str] = []
    ready: list[int] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, places[name])
        found.append(names[heappop(ready)])
        sorter.done(found[-1])
    return found


def _setup(dataset: Dataset, films: Sequence[Recording], edges: tuple[tuple[str, str], ...], source: str) -> Setup:
    """What holds for all of them."""
    return Setup(
        dataset.skeleton,
        _common([film.fps for film in films]),
        _common([film.image_size for film in films]),
        any(example.footage for group in dataset.labelled.values() for example in group),
        pixels_per_cm=_common([film.pixels_per_cm for film in films]),
        arena=films[0].arena,
        behaviors={behavior: dataset.scope(behavior) for behavior in dataset.labelled},
        exclusive=dataset.exclusive,
        edges=edges,
        source=source,
    )


def _common(values: Sequence[Value]) -> Value | None:
    return values[0] if len(set(values)) == 1 else None


def _write_register(path: Path, videos: Sequence[_Video], setup: Setup) -> None:
    more = dict.fromkeys(column for video in videos for column in video.film.about if column not in COLUMNS)
    rows = [_row(video, setup) for video in videos]
    used = [column for column in (*COLUMNS, *more) if any(row.get(column) for row in rows)]
    write_rows(path, used, ([row.get(column, "") for column in used] for row in rows))


def _row(video: _Video, setup: Setup) -> Mapping[str, str]:
    film = video.film
    row = dict(film.about) | {"id": film.id, "group": film.group, "animals": ";".join(film.names)}
    if video.split == TEST:  # what others are, their files say
        row["split"] = TEST
    if setup.fps is None:
        row["fps"] = _number(film.fps)
    if setup.image_size is None and film.image_size is not None:
        row["width"], row["height"] = map(str, film.image_size)
    if setup.pixels_per_cm is None and film.pixels_per_cm is not None:
        row["pixels_per_cm"] = _number(film.pixels_per_cm)
    return row


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _write_video(place: Path, video: _Video, scopes: Mapping[str, str]) -> None:
    film = video.film
    write_poses(place, film.id, film.keypoints, film.confidence)
    if video.split == UNLABELLED:
        return
    write_known(place, film, video.labels, scopes)


def write_known(place: Path, film: Recording, labels: Mapping[Who, Array], scopes: Mapping[str, str]) -> None:
    """What is known of a recording: its bouts, and what was looked at where that is not all of it."""
    cast = Cast(film.frames, film.animal_names, scopes)
    bouts = [(who, run) for who, theirs in labels.items() for run in runs(theirs == 1)]
    write_bouts(place / LABELS / f"{film.id}.csv", bouts)
    looked_at = {
        behavior: [(who, runs(labels[who] != UNKNOWN) if who in labels else ()) for who in cast.every(behavior)]
        for behavior in scopes
    }
    if any(runs != ((0, film.frames),) for found in looked_at.values() for _, runs in found):
        stretches = [one for behavior, found in looked_at.items() for one in _stretches(behavior, found)]
        write_bouts(place / ANNOTATED / f"{film.id}.csv", stretches)


def write_poses(
    place: Path, name: str, keypoints: Array, confidence: Array | None, parts: Sequence[str] | None = None
) -> None:
    """The tracks of one recording; `parts` where they are not those of `dataset.toml`, in its order."""
    arrays: dict[str, Array] = {"keypoints": np.asarray(keypoints, np.float32)}
    if confidence is not None:
        arrays["confidence"] = np.asarray(confidence, np.float32)
    if parts is not None:
        arrays["parts"] = np.array(parts)
    with open(place / POSES / f"{name}.npz", "wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # no array is named allow_pickle


def _stretches(behavior: str, found: Sequence[tuple[Who, Runs]]) -> Iterator[tuple[Who, tuple[int, int]]]:
    """What was looked at for a behavior, in one line where it was the same for all animals."""
    if len(found) > 1 and len({runs for _, runs in found}) == 1:
        found = [((behavior, EVERY, EVERY), found[0][1])]
    yield from ((who, run) for who, runs in found for run in runs)


def write_bouts(path: Path, stretches: Iterable[tuple[Who, tuple[int, int]]]) -> None:
    rows = ([behavior, agent, target, str(start), str(stop)] for (behavior, agent, target), (start, stop) in stretches)
    write_rows(path, BOUT_COLUMNS, rows)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with open(path, "x", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])
