"""Fitted detectors as files: what labels other recordings later, without the training data.

A folder holds `models.json` and, for each fitted pipeline, its columns and its model in the format of the model's own
library; what feature sets have learned lies beside them as named arrays. Nothing that is read here is ever run: JSON,
NumPy's arrays without pickles, and what the `load` of a model family takes. Each file is held against its SHA-256.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.choosing.overlaps import RULES
from harness.choosing.reliability import Reliability
from harness.errors import HarnessError
from harness.files.arrays import arrays_in
from harness.fitting.pipeline import FittedPipeline
from harness.labelling.matching import alike, beyond, held_against, lines_about
from harness.plugins.contract import Classifier, Fitted, SequenceFamily
from harness.plugins.registry import model_family_named
from harness.plugins.sequences import Heard, SequenceModel
from harness.recording import SCENE, Array, Recording
from harness.runs.differences import reinstalling, versions_that_differ
from harness.runs.versions import versions
from harness.spec import Choice, Decision, PipelineSpec, Preparation
from harness.words import shown

FILE = "models.json"
"""What is in the folder; written last, so that a folder with it is whole."""

FORMAT = 1

TAUGHT = "taught.npz"
"""Marks of the footage that taught them (`labelling.taught`)."""

COLUMNS = "columns.npz"
"""The columns of the design matrix that a model knows."""

LearnedKey = tuple[str, float, float]
"""A feature set with its parameters, and how recordings were prepared for it."""


def learned_key(choice: Choice, preparation: Preparation) -> LearnedKey:
    return json.dumps(choice.as_json(), sort_keys=True), preparation.interpolate, preparation.top_speed


@dataclass(frozen=True)
class Trained:
    """A fitted pipeline as plain data: what its worker sends."""

    constant: float | None
    """What is predicted of every frame where there was nothing to learn from; None where there is a model."""
    width: int = 0
    """Columns of the design matrix."""
    columns: Array | None = None
    """Those that the model knows; None for all."""
    files: Mapping[str, bytes] | None = None
    """The model's; None where its family cannot be kept, so that it has to be fitted again where it is used."""
    output: int | None = None
    """Of a model that is one for several behaviors, which of them it is asked for."""
    learned: Mapping[LearnedKey, Fitted] = field(default_factory=dict)
    """What its feature sets have learned from the pool."""


@dataclass(frozen=True)
class Member:
    """A fitted pipeline ready for use, and how often it counts."""

    spec: PipelineSpec
    rounds: int | None
    """After how many its model is asked; None where it has none."""
    weight: int
    width: int
    """Columns of the design matrix."""
    columns: Array | None
    """Those that the model knows; None for all."""
    classifier: Classifier | Heard | None
    """None where `constant` is predicted."""
    constant: float = 0.0


@dataclass(frozen=True)
class Blend:
    """What labels one behavior: fitted pipelines, whose probabilities are averaged, and how these are cut."""

    members: tuple[Member, ...]
    decision: Decision
    scope: str = SCENE
    """Whom the behavior is of, one of `harness.recording.SCOPES`."""
    reliability: Reliability | None = None
    """None where an earlier version kept it."""

    def calibrated(self, probabilities: Array) -> Array:
        """The averaged probabilities (frames,), moved as held-out recordings have it."""
        return probabilities if self.reliability is None else self.reliability.calibrated(probabilities)

    @property
    def threshold(self) -> float:
        """Of its decision, as calibrated probabilities have it."""
        return float(self.calibrated(np.array([self.decision.threshold]))[0])


@dataclass(frozen=True)
class Blends:
    """All that is needed to label recordings."""

    by_behavior: Mapping[str, Blend]
    learned: Mapping[LearnedKey, Fitted]
    overlaps: str = "none"
    """Who gets a frame that several claim, one of `harness.choosing.overlaps.RULES`."""
    taught: Array | None = None
    """Marks of the footage that taught them (`labelling.taught`); None where an earlier version kept them."""

    def of(self, scope: str) -> "Blends":
        """Those of behaviors of that scope, among which overlaps are."""
        return replace(self, by_behavior={name: one for name, one in self.by_behavior.items() if one.scope == scope})


@dataclass(frozen=True, slots=True)
class Part:
    """A member as it is chosen, before it is fitted."""

    spec: PipelineSpec
    rounds: int | None
    weight: int


