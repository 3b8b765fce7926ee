"""Splits of labelled recordings: no frame of what is judged was trained on, nor lies near one that was.

Whole groups are held out: an animal, a cage, a day; a recording where none is named, with all examples of it. Where
only one group shows the behavior, its recordings are held out one by one; where only one recording does, that is cut
into contiguous blocks, all its examples at the same frames. A block is from then on a recording of its own, so that no
window, filter or smoother crosses its edge, and training frames within a purge gap of a held-out block are dropped.
Both kinds of folds are `blocked`, and optimistic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np

from harness.errors import HarnessError
from harness.recording import Array, Recording, groups_of
from harness.scores.metrics import bouts

LEAVE_ONE_OUT_UP_TO = 5
"""With more labelled recordings than this, they are held out in this many groups."""

MOST_PARTS = 20
"""With more units than this, decisions and resamples take several of them as one: their cost is in the parts."""


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
    parts: tuple[int, ...]
    """Unit to the part that it is counted with: what is left out and drawn as one where decisions are judged."""

    def units_of(self, origin: int) -> list[int]:
        """The units that a recording is, or was cut to, in their order in it; none where nobody looked at it."""
        mine = [unit for unit, its in enumerate(self.origins) if its == origin]
        return sorted(mine, key=lambda unit: self.units[unit].first_frame)

    def ids_by_part(self, recordings: Sequence[Recording]) -> list[list[str]]:
        """Of each part the ids of the recordings that its units are, or were cut from; `recordings` are those that the
        folds were made of.
        """
        found: list[dict[str, None]] = [{} for _ in range(max(self.parts, default=-1) + 1)]
        for part, origin in zip(self.parts, self.origins, strict=True):
            found[part][recordings[origin].id] = None
        return [list(ids) for ids in found]

    @property
    def cut(self) -> bool:
        """Whether some recording is in several blocks."""
        return len(set(self.origins)) < len(self.units)

    @property
    def rates(self) -> tuple[float, ...]:
        """Frames a second of each unit."""
        return tuple(unit.fps for unit in self.units)

    def training_frames(self, fold: int) -> dict[int, slice]:
        """Unit to the frames of it that may be trained on when `fold` is judged."""
        out = self.held_out[fold]
        frames = {}
        for unit in range(len(self.units)):
            start, stop = 0, self.units[unit].frames
            begin = self.units[unit].first_frame
            for other in out:
                if self.units[other].source_id != self.units[unit].source_id:
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
    """Folds for one behavior's labelled recordings; those of which no frame was looked at are in none.

    `reach_seconds` is the farthest that any feature, window or smoother looks from its frame; the purge gap is the
    whole width of such a window, twice that. Raises `HarnessError` where blocks are to be cut of footage that another
    recording shows, too.
    """
    places = [place for place, one in enumerate(recordings) if one.labelled_frames]
    if len(places) < len(recordings):  # where nobody looked there is nothing to learn, nor to judge
        folds = make_folds([recordings[place] for place in places], reach_seconds)
        return replace(folds, origins=tuple(places[origin] for origin in folds.origins))
    groups = groups_of(recordings)
    if (showing := _showing(recordings, groups)) > 1:
        return _grouped("grouped", recordings, groups)
    loose = [replace(one, group="") for one in recordings]
    if _showing(loose, apart := groups_of(loose)) > showing:
        return _grouped("blocked", recordings, apart)
    return _cut(recordings, apart, reach_seconds)


def _showing(recordings: Sequence[Recording], groups: Sequence[tuple[int, ...]]) -> int:
    """How many groups show the behavior."""
    return sum(any(recordings[index].positives for index in group) for group in groups)


def _grouped(kind: str, recordings: Sequence[Recording], groups: Sequence[tuple[int, ...]]) -> Folds:
    held_out = _shares(recordings, groups, LEAVE_ONE_OUT_UP_TO)
    parts = _places(_shares(recordings, groups, MOST_PARTS))
    return Folds(kind, tuple(recordings), held_out, tuple(range(len(recordings))), 0, parts)


def _shares(
    recordings: Sequence[Recording], groups: Sequence[tuple[int, ...]], most: int
) -> tuple[tuple[int, ...], ...]:
    """The groups, or where there are too many, so many shares of them with about as many positives each."""
    if len(groups) <= most:
        return tuple(groups)
    positives = [sum(recordings[index].positives for index in group) for group in groups]
    frames = [sum(recordings[index].frames for index in group) for group in groups]
    return _balanced(groups, positives, frames, most)


def _balanced(
    groups: Sequence[tuple[int, ...]], positives: Sequence[int], frames: Sequence[int], shares: int
) -> tuple[tuple[int, ...], ...]:
    """The groups in shares whose positive frames, then frames, are as even as a greedy share makes them."""
    members: list[list[int]] = [[] for _ in range(shares)]
    loads = [(0, 0)] * shares
    for index in sorted(range(len(groups)), key=lambda i: (-positives[i], -frames[i], i)):
        lightest = min(range(shares), key=lambda share: (loads[share], share))
        members[lightest] += groups[index]
        loads[lightest] = (loads[lightest][0] + positives[index], loads[lightest][1] + frames[index])
    return tuple(tuple(sorted(share)) for share in members)


def _places(shares: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """Of each member of the shares, the share that it is in."""
    return tuple(share for _, share in sorted((index, share) for share, those in enumerate(shares) for index in those))


def _cut(recordings: Sequence[Recording], groups: Sequence[tuple[int, ...]], reach_seconds: float) -> Folds:
    """Blocks of the one recording that shows it; other recordings are held out whole, in turn with the blocks."""
    source = next((group for group in groups if any(recordings[index].positives for index in group)), groups[0])
    mates = list(dict.fromkeys(recordings[index].source_id for index in source))
    if len(mates) > 1:
        shows = next(recordings[index].source_id for index in source if recordings[index].positives)
        mates.remove(shows)
        raise HarnessError(
            f"{', '.join(mates)}: held out together with {shows}, but no other recording shows the "
            "behavior, so parts of that are to be held out; leave the former out, or label another recording"
        )
    edges = _block_edges([recordings[index].known_labels for index in source])
    spans = list(pairwise(edges))
    units = [recordings[index].cut(start, stop) for start, stop in spans for index in source]
    origins = [index for _ in spans for index in source]
    blocks = [tuple(range(block * len(source), (block + 1) * len(source))) for block in range(len(spans))]
    held_out = [list(block) for block in blocks]
    others = []
    for number, group in enumerate(other for other in groups if other is not source):
        places = tuple(range(len(units), len(units) + len(group)))
        held_out[number % len(held_out)] += places
        others.append(places)
        units += [recordings[index] for index in group]
        origins += group
    purge = ceil(2 * reach_seconds * recordings[source[0]].fps)
    parts = _places([*blocks, *_shares(units, others, MOST_PARTS - len(blocks))])
    return Folds("blocked", tuple(units), tuple(map(tuple, held_out)), tuple(origins), purge, parts)


def _block_edges(labels: Sequence[Array]) -> list[int]:
    """Edges of blocks with even shares of the positive frames, moved to between two bouts where there are enough.

    `labels` (frames,) are those of all examples of the recording.
    """
    shows = np.max([one == 1 for one in labels], axis=0)
    frames, positives = len(shows), np.sum([one == 1 for one in labels], axis=0)
    starts, stops = bouts(shows)
    between = [(int(stop) + int(start)) // 2 for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    if not between:  # One bout or none: even lengths, which may cut the bout.
        count = min(LEAVE_ONE_OUT_UP_TO, frames)
        return [round(frames * i / count) for i in range(count + 1)]
    count = min(LEAVE_ONE_OUT_UP_TO, len(between) + 1)
    done = np.cumsum(positives)[np.array(between)] / positives.sum()
    edges: list[int] = []
    for i in range(1, count):
        later = [k for k in range(len(between)) if not edges or between[k] > edges[-1]]
        left = later[: len(later) - (count - 1 - i)]
        edges.append(between[min(left, key=lambda k: (abs(done[k] - i / count), k))])
    return [0, *edges, frames]
