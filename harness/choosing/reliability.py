"""How far what a detector says can be trusted, by what it said of recordings that its models did not see.

Its probabilities come from few recordings, thinned frames and the average of several models, so they are moved until as
many frames are expected as there were. Its labels miss some of what there is and claim some that is not; how much, from
recording to recording, is what makes the interval around a total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from harness.choosing.ensembles import blended_units
from harness.choosing.selection import Selection, log_odds
from harness.fitting.decisions import decide
from harness.fitting.folds import make_folds
from harness.recording import UNKNOWN, Array, Recording
from harness.runs.out_of_fold import OutOfFold
from harness.scores.metrics import Counts, total

PER_SECOND = 0.3
"""What a second of frames, which are much alike, counts for as evidence, where a frame of its own would count for 1."""

STEPS = 30
"""Each moves probabilities by at most 1 in log-odds; a few are enough where they are near."""

TRUSTED = 0.5
"""Totals of detectors below this F1 on recordings that were held out are not to be trusted."""

COVERAGE = 0.8
"""How often the interval of a total should hold the truth."""

SPREAD, SPREADS = 0.6, 2
"""How far totals are off, in log-odds of the true over the expected, before anything is known of a detector, and how
many recordings that counts for."""

LEAST_SECONDS = 1.0
"""Is added to both totals before they are compared, since a second more of a few seconds says little."""


@dataclass(frozen=True, slots=True)
class Held:
    """What was claimed of one recording, or example, that was held out."""

    counts: Counts
    """Of frames."""
    frames: int
    """That somebody looked at."""
    fps: float

    @property
    def seconds(self) -> float:
        return self.frames / self.fps


@dataclass(frozen=True, slots=True)
class Reliability:
    """What is known of a detector from recordings that were held out."""

    shift: float
    """What is added to the log-odds of its probabilities."""
    pooled: Counts
    """Of frames, each recording judged by members and a decision that were chosen without it."""
    held: tuple[Held, ...]

    @property
    def trusted(self) -> bool:
        return self.pooled.f1 >= TRUSTED

    def calibrated(self, probabilities: Array) -> Array:
        """The probabilities (frames,) float32, moved."""
        return moved(probabilities, self.shift)

    def interval(self, claimed: float, length: float) -> tuple[float, float]:
        """Seconds that a behavior may truly last in a recording of that `length`, of which so much is `claimed`.

        What is expected is the claimed time that is right and the rest of the time that is missed, at the rates of all
        held-out recordings. How far that was off on each of them, by the others, gives the spread of its logarithm;
        the interval is that of a new observation (Student's t), and should hold the truth in `COVERAGE` of all cases.
        """
        off = [
            np.log((one.counts.actual / one.fps + LEAST_SECONDS) / (_expected(others, one) + LEAST_SECONDS))
            for place, one in enumerate(self.held)
            if (others := self.held[:place] + self.held[place + 1 :])
        ]
        known = len(off) + SPREADS
        spread = np.sqrt((np.sum(np.square(off)) + SPREADS * SPREAD**2) / known)
        reach = float(np.exp(spread * student((1 + COVERAGE) / 2, known)))
        expected = _rates(self.held)[0] * claimed + _rates(self.held)[1] * (length - claimed) + LEAST_SECONDS
        return max(0.0, expected / reach - LEAST_SECONDS), min(length, expected * reach - LEAST_SECONDS)

    def as_json(self) -> dict[str, Any]:
        pooled = self.pooled
        return {
            "shift": self.shift,
            "pooled": [pooled.hits, pooled.claimed, pooled.actual],
            "held": [
                [one.counts.hits, one.counts.claimed, one.counts.actual, one.frames, one.fps] for one in self.held
            ],
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Reliability":
        held = tuple(Held(Counts(*map(int, one[:3])), int(one[3]), float(one[4])) for one in plain["held"])
        return cls(float(plain["shift"]), Counts(*map(int, plain["pooled"])), held)


def reliability_of(out_of_fold: OutOfFold, selection: Selection, labelled: Sequence[Recording]) -> Reliability:
    """What is known of what was selected for a behavior with these recordings."""
    folds = make_folds(labelled, 0.0)  # the units do not depend on the purge gap
    units, blend = folds.units, blended_units(out_of_fold, selection.members, folds)
    held = []
    for unit, probabilities in zip(units, blend, strict=True):
        known = unit.known_labels != UNKNOWN
        claimed = decide(selection.decision, probabilities, unit.fps)[known] == 1
        actual = unit.known_labels[known] == 1
        counts = Counts(int((claimed & actual).sum()), int(claimed.sum()), int(actual.sum()))
        held.append(Held(counts, int(known.sum()), unit.fps))
    return Reliability(shift_of(units, blend), selection.pooled, tuple(held))


def calibrated_without(units: Sequence[Recording], probabilities: Sequence[Array]) -> list[Array]:
    """Of each recording or block its probabilities (frames,), moved as the others would have them."""
    found = []
    for place, one in enumerate(probabilities):
        others = [other for other in range(len(units)) if other != place]
        found.append(
            moved(one, shift_of([units[other] for other in others], [probabilities[other] for other in others]))
        )
    return found


def shift_of(units: Sequence[Recording], probabilities: Sequence[Array]) -> float:
    """What to add to the log-odds so that as many frames are expected as are positive; nearer to 0, the less is known.

    The mode of a logistic regression with the log-odds as offset and a standard normal prior.
    """
    parts = [
        (log_odds(one[known]), unit.known_labels[known] == 1, np.full(int(known.sum()), PER_SECOND / unit.fps))
        for unit, one in zip(units, probabilities, strict=True)
        for known in [unit.known_labels != UNKNOWN]
    ]
    if not parts:
        return 0.0
    odds, positive, weight = (np.concatenate(values) for values in zip(*parts, strict=True))

    shift = 0.0
    for _ in range(STEPS):  # of Newton, on what is convex
        likely = 1 / (1 + np.exp(-odds - shift))
        slope = float((weight * (likely - positive)).sum()) + shift
        step = slope / (float((weight * likely * (1 - likely)).sum()) + 1)
        shift -= float(np.clip(step, -1, 1))
    return shift


def moved(probabilities: Array, shift: float) -> Array:
    """Probabilities (frames,) float32 whose log-odds have `shift` added; what is certain, as where nothing was seen,
    stays certain.
    """
    certain = (probabilities <= 0) | (probabilities >= 1)
    return np.where(certain, probabilities, 1 / (1 + np.exp(-log_odds(probabilities) - shift))).astype(np.float32)


def student(probability: float, freedom: int) -> float:
    """The quantile of Student's t, to a hundredth from three degrees of freedom on (Abramowitz and Stegun, 26.7.5)."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return float(z + sum(term / freedom ** (power + 1) for power, term in enumerate(terms)))


def _rates(held: Sequence[Held]) -> tuple[float, float]:
    """How much of the claimed time is right, and of the rest is missed; without any time half and nothing."""
    counts = total(one.counts for one in held)
    frames, second = sum(one.frames for one in held), float(np.mean([one.fps for one in held]))
    right = (counts.hits + second / 2) / (counts.claimed + second)
    missed = (counts.actual - counts.hits) / max(1, frames - counts.claimed)
    return right, missed


def _expected(held: Sequence[Held], one: Held) -> float:
    """Seconds of the behavior in `one`, by what the others let expect of what was claimed in it."""
    right, missed = _rates(held)
    return (right * one.counts.claimed + missed * (one.frames - one.counts.claimed)) / one.fps
