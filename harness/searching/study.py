"""One arm of one behavior: its trials so far, and the sampler that learns from them."""

import hashlib
from typing import TYPE_CHECKING

from harness.plugins.spaces import Range, Spaces
from harness.runs.records import TrialRecord
from harness.runs.studies import StoredTrial, study_name
from harness.searching.arms import Arm, Turn

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

STARTUP_TRIALS = 8
"""An arm's trials, those of the opening included, before its sampler learns from them."""


MOST_OF_SHARED = 3
"""Trials of an arm whose models all behaviors share: their fits take long."""


class ArmStudy:
    """An arm's study in memory: what is asked follows from (seed, study, number) and from what was told before."""

    def __init__(self, behavior: str, arm: Arm, spaces: Spaces, seed: int) -> None:
        import optuna

        self.arm = arm
        self.name = study_name(behavior, arm.name)
        self.told = 0
        """How many of its trials are finished."""
        self.leader: TrialRecord | None = None
        """The best of them that has a score."""
        self._ranges, self._varies = arm.ranges(spaces), arm.varies(spaces)
        self._seed = seed
        self._study = optuna.create_study(direction="maximize")

    @property
    def has_more(self) -> bool:
        """Whether there is anything to try: an arm in which nothing varies has one trial, one that is shared a few."""
        return not self.told or (self._varies and (not self.arm.shared or self.told < MOST_OF_SHARED))

    def ask(self, turn: Turn) -> "optuna.Trial":
        """The next trial; the sampler takes those that are asked and not told yet for running ones."""
        import optuna

        number = len(self._study.get_trials(deepcopy=False))
        # What is shared is drawn alike for all behaviors, and never learned from: one fit then serves all of them.
        whose = self.arm.name if self.arm.shared else self.name
        seed = hashlib.sha256(f"{self._seed}/{whose}/{number}".encode()).digest()
        self._study.sampler = optuna.samplers.TPESampler(
            seed=int.from_bytes(seed[:4], "big"), n_startup_trials=STARTUP_TRIALS
        )
        if turn.start is not None:
            self._study.enqueue_trial(self.arm.beginning(turn.start))
        return self._study.ask({name: _distribution(one) for name, one in self._ranges.items()})

    def tell(self, trial: "optuna.Trial", record: TrialRecord) -> "FrozenTrial":
        """The finished trial, from which the sampler learns from now on."""
        import optuna

        if record.complete:
            finished = self._study.tell(trial, record.pooled.f1)
        else:
            states = optuna.trial.TrialState
            finished = self._study.tell(trial, state=states.PRUNED if record.pruned else states.FAIL)
        self._count(record)
        return finished

    def recall(self, stored: StoredTrial) -> None:
        """Learn from a trial that was asked and told before, as if it had been so here."""
        self._study.add_trial(stored.trial)
        self._count(stored.record)

    def _count(self, record: TrialRecord) -> None:
        self.told += 1
        if record.complete and (self.leader is None or record.merit > self.leader.merit):
            self.leader = record


def _distribution(one: Range) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.type == "categorical":
        return CategoricalDistribution(one.choices)
    if one.type == "int":
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)
