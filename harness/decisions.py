"""From out-of-fold probabilities to the best decision, and what it is honestly worth.

Hits, claims and positives add up over recordings, so one table (unit, candidate) -> counts gives the best decision
(best column sum) and the cross-fitted score: each unit is judged by the decision that the others would have chosen,
which is a column sum less one row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.folds import bouts
from harness.metrics import Counts
from harness.recording import Array
from harness.registry import smoother_named
from harness.spaces import Spaces
from harness.spec import Choice, Decision

THRESHOLDS = tuple(float(np.round(1 / (1 + np.exp(-logit)), 4)) for logit in np.arange(-5.0, 5.01, 0.2))
"""Candidates for `Decision.threshold`, evenly spaced in log-odds, since the best one for a rare behavior is small."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every decision that a trial tries, in the order of its table's columns: smoother, gap, bout, threshold."""

    smoothers: tuple[Choice, ...]
    gaps: tuple[float, ...]
    bouts: tuple[float, ...]
    thresholds: tuple[float, ...] = THRESHOLDS

    def __len__(self) -> int:
        return len(self.smoothers) * len(self.gaps) * len(self.bouts) * len(self.thresholds)

    def __getitem__(self, index: int) -> Decision:
        shape = (len(self.smoothers), len(self.gaps), len(self.bouts), len(self.thresholds))
        smoother, gap, bout, threshold = np.unravel_index(index, shape)
        return Decision(self.smoothers[smoother], self.thresholds[threshold], self.gaps[gap], self.bouts[bout])


def candidates_of(spaces: Spaces) -> Candidates:
    """Every decision within the ranges."""
    return Candidates(tuple(spaces.smoother_choices()), spaces.gaps, spaces.bouts)


def smoothed(choice: Choice, probabilities: Array, fps: float) -> Array:
    """One recording's probabilities (frames,) through a smoother, as float64."""
    values = smoother_named(choice.name).function(probabilities, fps, **choice.parameters)
    # NumPy would compare float32 with a threshold rounded to float32, but search among thresholds that are not.
    return np.asarray(values, dtype=np.float64)


def decide(decision: Decision, probabilities: Array, fps: float) -> Array:
    """Labels (frames,) int8 of one recording."""
    labels = (smoothed(decision.smoother, probabilities, fps) >= decision.threshold).astype(np.int8)
    starts, stops = bouts(labels)
    if len(starts):
        apart = starts[1:] - stops[:-1] > _frames(decision.longest_gap, fps)
        starts, stops = starts[np.concatenate([[True], apart])], stops[np.concatenate([apart, [True]])]
    labels[:] = 0
    for start, stop in zip(starts, stops, strict=True):
        if stop - start >= _frames(decision.shortest_bout, fps):
            labels[start:stop] = 1
    return labels


