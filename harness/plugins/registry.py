"""The plugin contract: feature sets, model families and smoothers, and how they are found.

A plugin is one decorated function in one file. Its keyword-only parameters are what can be tuned, and their
defaults work alone. The file being in `harness/features`, `harness/models` or `harness/smoothers` registers it;
other packages use the entry points `harness.features`, `harness.models`, `harness.smoothers`; a file of the
user's own is loaded by its path.
"""

import hashlib
import importlib
import inspect
import os
import pkgutil
import re
import shlex
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

from harness.errors import HarnessError, unknown
from harness.plugins.moved import where_now
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS
from harness.plugins.sequences import SequenceModel
from harness.recording import Array, Recording
from harness.spec import Value

Columns = Mapping[str, Array]
"""Column name to values (frames,)."""

Fitted = Mapping[str, Array]
"""What a feature set learned from poses: named arrays."""


class Classifier(Protocol):
    """What a model family builds. One thread; the same data and seed give the same probabilities."""

    def fit(self, X: Array, y: Array) -> Any:
        """Learn from X (frames, columns) float32, with NaN for missing, and y (frames,) of 0 and 1, both present."""

    def predict_proba(self, X: Array) -> Array:
        """Probabilities (frames, 2) of 0 and 1."""


class StagedClassifier(Classifier, Protocol):
    """A classifier that grows in rounds, and can tell what it would have said after fewer of them."""

    def staged_probabilities(self, X: Array) -> Mapping[int, Array]:
        """Number of rounds to the probability (frames,) of 1, in growing order; the last is the whole model's."""


@runtime_checkable
class SavedClassifier(Classifier, Protocol):
    """A classifier that can be kept in files, from which the `load` of its family makes it again."""

    def saved(self) -> Mapping[str, bytes]:
        """File name to content, once it is fitted. Nothing in them is ever run, so pickles are out of place."""


@runtime_checkable
class SparingClassifier(Classifier, Protocol):
    """A classifier that knows which columns it does not look at, so that they need not be computed."""

    def used_columns(self) -> Array:
        """Those that have a say in what a fitted one predicts, in growing order; any number may stand in the others."""


@runtime_checkable
class SteppedClassifier(StagedClassifier, Protocol):
    """A staged classifier that can stop early, where that costs less than all stages."""

    def probability_after(self, rounds: int, X: Array) -> Array:
        """The very probabilities (frames,) that `staged_probabilities` gives after so many rounds."""


