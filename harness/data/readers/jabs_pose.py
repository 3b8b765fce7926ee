"""Poses that JABS works on, versions 2 to 8: twelve parts of mice, rows before columns, nothing between pixels.

Which version a file is shows in what it holds: of real ones of version 5 the attribute `version` says 3. A part of
confidence 0 was not found; JABS itself leaves out all below 0.3, which is left to whoever uses them. 30 frames a second
is JABS's habit, and not said by its files. Mice are called by JABS's numbers, 0 and on, as in its labels.
"""

from collections.abc import Iterator

import numpy as np

from harness.data.entry import MOST_ANIMALS
from harness.data.incoming.jackson import PARTS
from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.unseen import unseen
from harness.files.hdf5 import Hdf5
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, listed, shown

TOOL = "JABS"

COLUMNS_FIRST, ROWS_FIRST = ("corners",), ("lixit", "food_hopper")
"""Objects that do not move, by the order of their coordinates."""

SPOUT = ("tip", "left", "right")
"""The points of a lixit where it has three."""

POINTS, CONFIDENCE, COUNT = "poseest/points", "poseest/confidence", "poseest/instance_count"
TRACK, IDENTITY, IGNORED, CENTERS = (
    f"poseest/{name}" for name in ("instance_track_id", "instance_embed_id", "id_mask", "instance_id_center")
)
NAMES = "poseest/external_identity_mapping"


def _knows(source: Source) -> bool:
    return POINTS in source.shapes


@pose_reader("jabs_pose", tool=TOOL, endings=(".h5", ".hdf5"), recognises=_knows)
def jabs_pose(source: Source) -> Iterator[Tracks]:
    """Mice by their long-term identity, or by track where no mouse has more than one."""
    with source.hdf5() as file:
        points, confidence = _instances(source, file)
        notes: list[str] = []
        mice = _mice(source, file, points.shape[:2])
        source.settle()
        animals = int(mice.max(initial=-1)) + 1
        if IDENTITY in file and (centers := (file.shapes.get(CENTERS) or (0,))[0]):
            if nameless := int((mice >= centers).sum()):
                notes.append(f"{counted(nameless, 'find')} of no mouse in particular, left out")
            mice[mice >= centers] = -1
            animals = centers
        if not 0 < animals <= MOST_ANIMALS:
            found_none = "holds no mice: none was found in this video"
            too_many = f"speaks of {animals:,} mice, expected at most {MOST_ANIMALS}"
            raise source.refusal(too_many if animals else found_none)
        places = dict(_places(file, notes))
        scale = file.attribute("cm_per_pixel", of="poseest")
        if NAMES in file:
            notes.append(f"the mice are called {listed(_called(file), 5)} elsewhere")
    keypoints, found = unseen(source, len(points), animals, len(PARTS))
    frames, slots = np.nonzero(mice >= 0)
    with np.errstate(all="ignore"):
        surer = np.argsort(confidence[frames, slots].sum(axis=1), kind="stable")
    frames, slots = frames[surer], slots[surer]  # of two that are one mouse, what is written last stays
    if (twice := len(frames) - len(np.unique(frames * animals + mice[frames, slots]))) > 0:
        notes.append(f"one mouse in two places on {counted(twice, 'frame')}; the surer one is taken")
    unseen_parts = ~(confidence > 0)
    placed = np.where(unseen_parts[..., None], np.float32(np.nan), points[..., ::-1])  # (frames, instances, parts, xy)
    keypoints[frames, mice[frames, slots]] = placed[frames, slots].transpose(0, 2, 1)
    found[frames, mice[frames, slots]] = confidence[frames, slots]
    yield Tracks(
        tool=TOOL,
        animals=tuple(map(str, range(animals))),
        parts=PARTS,
        keypoints=keypoints,
        confidence=found,
        pixels_per_cm=1 / scale if isinstance(scale, int | float) and 1e-9 < scale < 1e9 else None,
        places=places,
        notes=tuple(notes),
    )


