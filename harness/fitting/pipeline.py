"""From poses to probabilities: feature columns, their windows, training rows, and the fitted model."""

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from harness import recording as recording_module
from harness.columns import identities, pose_windows, poses, tiles, windows
from harness.columns.cache import BlockCache
from harness.columns.identities import identified, of_first, sorted_names
from harness.columns.poses import interpolated, without_jumps
from harness.columns.screening import effects, steadiest
from harness.columns.windows import with_windows
from harness.networks.device import CPU
from harness.plugins.contract import Classifier, Fitted
from harness.plugins.registry import feature_set_named, model_family_named
from harness.plugins.sequences import Heard
from harness.recording import ONE, Array, Recording
from harness.spec import Choice, PipelineSpec, Preparation

T = TypeVar("T")

HELD_BYTES = 300_000_000
"""How much a `FeatureTables` keeps in memory beside the cache on disk."""

TOLD_BYTES = 30_000_000
"""How much of the effects of columns."""

NAMING_FRAMES = 300
"""So many frames are enough to learn what a feature set calls its columns."""

FEWEST_NEGATIVES = 100
"""Of a recording, however few positive frames it has."""

SHARED_VERSIONS = [
    np.__version__,
    *(
        hashlib.sha256(Path(file).read_bytes()).hexdigest()
        for file in (
            __file__,
            *map(inspect.getfile, (identities, pose_windows, poses, recording_module, tiles, windows)),
        )
    ),
]
"""Of all that any feature set may compute with: blocks made by other versions of it are not reused."""


@dataclass(frozen=True)
class TrainingRows:
    """What one recording gives to learn from: its positive frames, and a share of the others."""

    X: Array
    """(rows, columns) float32."""
    y: Array
    """(rows,) int8."""

    @cached_property
    def effects(self) -> Array | None:
        """(columns,), how far each column tells the two kinds of rows apart; None where there is one kind only."""
        return effects(self.X, self.y) if len(np.unique(self.y)) == 2 else None


@dataclass(frozen=True)
class Thinned:
    """Which frames of a labelled recording are learned from: all positive ones, and so many others, evenly spaced."""

    recording: Recording
    frames: slice
    """Of these."""
    features: Sequence[Choice]
    preparation: Preparation
    negatives: int

    @cached_property
    def kept(self) -> Array:
        """(rows,), which of `frames` are learned from."""
        others = np.flatnonzero(self._labels == 0)
        spaced = np.round(np.linspace(0, len(others) - 1, min(len(others), self.negatives))).astype(np.int64)
        return np.sort(np.concatenate([np.flatnonzero(self._labels == 1), others[spaced]]))

    @cached_property
    def target(self) -> Array:
        """(rows,) int8."""
        return np.asarray(self._labels[self.kept])

    @cached_property
    def key(self) -> str:
        """The same where the rows are the same."""
        of_labels = hashlib.sha256(np.ascontiguousarray(self._labels).tobytes()).hexdigest()
        return f"{_key(self.recording, self.features, self.preparation)} {self.frames} {self.negatives} {of_labels}"

    @property
    def _labels(self) -> Array:
        return self.recording.known_labels[self.frames]


