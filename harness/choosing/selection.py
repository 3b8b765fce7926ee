"""What a behavior's trials are combined to: the best one alone, or an ensemble; and what each of the two is worth.

The winner of many trials on few recordings is partly lucky; the average of several good ones is less so. Most of an
ensemble is chosen greedily by the behavior's own out-of-fold predictions, the rest by what pipelines like these did on
the other behaviors: the two err in different ways. Members are chosen by average precision, which asks all frames, and
not by F1, which asks those near one threshold. Each way of choosing is judged as a whole: every unit by the
members and the decision that it would have chosen on the other units alone. The cross-fitted counts of a trial would
not do for that, since those of the other units come from decisions that the judged unit had a say in. What is not
repeated is the search: all units had a say in which trials there are and in a trial's number of rounds, and the other
units' probabilities come from models that were trained on the judged one.

Ensembles are exported (`EXPORTED`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.choosing.elsewhere import Standings, expected, standings
from harness.fitting.decisions import SPAN, Candidates, best_candidate, count_table, decide, positives_by_part, steadied
from harness.fitting.evaluation import average_precision
from harness.recording import UNKNOWN, Array
from harness.runs.records import TrialRecord
from harness.scores.honest import Honest, bias_corrected
from harness.scores.metrics import Counts, count_bouts, total
from harness.scores.resampling import ENUMERATED_UP_TO, resamples
from harness.spec import Decision

WAYS = ("single", "ensemble")
"""Ways of choosing."""

EXPORTED = WAYS[1]
"""The way by which behaviors are exported. On recordings that had no part in a search ensembles were ahead, also of
best trials that seemed to be worth more (docs/search.md)."""

ADVISED = 4
"""At most this many members are chosen by the other behaviors, and at most one in five of the trials."""

LIBRARY = 16
"""From so many trials, the best ones, members are chosen greedily."""

FIRST = 5
"""With so many of them the greedy choice begins, or with one in four of the trials, and with two at least."""

ROUNDS = 12
"""At most so many members are chosen greedily, counted as often as they are chosen."""

BINS = 512
"""Into so many equal steps of log-odds probabilities are sorted while members are chosen."""

OUT_OF_BAG = 0.4
"""The share of an honest score that is what was judged on the units left out of resamples; the rest is what was judged
on each unit in turn, which is as free of the luck of selection."""

RESAMPLES = 30
"""So many resamples an honest score is made of where units are too many to enumerate them."""

CLIP = 1e-4
"""Probabilities are taken to be at least this far from 0 and 1."""


@dataclass(frozen=True, slots=True)
class Member:
    """A trial in a blend, and how often it counts."""

    record: TrialRecord
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Selection:
    """The trials to average for one behavior, how to cut what comes out, and what that is worth."""

    behavior: str
    way: str
    """Of `WAYS`."""
    members: tuple[Member, ...]
    """The heaviest first."""
    decision: Decision
    counts: tuple[Counts, ...]
    """By unit, each judged by the members and the decision that the other units would have chosen."""
    bouts: tuple[Counts, ...] = ()
    """The same of bouts instead of frames."""
    average_precision: float = 0.0
    """Of the blended out-of-fold probabilities of all units."""
    honest: Honest | None = None
    """The choice of members and decision repeated on what each bootstrap resample drew."""

    @property
    def pooled(self) -> Counts:
        """What the choice is worth: unlike the score of a trial, free of the luck of having been chosen."""
        return total(self.counts)

    def as_json(self) -> dict[str, Any]:
        return {
            "behavior": self.behavior,
            "way": self.way,
            "members": [[member.record.trial, member.weight] for member in self.members],
            "decision": self.decision.as_json(),
            "counts": [[one.hits, one.claimed, one.actual] for one in self.counts],
            "bouts": [[one.hits, one.claimed, one.actual] for one in self.bouts],
            "average_precision": self.average_precision,
            "honest": self.honest and [self.honest.f1, self.honest.low, self.honest.high],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any], records: Mapping[int, TrialRecord]) -> "Selection":
        """`records` are the behavior's trials by number."""
        return cls(
            plain["behavior"],
            plain["way"],
            tuple(Member(records[trial], weight) for trial, weight in plain["members"]),
            Decision.from_json(plain["decision"]),
            tuple(Counts(*counts) for counts in plain["counts"]),
            tuple(Counts(*counts) for counts in plain["bouts"]),
            plain["average_precision"],
            plain["honest"] and Honest(*plain["honest"]),
        )


