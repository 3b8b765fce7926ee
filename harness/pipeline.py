"""From poses to probabilities: feature columns, their windows, training rows, and the fitted model."""

import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from harness import identities, pose_windows, poses, windows
from harness import recording as recording_module
from harness.cache import BlockCache
from harness.identities import unordered, with_unordered
from harness.poses import interpolated, without_jumps
from harness.recording import Array, Recording
from harness.registry import Classifier, Fitted, feature_set_named, model_family_named
from harness.screening import effects, steadiest
from harness.spec import Choice, PipelineSpec, Preparation
from harness.windows import with_windows

HELD_BYTES = 300_000_000
"""How much a `FeatureTables` keeps in memory beside the cache on disk."""

SHARED_VERSIONS = [
    np.__version__,
    *(
        hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for file in (__file__, *map(inspect.getfile, (identities, pose_windows, poses, recording_module, windows)))
    ),
]
"""Of all that any feature set may compute with: blocks made by other versions of it are not reused."""


@dataclass
class FeatureTables:
    """Design matrices of recordings, block by block from the cache; the tables last used are held in memory."""

    cache: BlockCache
    pool: tuple[Recording, ...]
    """What feature sets are fitted on: poses only."""
    held: dict[tuple[str, str], Array] = field(default_factory=dict)

    @cached_property
    def pool_digests(self) -> list[str]:
        return [recording.digest for recording in self.pool]

    def design_matrix(self, recording: Recording, features: Sequence[Choice], preparation: Preparation) -> Array:
        """X (frames, columns) float32, NaN where something is missing; no columns where no features are asked for."""
        settings = preparation.as_json() | {"negatives": 0, "columns": 0}
        key = (recording.digest, f"{[choice.as_json() for choice in features]} {settings}")
        if key in self.held:
            self.held[key] = self.held.pop(key)  # now the one last used
            return self.held[key]
        blocks = [self._block(recording, choice, preparation) for choice in features]
        widths, statistics = preparation.window_seconds, preparation.window_statistics
        ends = np.cumsum([0, *(block.shape[1] * (1 + len(widths) * len(statistics)) for block in blocks)])
        table = np.empty((recording.frames, ends[-1]), dtype=np.float32)
        for block, start, stop in zip(blocks, ends[:-1], ends[1:], strict=True):
            with_windows(block, recording.fps, widths, statistics, out=table[:, start:stop])
        self.held[key] = table
        while sum(held.nbytes for held in self.held.values()) > HELD_BYTES and len(self.held) > 1:
            del self.held[next(iter(self.held))]
        return table

    def _block(self, recording: Recording, choice: Choice, preparation: Preparation) -> Array:
        plugin = feature_set_named(choice.name)
        made_from: dict[str, Any] = {
            "features": choice.as_json(),
            "version": [plugin.source_version, *SHARED_VERSIONS],
            "interpolate": preparation.interpolate,
            "top_speed": preparation.top_speed,
        }
        if plugin.fit is not None:
            made_from["pool"] = self.pool_digests

        def compute() -> Array:
            # What was learned is read only where columns are to be computed with it.
            learned = plugin.fit and self.cache.arrays(made_from, lambda: self._fitted(choice, preparation))
            return _columns(recording, choice, preparation, learned)

        of_this = {"recording": recording.digest, "identities": preparation.identities}
        return self.cache.block(made_from | of_this, compute)

    def _fitted(self, choice: Choice, preparation: Preparation) -> Fitted:
        fit = feature_set_named(choice.name).fit
        assert fit is not None
        return fit(_PreparedOneByOne(self.pool, preparation), **choice.parameters)


@dataclass(frozen=True)
class _PreparedOneByOne:
    """Prepared recordings that are made when their turn comes, so that fitting needs memory for one of them."""

    recordings: tuple[Recording, ...]
    preparation: Preparation

    def __iter__(self) -> Iterator[Recording]:
        for recording in self.recordings:
            yield _prepared(recording, self.preparation.interpolate, self.preparation.top_speed)


