"""What a file says of one recording: its poses and labels, checked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.data.dataset_toml import Setup
from harness.data.sentinels import Cleaned, without_sentinels
from harness.recording import CALMS21, Array, Recording, Skeleton
from harness.words import shown

AXES = "(frames, animals, 2 for x and y, parts)"
CALMS21_IMAGE = (1024, 570)
"""Width and height in pixels of CalMS21's videos."""
FPS = 30.0
"""Of CalMS21, and of other recordings where nothing is said."""

FARTHEST = 1e6
"""Pixels that a keypoint can lie from the corner of the image; features square and multiply what they see."""

MOST_ANIMALS, MOST_PARTS = 100, 1000
"""More than that is an axis in the wrong place."""

MOST_NAMED = 10
"""Names that a message lists."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies, and what takes the lines that say what is wrong with it, each once, in order."""

    path: Path
    problems: dict[str, None]
    names: tuple[str, ...] = ()
    """Behavior and recording, or as much of them as is known."""

    def __str__(self) -> str:
        return f"{self.path}: {', '.join(self.names)}" if self.names else str(self.path)

    @property
    def file(self) -> "Place":
        return replace(self, names=())

    def inside(self, name: object) -> "Place":
        return replace(self, names=(*self.names, shown(str(name))))

    def report(self, problem: str) -> None:
        """Add a line that says where and what, once."""
        self.problems[f"{self}: {problem}"] = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of one recording."""

    id: str
    behavior: str
    """Empty where the file does not go by behaviors."""
    content: Mapping[Any, Any]
    """May hold `keypoints`, `annotations`, `scores` and `metadata`."""
    vocabulary: object
    """Of the behavior, as the file has it."""
    place: Place


def listed(names: Collection[object]) -> str:
    """The first `MOST_NAMED` of `names` as they may be printed, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(shown(str(name)) for name in islice(names, MOST_NAMED)) + more


def kind(value: object) -> str:
    """What `value` is, in words for a message."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    name = type(value).__name__
    if isinstance(value, dict | list | tuple | str) and not value:
        return f"an empty {name}"
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


class Posed(NamedTuple):
    """A recording without labels, and what was taken for not seen in it."""

    recording: Recording
    unseen: dict[tuple[float, float], int]
    """Place in the image that stands for "not seen" to the points that lay there."""


def poses(entry: Entry, setup: Setup) -> Posed | None:
    """The recording of `entry` without labels; None, with every problem reported, where it is not right."""
    cleaned = _keypoints(entry.content, entry.place)
    if cleaned is None:
        return None
    keypoints, unseen = cleaned
    confidence = None
    if entry.content.get("scores") is not None:
        confidence = _confidence(entry.content["scores"], keypoints.shape, entry.place)
        if confidence is None:
            return None
    skeleton, image_size = _body(setup, keypoints.shape)
    recording = Recording(
        entry.id,
        keypoints,
        skeleton,
        fps=setup.fps or FPS,
        confidence=confidence,
        image_size=setup.image_size or image_size,
    )
    return Posed(recording, unseen)


def assumed(setup: Setup, recording: Recording) -> tuple[str, ...]:
    """What was taken for granted of recordings like this one, as the setup does not say it; in words."""
    found = [] if setup.fps else [f"{FPS:g} frames a second"]
    if setup.skeleton is None:
        named = recording.skeleton is CALMS21
        parts = len(recording.skeleton.keypoints)
        found.append(
            "CalMS21's keypoints, nose first, tail base last" if named else f"{parts} keypoints without a role"
        )
    return tuple(found)


def labels(entry: Entry) -> Array | None:
    """int8 (frames,), 1 where the behavior happens; None, with every problem reported, where it is not right.

    The vocabulary of the recording, or else of its behavior, says which label stands for the behavior if it has a
    label for `other`; without one 1 does.
    """
    if "annotations" not in entry.content:
        entry.place.report("has no 'annotations', expected one label for each frame")
        return None
    annotations, coding = entry.content["annotations"], _coding(entry)
    values = _flat(annotations)
    if values is None:
        entry.place.report(f"annotations are {kind(annotations)}, expected a list of whole numbers")
        return None
    wrong = ~np.isin(values, coding.labels)
    if wrong.any():
        frame = int(wrong.argmax())
        others = f" and {wrong.sum() - 1:,} wrong ones after it" if wrong.sum() > 1 else ""
        entry.place.report(f"label {values[frame]:g} at frame {frame}{others}, expected {coding.words}")
    keypoints = entry.content.get("keypoints")
    frames = len(keypoints) if isinstance(keypoints, np.ndarray) and keypoints.ndim == 4 else len(values)
    if frames != len(values):
        entry.place.report(f"{len(values):,} annotations for {frames:,} frames, expected one for each")
    return None if wrong.any() or frames != len(values) else (values == coding.positive).astype(np.int8)


def _body(setup: Setup, shape: tuple[int, ...]) -> tuple[Skeleton, tuple[int, int] | None]:
    """The skeleton that keypoints of `shape` were tracked with, and the size of the image where that is known."""
    if setup.skeleton is not None and len(setup.skeleton.keypoints) == shape[3]:
        return setup.skeleton, None
    if setup.skeleton is None and shape[1:] == (2, 2, len(CALMS21.keypoints)):
        return CALMS21, CALMS21_IMAGE
    return Skeleton.unnamed(shape[3]), None


def _keypoints(content: Mapping[Any, Any], place: Place) -> Cleaned | None:
    """float32 (frames, animal, xy, part) where they were seen; None, with a problem, where they are not right."""
    if "keypoints" not in content and "features" in content:
        place.file.report(
            "holds features (TREBA) without keypoints; wanted is the file that calms21_convert_to_npy.py writes "
            "without --parse_treba"
        )
        return None
    if "keypoints" not in content:
        place.report(f"has no 'keypoints'; it has {listed(content) or 'nothing'}")
        return None
    values = content["keypoints"]
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        place.report(f"keypoints are {kind(values)}, expected an array of numbers {AXES}")
        return None
    if values.ndim != 4 or values.shape[2] != 2 or not all(values.shape[1:]):
        place.report(f"keypoints are {values.shape}, expected {AXES}{_axes_hint(values.shape)}")
        return None
    if not len(values):
        place.report("has no frames")
        return None
    if values.shape[1] > MOST_ANIMALS or values.shape[3] > MOST_PARTS:
        most = f"at most {MOST_ANIMALS} animals and {MOST_PARTS:,} parts"
        place.report(f"keypoints are {values.shape}, expected {AXES}, {most}")
        return None
    keypoints = _single(values)
    if (far := np.abs(keypoints) > FARTHEST).any():
        frame, *where = map(int, np.argwhere(far)[0])
        value = keypoints[frame, *where]
        found = "infinite" if np.isinf(value) else f"{value:g}"
        expected = "" if np.isinf(value) else f", expected pixels up to {FARTHEST:,.0f}, in either direction"
        place.report(f"keypoints are {found} at frame {frame}{expected}; NaN stands for a point that was not seen")
        return None
    cleaned = without_sentinels(keypoints)
    if np.isnan(cleaned.keypoints).all():
        place.report("all keypoints are NaN: nothing was seen on any frame")
        return None
    return cleaned


def _axes_hint(shape: tuple[int, ...]) -> str:
    if len(shape) == 4 and shape[3] == 2:
        return "; x and y are the last axis, keypoints.transpose(0, 1, 3, 2) moves them"
    if len(shape) == 3 and shape[1] == 2:
        return "; for one animal keypoints[:, None] adds its axis"
    return ""


def _confidence(values: object, shape: tuple[int, ...], place: Place) -> Array | None:
    expected = (shape[0], shape[1], shape[3])
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        place.report(f"scores are {kind(values)}, expected an array of numbers (frames, animals, parts)")
    elif values.shape != expected:
        place.report(f"scores are {values.shape}, expected {expected} beside keypoints {shape}")
    elif np.isinf(scores := _single(values)).any():
        place.report("scores are infinite, expected numbers or NaN")
    else:
        return scores
    return None


def _single(values: Array) -> Array:
    """In single precision; what is too large for it becomes infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(values, dtype=np.float32)


