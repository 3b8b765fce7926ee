"""What to label next: stretches of recordings of which a few say more about a behavior than as many others.

A stretch is worth how much the members of the ensemble disagree in it about which side of the threshold its frames are
on, and how far its motion is from all that was labelled. Each is chosen with those before it in mind, so that ten
stretches are not ten times the same motion, nor all of one animal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.choosing.selection import log_odds
from harness.recording import Array

FAR = 3.0
"""From so many times the usual distance on, motion counts as no newer."""

NOVELTY = 0.25
"""How much of the worth of a stretch is that its motion is new; the rest is disagreement."""

KEPT = 40
"""So many stretches of a recording are kept for each behavior before any is chosen."""

CROWDED = 0.5
"""By this a stretch is worth less for each other that was chosen of the same group."""


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """A stretch of a recording that could be labelled for a behavior."""

    recording: str
    agent: str
    target: str
    """Whom it would be labelled for, as in `Recording`."""
    group: str
    """What is held out together with it."""
    start: int
    stop: int
    """In frames; exclusive."""
    disagreement: float
    """Bits a frame, the mean: of 1 where half of the members are sure that it is, and half that it is not."""
    likely: float
    """The share of it that calibrated probabilities let expect."""
    novelty: float
    """How far its motion is from what was labelled; 1 is as far as one labelled recording is from the others."""
    motion: Array
    """float32 (dimensions,), what moves there: the mean over its frames, by how much these are disagreed on."""


def worth_of(stretches: Sequence[Stretch]) -> tuple[Array, Array]:
    """What each is worth before any is chosen, (stretches,) in two parts from 0 to 1: disagreement, and new motion.

    Disagreement is in relation to the most that there is, as members that are much alike differ by little everywhere.
    """
    doubt = np.array([one.disagreement for one in stretches])
    novelty = np.array([one.novelty for one in stretches])
    most = doubt.max(initial=0.0) or 1.0
    return (1 - NOVELTY) * doubt / most, NOVELTY * np.minimum(novelty, FAR) / FAR


def best_first(stretches: Sequence[Stretch]) -> list[Stretch]:
    """The stretches by what they are worth, the earlier first where two are equal."""
    doubt, new = worth_of(stretches)
    return [stretches[place] for place in np.argsort(-(doubt + new), kind="stable").tolist()]


def disagreement(members: Sequence[Array], weights: Sequence[int], threshold: float) -> Array:
    """How much members disagree whether a frame is above the threshold: bits (frames,), from 0 to 1.

    The Jensen-Shannon divergence of what they say (weighted by `weights`; Lin 1991, equation 5.1), whose probabilities
    (frames,) are moved such that the threshold is at a half. Far from it on one side all say much the same, however
    far apart they are.
    """
    odds = np.stack([log_odds(one) for one in members]) - log_odds(threshold)
    likely = 1 / (1 + np.exp(-odds))
    share = np.asarray(weights, dtype=np.float64) / np.sum(weights)
    found = entropy(share @ likely) - share @ entropy(likely)
    return np.asarray(np.maximum(found, 0.0), dtype=np.float32)


def entropy(likely: Array) -> Array:
    """Bits of probabilities of any shape."""
    held = np.clip(likely, 1e-12, 1 - 1e-12)
    return np.asarray(-held * np.log2(held) - (1 - held) * np.log2(1 - held))


def spread_out(stretches: Sequence[Stretch], count: int) -> list[int]:
    """The places of so many of the stretches, the best first, each with those in mind that were chosen before.

    What a stretch is worth is taken times how unlike the nearest chosen one it moves, 1 from the usual distance
    between two stretches on, and less for every other of its group. No two of a recording overlap.
    """
    left = list(range(len(stretches)))
    if not left:
        return []
    worth = np.add(*worth_of(stretches))
    motion = np.stack([one.motion for one in stretches]).astype(np.float64)
    usual = _usual_distance(motion)
    unlike, crowd = np.ones(len(stretches)), np.zeros(len(stretches))
    chosen: list[int] = []
    while left and len(chosen) < count:
        best = max(left, key=lambda place: (worth[place] * unlike[place] * CROWDED ** crowd[place], -place))
        chosen.append(best)
        one = stretches[best]
        left = [place for place in left if not _overlap(stretches[place], one)]
        unlike = np.minimum(unlike, np.minimum(1.0, np.linalg.norm(motion - motion[best], axis=1) / usual))
        crowd += [other.group == one.group for other in stretches]
    return chosen


def _usual_distance(motion: Array) -> float:
    """The median distance of (stretches, dimensions) to their mean; not 0."""
    return float(np.median(np.linalg.norm(motion - motion.mean(axis=0), axis=1))) or 1.0


def _overlap(one: Stretch, other: Stretch) -> bool:
    same = (one.recording, one.agent, one.target) == (other.recording, other.agent, other.target)
    return same and one.start < other.stop and other.start < one.stop
