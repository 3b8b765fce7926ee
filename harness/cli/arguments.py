"""Command-line values and the places they stand for: data, results, storage, cache, plugins."""

import argparse
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from harness.atomic import write_text
from harness.errors import HarnessError, escaped
from harness.files import read_text
from harness.server import Server, server_of

if TYPE_CHECKING:
    from harness.cache import BlockCache
    from harness.engines import Engine

DEMO = Path("demo-data")
"""Where a search without data makes its demo."""

RESULTS = Path("results")
"""Where runs are kept when no other place is named."""

LAST_RUN = RESULTS / "last-run"
"""The file that names the run last searched."""


def add_places(command: argparse.ArgumentParser, *places: str) -> None:
    """Add the options that several commands share."""
    if "data" in places:
        command.add_argument("--data", type=Path, metavar="DIR", help="folder with train.npy and test.npy")
    if "results" in places:
        command.add_argument("--results", type=Path, metavar="DIR", help="the run's folder")
    if "storage" in places:
        command.add_argument(
            "--storage",
            metavar="URL",
            help="keep trials in postgresql://user@host/database (SQLite in the run's folder)",
        )
    if "cache" in places:
        command.add_argument("--cache", type=Path, metavar="DIR", help="folder for feature blocks")
        command.add_argument(
            "--cache-limit", type=size, metavar="SIZE", help="how much it may hold, such as 5GB; 0: use none (10GB)"
        )
    if "plugin" in places:
        command.add_argument(
            "--plugin", type=Path, action="append", default=[], metavar="FILE", help="a Python file with plugins"
        )


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add the options that say where to work."""
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=positive, metavar="N", help="processes, one thread each (one a core)")
    where.add_argument("--dask", metavar="URL", help="work on a Dask cluster, such as tcp://host:8786")


def positive(text: str) -> int:
    value = int(text) if re.fullmatch(r"\d{1,9}", text) else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number above 0")
    return value


def seed(text: str) -> int:
    value = int(text) if re.fullmatch(r"\d{1,9}", text) else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} should be a whole number from 0 to 999999999")
    return value


def duration(text: str) -> float:
    """Seconds, from such as `90s`, `30m`, `1h30m`; a bare number is seconds."""
    match = re.fullmatch(r"(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?", text)
    if not match or not any(match.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} should be a time such as 90s, 30m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(3600 * hours + 60 * minutes + seconds)


def lasting(text: str) -> float:
    """The same, more than none."""
    if not (seconds := duration(text)):
        raise argparse.ArgumentTypeError(f"{text!r} should be a time above 0, such as 90s, 30m or 1h30m")
    return seconds


def size(text: str) -> int:
    """Bytes, from such as `500MB`, `5GB`, `1.5 TB`; a bare number is refused, unless it is 0."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([KMGT])B?", text, re.IGNORECASE)
    if match:
        return round(float(match[1]) * {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}[match[2].upper()])
    if text != "0":
        raise argparse.ArgumentTypeError(f"{text!r} should be a size such as 500MB or 5GB, or 0 for no cache")
    return 0


def memory(text: str) -> int:
    """Bytes, more than none, from such as `500MB`, `4GB`."""
    try:
        found = size(text)
    except argparse.ArgumentTypeError:
        found = 0
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} should be a size such as 500MB or 4GB")
    return found


def existing_folder(text: str) -> Path:
    if not os.path.isdir(text):  # a name that is too long is no folder either
        raise argparse.ArgumentTypeError(f"{escaped(text)}: no such folder")
    return Path(text)


def data_folder(given: Path | None) -> Path | None:
    """The dataset asked for on the command line, else in the environment; None where neither names one."""
    return given or _environment("HARNESS_DATA")


def named_server(url: str | None) -> Server | None:
    """The database asked for on the command line, else in the environment; None where neither names one."""
    if url is not None:
        return server_of(url)
    named = os.environ.get("HARNESS_STORAGE")
    return server_of(named, "HARNESS_STORAGE") if named else None


def named_cache(folder: Path | None, limit: int | None) -> "BlockCache":
    """The cache with the folder and the limit that the command line asks for, else the environment, else ours."""
    from harness.cache import DEFAULT_LIMIT, BlockCache, default_folder

    folder = folder or default_folder()
    if limit is None and (text := os.environ.get("HARNESS_CACHE_LIMIT")):
        try:
            limit = size(text)
        except argparse.ArgumentTypeError as error:
            raise HarnessError(f"HARNESS_CACHE_LIMIT: {error}") from error
    return BlockCache(folder, DEFAULT_LIMIT if limit is None else limit)


def usable_cache(folder: Path | None, limit: int | None) -> "BlockCache":
    """The same, its folder made here: in a worker the lack of it would only be slow. With a limit of 0 none is made."""
    cache = named_cache(folder, limit)
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


def new_run_folder(given: Path | None, data: Path) -> Path:
    """Where a search of `data` keeps its run."""
    return given or _environment("HARNESS_RESULTS") or RESULTS / data.resolve().name


def remember_run(folder: Path) -> None:
    """Make `folder` the last run, for commands that name none. Where nothing can be written, none is remembered."""
    with suppress(OSError, UnicodeEncodeError):  # a name in bytes that are no text
        write_text(LAST_RUN, f"{folder}\n")


def last_run_folder(given: Path | None) -> Path:
    """The run asked for, else the one last searched. Raises `HarnessError` where there is none."""
    named = given or _environment("HARNESS_RESULTS")
    if named is not None:
        return named
    try:
        return Path(read_text(LAST_RUN).strip())
    except (OSError, ValueError) as error:
        raise HarnessError(
            "nothing was searched here yet; run `harness search`, or name a run with --results"
        ) from error


def engine_for(arguments: argparse.Namespace) -> "Engine":
    """Where to work: a cluster if one is named, else as many processes as asked for, else one a core."""
    if arguments.dask is not None:
        import logging

        from harness.dask_engine import DaskEngine

        engine = DaskEngine(arguments.dask)
        # What goes wrong with a cluster is said in one line, by the error that it ends in. Dask gives these loggers
        # levels of their own when it is imported.
        for name in ("distributed", "distributed.client", "tornado.application"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return engine
    from harness.workers import LocalEngine

    return LocalEngine(arguments.workers or _usable_cores())


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _environment(name: str) -> Path | None:
    return Path(os.environ[name]) if os.environ.get(name) else None
