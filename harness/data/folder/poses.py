"""What `poses/<id>.npz` holds: keypoints, and, where they are there, the tracker's confidence and the parts' names."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data import axes
from harness.data.dataset_toml import reads_as_two
from harness.data.entry import AXES, FARTHEST, MOST_ANIMALS, MOST_PARTS, QUIET, Place, kind, single_precision
from harness.data.folder.npz import read_npz
from harness.recording import Array
from harness.words import LONGEST_SHOWN, listed, shown

MEMBERS = ("keypoints", "confidence", "parts")

AT_ONCE = 1_000_000
"""Numbers that are looked at together."""


@dataclass(frozen=True, slots=True)
class Poses:
    """Those of one recording, in single precision."""

    keypoints: Array
    """(frames, animals, xy, parts), pixels; NaN where nothing was seen."""
    confidence: Array | None
    """(frames, animals, parts)."""
    parts: tuple[str, ...] | None
    """In the order of the arrays; None where the file does not name them."""


def read_poses(path: Path, place: Place) -> Poses | None:
    """The poses in the file at `path`; None, with every problem reported, where they are not right."""
    try:
        arrays = read_npz(path, MEMBERS)
    except ValueError as error:
        place.report(str(error))
        return None
    if "keypoints" not in arrays:
        place.report(f"holds no 'keypoints'; it has {listed(arrays) or 'nothing'}")
        return None
    before = len(place.problems)
    shape = arrays["keypoints"].shape
    keypoints = _keypoints(arrays["keypoints"], place)
    if keypoints is None:
        return None
    confidence = _confidence(arrays["confidence"], shape, place) if "confidence" in arrays else None
    parts = _parts(arrays["parts"], shape[3], place) if "parts" in arrays else None
    return None if len(place.problems) > before else Poses(keypoints, confidence, parts)


def _keypoints(values: Array, place: Place) -> Array | None:
    if values.dtype.kind != "f":
        place.report(f"keypoints are {kind(values)}, expected float32; keypoints.astype(np.float32) makes it")
    elif values.ndim != 4 or values.shape[2] != 2 or not all(values.shape[1:]):
        place.report(f"keypoints are {values.shape}, expected {AXES}{axes.way(values)}")
    elif not len(values):
        place.report("has no frames")
    elif values.shape[1] > MOST_ANIMALS or values.shape[3] > MOST_PARTS:
        most = f"at most {MOST_ANIMALS} animals and {MOST_PARTS:,} parts"
        place.report(f"keypoints are {values.shape}, expected {AXES}, {most}{axes.way(values)}")
    else:
        keypoints = _single(values)
        for start, piece in _stretches(keypoints):
            with np.errstate(invalid="ignore"):
                far = np.abs(piece) > FARTHEST
            if far.any():
                frame, *where = map(int, np.argwhere(far)[0])
                value = piece[frame, *where]
                found = "infinite" if np.isinf(value) else f"{value:g}"
                expected = f"expected pixels up to {FARTHEST:,.0f}, in either direction"
                unseen = "NaN stands for a point that was not seen"
                place.report(f"keypoints are {found} at frame {start + frame}, {expected}; {unseen}")
                return None
        return keypoints
    return None


def _confidence(values: Array, shape: tuple[int, ...], place: Place) -> Array | None:
    expected = (shape[0], shape[1], shape[3])
    if values.dtype.kind != "f":
        place.report(f"confidence is {kind(values)}, expected float32; confidence.astype(np.float32) makes it")
        return None
    if values.shape != expected:
        way = axes.of_scores(values.shape, expected).replace("scores", "confidence")
        place.report(f"confidence is {values.shape}, expected {expected} beside keypoints {shape}{way}")
        return None
    confidence = _single(values)
    if any(np.isinf(piece).any() for _, piece in _stretches(confidence)):
        place.report("confidence is infinite somewhere, expected numbers or NaN")
    return confidence


def _parts(values: Array, parts: int, place: Place) -> tuple[str, ...] | None:
    if values.dtype.kind != "U" or values.ndim != 1:
        place.report(f"parts are {kind(values)}, expected names, such as np.array(['nose', 'tail_base'])")
        return None
    names = tuple(map(str, values.tolist()))
    if len(names) != parts:
        place.report(f"parts are {len(names)} names, expected {parts} as keypoints have")
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            place.report(f"part {shown(repr(name))} is there {names.count(name)} times, expected once")
        elif not name or not name.isprintable() or len(name) > LONGEST_SHOWN or reads_as_two(name):
            expected = f"should be a name of at most {LONGEST_SHOWN} letters, without ' to ' or ' sees '"
            place.report(f"part {shown(repr(name))} {expected}")
    return names


def _single(values: Array) -> Array:
    """The same array where it is in single precision and can be computed with, else a copy that is."""
    if values.dtype == np.dtype(np.float32) and not any(_signals(piece) for _, piece in _stretches(values)):
        return values
    single = np.empty(values.shape, np.float32)
    for start, piece in _stretches(values):
        single[start : start + len(piece)] = single_precision(piece)
    return single


def _signals(piece: Array) -> bool:
    """Whether there are NaNs that computing with is an error, as a damaged file may hold."""
    return bool((np.isnan(piece) & ((piece.view(np.uint32) & QUIET) == 0)).any())


def _stretches(values: Array) -> Iterator[tuple[int, Array]]:
    """First frame and values of one stretch of frames after another, so that few are in memory."""
    step = max(1, AT_ONCE // max(1, values[0].size))
    for start in range(0, len(values), step):
        yield start, np.ascontiguousarray(values[start : start + step])
