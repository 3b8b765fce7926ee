"""Ask, evaluate, tell: the search over every behavior's arms.

A behavior's trials are asked in batches. The first is the `opening`: the portfolio and what it left out; a later one is
shared out by `next_arms`. Which trials a batch holds depends on earlier batches alone, each sampler is seeded anew from
(seed, study, trial), and results are told in the order they were asked. So any number of workers, and any number of
kills and resumes, give the same trials, and a longer search begins with the trials of a shorter one.
"""

import hashlib
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from harness.columns.cache import BlockCache
from harness.engines.interface import UNLIMITED, Engine, Limits, TrialError, WorkerDiedError
from harness.errors import HarnessError
from harness.files.atomic import reason
from harness.fitting.decisions import Candidates, candidates_of
from harness.fitting.evaluation import Outcome, Pruned, evaluate_against
from harness.fitting.folds import Folds, make_folds
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.fitting.reach import reach_seconds
from harness.plugins.registry import (
    FEATURES,
    MODELS,
    PluginFile,
    feature_set_named,
    load_plugins,
    model_family_named,
)
from harness.plugins.spaces import Range, Spaces
from harness.recording import Array, Dataset, Recording
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.runs.studies import StoredTrial, study_name
from harness.searching.arms import Arm, Turn, make_arms, next_arms, opening, usable_stacks
from harness.spec import PipelineSpec

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

PATIENCE_SECONDS = 0.2
"""How long to wait for a trial before asking whether to stop."""

STARTUP_TRIALS = 8
"""An arm's trials, those of the opening included, before its sampler learns from them."""


@dataclass(frozen=True)
class Search:
    """All that decides which trials are run and what they score."""

    dataset: Dataset
    spaces: Spaces
    arms: tuple[Arm, ...]
    opening: tuple[Turn, ...]
    """The first batch of every behavior."""
    seed: int
    batch: int
    folds: Mapping[str, Folds]

    @property
    def candidates(self) -> Candidates:
        return candidates_of(self.spaces)


def make_search(
    dataset: Dataset, spaces: Spaces, *, features: Sequence[str], models: Sequence[str], seed: int, batch: int
) -> Search:
    """A search of `dataset` with the named feature sets and model families; all registered ones where none is named.

    Feature sets are searched in the stacks of `spaces`, and those in no stack alone as well; where some are named,
    those together and each alone.
    Raises `HarnessError` where a name is unknown, or nothing can be computed on the dataset's skeleton.
    """
    wanted = [feature_set_named(name) for name in sorted(set(features) or FEATURES)]
    families = [model_family_named(name) for name in models or sorted(MODELS)]
    example = dataset.any_recording
    refused = {one.name: one.refusal(example) for one in wanted}
    usable = [name for name, reason in refused.items() if reason is None]
    if not usable:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise HarnessError(f"no feature set can be computed on these recordings ({reasons})")
    stacked = {name for members in spaces.stacks.values() for name in members}
    alone = [name for name in usable if features or name not in stacked]
    stacks = usable_stacks(usable, {"": tuple(usable)} if features else spaces.stacks, alone)
    arms = make_arms(stacks, {family.name: family.baseline for family in families}, alone)
    reach = reach_seconds(usable, spaces)
    folds = {behavior: make_folds(recordings, reach) for behavior, recordings in dataset.labelled.items()}
    return Search(dataset, spaces, tuple(arms), tuple(opening(arms, stacks, spaces.starts)), seed, batch, folds)