def read_detectors(folder: Path, fit_again: Callable[[str, PipelineSpec], FittedPipeline] | None = None) -> Blends:
    """The detectors in `folder`; what could not be kept is fitted by `fit_again`, for a behavior.

    Raises `HarnessError` that names the file that is missing, damaged or something else.
    """
    stored = _Stored(folder, described(folder))
    with stored.naming(FILE):
        by_behavior = {
            one["behavior"]: Blend(
                tuple(stored.member(member, partial(_again, fit_again, one["behavior"])) for member in one["members"]),
                Decision.from_json(one["decision"]),
                one.get("of", SCENE),
                Reliability.from_json(one["reliability"]) if "reliability" in one else None,
            )
            for one in stored.plain["behaviors"]
        }
        learned = {
            (json.dumps(one["features"], sort_keys=True), one["interpolate"], one["top_speed"]): stored.arrays(
                one["file"]
            )
            for one in stored.plain["learned"]
        }
        overlaps = stored.plain.get("overlaps", "none")
        if overlaps not in RULES:
            raise ValueError(f"overlaps {overlaps!r}, expected {' or '.join(RULES)}")
        taught = stored.arrays(TAUGHT)["marks"] if TAUGHT in stored.plain["sha256"] else None
    return Blends(by_behavior, learned, overlaps, taught)


def files_in(folder: Path) -> dict[str, bytes]:
    """By name, what all files in `folder` hold. Raises `HarnessError` where one is missing or damaged."""
    stored = _Stored(folder, described(folder))
    with stored.naming(FILE):
        content = {name: stored._content(name) for name in stored.plain["sha256"]}
    return content | {FILE: (folder / FILE).read_bytes()}


@contextmanager
def laid_out(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A folder with what `files_in` gave, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="harness-models-") as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        yield folder


def _again(
    fit: Callable[[str, PipelineSpec], FittedPipeline] | None, behavior: str, spec: PipelineSpec
) -> FittedPipeline:
    if fit is None:
        raise ValueError(f"the model of {behavior} is not there")
    return fit(behavior, spec)


def ready_for(
    folder: Path,
    recordings: Sequence[Recording],
    say: Callable[[str], object] | None = None,
    *,
    other_rig: bool = False,
) -> tuple[Recording, ...]:
    """The recordings as the models in `folder` know them: keypoints in their order.

    `say` is told of what the recordings lack and the models can do without.
    Raises `HarnessError` where the models cannot be read, were fitted on recordings of other animals, or, unless it is
    known to be of `other_rig`, on some that were filmed so differently that columns are others.
    """
    plain = described(folder)
    with _Stored(folder, plain).naming(FILE):
        ready = alike(recordings, plain["body"], folder)
        lines = lines_about(recordings, plain["body"])
        members = [member for one in plain["behaviors"] for member in one["members"]]
        sets = dict.fromkeys(
            choice.name for member in members for choice in PipelineSpec.from_json(member["pipeline"]).features
        )
        problems = [] if other_rig else beyond(ready, plain["body"], sets, folder)
    if problems:
        raise HarnessError(*problems)
    if say is not None:
        for line in lines:
            say(f"note: {line}")
    return ready


def scopes_of(folder: Path) -> dict[str, str]:
    """Behavior to whom it is of, one of `harness.recording.SCOPES`, in the order of the models.

    Raises `HarnessError` where the models cannot be read.
    """
    plain = described(folder)
    with _Stored(folder, plain).naming(FILE):
        return {one["behavior"]: one.get("of", SCENE) for one in plain["behaviors"]}


def reliability_in(folder: Path) -> dict[str, Reliability]:
    """Behavior to what is known of its detector; without those that an earlier version kept.

    Raises `HarnessError` where the models cannot be read.
    """
    plain = described(folder)
    with _Stored(folder, plain).naming(FILE):
        every = {one["behavior"]: one.get("reliability") for one in plain["behaviors"]}
        return {behavior: Reliability.from_json(one) for behavior, one in every.items() if one is not None}


def odd_versions(folder: Path) -> list[str]:
    """What is another version here than where the models in `folder` were fitted, in lines.

    Raises `HarnessError` where the models cannot be read, or a plugin is not what it was.
    """
    plain = described(folder)
    with _Stored(folder, plain).naming(FILE):
        return held_against(plain.get("made_with", {}), folder)