@lru_cache(maxsize=1)
def _prepared(recording: Recording, interpolate: float, top_speed: float) -> Recording:
    """What feature sets see of `recording`; the last is kept, since one set after the other asks for it."""
    trusted = without_jumps(recording, top_speed) if top_speed else recording
    return replace(interpolated(trusted, interpolate), labels=None)


def _columns(recording: Recording, choice: Choice, preparation: Preparation, fitted: Fitted | None) -> Array:
    """The block (frames, columns) float32 that the feature set makes of the recording."""
    seen = _prepared(recording, preparation.interpolate, preparation.top_speed)
    arguments = (seen,) if fitted is None else (seen, fitted)
    columns = feature_set_named(choice.name).function(*arguments, **choice.parameters)
    block = np.empty((recording.frames, len(columns)), dtype=np.float32)
    for place, (name, values) in enumerate(columns.items()):
        block[:, place] = values
        if np.isinf(block[:, place]).any():
            raise ValueError(f"{choice.name}: column {name!r} of {recording.id} holds an infinite value")
    if preparation.identities == "kept":
        return block
    return (unordered if preparation.identities == "unordered" else with_unordered)(list(columns), block)


@dataclass(frozen=True)
class FittedPipeline:
    """A pipeline that has learned."""

    spec: PipelineSpec
    tables: FeatureTables
    classifier: Classifier | None
    """None where training held no positive frame (or nothing else): `constant` is predicted."""
    constant: float = 0.0
    columns: Array | None = None
    """The columns of the design matrix that the classifier knows; None for all."""

    def probabilities(self, recording: Recording) -> Mapping[int | None, Array]:
        """The probability (frames,) float32 of the behavior, by number of rounds; None where there are no rounds."""
        if self.classifier is None:
            return {None: np.full(recording.frames, self.constant, dtype=np.float32)}
        X = self.tables.design_matrix(recording, self.spec.features, self.spec.preparation)
        X = X if self.columns is None else X[:, self.columns]
        staged = getattr(self.classifier, "staged_probabilities", None)
        if staged is None:
            return {None: _checked(self.classifier.predict_proba(X)[:, 1], recording)}
        return {rounds: _checked(values, recording) for rounds, values in staged(X).items()}


def fit_pipeline(
    spec: PipelineSpec, tables: FeatureTables, training: Sequence[tuple[Recording, slice]], seed: int
) -> FittedPipeline:
    """Fit on the given frames of labelled recordings, their negatives thinned and columns screened on them alone."""
    X, y = [], []
    for recording, frames in training:
        labels = recording.known_labels[frames]
        kept = (labels == 1) | (np.arange(len(labels)) % spec.preparation.negatives == 0)
        table = tables.design_matrix(recording, spec.features, spec.preparation)
        X.append(table[frames][kept])
        y.append(labels[kept])
    target = np.concatenate(y) if y else np.zeros(0, dtype=np.int8)
    if len(np.unique(target)) < 2:
        return FittedPipeline(spec, tables, None, float(target.any()))
    columns = _steady_columns(X, y, spec.preparation.columns)
    if columns is not None:
        X = [table[:, columns] for table in X]
    classifier: Classifier = model_family_named(spec.model.name).function(seed, **spec.model.parameters)
    classifier.fit(np.concatenate(X), target)
    return FittedPipeline(spec, tables, classifier, columns=columns)


def _steady_columns(X: Sequence[Array], y: Sequence[Array], count: int) -> Array | None:
    """The columns to learn from, screened on training frames alone; None for all of them."""
    telling = [(table, labels) for table, labels in zip(X, y, strict=True) if len(np.unique(labels)) == 2]
    if X[0].shape[1] <= count or not telling:
        return None
    return steadiest([effects(table, labels) for table, labels in telling], count)


def _checked(values: Array, recording: Recording) -> Array:
    probabilities = np.asarray(values, dtype=np.float32)
    if probabilities.shape != (recording.frames,) or not np.isfinite(probabilities).all():
        raise ValueError(f"the model gave no probability for some of the {recording.frames} frames of {recording.id}")
    return probabilities
