"""Fit what was chosen for good, label every test recording, and say how it was done."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.cache import BlockCache
from harness.decisions import Candidates, decide
from harness.elsewhere import Standings
from harness.errors import HarnessError
from harness.folds import make_folds
from harness.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.recording import Array, Recording
from harness.registry import load_plugins
from harness.selection import RANKINGS, Evidence, Selection, better_ranking, blended, select
from harness.store import Run, TrialRecord
from harness.workers import LocalWorkers, TrialError, WorkerDiedError


@dataclass(frozen=True, slots=True)
class Exported:
    """What was chosen for a behavior, and the labels (frames,) int8 that it gives, by recording id."""

    selection: Selection
    labels: Mapping[str, Array]


def label_recordings(
    selection: Selection,
    labelled: Sequence[Recording],
    unlabelled: Sequence[Recording],
    tables: FeatureTables,
    seed: int,
) -> dict[str, Array]:
    """Recording id to labels (frames,) int8: all members fitted on all of `labelled`, averaged, and cut."""
    everything = [(recording, slice(0, recording.frames)) for recording in labelled]
    fitted = [(member, fit_pipeline(member.spec, tables, everything, seed)) for member in selection.members]
    labels = {}
    for recording in unlabelled:
        probabilities = blended([_probabilities(pipeline, member, recording) for member, pipeline in fitted])
        labels[recording.id] = decide(selection.decision, probabilities, recording.fps)
    return labels


def _probabilities(fitted: FittedPipeline, record: TrialRecord, recording: Recording) -> Array:
    stages = fitted.probabilities(recording)
    # A constant has no rounds, neither now nor where every fold had nothing to learn from: then all are taken.
    return stages.get(record.rounds, list(stages.values())[-1])


def export(
    records: Mapping[str, Sequence[TrialRecord]],
    labelled: Mapping[str, Sequence[Recording]],
    unlabelled: Sequence[Recording],
    *,
    run: Path,
    candidates: Candidates,
    pool: tuple[Recording, ...],
    seed: int,
    cache: BlockCache,
    workers: int,
    plugins: Sequence[Path] = (),
) -> dict[str, Exported]:
    """Choose from each behavior's `records`, refit, and label all of `unlabelled`; behaviors run side by side.

    `run` is the folder that holds the trials' out-of-fold probabilities. Raises `HarnessError` naming the behavior
    where those cannot be read, or a pipeline cannot be fitted again or applied.
    """
    bench = _Bench(run, candidates, tuple(unlabelled), pool, seed, cache, tuple(plugins))
    rankings = [one for one in RANKINGS if one != "other_behaviors" or len(records) > 1]
    with LocalWorkers(workers, partial(_start, bench), _call) as children:
        standing = {
            name: children.submit(_standings, tuple(theirs), tuple(labelled[name])) for name, theirs in records.items()
        }
        known = {name: _result(future, name) for name, future in standing.items()}
        asked = {
            name: children.submit(
                _select,
                tuple(theirs),
                tuple(labelled[name]),
                tuple(rankings),
                tuple(one for other, one in known.items() if other != name),
            )
            for name, theirs in records.items()
        }
        chosen = {name: _result(future, name) for name, future in asked.items()}
        ranking = better_ranking({one: [theirs[one] for theirs in chosen.values()] for one in rankings})
        selections = {name: theirs[ranking] for name, theirs in chosen.items()}
        fitting = {name: children.submit(_label, one, tuple(labelled[name])) for name, one in selections.items()}
        return {name: Exported(selections[name], _result(future, name)) for name, future in fitting.items()}


def evidence_of(run: Run, records: Sequence[TrialRecord], labelled: Sequence[Recording]) -> Evidence:
    """What the run has stored of one behavior's trials, on its labelled recordings."""
    folds = make_folds(labelled, 0.0)  # the units do not depend on the purge gap, only training does
    frames = [unit.frames for unit in folds.units]
    out_of_fold = {one.trial: run.out_of_fold(one, frames) for one in records if one.error is None}
    labels = [unit.known_labels for unit in folds.units]
    sources = [labelled[origin].digest for origin in folds.origins]
    return Evidence(records, out_of_fold, labels, sources, folds.units[0].fps)


def _result(future: "Future[Any]", behavior: str) -> Any:
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        raise HarnessError(f"{behavior} cannot be exported: {error}") from error


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to export any behavior."""

    run: Path
    candidates: Candidates
    unlabelled: tuple[Recording, ...]
    pool: tuple[Recording, ...]
    seed: int
    cache: BlockCache
    plugins: tuple[Path, ...]


def _start(bench: _Bench) -> tuple[_Bench, FeatureTables]:
    load_plugins(bench.plugins)
    return bench, FeatureTables(bench.cache, bench.pool)


def _call(state: tuple[_Bench, FeatureTables], work: Callable[..., Any], *arguments: Any) -> Any:
    return work(*state, *arguments)


def _standings(
    bench: _Bench, tables: FeatureTables, records: tuple[TrialRecord, ...], labelled: tuple[Recording, ...]
) -> Standings:
    return _evidence(bench, records, labelled).standings()


def _select(
    bench: _Bench,
    tables: FeatureTables,
    records: tuple[TrialRecord, ...],
    labelled: tuple[Recording, ...],
    rankings: tuple[str, ...],
    elsewhere: tuple[Standings, ...],
) -> dict[str, Selection]:
    evidence = _evidence(bench, records, labelled)
    return {one: select(evidence, bench.candidates, ranking=one, elsewhere=elsewhere) for one in rankings}


def _evidence(bench: _Bench, records: tuple[TrialRecord, ...], labelled: tuple[Recording, ...]) -> Evidence:
    return evidence_of(Run(bench.run), records, labelled)


def _label(
    bench: _Bench, tables: FeatureTables, selection: Selection, labelled: Sequence[Recording]
) -> dict[str, Array]:
    return label_recordings(selection, labelled, bench.unlabelled, tables, bench.seed)


def manifest(exported: Mapping[str, Exported], description: Mapping[str, Any]) -> dict[str, Any]:
    """What a submission was made of: the run's description and, by behavior, pipelines, decision, scores, a digest."""
    return {"run": dict(description), "behaviors": {name: _described(one) for name, one in exported.items()}}


def _described(exported: Exported) -> dict[str, Any]:
    selection, labels = exported.selection, exported.labels
    digest = hashlib.sha256()
    for name in sorted(labels):
        digest.update(repr(name).encode() + labels[name].astype(np.int8).tobytes())
    return {
        "f1": selection.pooled.f1,
        "precision": selection.pooled.precision,
        "recall": selection.pooled.recall,
        "folds": selection.members[0].folds,
        "chosen_by": selection.ranking,
        "decision": selection.decision.as_json(),
        "pipelines": [
            {
                "trial": member.trial,
                "pipeline": member.spec.as_json(),
                "rounds": member.rounds,
                "f1": member.pooled.f1,
                "precision": member.pooled.precision,
                "average_precision": member.average_precision,
            }
            for member in selection.members
        ],
        "claimed_frames": int(sum(int(one.sum()) for one in labels.values())),
        "labels_sha256": digest.hexdigest(),
    }
