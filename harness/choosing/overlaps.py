"""Acts that exclude each other: who gets a frame that several detectors claim.

An agent does one thing at a time to a target where the dataset says so (`exclusive`). Detectors are searched for each
behavior on its own, so several may claim a frame of the same agent and target. A rule then leaves it to one of them, by
how far its probability is above its own threshold; or lets it stand, which is a rule as well. The rule is chosen by
what it makes of the out-of-fold probabilities, and judged on each group of recordings as the others would choose it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from harness.choosing.ensembles import blended_units
from harness.choosing.selection import Selection, log_odds
from harness.fitting.decisions import decide, smoothed
from harness.fitting.folds import make_folds
from harness.recording import Array, Recording, groups_of
from harness.runs.out_of_fold import OutOfFold
from harness.scores.metrics import Counts, count
from harness.spec import Decision

RULES = ("none", "ratio", "log-odds")
"""Let overlaps stand; leave a frame to the largest probability over its threshold; to the largest log-odds above it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a behavior's detector says of one example."""

    values: Array
    """Smoothed probabilities (frames,)."""
    labels: Array
    """What they come to (frames,) int8."""
    threshold: float

    @classmethod
    def of(cls, decision: Decision, probabilities: Array, fps: float) -> "Claim":
        values = smoothed(decision.smoother, probabilities, fps)
        return cls(values, decide(decision, probabilities, fps), decision.threshold)

    def margin(self, rule: str) -> Array:
        """How far each frame (frames,) is above the threshold, by the rule."""
        if rule == "ratio":
            return np.asarray(self.values / self.threshold)
        return np.asarray(log_odds(self.values) - log_odds(self.threshold))


def resolved(rule: str, claims: Mapping[str, Claim]) -> dict[str, Array]:
    """By behavior, the labels (frames,) int8 of one example, once the rule has left each frame to one of them.

    Of equal claims the first is heard.
    """
    names, labels = list(claims), np.stack([claim.labels for claim in claims.values()])
    contested = labels.sum(axis=0) > 1
    if rule == "none" or not contested.any():
        return {name: claim.labels for name, claim in claims.items()}
    margins = np.stack([claim.margin(rule) for claim in claims.values()])
    heard = np.argmax(np.where(labels == 1, margins, -np.inf), axis=0)
    labels[:, contested] = 0
    labels[heard[contested], np.flatnonzero(contested)] = 1
    return dict(zip(names, labels, strict=True))


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The rule by which overlaps are resolved, and what that is worth."""

    rule: str
    """One of `RULES`."""
    f1: float
    """The mean over behaviors, each group of recordings resolved by the rule that is best on the others."""
    f1_without: float
    """The same where all overlaps stand."""
    frames: int
    """Claimed by several, of the labelled ones."""


def choose_rule(
    out_of_fold: OutOfFold, selections: Mapping[str, Selection], labelled: Mapping[str, Sequence[Recording]]
) -> Overlaps:
    """The rule that is best for the mean F1 of the behaviors that are selected, and what choosing it so is worth."""
    examples = [one for behavior in selections for one in labelled[behavior]]
    group_of = {examples[place].id: number for number, group in enumerate(groups_of(examples)) for place in group}
    claims: dict[str, dict[str, Claim]] = {}
    for behavior, selection in selections.items():
        for example, claim in _claims(out_of_fold, selection, labelled[behavior]).items():
            claims.setdefault(example, {})[behavior] = claim
    truth = {behavior: {one.id: one.known_labels for one in labelled[behavior]} for behavior in selections}
    return judged(claims, truth, group_of)


def judged(
    claims: Mapping[str, Mapping[str, Claim]],
    truth: Mapping[str, Mapping[str, Array]],
    group_of: Mapping[str, int],
) -> Overlaps:
    """The best rule for examples with these `claims` by behavior.

    `truth` is behavior to example to labels (frames,), of which unknown ones do not count; `group_of` the group of each
    example, 0 and up.
    """
    groups = range(max(group_of.values()) + 1)
    counts = {key: [Counts()] * len(groups) for key in product(RULES, truth)}
    contested = 0
    for example, theirs in claims.items():
        contested += int((np.sum([claim.labels for claim in theirs.values()], axis=0) > 1).sum())
        for rule in RULES:
            for behavior, labels in resolved(rule, theirs).items():
                counts[rule, behavior][group_of[example]] += count(labels, truth[behavior][example])

    def worth(rules: Sequence[str], some: Sequence[int]) -> float:
        """The mean F1 on some groups, each by its rule."""
        pooled = [
            sum((counts[rule, behavior][group] for rule, group in zip(rules, some, strict=True)), Counts())
            for behavior in truth
        ]
        return float(np.mean([one.f1 for one in pooled]))

    def best(some: Sequence[int]) -> str:
        return max(RULES, key=lambda rule: worth([rule] * len(some), some))

    nested = [best([other for other in groups if other != group]) for group in groups]
    return Overlaps(best(groups), worth(nested, groups), worth(["none"] * len(groups), groups), contested)


def _claims(out_of_fold: OutOfFold, selection: Selection, labelled: Sequence[Recording]) -> dict[str, Claim]:
    """What the selection says of each example that was looked at, by models that did not see it."""
    folds = make_folds(labelled, 0.0)  # the units do not depend on the purge gap
    blend = blended_units(out_of_fold, selection.members, folds)
    found = {}
    for origin in dict.fromkeys(folds.origins):
        units = folds.units_of(origin)
        pieces = [Claim.of(selection.decision, blend[unit], folds.units[unit].fps) for unit in units]
        found[labelled[origin].id] = Claim(
            np.concatenate([piece.values for piece in pieces]),
            np.concatenate([piece.labels for piece in pieces]),
            selection.decision.threshold,
        )
    return found
