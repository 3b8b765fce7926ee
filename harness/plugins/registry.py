"""How plugins are registered, and found by their names."""

import inspect
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from harness.errors import HarnessError, unknown
from harness.plugins.contract import (
    INVARIANCES,
    NEEDS,
    Classifier,
    Columns,
    FeatureSet,
    Fitted,
    ModelFamily,
    Plugin,
    SequenceFamily,
    Smoother,
)
from harness.plugins.sequences import SequenceModel
from harness.recording import Array

P = TypeVar("P", bound=Plugin)

RESERVED = ("model", "preparation")
"""Words that stand beside feature sets in the names of parameters."""

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
    rounds: int = 1,
    needs: Sequence[str] = (),
    invariant_to: Sequence[str] = (),
) -> Callable[[Callable[..., Columns]], Callable[..., Columns]]:
    """Register a function as the feature set `name`; see `FeatureSet`."""
    if odd := set(invariant_to) - set(INVARIANCES):
        raise unknown(f"{name}: invariance", sorted(odd)[0], INVARIANCES)
    if odd := set(needs) - set(NEEDS):
        raise unknown(f"{name}: need", sorted(odd)[0], NEEDS)

    def register(function: Callable[..., Columns]) -> Callable[..., Columns]:
        made = FeatureSet(
            name,
            function,
            tuple(roles),
            animals,
            reach_seconds,
            fit,
            rounds,
            needs=tuple(needs),
            invariant_to=tuple(invariant_to),
        )
        _add(FEATURES, "feature set", made)
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
    options = ["--plugin" if file.endswith(".py") else "--helpers" for file in files]
    given = " ".join(f"{option} {shlex.quote(file)}" for option, file in zip(options, files, strict=True))
    for kind, name in needed:
        if name not in REGISTRIES[kind]:
            raise HarnessError(f"the run needs the plugin {name!r}; give {given or '--plugin FILE'} again")


def _named(registry: Mapping[str, P], kind: str, name: str) -> P:
    if name not in registry:
        raise unknown(kind, name, registry)
    return registry[name]