def described(folder: Path) -> dict[str, Any]:
    """What `models.json` says. Raises `HarnessError` where it is not there or cannot be used."""
    path = folder / FILE
    try:
        plain = json.loads(path.read_bytes())
    except OSError as error:
        raise HarnessError(
            f"{path}: cannot be read ({error.strerror}); `harness export-best --models DIR` makes such a folder"
        ) from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error, {}) from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise HarnessError(f"{path}: not models of this version of harness; make them anew with export-best --models")
    return plain


@dataclass(frozen=True)
class _Stored:
    folder: Path
    plain: Mapping[str, Any]
    shared: dict[str, SequenceModel] = field(default_factory=dict)
    """By folder, the models of several behaviors that have been read."""

    def member(self, plain: Mapping[str, Any], fit_again: Callable[[PipelineSpec], FittedPipeline]) -> Member:
        spec, width = PipelineSpec.from_json(plain["pipeline"]), int(plain["table_columns"])
        ready = partial(Member, spec, plain["rounds"], int(plain["weight"]), width=width)
        if plain["constant"] is not None:
            return ready(classifier=None, columns=None, constant=float(plain["constant"]))
        if plain["folder"] is None:
            fitted = fit_again(spec)
            return ready(classifier=fitted.classifier, columns=fitted.columns)
        if "output" in plain:
            return ready(classifier=self._heard(spec, plain["folder"], int(plain["output"])), columns=None)
        columns, place = None, f"{plain['folder']}/{COLUMNS}"
        if place in self.plain["sha256"]:
            with self.naming(place):
                columns = _numbers_of_columns(self.arrays(place)["columns"], width)
        return ready(classifier=self._model(spec, f"{plain['folder']}/model/"), columns=columns)

    def _heard(self, spec: PipelineSpec, folder: str, output: int) -> Heard:
        if folder not in self.shared:
            self.shared[folder] = self._model(spec, f"{folder}/model/")
        return Heard(self.shared[folder], output)

    def _model(self, spec: PipelineSpec, place: str) -> Any:
        family = model_family_named(spec.model.name)
        if isinstance(family, SequenceFamily) and family.refusal:
            raise HarnessError(f"{self.folder}: {family.name} {family.refusal}")
        load = family.load
        if load is None:
            raise HarnessError(f"{self.folder}: the model family {spec.model.name!r} cannot load what it once kept")
        names = [name for name in self.plain["sha256"] if name.startswith(place)]
        files = {name.removeprefix(place): self._content(name) for name in names}
        with self.naming(place):
            return load(files)

    def arrays(self, name: str) -> dict[str, Array]:
        with self.naming(name):
            return arrays_in(self._content(name))

    def _content(self, name: str) -> bytes:
        """Of a file of the folder. Raises `HarnessError` where it is not what was written."""
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise HarnessError(f"{path}: cannot be read ({error.strerror}); export the models again") from error
        if hashlib.sha256(content).hexdigest() != self.plain["sha256"][name]:
            raise HarnessError(f"{path}: damaged, not what was written; export the models again")
        return content

    @contextmanager
    def naming(self, name: str) -> Iterator[None]:
        """Turn what reading a file's content raises into an error that names it."""
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(self.folder / name, error, self.plain) from error


def _damaged(path: Path, error: Exception, plain: Mapping[str, Any]) -> HarnessError:
    found = f"{type(error).__name__}: {error}" if isinstance(error, KeyError | AttributeError) else str(error)
    made = plain.get("made_with")
    before = made.get("versions") if isinstance(made, dict) else None
    if isinstance(before, dict) and before != versions():
        other = f"made with {', '.join(versions_that_differ(before, versions()))}"
        way = f"{other}; {reinstalling(before, versions())} may read it, or export the models again"
    else:
        way = "export the models again"
    return HarnessError(f"{path}: damaged or something else ({shown(found)}); {way}")


def _numbers_of_columns(columns: Array, width: int) -> Array:
    if columns.ndim != 1 or columns.dtype.kind not in "iu" or not ((columns >= 0) & (columns < width)).all():
        raise ValueError(f"columns that are not among {width}")
    return columns
