"""How far what a detector says can be trusted, by what it said of recordings that its models did not see.

Its probabilities come from few recordings, thinned frames and the average of several models, so they are moved until as
many frames are expected as there were. Its labels miss some of what there is and claim some that is not; how much, from
recording to recording, is what makes the interval around a total.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Any

import numpy as np

from harness.choosing.ensembles import blended_units
from harness.choosing.selection import Selection, log_odds
from harness.fitting.decisions import decide
from harness.fitting.folds import make_folds
from harness.recording import UNKNOWN, Array, Recording
from harness.runs.out_of_fold import OutOfFold
from harness.scores.metrics import Counts, count, total
from harness.spec import Decision

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


@dataclass(frozen=True)
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
        expected = self._rates.seconds(claimed, length) + LEAST_SECONDS
        return max(0.0, expected / self._reach - LEAST_SECONDS), min(length, expected * self._reach - LEAST_SECONDS)

    @cached_property
    def _rates(self) -> "_Rates":
        return _Rates.of(self.held)

    @cached_property
    def _reach(self) -> float:
        """By how much a total may be more or less than what is expected, as a factor."""
        off = [
            np.log((one.counts.actual / one.fps + LEAST_SECONDS) / (others.expected(one) + LEAST_SECONDS))
            for place, one in enumerate(self.held)
            if (others := _Rates.of(self.held[:place] + self.held[place + 1 :])).frames
        ]
        known = len(off) + SPREADS
        spread = np.sqrt((np.sum(np.square(off)) + SPREADS * SPREAD**2) / known)
        return float(np.exp(spread * student((1 + COVERAGE) / 2, known)))

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
    return Reliability(shift_of(units, blend), selection.pooled, held_out(selection.decision, units, blend))


def held_out(decision: Decision, units: Sequence[Recording], probabilities: Sequence[Array]) -> tuple[Held, ...]:
    """What a decision claims of recordings or blocks, by probabilities (frames,) of models that had not seen them."""
    return tuple(
        Held(count(decide(decision, one, unit.fps), unit.known_labels), unit.labelled_frames, unit.fps)
        for unit, one in zip(units, probabilities, strict=True)
    )


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


@dataclass(frozen=True, slots=True)
class _Rates:
    """How much of what is claimed is right, and of the rest is missed."""

    right: float
    missed: float
    frames: int
    """That this is known from."""

    @classmethod
    def of(cls, held: Sequence[Held]) -> "_Rates":
        """With a second besides, of which half is right, so that little that was claimed says little."""
        counts, frames = total(one.counts for one in held), sum(one.frames for one in held)
        second = float(np.mean([one.fps for one in held])) if held else 1.0
        right = (counts.hits + second / 2) / (counts.claimed + second)
        return cls(right, (counts.actual - counts.hits) / max(1, frames - counts.claimed), frames)

    def seconds(self, claimed: float, length: float) -> float:
        """To expect of a recording of that many seconds, of which so many are claimed."""
        return self.right * claimed + self.missed * (length - claimed)

    def expected(self, one: Held) -> float:
        return self.seconds(one.counts.claimed / one.fps, one.frames / one.fps)