@dataclass(frozen=True)
class Plugin:
    """What all plugins have: a name, a function, and parameters with defaults."""

    name: str
    function: Callable[..., Any]

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """The tunable parameters (keyword-only ones) and their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def ranges_beside(self) -> Path:
        """`<name>.toml` beside the plugin's own file, which a plugin of the user's may bring its ranges in."""
        return Path(inspect.getfile(self.function)).with_name(f"{self.name}.toml")

    @cached_property
    def source_version(self) -> str:
        """SHA-256 of the file the plugin is written in: what it computes may change when that does."""
        return hashlib.sha256(self._source).hexdigest()

    @property
    def _source(self) -> bytes:
        file = inspect.getfile(self.function)
        if file in _LOADED:
            return _LOADED[file]
        try:
            return Path(file).read_bytes()
        except OSError as error:
            raise HarnessError(f"{self.name!r}: its file {file} cannot be read ({error.strerror})") from error


NEEDS: Mapping[str, tuple[Callable[[Recording], bool], str]] = {
    "confidence": (
        lambda recording: recording.confidence is not None,
        "needs the tracker's confidence, which the recordings do not hold",
    ),
    "others": (lambda recording: bool(recording.others), "needs animals beside agent and target"),
    "scale": (lambda recording: recording.pixels_per_cm is not None, "needs pixels_per_cm in dataset.toml"),
    "arena": (lambda recording: recording.arena is not None, "needs an [arena] in dataset.toml"),
}
"""What a feature set can need: whether a recording holds it, and what is said where none does."""


@dataclass(frozen=True)
class FeatureSet(Plugin):
    """`function(recording, *, parameters) -> Columns`, or `function(recording, fitted, *, parameters)` with `fit`."""

    roles: tuple[str, ...] = ()
    """Roles without which the columns cannot be computed."""
    animals: int = 1
    """Animals that must be in the recording."""
    reach_seconds: float = 0.0
    """The farthest a row looks from its own frame, at any value of the parameters."""
    fit: Callable[..., Fitted] | None = None
    """`fit(recordings, *, parameters) -> Fitted`, from poses alone; None where nothing is learned.

    `recordings` may be iterated over more than once and gives one at a time, so that only one is in memory.
    """
    needs: tuple[str, ...] = ()
    """Of `NEEDS`, what some recording must hold; columns are NaN for one that does not."""
    invariant_to: tuple[str, ...] = ()
    """Which changes of the recording (of `INVARIANCES`) change no column, with the default parameters."""

    def refusal(self, *recordings: Recording) -> str | None:
        """Why the set cannot be computed on such recordings, one or more; None where it can."""
        lacking = recordings[0].skeleton.lacking(self.roles)
        if lacking:
            return f"no keypoint plays the role {', '.join(lacking)}; name them in dataset.toml"
        fewest, most = min(one.animals for one in recordings), max(one.animals for one in recordings)
        if fewest < self.animals:
            return f"needs {self.animals} animals, the recordings have {fewest}"
        if self.fit is not None and fewest < most:
            return f"learns from equally many animals, some behaviors are of {fewest} and some of {most}"
        for need in self.needs:
            held, otherwise = NEEDS[need]
            if not any(map(held, recordings)):
                return otherwise
        return None


@dataclass(frozen=True)
class ModelFamily(Plugin):
    """`function(seed, *, parameters) -> Classifier`, unfitted."""

    baseline: bool = False
    """A yardstick that looks at no features, runs once, and is never exported while anything else finished."""
    load: Callable[[Mapping[str, bytes]], Classifier] | None = None
    """`load(files) -> Classifier`, from what `saved()` of a fitted one gave; None where a family cannot be kept.

    Raises `ValueError` where the files are not what `saved()` gives.
    """


@dataclass(frozen=True)
class SequenceFamily(ModelFamily):
    """`function(seed, *, parameters) -> SequenceModel`, unfitted: one model sees recordings whole, for all behaviors.

    Its `load` gives a `SequenceModel`. Feature columns come to it without windows, and no frame is left out.
    """

    inputs: tuple[tuple[str, ...], ...] = ()
    """Which feature sets it is tried with, each time some together; none where it takes all that there are."""
    reach_seconds: float = 0.0
    """The farthest that a probability looks from its own frame, at any value of the parameters."""
    package: str = ""
    """What has to be installed for it to work, and at the same time the extra that brings it."""
    tells_animals_apart: bool = False
    """Whether it makes no sense of columns that are sorted where tracks may swap the animals."""

    @property
    def refusal(self) -> str | None:
        """Why it cannot be used here; None where it can."""
        if not self.package or find_spec(self.package) is not None:
            return None
        return f"needs {self.package}; pip install 'behavior-harness[{self.package}]'"


@dataclass(frozen=True)
class Smoother(Plugin):
    """`function(probabilities, fps, *, parameters) -> probabilities`, both (frames,) of one recording."""

    reach_seconds: float = 0.0
    """The farthest a smoothed value looks from its own frame, at any value of the parameters."""


@dataclass(frozen=True, slots=True)
class PluginFile:
    """A file with plugins of the user's, and what it held when it was read.

    So every worker loads the same, though it does not see the file, or the file is edited meanwhile.
    """

    path: Path
    """As the user gave it."""
    place: Path
    """Whatever folder a command is given in."""
    source: bytes

    @classmethod
    def read(cls, path: Path) -> "PluginFile":
        """Raises `HarnessError` where there is no such Python file."""
        if path.suffix != ".py" or not os.path.isfile(path):  # a name that is too long is no file either
            raise HarnessError(f"--plugin {path}: no such Python file")
        try:
            return cls(path, Path(os.path.realpath(path)), path.read_bytes())
        except OSError as error:
            raise HarnessError(f"--plugin {path}: cannot be read ({error.strerror})") from error


_LOADED: dict[str, bytes] = {}
"""By its name, what each loaded file of the user's held."""

P = TypeVar("P", bound=Plugin)

