"""Analysis files of SLEAP (`.analysis.h5`): `tracks` with the axes track, xy, node, frame, as MATLAB has them.

sleap-io may write another order, and says so in the attribute `dims` of each dataset; before it did, `transpose` told
whether the axes were turned. The array ends with the last frame on which an animal was seen.
"""

import json
from collections.abc import Iterator, Sequence

import numpy as np

from harness.data.incoming.pieces import refuse_pieces
from harness.data.incoming.sleap import PROOFREAD, TOOL, taken, unique_names
from harness.files.hdf5 import Hdf5
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.words import listed, shown

MATLAB = ("track", "xy", "node", "frame")
"""The axes of `tracks` as SLEAP writes them."""

SCORES = ("track", "node", "frame")
"""Those of `point_scores`."""


def _knows(source: Source) -> bool:
    return {"tracks", "node_names", "track_names"} <= set(source.shapes)


@pose_reader("sleap_analysis", tool=TOOL, endings=(".h5", ".hdf5"), recognises=_knows)
def sleap_analysis(source: Source) -> Iterator[Tracks]:
    with source.hdf5() as file:
        nodes, names = file.texts("node_names"), _names(file)
        unique_names(source, nodes, "parts")
        unique_names(source, names, "tracks")
        axes = _axes(source, file, "tracks", MATLAB)
        _check(source, file, axes, len(names), len(nodes))
        tracks = np.asarray(file.array("tracks", 4), dtype=np.float64)
        sure = None
        if "point_scores" in file and np.prod(file.shapes["point_scores"]):
            order = _axes(source, file, "point_scores", SCORES)
            sure = np.asarray(file.array("point_scores", 3), dtype=np.float64).transpose(
                [order.index(axis) for axis in ("frame", "track", "node")]
            )
    tracks = tracks.transpose([axes.index(axis) for axis in ("frame", "track", "xy", "node")])
    chosen = taken(source, names)
    if not chosen:
        raise source.refusal(f"has none of the tracks {listed(source.wanted)}; it has {listed(names, 10)}")
    names, tracks = [names[place] for place in chosen], tracks[:, chosen]
    sure = None if sure is None or sure.ndim != 3 else sure[:, [place for place in chosen if place < sure.shape[1]]]
    seen = np.asarray(~np.isnan(tracks).any(axis=2))  # (frame, track, node)
    refuse_pieces(source, [np.flatnonzero(seen[:, at].any(axis=1)) for at in range(len(names))], PROOFREAD)
    if sure is not None and sure.shape != seen.shape:
        raise source.refusal(f"point_scores are {sure.shape}, expected {seen.shape} for frame, track and node")
    with np.errstate(over="ignore"):  # what is too large is told where ranges are looked at
        keypoints = np.where(seen[:, :, None], tracks, np.nan).astype(np.float32)
        confidence = None if sure is None else np.where(seen, np.nan_to_num(sure, nan=1.0), 0.0).astype(np.float32)
    yield Tracks(
        tool=TOOL,
        animals=tuple(names),
        parts=tuple(nodes),
        keypoints=keypoints,
        confidence=confidence,
        ends_early=True,
    )


def _names(file: Hdf5) -> list[str]:
    """Of the tracks; without tracking SLEAP writes one without a name."""
    names = file.texts("track_names") if np.prod(file.shapes["track_names"]) else []
    tracks = file.shapes["tracks"]
    return names or (["animal1"] if len(tracks) == 4 and 1 in (tracks[0], tracks[1]) else [])


def _axes(source: Source, file: Hdf5, name: str, otherwise: Sequence[str]) -> list[str]:
    """The axes of a dataset, in its order."""
    if dims := file.text("dims", name):
        try:
            found = json.loads(dims)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or sorted(map(str, found)) != sorted(otherwise):
            raise source.refusal(
                f"{name}: its axes are {shown(dims, 60)}, expected some order of {', '.join(otherwise)}"
            )
        return list(map(str, found))
    turned = file.attribute("transpose", name)
    return list(reversed(otherwise)) if turned in (0, False) and turned is not None else list(otherwise)


def _check(source: Source, file: Hdf5, axes: Sequence[str], tracks: int, nodes: int) -> None:
    """Raise `DataError` where the sizes are not those that names and occupancy tell."""
    shape = file.shapes["tracks"]
    wanted = {"track": tracks, "xy": 2, "node": nodes}
    if len(shape) != 4:
        raise source.refusal(f"tracks are {shape}, expected four axes: {', '.join(axes)}")
    for axis, size in zip(axes, shape, strict=True):
        if wanted.get(axis, size) != size:
            source.report(f"tracks are {shape} for {', '.join(axes)}, but there are {wanted[axis]} of {axis}")
    source.settle()