def _instances(source: Source, file: Hdf5) -> tuple[Array, Array]:
    """float32 (frames, instances, parts, row and column) and (frames, instances, parts)."""
    axes = len(file.shapes[POINTS])
    if axes not in (3, 4) or file.shapes[POINTS][-2:] != (len(PARTS), 2):
        expected = f"(frames, instances, {len(PARTS)}, 2) or (frames, {len(PARTS)}, 2)"
        raise source.refusal(f"{POINTS} is {file.shapes[POINTS]}, expected {expected}")
    if file.shapes.get(CONFIDENCE) != file.shapes[POINTS][:-1]:
        has = f"is {file.shapes[CONFIDENCE]}" if CONFIDENCE in file else "is not there"
        raise source.refusal(f"{CONFIDENCE} {has}, expected {file.shapes[POINTS][:-1]} as of {POINTS}")
    with np.errstate(over="ignore", invalid="ignore"):
        points = file.array(POINTS, axes).astype(np.float32)
        confidence = file.array(CONFIDENCE, axes - 1).astype(np.float32)
    return (points, confidence) if axes == 4 else (points[:, None], confidence[:, None])


def _mice(source: Source, file: Hdf5, shape: tuple[int, ...]) -> Array:
    """int64 (frames, instances), the number of the mouse that an instance is of, -1 where it is of none."""
    if IDENTITY in file:
        identity = _numbered(source, file, IDENTITY, shape)
        ignored = _numbered(source, file, IGNORED, shape) if IGNORED in file else np.zeros(shape)
        source.settle()
        return np.where(ignored != 0, 0, identity) - 1
    if TRACK in file:
        track = _numbered(source, file, TRACK, shape)
        count = file.array(COUNT, 1) if COUNT in file else np.full(shape[0], shape[1])
        if len(count) != shape[0]:
            source.report(f"{COUNT} has {len(count):,} rows, expected {shape[0]:,}, one for each frame")
        source.settle()
        return _mice_of_tracks(source, np.where(np.arange(shape[1]) < count[:, None], track, -1))
    if shape[1] > 1:
        source.report(f"has {counted(shape[1], 'instance')} on a frame and neither {IDENTITY} nor {TRACK} to tell mice")
    return np.zeros(shape, dtype=np.int64)


def _numbered(source: Source, file: Hdf5, name: str, shape: tuple[int, ...]) -> Array:
    """int64 (frames, instances) of a dataset of numbers that stand for something; 0 where it is not right."""
    if file.shapes[name] != shape:
        source.report(f"{name} is {file.shapes[name]}, expected {shape}, a number for each instance")
        return np.zeros(shape, dtype=np.int64)
    found = file.array(name, 2)
    if found.dtype.kind not in "biu" or (found.dtype.kind != "b" and (found > np.iinfo(np.int32).max).any()):
        source.report(f"{name} holds other things than numbers of mice or tracks")
        return np.zeros(shape, dtype=np.int64)
    return found.astype(np.int64)


def _mice_of_tracks(source: Source, track: Array) -> Array:
    """A number for each track, 0 and on as they come. Refuses tracks that are more than the mice."""
    frames, slots = np.nonzero(track >= 0)
    ids, first, which = np.unique(track[frames, slots], return_index=True, return_inverse=True)
    order = np.argsort(which, kind="stable")
    of_each = np.split(frames[order], np.cumsum(np.bincount(which, minlength=len(ids)))[:-1])
    way_out = "stitch them to identities, as files of version 4 and later have them"
    refuse_pieces(source, [np.unique(one) for one in of_each], way_out)
    mice = np.full(track.shape, -1, dtype=np.int64)
    mice[frames, slots] = np.argsort(np.argsort(first))[which]
    return mice


def _places(file: Hdf5, notes: list[str]) -> Iterator[tuple[str, tuple[float, float]]]:
    """Points of objects that do not move, as x and y."""
    for name in file.inside("static_objects"):
        inside = f"static_objects/{name}"
        shape = file.shapes.get(inside, ())
        if name not in COLUMNS_FIRST + ROWS_FIRST or len(shape) not in (2, 3) or shape[-1] != 2:
            notes.append(f"object {shown(name)} is left out, as the order of its coordinates is not known")
            continue
        points = file.array(inside, len(shape)).astype(np.float64)
        points = points if name in COLUMNS_FIRST else points[..., ::-1]
        for number, point in enumerate(points):
            several = zip(SPOUT, point, strict=False) if len(shape) == 3 else [("", point)]
            for which, (x, y) in several:
                yield "_".join(filter(None, (name, str(number), which))), (float(x), float(y))
    if moving := file.inside("dynamic_objects"):
        notes.append(f"left out, as it comes and goes: {listed(moving)}")


def _called(file: Hdf5) -> list[str]:
    """What the mice are called outside of JABS."""
    try:
        return list(map(str, file.array(NAMES, 1).tolist()))
    except ValueError:  # as they are no numbers
        return file.texts(NAMES)
