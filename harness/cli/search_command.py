"""`harness search`."""

import argparse
import math
import shlex
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from harness.cli.arguments import (
    DEMO,
    data_folder,
    engine_for,
    named_server,
    new_run_folder,
    remember_run,
    usable_cache,
)
from harness.cli.console import counted, say
from harness.cli.next_steps import best_lines, hints
from harness.cli.progress import Progress
from harness.data.challenge import load_dataset
from harness.engines import Engine, Limits
from harness.ensembles import Selections, ensembles, keep
from harness.errors import HarnessError, unknown
from harness.metrics import mean_score
from harness.recording import Dataset
from harness.records import TrialRecord
from harness.registry import FEATURES, MODELS, SMOOTHERS, Plugin, PluginFile, load_plugins
from harness.search import Search, make_search, search_trials
from harness.selection import WAYS
from harness.spaces import SPACES, load_spaces
from harness.store import Run
from harness.versions import versions

DEFAULT_TRIALS = 200
"""For each behavior, where neither trials nor a time are asked for."""


def run(arguments: argparse.Namespace) -> int:
    server = named_server(arguments.storage)
    data = data_folder(arguments.data) or _demo()
    plugins, engine = [PluginFile.read(file) for file in arguments.plugin], engine_for(arguments)
    load_plugins(plugins)
    dataset = load_dataset(data)
    behaviors = _behaviors(arguments.behavior, dataset)
    spaces = load_spaces(arguments.spaces or SPACES)
    search = make_search(
        dataset,
        spaces,
        features=arguments.features,
        models=arguments.model,
        seed=arguments.seed,
        batch=arguments.batch,
    )
    trials = arguments.trials or (DEFAULT_TRIALS if arguments.timeout is None else None)
    run = Run(new_run_folder(arguments.results, data), server)
    cache = usable_cache(arguments.cache, arguments.cache_limit)
    with run.hold():
        run.begin(_identity(search), _about(dataset, data, arguments))
        remember_run(run.folder)
        done = run.records()
        _announce(search, run, data, engine, arguments, trials, len(done))
        deadline = math.inf if arguments.timeout is None else time.monotonic() + arguments.timeout
        interrupted = threading.Event()
        records = search_trials(
            search,
            run,
            trials=trials,
            behaviors=behaviors,
            engine=engine,
            cache=cache,
            limits=Limits(arguments.trial_timeout, arguments.trial_memory),
            plugins=plugins,
            stop=lambda: interrupted.is_set() or time.monotonic() >= deadline,
            note=lambda line: say(f"note: {line}"),
        )
        with _noting(interrupted), Progress(behaviors, trials, done, deadline) as progress:
            for record in records:
                progress.add(record)
        finished = run.records()
        for line in best_lines(finished, behaviors):
            say(line)
        if not interrupted.is_set():
            found = ensembles(
                run, finished, dataset.labelled, candidates=search.candidates, engine=engine, plugins=plugins
            )
            keep(run, found, finished)
            if found:
                say(_worth(found))
            _refuse_failure(finished, behaviors)
    if not progress.complete and (interrupted.is_set() or time.monotonic() >= deadline):
        why = "interrupted" if interrupted.is_set() else "time is up"
        say(f"{why}; {progress.finished} finished trials are kept in {run.folder}. {_resume(arguments)}")
    if interrupted.is_set():
        return 130
    for line in hints(finished, behaviors, arguments.words):
        say(line)
    say("next: harness leaderboard, then harness export-best")
    return 0


def _worth(found: Selections) -> str:
    """What the best trials and the ensembles can be expected to score."""
    single, ensemble = (mean_score(theirs[way].pooled.score for theirs in found.values()).f1 for way in WAYS)
    return (
        f"mean F1 of the ensembles {ensemble:.3f}, of the best trials {single:.3f}, "
        "each recording judged by what would have been chosen without it"
    )


def _refuse_failure(records: Sequence[TrialRecord], behaviors: Sequence[str]) -> None:
    """Raise `HarnessError` naming every behavior of which all trials failed; what else was found is kept by then."""
    failed = []
    for behavior in behaviors:
        theirs = [record for record in records if record.behavior == behavior]
        if theirs and all(record.error for record in theirs):
            failed.append(f"{behavior}: all {len(theirs)} trials failed; the first: {theirs[0].error}")
    if failed:
        raise HarnessError(*failed)


@contextmanager
def _noting(interrupted: threading.Event) -> Iterator[None]:
    """Within, the first interrupt only sets the event, so that it breaks nothing off; a second one ends the program."""

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _demo() -> Path:
    if (DEMO / "train.npy").exists():
        say(f"no --data given: searching the demo in {DEMO}/")
    else:
        from harness.data.demo import write_demo

        say(f"no --data given: making a demo in {DEMO}/ (simulated mice, seven behaviors)")
        try:
            write_demo(DEMO)
        except OSError as error:
            raise HarnessError(f"{DEMO}: {error.strerror}; name a folder of data with --data") from error
    return DEMO


def _behaviors(asked: list[str], dataset: Dataset) -> list[str]:
    for name in asked:
        if name not in dataset.labelled:
            raise unknown("behavior", name, dataset.labelled)
    return [name for name in dataset.labelled if not asked or name in asked]


def _identity(search: Search) -> dict[str, Any]:
    """What decides the trials and their scores: a run is only continued where all of it is as it was."""
    plugins: dict[str, Mapping[str, Plugin]] = {
        "features": {name: FEATURES[name] for arm in search.arms for name in arm.features},
        "models": {arm.model: MODELS[arm.model] for arm in search.arms},
        "smoothers": SMOOTHERS,
    }
    return {
        "data": search.dataset.digest,
        "seed": search.seed,
        "batch": search.batch,
        "arms": {arm.name: list(arm.features) for arm in search.arms},
        "ranges": search.spaces.as_json(),
        "plugins": {
            kind: {name: plugin.source_version for name, plugin in used.items()} for kind, used in plugins.items()
        },
        "versions": versions(),
    }


def _about(dataset: Dataset, data: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "data": str(data.resolve()),
        "behaviors": list(dataset.labelled),
        "command": shlex.join(["harness", *arguments.words]),
        "plugins": [str(file.resolve()) for file in arguments.plugin],
    }


def _announce(
    search: Search,
    run: Run,
    data: Path,
    engine: Engine,
    arguments: argparse.Namespace,
    trials: int | None,
    done: int,
) -> None:
    labelled = [recording for recordings in search.dataset.labelled.values() for recording in recordings]
    frames = sum(recording.frames for recording in labelled)
    behaviors = counted(len(search.dataset.labelled), "behavior")
    say(f"data: {data}, {behaviors}, {counted(len(labelled), 'labelled recording')}, {counted(frames, 'frame')}")
    example = search.dataset.any_recording
    for name in arguments.features or sorted(FEATURES):
        reason = FEATURES[name].refusal(example)
        if reason:
            say(f"without {name}: {reason}")
    blocked = [behavior for behavior, folds in search.folds.items() if folds.kind == "blocked"]
    if blocked:
        say(f"{', '.join(blocked)}: only one recording shows it, so parts of that are held out; scores are optimistic")
    say(
        f"search: {counted(len(search.arms), 'pipeline')} (feature sets with a model), "
        f"{counted(trials, 'trial') if trials else 'as many trials as time allows'} for each behavior, "
        f"{engine.where}, seed {search.seed}; "
        f"results in {run.places}" + (f", which has {counted(done, 'trial')} already" if done else "")
    )


def _resume(arguments: argparse.Namespace) -> str:
    return f"To go on: {shlex.join(['harness', *arguments.words])}"
