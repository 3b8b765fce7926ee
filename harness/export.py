"""Fit what was chosen for good, label every test recording, and say how it was done."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.atomic import write_text
from harness.cache import BlockCache
from harness.decisions import decide
from harness.ensembles import result
from harness.leaderboard import scores_as_json
from harness.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.recording import Array, Recording
from harness.registry import load_plugins
from harness.selection import Selection, blended
from harness.store import TrialRecord
from harness.workers import LocalWorkers


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
    members = [member.record for member in selection.members]
    fitted = [(member, fit_pipeline(member.spec, tables, everything, seed)) for member in members]
    weights = [member.weight for member in selection.members]
    labels = {}
    for recording in unlabelled:
        probabilities = blended([_probabilities(pipeline, member, recording) for member, pipeline in fitted], weights)
        labels[recording.id] = decide(selection.decision, probabilities, recording.fps)
    return labels


def _probabilities(fitted: FittedPipeline, record: TrialRecord, recording: Recording) -> Array:
    stages = fitted.probabilities(recording)
    # A constant has no rounds, neither now nor where every fold had nothing to learn from: then all are taken.
    return stages.get(record.rounds, list(stages.values())[-1])


def export(
    selections: Mapping[str, Selection],
    labelled: Mapping[str, Sequence[Recording]],
    unlabelled: Sequence[Recording],
    *,
    pool: tuple[Recording, ...],
    seed: int,
    cache: BlockCache,
    workers: int,
    plugins: Sequence[Path] = (),
) -> dict[str, Exported]:
    """Refit what was selected for each behavior, and label all of `unlabelled`; behaviors run side by side.

    Raises `HarnessError` naming the behavior where a pipeline cannot be fitted again or applied.
    """
    bench = _Bench(tuple(unlabelled), pool, seed, cache, tuple(plugins))
    with LocalWorkers(workers, partial(_start, bench), _label) as children:
        fitting = {name: children.submit(one, tuple(labelled[name])) for name, one in selections.items()}
        return {name: Exported(selections[name], result(future, name)) for name, future in fitting.items()}


@dataclass(frozen=True)
class _Bench:
    """What a worker needs to export any behavior."""

    unlabelled: tuple[Recording, ...]
    pool: tuple[Recording, ...]
    seed: int
    cache: BlockCache
    plugins: tuple[Path, ...]


def _start(bench: _Bench) -> tuple[_Bench, FeatureTables]:
    load_plugins(bench.plugins)
    return bench, FeatureTables(bench.cache, bench.pool)


def _label(
    state: tuple[_Bench, FeatureTables], selection: Selection, labelled: Sequence[Recording]
) -> dict[str, Array]:
    bench, tables = state
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
        **scores_as_json(selection.counts, selection.bouts, selection.average_precision, selection.honest),
        "folds": selection.members[0].record.folds,
        "chosen_by": selection.way,
        "decision": selection.decision.as_json(),
        "pipelines": [
            {
                "trial": member.record.trial,
                "weight": member.weight,
                "pipeline": member.record.spec.as_json(),
                "rounds": member.record.rounds,
                "f1": member.record.pooled.f1,
                "precision": member.record.pooled.precision,
                "average_precision": member.record.average_precision,
            }
            for member in selection.members
        ],
        "claimed_frames": int(sum(int(one.sum()) for one in labels.values())),
        "labels_sha256": digest.hexdigest(),
    }


LAST_EXPORT = "last-export"
"""The file in a run's folder that names the submission last made of it."""


def remember_export(folder: Path, submission: Path) -> None:
    """Note in the run's folder where its submission lies. Where nothing can be written, none is remembered."""
    with suppress(OSError):
        write_text(folder / LAST_EXPORT, f"{submission.resolve()}\n")


def last_export(folder: Path) -> Path | None:
    """Where the submission last made of the run was put; None where none was."""
    try:
        return Path((folder / LAST_EXPORT).read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError):
        return None
