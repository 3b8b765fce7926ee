"""What a file says of one recording: its poses and labels, checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harness.data import axes
from harness.data.dataset_toml import Setup
from harness.data.sentinels import Cleaned, without_sentinels
from harness.recording import CALMS21, Array, Recording, Skeleton
from harness.words import listed, shown

AXES = "(frames, animals, 2 for x and y, parts)"
CALMS21_IMAGE = (1024, 570)
"""Width and height in pixels of CalMS21's videos."""
FPS = 30.0
"""Of CalMS21, and of other recordings where nothing is said."""

QUIET = 1 << 22
"""The bit of a NaN in single precision that says it may be computed with (IEEE 754-2008, 6.2.1)."""

FARTHEST = 1e6
"""Pixels that a keypoint can lie from the corner of the image; features square and multiply what they see."""

MOST_ANIMALS, MOST_PARTS = 100, 1000
"""More than that is an axis in the wrong place."""

LONGEST_PLACE = 200
"""Letters of a name that says where something is: those of trackers differ late."""

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
        return replace(self, names=(*self.names, shown(str(name), LONGEST_PLACE)))

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


def kind(value: object) -> str:
    """What `value` is, in words for a message."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} {value.shape}"
    name = type(value).__name__
    if isinstance(value, dict | list | tuple | str) and not value:
        return f"an empty {name}"
    of = f" of {elements(value)}" if isinstance(value, list | tuple) else ""
    return f"an {name}{of}" if name[0] in "aeiou" else f"a {name}{of}"


def elements(values: Iterable[object]) -> str:
    """What `values` are, each type once."""
    names = sorted({"None" if value is None else type(value).__name__ for value in values})
    return " and ".join(names[:3])


class Posed(NamedTuple):
    """A recording without labels, and what was taken for not seen in it."""

    recording: Recording
    unseen: dict[tuple[float, float], int]
    """Place in the image that stands for "not seen" to the points that lay there."""


def poses(entry: Entry, setup: Setup, *, nan_alone: bool = False) -> Posed | None:
    """The recording of `entry` without labels; None, with every problem reported, where it is not right.

    With `nan_alone` nothing but NaN stands for a point that was not seen.
    """
    found = _keypoints(entry.content, entry.place)
    if found is None:
        return None
    keypoints, unseen = Cleaned(found, {}) if nan_alone else without_sentinels(found)
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
        pixels_per_cm=setup.pixels_per_cm,
        arena=setup.arena,
    )
    return Posed(recording, unseen)


def assumed(setup: Setup, recording: Recording) -> tuple[str, ...]:
    """What was taken for granted of recordings like this one, as the setup does not say it; in words."""
    found = [] if setup.fps else [f"{FPS:g} frames a second"]
    if setup.skeleton is None:
        named = recording.skeleton is CALMS21
        parts = len(recording.skeleton.keypoints)
        # More animals than parts may be axes that have changed places.
        crowd = f" on each of {recording.animals} animals" if recording.animals > parts else ""
        found.append(
            "CalMS21's keypoints, nose first, tail base last" if named else f"{parts} keypoints without a role{crowd}"
        )
    return tuple(found)


def _body(setup: Setup, shape: tuple[int, ...]) -> tuple[Skeleton, tuple[int, int] | None]:
    """The skeleton that keypoints of `shape` were tracked with, and the size of the image where that is known."""
    if setup.skeleton is not None and len(setup.skeleton.keypoints) == shape[3]:
        return setup.skeleton, None
    if setup.skeleton is None and shape[1:] == (2, 2, len(CALMS21.keypoints)):
        return CALMS21, CALMS21_IMAGE
    return Skeleton.unnamed(shape[3]), None


def _keypoints(content: Mapping[Any, Any], place: Place) -> Array | None:
    """float32 (frames, animal, xy, part); None, with a problem, where they are not right."""
    if "keypoints" not in content and "features" in content:
        place.file.report(
            "holds features (TREBA) without keypoints; wanted is the file that calms21_convert_to_npy.py writes "
            "without --parse_treba"
        )
        return None
    if "keypoints" not in content:
        place.report(f"has no 'keypoints'; it has {listed(content, MOST_NAMED) or 'nothing'}")
        return None
    values, frames = content["keypoints"], _length(content.get("annotations"))
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        place.report(f"keypoints are {kind(values)}, expected an array of numbers {AXES}{axes.of_other_kind(values)}")
        return None
    if values.ndim != 4 or values.shape[2] != 2 or not all(values.shape[1:]):
        place.report(f"keypoints are {values.shape}, expected {AXES}{axes.way(values, frames)}")
        return None
    if not len(values):
        place.report("has no frames")
        return None
    if values.shape[1] > MOST_ANIMALS or values.shape[3] > MOST_PARTS:
        most = f"at most {MOST_ANIMALS} animals and {MOST_PARTS:,} parts"
        place.report(f"keypoints are {values.shape}, expected {AXES}, {most}{axes.way(values, frames)}")
        return None
    keypoints = single_precision(values)
    if (far := np.abs(keypoints) > FARTHEST).any():
        frame, *where = map(int, np.argwhere(far)[0])
        value = keypoints[frame, *where]
        found = "infinite" if np.isinf(value) else f"{value:g}"
        expected = "" if np.isinf(value) else f", expected pixels up to {FARTHEST:,.0f}, in either direction"
        place.report(f"keypoints are {found} at frame {frame}{expected}; NaN stands for a point that was not seen")
        return None
    return keypoints


def _length(annotations: object) -> int | None:
    holds_several = isinstance(annotations, list | tuple) or (isinstance(annotations, np.ndarray) and annotations.ndim)
    return len(annotations) if holds_several else None  # type: ignore[arg-type]


def _confidence(values: object, shape: tuple[int, ...], place: Place) -> Array | None:
    expected = (shape[0], shape[1], shape[3])
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        place.report(f"scores are {kind(values)}, expected an array of numbers (frames, animals, parts)")
    elif values.shape != expected:
        way = axes.of_scores(values.shape, expected)
        place.report(f"scores are {values.shape}, expected {expected} beside keypoints {shape}{way}")
    elif np.isinf(scores := single_precision(values)).any():
        place.report("scores are infinite, expected numbers or NaN")
    else:
        return scores
    return None


def single_precision(values: Array) -> Array:
    """In single precision; what is too large for it becomes infinite, and NaNs are such that computing with them is no
    floating-point error (a damaged file may hold signalling ones).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        single = np.ascontiguousarray(values, dtype=np.float32)
    signalling = np.isnan(single) & ((single.view(np.uint32) & QUIET) == 0)
    return np.where(signalling, np.float32(np.nan), single) if signalling.any() else single
