"""How plugins are found: the package's own, those of other packages, and files of the user's.

A file being in `harness/features`, `harness/models` or `harness/smoothers` registers what is in it; other packages use
the entry points `harness.features`, `harness.models`, `harness.smoothers`; a file of the user's own is loaded by its
path.
"""

import hashlib
import importlib
import os
import pkgutil
import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from harness.errors import HarnessError
from harness.plugins.contract import LOADED
from harness.plugins.moved import where_now
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.writers import LABEL_WRITERS


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

    def load(self) -> None:
        """Register what is in it, once. Raises `HarnessError` that names it where it cannot be imported."""
        _load_file(self)


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
        (file if isinstance(file, PluginFile) else PluginFile.read(file)).load()


def _load_file(file: PluginFile) -> None:
    path = str(file.place)
    name = "harness_plugin_" + hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    if name in sys.modules:
        return
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    LOADED[path] = file.source
    before = _registered()
    try:
        with naming(f"--plugin {file.path}"):
            exec(compile(file.source, path, "exec"), vars(module))  # noqa: S102 - what a plugin is for
        if _registered() == before:
            decorators = "@feature_set, @model_family, @smoother, @pose_reader or @label_writer of harness.plugins"
            raise HarnessError(f"--plugin {file.path}: registers no plugin; {decorators} does that to a function")
    except BaseException:
        del sys.modules[name], LOADED[path]
        raise


def _registered() -> list[object]:
    every = (FEATURES, MODELS, SMOOTHERS, POSE_READERS, ANNOTATION_READERS, LABEL_WRITERS)
    return [plugin for registry in every for plugin in registry.values()]


@contextmanager
def naming(what: str) -> Iterator[None]:
    """Turn whatever an import raises into an error that names the plugin: its code may raise anything."""
    try:
        yield
    except HarnessError:
        raise
    except (Exception, SystemExit) as error:
        reason = where_now(error, LOADED) or f"{type(error).__name__}: {error}"
        raise HarnessError(f"{what}: {reason}") from error
