"""From out-of-fold probabilities to the best decision, and what it is honestly worth.

Hits, claims and positives add up over recordings, so one table (unit, candidate) -> counts gives the best decision
(best column sum) and the cross-fitted score: each unit is judged by the decision that the others would have chosen,
which is a column sum less one row. The best is not the one peak of a jagged curve: with few recordings that is chance,
and the models refitted for good cut a little elsewhere. Each threshold is judged together with its neighbors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.plugins.registry import smoother_named
from harness.plugins.spaces import Spaces
from harness.recording import UNKNOWN, Array
from harness.scores.metrics import Counts, bouts, count_bouts
from harness.scores.resampling import resamples
from harness.spec import LOG_ODDS_STEP, Choice, Decision

THRESHOLDS = tuple(float(np.round(1 / (1 + np.exp(-logit)), 4)) for logit in np.arange(-5.0, 5.01, LOG_ODDS_STEP))
"""Candidates for `Decision.threshold`, evenly spaced in log-odds, since the best one for a rare behavior is small."""

NEIGHBORS = 6
"""A threshold is judged with so many to either side: together they span 2.4 in log-odds."""

SPAN = 2 * NEIGHBORS + 1
"""So many thresholds are judged together; those beyond the last count as the last."""

RESAMPLES_AT_ONCE = 8
"""So many rows of F1 of all candidates stay in the processor's cache."""

ROUNDING = 1e-6
"""Relative: by more than the rounding of a ratio in float32, so that what is best lies within it of the largest."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every decision that a trial tries, in the order of its table's columns: smoother, rise, gap, bout, threshold."""

    smoothers: tuple[Choice, ...]
    gaps: tuple[float, ...]
    bouts: tuple[float, ...]
    thresholds: tuple[float, ...] = THRESHOLDS
    rises: tuple[int, ...] = (0,)
    """How many thresholds higher than its own, or up to the last, a run must reach somewhere; 0 asks nothing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many there are of each, in the order of the columns."""
        return tuple(map(len, (self.smoothers, self.rises, self.gaps, self.bouts, self.thresholds)))

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    def __getitem__(self, index: int) -> Decision:
        smoother, rise, gap, bout, threshold = (int(place) for place in np.unravel_index(index, self.shape))
        higher = min(threshold + self.rises[rise], len(self.thresholds) - 1)
        peak = self.thresholds[higher] if self.rises[rise] else 0.0
        return Decision(self.smoothers[smoother], self.thresholds[threshold], self.gaps[gap], self.bouts[bout], peak)


def candidates_of(spaces: Spaces) -> Candidates:
    """Every decision within the ranges."""
    rises = tuple(round(rise / LOG_ODDS_STEP) for rise in spaces.rises)
    return Candidates(tuple(spaces.smoother_choices()), spaces.gaps, spaces.bouts, rises=rises)


def smoothed(choice: Choice, probabilities: Array, fps: float) -> Array:
    """One recording's probabilities (frames,) through a smoother, as float64."""
    values = smoother_named(choice.name).function(probabilities, fps, **choice.parameters)
    # NumPy would compare float32 with a threshold rounded to float32, but search among thresholds that are not.
    return np.asarray(values, dtype=np.float64)


def decide(decision: Decision, probabilities: Array, fps: float) -> Array:
    """Labels (frames,) int8 of one recording."""
    values = smoothed(decision.smoother, probabilities, fps)
    starts, stops = bouts(values >= decision.threshold)
    labels = np.zeros(len(values), dtype=np.int8)
    if not len(starts):
        return labels
    # What lies between two runs is below the threshold, so the highest value from start to start is the run's.
    sure = np.maximum.reduceat(values, starts) >= decision.peak
    starts, stops = starts[sure], stops[sure]
    apart = starts[1:] - stops[:-1] > _frames(decision.longest_gap, fps)
    starts, stops = _joined(starts, stops, apart)
    for start, stop in zip(starts, stops, strict=True):
        if stop - start >= _frames(decision.shortest_bout, fps):
            labels[start:stop] = 1
    return labels


