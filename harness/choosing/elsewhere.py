"""What the other behaviors' trials say of a pipeline: a guide where a behavior's own recordings are too few to tell.

The same pipelines are tried on every behavior of a run. Which of them suit these animals, this skeleton and this
tracker shows on all behaviors together long before it shows on one that was seen in two recordings.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass

import numpy as np

from harness.fitting.evaluation import average_precision
from harness.recording import Array
from harness.spec import PipelineSpec

FLOOR = 1e-3
"""Added to average precisions before their logarithm is taken: below this, differences tell nothing."""

RIDGE = 3.0
"""How many trials' worth of doubt there is about each trait."""


@dataclass(frozen=True, slots=True)
class Standings:
    """How well each trial of a behavior did among that behavior's trials, on each unit."""

    specs: tuple[PipelineSpec, ...]
    """Of the trials."""
    values: Array
    """(trials, units): log average precision in standard deviations from the trials' mean; 0 without positives."""
    weights: Array
    """(units,): the root of the number of positive frames."""
    sources: tuple[str, ...]
    """The digest of the recording that each unit is, or was cut from."""


def standings(
    specs: Sequence[PipelineSpec],
    out_of_fold: Sequence[Sequence[Array]],
    labels: Sequence[Array],
    sources: Sequence[str],
) -> Standings:
    """From the trials' out-of-fold probabilities (frames,) of every unit, and the labels (frames,) of the units."""
    precision = np.array(
        [[average_precision(truth, one) for truth, one in zip(labels, units, strict=True)] for units in out_of_fold]
    )
    values = np.log(precision + FLOOR)
    values -= values.mean(axis=0)
    spread = values.std(axis=0)
    values /= np.where(spread > 0, spread, 1)
    weights = np.sqrt([float(np.sum(truth == 1)) for truth in labels])
    return Standings(tuple(specs), values, weights, tuple(sources))


def expected(specs: Sequence[PipelineSpec], elsewhere: Sequence[Standings], without: Set[str]) -> Array:
    """The standing that each of `specs` can be expected to have, from the trials of other behaviors: (specs,).

    A ridge regression of the trials' standings on the traits of their pipelines. Units of the recordings `without`
    have no say, so that a recording that is judged has none for any of its behaviors.
    """
    pipelines: list[PipelineSpec] = []
    means: list[Array] = []
    for one in elsewhere:
        weights = np.where([source in without for source in one.sources], 0, one.weights)
        if weights.sum() > 0:
            pipelines += one.specs
            means.append(one.values @ (weights / weights.sum()))
    if not means:
        return np.zeros(len(specs))
    places: dict[str, int] = {}
    for spec in [*pipelines, *specs]:
        for trait in _traits(spec):
            places.setdefault(trait, len(places))
    known, asked = _table(pipelines, places), _table(specs, places)
    worth = np.linalg.solve(known.T @ known + RIDGE * np.eye(len(places)), known.T @ np.concatenate(means))
    # Pipelines with the same traits are equal, whatever the last digits say.
    return np.round(asked @ worth, 6)


def _traits(spec: PipelineSpec) -> list[str]:
    """What a pipeline has in common with others: its model, its feature sets, both together, its preparation."""
    stack = "+".join(choice.name for choice in spec.features)
    preparation: Mapping[str, object] = asdict(spec.preparation)
    common = [f"model {spec.model.name}", f"stack {stack}", f"arm {stack}/{spec.model.name}"]
    return common + [f"{name} {value}" for name, value in preparation.items()]


def _table(specs: Sequence[PipelineSpec], places: Mapping[str, int]) -> Array:
    """Which traits (columns) each pipeline has: (specs, traits) of 0 and 1."""
    table = np.zeros((len(specs), len(places)))
    for row, spec in enumerate(specs):
        table[row, [places[trait] for trait in _traits(spec)]] = 1
    return table
