"""Which reader a file is for, and what it gives, checked."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from harness.data.entry import FARTHEST, MOST_ANIMALS, MOST_PARTS, single_precision
from harness.files.source import Source
from harness.plugins.loading import PluginFile, load_files, naming
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS, Annotations, Reader, Tracks
from harness.words import counted, listed, shown

Known = dict[str, Reader]
Content = TypeVar("Content", Tracks, Annotations)

MOST_BOUTS = 1_000_000
"""Of one video."""


def load_readers(files: Iterable[Path | PluginFile] = ()) -> None:
    """Import every reader: the package's own, those of other packages, and the user's `files`.

    Raises `HarnessError` that names the one that cannot be imported.
    """
    import harness.data.readers as package

    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    for point in entry_points(group="harness.data.readers"):
        with naming(f"reader {point.name!r} ({point.value})"):
            point.load()
    load_files(files)


def read_poses(path: Path, wanted: tuple[str, ...] = ()) -> Iterator[Tracks]:
    """What a file says of where animals were, video by video. Raises `DataError` with every problem.

    `wanted` are the names of the tracks to take, where there are others besides.
    """
    source = Source.at(path, wanted)
    yield from _read(source, POSE_READERS, _check_tracks)


def read_annotations(path: Path) -> Iterator[Annotations]:
    """What a file says of what animals do, video by video. Raises `DataError` with every problem."""
    source = Source.at(path)
    yield from _read(source, ANNOTATION_READERS, _check_annotations)


def reader_of(source: Source, readers: Known) -> Reader:
    """The one of the readers that knows the file, those that only refuse last. Raises `DataError` where none does."""
    latest_first = list(reversed(readers.values()))
    for reader in sorted(latest_first, key=lambda one: one.only_refuses):
        if reader.knows(source):
            return reader
    wanted, other = ("poses", "annotations") if readers is POSE_READERS else ("annotations", "poses")
    for reader in reversed((ANNOTATION_READERS if readers is POSE_READERS else POSE_READERS).values()):
        if not reader.only_refuses and reader.knows(source):
            raise source.refusal(f"holds {other} of {reader.tool}, expected {wanted}")
    read = [one for one in readers.values() if not one.only_refuses]
    named = [one for one in read if source.name.lower().endswith(one.endings)]
    tools = listed(dict.fromkeys(one.tool for one in named or read), 30)
    begins = f"; it begins with {shown(repr(source.top_lines[0]), 60)}" if source.top_lines[0].strip() else ""
    raise source.refusal(f"no format of {wanted} that is known{begins}; with such a name are read: {tools}")


def _read(source: Source, readers: Known, check: Callable[[Content, Source], Content]) -> Iterator[Content]:
    reader = reader_of(source, readers)
    found = 0
    every: Iterable[Any] = reader.function(source)
    for one in every:
        source.settle()
        yield check(one, source)
        found += 1
    source.settle()
    if not found:
        raise source.refusal(f"holds nothing of {reader.tool} that could be read")


def _check_tracks(tracks: Tracks, source: Source) -> Tracks:
    of = f"{shown(tracks.video)}: " if tracks.video else ""
    if not tracks.frames:
        source.report(f"{of}has no frames")
    for what, names, most in (("animal", tracks.animals, MOST_ANIMALS), ("part", tracks.parts, MOST_PARTS)):
        if not names:
            source.report(f"{of}has no {what}s")
        if len(names) > most:
            source.report(f"{of}has {counted(len(names), what)}, expected at most {most:,}")
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                source.report(f"{of}{what} {shown(repr(name))} is there {names.count(name)} times, expected once")
            elif not name.strip() or not name.isprintable():
                source.report(f"{of}the name of {what} {names.index(name) + 1} is empty or cannot be printed")
    source.settle()
    keypoints = single_precision(tracks.keypoints)
    far = np.abs(keypoints) > FARTHEST
    if far.any():
        frame, animal, xy, part = map(int, np.argwhere(far)[0])
        value = keypoints[frame, animal, xy, part]
        source.report(
            f"{of}frame {frame}, {shown(tracks.animals[animal])}, {shown(tracks.parts[part])}: {'xy'[xy]} is "
            f"{value:g}, expected pixels up to {FARTHEST:,.0f} in either direction"
        )
    if tracks.fps is not None and not 0 < tracks.fps < 1e6:
        source.report(f"{of}says {tracks.fps:g} frames a second, expected more than 0")
    source.settle()
    return tracks


def _check_annotations(annotations: Annotations, source: Source) -> Annotations:
    of = f"{shown(annotations.video)}: " if annotations.video else ""
    if len(annotations.bouts) > MOST_BOUTS:
        raise source.refusal(f"{of}has {len(annotations.bouts):,} bouts, expected at most {MOST_BOUTS:,}")
    for bout in (*annotations.bouts, *(annotations.looked_at or ())):
        line = bout.line or None
        if not np.isfinite(bout.start) or (bout.stop is not None and not np.isfinite(bout.stop)):
            source.report(
                f"{of}{shown(bout.behavior)} is from {bout.start} to {bout.stop}, expected numbers", line=line
            )
        elif bout.stop is not None and bout.stop < bout.start:
            text = f"{shown(bout.behavior)} ends at {bout.stop:g} before it starts at {bout.start:g}"
            source.report(f"{of}{text}", line=line)
        elif bout.start < 0:
            source.report(f"{of}{shown(bout.behavior)} starts at {bout.start:g}, before the video does", line=line)
        for what, name in (("behavior", bout.behavior), ("agent", bout.agent), ("target", bout.target)):
            if not name.isprintable() or len(name) > 100 or (what == "behavior" and not name.strip()):
                source.report(f"{of}the name of {what} {shown(repr(name))} cannot be one", line=line)
    if annotations.fps is not None and not 0 < annotations.fps < 1e6:
        source.report(f"{of}says {annotations.fps:g} frames a second, expected more than 0")
    source.settle()
    return annotations
