"""What SLEAP's files have in common: instances of animals on frames, some of a track, and the tracks they come to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

import numpy as np

from harness.data.incoming.deeplabcut import frames_in
from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.unseen import unseen
from harness.files.hdf5 import Hdf5
from harness.files.source import Source
from harness.plugins.readers import Tracks
from harness.recording import Array
from harness.words import counted, listed, shown

TOOL = "SLEAP"

PROOFREAD = "proofread them in SLEAP, or give the names of tracks to take with --animals"

ALONE = "animal1"
"""What an animal is called that is of no track."""

UNTRACKED = -1


@dataclass(frozen=True, eq=False, slots=True)
class Instances:
    """The animals that were seen on the frames of one video, in any order."""

    frames: Array
    """int64 (instances,)."""
    tracks: Array
    """int64 (instances,): the place of its track, or `UNTRACKED`."""
    points: Array
    """float64 (instances, parts, 2); NaN where nothing was seen."""
    scores: Array
    """float64 (instances, parts)."""


def tracks_of(
    source: Source, instances: Instances, names: Sequence[str], parts: Sequence[str], *, video: str = ""
) -> Tracks:
    """The tracks that instances come to. Raises `DataError` where these are no animals.

    Instances without a track are one animal where there is no more than one on any frame, and no tracks besides.
    """
    frames, tracks = instances.frames, instances.tracks
    of = f"{shown(video)}: " if video else ""
    notes = []
    chosen = np.arange(len(frames))
    if (tracks == UNTRACKED).all():
        at_once = int(np.unique(frames, return_counts=True)[1].max())
        if at_once > 1:
            said = f"{of}up to {at_once} animals at once are of no track; track them in SLEAP, and save it anew"
            raise source.refusal(said)
        tracks, names = np.zeros(len(frames), dtype=np.int64), (ALONE,)
    elif (lost := int((tracks == UNTRACKED).sum())) > 0:
        notes.append(f"{counted(lost, 'animal')} on some frame of no track, left out")
        chosen = np.flatnonzero(tracks != UNTRACKED)
    key = frames[chosen] * (len(names) + 1) + tracks[chosen]
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    if (count > 1).any():
        at = chosen[first[int(np.flatnonzero(count > 1)[0])]]
        raise source.refusal(f"{of}frame {frames[at]:,}: track {shown(names[int(tracks[at])])} is there twice")
    used = taken(source, names)
    chosen = chosen[np.isin(tracks[chosen], used)]
    used = [place for place in used if (tracks[chosen] == place).any()]
    if not used:
        raise source.refusal(f"{of}has none of the tracks {listed(source.wanted)}; it has {listed(names, 10)}")
    refuse_pieces(source, [frames[chosen][tracks[chosen] == place] for place in used], PROOFREAD)
    known = frames_in(source, np.unique(frames).astype(np.float64))
    keypoints, confidence = unseen(source, int(known[-1]) + 1, len(used), len(parts))
    animals = np.searchsorted(used, tracks[chosen])
    with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
        keypoints[frames[chosen], animals] = instances.points[chosen].swapaxes(1, 2)
        confidence[frames[chosen], animals] = instances.scores[chosen]
    gone = np.asarray(np.isnan(keypoints).any(axis=2))
    keypoints[np.broadcast_to(gone[:, :, None], keypoints.shape)] = np.nan
    scored = bool(np.isfinite(confidence[~gone]).any())
    return Tracks(
        tool=TOOL,
        animals=tuple(names[place] for place in used),
        parts=tuple(parts),
        keypoints=keypoints,
        confidence=np.where(gone, 0, np.nan_to_num(confidence, nan=1.0)).astype(np.float32) if scored else None,
        video=video,
        ends_early=True,
        notes=tuple(notes),
    )


def taken(source: Source, names: Sequence[str]) -> list[int]:
    """The places of the tracks that are asked for, in their order; of all where none is."""
    return [place for place, name in enumerate(names) if not source.wanted or name in source.wanted]


def unique_names(source: Source, names: Sequence[str], what: str) -> None:
    """Report names that are there twice, as SLEAP lets tracks have the same name."""
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        source.report(f"{what} {listed(list(map(repr, twice)))} are there twice, expected names that differ")
        source.settle()


def json_in(source: Source, text: str, what: str) -> Any:
    """What a text in a project holds."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise source.refusal(f"{what}: no JSON") from error


def texts_in(file: Hdf5, name: str) -> list[str]:
    """The texts of a dataset; none where it is empty or not there."""
    return file.texts(name) if name in file and np.prod(file.shapes[name]) else []


def track_name(source: Source, text: str) -> str:
    """The name in an entry of `tracks_json`."""
    found = json_in(source, text, "tracks_json")
    name = (
        found[1]
        if isinstance(found, list) and len(found) > 1
        else found.get("name")
        if isinstance(found, dict)
        else None
    )
    if not isinstance(name, str):
        raise source.refusal(f"tracks_json: {shown(text, 60)} has no name")
    return name


def video_name(text: str) -> str:
    """The name of a video's file; empty where it is not said."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    for where in (found.get("backend"), found) if isinstance(found, dict) else ():
        name = where.get("filename") if isinstance(where, dict) else None
        if isinstance(name, list) and name:
            name = name[0]
        if isinstance(name, str) and name.strip("."):
            return PureWindowsPath(name).name
    return ""
