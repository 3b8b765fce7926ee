"""Poses in NWB files, as ndx-pose 0.1 and on, DLC2NWB, sleap-io and JABS write them.

The origin is the top left whatever `reference_frame` says: DLC2NWB calls it the bottom left of coordinates that it
leaves as they are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harness.data.incoming.nwb import Estimation, Poses, Series
from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.timestamps import Timeline, timeline
from harness.data.incoming.unseen import unseen
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.words import counted, listed, shown

TOOL = "NWB (ndx-pose)"

STATIC, DYNAMIC = "Static object: ", "Dynamic object: "
"""What JABS begins the description of that with which is no animal."""

FROM_ZERO = ("SLEAP", "JABS")
"""Whose times begin with the video, not with the first animal or with the session."""

View = list[tuple[Estimation, list[Series]]]
"""All that is of one video."""


def _knows(source: Source) -> bool:
    return source.is_hdf5


@pose_reader("nwb_pose", tool=TOOL, endings=(".nwb",), recognises=_knows)
def nwb_pose(source: Source) -> Iterator[Tracks]:
    """Each video: what has one name, or else one camera."""
    with source.hdf5() as file:
        poses = Poses(file)
        if not (groups := poses.groups("PoseEstimation")):
            training = poses.groups("PoseTraining") or poses.groups("TrainingFrame")
            has = "holds training labels (PoseTraining) and no tracks" if training else "has no PoseEstimation"
            raise source.refusal(f"{has}; what a tracker predicted for the frames of a video is read")
        views: dict[tuple[str, ...], View] = {}
        places: dict[str, tuple[float, float]] = {}
        notes = []
        for group in groups:
            one, described = poses.estimation(group), poses.described(group)
            if described.startswith(DYNAMIC):
                notes.append(f"{shown(one.name)} comes and goes, and is left out")
                continue
            series = list(_series(source, poses, one))
            if described.startswith(STATIC):
                places |= {each.part: (float(x), float(y)) for each in series for x, y in each.points[:1]}
            else:
                views.setdefault(one.view, []).append((one, series))
        if len(views) > 1 and not all(view[0][0].video for view in views.values()):
            cameras = listed([" ".join(name) or "one without a name" for name in views], 5)
            source.report(
                f"has poses of {len(views)} cameras ({cameras}) and not what their videos are called "
                "(original_videos); write a file for each camera"
            )
        source.settle()
        jabs = _said_by_jabs(poses)
        for view in views.values():
            found = _tracks(source, _rows(source, view, _names(view, poses, jabs)), view[0][0], jabs)
            yield replace(found, places=places, notes=(*found.notes, *notes))


def _series(source: Source, poses: Poses, one: Estimation) -> Iterator[Series]:
    for group in poses.groups("PoseEstimationSeries", inside=one.group):
        try:
            yield poses.series(group, zero_is_missing=one.software == "JABS")
        except ValueError as error:
            source.report(str(error))


def _said_by_jabs(poses: Poses) -> Mapping[str, Any]:
    """What JABS writes beside poses; nothing where the file is not its own."""
    name = "scratch/jabs_metadata"
    try:
        found = json.loads("".join(poses.file.texts(name))) if name in poses.file else {}
    except (json.JSONDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _names(view: View, poses: Poses, jabs: Mapping[str, Any]) -> list[str]:
    """Of the animal of each group, where the names of its series do not hold it."""
    if len(view) > 1 or jabs or "/track=" in view[0][0].group:
        return [one.name for one, _ in view]
    subject = "general/subject/subject_id"
    named = "".join(poses.file.texts(subject)).strip() if subject in poses.file else ""
    return [named or "animal1"]


def _rows(source: Source, view: View, names: Sequence[str]) -> dict[tuple[str, str], Series]:
    """By animal and part."""
    rows: dict[tuple[str, str], Series] = {}
    for (_, series), name in zip(view, names, strict=True):
        for each in series:
            key = each.animal or name, each.part
            if key in rows:
                source.report(f"part {shown(key[1])} of {shown(key[0])} is there twice, expected once")
            rows[key] = each
    if not any(len(each.points) for each in rows.values()):
        source.report(f"{shown(view[0][0].name)}: no part has a row")
    source.settle()
    return rows


def _tracks(
    source: Source, rows: Mapping[tuple[str, str], Series], first: Estimation, jabs: Mapping[str, Any]
) -> Tracks:
    some = {key: each for key, each in rows.items() if len(each.points)}
    animals = tuple(dict.fromkeys(animal for animal, _ in rows))
    parts = tuple(part for part in first.ordered(rows) if any(part == one for _, one in some))
    timed = timeline([each.times for each in some.values()], from_zero=first.software in FROM_ZERO)
    frames = dict(zip(some, timed.frames, strict=True))
    seen = {animal: [np.zeros(0, np.int64)] for animal in animals}
    for key, each in some.items():
        seen[key[0]].append(frames[key][~np.isnan(each.points[:, 0])])
    way_out = "proofread them in the tracker, and export them anew"
    refuse_pieces(source, [np.unique(np.concatenate(one)) for one in seen.values()], way_out)
    keypoints, confidence = unseen(source, timed.length, len(animals), len(parts))
    for key, each in some.items():
        animal, part = animals.index(key[0]), parts.index(key[1])
        keypoints[frames[key], animal, :, part] = each.points
        if each.confidence is not None:
            confidence[frames[key], animal, part] = each.confidence
    scale = jabs.get("cm_per_pixel")
    return Tracks(
        tool=TOOL,
        animals=animals,
        parts=parts,
        keypoints=keypoints,
        confidence=confidence if any(each.confidence is not None for each in some.values()) else None,
        video=first.video,
        fps=timed.fps,
        image_size=first.image_size,
        pixels_per_cm=1 / scale if isinstance(scale, int | float) and 1e-9 < scale < 1e9 else None,
        piece=jabs.get("per_identity_files") is True
        or (len(animals) == 1 and any(one.animal for one in rows.values())),
        ends_early=first.software == "SLEAP",
        notes=tuple(_notes(rows, parts, timed)),
    )


def _notes(rows: Mapping[tuple[str, str], Series], parts: Sequence[str], timed: Timeline) -> Iterator[str]:
    if timed.note:
        yield timed.note
    if left_out := [part for part in dict.fromkeys(part for _, part in rows) if part not in parts]:
        yield f"{counted(len(left_out), 'part')} without any row left out: {listed(left_out, 5)}"
    shorter = [key for key, each in rows.items() if key[1] in parts and len(each.points) < timed.length]
    if shorter:
        named = listed([f"{part} of {animal}" for animal, part in shorter])
        yield f"not on all {counted(timed.length, 'frame')}, and taken as not seen on the others: {named}"
