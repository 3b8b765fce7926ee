"""What was chosen for a behavior, applied to its labelled recordings by models that had not seen them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.choosing.ensembles import Selections, blended_units
from harness.choosing.leaderboard import best_records
from harness.choosing.selection import EXPORTED, Member
from harness.fitting.decisions import (
    SPAN,
    Candidates,
    best_candidate,
    count_table,
    decide,
    positives_by_part,
    smoothed,
    steadied,
)
from harness.fitting.folds import make_folds
from harness.recording import UNKNOWN, Array, Recording
from harness.runs.out_of_fold import OutOfFold
from harness.runs.records import TrialRecord
from harness.scores.metrics import Counts, count, total
from harness.spec import Decision


@dataclass(frozen=True, slots=True)
class Chosen:
    """The trials that are averaged for a behavior, and how what comes out is cut."""

    behavior: str
    way: str
    """`ensemble` as it is exported; `leading` while the search has not come to its end."""
    members: tuple[Member, ...]
    """The heaviest first."""
    decision: Decision


@dataclass(frozen=True, slots=True)
class Detection:
    """One labelled recording: what it shows, and what was said of it without having seen it."""

    recording: Recording
    probabilities: Array
    """(frames,) out of fold, averaged over the members."""
    smoothed: Array
    """(frames,) the same through the smoother of the decision: what the threshold cuts."""
    claims: Array
    """int8 (frames,), cut by the decision that the other units would have chosen."""
    thresholds: tuple[float, ...]
    """Of these decisions, by unit."""
    edges: tuple[int, ...]
    """Where one block ends and the next begins, if parts of the recording were held out one by one."""

    @property
    def truth(self) -> Array:
        return self.recording.known_labels

    @property
    def known(self) -> Array:
        """bool (frames,), what somebody looked at."""
        return np.asarray(self.truth != UNKNOWN)

    @property
    def counts(self) -> Counts:
        return count(self.claims, self.truth)


def chosen(records: Sequence[TrialRecord], selections: Selections | None) -> dict[str, Chosen]:
    """By behavior, what would be exported now; behaviors without a scored trial are left out."""
    if selections:
        theirs = {name: by_way[EXPORTED] for name, by_way in selections.items()}
        return {name: Chosen(name, EXPORTED, one.members, one.decision) for name, one in theirs.items()}
    best = best_records(records)
    return {
        name: Chosen(name, "leading", (Member(record),), record.decision)
        for name, record in best.items()
        if record.decision
    }


def detections(
    out_of_fold: OutOfFold, choice: Chosen, labelled: Sequence[Recording], candidates: Candidates
) -> tuple[Detection, ...]:
    """What `choice` says of each of the behavior's labelled recordings.

    Each unit is cut by the decision that is best on the others, as its score is made. Members are not chosen anew
    without it, nor is the number of rounds. Raises `HarnessError` where stored probabilities cannot be read.
    """
    folds = make_folds(labelled, 0.0)
    units = blended_units(out_of_fold, choice.members, folds)
    decisions = crossfitted(candidates, units, folds.units, folds.parts)
    found = []
    for place, recording in enumerate(labelled):
        mine = folds.units_of(place)
        if not mine:
            continue  # nobody looked at it
        pieces = [(decisions[unit], units[unit]) for unit in mine]
        found.append(
            Detection(
                recording,
                np.concatenate([values for _, values in pieces]),
                np.concatenate([smoothed(one.smoother, values, recording.fps) for one, values in pieces]),
                np.concatenate([decide(one, values, recording.fps) for one, values in pieces]),
                tuple(one.threshold for one, _ in pieces),
                tuple(np.cumsum([len(values) for _, values in pieces])[:-1].tolist()),
            )
        )
    return tuple(found)


def crossfitted(
    candidates: Candidates, units: Sequence[Array], truth: Sequence[Recording], parts: Sequence[int]
) -> list[Decision]:
    """For each unit the decision that is best on all others: `units` are probabilities (frames,) of `truth`.

    Others are those that it is not counted with, see `Folds.parts`.
    """
    labels = [unit.known_labels for unit in truth]
    table = count_table(candidates, units, labels, [one.fps for one in truth], parts)
    actual = positives_by_part(labels, parts)
    steady, others = steadied(table, candidates), SPAN * (actual.sum() - actual)
    decisions = [
        candidates[best_candidate(steady.sum(axis=0) - one, int(positives))]
        for one, positives in zip(steady, others, strict=True)
    ]
    return [decisions[part] for part in parts]


def pooled(found: Sequence[Detection]) -> Counts:
    return total(one.counts for one in found)


def spans(labels: Array) -> list[list[int]]:
    """First frame and frame after the last of each run of 1 in labels (frames,)."""
    from harness.scores.metrics import bouts

    starts, stops = bouts(labels)
    return np.stack([starts, stops], axis=1).tolist() if len(starts) else []


def by_behavior(
    out_of_fold: OutOfFold,
    choices: Mapping[str, Chosen],
    labelled: Mapping[str, Sequence[Recording]],
    candidates: Candidates,
) -> dict[str, tuple[Detection, ...]]:
    """The detections of every behavior that something was chosen for."""
    return {name: detections(out_of_fold, choice, labelled[name], candidates) for name, choice in choices.items()}