def search_trials(
    search: Search,
    run: Run,
    *,
    trials: int | None,
    behaviors: Sequence[str],
    engine: Engine,
    cache: BlockCache,
    limits: Limits = UNLIMITED,
    plugins: Sequence[PluginFile] = (),
    stop: Callable[[], bool] = lambda: False,
    note: Callable[[str], None] = lambda line: None,
) -> Iterator[TrialRecord]:
    """Bring each of `behaviors` up to `trials` finished trials, and yield each new one once it is stored.

    Without a number of trials it goes on until `stop` says so, which is asked several times a second; what runs then is
    evaluated again under its own number when the search goes on. `note` is told, once each, what slows the search down.

    Raises `EngineError` where no more trials can be run, and `HarnessError` where one cannot be stored; those yielded
    before are stored.
    """
    noted: set[str] = set()

    def note_once(line: str) -> None:
        if line not in noted:
            noted.add(line)
            note(line)

    stored = run.finished()
    states = [_BehaviorSearch(name, search, run, trials or sys.maxsize, stored) for name in behaviors]
    bench = _Bench(search.folds, search.candidates, search.seed, pool_of(search.dataset), cache, tuple(plugins))
    with engine.open(partial(_start, bench), _evaluate, limits) as workers:
        running: dict[Future[_Evaluated], tuple[_BehaviorSearch, _Asked]] = {}
        while True:
            # Twice as many in flight as workers, so that none is idle while results are told and written.
            while len(running) < 2 * max(workers.count, 1):
                waiting = [state for state in states if state.has_work()]
                if not waiting:
                    break
                state = min(waiting, key=lambda state: state.sent)
                asked = state.take()
                running[workers.submit(state.behavior, asked.spec, asked.rival)] = (state, asked)
            if not running:
                break
            if not workers.count:
                note_once("there are no workers; the search goes on with the first that comes")
            done, _ = wait(running, timeout=PATIENCE_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                state, asked = running.pop(future)
                asked.result = _result(future)
                if isinstance(asked.result, _Evaluated) and asked.result.not_kept:
                    note_once(f"{asked.result.not_kept}; what cannot be kept is computed again, with the same result")
                yield from state.tell()
            if stop():
                return


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What came of a trial."""

    outcome: Outcome | Pruned
    seconds: float
    not_kept: str | None
    """Why its worker could not keep a block in the cache."""


def _result(future: "Future[_Evaluated]") -> _Evaluated | str:
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        return str(error)


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to evaluate any trial."""

    folds: Mapping[str, Folds]
    candidates: Candidates
    seed: int
    pool: tuple[Recording, ...]
    cache: BlockCache
    plugins: tuple[PluginFile, ...]


def _start(bench: _Bench) -> tuple[_Bench, FeatureTables]:
    load_plugins(bench.plugins)
    return bench, FeatureTables(bench.cache.here(), bench.pool)


def _evaluate(
    state: tuple[_Bench, FeatureTables], behavior: str, spec: PipelineSpec, rival: Sequence[float]
) -> _Evaluated:
    bench, tables = state
    began = time.perf_counter()
    outcome = evaluate_against(rival, spec, bench.folds[behavior], tables, bench.candidates, bench.seed)
    return _Evaluated(outcome, time.perf_counter() - began, tables.cache.refused)


@dataclass
class _Asked:
    """A trial that was asked and is not told yet."""

    arm: int
    number: int
    trial: "optuna.Trial"
    spec: PipelineSpec
    rival: tuple[float, ...]
    """The fold merits of the arm's best trial when this one was asked; none where it had no trial yet."""
    result: _Evaluated | str | None = None
    """The outcome and its seconds, or why it failed; None while it runs."""


class _BehaviorSearch:
    """One behavior's studies in memory, its current batch, and how far it has come."""

    def __init__(
        self, behavior: str, search: Search, run: Run, trials: int, stored: Mapping[str, Sequence[StoredTrial]]
    ) -> None:
        import optuna

        self.behavior, self.search, self.run, self.trials = behavior, search, run, trials
        self.ranges = [arm.ranges(search.spaces) for arm in search.arms]
        self.studies = [optuna.create_study(direction="maximize") for _ in search.arms]
        self.told = 0
        self.leaders: list[TrialRecord | None] = [None] * len(search.arms)
        self.counts = [0] * len(search.arms)
        self.batch: deque[_Asked] = deque()
        self.unsent: deque[_Asked] = deque()
        names = [study_name(behavior, arm.name) for arm in search.arms]
        self._replay([deque(stored.get(name, ())) for name in names])
        self.sent = self.told

    def has_work(self) -> bool:
        """Whether a trial can be sent now; plans the next batch once the last is told."""
        if not self.batch and self.told < self.trials:
            self._ask(self._plan()[: self.trials - self.told])
        return bool(self.unsent)

    def take(self) -> _Asked:
        self.sent += 1
        return self.unsent.popleft()

    def tell(self) -> Iterator[TrialRecord]:
        """Store and yield what is finished, in the order it was asked."""
        while self.batch and self.batch[0].result is not None:
            asked = self.batch.popleft()
            record, finished = self._finish(asked)
            outcome = asked.result.outcome if isinstance(asked.result, _Evaluated) else None
            self._store(record, finished, outcome.out_of_fold if isinstance(outcome, Outcome) else ())
            yield record

    def _store(self, record: TrialRecord, finished: "FrozenTrial", out_of_fold: Sequence[Array]) -> None:
        """Raises `HarnessError` where there is no room, say; then nothing of the trial is told."""
        from optuna.exceptions import StorageInternalError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self.run.add(record, finished, out_of_fold)
        except (OSError, StorageInternalError, SQLAlchemyError) as error:
            cause = error.__cause__ or error  # Optuna's own words are those of a guess
            why = reason(cause) if isinstance(cause, OSError) else str(cause).partition("\n")[0]
            raise HarnessError(
                f"{self.run.folder}: trial {record.trial} of {record.behavior} cannot be stored ({why}); "
                "those told before are kept, and the same command goes on"
            ) from error

    def _plan(self) -> list[Turn]:
        """The turns of the next batch, whatever the number of trials asked for."""
        if self.told == 0:
            return list(self.search.opening)
        # An arm without parameters has nothing more to try.
        still_open = [arm for arm, ranges in enumerate(self.ranges) if ranges or not self.counts[arm]]
        best = [leader.pooled.f1 if leader else None for leader in self.leaders]
        return [Turn(arm) for arm in next_arms(best, self.counts, still_open, self.search.batch)]

    def _ask(self, turns: Sequence[Turn]) -> None:
        import optuna

        for turn in turns:
            arm, study, leader = self.search.arms[turn.arm], self.studies[turn.arm], self.leaders[turn.arm]
            name = study_name(self.behavior, arm.name)
            number = len(study.get_trials(deepcopy=False))
            seed = hashlib.sha256(f"{self.search.seed}/{name}/{number}".encode()).digest()
            study.sampler = optuna.samplers.TPESampler(
                seed=int.from_bytes(seed[:4], "big"), n_startup_trials=STARTUP_TRIALS
            )
            if turn.start is not None:
                study.enqueue_trial(arm.beginning(turn.start))
            trial = study.ask({name: _distribution(one) for name, one in self.ranges[turn.arm].items()})
            rival = leader.fold_merits if leader else ()
            asked = _Asked(turn.arm, self.told + len(self.batch), trial, arm.spec(trial.params), rival)
            self.batch.append(asked)
            self.unsent.append(asked)

    def _finish(self, asked: _Asked) -> "tuple[TrialRecord, FrozenTrial]":
        import optuna

        study, record = self.studies[asked.arm], self._record(asked)
        if record.complete:
            finished = study.tell(asked.trial, record.pooled.f1)
        else:
            states = optuna.trial.TrialState
            finished = study.tell(asked.trial, state=states.PRUNED if record.pruned else states.FAIL)
        self._count(asked.arm, record)
        return record, finished

    def _record(self, asked: _Asked) -> TrialRecord:
        arm, kind = self.search.arms[asked.arm], self.search.folds[self.behavior].kind
        record = TrialRecord(self.behavior, asked.number, arm.name, asked.spec, kind, 0.0)
        if not isinstance(asked.result, _Evaluated):
            return replace(record, error=asked.result)
        outcome = asked.result.outcome
        record = replace(record, seconds=round(asked.result.seconds, 3), fold_merits=outcome.fold_merits)
        if isinstance(outcome, Pruned):
            return replace(record, pruned=True)
        verdict = outcome.verdict
        return replace(
            record,
            decision=verdict.decision,
            rounds=verdict.rounds,
            counts=verdict.counts,
            average_precision=outcome.average_precision,
            bouts=verdict.bouts,
            resampled=tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in verdict.resampled),
        )

    def _count(self, arm: int, record: TrialRecord) -> None:
        self.told += 1
        self.counts[arm] += 1
        leader = self.leaders[arm]
        if record.complete and (leader is None or record.merit > leader.merit):
            self.leaders[arm] = record

    def _replay(self, stored: Sequence[deque[StoredTrial]]) -> None:
        """Come to where the stored trials (by arm) end: whole batches are read, a broken-off one is asked again."""
        while any(stored):
            turns = self._plan()
            arms = [turn.arm for turn in turns]
            there = sum(arms[: place + 1].count(arm) <= len(stored[arm]) for place, arm in enumerate(arms))
            if there == 0:
                raise HarnessError(f"{self.run.folder}: {self.behavior} has trials this search would not have asked")
            if there == len(arms):
                for arm in arms:
                    record, trial = stored[arm].popleft()
                    self.studies[arm].add_trial(trial)
                    self._count(arm, record)
                continue
            # The samplers saw this batch's earlier trials as running; telling them only now keeps it so.
            self._ask(turns[: max(there, self.trials - self.told)])
            for _ in range(there):
                asked, _ = self.batch.popleft(), self.unsent.popleft()
                record, trial = stored[asked.arm].popleft()
                if trial.params != asked.trial.params:
                    raise HarnessError(
                        f"{self.run.folder}: trial {asked.number} of {self.behavior} is not repeatable here"
                    )
                self.studies[asked.arm].tell(asked.trial, trial.value, state=trial.state)
                self._count(asked.arm, record)
            if any(stored):
                raise HarnessError(f"{self.run.folder}: {self.behavior} has trials this search would not have asked")


def _distribution(one: Range) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one.type == "categorical":
        return CategoricalDistribution(one.choices)
    if one.type == "int":
        return IntDistribution(int(one.low), int(one.high), log=one.log)
    return FloatDistribution(one.low, one.high, log=one.log)
