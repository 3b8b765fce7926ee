"""What a file says of one recording's labels, checked; where they are laid out otherwise, what to write instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from harness.data import axes
from harness.data.entry import MOST_NAMED, Entry, kind
from harness.recording import UNKNOWN, Array
from harness.words import listed, shown

NUMBERS = (int, float, np.integer, np.floating, np.bool_)

ONE_EACH = "expected a list of whole numbers, one for each frame"


def labels(entry: Entry) -> Array | None:
    """int8 (frames,), 1 where the behavior happens, 0 where it does not, and `UNKNOWN` for NaN, None and -1.

    None, with every problem reported, where they are not right.

    The vocabulary of the recording, or else of its behavior, says which label stands for the behavior if it has a
    label for `other`; without one 1 does.
    """
    if "annotations" not in entry.content:
        has = f"; it has {listed(entry.content, MOST_NAMED)}" if entry.content else ""
        entry.place.report(f"has no 'annotations', expected one label for each frame{has}")
        return None
    annotations, coding = entry.content["annotations"], _coding(entry)
    values = flat(annotations)
    if values is None:
        entry.place.report(f"annotations are {_kind(annotations)}, {ONE_EACH}{_way(annotations, entry.behavior)}")
        return None
    unknown = np.isnan(values) | ((values == UNKNOWN) & (UNKNOWN not in coding.labels))
    wrong = ~np.isin(values, coding.labels) & ~unknown
    if wrong.any():
        frame = int(wrong.argmax())
        others = f" and {wrong.sum() - 1:,} wrong ones after it" if wrong.sum() > 1 else ""
        meant = _meant(values, wrong, coding)
        entry.place.report(f"label {values[frame]:g} at frame {frame}{others}, expected {coding.words}{meant}")
    keypoints = entry.content.get("keypoints")
    frames = len(values)
    if isinstance(keypoints, np.ndarray) and keypoints.ndim == 4 and keypoints.shape[2] == 2:
        frames = len(keypoints)  # of others something else was told
    if frames != len(values):
        entry.place.report(
            f"{len(values):,} annotations for {frames:,} frames, expected one for each{_turned(keypoints, len(values))}"
        )
    if wrong.any() or frames != len(values):
        return None
    return np.where(unknown, UNKNOWN, values == coding.positive).astype(np.int8)


def flat(annotations: object) -> Array | None:
    """float64 (frames,) of what a list, a tuple or an array holds, NaN for None; None where that is not numbers."""
    if isinstance(annotations, np.ndarray) and annotations.dtype == object and annotations.ndim == 1:
        annotations = annotations.tolist()
    if isinstance(annotations, np.ndarray):
        numeric = annotations.ndim == 1 and annotations.dtype.kind in "biuf"
        with np.errstate(over="ignore", invalid="ignore"):
            return annotations.astype(np.float64) if numeric else None
    if isinstance(annotations, list | tuple):
        kinds = set(map(type, annotations))
        if all(issubclass(kind, NUMBERS) or kind is type(None) for kind in kinds):
            return np.array(annotations, dtype=np.float64)
    return None


# What was meant


def _kind(annotations: object) -> str:
    """With examples where it is words."""
    if words := _words(annotations):
        return f"words, such as {listed([repr(word) for word in words][:3])}"
    return kind(annotations)


def _words(annotations: object) -> list[str]:
    """The different words that are in the place of numbers; none where something else is."""
    if isinstance(annotations, np.ndarray) and annotations.ndim == 1 and annotations.dtype.kind in "UO":
        annotations = annotations.tolist()
    if not isinstance(annotations, list | tuple) or not annotations:
        return []
    return list(dict.fromkeys(map(str, annotations))) if {str}.issuperset(map(type, annotations)) else []


def _way(annotations: object, behavior: str) -> str:
    """What makes labels of something that is not numbers (frames,), after a semicolon."""
    if words := _words(annotations):
        word = behavior if behavior in words else next((one for one in words if one != "other"), words[0])
        return f"; [int(label == {shown(word)!r}) for label in annotations] makes them"
    if isinstance(annotations, Mapping):
        return f"; it has {listed(annotations, MOST_NAMED) or 'nothing'}, give one of them" if annotations else ""
    if isinstance(annotations, list | tuple) and annotations:
        shape = _shape(annotations)
        return _of_columns(shape, "np.array(annotations)") if shape is not None else ""
    if isinstance(annotations, np.ndarray):
        return _of_columns(annotations.shape, "annotations")
    if annotations is None:
        return "; a recording that nobody labelled belongs in test.npy"
    return ""


def _shape(rows: list[object] | tuple[object, ...]) -> tuple[int, int] | None:
    """Of a list of lists as long as one another; None where it is something else."""
    lengths = {
        len(row) if isinstance(row, list | tuple) else row.size if isinstance(row, np.ndarray) else -1 for row in rows
    }
    return (len(rows), lengths.pop()) if len(lengths) == 1 and -1 not in lengths else None


def _of_columns(shape: tuple[int, ...], name: str) -> str:
    if len(shape) != 2 or 0 in shape:
        return ""
    if shape[1] == 1 or shape[0] == 1:
        return f"; {name}.reshape(-1) has that form"
    frames_first = shape[0] > shape[1]
    one = f"{name}[:, 1]" if frames_first else f"{name}[1]"
    return f"; with a {'column' if frames_first else 'row'} for each class give that of the behavior, such as {one}"


def _meant(values: Array, wrong: Array, coding: "_Coding") -> str:
    """What wrong labels may stand for, and what to do about it, after a semicolon."""
    found = np.unique(values[~np.isnan(values)])
    low, high = (found[0], found[-1]) if len(found) else (0.0, 0.0)
    if not np.isnan(values).any() and len(found) == 2:
        return f"; where {high:g} stands for the behavior, [int(label == {high:g}) for label in annotations] makes them"
    if (values[np.isfinite(values)] % 1 != 0).any():
        return "; of probabilities, [int(label >= 0.5) for label in annotations] makes them"
    if wrong.sum() > 1 and low >= 0:
        return "; of classes, [int(label == 1) for label in annotations] makes labels of the first"
    return ""


def _turned(keypoints: object, frames: int) -> str:
    """That the frames are another axis of the keypoints."""
    if not isinstance(keypoints, np.ndarray) or frames not in keypoints.shape[1:] or frames < len(keypoints):
        return ""
    return axes.way(keypoints, frames)


# Codings


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
        entry.place.report(f"its vocabulary has {listed(vocabulary, MOST_NAMED)}, expected the behavior among them")
        return _Coding()
    words = " or ".join(f"{label} ({shown(str(name))})" for name, label in islice(vocabulary.items(), MOST_NAMED))
    words += " or one of more" if len(vocabulary) > MOST_NAMED else ""
    return _Coding(int(vocabulary[name]), tuple(map(int, integers)), words)
