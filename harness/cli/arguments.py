"""Command-line values and the places they stand for: data, results, storage, cache, plugins."""

import argparse
import importlib
import logging
import os
import re
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import harness
from harness.errors import HarnessError
from harness.server import Server, server_of
from harness.words import escaped, named


def add_places(command: argparse.ArgumentParser, *places: str) -> None:
    """Add the options that several commands share."""
    if "data" in places:
        command.add_argument(
            "--data", type=named, metavar="DIR", help="folder with train.npy and test.npy, or a dataset folder"
        )
    if "results" in places:
        command.add_argument("--results", type=named, metavar="DIR", help="the run's folder")
    if "storage" in places:
        command.add_argument(
            "--storage",
            metavar="URL",
            help="keep trials in postgresql://user@host/database (SQLite in the run's folder)",
        )
    if "cache" in places:
        command.add_argument("--cache", type=named, metavar="DIR", help="folder for feature blocks")
        command.add_argument(
            "--cache-limit", type=size, metavar="SIZE", help="how much it may hold, such as 5GB; 0: use none (10GB)"
        )
    if "plugin" in places:
        command.add_argument(
            "--plugin", type=named, action="append", default=[], metavar="FILE", help="a Python file with plugins"
        )
        command.add_argument(
            "--helpers",
            dest="plugin",
            type=named,
            action="append",
            metavar="DIR",
            help="kept models of other behaviors or recordings, what they say as columns",
        )


def add_workers(command: argparse.ArgumentParser) -> None:
    """Add the options that say where to work."""
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=positive, metavar="N", help="processes, one thread each (one a core)")
    where.add_argument("--dask", metavar="URL", help="work on a Dask cluster, such as tcp://host:8786")


def add_tracks(command: argparse.ArgumentParser) -> None:
    """Add the options that say how the files of trackers are taken."""
    command.add_argument("--fps", type=rate, metavar="N", help="frames a second, where no file says it")
    command.add_argument(
        "--animals", nargs="+", default=[], metavar="NAME", help="which tracks to take, where there are others"
    )
    for side, end in (("prefix", "begin with"), ("suffix", "end in")):
        command.add_argument(
            f"--{side}",
            type=pair,
            action="append",
            default=[],
            metavar="TEXT=ANIMAL",
            help=f"what the parts of an animal {end}, where a file does not tell its animals apart",
        )
    command.add_argument(
        "--min-likelihood", type=share, default=0.0, metavar="P", help="take points below it for not seen (0)"
    )


def add_written(command: argparse.ArgumentParser) -> None:
    """Add the options that say what is written of labels."""
    command.add_argument(
        "--format",
        dest="formats",
        action="append",
        default=[],
        metavar="F",
        help="what to write besides tables, such as boris, frames, nwb (harness list); may be repeated",
    )
    command.add_argument("--bins", type=lasting, metavar="TIME", help="sum up by stretches of so long, too, such as 5m")


def add_device(command: argparse.ArgumentParser, otherwise: str) -> None:
    """Add the option that says where networks learn."""
    command.add_argument("--device", metavar="D", help=f"where networks learn: cpu, or cuda for a GPU ({otherwise})")


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


def pair(text: str) -> tuple[str, str]:
    """`NAME=VALUE` from the command line."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} should be two names with = between them, such as adult=mouse1")
    return name.strip(), value.strip()


def rate(text: str) -> float:
    value = float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,9})?", text) else 0.0
    if not value:
        raise argparse.ArgumentTypeError(f"{text!r} should be frames a second, such as 30 or 29.97")
    return value


def share(text: str) -> float:
    value = float(text) if re.fullmatch(r"\d(\.\d{1,9})?", text) else -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} should be a number from 0 to 1, such as 0.3")
    return value


def existing_folder(text: str) -> Path:
    folder = named(text)
    if not os.path.isdir(folder):  # a name that is too long is no folder either
        raise argparse.ArgumentTypeError(f"{escaped(str(folder))}: no such folder")
    return folder


def data_folder(given: Path | None) -> Path | None:
    """The dataset asked for on the command line, else in the environment; None where neither names one."""
    return given or environment_folder("HARNESS_DATA")


def named_server(url: str | None) -> Server | None:
    """The database asked for on the command line, else in the environment; None where neither names one."""
    if url is not None:
        return server_of(url)
    named = os.environ.get("HARNESS_STORAGE")
    return server_of(named, "HARNESS_STORAGE") if named else None


def named_cache_limit(limit: int | None) -> int | None:
    """The limit asked for on the command line, else in the environment; None where neither says one."""
    if limit is None and (text := os.environ.get("HARNESS_CACHE_LIMIT")):
        try:
            return size(text)
        except argparse.ArgumentTypeError as error:
            raise HarnessError(f"HARNESS_CACHE_LIMIT: {error}") from error
    return limit


def named_run(arguments: argparse.Namespace) -> "harness.Run":
    """The run asked for on the command line, else in the environment, else the one last searched."""
    results = arguments.results or environment_folder("HARNESS_RESULTS")
    return harness.open_run(results, storage=named_server(arguments.storage))


def machine(arguments: argparse.Namespace) -> dict[str, Any]:
    """What verbs that fit models are told of data, workers, plugins and cache."""
    return labour(arguments) | {
        "data": data_folder(arguments.data),
        "cache": arguments.cache,
        "cache_limit": named_cache_limit(arguments.cache_limit),
        "device": arguments.device,
    }


def labour(arguments: argparse.Namespace) -> dict[str, Any]:
    """What verbs that work on recordings are told of workers and plugins."""
    from harness.showing.console import say

    return {
        "workers": arguments.workers,
        "dask": arguments.dask,
        "plugins": arguments.plugin,
        "say": say,
        "progress": True,
    }


def quieten_dask() -> None:
    """What goes wrong with a cluster is said in one line, by the error that it ends in."""
    with suppress(ImportError):  # which is said by who needs it
        importlib.import_module("distributed")  # gives these loggers levels of their own
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def environment_folder(name: str) -> Path | None:
    return named(os.environ[name]) if os.environ.get(name) else None


def in_place_of(path: Path) -> str:
    """That a file of this name is there, to be said once another has taken its place; empty where there is none."""
    try:
        changed = path.stat().st_mtime
    except OSError:
        return ""
    return f", in place of the one of {datetime.fromtimestamp(changed):%Y-%m-%d %H:%M}"
