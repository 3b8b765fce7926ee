"""One finished trial as it is stored, ranked and sent between processes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.scores.metrics import Counts, total
from harness.spec import Decision, PipelineSpec


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """One finished trial: what ran, and what it scored or why it failed."""

    behavior: str
    trial: int
    """Its number among the behavior's trials, in the order they were asked."""
    arm: str
    spec: PipelineSpec
    folds: str
    """`grouped` or `blocked`."""
    seconds: float
    error: str | None = None
    """Why it failed; None where it did not."""
    decision: Decision | None = None
    rounds: int | None = None
    counts: tuple[Counts, ...] = ()
    """Cross-fitted, by unit: each judged by the decision that the others would have chosen."""
    average_precision: float = 0.0
    bouts: tuple[Counts, ...] = ()
    """Bouts instead of frames, by unit: found, claimed and true ones, where a bout is found at an overlap of half."""
    resampled: tuple[tuple[int, int, int, int], ...] = ()
    """By resample of the units: hits and claims on it of what is best on it, then of the same on the units left out."""
    fold_merits: tuple[float, ...] = ()
    """Average precision of each fold, as far as the folds were judged."""
    pruned: bool = False
    """Whether the trial was given up before its last fold; then it has no counts."""

    @property
    def complete(self) -> bool:
        """Whether the trial has a score."""
        return self.error is None and not self.pruned

    @property
    def pooled(self) -> Counts:
        return total(self.counts)

    @property
    def baseline(self) -> bool:
        """Whether the trial looked at no features: a yardstick, not a candidate."""
        return not self.spec.features

    @property
    def merit(self) -> tuple[float, float, float, int]:
        """Sorts better trials later: F1, then precision, then average precision, then the earlier trial."""
        return (*self.pooled.score, self.average_precision, -self.trial)

    @property
    def in_words(self) -> str:
        """Feature sets and model."""
        features, _, model = self.arm.rpartition("/")
        return f"{features.replace('+', ' + ')}, {model}" if self.spec.features else model

    @property
    def in_short(self) -> dict[str, Any]:
        """What people look for, by name; Optuna's dashboard shows no attribute as long as the whole record."""
        known = {"trial": self.trial, "folds": self.folds, "seconds": self.seconds}
        if self.error is not None:
            return known | {"error": self.error}
        if self.decision is None:
            return known
        scores = {"precision": self.pooled.precision, "recall": self.pooled.recall}
        return known | scores | {"average_precision": self.average_precision, "decision": self.decision.as_json()}

    def as_json(self) -> dict[str, Any]:
        return {
            "behavior": self.behavior,
            "trial": self.trial,
            "arm": self.arm,
            "spec": self.spec.as_json(),
            "folds": self.folds,
            "seconds": self.seconds,
            "error": self.error,
            "decision": self.decision and self.decision.as_json(),
            "rounds": self.rounds,
            "counts": [[counts.hits, counts.claimed, counts.actual] for counts in self.counts],
            "average_precision": self.average_precision,
            "bouts": [[counts.hits, counts.claimed, counts.actual] for counts in self.bouts],
            "resampled": [list(one) for one in self.resampled],
            "fold_merits": list(self.fold_merits),
            "pruned": self.pruned,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "TrialRecord":
        return cls(
            **{
                **plain,
                "spec": PipelineSpec.from_json(plain["spec"]),
                "decision": plain["decision"] and Decision.from_json(plain["decision"]),
                "counts": tuple(Counts(*counts) for counts in plain["counts"]),
                "bouts": tuple(Counts(*counts) for counts in plain["bouts"]),
                "resampled": tuple(tuple(one) for one in plain["resampled"]),
                "fold_merits": tuple(plain["fold_merits"]),
            }
        )


def plugins_of(records: Iterable[TrialRecord]) -> list[tuple[str, str]]:
    """Kind and name of everything that made the trials."""
    used = set()
    for record in records:
        used |= {("features", choice.name) for choice in record.spec.features} | {("models", record.spec.model.name)}
        used |= {("smoothers", record.decision.smoother.name)} if record.decision else set()
    return sorted(used)