def count_table(candidates: Candidates, probabilities: Sequence[Array], labels: Sequence[Array], fps: float) -> Array:
    """Counts of every candidate on every unit: int64 (units, candidates, 2), hits and claims.

    Works on bouts, not frames: each frame's probability becomes the number of thresholds it reaches, and a bout of
    threshold k starts where that number rises past k and stops where it falls back.
    """
    units, thresholds = len(probabilities), np.array(candidates.thresholds)
    # A frame of zero before each unit and after the last keeps bouts apart.
    offsets = np.cumsum([1] + [len(p) + 1 for p in probabilities])
    length, unit_of = int(offsets[-1]), np.repeat(np.arange(units + 1), np.diff(np.concatenate([[0], offsets])))
    positive = np.zeros(length + 1, dtype=np.int64)
    for offset, unit_labels in zip(offsets[:-1], labels, strict=True):
        positive[offset + 1 : offset + 1 + len(unit_labels)] = unit_labels
    hits_until = np.cumsum(positive)
    gaps = [_frames(gap, fps) for gap in candidates.gaps]
    shortest = np.array([_frames(bout, fps) for bout in candidates.bouts])
    shape = (len(candidates.smoothers), len(gaps), len(shortest), len(thresholds))
    table = np.zeros((units, *shape, 2), dtype=np.int64)
    for s, choice in enumerate(candidates.smoothers):
        level = np.zeros(length, dtype=np.int64)
        for offset, unit in zip(offsets[:-1], probabilities, strict=True):
            level[offset : offset + len(unit)] = np.searchsorted(thresholds, smoothed(choice, unit, fps), "right")
        starts, stops, of = _runs(level)
        for g, gap in enumerate(gaps):
            # Separators are one frame wide, so bouts of two units could touch across one: compare units too.
            apart = (of[1:] != of[:-1]) | (starts[1:] - stops[:-1] > gap)
            apart |= unit_of[starts[1:]] != unit_of[starts[:-1]]
            first, last = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
            begin, end, threshold = (starts[first], stops[last], of[first]) if len(of) else (starts, stops, of)
            claimed = end - begin
            longest = np.searchsorted(shortest, claimed, "right") - 1  # the strictest bout rule it passes
            # bincount, not add.at: an order of magnitude faster. Sums stay exact in float64.
            cell = ((unit_of[begin] - 1) * len(shortest) + longest) * len(thresholds) + threshold
            passed = longest >= 0
            for k, amount in enumerate((hits_until[end] - hits_until[begin], claimed)):
                sums = np.bincount(cell[passed], amount[passed], units * len(shortest) * len(thresholds))
                by_rule = sums.reshape(units, len(shortest), len(thresholds))
                table[:, s, g, :, :, k] = np.cumsum(by_rule[:, ::-1], axis=1)[:, ::-1]
    return table.reshape(units, -1, 2)


def _runs(level: Array) -> tuple[Array, Array, Array]:
    """Starts, stops and thresholds of the runs `level > k` for every threshold k, by threshold, then by frame."""
    around = np.concatenate([[0], level, [0]])
    before, after = around[:-1], around[1:]
    width = len(before)
    starts, stops = _crossings(before, after), _crossings(after, before)
    return starts % width, stops % width, starts // width


def _crossings(low: Array, high: Array) -> Array:
    """Sorted keys, threshold * len(low) + frame, of where a threshold lies from `low` up to below `high`."""
    frames = np.flatnonzero(high > low)
    steps = (high - low)[frames]
    within = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps)
    thresholds = np.repeat(low[frames], steps) + within
    keys: Array = np.sort(thresholds * len(low) + np.repeat(frames, steps))
    return keys


def _frames(seconds: float, fps: float) -> int:
    return round(seconds * fps)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision that ships, which stage of the model it cuts, and what choosing it this way is worth."""

    decision: Decision
    rounds: int | None
    counts: tuple[Counts, ...]
    """Of each unit, judged by the decision that the other units would have chosen."""


def judge(
    candidates: Candidates, stages: Mapping[int | None, Sequence[Array]], labels: Sequence[Array], fps: float
) -> Verdict:
    """Choose the number of rounds and the decision on all units, and count each unit as the others would decide.

    `stages` holds, by number of rounds, the out-of-fold probabilities (frames,) of every unit.
    """
    tables = [count_table(candidates, probabilities, labels, fps) for probabilities in stages.values()]
    table = np.concatenate(tables, axis=1)
    actual = np.array([int(np.sum(unit)) for unit in labels])
    total, positives = table.sum(axis=0), int(actual.sum())
    counts = []
    for unit in range(len(labels)):
        chosen = best_candidate(total - table[unit], positives - int(actual[unit]))
        hits, claimed = table[unit, chosen]
        counts.append(Counts(int(hits), int(claimed), int(actual[unit])))
    stage, index = divmod(best_candidate(total, positives), len(candidates))
    return Verdict(candidates[index], list(stages)[stage], tuple(counts))


def best_candidate(counts: Array, positives: int) -> int:
    """The candidate (of (candidates, 2) hits and claims) with the best F1, then precision, then the last.

    Later candidates cut higher, so that a tie claims less.
    """
    hits, claimed = counts[:, 0], counts[:, 1]
    f1 = 2 * hits / np.maximum(claimed + positives, 1)
    tied = np.flatnonzero(f1 == f1.max())
    precision = hits[tied] / np.maximum(claimed[tied], 1)
    best = tied[precision == precision.max()]
    return int(best[-1])
