"""What workers do: evaluate one trial; and what is recorded of what they answer."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import cached_property

from harness.columns.cache import BlockCache
from harness.engines.interface import TrialError, WorkerDiedError
from harness.fitting.decisions import Candidates
from harness.fitting.evaluation import Among, Outcome, Pruned, evaluate_against
from harness.fitting.folds import Folds
from harness.fitting.pipeline import FeatureTables
from harness.fitting.shared import SharedFolds
from harness.networks.device import CPU
from harness.plugins.loading import PluginFile, load_plugins
from harness.recording import Array, Recording
from harness.runs.records import TrialRecord
from harness.spec import PipelineSpec


@dataclass(frozen=True)
class Bench:
    """What a worker needs to evaluate any trial."""

    folds: Mapping[str, Folds]
    candidates: Candidates
    seed: int
    pool: tuple[Recording, ...]
    cache: BlockCache
    plugins: tuple[PluginFile, ...]
    device: str = CPU

    @cached_property
    def shared(self) -> Mapping[str, SharedFolds]:
        """By scope, which models judge what where all behaviors of that scope share them."""
        scopes = dict.fromkeys(folds.units[0].scope for folds in self.folds.values())
        return {
            scope: SharedFolds.of({name: one for name, one in self.folds.items() if one.units[0].scope == scope})
            for scope in scopes
        }

    def among(self, behavior: str) -> Among:
        """The behavior among those that it shares models with."""
        return Among(behavior, self.shared[self.folds[behavior].units[0].scope])


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What came of a trial."""

    outcome: Outcome | Pruned
    seconds: float
    not_kept: str | None
    """Why its worker could not keep a block in the cache."""


Result = Evaluated | str
"""What came of a trial, or why it failed."""


def start(bench: Bench) -> tuple[Bench, FeatureTables]:
    """What a worker has at hand for all its trials."""
    load_plugins(bench.plugins)
    return bench, FeatureTables(bench.cache.here(), bench.pool, device=bench.device)


def evaluate(
    state: tuple[Bench, FeatureTables], behavior: str, spec: PipelineSpec, rival: Sequence[float]
) -> Evaluated:
    """What comes of a trial that is given up where it falls behind its `rival` on every fold."""
    bench, tables = state
    began = time.perf_counter()
    folds, among = bench.folds[behavior], bench.among(behavior)
    outcome = evaluate_against(rival, spec, folds, tables, bench.candidates, bench.seed, among)
    return Evaluated(outcome, time.perf_counter() - began, tables.cache.refused)


def result_of(future: Future[Evaluated]) -> Result:
    """What a worker answered; why, where the trial or its worker came to nothing."""
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        return str(error)


def recorded(begun: TrialRecord, result: Result) -> TrialRecord:
    """The record of a trial, less its result, with that."""
    if not isinstance(result, Evaluated):
        return replace(begun, error=result)
    outcome = result.outcome
    record = replace(begun, seconds=round(result.seconds, 3), fold_merits=outcome.fold_merits)
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


def probabilities(result: Result) -> Sequence[Array]:
    """Those (frames,) of every unit, out of fold; none where the trial has no score."""
    if isinstance(result, Evaluated) and isinstance(result.outcome, Outcome):
        return result.outcome.out_of_fold
    return ()
