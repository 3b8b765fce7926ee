"""Recordings that are right by themselves, and what is wrong with them together."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.data.axes import changed_places
from harness.data.copies import near_copies
from harness.data.dataset_toml import SETUP_FILE, Setup
from harness.data.entry import Place
from harness.recording import Recording
from harness.words import counted, shown

GLANCED_AT = 20
"""Frames, evenly spread, by which recordings that may hold the same poses are found."""


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
    """Where two recordings hold the very same poses, whatever else is said of them, such as frames a second."""
    alike: dict[tuple[tuple[int, ...], bytes], list[Kept]] = {}
    for kept in group:
        keypoints = kept.recording.video.keypoints
        glance = np.ascontiguousarray(keypoints[:: max(1, len(keypoints) // GLANCED_AT)]).tobytes()
        others = alike.setdefault((keypoints.shape, glance), [])
        known = next((one for one in others if _same_poses(one.recording.video, kept.recording.video)), kept)
        if known is kept:
            others.append(kept)
        elif known.recording.source_id != kept.recording.source_id and kept.recording.seen:
            kept.place.report(f"the same poses as {shown(known.recording.source_id)}, expected each recording once")


def _same_poses(one: Recording, other: Recording) -> bool:
    return one is other or np.array_equal(one.keypoints, other.keypoints, equal_nan=True)


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
        films = {kept.recording.video.digest: kept.recording for kept in group}
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


def settle_copies(
    labelled: Mapping[str, list[Kept]],
    unlabelled: Mapping[str, Kept],
    tested: Mapping[str, Collection[str]],
    *,
    together: bool = False,
) -> tuple[Mapping[str, list[Kept]], list[str]]:
    """What is labelled, recordings of the same footage marked as such where they are to be held out `together`, and
    notes on others. Where one tells what the other should show it is reported; see `_report_footage`.
    """
    copies = _footage(labelled, unlabelled)
    settled = _held_together(labelled, copies) if together else labelled
    return settled, list(_report_footage(copies, settled, unlabelled, tested))


def _footage(labelled: Mapping[str, list[Kept]], unlabelled: Mapping[str, Kept]) -> list[SameFootage]:
    labelled_films = (kept.recording.video for group in labelled.values() for kept in group)
    every = {film.digest: film for film in labelled_films}
    every |= {kept.recording.digest: kept.recording for kept in unlabelled.values()}
    digests, recordings = list(every), list(every.values())
    return [
        SameFootage(digests[copy.one], digests[copy.other], copy.frames / recordings[copy.one].fps)
        for copy in near_copies(recordings)
    ]


def _report_footage(
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
    return {kept.recording.video.digest: kept for kept in group}


def _held_together(labelled: Mapping[str, list[Kept]], copies: list[SameFootage]) -> dict[str, list[Kept]]:
    """The recordings, those of the same footage marked as such, by the name of the first."""
    found = {}
    for behavior, kepts in labelled.items():
        films = [kept.recording.video.digest for kept in kepts]
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