@dataclass
class FeatureTables:
    """Design matrices of recordings, block by block from the cache; what was last used is held in memory.

    So a trial computes the windows and the training rows of a recording once, not once a fold, and the next trial
    that prepares the same features alike computes none.
    """

    cache: BlockCache
    pool: tuple[Recording, ...]
    """What feature sets are fitted on: poses only."""
    held: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """Key to bytes and value, the one last used at the end."""
    told: dict[str, tuple[int, Any]] = field(default_factory=dict)
    """The same of what is small, and so outlasts the tables that it was told from."""
    device: str = CPU
    """Where models learn from them that can do so on a graphics card."""

    @cached_property
    def pool_digests(self) -> list[str]:
        return [recording.digest for recording in self.pool]

    def design_matrix(self, recording: Recording, features: Sequence[Choice], preparation: Preparation) -> Array:
        """X (frames, columns) float32, NaN where something is missing; no columns where no features are asked for."""
        return self._held(
            _key(recording, features, preparation), lambda: self._table(recording, features, preparation), _nbytes
        )

    def training_rows(self, asked: Thinned) -> TrainingRows:
        """What a recording gives to learn from."""

        def compute() -> TrainingRows:
            matrix = self.design_matrix(asked.recording, asked.features, asked.preparation)
            return TrainingRows(matrix[asked.frames][asked.kept], asked.target)

        return self._held(asked.key, compute, lambda rows: _nbytes(rows.X))

    def effects(self, asked: Thinned) -> Array | None:
        """The `effects` of its training rows, which are held when there is no room for the rows any more."""
        return _looked_up(
            self.told,
            TOLD_BYTES,
            asked.key,
            lambda: self.training_rows(asked).effects,
            lambda one: 0 if one is None else one.nbytes,
        )

    def _held(self, key: str, compute: Callable[[], T], size: Callable[[T], int]) -> T:
        return _looked_up(self.held, HELD_BYTES, key, compute, size)

    def _table(self, recording: Recording, features: Sequence[Choice], preparation: Preparation) -> Array:
        blocks = [self._block(recording, choice, preparation) for choice in features]
        widths, statistics = preparation.window_seconds, preparation.window_statistics
        ends = np.cumsum([0, *(block.shape[1] * (1 + len(widths) * len(statistics)) for block in blocks)])
        table = np.empty((recording.frames, ends[-1]), dtype=np.float32)
        for block, start, stop in zip(blocks, ends[:-1], ends[1:], strict=True):
            with_windows(block, recording.fps, widths, statistics, out=table[:, start:stop])
        return table

    def learned(self, choice: Choice, preparation: Preparation) -> Fitted | None:
        """What the feature set has learned from the pool; None where it does not learn."""
        return self._learned(self.made_from(choice, preparation), choice, preparation)

    def _learned(self, made_from: Mapping[str, Any], choice: Choice, preparation: Preparation) -> Fitted | None:
        plugin = feature_set_named(choice.name)
        if plugin.fit is None:
            return None
        pool = _PreparedOneByOne(self.pool, preparation)

        def kept(number: int, learn: Callable[[], Fitted]) -> Fitted:
            return self.cache.arrays({**made_from, "round": number}, learn)

        whole = self.cache.arrays_of_one(made_from, lambda: plugin.learned(pool, choice.parameters, kept), wait=True)
        assert whole is not None  # it has waited
        return whole

    def made_from(self, choice: Choice, preparation: Preparation) -> dict[str, Any]:
        """All that decides what the columns of a feature set are, but for the recording."""
        plugin = feature_set_named(choice.name)
        made_from: dict[str, Any] = {
            "features": choice.as_json(),
            "version": [plugin.source_version, *SHARED_VERSIONS],
            "interpolate": preparation.interpolate,
            "top_speed": preparation.top_speed,
        }
        if plugin.fit is not None:
            made_from["pool"] = self.pool_digests
        return made_from

    def _block(self, recording: Recording, choice: Choice, preparation: Preparation) -> Array:
        made_from = self.made_from(choice, preparation)

        def compute() -> Array:
            # What was learned is read only where columns are to be computed with it.
            return _columns(recording, choice, preparation, self._learned(made_from, choice, preparation))

        of_this = {"recording": recording.digest, "identities": preparation.identities}
        return self.cache.block(made_from | of_this, compute)

    def block_names(self, recording: Recording, choice: Choice, preparation: Preparation) -> list[str]:
        """What the columns of a feature set's block are called, before windows."""
        names, _ = named_block(recording, choice, preparation, self.learned(choice, preparation))
        return names if preparation.identities == "kept" else sorted_names(names, preparation.identities == "both")


