"""CalMS21 (Sun et al. 2021) and files laid out like it: a label for each frame, and what the labels stand for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.data.challenge import OTHER
from harness.plugins.readers import Bout
from harness.recording import CALMS21, UNKNOWN, Array
from harness.words import listed, numbered

TOOL = "CalMS21"
FPS, IMAGE_SIZE = 30.0, (1024, 570)
"""Of its videos, which its files do not say."""

MOST_LABELS = 1_000_000

MICE = ("resident", "intruder")

_ITS_OWN = re.compile(r"task\d/|unlabel")
"""What its own recordings are called like."""


def is_its_own(recording: str) -> bool:
    """Whether a recording is CalMS21's by its name, and not another's in a file of the same form."""
    return _ITS_OWN.match(recording) is not None


def names(animals: int, parts: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of animals and parts: two animals of seven parts are taken for CalMS21's."""
    if (animals, parts) == (len(MICE), len(CALMS21.keypoints)):
        return MICE, CALMS21.keypoints
    return numbered("animal", animals), numbered("part", parts)


def video_of_recording(recording: str) -> str:
    """The name of the video in that of a recording, which is a path: task1/train/mouse001_task1_annotator1."""
    return recording.rpartition("/")[2] or recording


@dataclass(frozen=True, slots=True)
class Said:
    """What the labels of a recording come to."""

    bouts: tuple[Bout, ...]
    behaviors: tuple[str, ...]
    looked_at: tuple[Bout, ...] | None
    """None where every frame has a label."""
    frames: int


def said(labels: Array, vocabulary: Mapping[str, int]) -> Said:
    """The bouts in labels (frames,) of which NaN, and -1 where it stands for nothing, are of frames nobody looked at.

    Raises `ValueError`, in words, for a label that stands for nothing.
    """
    unknown = np.isnan(labels) | ((labels == UNKNOWN) & (UNKNOWN not in vocabulary.values()))
    wrong = ~np.isin(labels, list(vocabulary.values())) & ~unknown
    if wrong.any():
        frame = int(wrong.argmax())
        meanings = listed([f"{label} ({name})" for name, label in vocabulary.items()], 8)
        raise ValueError(f"label {labels[frame]:g} on frame {frame:,}, expected {meanings}")
    values = np.where(unknown, np.nan, labels)
    edges = np.flatnonzero((values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))) + 1
    runs = list(zip([0, *edges.tolist()], [*edges.tolist(), len(values)], strict=True)) if len(values) else []
    meaning = {label: name for name, label in vocabulary.items()}
    behaviors = tuple(name for name in vocabulary if name != OTHER)
    bouts = tuple(
        Bout(meaning[int(values[start])], start, stop)
        for start, stop in runs
        if not np.isnan(values[start]) and meaning[int(values[start])] != OTHER
    )
    known = [(start, stop) for start, stop in runs if not np.isnan(values[start])]
    looked_at = tuple(Bout(name, start, stop) for name in behaviors for start, stop in known)
    return Said(bouts, behaviors, looked_at if unknown.any() else None, len(labels))


def vocabulary_of(found: object, group: str) -> dict[str, int]:
    """What labels stand for, by the file, or by the name of the group where that is a behavior.

    Raises `ValueError`, in words, where nothing says it.
    """
    if found is None and group and not group.startswith("annotator"):
        return {OTHER: 0, group: 1}
    if not isinstance(found, Mapping) or not found:
        raise ValueError("nothing says what its labels stand for; a vocabulary of names and whole numbers does")
    labels = list(found.values())
    right = all(isinstance(label, int | np.integer) and abs(int(label)) < MOST_LABELS for label in labels)
    if not right or len(set(labels)) < len(labels) or not all(isinstance(name, str) and name for name in found):
        raise ValueError("its vocabulary should give every name a whole number of its own")
    return {str(name): int(label) for name, label in found.items()}
