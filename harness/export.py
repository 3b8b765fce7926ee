"""Fit the chosen pipelines for good, label every test recording, and say how it was done."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.cache import BlockCache
from harness.decisions import decide
from harness.errors import HarnessError
from harness.pipeline import FeatureTables, fit_pipeline
from harness.recording import Array, Recording
from harness.registry import load_plugins
from harness.store import TrialRecord
from harness.workers import LocalWorkers, TrialError, WorkerDiedError


def label_recordings(
    record: TrialRecord,
    labelled: Sequence[Recording],
    unlabelled: Sequence[Recording],
    tables: FeatureTables,
    seed: int,
) -> dict[str, Array]:
    """Recording id to labels (frames,) int8: the record's pipeline fitted on all of `labelled`, cut by its decision."""
    if record.decision is None:
        raise ValueError(f"trial {record.trial} of {record.behavior} did not finish")
    everything = [(recording, slice(0, recording.frames)) for recording in labelled]
    fitted = fit_pipeline(record.spec, tables, everything, seed)
    labels = {}
    for recording in unlabelled:
        stages = fitted.probabilities(recording)
        # A constant has no rounds, neither now nor where every fold had nothing to learn from: then all are taken.
        probabilities = stages.get(record.rounds, list(stages.values())[-1])
        labels[recording.id] = decide(record.decision, probabilities, recording.fps)
    return labels


def export_labels(
    best: Mapping[str, TrialRecord],
    labelled: Mapping[str, Sequence[Recording]],
    unlabelled: Sequence[Recording],
    *,
    pool: tuple[Recording, ...],
    seed: int,
    cache: Path,
    workers: int,
    plugins: Sequence[Path] = (),
) -> dict[str, dict[str, Array]]:
    """Labels of every unlabelled recording for every behavior of `best`, behaviors side by side.

    Raises `HarnessError` naming the trial where one cannot be fitted again, or not be applied.
    """
    start = partial(_start, tuple(unlabelled), pool, seed, cache, tuple(plugins))
    with LocalWorkers(min(workers, len(best)), start, _label) as children:
        futures = {name: children.submit(record, tuple(labelled[name])) for name, record in best.items()}
        return {name: _result(future, best[name]) for name, future in futures.items()}


def _result(future: "Future[dict[str, Array]]", record: TrialRecord) -> dict[str, Array]:
    try:
        return future.result()
    except (TrialError, WorkerDiedError) as error:
        trial = f"trial {record.trial}, {record.arm}"
        raise HarnessError(f"{record.behavior}: {trial}, cannot be fitted for good: {error}") from error


def _start(
    unlabelled: tuple[Recording, ...], pool: tuple[Recording, ...], seed: int, cache: Path, plugins: tuple[Path, ...]
) -> tuple[tuple[Recording, ...], FeatureTables, int]:
    load_plugins(plugins)
    return unlabelled, FeatureTables(BlockCache(cache), pool), seed


def _label(
    state: tuple[tuple[Recording, ...], FeatureTables, int], record: TrialRecord, labelled: tuple[Recording, ...]
) -> dict[str, Array]:
    unlabelled, tables, seed = state
    return label_recordings(record, labelled, unlabelled, tables, seed)


def manifest(
    best: Mapping[str, TrialRecord],
    labels: Mapping[str, Mapping[str, Array]],
    description: Mapping[str, Any],
) -> dict[str, Any]:
    """What a submission was made of: the run's identity and, by behavior, pipeline, decision, scores and a digest."""
    behaviors = {}
    for behavior, record in best.items():
        score, recordings = record.pooled, labels[behavior]
        digest = hashlib.sha256()
        for name in sorted(recordings):
            digest.update(repr(name).encode() + recordings[name].astype(np.int8).tobytes())
        behaviors[behavior] = {
            "trial": record.trial,
            "pipeline": record.spec.as_json(),
            "rounds": record.rounds,
            "decision": record.decision and record.decision.as_json(),
            "folds": record.folds,
            "f1": score.f1,
            "precision": score.precision,
            "recall": score.recall,
            "average_precision": record.average_precision,
            "claimed_frames": int(sum(int(one.sum()) for one in recordings.values())),
            "labels_sha256": digest.hexdigest(),
        }
    return {"run": dict(description), "behaviors": behaviors}