def _key(recording: Recording, features: Sequence[Choice], preparation: Preparation) -> str:
    """Of a design matrix, which does not depend on how training thins its rows and screens its columns."""
    settings = preparation.as_json() | {"negatives": 0, "columns": 0}
    return f"{recording.digest} {[choice.as_json() for choice in features]} {settings}"


def _looked_up(
    held: dict[str, tuple[int, Any]], limit: int, key: str, compute: Callable[[], T], size: Callable[[T], int]
) -> T:
    """What is held under the key, else what is computed; what was used longest ago goes where there is no room."""
    if key in held:
        held[key] = held.pop(key)  # now the one last used
    else:
        made = compute()
        held[key] = size(made), made
        while sum(nbytes for nbytes, _ in held.values()) > limit and len(held) > 1:
            del held[next(iter(held))]
    value: T = held[key][1]
    return value


def _nbytes(table: Array) -> int:
    return int(table.nbytes)


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
    mended = _mended(recording, interpolate, top_speed)
    others = [replace(recording, keypoints=other[:, None], confidence=None) for other in recording.others]
    tracks = tuple(_mended(other, interpolate, top_speed).keypoints[:, 0] for other in others)
    return replace(mended, labels=None, others=tracks)


def _mended(recording: Recording, interpolate: float, top_speed: float) -> Recording:
    return interpolated(without_jumps(recording, top_speed) if top_speed else recording, interpolate)


def _columns(recording: Recording, choice: Choice, preparation: Preparation, fitted: Fitted | None) -> Array:
    """The block (frames, columns) float32 that the feature set makes of the recording, with its identities."""
    names, block = named_block(recording, choice, preparation, fitted)
    return identified(names, block, preparation.identities)


def named_block(
    recording: Recording, choice: Choice, preparation: Preparation, fitted: Fitted | None
) -> tuple[list[str], Array]:
    """Names and values (frames, columns) float32 of what the set makes of the recording; identities are kept.

    An act of one animal alone sees its agent twice: columns of the second, and of the two together, are left out.
    """
    plugin = feature_set_named(choice.name)
    if plugin.as_filmed:
        seen = replace(recording, labels=None)
    else:
        seen = _prepared(recording, preparation.interpolate, preparation.top_speed)
    arguments = (seen,) if fitted is None else (seen, fitted)
    columns = plugin.function(*arguments, **choice.parameters)
    if recording.scope == ONE:
        columns = {name: values for name, values in columns.items() if of_first(name)}
    block = np.empty((recording.frames, len(columns)), dtype=np.float32)
    for place, (name, values) in enumerate(columns.items()):
        block[:, place] = values
        if np.isinf(block[:, place]).any():
            raise ValueError(f"{choice.name}: column {name!r} of {recording.id} holds an infinite value")
    return list(columns), block


@dataclass(frozen=True)
class FittedPipeline:
    """A pipeline that has learned."""

    spec: PipelineSpec
    tables: FeatureTables
    classifier: Classifier | Heard | None
    """None where training held no positive frame (or nothing else): `constant` is predicted."""
    constant: float = 0.0
    columns: Array | None = None
    """The columns of the design matrix that the classifier knows; None for all."""
    width: int = 0
    """How many columns the design matrix has."""

    def probabilities(self, recording: Recording) -> Mapping[int | None, Array]:
        """The probability (frames,) float32 of the behavior, by number of rounds; None where there are no rounds."""
        if self.classifier is None:
            return {None: np.full(recording.frames, self.constant, dtype=np.float32)}
        X = self.tables.design_matrix(recording, self.spec.features, self.spec.preparation)
        if isinstance(self.classifier, Heard):
            return {None: checked(self.classifier.probabilities(X, recording.fps), recording)}
        X = X if self.columns is None else X[:, self.columns]
        staged = getattr(self.classifier, "staged_probabilities", None)
        if staged is None:
            both = np.asarray(self.classifier.predict_proba(X))
            if both.ndim != 2 or both.shape[1] != 2:
                raise ValueError(f"the model gave an array {both.shape}, expected a row of two for each frame")
            return {None: checked(both[:, 1], recording)}
        return {rounds: checked(values, recording) for rounds, values in staged(X).items()}


