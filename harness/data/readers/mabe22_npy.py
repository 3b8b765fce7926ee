"""Mouse triplets of MABe 2022: minutes of three mice, rows before columns, as pickled `.npy`.

Where a mouse was not seen its parts are at (0, 0). Of the tasks those that are of single frames are behaviors.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from harness.data.entry import kind, single_precision
from harness.data.incoming.jackson import PARTS
from harness.data.incoming.pickled import dict_in, holds_triplets
from harness.files.source import Source
from harness.plugins.readers import FRAMES, XY, Annotations, Bout, Tracks, annotation_reader, pose_reader
from harness.recording import Array
from harness.scores.metrics import runs
from harness.words import counted, listed, shown

TOOL = "MABe 2022"
FPS = 30.0
"""Of its videos, which its files do not say."""

MICE = ("mouse1", "mouse2", "mouse3")

OF_ALL_FRAMES = ("experiment_day", "time_of_day", "strain", "lights")
"""Tasks whose answer is one for all of a minute."""


@pose_reader("mabe22_npy", tool=TOOL, endings=(".npy",), recognises=holds_triplets)
def mabe22_poses(source: Source) -> Iterator[Tracks]:
    """The mice of each minute."""
    for name, content in _sequences(source, dict_in(source)):
        found = content.get("keypoints")
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "iuf" or found.ndim != 4:
            source.report(f"{shown(name)}: keypoints are {kind(found)}, expected numbers (frames, 3, 12, 2)")
            continue
        if found.shape[1:] != (len(MICE), len(PARTS), XY):
            source.report(f"{shown(name)}: keypoints are {found.shape}, expected (frames, 3 mice, 12 parts, 2)")
            continue
        points = single_precision(found)
        nowhere = (points == 0).all(axis=3)
        points = np.where(nowhere[..., None], np.float32(np.nan), points)
        notes = [f"{counted(int(nowhere.sum()), 'point')} at (0, 0), taken as not seen"] if nowhere.any() else []
        yield Tracks(
            tool=TOOL,
            animals=MICE,
            parts=PARTS,
            keypoints=np.ascontiguousarray(points[..., ::-1].transpose(0, 1, 3, 2)),
            video=name,
            fps=FPS,
            notes=tuple(notes),
        )
    source.settle()


@annotation_reader("mabe22_npy", tool=TOOL, endings=(".npy",), recognises=holds_triplets)
def mabe22_annotations(source: Source) -> Iterator[Annotations]:
    """What is told of each minute frame by frame."""
    content = dict_in(source)
    vocabulary = content.get("vocabulary")
    tasks = vocabulary.tolist() if isinstance(vocabulary, np.ndarray) else vocabulary
    if not isinstance(tasks, list | tuple) or not all(isinstance(task, str) and task for task in tasks):
        raise source.refusal("has no vocabulary, which names the tasks; what is to be labelled has poses alone")
    for name, one in _sequences(source, content):
        found = one.get("annotations")
        if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf" or found.ndim != 2:
            source.report(f"{shown(name)}: annotations are {kind(found)}, expected numbers (tasks, frames)")
        elif len(found) != len(tasks):
            source.report(
                f"{shown(name)}: annotations are {found.shape}, expected {len(tasks)} rows, one for each task"
            )
        else:
            yield _annotations(name, tasks, found.astype(np.float64))
    source.settle()


def _sequences(source: Source, content: Mapping[Any, Any]) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    sequences = content.get("sequences")
    if not isinstance(sequences, dict) or not sequences:
        raise source.refusal(f"has no sequences; it has {listed(content, 8)}")
    for name, one in sequences.items():
        if isinstance(name, str) and name.strip() and name.isprintable() and isinstance(one, dict):
            yield name, one
        else:
            source.report(f"sequence {shown(str(name))} is {kind(one)}, expected a name and a dict with keypoints")


def _annotations(name: str, tasks: Sequence[str], found: Array) -> Annotations:
    behaviors, left_out = [], []
    bouts: list[Bout] = []
    looked_at: list[Bout] = []
    for task, values in zip(tasks, found, strict=True):
        if task in OF_ALL_FRAMES or not np.isin(values[~np.isnan(values)], (0, 1)).all():
            left_out.append(task)
            continue
        behaviors.append(task)
        bouts += (Bout(task, start, stop) for start, stop in runs(values == 1))
        looked_at += (Bout(task, start, stop) for start, stop in runs(~np.isnan(values)))
    notes = [f"of no single frames, and left out: {listed(left_out, 8)}"] if left_out else []
    return Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=tuple(bouts),
        video=name,
        fps=FPS,
        length=found.shape[1],
        behaviors=tuple(behaviors),
        looked_at=tuple(looked_at),
        notes=tuple(notes),
    )