def count_table(
    candidates: Candidates,
    probabilities: Sequence[Array],
    labels: Sequence[Array],
    rates: Sequence[float],
    parts: Sequence[int] | None = None,
) -> Array:
    """Counts of every candidate on every unit: int64 (units, candidates, 2), hits and claims.

    `rates` are the frames a second of each unit.

    Where units (recordings, or blocks of one) are counted together, `parts` says which part each is of, and the counts
    are (parts, candidates, 2). Labels are 0, 1 and `UNKNOWN`; unknown frames count neither as hits nor as claims.

    Works on bouts, not frames: each frame's probability becomes the number of thresholds it reaches, and a bout of
    threshold k starts where that number rises past k and stops where it falls back.
    """
    part_of = np.arange(len(probabilities)) if parts is None else np.array(parts)
    units, counted, thresholds = len(probabilities), int(part_of.max()) + 1, np.array(candidates.thresholds)
    # A frame of zero before each unit and after the last keeps bouts apart.
    offsets = np.cumsum([1] + [len(p) + 1 for p in probabilities])
    length, unit_of = int(offsets[-1]), np.repeat(np.arange(units + 1), np.diff(np.concatenate([[0], offsets]))) - 1
    positive, known = (np.zeros(length + 1, dtype=np.int64) for _ in range(2))
    for offset, unit_labels in zip(offsets[:-1], labels, strict=True):
        positive[offset + 1 : offset + 1 + len(unit_labels)] = unit_labels == 1
        known[offset + 1 : offset + 1 + len(unit_labels)] = unit_labels != UNKNOWN
    hits_until, known_until = np.cumsum(positive), np.cumsum(known)
    gaps = [np.array([_frames(gap, fps) for fps in rates]) for gap in candidates.gaps]
    rules = len(candidates.bouts)
    table = np.zeros((counted, *candidates.shape, 2), dtype=np.int64)
    for s, choice in enumerate(candidates.smoothers):
        level = np.zeros(length, dtype=np.int64)
        for offset, unit, fps in zip(offsets[:-1], probabilities, rates, strict=True):
            level[offset : offset + len(unit)] = np.searchsorted(thresholds, smoothed(choice, unit, fps), "right")
        every = _runs(level)
        for r, rise in enumerate(candidates.rises):
            starts, stops, of = _sure(*every, rise, len(thresholds) - 1) if rise else every
            # Separators are one frame wide, so bouts of two units could touch across one: compare units too.
            other = (of[1:] != of[:-1]) | (unit_of[starts[1:]] != unit_of[starts[:-1]])
            between = starts[1:] - stops[:-1]
            for g, gap in enumerate(gaps):
                begin, end, threshold = _joined(starts, stops, other | (between > gap[unit_of[starts[1:]]]), of)
                claimed = known_until[end] - known_until[begin]
                longest = _strictest(candidates.bouts, end - begin, unit_of[begin], rates)
                # bincount, not add.at: an order of magnitude faster. Sums stay exact in float64.
                cell = (part_of[unit_of[begin]] * rules + longest) * len(thresholds) + threshold
                passed = longest >= 0
                for k, amount in enumerate((hits_until[end] - hits_until[begin], claimed)):
                    sums = np.bincount(cell[passed], amount[passed], counted * rules * len(thresholds))
                    by_rule = sums.reshape(counted, rules, len(thresholds))
                    table[:, s, r, g, :, :, k] = np.cumsum(by_rule[:, ::-1], axis=1)[:, ::-1]
    return table.reshape(counted, -1, 2)


def _strictest(shortest: Sequence[float], lengths: Array, units: Array, rates: Sequence[float]) -> Array:
    """The last of the rules, `shortest` in seconds, that each bout passes, so long in its unit; -1: none."""
    passed = np.empty(len(lengths), dtype=np.int64)
    for fps in set(rates):
        rules = np.array([_frames(bout, fps) for bout in shortest])
        if len(set(rates)) == 1:
            return np.asarray(np.searchsorted(rules, lengths, "right") - 1)
        theirs = np.array(rates)[units] == fps
        passed[theirs] = np.searchsorted(rules, lengths[theirs], "right") - 1
    return passed


def _joined(starts: Array, stops: Array, apart: Array, *more: Array) -> tuple[Array, ...]:
    """Starts and stops of runs when those that are not `apart` (runs - 1,) become one, and `more` of its first run."""
    if not len(starts):
        return starts, stops, *more
    first, last = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
    return starts[first], stops[last], *(one[first] for one in more)


def _sure(starts: Array, stops: Array, of: Array, rise: int, highest: int) -> tuple[Array, Array, Array]:
    """The runs (of `_runs`) within which a run of the threshold `rise` higher, or of the `highest`, starts."""
    width = int(stops.max(initial=0)) + 1
    keys = of * width + starts
    higher = np.minimum(of + rise, highest) * width
    sure = np.searchsorted(keys, higher + stops) > np.searchsorted(keys, higher + starts)
    return starts[sure], stops[sure], of[sure]


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
    bouts: tuple[Counts, ...]
    """The same of bouts instead of frames; see `harness.scores.metrics.count_bouts`."""
    resampled: Array = field(compare=False)
    """int64 (resamples, 4), in the order of `harness.scores.resampling.resamples`; see `count_resampled`."""


