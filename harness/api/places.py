"""Where things are unless somebody says otherwise: runs, the last of them, computed features, workers, who listens."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from harness.columns.cache import DEFAULT_LIMIT, BlockCache, default_folder
from harness.engines.interface import Engine
from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.files.bounded import read_text
from harness.plugins.registry import PluginFile, load_plugins
from harness.recording import Dataset
from harness.server import Server, server_of
from harness.words import named

RESULTS = Path("results")
"""Where runs are kept when no other place is named."""

LAST_RUN = RESULTS / "last-run"
"""The file that names the run last searched."""


def run_folder(given: Path | None, dataset: Dataset) -> Path:
    """Where a search of `dataset` keeps its run: `results/` and the name of the data's folder, unless one is given."""
    if given is not None:
        return given
    if dataset.source is None:
        raise HarnessError("results: name a folder for the run of data that are in no folder of their own")
    return RESULTS / dataset.source.resolve().name


def remember_run(folder: Path) -> None:
    """Make `folder` the last run, for those who name none. Where nothing can be written, none is remembered."""
    with suppress(OSError, UnicodeEncodeError):  # a name in bytes that are no text
        write_text(LAST_RUN, f"{folder}\n")


def last_run() -> Path:
    """The run last searched from this folder. Raises `HarnessError` where there is none."""
    try:
        return Path(read_text(LAST_RUN).strip())
    except (OSError, ValueError) as error:
        raise HarnessError(
            "nothing was searched here yet; run `harness search`, or name a run with --results"
        ) from error


def engine_of(workers: int | None, dask: str | None) -> Engine:
    """A cluster if one is named, else as many processes as asked for, else one a core."""
    if dask is not None:
        from harness.engines.dask import DaskEngine

        return DaskEngine(dask)
    from harness.engines.local import LocalEngine

    return LocalEngine(workers or usable_cores())


def usable_cores() -> int:
    """How many this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def cache_of(folder: Path | None = None, limit: int | None = None) -> BlockCache:
    """The folder that computed features are kept in; see `harness.cache`. Nothing is made."""
    return BlockCache(folder or default_folder(), DEFAULT_LIMIT if limit is None else limit)


def usable_cache(folder: Path | None, limit: int | None) -> BlockCache:
    """The same, its folder made here: in a worker the lack of it would only be slow. With a limit of 0 none is made."""
    cache = cache_of(folder, limit)
    if not cache.limit:
        return cache
    otherwise = "name another folder with --cache, or use none with --cache-limit 0"
    try:
        cache.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"{cache.folder}: {error.strerror}; {otherwise}") from error
    if not os.access(cache.folder, os.W_OK | os.X_OK):
        raise HarnessError(f"{cache.folder}: cannot be written to; {otherwise}")
    return cache


def loaded(plugins: Iterable[Path | str]) -> tuple[PluginFile, ...]:
    """The user's files with plugins, read and loaded after the package's own."""
    files = tuple(PluginFile.read(named(file)) for file in plugins)
    load_plugins(files)
    return files


def server_named(storage: str | Server | None) -> Server | None:
    """The database that a URL names; None for SQLite in the run's folder."""
    return server_of(storage) if isinstance(storage, str) else storage


def silently(line: str) -> None:
    """Say nothing."""
