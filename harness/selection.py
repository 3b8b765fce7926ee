"""What is exported for each behavior: a blend of its best trials, and what choosing it so is worth.

The winner of many trials on few recordings is partly lucky; the average of several good ones is less so. Which trials
are good can be told by their F1 or by how well their probabilities rank frames (average precision); which of the two
is the better guide differs between datasets. So both are tried, and the one with the better mean F1 over all behaviors
is taken: each unit judged by a choice that was made without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.decisions import Candidates, best_candidate, count_table
from harness.evaluation import average_precision
from harness.metrics import Counts, mean_score, total
from harness.recording import Array
from harness.spec import Decision
from harness.store import TrialRecord

RANKINGS = ("f1", "average_precision")
"""By what the members of a blend are chosen; the first where both are worth the same."""

MEMBERS = {"f1": 5, "average_precision": 8}
"""At most this many trials make a blend, and at most one in five of those that finished."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The trials to average for one behavior, best first, and how to cut what comes out."""

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
    *,
    ranking: str,
) -> Selection:
    """The blend of one behavior's best trials by `ranking`; a baseline only where nothing else finished.

    `records` are one behavior's, `out_of_fold` holds by trial the probabilities (frames,) of every unit, and `labels`
    the truth of the units. Raises `ValueError` where no trial finished.
    """
    finished = [record for record in records if record.error is None]
    able = [record for record in finished if not record.baseline] or finished
    if not able:
        raise ValueError("no trial finished")
    everything = list(range(len(labels)))
    members = _members(able, out_of_fold, labels, everything, ranking)
    table = _table(members, out_of_fold, labels, candidates, fps)
    actual = np.array([int(np.sum(unit)) for unit in labels])
    counts = []
    for unit in everything:
        others = [other for other in everything if other != unit]
        theirs = _members(able, out_of_fold, labels, others, ranking)
        their_table = table if theirs == members else _table(theirs, out_of_fold, labels, candidates, fps)
        chosen = best_candidate(their_table[others].sum(axis=0), int(actual[others].sum()))
        hits, claimed = their_table[unit, chosen]
        counts.append(Counts(int(hits), int(claimed), int(actual[unit])))
    chosen = best_candidate(table.sum(axis=0), int(actual.sum()))
    return Selection(able[0].behavior, members, candidates[chosen], tuple(counts))


def better_ranking(selections: Mapping[str, Sequence[Selection]]) -> str:
    """The ranking whose selections (one a behavior) have the best mean score, as the challenge takes it."""
    return max(selections, key=lambda ranking: mean_score(one.pooled.score for one in selections[ranking]))


def _members(
    able: Sequence[TrialRecord],
    out_of_fold: Mapping[int, Sequence[Array]],
    labels: Sequence[Array],
    units: Sequence[int],
    ranking: str,
) -> tuple[TrialRecord, ...]:
    """The trials that are best on `units`, the earlier first where two are equal."""
    truth = np.concatenate([labels[unit] for unit in units]) if units else np.zeros(0)

    def merit(record: TrialRecord) -> tuple[float, ...]:
        if ranking == "f1":
            return (*total(record.counts[unit] for unit in units).score, -record.trial)
        pooled = np.concatenate([out_of_fold[record.trial][unit] for unit in units]) if units else truth
        return (average_precision(truth, pooled), -record.trial)

    count = min(MEMBERS[ranking], max(1, len(able) // 5))
    return tuple(sorted(able, key=merit, reverse=True)[:count])


def _table(
    members: Sequence[TrialRecord],
    out_of_fold: Mapping[int, Sequence[Array]],
    labels: Sequence[Array],
    candidates: Candidates,
    fps: float,
) -> Array:
    units = [blended([out_of_fold[one.trial][unit] for one in members]) for unit in range(len(labels))]
    return count_table(candidates, units, labels, fps)