def judge(
    candidates: Candidates,
    stages: Mapping[int | None, Sequence[Array]],
    labels: Sequence[Array],
    rates: Sequence[float],
    parts: Sequence[int] | None = None,
) -> Verdict:
    """Choose the number of rounds and the decision on all units, and count each unit as the others would decide.

    `rates` are the frames a second of each unit.

    `stages` holds, by number of rounds, the out-of-fold probabilities (frames,) of every unit. Where units are counted
    together, `parts` says which part each is of, and parts are counted as the others would decide.
    """
    parts = range(len(labels)) if parts is None else parts
    tables = [count_table(candidates, probabilities, labels, rates, parts) for probabilities in stages.values()]
    table = np.concatenate(tables, axis=1)
    actual = positives_by_part(labels, parts)
    steady = steadied(table, candidates)
    total, positives, rounds = steady.sum(axis=0), int(actual.sum()), list(stages)
    counts, of_bouts, decisions = [], [Counts()] * len(actual), []
    for part in range(len(actual)):
        chosen = best_candidate(total - steady[part], SPAN * (positives - int(actual[part])))
        hits, claimed = table[part, chosen]
        counts.append(Counts(int(hits), int(claimed), int(actual[part])))
        decisions.append(divmod(chosen, len(candidates)))
    for unit, (truth, part) in enumerate(zip(labels, parts, strict=True)):
        stage, index = decisions[part]
        of_bouts[part] += count_bouts(decide(candidates[index], stages[rounds[stage]][unit], rates[unit]), truth)
    stage, index = divmod(best_candidate(total, SPAN * positives), len(candidates))
    resampled = count_resampled(table, steady, actual)
    return Verdict(candidates[index], rounds[stage], tuple(counts), tuple(of_bouts), resampled)


def positives_by_part(labels: Sequence[Array], parts: Sequence[int]) -> Array:
    """Positive frames (parts,) of units with these labels (frames,)."""
    sums = np.zeros(max(parts) + 1, dtype=np.int64)
    np.add.at(sums, np.array(parts), [int(np.sum(unit == 1)) for unit in labels])
    return sums


def steadied(table: Array, candidates: Candidates) -> Array:
    """The sums of hits and claims, (..., candidates, 2), over `SPAN` neighboring thresholds, of a `count_table`.

    To choose by: where counts are compared with positives, these are to be taken `SPAN` times. `table` may hold the
    candidates several times, one stage of a model after the other.
    """
    by_threshold = table.reshape(-1, len(candidates.thresholds), 2)
    padded = np.pad(by_threshold, ((0, 0), (NEIGHBORS + 1, NEIGHBORS), (0, 0)), mode="edge")
    until = np.cumsum(padded, axis=1, dtype=np.int64)
    sums: Array = (until[:, SPAN:] - until[:, :-SPAN]).reshape(table.shape)
    return sums


def count_resampled(table: Array, steady: Array, actual: Array) -> Array:
    """What is best on each bootstrap resample of the units, counted on it and on the units that it left out.

    `table` (units, candidates, 2) holds hits and claims, `steady` the same `steadied`, by which the best is chosen,
    `actual` (units,) the positives. Returns int64 (resamples, 4) in the order of
    `harness.scores.resampling.resamples`: hits and claims on the resample, where a unit counts as often as it was
    drawn, and hits and claims on the units left out, once each.
    """
    draws = resamples(len(actual)).draws
    chosen = _best_candidates(steady, draws, SPAN * (draws @ actual))
    theirs = table[:, chosen]  # (units, resamples, 2)
    drawn, left_out = (np.einsum("ru,urk->rk", weights, theirs) for weights in (draws, draws == 0))
    return np.concatenate([drawn, left_out], axis=1)


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


def _best_candidates(table: Array, draws: Array, positives: Array) -> Array:
    """`best_candidate` on every resample, where `draws` (resamples, units) meet `positives` (resamples,).

    `table` is steadied.
    """
    # Single precision takes half the time, and adds up whole numbers exactly below 2^24.
    kind = np.float32 if table.shape[0] * table.max(initial=0) < 2**24 else np.float64
    amounts: list[Array] = [np.ascontiguousarray(table[..., k], dtype=kind) for k in (0, 1)]
    chosen = np.full(len(draws), table.shape[1] - 1)  # the last, where nothing hits
    for first in range(0, len(draws), RESAMPLES_AT_ONCE):
        some = slice(first, first + RESAMPLES_AT_ONCE)
        hits, claimed = (draws[some].astype(kind) @ amount for amount in amounts)
        ratio = hits / (claimed + np.maximum(positives[some, None], 1).astype(kind))
        for row, resample in enumerate(range(first, first + len(ratio))):
            best = ratio[row].max()
            if best > 0:
                near = np.flatnonzero(ratio[row] >= best * (1 - ROUNDING))
                counts = np.stack([hits[row, near], claimed[row, near]], axis=1).astype(np.float64)
                chosen[resample] = near[best_candidate(counts, int(positives[resample]))]
    return chosen