def _flat(annotations: object) -> Array | None:
    """float64 (frames,) of what a list, a tuple or an array holds; None where that is not numbers."""
    if isinstance(annotations, np.ndarray):
        numeric = annotations.ndim == 1 and annotations.dtype.kind in "biuf"
        with np.errstate(over="ignore", invalid="ignore"):
            return annotations.astype(np.float64) if numeric else None
    if isinstance(annotations, list | tuple):
        kinds = set(map(type, annotations))
        if all(issubclass(kind, int | float | np.integer | np.floating | np.bool_) for kind in kinds):
            return np.array(annotations, dtype=np.float64)
    return None


@dataclass(frozen=True, slots=True)
class _Coding:
    """The integers in the annotations."""

    positive: int = 1
    labels: tuple[int, ...] = (0, 1)
    words: str = "0 (other) or 1 (the behavior)"


def _coding(entry: Entry) -> _Coding:
    metadata = entry.content.get("metadata")
    vocabulary = metadata.get("vocab", entry.vocabulary) if isinstance(metadata, dict) else entry.vocabulary
    if not isinstance(vocabulary, dict) or "other" not in vocabulary:
        return _Coding()
    integers = list(vocabulary.values())
    if not all(isinstance(label, int | np.integer) for label in integers) or len(set(integers)) < len(integers):
        entry.place.report("its vocabulary should give every name a whole number of its own")
        return _Coding()
    others = [name for name in vocabulary if name != "other"]
    name = entry.behavior if entry.behavior in vocabulary else others[0] if len(others) == 1 else None
    if name is None:
        entry.place.report(f"its vocabulary has {listed(vocabulary)}, expected the behavior among them")
        return _Coding()
    words = " or ".join(f"{label} ({shown(str(name))})" for name, label in islice(vocabulary.items(), MOST_NAMED))
    words += " or one of more" if len(vocabulary) > MOST_NAMED else ""
    return _Coding(int(vocabulary[name]), tuple(map(int, integers)), words)
