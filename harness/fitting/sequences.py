"""Models that see recordings whole: fitted on all behaviors at once, kept where others find them, asked for one each.

A fitted model is cached under all that it was fitted on, so that the trials of all behaviors, and whatever is labelled
in the end, share one fit. Two processes do not fit the same one at once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from harness import networks
from harness.errors import HarnessError
from harness.fitting.pipeline import FeatureTables, FittedPipeline, column_names
from harness.fitting.shared import SharedFolds, Teaching
from harness.networks.device import described
from harness.plugins.contract import SequenceFamily
from harness.plugins.registry import model_family_named
from harness.plugins.sequences import Heard, OnDevice, SequenceModel, Series
from harness.recording import UNKNOWN, Array, Recording
from harness.spec import PipelineSpec

OWN_VERSIONS = [
    hashlib.sha256(file.read_bytes()).hexdigest()
    for file in (Path(__file__), *sorted(Path(networks.__path__[0]).glob("*.py")))
]
"""Of all that networks may learn with: models that other versions of it have fitted are not reused."""


COLUMNS, OF_MODEL = "columns", "model "
"""What is cached of a model: how many columns it was given, and its files under names that begin so."""


def is_sequence(spec: PipelineSpec) -> bool:
    """Whether the pipeline's model sees recordings whole."""
    return isinstance(model_family_named(spec.model.name), SequenceFamily)


def fit_shared(
    spec: PipelineSpec, tables: FeatureTables, teaching: Teaching, seed: int, *, wait: bool = True
) -> Mapping[str, FittedPipeline] | None:
    """By behavior, the pipeline with the one model that was fitted on all of `teaching`.

    None where another process is at it and nobody wants to `wait`. A behavior of which only positive frames are known,
    or none, gets a constant.
    """
    family = model_family_named(spec.model.name)
    assert isinstance(family, SequenceFamily)
    assert family.load is not None
    if family.refusal:
        raise HarnessError(f"{family.name}: {family.refusal}")
    known = {behavior: _kinds(theirs) for behavior, theirs in sorted(teaching.items())}
    learnable = [behavior for behavior, kinds in known.items() if kinds == {0, 1}]
    constant = {
        behavior: FittedPipeline(spec, tables, None, float(kinds == {1}))
        for behavior, kinds in known.items()
        if kinds != {0, 1}
    }
    if not learnable:
        return constant
    stretches = _stretches({behavior: teaching[behavior] for behavior in learnable})

    def compute() -> Mapping[str, Array]:
        names = [name for _, name, _ in column_names(tables, stretches[0][0], spec)]
        if not names:  # of the agent alone these sets say nothing
            return {COLUMNS: np.array(0)}
        model: SequenceModel = family.function(seed, **spec.model.parameters)
        if isinstance(model, OnDevice):
            model.device = tables.device
        series = [
            Series(tables.design_matrix(recording, spec.features, spec.preparation)[frames], labels, recording.fps)
            for recording, frames, labels in stretches
        ]
        model.fit(series, names)
        files = {name: np.frombuffer(content, np.uint8) for name, content in model.saved().items()}
        return {COLUMNS: np.array(len(names)), **{f"{OF_MODEL}{name}": content for name, content in files.items()}}

    kept = tables.cache.arrays_of_one(_made_from(spec, family, tables, stretches, learnable, seed), compute, wait=wait)
    if kept is None:
        return None
    width = int(kept[COLUMNS])
    if not width:
        return constant | {behavior: FittedPipeline(spec, tables, None, 0.0) for behavior in learnable}
    files = {name.removeprefix(OF_MODEL): one.tobytes() for name, one in kept.items() if name != COLUMNS}
    model: Any = family.load(files)
    fitted = {
        behavior: FittedPipeline(spec, tables, Heard(model, output), width=width)
        for output, behavior in enumerate(learnable)
    }
    return constant | fitted


@dataclass(frozen=True)
class SharedModels:
    """The models of one pipeline for all folds of a run."""

    spec: PipelineSpec
    tables: FeatureTables
    shared: SharedFolds
    seed: int

    def of_units(self, behavior: str, units: Sequence[int]) -> Mapping[int, FittedPipeline]:
        """Unit to the pipeline that has seen nothing of it.

        Models that others are at are left for last, so that several processes share the fits of all among them.
        """
        model_of = self.shared.models[behavior]
        found: dict[int, Mapping[str, FittedPipeline]] = {}
        left = sorted({model_of[unit] for unit in units})
        while left:
            before = len(left)
            for model in list(left):
                fitted = self._fitted(model, wait=False)
                if fitted is not None:
                    found[model] = fitted
                    left.remove(model)
            if left and len(left) == before:
                waited = self._fitted(left[0], wait=True)
                assert waited is not None
                found[left.pop(0)] = waited
        return {unit: found[model_of[unit]][behavior] for unit in units}

    def _fitted(self, model: int, *, wait: bool) -> Mapping[str, FittedPipeline] | None:
        return fit_shared(self.spec, self.tables, self.shared.teaching(model), self.seed + model, wait=wait)


def _kinds(teaching: Sequence[tuple[Recording, slice]]) -> set[int]:
    """The labels that there are, but for unknown ones."""
    return {int(one) for recording, frames in teaching for one in np.unique(recording.known_labels[frames])} - {UNKNOWN}


def _stretches(teaching: Teaching) -> list[tuple[Recording, slice, Array]]:
    """Each stretch of footage once, with the labels (frames, behaviors) of all behaviors that know it."""
    found: dict[tuple[str, int, int], tuple[Recording, slice, Array]] = {}
    for output, theirs in enumerate(teaching.values()):
        for recording, frames in theirs:
            key = recording.digest, frames.start, frames.stop
            if key not in found:
                nothing = np.full((frames.stop - frames.start, len(teaching)), UNKNOWN, dtype=np.int8)
                found[key] = recording, frames, nothing
            found[key][2][:, output] = recording.known_labels[frames]
    return list(found.values())


def _made_from(
    spec: PipelineSpec,
    family: SequenceFamily,
    tables: FeatureTables,
    stretches: Sequence[tuple[Recording, slice, Array]],
    behaviors: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    taught = hashlib.sha256()
    for recording, frames, labels in stretches:
        taught.update(f"{recording.digest} {frames.start} {frames.stop}".encode() + labels.tobytes())
    return {
        "model": spec.as_json(),
        "version": [family.source_version, *OWN_VERSIONS, version(family.package) if family.package else ""],
        "columns": [tables.made_from(choice, spec.preparation) for choice in spec.features],
        "behaviors": list(behaviors),
        "taught": taught.hexdigest(),
        "seed": seed,
        "device": described(tables.device),
    }
