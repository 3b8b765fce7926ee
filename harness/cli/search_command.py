"""`harness search`."""

import argparse
import os
import shlex
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import harness
from harness.api.search import DEFAULT_TRIALS
from harness.cli.arguments import data_folder, environment_folder, named_cache_limit, named_server
from harness.errors import AllFailedError, HarnessError
from harness.showing.console import say

DEMO = Path("demo-data")
"""Where a search without data makes its demo."""

WAY_TOO_SHORT, TOO_LITTLE = 10, 4
"""So many times the time, or the memory, that was not enough is worth trying."""

SHORTEST_SECONDS, LEAST_BYTES = 60, 2_000_000_000
"""Anything less is not worth a try."""


def run(arguments: argparse.Namespace) -> int:
    server = named_server(arguments.storage)
    command = shlex.join(["harness", *arguments.words])
    try:
        run = harness.search(
            data_folder(arguments.data) or _demo(),
            trials=arguments.trials,
            timeout=arguments.timeout,
            workers=arguments.workers,
            dask=arguments.dask,
            behaviors=arguments.behavior,
            features=arguments.features,
            models=arguments.model,
            group_by=arguments.group_by,
            seed=arguments.seed,
            batch=arguments.batch,
            spaces=arguments.spaces,
            plugins=arguments.plugin,
            results=arguments.results or environment_folder("HARNESS_RESULTS"),
            storage=server,
            cache=arguments.cache,
            cache_limit=named_cache_limit(arguments.cache_limit),
            trial_timeout=arguments.trial_timeout,
            trial_memory=arguments.trial_memory,
            device=arguments.device,
            progress=True,
            say=say,
            command=command,
        )
    except harness.SearchInterrupted as interrupt:
        say(_broken_off("interrupted", interrupt.finished, interrupt.run.folder, command))
        return 130
    except AllFailedError as error:
        raise HarnessError(*error.lines, *_with_larger_limits(arguments, error)) from error
    behaviors = [name for name in run.behaviors if not arguments.behavior or name in arguments.behavior]
    records = run.records()
    finished = {name: sum(record.behavior == name for record in records) for name in behaviors}
    trials = arguments.trials or (DEFAULT_TRIALS if arguments.timeout is None else None)
    if not any(finished.values()):
        more = with_options(arguments.words, timeout=_longer_than(arguments.timeout))
        say(f"time is up, and no trial has finished yet. To get further: {more}")
        return 0
    if trials is None or min(finished.values()) < trials:
        say(_broken_off("time is up", sum(finished.values()), run.folder, command))
    for line in run.hints(behaviors=behaviors, longer=partial(longer, arguments.words)):
        say(line)
    others = [name for name in run.behaviors if not any(record.behavior == name for record in records)]
    more = f"; a submission of all behaviors wants trials of {', '.join(others)}, too" if others else ""
    say(f"next: harness leaderboard, then harness export-best{more}")
    return 0


def with_options(words: Sequence[str], **options: str) -> str:
    """The search's own command with these options in the place of those that it had."""
    names = [f"--{name.replace('_', '-')}" for name in options]
    kept, skip = [], False
    for word in words:
        if not skip and word not in names and word.partition("=")[0] not in names:
            kept.append(word)
        skip = word in names
    added = [word for pair in zip(names, options.values(), strict=True) for word in pair]
    return shlex.join(["harness", *kept, *added])


def _longer_than(seconds: float | None) -> str:
    return f"{max(WAY_TOO_SHORT * round(seconds or 0), SHORTEST_SECONDS)}s"


def _with_larger_limits(arguments: argparse.Namespace, error: AllFailedError) -> Iterator[str]:
    """The command that gives trials more of what they went over."""
    if not error.over:
        return
    larger = {
        "trial_timeout": _longer_than(arguments.trial_timeout),
        "trial_memory": f"{max(TOO_LITTLE * (arguments.trial_memory or 0), LEAST_BYTES) / 1e9:.1f}GB",
    }
    free = next(name for number in count(2) if not os.path.lexists(name := f"{error.folder}-{number}"))
    command = with_options(arguments.words, **{name: larger[name] for name in error.over}, results=free)
    yield f"next: more for each trial, in another folder, as what has failed is not tried again: {command}"


def longer(words: Sequence[str], trials: int) -> str:
    """The search's own command, with more trials; where it went by time, as it was."""
    if "--timeout" in words:
        return shlex.join(["harness", *words])
    return with_options(words, trials=str(trials))


def _broken_off(why: str, finished: int, folder: Path, command: str) -> str:
    return f"{why}; {finished} finished trials are kept in {folder}. To go on: {command}"


def _demo() -> Path:
    if (DEMO / "train.npy").exists():
        say(f"no --data given: searching the demo in {DEMO}/")
        return DEMO
    say(f"no --data given: making a demo in {DEMO}/ (simulated mice, seven behaviors)")
    try:
        return harness.demo_data(DEMO)
    except harness.HarnessError as error:
        raise harness.HarnessError(f"{error}; name a folder of data with --data") from error