RESERVED = ("model", "preparation")
"""Words that stand beside feature sets in the names of parameters."""

INVARIANCES = ("translation", "rotation", "scale", "mirror", "frame_rate")
"""What a feature set can claim to be invariant to: the scene moved, turned, zoomed, seen in a mirror (left and right
keypoints change places), and filmed at another frame rate."""

FEATURES: dict[str, FeatureSet] = {}
MODELS: dict[str, ModelFamily] = {}
SMOOTHERS: dict[str, Smoother] = {}
REGISTRIES: Mapping[str, Mapping[str, Plugin]] = {"features": FEATURES, "models": MODELS, "smoothers": SMOOTHERS}
"""By kind, as folders and entry points are named."""


def feature_set(
    name: str,
    *,
    roles: Sequence[str] = (),
    animals: int = 1,
    reach_seconds: float = 0.0,
    fit: Callable[..., Fitted] | None = None,
    needs: Sequence[str] = (),
    invariant_to: Sequence[str] = (),
) -> Callable[[Callable[..., Columns]], Callable[..., Columns]]:
    """Register a function as the feature set `name`; see `FeatureSet`."""
    if odd := set(invariant_to) - set(INVARIANCES):
        raise unknown(f"{name}: invariance", sorted(odd)[0], INVARIANCES)
    if odd := set(needs) - set(NEEDS):
        raise unknown(f"{name}: need", sorted(odd)[0], NEEDS)

    def register(function: Callable[..., Columns]) -> Callable[..., Columns]:
        declared = (tuple(roles), animals, reach_seconds, fit, tuple(needs), tuple(invariant_to))
        _add(FEATURES, "feature set", FeatureSet(name, function, *declared))
        return function

    return register


def model_family(
    name: str, *, baseline: bool = False, load: Callable[[Mapping[str, bytes]], Classifier] | None = None
) -> Callable[[Callable[..., Classifier]], Callable[..., Classifier]]:
    """Register a function as the model family `name`; see `ModelFamily`."""

    def register(function: Callable[..., Classifier]) -> Callable[..., Classifier]:
        _add(MODELS, "model family", ModelFamily(name, function, baseline, load))
        return function

    return register


def sequence_family(
    name: str,
    *,
    load: Callable[[Mapping[str, bytes]], SequenceModel],
    inputs: Sequence[Sequence[str]] = (),
    reach_seconds: float = 0.0,
    package: str = "",
    tells_animals_apart: bool = False,
) -> Callable[[Callable[..., SequenceModel]], Callable[..., SequenceModel]]:
    """Register a function as the model family `name` that sees recordings whole; see `SequenceFamily`."""

    def register(function: Callable[..., SequenceModel]) -> Callable[..., SequenceModel]:
        declared: Any = (False, load, tuple(map(tuple, inputs)), reach_seconds, package, tells_animals_apart)
        _add(MODELS, "model family", SequenceFamily(name, function, *declared))
        return function

    return register


def only_file(files: Mapping[str, bytes], name: str) -> bytes:
    """The content of the one file that a model is kept in. Raises `ValueError` where it is not there."""
    if set(files) != {name}:
        raise ValueError(f"kept in {', '.join(sorted(files)) or 'no file'}, expected {name}")
    return files[name]


def smoother(name: str, *, reach_seconds: float = 0.0) -> Callable[[Callable[..., Array]], Callable[..., Array]]:
    """Register a function as the smoother `name`; see `Smoother`."""

    def register(function: Callable[..., Array]) -> Callable[..., Array]:
        _add(SMOOTHERS, "smoother", Smoother(name, function, reach_seconds))
        return function

    return register


def feature_set_named(name: str) -> FeatureSet:
    return _named(FEATURES, "feature set", name)


def model_family_named(name: str) -> ModelFamily:
    return _named(MODELS, "model family", name)


def smoother_named(name: str) -> Smoother:
    return _named(SMOOTHERS, "smoother", name)