def fit_pipeline(
    spec: PipelineSpec, tables: FeatureTables, training: Sequence[tuple[Recording, slice]], seed: int
) -> FittedPipeline:
    """Fit on the given frames of labelled recordings, their negatives thinned and columns screened on them alone.

    The rows of one recording at a time are in memory with all their columns, besides what `tables` holds.
    """
    asked = [
        Thinned(recording, frames, spec.features, spec.preparation, negatives)
        for (recording, frames), negatives in zip(training, _negatives(training, spec), strict=True)
    ]
    targets = [one.target for one in asked]
    target = np.concatenate(targets) if targets else np.zeros(0, dtype=np.int8)
    if len(np.unique(target)) < 2:
        return FittedPipeline(spec, tables, None, float(target.any()))
    width = tables.training_rows(asked[0]).X.shape[1]
    if spec.features and not width:  # of the agent alone these sets say nothing
        return FittedPipeline(spec, tables, None, float(target.mean()))
    columns = None
    if width > spec.preparation.columns:
        telling = [effects for one in asked if (effects := tables.effects(one)) is not None]
        columns = steadiest(telling, spec.preparation.columns) if telling else None
    X = np.empty((len(target), width if columns is None else len(columns)), dtype=np.float32)
    stops = np.cumsum([len(one) for one in targets])
    for one, part in zip(asked, np.split(X, stops[:-1]), strict=True):
        rows = tables.training_rows(one).X
        if columns is None:
            part[:] = rows
        else:
            np.take(rows, columns, axis=1, out=part, mode="clip")  # the mode that writes straight into `out`
    classifier: Classifier = model_family_named(spec.model.name).function(seed, **spec.model.parameters)
    classifier.fit(X, target)
    return FittedPipeline(spec, tables, classifier, columns=columns, width=width)


def _negatives(training: Sequence[tuple[Recording, slice]], spec: PipelineSpec) -> list[int]:
    """How many frames without the behavior are wanted of each recording: as many times more than it has with it.

    So each recording that shows the behavior says as much of what is not the behavior as of what is. One that does
    not show it counts as if it did as much as the others do.
    """
    positives = [int((recording.known_labels[frames] == 1).sum()) for recording, frames in training]
    showing = [count for count in positives if count] or [0]
    usual = sum(showing) / len(showing)
    return [max(FEWEST_NEGATIVES, round(spec.preparation.negatives * (count or usual))) for count in positives]


def checked(values: Array, recording: Recording) -> Array:
    """What a model gives for the frames of a recording, as float32. Raises `ValueError` where some have none."""
    probabilities = np.asarray(values, dtype=np.float32)
    if probabilities.shape != (recording.frames,) or not np.isfinite(probabilities).all():
        raise ValueError(f"the model gave no probability for some of the {recording.frames} frames of {recording.id}")
    return probabilities


def column_names(tables: FeatureTables, recording: Recording, spec: PipelineSpec) -> list[tuple[str, str, str]]:
    """Of each column of the design matrix: its feature set, the set's own name for it, and what a window made of it.

    The last is empty for the column itself. Which columns there are does not depend on how long the recording is.
    """
    widths, statistics = spec.preparation.window_seconds, spec.preparation.window_statistics
    made = ["", *(f"{statistic} {width:g}s" for width in widths for statistic in statistics)]
    short = recording.cut(0, min(recording.frames, NAMING_FRAMES))
    return [
        (choice.name, column, window)
        for choice in spec.features
        for columns in [tables.block_names(short, choice, spec.preparation)]
        for window in made
        for column in columns
    ]
