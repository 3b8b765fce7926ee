"""CalMS21 as its own script makes `.npy` of it, the challenge's train.npy and test.npy, and files laid out like them.

Which form it is shows in the content (see `data.challenge`). Pickles are never run.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from harness.data.annotations import flat, labels
from harness.data.challenge import OTHER, entries
from harness.data.dataset_toml import Setup
from harness.data.entry import Entry, Place, kind, poses
from harness.data.incoming.calms21 import (
    FPS,
    IMAGE_SIZE,
    MICE,
    TOOL,
    Said,
    is_its_own,
    names,
    said,
    video_of_recording,
    vocabulary_of,
)
from harness.data.incoming.pickled import dict_in, holds_recordings, holds_triplets
from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, Tracks, annotation_reader, pose_reader
from harness.recording import UNKNOWN
from harness.words import counted, shown

LONGEST_LINE = 400
"""Letters of a problem."""


def _knows(source: Source) -> bool:
    return holds_recordings(source) and not holds_triplets(source)


@pose_reader("calms21_npy", tool=TOOL, endings=(".npy",), recognises=_knows)
def calms21_npy_poses(source: Source) -> Iterator[Tracks]:
    """Each recording once, however many behaviors it is there for."""
    problems: dict[str, None] = {}
    known: dict[str, tuple[str, str]] = {}
    for entry in entries(dict(dict_in(source)), Place(source.path, problems)):
        posed = poses(entry, Setup())
        if posed is None:
            continue
        recording = posed.recording
        behavior, digest = known.setdefault(entry.id, (entry.behavior, recording.digest))
        if digest != recording.digest:
            entry.place.report(f"other poses than the recording of this name in {shown(behavior)}")
        if behavior != entry.behavior:
            continue
        own = is_its_own(entry.id)
        animals, parts = names(recording.animals, len(recording.skeleton.keypoints))
        notes = [
            f"{counted(count, 'point')} at exactly ({x:g}, {y:g}), off the animals: taken for not seen"
            for (x, y), count in posed.unseen.items()
        ]
        if animals == MICE and not own:
            notes.append("its two animals and seven parts are taken for those of CalMS21, as it does not name them")
        yield Tracks(
            tool=TOOL,
            animals=animals,
            parts=parts,
            keypoints=recording.keypoints,
            confidence=recording.confidence,
            video=video_of_recording(entry.id),
            fps=FPS if own else None,
            image_size=IMAGE_SIZE if own else None,
            notes=tuple(notes),
        )
    _tell(source, problems)


@annotation_reader("calms21_npy", tool=TOOL, endings=(".npy",), recognises=_knows)
def calms21_npy_annotations(source: Source) -> Iterator[Annotations]:
    """Bouts of each recording that somebody labelled; of one more than once where the file goes by behaviors."""
    problems: dict[str, None] = {}
    found = 0
    for entry in entries(dict(dict_in(source)), Place(source.path, problems)):
        if "annotations" not in entry.content:
            continue
        found += 1
        if (one := _annotations(entry)) is not None:
            yield one
    _tell(source, problems)
    if not found:
        raise source.refusal("none of its recordings is labelled; what is to be labelled has poses alone")


def _tell(source: Source, problems: Mapping[str, None]) -> None:
    for line in problems:
        source.report(shown(line.removeprefix(f"{source.path}: "), LONGEST_LINE))
    source.settle()


def _annotations(entry: Entry) -> Annotations | None:
    metadata = entry.content.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    vocabulary = about.get("vocab", entry.vocabulary)
    try:
        one = _of_one(entry) if _is_of_one(entry, vocabulary) else _of_several(entry, vocabulary)
    except ValueError as error:
        entry.place.report(str(error))
        return None
    if one is None:
        return None
    annotator = entry.content.get("annotator_id", about.get("annotator-id"))
    return Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=one.bouts,
        video=video_of_recording(entry.id),
        fps=FPS if is_its_own(entry.id) else None,
        length=one.frames,
        behaviors=one.behaviors,
        looked_at=one.looked_at,
        notes=() if annotator is None else (f"labelled by annotator {shown(str(annotator), 40)}",),
    )


def _is_of_one(entry: Entry, vocabulary: object) -> bool:
    """Whether the labels are of the behavior that the recording is in the file for."""
    if not entry.behavior or entry.behavior.startswith("annotator"):
        return False
    return not isinstance(vocabulary, dict) or entry.behavior in vocabulary


def _of_one(entry: Entry) -> Said | None:
    found = labels(entry)
    if found is None:
        return None
    return said(np.where(found == UNKNOWN, np.nan, found), {OTHER: 0, entry.behavior: 1})


def _of_several(entry: Entry, vocabulary: object) -> Said:
    annotations, keypoints = entry.content["annotations"], entry.content.get("keypoints")
    values = flat(annotations)
    if values is None:
        raise ValueError(f"annotations are {kind(annotations)}, expected a list of whole numbers, one for each frame")
    if isinstance(keypoints, np.ndarray) and keypoints.ndim and len(keypoints) != len(values):
        raise ValueError(f"{len(values):,} annotations for {len(keypoints):,} frames, expected one for each")
    return said(values, vocabulary_of(vocabulary, entry.behavior))
