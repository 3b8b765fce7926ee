"""`harness search`."""

import argparse
import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import harness
from harness.api.search import DEFAULT_TRIALS
from harness.cli.arguments import data_folder, environment_folder, named_cache_limit, named_server
from harness.showing.console import say

DEMO = Path("demo-data")
"""Where a search without data makes its demo."""


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
            progress=True,
            say=say,
            command=command,
        )
    except harness.SearchInterrupted as interrupt:
        say(_broken_off("interrupted", interrupt.finished, interrupt.run.folder, command))
        return 130
    behaviors = [name for name in run.behaviors if not arguments.behavior or name in arguments.behavior]
    records = run.records()
    finished = {name: sum(record.behavior == name for record in records) for name in behaviors}
    trials = arguments.trials or (DEFAULT_TRIALS if arguments.timeout is None else None)
    if trials is None or min(finished.values()) < trials:
        say(_broken_off("time is up", sum(finished.values()), run.folder, command))
    for line in run.hints(behaviors=behaviors, longer=partial(longer, arguments.words)):
        say(line)
    others = [name for name in run.behaviors if not any(record.behavior == name for record in records)]
    more = f"; a submission of all behaviors wants trials of {', '.join(others)}, too" if others else ""
    say(f"next: harness leaderboard, then harness export-best{more}")
    return 0


def longer(words: Sequence[str], trials: int) -> str:
    """The search's own command, with more trials; where it went by time, as it was."""
    if "--timeout" in words:
        return shlex.join(["harness", *words])
    kept, skip = [], False
    for word in words:
        if not skip and word != "--trials" and not word.startswith("--trials="):
            kept.append(word)
        skip = word == "--trials"
    return shlex.join(["harness", *kept, "--trials", str(trials)])


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
