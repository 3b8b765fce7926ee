"""Videos with the tracks of their animals, put together from files: which files are of one video, and whose parts are
whose.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from harness.data.dataset_toml import reads_as_two
from harness.data.folder.layout import file_safe, folded
from harness.data.folder.register import animal_problem
from harness.data.incoming.keys import video_of, video_of_file
from harness.data.incoming.recognising import read_poses
from harness.data.sentinels import without_sentinels
from harness.errors import DataError
from harness.plugins.readers import XY, Tracks
from harness.recording import Array
from harness.words import counted, listed, shown

FAR_OUT = 0.001
"""Share of the points seen that may lie outside of the picture without a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A video and what is known of its tracks, but not these."""

    id: str
    """The name of the video, as files can have it."""
    key: str
    """The name of the video, by which it is matched."""
    files: tuple[Path, ...]
    tool: str
    animals: tuple[str, ...]
    parts: tuple[str, ...]
    frames: int
    fps: float | None
    image_size: tuple[int, int] | None
    pixels_per_cm: float | None
    places: Mapping[str, tuple[float, float]]
    ends_early: bool
    missing: float
    """Share of all points that were not seen."""
    digest: str
    """SHA-256 of the poses."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Which tracks are taken, and which parts are whose."""

    animals: tuple[str, ...] = ()
    """To take; none stands for all."""
    prefixes: Mapping[str, str] = field(default_factory=dict)
    """What the names of an animal's parts begin with, to the animal."""
    suffixes: Mapping[str, str] = field(default_factory=dict)
    """The same of their ends."""
    min_likelihood: float = 0.0
    """Points of which the tracker was less sure are taken for not seen."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """A part as files call it, to what it is called here."""
    parts: tuple[str, ...] = ()
    """To take, in this order; none stands for all."""


Keep = Callable[[Film, Tracks], object]
"""Is given each video's tracks once, as `Film` describes them."""


def read_films(files: Sequence[Path], whose: Whose, keep: Keep, problems: list[str], notes: list[str]) -> list[Film]:
    """The videos that the files are of, in their order; what is wrong is added to `problems`.

    One video is in memory at a time.
    """
    chosen, left_out = without_doubles(files)
    notes += left_out
    found: dict[str, Film] = {}
    ids: dict[str, str] = {}
    digests: dict[str, str] = {}
    order: tuple[str, ...] = ()
    for key, paths, tracks in _videos(chosen, whose.animals, problems):
        try:
            tracks = _settled(tracks, whose, order)
        except ValueError as error:
            problems.append(f"{paths[0]}: {error}")
            continue
        if key in found:
            both = f"{found[key].files[0]} and {paths[0]}"
            problems.append(f"{both}: are both of the video {shown(key)}; give one of them, or name them apart")
            continue
        order = order or tracks.animals
        name = file_safe(key)
        while folded(name) in ids:
            name = f"{name}-2"
        ids[folded(name)] = key
        film = _film(name, key, paths, tracks)
        if (other := digests.setdefault(film.digest, key)) != key:
            both = f"{found[other].files[0]} and {paths[0]}"
            problems.append(f"{both}: hold the same poses; give one of them")
            continue
        found[key] = film
        keep(film, tracks)
    return list(found.values())


