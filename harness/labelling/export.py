"""Fit what was chosen for good, label every test recording, and say how it was done."""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from harness.choosing.ensembles import result
from harness.choosing.leaderboard import scores_as_json
from harness.choosing.overlaps import Overlaps
from harness.choosing.reliability import Reliability
from harness.choosing.selection import Selection
from harness.engines.interface import Engine, Told, in_turn, untold
from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.files.outputs import made_whole
from harness.fitting.pipeline import FeatureTables, FittedPipeline
from harness.labelling.bench import label_each
from harness.labelling.detectors import (
    Part,
    Trained,
    learned_key,
)
from harness.labelling.keeping import DetectorFiles
from harness.labelling.training import Training
from harness.plugins.contract import SavedClassifier
from harness.plugins.loading import load_plugins
from harness.plugins.registry import model_family_named
from harness.plugins.sequences import Heard
from harness.plugins.writers import Labelled
from harness.recording import Array, Recording
from harness.spec import PipelineSpec


@dataclass(frozen=True, slots=True)
class Exported:
    """What was chosen for a behavior, and the labels (frames,) int8 that it gives, by the id of what is labelled."""

    selection: Selection
    labels: Mapping[str, Array]

    @property
    def claimed(self) -> int:
        """Frames."""
        return sum(int(one.sum()) for one in self.labels.values())


def export(
    selections: Mapping[str, Selection],
    training: Training,
    unlabelled: Sequence[Recording],
    *,
    engine: Engine,
    models: Path | None = None,
    overlaps: str = "none",
    reliability: Mapping[str, Reliability] = MappingProxyType({}),
    through: Callable[[Iterator[Labelled]], Iterator[Labelled]] = iter,
    told: Told = untold,
) -> dict[str, Exported]:
    """Fit what was selected for each behavior, and label all of `unlabelled`; `overlaps` is the rule for frames that
    several claim. What is labelled goes `through` somebody who may write it.

    The fitted models go to the folder `models`, which must not be there yet, or to a temporary one. Raises
    `HarnessError` naming the behavior where a pipeline cannot be fitted again, and the recording where it cannot be
    applied.
    """
    with _folder(models, selections) as folder:
        fit_detectors(selections, training, folder, engine, overlaps, told, reliability)
        again = training if unkept(selections) else None
        each = label_each(folder, unlabelled, engine=engine, plugins=training.plugins, training=again, told=told)
        labels = by_behavior(selections, through(each))
    return {name: Exported(selection, labels[name]) for name, selection in selections.items()}


@contextmanager
def _folder(models: Path | None, selections: Mapping[str, Selection]) -> Iterator[Path]:
    """A folder to write models to, which at the end becomes `models` or is deleted."""
    if models is None:
        with tempfile.TemporaryDirectory(prefix="harness-models-") as folder:
            yield Path(folder)
        return
    refuse_folder(models)
    for name in unkept(selections):
        raise HarnessError(f"--models {models}: the model family {name!r} does not say how its models are kept")
    with made_whole(models, partial(unmade, models)) as made:
        yield made


def unmade(models: Path, error: OSError) -> HarnessError:
    return HarnessError(f"--models {models}: cannot be made ({error.strerror}); name another folder")


def refuse_folder(models: Path) -> None:
    """Raise `HarnessError` where there is something already that models would be written to."""
    if models.exists():
        raise HarnessError(f"--models {models}: is there already; name a folder that is not")


def unkept(selections: Mapping[str, Selection]) -> list[str]:
    """Model families whose models cannot be kept in files."""
    names = {member.record.spec.model.name for one in selections.values() for member in one.members}
    return sorted(name for name in names if model_family_named(name).load is None)


def fit_detectors(
    selections: Mapping[str, Selection],
    training: Training,
    folder: Path,
    engine: Engine,
    overlaps: str = "none",
    told: Told = untold,
    reliability: Mapping[str, Reliability] = MappingProxyType({}),
) -> None:
    """Fit all members and write them to the folder; those of a behavior that share their columns are one task.

    `told` hears how many tasks are done.
    """
    files = DetectorFiles(folder)
    with engine.open(partial(_start_fitting, training), _fit) as pool:
        waiting = [
            (behavior, parts, pool.submit(behavior, tuple(part.spec for _, part in parts)))
            for behavior, selection in selections.items()
            for parts in _together(selection)
        ]
        done = in_turn([future for _, _, future in waiting], told, "fitting models", "step")
        for (behavior, parts, _), future in zip(waiting, done, strict=False):
            for (place, part), one in zip(parts, result(future, behavior), strict=True):
                files.add(behavior, place, part, one)
    decisions = {behavior: selection.decision for behavior, selection in selections.items()}
    files.finish(decisions, training.dataset, overlaps, reliability)


def _together(selection: Selection) -> list[list[tuple[int, Part]]]:
    """The members with their places, those that share a design matrix in one list."""
    groups: dict[str, list[tuple[int, Part]]] = {}
    for place, member in enumerate(selection.members):
        spec = member.record.spec
        prepared = spec.preparation.as_json() | {"negatives": 0, "columns": 0}
        key = f"{[choice.as_json() for choice in spec.features]} {prepared}"
        groups.setdefault(key, []).append((place, Part(spec, member.record.rounds, member.weight)))
    return list(groups.values())


def by_behavior(behaviors: Iterable[str], every: Iterable[Labelled]) -> dict[str, dict[str, Array]]:
    """Behavior to example id to labels (frames,) int8.

    A behavior of the scene has one example of each recording, which is that itself; one of an animal or a pair has one
    for each (`Recording.examples`).
    """
    found: dict[str, dict[str, Array]] = {behavior: {} for behavior in behaviors}
    for one in every:
        for act in one.acts:
            found[act.behavior][act.id_in(one.recording)] = act.labels
    return found


def _start_fitting(training: Training) -> tuple[Training, FeatureTables]:
    load_plugins(training.plugins)
    return training, training.tables()


def _fit(state: tuple[Training, FeatureTables], behavior: str, specs: tuple[PipelineSpec, ...]) -> list[Trained]:
    training, tables = state
    return [trained(training.fit(behavior, spec, tables)) for spec in specs]


def trained(fitted: FittedPipeline) -> Trained:
    """What labelling needs of a fitted pipeline, as plain data."""
    if fitted.classifier is None:
        return Trained(fitted.constant)
    classifier, preparation = fitted.classifier, fitted.spec.preparation
    files, output = None, None
    if isinstance(classifier, Heard):
        files, output = classifier.model.saved(), classifier.output
    elif model_family_named(fitted.spec.model.name).load is not None and isinstance(classifier, SavedClassifier):
        files = classifier.saved()
    learned = {
        learned_key(choice, preparation): arrays
        for choice in fitted.spec.features
        if (arrays := fitted.tables.learned(choice, preparation)) is not None
    }
    return Trained(None, fitted.width, fitted.columns, files, output, learned)


def manifest(
    exported: Mapping[str, Exported], description: Mapping[str, Any], overlaps: Overlaps | None = None
) -> dict[str, Any]:
    """What a submission was made of: the run's description and, by behavior, pipelines, decision, scores, a digest;
    and how overlaps were resolved, where behaviors exclude each other.
    """
    made = {"run": dict(description), "behaviors": {name: _described(one) for name, one in exported.items()}}
    return made | ({"overlaps": asdict(overlaps)} if overlaps else {})


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
        "claimed_frames": exported.claimed,
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
