"""What is exported for each behavior: a blend of its best trials, and what choosing it so is worth.

The winner of many trials on few recordings is partly lucky; the average of several good ones is less so. Which trials
are good can be told by their F1, by how well their probabilities rank frames (average precision), or by what pipelines
like them did on the other behaviors; which of these is the best guide differs between datasets. So all are tried, and
the one with the best mean F1 over all behaviors is taken: each unit judged by a choice that was made without it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.decisions import Candidates, best_candidate, count_table
from harness.elsewhere import Standings, expected, standings
from harness.evaluation import average_precision
from harness.metrics import Counts, mean_score, total
from harness.recording import Array
from harness.spec import Decision
from harness.store import TrialRecord

RANKINGS = ("f1", "average_precision", "other_behaviors")
"""By what the members of a blend are chosen; the first of those that are worth the same."""

MEMBERS = {"f1": 5, "average_precision": 8, "other_behaviors": 8}
"""At most this many trials make a blend, and at most one in five of those that finished."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The trials to average for one behavior, best first, and how to cut what comes out."""

    behavior: str
    members: tuple[TrialRecord, ...]
    decision: Decision
    counts: tuple[Counts, ...]
    """By unit, each judged by the members and the decision that the other units would have chosen."""
    ranking: str = RANKINGS[0]
    """By what the members were chosen."""

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


@dataclass(frozen=True)
class Evidence:
    """All that is known of one behavior's trials."""

    records: Sequence[TrialRecord]
    out_of_fold: Mapping[int, Sequence[Array]]
    """Trial to the probabilities (frames,) of every unit."""
    labels: Sequence[Array]
    """The truth (frames,) of every unit."""
    sources: Sequence[str]
    """The digest of the recording that each unit is, or was cut from."""
    fps: float

    def standings(self) -> Standings:
        """For the selections of other behaviors."""
        able = _able(self.records)
        probabilities = [self.out_of_fold[record.trial] for record in able]
        return standings([record.spec for record in able], probabilities, self.labels, self.sources)


def select(
    evidence: Evidence, candidates: Candidates, *, ranking: str, elsewhere: Sequence[Standings] = ()
) -> Selection:
    """The blend of one behavior's best trials by `ranking`; a baseline only where nothing else finished.

    `elsewhere` are the standings of the other behaviors, which the ranking by these needs. Raises `ValueError` where no
    trial finished.
    """
    able, labels = _able(evidence.records), evidence.labels
    everything = list(range(len(labels)))
    members = _members(able, evidence, everything, ranking, elsewhere)
    table = _table(members, evidence, candidates)
    actual = np.array([int(np.sum(unit)) for unit in labels])
    counts = []
    for unit in everything:
        others = [other for other in everything if other != unit]
        theirs = _members(able, evidence, others, ranking, elsewhere)
        their_table = table if theirs == members else _table(theirs, evidence, candidates)
        chosen = best_candidate(their_table[others].sum(axis=0), int(actual[others].sum()))
        hits, claimed = their_table[unit, chosen]
        counts.append(Counts(int(hits), int(claimed), int(actual[unit])))
    chosen = best_candidate(table.sum(axis=0), int(actual.sum()))
    return Selection(able[0].behavior, members, candidates[chosen], tuple(counts), ranking)


def better_ranking(selections: Mapping[str, Sequence[Selection]]) -> str:
    """The ranking whose selections (one a behavior) have the best mean score, as the challenge takes it."""
    return max(selections, key=lambda ranking: mean_score(one.pooled.score for one in selections[ranking]))


def _able(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials that may be chosen. Raises `ValueError` where none finished."""
    finished = [record for record in records if record.error is None]
    if not finished:
        raise ValueError("no trial finished")
    return [record for record in finished if not record.baseline] or finished


def _members(
    able: Sequence[TrialRecord],
    evidence: Evidence,
    units: Sequence[int],
    ranking: str,
    elsewhere: Sequence[Standings],
) -> tuple[TrialRecord, ...]:
    """The trials that are best on `units`, the earlier first where two are equal."""
    merits: Sequence[tuple[float, ...]]
    if ranking == "f1":
        merits = [total(record.counts[unit] for unit in units).score for record in able]
    elif ranking == "average_precision":
        merits = [(_average_precision(evidence, record, units),) for record in able]
    else:
        without = {source for unit, source in enumerate(evidence.sources) if unit not in units}
        merits = [(float(merit),) for merit in expected([record.spec for record in able], elsewhere, without)]
    count = min(MEMBERS[ranking], max(1, len(able) // 5))
    best_first = sorted(range(len(able)), key=lambda place: (merits[place], -able[place].trial), reverse=True)
    return tuple(able[place] for place in best_first[:count])


def _average_precision(evidence: Evidence, record: TrialRecord, units: Sequence[int]) -> float:
    """Of the probabilities of `units` together."""
    if not units:
        return 0.0
    truth = np.concatenate([evidence.labels[unit] for unit in units])
    return average_precision(truth, np.concatenate([evidence.out_of_fold[record.trial][unit] for unit in units]))


def _table(members: Sequence[TrialRecord], evidence: Evidence, candidates: Candidates) -> Array:
    out_of_fold = evidence.out_of_fold
    units = [blended([out_of_fold[one.trial][unit] for one in members]) for unit in range(len(evidence.labels))]
    return count_table(candidates, units, evidence.labels, evidence.fps)
