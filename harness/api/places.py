"""Where things are unless somebody says otherwise: runs, the last of them, computed features, workers, who listens."""

import math
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from harness.columns.cache import (
    DEFAULT_LIMIT,
    BlockCache,
    default_folder,
    make_folder,
    named_folder,
    temporary_folder,
)
from harness.dataset import Dataset
from harness.engines.interface import Engine
from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.files.bounded import read_text
from harness.labelling.detectors import FILE
from harness.labelling.helpers import HelperModels
from harness.plugins.loading import PluginFile, load_files, load_plugins
from harness.server import Server, server_of
from harness.words import named

Say = Callable[[str], object]

RESULTS = Path("results")
"""Where runs are kept when no other place is named."""

LAST_RUN = RESULTS / "last-run"
"""The file that names the run last searched."""


CGROUP = Path("/sys/fs/cgroup")
"""Where Linux says what a container may use, in one of two versions."""


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


def usable_cores(cgroup: Path = CGROUP) -> int:
    """How many this process may use: those that it may run on, and no more than a container's share of time."""
    import psutil  # late: tables are shown without

    affinity = getattr(psutil.Process(), "cpu_affinity", None)  # which macOS has not
    cores = len(affinity()) if affinity else psutil.cpu_count() or 1
    return max(1, math.ceil(min(cores, _quota(cgroup))))


def _quota(cgroup: Path) -> float:
    """How many cores' time a container may take; infinity where nothing says so."""
    whole, first, second = cgroup / "cpu.max", *(cgroup / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
    try:
        words = read_text(whole).split() if whole.exists() else [read_text(one).strip() for one in (first, second)]
        quota, period = (float(word) for word in words)  # the quota may be `max`
    except (OSError, ValueError):
        return math.inf
    return quota / period if quota > 0 and period > 0 else math.inf


def cache_of(folder: Path | None = None, limit: int | None = None) -> BlockCache:
    """The folder that computed features are kept in; see `harness.cache`. Nothing is made."""
    return BlockCache(folder or default_folder(), DEFAULT_LIMIT if limit is None else limit)


def usable_cache(folder: Path | None, limit: int | None, say: Say | None = None) -> BlockCache:
    """The same, its folder made here: in a worker the lack of it would only be slow. With a limit of 0 none is made.

    Where nobody has named a folder, and the usual one cannot be used, another is, or none, and `say` is told. Raises
    `HarnessError` where one that was named cannot be used.
    """
    cache = cache_of(folder, limit)
    if not cache.limit:
        return cache
    try:
        make_folder(cache.folder)
    except OSError as error:
        if folder or named_folder():
            otherwise = "name another folder with --cache, or use none with --cache-limit 0"
            raise HarnessError(f"{cache.folder}: {error.strerror}; {otherwise}") from error
        return _instead(cache, error, say or silently)
    return cache


def _instead(cache: BlockCache, error: OSError, say: Say) -> BlockCache:
    """A cache among the temporary files in place of one that cannot be used; where that fails too, none."""
    other, why = BlockCache(temporary_folder(), cache.limit), f"note: {cache.folder}: {error.strerror}"
    try:
        make_folder(other.folder)
    except OSError:
        say(f"{why}; features are computed again each time; name a folder for them with --cache")
        return BlockCache(cache.folder, 0)
    say(f"{why}; computed features are kept in {other.folder}; name another folder with --cache")
    return other


def loaded(plugins: Iterable[Path | str]) -> tuple[PluginFile, ...]:
    """The user's files with plugins and folders of helpers, read and loaded after the package's own."""
    load_plugins()
    files = tuple(_brought(named(file)) for file in plugins)
    load_files(files)
    return files


def _brought(path: Path) -> PluginFile:
    # A name that is too long is no folder either.
    helpers = os.path.isdir(path) and (path.suffix != ".py" or os.path.isfile(path / FILE))
    return HelperModels.read(path) if helpers else PluginFile.read(path)


def server_named(storage: str | Server | None) -> Server | None:
    """The database that a URL names; None for SQLite in the run's folder."""
    return server_of(storage) if isinstance(storage, str) else storage


def silently(line: str) -> None:
    """Say nothing."""
