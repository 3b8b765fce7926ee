"""Splits of labelled recordings: no frame of what is judged was trained on, nor lies near one that was.

Whole recordings are held out. Where fewer than two of them hold positives, the one that does is cut into contiguous
blocks; a block is from then on a recording of its own, so that no window, filter or smoother crosses its edge, and
training frames within a purge gap of a held-out block are dropped. Such folds are `blocked`, and optimistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from harness.errors import HarnessError
from harness.recording import Recording
from harness.scores.metrics import bouts

LEAVE_ONE_OUT_UP_TO = 5
"""With more labelled recordings than this, they are held out in this many groups."""


@dataclass(frozen=True)
class Folds:
    """Units (whole recordings, or blocks of one), and which of them each fold holds out."""

    kind: str
    """`grouped` or `blocked`."""
    units: tuple[Recording, ...]
    held_out: tuple[tuple[int, ...], ...]
    """Fold to the units it holds out; every unit is held out once."""
    origins: tuple[int, ...]
    """Unit to the recording it was cut from."""
    purge: int
    """Frames dropped from training on both sides of a held-out block."""

    def training_frames(self, fold: int) -> dict[int, slice]:
        """Unit to the frames of it that may be trained on when `fold` is judged."""
        out = self.held_out[fold]
        frames = {}
        for unit in range(len(self.units)):
            start, stop = 0, self.units[unit].frames
            begin = self.units[unit].first_frame
            for other in out:
                if self.origins[other] != self.origins[unit]:
                    continue
                first, last = self.units[other].first_frame, self.units[other].first_frame + self.units[other].frames
                if first <= begin:
                    start = max(start, last + self.purge - begin)
                else:
                    stop = min(stop, first - self.purge - begin)
            if unit not in out and start < stop:
                frames[unit] = slice(start, stop)
        return frames


def make_folds(recordings: Sequence[Recording], reach_seconds: float) -> Folds:
    """Folds for one behavior's labelled recordings.

    `reach_seconds` is the farthest that any feature, window or smoother looks from its frame; the purge gap is the
    whole width of such a window, twice that. Raises `HarnessError` where the recordings were filmed at different frame
    rates: the decision on them is counted in frames, for all of them together.
    """
    odd = next((one for one in recordings if one.fps != recordings[0].fps), None)
    if odd is not None:
        first = recordings[0]
        raise HarnessError(
            f"{odd.id} has {odd.fps:g} frames a second, {first.id} has {first.fps:g}; labelled recordings of a "
            "behavior should have one rate, so bring them to it first"
        )
    if sum(recording.positives > 0 for recording in recordings) < 2:
        purge = ceil(2 * reach_seconds * recordings[0].fps)
        return _blocked(recordings, purge)
    held_out: tuple[tuple[int, ...], ...] = tuple((i,) for i in range(len(recordings)))
    if len(recordings) > LEAVE_ONE_OUT_UP_TO:
        held_out = _balanced(recordings, LEAVE_ONE_OUT_UP_TO)
    return Folds("grouped", tuple(recordings), held_out, tuple(range(len(recordings))), 0)


def _balanced(recordings: Sequence[Recording], groups: int) -> tuple[tuple[int, ...], ...]:
    """Recordings in `groups` groups whose positive frames, then frames, are as even as a greedy share makes them."""
    members: list[list[int]] = [[] for _ in range(groups)]
    loads = [(0, 0)] * groups
    order = sorted(range(len(recordings)), key=lambda i: (-recordings[i].positives, -recordings[i].frames, i))
    for index in order:
        lightest = min(range(groups), key=lambda g: (loads[g], g))
        members[lightest].append(index)
        positives, frames = loads[lightest]
        loads[lightest] = (positives + recordings[index].positives, frames + recordings[index].frames)
    return tuple(tuple(sorted(group)) for group in members)


def _blocked(recordings: Sequence[Recording], purge: int) -> Folds:
    """Blocks of the recording with most positives; other recordings are held out whole, in turn with the blocks."""
    source = max(range(len(recordings)), key=lambda i: (recordings[i].positives, -i))
    edges = _block_edges(recordings[source])
    units = [recordings[source].cut(start, stop) for start, stop in pairwise(edges)]
    origins = [source] * len(units)
    groups = [[index] for index in range(len(units))]
    for index, recording in enumerate(recordings):
        if index != source:
            groups[len(units) % len(groups)].append(len(units))
            units.append(recording)
            origins.append(index)
    return Folds("blocked", tuple(units), tuple(map(tuple, groups)), tuple(origins), purge)


def _block_edges(recording: Recording) -> list[int]:
    """Edges of blocks with even shares of the positive frames, moved to between two bouts where there are enough."""
    starts, stops = bouts(recording.known_labels)
    between = [(int(stop) + int(start)) // 2 for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    if not between:  # One bout or none: even lengths, which may cut the bout.
        count = min(LEAVE_ONE_OUT_UP_TO, recording.frames)
        return [round(recording.frames * i / count) for i in range(count + 1)]
    count = min(LEAVE_ONE_OUT_UP_TO, len(between) + 1)
    done = np.cumsum(recording.known_labels)[np.array(between)] / recording.positives
    edges: list[int] = []
    for i in range(1, count):
        later = [k for k in range(len(between)) if not edges or between[k] > edges[-1]]
        left = later[: len(later) - (count - 1 - i)]
        edges.append(between[min(left, key=lambda k: (abs(done[k] - i / count), k))])
    return [0, *edges, recording.frames]
