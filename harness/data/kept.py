"""Recordings that are right by themselves, and what is wrong with them together."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.data.axes import changed_places
from harness.data.copies import near_copies
from harness.data.dataset_toml import SETUP_FILE, Setup
from harness.data.entry import Place
from harness.recording import Recording
from harness.words import counted, shown


@dataclass(frozen=True, slots=True)
class Kept:
    """A recording that is right as far as it goes."""

    recording: Recording
    place: Place
    unseen: Mapping[tuple[float, float], int]


def report_nothing_to_learn(group: list[Recording], place: Place) -> None:
    if not any(one.seen for one in group):
        place.report("all keypoints are NaN: nothing was seen on any frame of any recording")
    elif not any(one.positives for one in group):
        unknown = sum(one.frames - one.labelled_frames for one in group)
        frames = sum(one.frames for one in group)
        looked = f"; {unknown:,} of {frames:,} frames are unknown (NaN or -1)" if unknown else ""
        place.report(f"no frame of any recording is labelled as the behavior{looked}")
    elif not any(one.positives for one in group if one.seen):
        place.report("the behavior is labelled only where all keypoints are NaN, so that nothing can be learned of it")
    elif all(one.positives == one.labelled_frames for one in group):
        place.report(
            "every frame of every recording is labelled as the behavior, so nothing says what it is not, and no score "
            "could be wrong; add frames without it"
        )


def report_copies(group: list[Kept]) -> None:
    first: dict[str, Kept] = {}
    poses: dict[int, str] = {}
    for kept in group:
        film = film_of(kept.recording)
        if id(film) not in poses:  # whatever else is said of them, such as other frames a second
            poses[id(film)] = hashlib.sha256(np.ascontiguousarray(film.keypoints).data).hexdigest()
        known = first.setdefault(poses[id(film)], kept)
        if known.recording.source_id != kept.recording.source_id and film.seen:
            kept.place.report(f"the same poses as {shown(known.recording.source_id)}, expected each recording once")


def film_of(recording: Recording) -> Recording:
    """The recording that it is an example of; itself where it is none."""
    return recording if recording.whole is None else recording.whole


def report_different_bodies(recordings: list[Kept], setup: Setup, setup_place: Place) -> None:
    if not recordings:
        return
    place, (animals, parts) = recordings[0].place, _animals_and_parts(recordings[0].recording)
    for kept in recordings[1:]:
        found = _animals_and_parts(kept.recording)
        if found != (animals, parts):
            way = changed_places(found, (animals, parts))
            kept.place.report(f"(animals, parts) are {found}, expected {(animals, parts)} as in {place}{way}")
    if setup.skeleton is not None and len(setup.skeleton.keypoints) != parts:
        named = len(setup.skeleton.keypoints)
        way = changed_places((animals, parts), (parts, named)) if animals == named else ""
        setup_place.report(f"names {named} keypoints, expected {parts} as in {place}{way}")


def report_different_crowds(recordings: list[Kept]) -> None:
    """Where behaviors are of the scene, all see as many animals."""
    for kept in recordings[1:]:
        animals, expected = kept.recording.animals, recordings[0].recording.animals
        if animals != expected:
            found = f"{counted(animals, 'animal')}, expected {expected} as in {recordings[0].place}"
            kept.place.report(f"has {found}, as there are behaviors of the scene")


def _animals_and_parts(recording: Recording) -> tuple[int, int]:
    return recording.animals, len(recording.skeleton.keypoints)


def report_overlap(
    labelled: Mapping[str, list[Kept]], unlabelled: Mapping[str, Kept], tested: Mapping[str, Collection[str]]
) -> None:
    """Test recordings whose labels are known for a behavior (`tested`) and that are trained on for the same: their
    score would be a memory.
    """
    for behavior, group in labelled.items():
        films = {film_of(kept.recording).digest: kept.recording for kept in group}
        trained = {digest: one.source_id for digest, one in films.items() if one.seen}
        for name in tested.get(behavior, ()):
            test = unlabelled[name]
            if test.recording.digest in trained:
                same = shown(trained[test.recording.digest])
                test.place.file.inside(behavior).inside(name).report(f"the same poses as {same}, which is trained on")


@dataclass(frozen=True, slots=True)
class SameFootage:
    """Two recordings, by digest, that show the same."""

    one: str
    other: str
    seconds: float

    def told(self, name: str) -> str:
        return f"shows the same footage as {shown(name)} for {self.seconds:.1f} s"


def same_footage(labelled: Mapping[str, list[Kept]], unlabelled: Mapping[str, Kept]) -> list[SameFootage]:
    labelled_films = (film_of(kept.recording) for group in labelled.values() for kept in group)
    every = {film.digest: film for film in labelled_films}
    every |= {kept.recording.digest: kept.recording for kept in unlabelled.values()}
    digests, recordings = list(every), list(every.values())
    return [
        SameFootage(digests[copy.one], digests[copy.other], copy.frames / recordings[copy.one].fps)
        for copy in near_copies(recordings)
    ]


def report_same_footage(
    copies: list[SameFootage],
    labelled: Mapping[str, list[Kept]],
    unlabelled: Mapping[str, Kept],
    tested: Mapping[str, Collection[str]],
) -> Iterator[str]:
    """Recordings of the same footage where one tells what the other should show; yields notes of others.

    They may be where they are marked as such (`Recording.footage`), as they are held out together. `tested` are the
    recordings to be labelled whose labels are known, by behavior.
    """
    ids = {kept.recording.digest: kept.recording.id for kept in unlabelled.values()}
    trained = {behavior: _by_film(group) for behavior, group in labelled.items()}
    names = {digest: kept.recording.source_id for group in trained.values() for digest, kept in group.items()}
    for copy in copies:
        for behavior, group in trained.items():
            if copy.one in group and copy.other in group:
                told = copy.told(names[copy.one])
                footage = {group[digest].recording.footage for digest in (copy.one, copy.other)}
                if len(footage) == 1 and footage != {""}:
                    yield f"{shown(names[copy.other])} of {shown(behavior)} {told}; they are held out together"
                else:
                    way = f'leave one out, or hold them out together with copies = "together" in {SETUP_FILE}'
                    group[copy.other].place.report(f"{told}; {way}")
            for train, test in ((copy.one, copy.other), (copy.other, copy.one)):
                if train in group and ids.get(test, "") in tested.get(behavior, ()):
                    inside = unlabelled[ids[test]].place.file.inside(behavior).inside(ids[test])
                    inside.report(f"{copy.told(names[train])}, which is trained on; leave one out")
        if (copy.one in names) != (copy.other in names):
            test, train = (copy.other, copy.one) if copy.one in names else (copy.one, copy.other)
            yield f"{shown(ids[test])}, to be labelled, {copy.told(names[train])}, which is trained on"


def _by_film(group: Iterable[Kept]) -> dict[str, Kept]:
    """By digest of what it is an example of, one of a kind."""
    return {film_of(kept.recording).digest: kept for kept in group}


def held_together(labelled: Mapping[str, list[Kept]], copies: list[SameFootage]) -> dict[str, list[Kept]]:
    """The recordings, those of the same footage marked as such, by the name of the first."""
    found = {}
    for behavior, kepts in labelled.items():
        films = [film_of(kept.recording).digest for kept in kepts]
        first = {digest: films.index(digest) for digest in films}
        for copy in copies:
            if copy.one in first and copy.other in first:
                low, high = sorted((first[copy.one], first[copy.other]))
                first = {digest: low if place == high else place for digest, place in first.items()}
        places = list(first.values())
        footage = {
            digest: kepts[place].recording.source_id if places.count(place) > 1 else ""
            for digest, place in first.items()
        }
        found[behavior] = [
            replace(kept, recording=replace(kept.recording, footage=footage[digest]))
            for kept, digest in zip(kepts, films, strict=True)
        ]
    return found


def unseen_notes(every: list[Kept]) -> Iterator[str]:
    """A line for each place in the image that was taken for "not seen"."""
    once = {kept.recording.digest: kept.unseen for kept in every if kept.unseen}
    for place in sorted({place for unseen in once.values() for place in unseen}):
        amounts = [unseen[place] for unseen in once.values() if place in unseen]
        points, where = counted(sum(amounts), "point"), counted(len(amounts), "recording")
        yield f"{points} in {where} at exactly ({place[0]:g}, {place[1]:g}), off the animals: taken for not seen"
