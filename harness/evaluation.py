"""Cross-validate one pipeline on one behavior: a pure function from a specification to an outcome."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.decisions import Candidates, Verdict, judge
from harness.folds import Folds
from harness.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.recording import Array
from harness.spec import PipelineSpec


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pipeline is worth on one behavior."""

    verdict: Verdict
    average_precision: float
    """Of the pooled out-of-fold probabilities."""
    out_of_fold: tuple[Array, ...]
    """Probabilities (frames,) float32 of every unit, from the models that did not see it."""


def evaluate(spec: PipelineSpec, folds: Folds, tables: FeatureTables, candidates: Candidates, seed: int) -> Outcome:
    """Fit once a fold, predict what the fold holds out, and judge all candidate decisions on the pool of it."""
    stages = out_of_fold(spec, folds, tables, seed)
    labels = [unit.known_labels for unit in folds.units]
    verdict = judge(candidates, stages, labels, folds.units[0].fps)
    chosen = tuple(stages[verdict.rounds])
    return Outcome(verdict, average_precision(np.concatenate(labels), np.concatenate(chosen)), chosen)


def out_of_fold(spec: PipelineSpec, folds: Folds, tables: FeatureTables, seed: int) -> dict[int | None, list[Array]]:
    """By number of rounds, the probabilities (frames,) of every unit from the model of the fold that held it out."""
    by_unit: dict[int, Mapping[int | None, Array]] = {}
    for fold, held_out in enumerate(folds.held_out):
        fitted = fit_fold(spec, folds, fold, tables, seed)
        for unit in held_out:
            by_unit[unit] = fitted.probabilities(folds.units[unit])
    every = {rounds for stages in by_unit.values() for rounds in stages}
    # A fold without training positives predicts a constant, which has no rounds and stands for all of them.
    rounds_asked: list[int | None] = [*sorted(rounds for rounds in every if rounds is not None)] or [None]
    return {
        rounds: [by_unit[unit].get(rounds, next(iter(by_unit[unit].values()))) for unit in range(len(folds.units))]
        for rounds in rounds_asked
    }


def fit_fold(spec: PipelineSpec, folds: Folds, fold: int, tables: FeatureTables, seed: int) -> FittedPipeline:
    """The model that never saw what `fold` holds out; each fold has its own seed."""
    training = [(folds.units[unit], frames) for unit, frames in folds.training_frames(fold).items()]
    return fit_pipeline(spec, tables, training, seed + fold)


def average_precision(labels: Array, probabilities: Array) -> float:
    """Average precision of probabilities (frames,) for labels (frames,); 0 where nothing is positive."""
    from sklearn.metrics import average_precision_score

    if not labels.any():
        return 0.0  # scikit-learn says the same, with a warning
    return float(average_precision_score(labels, probabilities))