def without_doubles(files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files without those that another of them holds a better version of, and a note for each that is left out.

    Of raw and filtered tracks the filtered ones are taken, of the same in csv and h5 the csv.
    """
    left_out: dict[Path, Path] = {}
    given = dict.fromkeys(files)
    for path in given:
        filtered = path.with_name(f"{path.stem}_filtered{path.suffix}")
        as_csv = path.with_suffix(".csv")
        if path.suffix == ".h5" and as_csv in given:
            left_out[path] = as_csv
        elif filtered in given or (path.suffix == ".h5" and filtered.with_suffix(".csv") in given):
            left_out[path] = filtered if filtered in given else filtered.with_suffix(".csv")
        elif path.suffix == ".csv" and filtered.with_suffix(".h5") in given:
            left_out[path] = filtered.with_suffix(".h5")
    notes = [f"{path.name}: not read, as {better.name} is of the same tracks" for path, better in left_out.items()]
    return [path for path in given if path not in left_out], notes


def _videos(
    files: Sequence[Path], wanted: tuple[str, ...], problems: list[str]
) -> Iterator[tuple[str, tuple[Path, ...], Tracks]]:
    """Key, files and tracks of each video; pieces are put together where they follow one another."""
    waiting: list[tuple[Path, Tracks]] = []
    waited_for = ""
    for path in files:
        try:
            for tracks in read_poses(path, wanted):
                key = video_of(tracks.video) if tracks.video else video_of_file(path)
                if waiting and (not tracks.piece or key != waited_for):
                    yield from _together(waited_for, waiting, problems)
                    waiting = []
                if tracks.piece:
                    waiting.append((path, tracks))
                    waited_for = key
                else:
                    yield key, (path,), tracks
        except DataError as error:
            problems += error.lines
    if waiting:
        yield from _together(waited_for, waiting, problems)


def _together(
    key: str, pieces: Sequence[tuple[Path, Tracks]], problems: list[str]
) -> Iterator[tuple[str, tuple[Path, ...], Tracks]]:
    paths = tuple(path for path, _ in pieces)
    try:
        yield key, paths, merged([one for _, one in pieces])
    except ValueError as error:
        problems.append(f"{paths[0]}: {error}")


def merged(pieces: Sequence[Tracks]) -> Tracks:
    """The tracks of one video from those of its animals. Raises `ValueError`, in words, where they do not fit."""
    first = pieces[0]
    if len(pieces) == 1:
        return first
    names = [name for one in pieces for name in one.animals]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"animal {shown(repr(twice))} of this video is in two files")
    for one in pieces:
        if one.parts != first.parts:
            raise ValueError(f"{shown(one.animals[0])} has other parts than {shown(first.animals[0])}")
        if one.fps != first.fps:
            raise ValueError(f"{shown(one.animals[0])} has another frame rate than {shown(first.animals[0])}")
    frames = max(one.frames for one in pieces)
    sure = [longer(one.confidence, frames) for one in pieces if one.confidence is not None]
    confidence = np.concatenate(sure, axis=1) if len(sure) == len(pieces) else None
    keypoints = np.concatenate([longer(one.keypoints, frames) for one in pieces], axis=1)
    notes = tuple(dict.fromkeys(note for one in pieces for note in one.notes))
    return replace(first, animals=tuple(names), keypoints=keypoints, confidence=confidence, piece=False, notes=notes)


def longer(values: Array, frames: int) -> Array:
    """The values (frames, ...) with NaN at the end, so that there are `frames` of them."""
    more = np.full((frames - len(values), *values.shape[1:]), np.nan, dtype=np.float32)
    return np.concatenate([values, more]) if len(more) else values


def _settled(tracks: Tracks, whose: Whose, order: tuple[str, ...]) -> Tracks:
    """The tracks as they are kept. Raises `ValueError`, in words, for what cannot be."""
    if whose.prefixes or whose.suffixes:
        tracks = split(tracks, whose.prefixes, whose.suffixes)
    if whose.animals:
        tracks = _taken(tracks, whose.animals)
    elif set(order) == set(tracks.animals) and order != tracks.animals:
        tracks = _taken(tracks, order)
    if whose.renamed:
        tracks = replace(tracks, parts=tuple(whose.renamed.get(name, name) for name in tracks.parts))
        if len(set(tracks.parts)) < len(tracks.parts):
            twice = next(name for name in tracks.parts if tracks.parts.count(name) > 1)
            raise ValueError(f"two parts would be called {shown(repr(twice))}; --rename another one")
    if whose.parts:
        tracks = _with_parts(tracks, whose.parts)
    for name in tracks.animals:
        if problem := animal_problem(name):
            raise ValueError(f"animal {shown(repr(name))} {problem}")
    for part in tracks.parts:
        if reads_as_two(part):
            raise ValueError(f"part {shown(repr(part))}: would be taken for two; name it without ' to ' and ' sees '")
    cleaned = without_sentinels(tracks.keypoints)
    if cleaned.unseen:
        said = [
            f"{counted(n, 'point')} at exactly ({x:g}, {y:g}), taken for not seen"
            for (x, y), n in cleaned.unseen.items()
        ]
        tracks = replace(tracks, keypoints=cleaned.keypoints, notes=(*tracks.notes, *said))
    if whose.min_likelihood > 0 and tracks.confidence is not None:
        unsure = tracks.confidence < whose.min_likelihood
        keypoints = np.where(unsure[:, :, None], np.float32(np.nan), tracks.keypoints)
        below = (
            f"{unsure.mean():.1%} of points have a likelihood below {whose.min_likelihood:g} and are taken as not seen"
        )
        tracks = replace(tracks, keypoints=keypoints, notes=(*tracks.notes, below))
    return tracks


def _taken(tracks: Tracks, names: Sequence[str]) -> Tracks:
    """The animals of those names, in that order."""
    if lacking := [name for name in names if name not in tracks.animals]:
        raise ValueError(f"has no animal {shown(repr(lacking[0]))}; it has {listed(tracks.animals, 10)}")
    places = [tracks.animals.index(name) for name in names]
    confidence = None if tracks.confidence is None else tracks.confidence[:, places]
    return replace(tracks, animals=tuple(names), keypoints=tracks.keypoints[:, places], confidence=confidence)


def _with_parts(tracks: Tracks, names: tuple[str, ...]) -> Tracks:
    """The parts of those names, in that order."""
    others = [name for name in tracks.parts if name not in names]
    if lacking := [name for name in names if name not in tracks.parts]:
        way = f"; --rename {shown(others[0])}={shown(lacking[0])} would say that they are the same" if others else ""
        raise ValueError(f"has no part {listed(lacking)}; it has {listed(tracks.parts, 10)}{way}")
    if names == tracks.parts:
        return tracks
    places = [tracks.parts.index(name) for name in names]
    confidence = None if tracks.confidence is None else tracks.confidence[:, :, places]
    notes = (f"parts that are not asked for are left out ({listed(others)})",) if others else ()
    keypoints = np.ascontiguousarray(tracks.keypoints[:, :, :, places])
    return replace(tracks, parts=names, keypoints=keypoints, confidence=confidence, notes=(*tracks.notes, *notes))


def split(tracks: Tracks, prefixes: Mapping[str, str], suffixes: Mapping[str, str]) -> Tracks:
    """Animals of which a file knows only that their parts are called `B_nose` and `W_nose`, or `nose_1` and `nose_2`.

    A part that belongs to nobody is a place. Raises `ValueError`, in words, where the file tells animals apart itself,
    or one of them would have no parts.
    """
    if len(tracks.animals) > 1:
        raise ValueError(f"tells its animals apart itself ({listed(tracks.animals)}); leave out --prefix and --suffix")
    parts: dict[tuple[str, str], int] = {}
    places = dict(tracks.places)
    for place, name in enumerate(tracks.parts):
        owner = _owner(name, prefixes, suffixes)
        if owner is None:
            places[name] = middle(tracks.keypoints[:, 0, :, place])
        else:
            parts[owner] = place
    animals = tuple(dict.fromkeys([*prefixes.values(), *suffixes.values()]))
    names = tuple(dict.fromkeys(part for _, part in parts))
    for animal in animals:
        if not any(who == animal for who, _ in parts):
            raise ValueError(f"no part is that of {shown(animal)}; its parts are {listed(tracks.parts, 10)}")
    keypoints = np.full((tracks.frames, len(animals), XY, len(names)), np.nan, dtype=np.float32)
    confidence = None
    if tracks.confidence is not None:
        confidence = np.zeros((tracks.frames, len(animals), len(names)), dtype=np.float32)
    for (who, part), place in parts.items():
        at, to = animals.index(who), names.index(part)
        keypoints[:, at, :, to] = tracks.keypoints[:, 0, :, place]
        if confidence is not None and tracks.confidence is not None:
            confidence[:, at, to] = tracks.confidence[:, 0, place]
    return replace(tracks, animals=animals, parts=names, keypoints=keypoints, confidence=confidence, places=places)


def _owner(name: str, prefixes: Mapping[str, str], suffixes: Mapping[str, str]) -> tuple[str, str] | None:
    """Animal and part; None where the name is nobody's."""
    for prefix, animal in sorted(prefixes.items(), key=lambda one: -len(one[0])):
        if name.startswith(prefix) and name != prefix:
            return animal, name.removeprefix(prefix)
    for suffix, animal in sorted(suffixes.items(), key=lambda one: -len(one[0])):
        if name.endswith(suffix) and name != suffix:
            return animal, name.removesuffix(suffix)
    return None


def middle(points: Array) -> tuple[float, float]:
    """The median place of a point (frames, 2); (nan, nan) where it was never seen."""
    seen = points[~np.isnan(points).any(axis=1)]
    if not len(seen):
        return float("nan"), float("nan")
    x, y = np.median(seen, axis=0)
    return float(x), float(y)


def _film(name: str, key: str, paths: tuple[Path, ...], tracks: Tracks) -> Film:
    unseen = np.isnan(tracks.keypoints).any(axis=2)
    notes = list(tracks.notes)
    if hint := _looks_like_two(tracks):
        notes.append(hint)
    if tracks.image_size is not None and (share := _outside(tracks)) > FAR_OUT:
        notes.append(f"{share:.2%} of the points seen lie outside of the picture")
    digest = hashlib.sha256(repr(tracks.keypoints.shape).encode())
    digest.update(np.ascontiguousarray(tracks.keypoints).tobytes())
    return Film(
        id=name,
        key=key,
        files=paths,
        tool=tracks.tool,
        animals=tracks.animals,
        parts=tracks.parts,
        frames=tracks.frames,
        fps=tracks.fps,
        image_size=tracks.image_size,
        pixels_per_cm=tracks.pixels_per_cm,
        places={place: at for place, at in tracks.places.items() if not np.isnan(at).any()},
        ends_early=tracks.ends_early,
        missing=float(unseen.mean()),
        digest=digest.hexdigest(),
        notes=tuple(notes),
    )


def _outside(tracks: Tracks) -> float:
    """Share of the points seen."""
    assert tracks.image_size is not None
    x, y = tracks.keypoints[:, :, 0], tracks.keypoints[:, :, 1]
    width, height = tracks.image_size
    out = (x < 0) | (y < 0) | (x > width) | (y > height)
    return float(out.sum() / max(1, np.isfinite(x).sum()))


def _looks_like_two(tracks: Tracks) -> str:
    """A note where the parts of one animal are called like those of several."""
    if len(tracks.animals) > 1:
        return ""
    for option, cut in (("prefix", 0), ("suffix", -1)):
        marks: dict[str, set[str]] = {}
        for name in tracks.parts:
            words = name.split("_")
            if len(words) > 1:
                mark = words[cut]
                rest = name.removeprefix(f"{mark}_") if cut == 0 else name.removesuffix(f"_{mark}")
                marks.setdefault(f"{mark}_" if cut == 0 else f"_{mark}", set()).add(rest)
        several = [mark for mark, rest in marks.items() if len(rest) > 1 and list(marks.values()).count(rest) > 1]
        if len(several) > 1:
            ways = " ".join(f"--{option} {mark}=NAME" for mark in several[:3])
            return f"its parts look like those of {counted(len(several), 'animal')}; {ways} tells them apart"
    return ""
