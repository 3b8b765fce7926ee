"""A detector on another rig: its probabilities cut anew, and what that is worth.

Poses that were filmed otherwise leave models with probabilities that are off, though they still rank frames. So the
models stay, and the decision (smoothing, threshold, bout rules) is chosen anew on a few labelled recordings of the new
rig. Each of these is judged by the decision that the others would choose. On one or two recordings most of what is won
so is luck, so the new decision is taken only where it leads by far.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.choosing.reliability import Reliability, held_out, shift_of
from harness.fitting.decisions import Candidates, judge
from harness.fitting.folds import make_folds
from harness.recording import Array, Recording
from harness.scores.metrics import Counts, total
from harness.spec import Decision

LEAD = 0.25
"""F1 by which a new decision has to lead the old one. With less of a lead detectors lost more by it on recordings that
were not calibrated on than they won (docs/measurements.md)."""


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """What a behavior's detector is worth on the new recordings, and how its probabilities are cut from now on."""

    before: Counts
    """Of frames, by the decision that it had."""
    after: Counts
    """Of frames, each recording by the decision that the others would choose."""
    decision: Decision
    """The new one where it leads by far, else the old."""
    reliability: Reliability
    """Of what it is now, on the new recordings."""
    blocked: bool
    """Whether one recording alone shows it, so that parts of that were held out: optimistic."""

    @property
    def changed(self) -> bool:
        return leads(self.after, self.before)


def recalibrated(
    old: Decision, labelled: Sequence[Recording], probabilities: Mapping[str, Array], candidates: Candidates
) -> Recalibrated | None:
    """A detector's decision chosen anew; None where no recording shows the behavior, or nothing can be held out.

    `probabilities` are those (frames,) of each of the labelled recordings or examples, by its id.
    """
    if not any(one.positives for one in labelled):
        return None
    folds = make_folds(labelled, 0.0)
    units = folds.units
    said = [
        _part(probabilities[labelled[origin].id], labelled[origin], unit)
        for origin, unit in zip(folds.origins, units, strict=True)
    ]
    if len(set(folds.parts)) < 2:
        return None
    verdict = judge(candidates, {None: said}, [unit.known_labels for unit in units], folds.rates, folds.parts)
    before, after = total(one.counts for one in held_out(old, units, said)), total(verdict.counts)
    decision, pooled = (verdict.decision, after) if leads(after, before) else (old, before)
    known = Reliability(shift_of(units, said), pooled, held_out(decision, units, said))
    return Recalibrated(before, after, decision, known, folds.kind == "blocked")


def leads(new: Counts, old: Counts) -> bool:
    """Whether the new decision is to be taken."""
    return new.f1 > old.f1 + LEAD


def _part(probabilities: Array, whole: Recording, unit: Recording) -> Array:
    """Those of a unit, which is the recording or a block of it."""
    start = unit.first_frame - whole.first_frame
    return probabilities[start : start + unit.frames]
