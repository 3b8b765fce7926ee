"""What is exported for a behavior: its best trial or a blend of several, and what choosing it so is worth.

The winner of many trials on few recordings is partly lucky; a blend is less so, but carries weaker members along.
Both are judged the same way, by repeating the whole choice without the unit that is judged, and the better is taken.
The members of a blend are the trials whose out-of-fold probabilities rank frames best (average precision, which needs
no threshold), their log-odds are averaged, and the decision is chosen on the blend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.decisions import Candidates, best_candidate, count_table
from harness.evaluation import average_precision
from harness.metrics import Counts, Score, total
from harness.recording import Array
from harness.spec import Decision
from harness.store import TrialRecord

MEMBERS = 8
"""At most this many trials make a blend, and at most one in five of those that finished."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The trials to average for one behavior, most often one, and how to cut what comes out."""

    behavior: str
    members: tuple[TrialRecord, ...]
    decision: Decision
    counts: tuple[Counts, ...]
    """By unit, each judged by the members and the decision that the other units would have chosen."""

    @property
    def pooled(self) -> Counts:
        """What the choice is worth: unlike the score of a trial, free of the luck of having been chosen."""
        return total(self.counts)


def blended(probabilities: Sequence[Array]) -> Array:
    """The probability (frames,) float32 whose log-odds are the mean of those of `probabilities`, each (frames,)."""
    if len(probabilities) == 1:
        return probabilities[0]
    held = np.clip(np.stack(probabilities).astype(np.float64), 1e-4, 1 - 1e-4)
    mean = np.log(held / (1 - held)).mean(axis=0)
    return np.asarray(1 / (1 + np.exp(-mean)), dtype=np.float32)


def select(
    records: Sequence[TrialRecord],
    out_of_fold: Mapping[int, Sequence[Array]],
    labels: Sequence[Array],
    candidates: Candidates,
    fps: float,
) -> Selection:
    """The better of the best trial and the blend; a baseline is a member only where nothing else finished.

    `records` are one behavior's, `out_of_fold` holds by trial the probabilities (frames,) of every unit, and `labels`
    the truth of the units. Raises `ValueError` where no trial finished.
    """
    finished = [record for record in records if record.error is None]
    able = [record for record in finished if not record.baseline] or finished
    if not able:
        raise ValueError("no trial finished")
    single = best_trial(able)
    blend = best_blend(able, out_of_fold, labels, candidates, fps)
    return blend if blend.pooled.score > single.pooled.score else single


def best_trial(able: Sequence[TrialRecord]) -> Selection:
    """The trial with the best cross-fitted score, each unit judged by the trial that is best on the others."""
    ranked = sorted(able, key=lambda record: record.merit, reverse=True)
    best = ranked[0]
    if best.decision is None:
        raise ValueError(f"trial {best.trial} of {best.behavior} did not finish")

    def without(record: TrialRecord, unit: int) -> Score:
        return total(counts for other, counts in enumerate(record.counts) if other != unit).score

    chosen = [max(ranked, key=lambda record: without(record, unit)) for unit in range(len(best.counts))]
    counts = tuple(record.counts[unit] for unit, record in enumerate(chosen))
    return Selection(best.behavior, (best,), best.decision, counts)


def best_blend(
    able: Sequence[TrialRecord],
    out_of_fold: Mapping[int, Sequence[Array]],
    labels: Sequence[Array],
    candidates: Candidates,
    fps: float,
) -> Selection:
    """The blend of the trials that rank frames best, each unit judged by the blend that the others would have made."""
    everything = list(range(len(labels)))
    members = _members(able, out_of_fold, labels, everything)
    table = _table(members, out_of_fold, labels, candidates, fps)
    actual = np.array([int(np.sum(unit)) for unit in labels])
    counts = []
    for unit in everything:
        others = [other for other in everything if other != unit]
        theirs = _members(able, out_of_fold, labels, others)
        their_table = table if theirs == members else _table(theirs, out_of_fold, labels, candidates, fps)
        chosen = best_candidate(their_table[others].sum(axis=0), int(actual[others].sum()))
        hits, claimed = their_table[unit, chosen]
        counts.append(Counts(int(hits), int(claimed), int(actual[unit])))
    chosen = best_candidate(table.sum(axis=0), int(actual.sum()))
    return Selection(able[0].behavior, members, candidates[chosen], tuple(counts))


def _members(
    able: Sequence[TrialRecord], out_of_fold: Mapping[int, Sequence[Array]], labels: Sequence[Array], units: list[int]
) -> tuple[TrialRecord, ...]:
    """The trials that rank the frames of `units` best, the earlier first where two are equal."""
    truth = np.concatenate([labels[unit] for unit in units]) if units else np.zeros(0)
    count = min(MEMBERS, max(1, len(able) // 5))

    def merit(record: TrialRecord) -> tuple[float, int]:
        pooled = [out_of_fold[record.trial][unit] for unit in units]
        return (-average_precision(truth, np.concatenate(pooled)) if pooled else 0.0, record.trial)

    return tuple(sorted(able, key=merit)[:count])


def _table(
    members: Sequence[TrialRecord],
    out_of_fold: Mapping[int, Sequence[Array]],
    labels: Sequence[Array],
    candidates: Candidates,
    fps: float,
) -> Array:
    units = [blended([out_of_fold[one.trial][unit] for one in members]) for unit in range(len(labels))]
    return count_table(candidates, units, labels, fps)
