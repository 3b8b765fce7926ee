"""Cross-validate one pipeline on one behavior: a pure function from a specification to an outcome."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.fitting.decisions import Candidates, Verdict, judge
from harness.fitting.folds import Folds
from harness.fitting.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.fitting.sequences import SharedModels, fit_shared, is_sequence
from harness.fitting.shared import SharedFolds
from harness.recording import UNKNOWN, Array
from harness.spec import PipelineSpec

Stages = Mapping[int | None, Array]
"""By number of rounds, the probabilities (frames,) of one unit."""

MARGIN = 0.2
"""By what share of the rival's merit a trial must do worse on every fold to be given up."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pipeline is worth on one behavior."""

    verdict: Verdict
    average_precision: float
    """Of the pooled out-of-fold probabilities."""
    out_of_fold: tuple[Array, ...]
    """Probabilities (frames,) float32 of every unit, from the models that did not see it."""
    fold_merits: tuple[float, ...]
    """Average precision in each fold, for later trials to be compared with."""


@dataclass(frozen=True, slots=True)
class Among:
    """Which behavior of a run is judged, for models that all of them share."""

    behavior: str
    shared: SharedFolds


@dataclass(frozen=True, slots=True)
class Pruned:
    """A trial that was given up: it did worse than its rival on every fold so far."""

    fold_merits: tuple[float, ...]
    """Of the folds that were judged."""


def evaluate(spec: PipelineSpec, folds: Folds, tables: FeatureTables, candidates: Candidates, seed: int) -> Outcome:
    """Fit once a fold, predict what the fold holds out, and judge all candidate decisions on the pool of it."""
    outcome = evaluate_against((), spec, folds, tables, candidates, seed)
    assert isinstance(outcome, Outcome)
    return outcome


def evaluate_against(
    rival: Sequence[float],
    spec: PipelineSpec,
    folds: Folds,
    tables: FeatureTables,
    candidates: Candidates,
    seed: int,
    among: Among | None = None,
) -> Outcome | Pruned:
    """The same, but given up before the last fold as soon as it `lags` behind the fold merits of a rival.

    A model that sees recordings whole is one for all behaviors that it is `among`; for the one alone by default.
    """
    labels = [unit.known_labels for unit in folds.units]
    by_unit: dict[int, Stages] = {}
    merits: list[float] = []
    for held_out in _predicted(spec, folds, tables, seed, among):
        by_unit |= held_out
        merits.append(_merit(list(held_out.values()), [labels[unit] for unit in held_out]))
        if len(by_unit) < len(folds.units) and lags(merits, rival):
            return Pruned(tuple(merits))
    stages = _by_rounds(by_unit)
    verdict = judge(candidates, stages, labels, folds.rates, folds.parts)
    chosen = tuple(stages[verdict.rounds])
    precision = average_precision(np.concatenate(labels), np.concatenate(chosen))
    return Outcome(verdict, precision, chosen, tuple(merits))


def lags(merits: Sequence[float], rival: Sequence[float]) -> bool:
    """Whether every fold judged so far went to the rival by a margin; folds in which both have nothing do not count.

    With two to five folds no test of significance can tell so early (four folds have a one-sided p of 1/16 at best), so
    the rule asks for all folds, and for a margin instead.
    """
    told = [(one, other) for one, other in zip(merits, rival, strict=False) if max(one, other) > 0]
    return bool(told) and all(one < other * (1 - MARGIN) for one, other in told)


def _merit(units: Sequence[Stages], labels: Sequence[Array]) -> float:
    """Average precision on the units of a fold, of the number of rounds that does best there."""
    truth, stages = np.concatenate(labels), _by_rounds(dict(enumerate(units)))
    return max(average_precision(truth, np.concatenate(pooled)) for pooled in stages.values())


def out_of_fold(spec: PipelineSpec, folds: Folds, tables: FeatureTables, seed: int) -> dict[int | None, list[Array]]:
    """By number of rounds, the probabilities (frames,) of every unit from the model of the fold that held it out."""
    by_unit: dict[int, Stages] = {}
    for held_out in _predicted(spec, folds, tables, seed):
        by_unit |= held_out
    return _by_rounds(by_unit)


def _predicted(
    spec: PipelineSpec, folds: Folds, tables: FeatureTables, seed: int, among: Among | None = None
) -> Iterator[dict[int, Stages]]:
    """Fold by fold, the units it holds out to what their model says of them."""
    if is_sequence(spec):
        among = among or Among("", SharedFolds.of({"": folds}))
        of_unit = SharedModels(spec, tables, among.shared, seed).of_units(among.behavior, range(len(folds.units)))
        for held_out in folds.held_out:
            yield {unit: of_unit[unit].probabilities(folds.units[unit]) for unit in held_out}
        return
    for fold, held_out in enumerate(folds.held_out):
        fitted = fit_fold(spec, folds, fold, tables, seed)
        yield {unit: fitted.probabilities(folds.units[unit]) for unit in held_out}


def _by_rounds(by_unit: Mapping[int, Stages]) -> dict[int | None, list[Array]]:
    """By number of rounds, the probabilities (frames,) of every unit."""
    every = {rounds for stages in by_unit.values() for rounds in stages}
    # A fold without training positives predicts a constant, which has no rounds and stands for all of them.
    rounds_asked: list[int | None] = [*sorted(rounds for rounds in every if rounds is not None)] or [None]
    return {
        rounds: [by_unit[unit].get(rounds, next(iter(by_unit[unit].values()))) for unit in sorted(by_unit)]
        for rounds in rounds_asked
    }


def fit_fold(spec: PipelineSpec, folds: Folds, fold: int, tables: FeatureTables, seed: int) -> FittedPipeline:
    """The model that never saw what `fold` holds out; each fold has its own seed."""
    training = [(folds.units[unit], frames) for unit, frames in folds.training_frames(fold).items()]
    if is_sequence(spec):
        fitted = fit_shared(spec, tables, {"": training}, seed + fold)
        assert fitted is not None  # it has waited
        return fitted[""]
    return fit_pipeline(spec, tables, training, seed + fold)


def average_precision(labels: Array, probabilities: Array) -> float:
    """Average precision of probabilities (frames,) for labels (frames,) that are known; 0 where nothing is positive."""
    from sklearn.metrics import average_precision_score

    known = labels != UNKNOWN
    if not (labels == 1).any():
        return 0.0  # scikit-learn says the same, with a warning
    return float(average_precision_score(labels[known], probabilities[known]))
