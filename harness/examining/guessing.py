"""Whether poses say anything about a behavior at all: a quick guess, against labels that were shifted in time.

Each column of motion and distance falls into a few bins; how much more often a bin goes with the behavior, in other
groups, is what it says of a frame, and what all columns say is added up. How well that ranks the frames of a group that
is left out is its area under the curve (1 right, 0.5 by chance). The same is done with the labels of each recording
shifted in a circle: they have the same bouts, and nothing to do with the poses. Real labels that are guessed no better
than these follow chance, or something that no column sees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from harness.columns.poses import angle_between, mean_of_seen, mean_velocities, scene, turning_rates
from harness.dataset import Dataset
from harness.examining.findings import ODD, Finding
from harness.examining.marking import bouts, group_of
from harness.recording import UNKNOWN, Array, Recording

STRETCHES = (30 / 25, 25 / 30, 30 / 24, 24 / 30, 25 / 24, 24 / 25, 2.0, 0.5)
"""By which labels may have to be stretched, as they were made at another frame rate."""

MUCH_BETTER, WELL = 0.1, 0.7
"""Stretched labels are the right ones where they are guessed so much better than real ones, and so well at least."""

LEAST_BOUTS, LEAST_GROUPS = 20, 3
"""A guess needs so many bouts, and groups that show the behavior."""

MOST_EXAMPLES = 24
"""Looked at for a behavior, in turn of each group, those with most of it first."""

ROWS = 1_000
"""Frames of an example that are looked at, about, evenly spread."""

AT_ONCE = 20_000
"""Frames whose columns are computed together."""

SECONDS = 0.3
"""Before and after a frame that its columns are averaged over."""

BINS = 8
"""Of a column, beside one for missing."""

SHIFTS = 40
"""Of the labels, evenly spread over a recording."""

PRIOR = 5.0
"""Frames of the usual kind that each bin is given, so that a few say little."""

NO_BETTER = 0.95
"""Share of the shifted labels that real ones are guessed better than; chance labels are not, 19 times of 20."""

ENOUGH = 0.65
"""An area from here on says that poses predict it, whatever the shifted labels came to."""


def guessing(dataset: Dataset) -> Iterator[Finding]:
    """The behaviors whose labels poses do not predict at all, as far as a quick look tells."""
    for behavior, group in dataset.labelled.items():
        shown = {group_of(one) for one in group if one.positives}
        if len(shown) < LEAST_GROUPS or sum(len(bouts(one.known_labels)) for one in group) < LEAST_BOUTS:
            continue
        some = _chosen(group)
        areas = guessed(some)
        names = tuple(dict.fromkeys(one.source_id for one in some))
        frames = sum(one.positives for one in group)
        if areas.stretched.max() > max(areas.real + MUCH_BETTER, areas.shifted.max(), WELL):
            factor, fps = STRETCHES[int(areas.stretched.argmax())], some[0].fps
            text = (
                f"{behavior}: labels stretched by {factor:.3g} are guessed far better from motion and distances "
                f"({areas.stretched.max():.2f} in place of {areas.real:.2f}; 0.5 is chance, 1 right), as if they had "
                f"been made at {fps / factor:.3g} frames a second in place of {fps:g}"
            )
            way = "see that labels and tracks are of the same video at the same rate"
            yield Finding(ODD, "fps", text, way, names, behavior, frames)
        elif areas.real < min(ENOUGH, float(np.quantile(areas.shifted, NO_BETTER))):
            text = (
                f"{behavior}: a quick guess from motion and distances ranks its frames with {areas.real:.2f} (0.5 is "
                f"chance, 1 right), labels shifted in time with {areas.shifted.min():.2f} to {areas.shifted.max():.2f}"
            )
            way = "see that labels and poses are of the same recordings and begin together"
            yield Finding(ODD, "chance", text, way, names, behavior, frames)


def _chosen(group: Sequence[Recording]) -> list[Recording]:
    """Up to `MOST_EXAMPLES`, one of each group in turn, those with most positives first; the others do not count."""
    by_group: dict[str, list[Recording]] = {}
    for one in sorted(group, key=lambda one: -one.positives):
        if one.seen and one.labelled_frames:
            by_group.setdefault(group_of(one), []).append(one)
    turns = [one for turn in zip_longest(*by_group.values()) for one in turn if one is not None]
    return turns[:MOST_EXAMPLES]


@dataclass(frozen=True, eq=False)
class Guessed:
    """How well frames of groups that were left out are ranked: areas under the curve."""

    real: float
    stretched: Array
    """(`STRETCHES`,), with the labels stretched."""
    shifted: Array
    """(`SHIFTS`,), with the labels shifted in a circle."""


def guessed(examples: Sequence[Recording]) -> Guessed:
    """How well the labels of `examples` are guessed, as they are and changed."""
    columns, labels, groups = [], [], []
    for one in examples:
        step = max(1, one.frames // ROWS)
        columns.append(_columns(one, step))
        thinned = one.known_labels[::step]
        turns = [round(len(thinned) * turn / (SHIFTS + 1)) for turn in range(1, SHIFTS + 1)]
        stretched = [_stretched(one.known_labels, factor)[::step] for factor in STRETCHES]
        labels.append(np.stack([thinned, *stretched, *(np.roll(thinned, turn) for turn in turns)], axis=1))
        groups += [group_of(one)] * len(thinned)
    marks = np.concatenate(labels)  # (rows, sets of labels)
    _, owner = np.unique(groups, return_inverse=True)
    bins = _binned(np.concatenate(columns))
    areas = _areas(bins, (marks == 1).astype(np.float32), (marks != UNKNOWN).astype(np.float32), owner)
    return Guessed(float(areas[0]), areas[1 : len(STRETCHES) + 1], areas[len(STRETCHES) + 1 :])


def _stretched(labels: Array, factor: float) -> Array:
    """The labels (frames,) as they would be if made at a rate so many times lower; unknown after their end."""
    source = (np.arange(len(labels)) / factor).astype(np.int64)
    inside = source < len(labels)
    return np.where(inside, labels[np.minimum(source, len(labels) - 1)], UNKNOWN)


def _columns(recording: Recording, step: int) -> Array:
    """float32 (frames, columns) of every `step`-th frame."""
    around = int(SECONDS * recording.fps)
    found = []
    for start in range(0, recording.frames, AT_ONCE - AT_ONCE % step):
        stop = min(start + AT_ONCE - AT_ONCE % step, recording.frames)
        low, high = max(0, start - around), min(recording.frames, stop + around)
        smooth = _averaged(_of_scene(recording.cut(low, high)), around)
        found.append(smooth[:, start - low : stop - low : step].T)
    return np.concatenate(found).astype(np.float32)


def _of_scene(piece: Recording) -> Array:
    """Motion and shape of agent and target, and where they are to each other: (columns, frames)."""
    here = scene(piece)
    velocities = mean_velocities(here, 0.1)
    around = here.points - here.middles[:, None]
    inside = np.abs(np.diff(around, axis=2, append=around[:, :, -1:])) * here.fps
    rows = [
        *np.abs(velocities)[:2],
        *np.abs(turning_rates(here.headings, max(1, round(0.1 * here.fps)), here.fps))[:2],
        *np.abs(here.axes)[:2],
        *mean_of_seen(np.abs(around), axis=1)[:2],
        *mean_of_seen(inside, axis=1)[:2],
        *np.isnan(here.points).mean(axis=1)[:2],
    ]
    if len(here.points) > 1:
        gap = here.middles[1] - here.middles[0]
        rows += [
            np.abs(gap),
            np.abs(here.fronts[0] - here.fronts[1]),
            np.abs(here.fronts[0] - here.rears[1]),
            np.abs(here.rears[0] - here.fronts[1]),
            angle_between(here.headings[0], gap),
            angle_between(here.headings[1], -gap),
            angle_between(here.headings[0], here.headings[1]),
            ((velocities[1] - velocities[0]) * gap.conj()).real / np.maximum(np.abs(gap), 1e-6),
        ]
    return np.stack(rows)


def _averaged(values: Array, around: int) -> Array:
    """The mean of what is known up to `around` frames away (columns, frames); NaN where nothing is."""
    known = np.isfinite(values)
    sums = [np.cumsum(np.pad(one, ((0, 0), (1, 0))), axis=1) for one in (np.where(known, values, 0.0), known * 1.0)]
    frame = np.arange(values.shape[1])
    low, high = np.maximum(frame - around, 0), np.minimum(frame + around + 1, values.shape[1])
    total, amount = (one[:, high] - one[:, low] for one in sums)
    return np.asarray(np.divide(total, amount, out=np.full(values.shape, np.nan), where=amount > 0.5))


def _binned(columns: Array) -> Array:
    """float32 (rows, columns x bins), 1 for the bin of each value."""
    found = []
    for column in columns.T:
        known = np.isfinite(column)
        edges = np.quantile(column[known], np.linspace(0, 1, BINS + 1)[1:-1]) if known.any() else np.zeros(BINS - 1)
        place = np.where(known, np.searchsorted(edges, column), BINS)
        found.append(place[:, None] == np.arange(BINS + 1))
    return np.concatenate(found, axis=1).astype(np.float32)


def _areas(bins: Array, positive: Array, known: Array, owner: Array) -> Array:
    """Of each set of labels (rows, sets), the mean area over the groups that can be judged, by their positives."""
    by_group = [(bins[owner == one].T @ positive[owner == one], bins[owner == one].T @ known[owner == one])
                for one in range(owner.max() + 1)]  # fmt: skip
    hits, frames = (np.sum(counts, axis=0) for counts in zip(*by_group, strict=True))
    total, weight = np.zeros(positive.shape[1]), np.zeros(positive.shape[1])
    for one, (own_hits, own_frames) in enumerate(by_group):
        some = owner == one
        rest, of = hits - own_hits, frames - own_frames
        usual = rest.sum(axis=0) / np.maximum(of.sum(axis=0), 1)
        share = (rest + PRIOR * usual) / (of + PRIOR)
        scores = bins[some] @ np.log(np.maximum(share, 1e-9) / np.maximum(1 - share, 1e-9)).astype(np.float32)
        for number in range(positive.shape[1]):
            looked = known[some, number] > 0
            labels = positive[some, number][looked] > 0
            if labels.any() and not labels.all():
                total[number] += labels.sum() * _area(scores[looked, number], labels)
                weight[number] += labels.sum()
    return np.asarray(np.divide(total, weight, out=np.full(len(total), 0.5), where=weight > 0))


def _area(scores: Array, labels: Array) -> float:
    """How often a positive frame has a larger score than a negative one; equal ones count half."""
    _, place, amount = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(amount) - (amount - 1) / 2)[place]
    positives, negatives = int(labels.sum()), int((~labels).sum())
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))
