"""One behavior's search: which trials are asked next, and what is told of them, in memory alone."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from harness.errors import HarnessError
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.runs.studies import StoredTrial
from harness.searching.arms import Turn, next_arms
from harness.searching.evaluating import Result, probabilities, recorded
from harness.searching.resuming import Past
from harness.searching.setup import Search
from harness.searching.study import ArmStudy
from harness.spec import PipelineSpec

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial


@dataclass
class Asked:
    """A trial that was asked and is not told yet."""

    arm: int
    number: int
    trial: "optuna.Trial"
    spec: PipelineSpec
    rival: tuple[float, ...]
    """The fold merits of the arm's best trial when this one was asked; none where it had no trial yet."""
    result: Result | None = None
    """None while it runs."""
    stored: StoredTrial | None = None
    """What came of it in an earlier search of the run."""


class Told(NamedTuple):
    """A finished trial, ready to be stored."""

    record: TrialRecord
    trial: "FrozenTrial"
    out_of_fold: Sequence[Array]
    """Probabilities of every unit; none where the trial has no score."""


class BehaviorSearch:
    """One behavior's arms, its current batch, and how far it has come towards so many `trials`.

    It begins where its `past` ends: whole batches are read, of others the trials that are missing are asked again.
    Raises `HarnessError` where this search would have asked other trials.
    """

    def __init__(self, behavior: str, search: Search, trials: int, past: Past) -> None:
        self.behavior, self.search, self.trials = behavior, search, trials
        self.studies = [ArmStudy(behavior, arm, search.spaces, search.seed) for arm in search.arms]
        self._batch: deque[Asked] = deque()
        self._unsent: deque[Asked] = deque()
        self._past = past
        self._recall()

    @property
    def told(self) -> int:
        """How many trials are finished."""
        return sum(study.told for study in self.studies)

    @property
    def sent(self) -> int:
        """How many are finished or given to workers."""
        return self.told + len(self._batch) - len(self._unsent)

    def plan(self) -> list[Turn]:
        """The turns of the next batch, whatever the number of trials asked for."""
        if self.told == 0:
            return list(self.search.opening)
        still_open = [arm for arm, study in enumerate(self.studies) if study.has_more]
        best = [study.leader.pooled.f1 if study.leader else None for study in self.studies]
        told = [study.told for study in self.studies]
        return [Turn(arm) for arm in next_arms(best, told, still_open, self.search.batch)]

    def ask(self, turns: Sequence[Turn]) -> None:
        """Begin a batch of these turns."""
        for turn in turns:
            study = self.studies[turn.arm]
            trial = study.ask(turn)
            rival = study.leader.fold_merits if study.leader else ()
            asked = Asked(turn.arm, self.told + len(self._batch), trial, study.arm.spec(trial.params), rival)
            self._batch.append(asked)
            self._unsent.append(asked)

    def has_work(self) -> bool:
        """Whether a trial can be sent now; asks the next batch once the last is told."""
        self._recall()
        if not self._batch and self.told < self.trials:
            self.ask(self.plan()[: self.trials - self.told])
        return bool(self._unsent)

    def take(self) -> Asked:
        """The next trial to be sent."""
        return self._unsent.popleft()

    def tell(self) -> Iterator[Told]:
        """What is finished and not stored yet, in the order it was asked."""
        while self._batch and (self._batch[0].stored or self._batch[0].result is not None):
            asked = self._batch.popleft()
            if asked.stored:
                self.studies[asked.arm].tell(asked.trial, asked.stored.record)
                continue
            result = asked.result
            assert result is not None
            study, kind = self.studies[asked.arm], self.search.folds[self.behavior].kind
            record = recorded(TrialRecord(self.behavior, asked.number, study.arm.name, asked.spec, kind, 0.0), result)
            yield Told(record, study.tell(asked.trial, record), probabilities(result))

    def _recall(self) -> None:
        """Come as far as the past goes without a trial that is missing there."""
        while self._past.left and not self._batch:
            turns, first = self.plan(), self.told
            found = self._past.batch(first, [self.studies[turn.arm].name for turn in turns])
            known = [one for one in found if one]
            if len(known) == len(turns):
                for turn, one in zip(turns, known, strict=True):
                    self.studies[turn.arm].recall(one)
                continue
            last = max((place for place, one in enumerate(found) if one), default=-1)
            # The samplers saw this batch's earlier trials as running; telling them only now keeps it so.
            self.ask(turns[: max(last + 1, self.trials - first)])
            if not self._batch:
                return
            for asked, stored in zip(list(self._batch), found, strict=False):
                if stored and stored.trial.params != asked.trial.params:
                    raise HarnessError(
                        f"{self._past.run}: trial {asked.number} of {self.behavior} is not repeatable here"
                    )
                if stored:
                    asked.stored = stored
                    self._unsent.remove(asked)
            list(self.tell())  # none of which is new