@dataclass(frozen=True)
class Evidence:
    """All that is known of one behavior's trials."""

    records: Sequence[TrialRecord]
    out_of_fold: Mapping[int, Sequence[Array]]
    """Trial to the probabilities (frames,) of every unit."""
    labels: Sequence[Array]
    """The truth (frames,) of every unit."""
    sources: Sequence[str]
    """What each unit is of, a recording or a group; the same in other behaviors."""
    rates: Sequence[float]
    """Frames a second of every unit."""
    parts: Sequence[int]
    """The part that each unit is counted with, see `Folds.parts`."""

    def standings(self) -> Standings:
        """For the selections of other behaviors."""
        able = _able(self.records)
        probabilities = [self.out_of_fold[record.trial] for record in able]
        return standings([record.spec for record in able], probabilities, self.labels, self.sources)


def blended(probabilities: Sequence[Array], weights: Sequence[int]) -> Array:
    """The probability (frames,) float32 whose log-odds are the weighted mean of those of `probabilities`.

    One alone is left as it is.
    """
    if len(probabilities) == 1:
        return probabilities[0]
    mean = np.average([log_odds(one) for one in probabilities], axis=0, weights=weights)
    return np.asarray(1 / (1 + np.exp(-mean)), dtype=np.float32)


def log_odds(probabilities: Array | float) -> Array:
    """Of probabilities of any shape, taken to be at least `CLIP` from 0 and 1; float64."""
    held = np.clip(np.asarray(probabilities, dtype=np.float64), CLIP, 1 - CLIP)
    return np.asarray(np.log(held / (1 - held)))


def select(evidence: Evidence, candidates: Candidates, elsewhere: Sequence[Standings] = ()) -> dict[str, Selection]:
    """By way, what it chooses for one behavior; a baseline only where nothing else finished.

    `elsewhere` are the standings of the other behaviors; without any, all members are chosen greedily. Raises
    `ValueError` where no trial finished.
    """
    chooser = _Chooser(evidence, candidates, elsewhere)
    return {way: chooser.selection(way) for way in WAYS}


