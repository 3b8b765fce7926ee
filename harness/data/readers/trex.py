"""What TRex exports of an animal: an npz file for each, `VIDEO_idN.npz`, with an array for each thing it measured.

Points of a pose (`poseX0`, `poseY0` and on) are in pixels, the centroid and the head (`X`, `Y`) in cm; both from the
top left. What was not seen is infinite. Rows begin with the frame that the animal was first seen on, and need not be of
every frame: `frame` says which, from 0. Where `missing` is 1, positions may have been made up between others
(`output_interpolate_positions`). Without `cm_per_pixel` in its settings TRex takes the picture to be 30 cm wide.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from harness.data.incoming.unseen import unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import shown

TOOL = "TRex"

CENTROIDS = ("#wcentroid", "#pcentroid", "#centroid", "")
"""What follows X and Y in the names of positions in cm; the first that is there is taken, the last is of the head."""

LONGEST = 2_000_000_000
"""Bytes of all arrays of an animal."""

ASSUMED_WIDTH = 30.0
"""Of the picture, in cm, where nobody said how large things are."""

_ANIMAL = re.compile(r"(?P<video>.+)_(?P<animal>[^\W\d_]+\d+)\.npz", re.DOTALL | re.IGNORECASE)
_POSE = re.compile(r"poseX(\d{1,4})")


def _knows(source: Source) -> bool:
    names = {name.removesuffix(".npy") for name in source.members}
    return "frame" in names and bool(names & {"missing", "cm_per_pixel", "X#wcentroid", "poseX0", "ANGLE"})


@pose_reader("trex", tool=TOOL, endings=(".npz",), recognises=_knows)
def trex(source: Source) -> Iterator[Tracks]:
    """One animal of a video."""
    arrays = source.arrays(LONGEST)
    frames = _frames(source, arrays)
    scale = _number(source, arrays, "cm_per_pixel")
    points = _points(source, arrays, len(frames), scale)
    gone = _column(source, arrays, "missing", len(frames)) > 0 if "missing" in arrays else np.zeros(len(frames), bool)
    source.settle()
    keypoints, _ = unseen(source, int(frames[-1]) + 1, 1, len(points), rows=len(frames))
    for place, xy in enumerate(points.values()):  # (rows, xy)
        absent = gone | ~np.isfinite(xy).all(axis=1)
        with np.errstate(over="ignore"):
            keypoints[frames, 0, :, place] = np.where(absent[:, None], np.nan, xy)
    size = _size(arrays)
    assumed = bool(scale and size and abs(scale * size[0] - ASSUMED_WIDTH) < 1e-3)
    note = f"cm_per_pixel is what TRex assumes where nobody says it, the picture being {ASSUMED_WIDTH:g} cm wide"
    match = _ANIMAL.fullmatch(source.name)
    rate = _number(source, arrays, "frame_rate")
    source.settle()
    yield Tracks(
        tool=TOOL,
        animals=(match["animal"] if match else f"id{_number(source, arrays, 'id') or 0:.0f}",),
        parts=tuple(points),
        keypoints=keypoints,
        video=match["video"] if match else "",
        fps=rate or None,
        image_size=size,
        pixels_per_cm=1 / scale if scale and not assumed else None,
        piece=True,
        ends_early=True,
        notes=(note,) if assumed else (),
    )


def _frames(source: Source, arrays: Mapping[str, Array]) -> Array:
    """int64 (rows,), rising."""
    found = arrays["frame"]
    if found.ndim != 1 or found.dtype.kind not in "iuf" or not len(found):
        raise source.refusal(f"frame is {found.dtype} {found.shape}, expected the numbers of frames")
    frames = found.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(frames) | (frames < 0) | (frames != np.floor(frames)))
    if len(bad):
        raise source.refusal(f"frame {bad[0]} is {frames[bad[0]]:g}, expected the number of a frame from 0 on")
    if len(falls := np.flatnonzero(np.diff(frames) <= 0)):
        before, after = frames[falls[0]], frames[falls[0] + 1]
        raise source.refusal(f"frame {after:,.0f} follows frame {before:,.0f}, expected frames in order, each once")
    if frames[-1] >= 2**53:
        raise source.refusal(f"ends with frame {frames[-1]:g}")
    return frames.astype(np.int64)


@np.errstate(over="ignore")  # what is too large is told where ranges are looked at
def _points(source: Source, arrays: Mapping[str, Array], rows: int, scale: float | None) -> dict[str, Array]:
    """Name to x and y in pixels, float64 (rows, 2), of the parts of a pose, or else of one point of the animal."""
    numbers = sorted(int(match[1]) for name in arrays if (match := _POSE.fullmatch(name)))
    found = {f"pose{one}": _xy(source, arrays, f"poseX{one}", f"poseY{one}", rows) for one in numbers}
    for xy in found.values():
        xy[(xy == 0).all(axis=1)] = np.nan  # a part that was not found has no place
    if any(np.isfinite(xy).any() for xy in found.values()):
        return found
    kind = next((one for one in CENTROIDS if f"X{one}" in arrays), None)
    if kind is None:
        raise source.refusal("has neither poseX0 nor X#wcentroid, X#pcentroid, X#centroid or X; export one of them")
    if not scale:
        raise source.refusal(f"has X{kind} in cm and no cm_per_pixel to tell the pixels; export cm_per_pixel as well")
    return {"centroid" if kind else "head": _xy(source, arrays, f"X{kind}", f"Y{kind}", rows) / scale}


def _xy(source: Source, arrays: Mapping[str, Array], x: str, y: str, rows: int) -> Array:
    return np.stack([_column(source, arrays, x, rows), _column(source, arrays, y, rows)], axis=1)


def _column(source: Source, arrays: Mapping[str, Array], name: str, rows: int) -> Array:
    """float64 (rows,); NaN where it is not right, which is then reported."""
    found = arrays.get(name)
    if found is None:
        source.report(f"has no {name}")
    elif found.shape != (rows,) or found.dtype.kind not in "biuf":
        source.report(f"{name} is {shown(str(found.dtype))} {found.shape}, expected {rows:,} numbers, as of frame")
    else:
        return found.astype(np.float64)
    return np.full(rows, np.nan)


def _number(source: Source, arrays: Mapping[str, Array], name: str) -> float | None:
    """The one number of an array; None where there is none above 0."""
    found = arrays.get(name)
    if found is None:
        return None
    if found.size != 1 or found.dtype.kind not in "iuf":
        source.report(f"{name} is {shown(str(found.dtype))} {found.shape}, expected one number")
        return None
    value = float(found.ravel()[0])
    return value if 0 < value < 1e6 else None


def _size(arrays: Mapping[str, Array]) -> tuple[int, int] | None:
    """Width and height of the picture."""
    found = arrays.get("video_size")
    if found is None or found.shape != (2,) or found.dtype.kind not in "iuf" or not np.isfinite(found).all():
        return None
    width, height = map(int, found)
    return (width, height) if 0 < width < 1e6 and 0 < height < 1e6 else None