def load_plugins(files: Iterable[Path | PluginFile] = ()) -> None:
    """Import every plugin: the package's own, those of other packages, and the user's `files`.

    Raises `HarnessError` that names the plugin where one cannot be imported; nothing is skipped silently.
    """
    for kind in ("features", "models", "smoothers"):
        package = importlib.import_module(f"harness.{kind}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
        for point in entry_points(group=f"harness.{kind}"):
            with naming(f"plugin {point.name!r} ({point.value})"):
                point.load()
    load_files(files)


def load_files(files: Iterable[Path | PluginFile]) -> None:
    """Import the user's files, each once. Raises `HarnessError` that names the one that cannot be."""
    for file in files:
        _load_file(file if isinstance(file, PluginFile) else PluginFile.read(file))


def _load_file(file: PluginFile) -> None:
    path = str(file.place)
    name = "harness_plugin_" + hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    if name in sys.modules:
        return
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    _LOADED[path] = file.source
    before = _registered()
    try:
        with naming(f"--plugin {file.path}"):
            exec(compile(file.source, path, "exec"), vars(module))  # noqa: S102 - what a plugin is for
        if _registered() == before:
            decorators = "@feature_set, @model_family, @smoother or @pose_reader of harness.plugins"
            raise HarnessError(f"--plugin {file.path}: registers no plugin; {decorators} does that to a function")
    except BaseException:
        del sys.modules[name], _LOADED[path]
        raise


def _registered() -> list[object]:
    every = (FEATURES, MODELS, SMOOTHERS, POSE_READERS, ANNOTATION_READERS)
    return [plugin for registry in every for plugin in registry.values()]


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn whatever an import raises into an error that names the plugin: its code may raise anything."""
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        reason = where_now(error, _LOADED) or f"{type(error).__name__}: {error}"
        raise HarnessError(f"{what}: {reason}") from error


def _add(registry: dict[str, P], kind: str, plugin: P) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", plugin.name) or plugin.name in RESERVED:
        wanted = "small letters, digits and _, beginning with a letter, at most 100"
        raise HarnessError(f"{kind} {plugin.name!r}: a name should be {wanted}, and none of {', '.join(RESERVED)}")
    positional = [p for p in _parameters(plugin) if p.kind is not p.KEYWORD_ONLY]
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in positional):
        raise HarnessError(f"{kind} {plugin.name!r}: *args and **kwargs cannot be tuned; name the parameters")
    bare = [p.name for p in _parameters(plugin) if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if bare:
        raise HarnessError(f"{kind} {plugin.name!r}: parameter {bare[0]!r} has no default")
    _origin(plugin)  # raises here, not when the file is looked for, where the function has none
    reach = getattr(plugin, "reach_seconds", 0.0)
    if isinstance(reach, bool) or not isinstance(reach, int | float) or not 0 <= reach < 1e6:
        raise HarnessError(f"{kind} {plugin.name!r}: reach_seconds = {reach!r} should be seconds, 0 or more")
    animals = getattr(plugin, "animals", 1)
    if type(animals) is not int or animals < 1:
        raise HarnessError(f"{kind} {plugin.name!r}: animals = {animals!r} should be a whole number, 1 or more")
    known = registry.get(plugin.name)
    if known is not None and _origin(known) != _origin(plugin):
        raise HarnessError(f"{kind} {plugin.name!r} is registered twice; rename one of them")
    registry[plugin.name] = plugin


def _origin(plugin: Plugin) -> tuple[str, str]:
    """File and name of the function: the same when a file is only imported again."""
    try:
        return inspect.getfile(plugin.function), plugin.function.__qualname__
    except (AttributeError, TypeError) as error:
        raise HarnessError(
            f"{plugin.name!r} is {type(plugin.function).__name__}, expected a function in a file"
        ) from error


def _parameters(plugin: Plugin) -> Iterator[inspect.Parameter]:
    yield from inspect.signature(plugin.function).parameters.values()


def refuse_missing(needed: Iterable[tuple[str, str]], files: Sequence[str]) -> None:
    """Raise `HarnessError` where something, by kind and name, is not registered; `files` held what a run was given."""
    given = " ".join(f"--plugin {shlex.quote(file)}" for file in files)
    for kind, name in needed:
        if name not in REGISTRIES[kind]:
            raise HarnessError(f"the run needs the plugin {name!r}; give {given or '--plugin FILE'} again")


def _named(registry: Mapping[str, P], kind: str, name: str) -> P:
    if name not in registry:
        raise unknown(kind, name, registry)
    return registry[name]