def _able(records: Sequence[TrialRecord]) -> list[TrialRecord]:
    """The trials that may be chosen. Raises `ValueError` where none finished."""
    finished = [record for record in records if record.complete]
    if not finished:
        raise ValueError("no trial finished")
    return [record for record in finished if not record.baseline] or finished


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What a way chooses on some parts."""

    members: tuple[int, ...]
    """Places among the able trials, in the order they joined; one that counts twice is named twice."""
    candidate: int


class _Chooser:
    """Chooses for one behavior on any of its parts, and remembers what it has counted."""

    def __init__(self, evidence: Evidence, candidates: Candidates, elsewhere: Sequence[Standings]) -> None:
        self.evidence, self.candidates, self.elsewhere = evidence, candidates, elsewhere
        self.able = _able(evidence.records)
        self.actual = positives_by_part(evidence.labels, evidence.parts)
        self.parts = tuple(range(len(self.actual)))
        self.labels = np.concatenate(evidence.labels)
        known = self.labels != UNKNOWN
        self.truth = (self.labels == 1)[known]
        self.part_of = np.repeat(evidence.parts, [len(unit) for unit in evidence.labels])[known]
        # One trial at a time, since a long search has thousands.
        pooled = (np.concatenate(evidence.out_of_fold[record.trial])[known] for record in self.able)
        self.levels = np.stack([_levels(one) for one in pooled])  # (trials, frames)
        self.histograms = np.stack([_histogram(one, self.truth, self.part_of, len(self.parts)) for one in self.levels])
        self._tables: dict[tuple[int, ...], Array] = {}
        self._chosen: dict[tuple[str, tuple[int, ...]], _Chosen] = {}

    def selection(self, way: str) -> Selection:
        chosen = self.chosen(way, self.parts)
        counts, bouts = [], [Counts()] * len(self.parts)
        for part in self.parts:
            one = self.chosen(way, tuple(other for other in self.parts if other != part))
            hits, claimed = self.table(one.members)[part, one.candidate]
            counts.append(Counts(int(hits), int(claimed), int(self.actual[part])))
            blend, decision = self.blend(one.members), self.candidates[one.candidate]
            for unit in (unit for unit, its in enumerate(self.evidence.parts) if its == part):
                labels = decide(decision, blend[unit], self.evidence.rates[unit])
                bouts[part] += count_bouts(labels, self.evidence.labels[unit])
        return Selection(
            self.able[0].behavior,
            way,
            tuple(Member(self.able[place], weight) for place, weight in Counter(chosen.members).most_common()),
            self.candidates[chosen.candidate],
            tuple(counts),
            tuple(bouts),
            average_precision(self.labels, np.concatenate(self.blend(chosen.members))),
            self.honest(way, counts),
        )

    def honest(self, way: str, judged: Sequence[Counts]) -> Honest | None:
        """The way repeated on the parts that each resample drew, and counted on those that it left out.

        `judged` are the counts, by unit, of the way repeated without it.
        """
        parts = len(self.parts)
        # Enumerated, most resamples draw the same few sets of parts; drawn at random, each would be another.
        few = resamples(parts).left_out[: None if parts <= ENUMERATED_UP_TO else RESAMPLES]
        left_out = np.zeros((len(few), 2))
        for number, out in enumerate(few):
            chosen = self.chosen(way, tuple(np.flatnonzero(~out).tolist()))
            left_out[number] = self.table(chosen.members)[out, chosen.candidate].sum(axis=0)
        return bias_corrected(left_out, judged, OUT_OF_BAG)

    def chosen(self, way: str, parts: tuple[int, ...]) -> _Chosen:
        """What the way chooses that knows only `parts`."""
        if (way, parts) not in self._chosen:
            members = self.members(way, parts)
            table = steadied(self.table(members)[list(parts)].sum(axis=0), self.candidates)
            positives = SPAN * int(self.actual[list(parts)].sum())
            self._chosen[way, parts] = _Chosen(members, best_candidate(table, positives))
        return self._chosen[way, parts]

    def members(self, way: str, parts: tuple[int, ...]) -> tuple[int, ...]:
        if way == "single" or len(self.able) == 1:
            return (self.leader(parts),)
        trials = len(self.able)
        advised = _best_first(self.expected(parts))[: min(ADVISED, max(1, trials // 5))] if self.elsewhere else ()
        return self.greedy(parts, min(FIRST, max(2, trials // 4))) + advised

    def leader(self, parts: tuple[int, ...]) -> int:
        """Of all parts, the trial that leads; of some, the one of the library that is best where they are all."""
        if parts == self.parts:
            return max(range(len(self.able)), key=lambda place: self.able[place].merit)
        actual = self.actual[list(parts)]

        def worth(place: int) -> float:
            table = self.table((place,))[list(parts)]
            return _cross_fitted(table, steadied(table, self.candidates), actual)

        return max(self.library(parts), key=worth)

    def library(self, parts: tuple[int, ...]) -> tuple[int, ...]:
        """The trials with the best average precision on the frames of `parts`, best first."""
        return _best_first(_binned_precision(self.histograms[:, list(parts)].sum(axis=1)))[:LIBRARY]

    def greedy(self, parts: tuple[int, ...], first: int) -> tuple[int, ...]:
        """The best of the library, and then, time after time, whichever makes the mean log-odds best.

        Ensemble selection with replacement and sorted initialization (Caruana et al. 2004, section 2). Best is by
        average precision; of the ensembles on the way the best is taken, the smaller of equal ones.
        """
        library = self.library(parts)
        known = np.isin(self.part_of, parts)
        truth, together = self.truth[known], np.zeros(int(known.sum()), dtype=np.int64)
        levels = self.levels[list(library)][:, known]

        def worth(summed: Array, size: int) -> float:
            return float(_binned_precision(_histogram(summed / size, truth, together, 1)[0]))

        members = list(range(min(first, len(library))))
        summed = levels[members].sum(axis=0)
        best, size = worth(summed, len(members)), len(members)
        while len(members) < ROUNDS:
            joined = [worth(summed + one, len(members) + 1) for one in levels]
            members.append(int(np.argmax(joined)))
            summed += levels[members[-1]]
            if max(joined) > best:
                best, size = max(joined), len(members)
        return tuple(library[member] for member in members[:size])

    def expected(self, parts: tuple[int, ...]) -> Array:
        """What other behaviors let expect where only `parts` are known: (trials,)."""
        pairs = zip(self.evidence.sources, self.evidence.parts, strict=True)
        without = {source for source, part in pairs if part not in parts}
        return expected([record.spec for record in self.able], self.elsewhere, without)

    def table(self, members: tuple[int, ...]) -> Array:
        """Hits and claims of every decision on the blend of `members`: (parts, candidates, 2)."""
        key = tuple(sorted(members))
        if key not in self._tables:
            table = count_table(
                self.candidates, self.blend(members), self.evidence.labels, self.evidence.rates, self.evidence.parts
            )
            self._tables[key] = table.astype(np.int32)  # hundreds are held
        return self._tables[key]

    def blend(self, members: tuple[int, ...]) -> list[Array]:
        """The blended probabilities (frames,) of every unit."""
        weights = Counter(sorted(members))
        trials = [self.evidence.out_of_fold[self.able[place].trial] for place in weights]
        units = zip(*trials, strict=True)
        return [blended(probabilities, list(weights.values())) for probabilities in units]


def _best_first(merits: Array) -> tuple[int, ...]:
    """Places in the order of `merits` (trials,), the earlier first where two are equal."""
    return tuple(np.argsort(-merits, kind="stable").tolist())


def _levels(probabilities: Array) -> Array:
    """The log-odds (frames,) float32 of probabilities (frames,), in steps from 0 up to `BINS` - 1."""
    return np.asarray((log_odds(probabilities) / log_odds(1 - CLIP) + 1) / 2 * (BINS - 1), dtype=np.float32)


def _histogram(levels: Array, truth: Array, part_of: Array, parts: int) -> Array:
    """Positive frames and frames at each of `BINS` levels or above, the highest first: int32 (parts, bins, 2)."""
    cells = part_of * BINS + levels.astype(np.int64)
    counts = [np.bincount(which, minlength=parts * BINS).reshape(parts, BINS) for which in (cells[truth], cells)]
    return np.stack(counts, axis=-1)[:, ::-1].cumsum(axis=1, dtype=np.int32)  # thousands are held


def _binned_precision(table: Array) -> Array:
    """Average precision (...,) of a pool of frames, from its `_histogram` (..., bins, 2); 0 without positives."""
    hits, claimed = table[..., 0], table[..., 1]
    found = np.diff(hits, axis=-1, prepend=0)
    return np.asarray((found * hits / np.maximum(claimed, 1)).sum(axis=-1) / np.maximum(hits[..., -1], 1))


def _cross_fitted(table: Array, steady: Array, actual: Array) -> float:
    """F1 where each unit is cut as is best on the others, or where there are none, on itself.

    `table` (parts, candidates, 2) holds hits and claims, `steady` the same `steadied`, `actual` (parts,) the positives.
    """
    judged = len(actual) > 1  # whether a unit's own counts are taken off
    counts = []
    for unit, positives in enumerate(actual):
        others = steady.sum(axis=0) - steady[unit] * judged
        best = best_candidate(others, SPAN * int(actual.sum() - positives * judged))
        counts.append(Counts(int(table[unit, best, 0]), int(table[unit, best, 1]), int(positives)))
    return total(counts).f1
