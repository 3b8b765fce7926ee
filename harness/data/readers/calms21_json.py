"""CalMS21 (Sun et al. 2021) as it is published: json of up to 2 GB, of which one recording at a time is in memory.

Each recording is a video. A label stands for what `vocab` says; whom it is of is not said.
"""

import re
from collections.abc import Iterator

from harness.data.incoming.calms21 import FPS, IMAGE_SIZE, TOOL, names, said, video_of_recording, vocabulary_of
from harness.data.incoming.calms21_events import Entry, entries
from harness.files.source import Source
from harness.plugins.readers import FRAMES, XY, Annotations, Tracks, annotation_reader, pose_reader
from harness.words import listed, shown

_BEGINNING = re.compile(
    r'\s*\{\s*"[^"]*"\s*:\s*\{\s*"[^"]*"\s*:\s*\{\s*"(?:keypoints|scores|annotations|metadata|features)"\s*:'
)


def _knows(source: Source) -> bool:
    return _BEGINNING.match(source.top) is not None


@pose_reader("calms21_json", tool=TOOL, endings=(".json",), recognises=_knows)
def calms21_json_poses(source: Source) -> Iterator[Tracks]:
    """Both mice of each recording."""
    for entry in entries(source, ("keypoints", "scores")):
        keypoints, scores = (entry.arrays.get(name) for name in ("keypoints", "scores"))
        if keypoints is None:
            treba = "features (TREBA) and " if "features" in entry.keys else ""
            raise source.refusal(f"{entry}: has {treba}no keypoints; it has {listed(entry.keys, 8) or 'nothing'}")
        frames, mice, coordinates, parts = keypoints.shape
        if coordinates != XY:
            raise source.refusal(f"{entry}: keypoints are {keypoints.shape}, expected (frames, mice, x and y, parts)")
        if scores is not None and scores.shape != (frames, mice, parts):
            raise source.refusal(f"{entry}: scores are {scores.shape}, expected {(frames, mice, parts)}")
        animals, named = names(mice, parts)
        yield Tracks(
            tool=TOOL,
            animals=animals,
            parts=named,
            keypoints=keypoints,
            confidence=scores,
            video=video_of_recording(entry.name),
            fps=FPS,
            image_size=IMAGE_SIZE,
        )


@annotation_reader("calms21_json", tool=TOOL, endings=(".json",), recognises=_knows)
def calms21_json_annotations(source: Source) -> Iterator[Annotations]:
    """Bouts of each recording that somebody labelled."""
    labelled = False
    for entry in entries(source, ("annotations",)):
        if "annotations" not in entry.arrays:
            continue
        labelled = True
        yield _annotations(source, entry)
    if not labelled:
        raise source.refusal("none of its recordings is labelled; what is to be labelled has poses alone")


def _annotations(source: Source, entry: Entry) -> Annotations:
    try:
        found = said(entry.arrays["annotations"], vocabulary_of(entry.metadata.get("vocab"), entry.group))
    except ValueError as error:
        raise source.refusal(f"{entry}: {error}") from error
    annotator = entry.metadata.get("annotator-id")
    return Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=found.bouts,
        video=video_of_recording(entry.name),
        fps=FPS,
        length=found.frames,
        behaviors=found.behaviors,
        looked_at=found.looked_at,
        notes=() if annotator is None else (f"labelled by annotator {shown(str(annotator), 40)}",),
    )
