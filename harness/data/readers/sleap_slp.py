"""Projects and predictions of SLEAP (`.slp`): HDF5 with the tables frames, instances, points and pred_points.

Instances are labelled by a user (type 0) or predicted (1); where both are of the same animal the user's counts. Before
format 1.1 the middle of the first pixel was at 0.5, so half a pixel is taken off. Tracks end with what was last seen.
"""

from collections.abc import Iterator

import numpy as np

from harness.data.incoming.sleap import (
    TOOL,
    Instances,
    json_in,
    texts_in,
    track_name,
    tracks_of,
    unique_names,
    video_name,
)
from harness.files.hdf5 import Hdf5, column
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.recording import Array
from harness.words import counted, shown

NEWEST = 2.8
"""Format that is known."""

HALF_PIXEL = 1.1
"""Format from which on the middle of the first pixel is at 0."""

USER, PREDICTED = 0, 1

FRAME_COLUMNS = ("frame_id", "video", "frame_idx")
INSTANCE_COLUMNS = (
    *("instance_id", "instance_type", "frame_id", "track", "from_predicted", "point_id_start", "point_id_end"),
)
POINT_COLUMNS = ("x", "y", "visible")


def _knows(source: Source) -> bool:
    return {"frames", "instances", "points", "pred_points"} <= set(source.shapes)


@pose_reader("sleap_slp", tool=TOOL, endings=(".slp",), recognises=_knows)
def sleap_slp(source: Source) -> Iterator[Tracks]:
    with source.hdf5() as file:
        moved = _half_a_pixel(source, file)
        parts = _parts(source, file)
        tracks = [track_name(source, text) for text in texts_in(file, "tracks_json")]
        videos = [video_name(text) for text in texts_in(file, "videos_json")]
        frames, instances = file.table("frames", *FRAME_COLUMNS), file.table("instances", *INSTANCE_COLUMNS)
        points = file.table("points", *POINT_COLUMNS)
        predicted = file.table("pred_points", *POINT_COLUMNS, "score")
    unique_names(source, tracks, "tracks")
    if not len(instances):
        raise source.refusal("holds no animals; run inference in SLEAP first")
    kinds = column(instances, "instance_type")
    if not (kinds == PREDICTED).any() and len(frames) > 1:
        seen = counted(len(frames), "frame")
        raise source.refusal(f"training labels of {seen}, no tracks of a video; run inference in SLEAP first")
    frame_of, video_of = _frames(source, frames, instances)
    xy, scores = _points(source, instances, points, predicted, len(parts))
    chosen = _unless_corrected(instances)
    places = column(instances, "track").astype(np.int64)
    if len(places) and not -1 <= places.min() <= places.max() < len(tracks):
        raise source.refusal(f"instances are of tracks up to {places.max()}, but there are {len(tracks)}")
    for video in np.unique(video_of[chosen]).tolist():
        own = chosen[video_of[chosen] == video]
        some = Instances(frame_of[own], places[own], xy[own] - moved, scores[own])
        name = videos[video] if video < len(videos) else ""
        yield tracks_of(source, some, tracks, parts, video=name)


def _half_a_pixel(source: Source, file: Hdf5) -> float:
    """What is to be taken off coordinates, by the format."""
    version = file.attribute("format_id", "metadata") if "metadata" in file.groups else None
    if not isinstance(version, int | float) or not version >= 1:
        raise source.refusal(f"format {shown(repr(version), 20)} of SLEAP's files, expected 1.0 to {NEWEST}")
    if version > NEWEST + 1e-6:
        raise source.refusal(
            f"format {version:g} of SLEAP's files is newer than {NEWEST}, the newest that is known; "
            "in SLEAP, export an analysis HDF5 file"
        )
    return 0.5 if version < HALF_PIXEL - 1e-6 else 0.0


def _parts(source: Source, file: Hdf5) -> list[str]:
    """The nodes of the skeleton, in the order of the points."""
    metadata = json_in(source, file.text("json", "metadata"), "metadata")
    try:
        names = [str(node["name"]) for node in metadata["nodes"]]
        skeletons = [[names[node["id"]] for node in one["nodes"]] for one in metadata["skeletons"]]
    except (KeyError, TypeError, IndexError) as error:
        raise source.refusal("metadata: no nodes and skeletons as SLEAP writes them") from error
    if not skeletons or not skeletons[0]:
        raise source.refusal("metadata: has no skeleton")
    if any(one != skeletons[0] for one in skeletons):
        raise source.refusal(f"has {len(skeletons)} skeletons, expected one; save one of them alone in SLEAP")
    unique_names(source, skeletons[0], "parts")
    return skeletons[0]


def _frames(source: Source, frames: Array, instances: Array) -> tuple[Array, Array]:
    """Frame and video of each instance."""
    ids = column(frames, "frame_id")
    order = np.argsort(ids, kind="stable")
    own = column(instances, "frame_id")
    at = np.searchsorted(ids[order], own)
    if not len(ids) or (at >= len(ids)).any() or (ids[order][np.minimum(at, len(ids) - 1)] != own).any():
        raise source.refusal("some instances are of frames that are not in its table of frames")
    number, video = column(frames, "frame_idx")[order][at], column(frames, "video")[order][at]
    if number.max() >= 2**40 or video.max() >= 2**20:
        raise source.refusal(f"frame {number.max():,} of video {video.max():,}, expected frames of videos")
    return number.astype(np.int64), video.astype(np.int64)


def _points(source: Source, instances: Array, points: Array, predicted: Array, parts: int) -> tuple[Array, Array]:
    """x and y (instances, parts, 2), NaN where nothing was seen, and the score of each (instances, parts)."""
    start, end = column(instances, "point_id_start"), column(instances, "point_id_end")
    kinds = column(instances, "instance_type")
    xy = np.full((len(instances), parts, 2), np.nan)
    scores = np.ones((len(instances), parts))
    for kind, table in ((USER, points), (PREDICTED, predicted)):
        own = np.flatnonzero(kinds == kind)
        first, last = start[own].astype(np.float64), end[own].astype(np.float64)
        if len(own) and ((last - first != parts).any() or (first < 0).any() or (last > len(table)).any()):
            raise source.refusal(f"instances refer to other points than {parts} of its {len(table):,}")
        at = first.astype(np.int64)[:, None] + np.arange(parts)
        rows = table[at] if len(own) else table[:0]
        if not len(own):
            continue
        seen = column(rows, "visible").astype(bool)
        xy[own] = np.where(seen[..., None], np.stack([column(rows, "x"), column(rows, "y")], axis=-1), np.nan)
        if kind == PREDICTED:
            scores[own] = column(rows, "score")
    return xy, scores


def _unless_corrected(instances: Array) -> Array:
    """The places of instances, without predictions that a user has corrected: on the same frame, of the same track, or
    named as what was corrected.
    """
    kinds = column(instances, "instance_type")
    user = kinds == USER
    if not user.any():
        return np.arange(len(instances))
    frames, tracks = column(instances, "frame_id"), column(instances, "track")
    corrected = set(column(instances, "from_predicted")[user].tolist()) - {-1}
    own = {
        (frame, track) for frame, track in zip(frames[user].tolist(), tracks[user].tolist(), strict=True) if track >= 0
    }
    ids = column(instances, "instance_id").tolist()
    keep = [
        at
        for at, (id_, frame, track) in enumerate(zip(ids, frames.tolist(), tracks.tolist(), strict=True))
        if user[at] or (id_ not in corrected and (frame, track) not in own)
    ]
    return np.array(keep, dtype=np.int64)
