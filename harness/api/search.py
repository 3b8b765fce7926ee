"""The search as one call: what decides it, what is said of it, and what it leaves behind."""

import inspect
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from harness.api.announcing import announcement, odd_lengths_in, one_sided, worth
from harness.api.datasets import load
from harness.api.doctor import doctor
from harness.api.going_on import in_order_of, learned_from, recorded_device
from harness.api.places import engine_of, loaded, remember_run, run_folder, server_named, silently, usable_cache
from harness.api.run import Run
from harness.choosing.ensembles import ensembles, keep
from harness.choosing.next_steps import best_lines
from harness.data.groups import grouped_by
from harness.data.handmade import checked
from harness.data.settled import settled
from harness.dataset import Dataset
from harness.engines.interface import Limits
from harness.errors import AllFailedError, HarnessError, unknown
from harness.examining.findings import worst_lines
from harness.labelling.helpers import HelperModels
from harness.networks.device import CPU, described, device_for, refuse_unknown
from harness.plugins.contract import Plugin
from harness.plugins.loading import PluginFile
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.plugins.spaces import SPACES, load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run as StoredRun
from harness.runs.versions import versions
from harness.scores.amounts import Amounts
from harness.searching.setup import Search, make_search
from harness.searching.trials import search_trials
from harness.server import Server
from harness.showing.progress import Progress
from harness.showing.steps import Steps, reading
from harness.words import counted, named, shown

DEFAULT_TRIALS = 200
"""For each behavior, where neither trials nor a time are asked for."""


LIMITS = {"trial_timeout": "--trial-timeout", "trial_memory": "--trial-memory"}
"""By argument, the option that the error of a trial ends with that went over it."""

OF_TRIALS = (
    "trials",
    "timeout",
    "behaviors",
    "features",
    "models",
    "group_by",
    "seed",
    "batch",
    "spaces",
    "plugins",
    "results",
)
"""What of a call decides which trials there are and where, so that it is worth repeating."""


SAID_ANYWAY = ("groups", "negatives")
"""Kinds of findings of a dataset that a search has lines of its own for."""


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a search; everything that had finished is kept, and the same call goes on from there."""

    def __init__(self, run: Run, finished: int) -> None:
        self.run = run
        self.finished = finished
        """Trials that are kept, of all behaviors that were searched."""
        super().__init__(
            f"{counted(finished, 'finished trial')} {'is' if finished == 1 else 'are'} kept in {run.folder}; "
            "the same call goes on from there"
        )


def search(
    data: Dataset | Path | str,
    *,
    trials: int | None = None,
    timeout: float | None = None,
    workers: int | None = None,
    dask: str | None = None,
    behaviors: Sequence[str] = (),
    features: Sequence[str] = (),
    models: Sequence[str] = (),
    group_by: str | None = None,
    seed: int = 0,
    batch: int = 4,
    spaces: Path | str | None = None,
    plugins: Sequence[Path | str] = (),
    results: Path | str | None = None,
    storage: str | Server | None = None,
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    trial_timeout: float | None = None,
    trial_memory: int | None = None,
    device: str | None = None,
    progress: bool = False,
    on_trial: Callable[[TrialRecord], object] | None = None,
    say: Callable[[str], object] | None = None,
    command: str | None = None,
) -> Run:
    """Search the best pipeline for each behavior, and return the run.

    The same call resumes: what `results` holds already is not done again. Everything that has finished is on the disk
    before it is counted.

    Args:
        data: What `harness.load` returned, or a folder that it takes.
        trials: Total for each behavior. By default 200, or with `timeout` no limit.
        timeout: Seconds after which no more trials are waited for; by default no limit.
        workers: Processes of this machine, one thread each; by default one a core.
        dask: The address of a Dask scheduler to work on instead, such as `tcp://host:8786`.
        behaviors: Those to search; by default all.
        features: Names of feature sets, searched together and each alone; by default all, in the stacks that come with
            the package.
        models: Names of model families; by default all.
        group_by: What is held out as a whole: a column of `recordings.csv`, or a regular expression with one group in
            it, which is searched for in the recordings' ids; by default their `group`, or each recording.
        seed: The same one, 0 or more, gives the same trials, with any number of workers.
        batch: Trials of a behavior that are asked at once; part of what makes trials repeatable.
        spaces: A folder of ranges to use in place of `search_spaces/`.
        plugins: Python files with feature sets, model families or smoothers of your own; and folders of kept detectors
            of other behaviors or other recordings, of which what they say becomes a feature set.
        results: The run's folder; by default `results/` and the name of the data's folder.
        storage: `postgresql://user@host/database` to keep trials in; by default SQLite in the run's folder.
        cache: The folder of computed features; by default `HARNESS_CACHE`, or one under the user's cache.
        cache_limit: Bytes that it may hold, 0 to use none; by default 10 GB.
        trial_timeout: Seconds after which a trial fails; by default none does.
        trial_memory: Bytes beyond which it fails; by default none does.
        device: Where networks learn: `cpu`, or `cuda` for a graphics card (`cuda:1` for the second), which one process
            at a time uses; by default where the run's did, or else a card if there is one. The same seed gives the same
            networks on processors alone, so that which card it was is part of the run.
        progress: Whether to draw how far every behavior has come: in a notebook's cell, on a terminal, or, where
            standard error goes elsewhere, a line for each trial.
        on_trial: Called with each trial as soon as it is stored.
        say: Called with each line on what is searched, what slows it down, and what it came to.
        command: What `run.json` says that the run was made by; by default this call.

    Raises:
        HarnessError: Something that can be put right, in one line each: data, names, ranges, a run that was searched
            with other settings or is being searched, a disk that is full. Also where every trial of a behavior
            failed; what was found of others is kept by then.
        SearchInterrupted: Ctrl-C, a `KeyboardInterrupt` with the run; a second Ctrl-C ends at once.
    """
    command = command or _call(locals())
    say = say or silently
    refuse_unknown(device)  # where there are no networks, too
    server, engine, files = server_named(storage), engine_of(workers, dask), loaded(plugins)
    with reading(shown=progress):
        dataset, lacking = settled(checked(data) if isinstance(data, Dataset) else load(data))
        dataset = dataset if group_by is None else grouped_by(dataset, group_by)
    wanted = _behaviors(behaviors, dataset)
    helpers = _helpers(files, dataset)
    features = [*features, *(name for name in helpers if name not in features)] if features else features
    stored = StoredRun(run_folder(None if results is None else named(results), dataset), server)
    learned = learned_from(stored, dataset, group_by)
    dataset = in_order_of(stored, dataset)
    what = make_search(
        dataset,
        load_spaces(SPACES if spaces is None else named(spaces)),
        features=features,
        models=models,
        seed=seed,
        batch=batch,
        learned_from=learned,
        device=partial(device_for, device, recorded_device(stored)),
    )
    trials = trials or (DEFAULT_TRIALS if timeout is None else None)
    blocks = usable_cache(None if cache is None else named(cache), cache_limit, say)
    run = Run(stored, dataset, files)
    with stored.hold():
        stored.begin(_identity(what, group_by), _about(what, files, command))
        remember_run(stored.folder)
        done = stored.records()
        if lost := stored.lost(done):
            raise HarnessError(lost)
        for study, count in stored.foreign().items():
            say(f"note: {shown(study)} has {counted(count, 'trial')} that no search has written; left alone")
        for line in announcement(what, stored, engine, features, trials, len(done)):
            say(line)
        for line in (*dataset.notes, *lacking, *odd_lengths_in(dataset), *one_sided(dataset, wanted)):
            say(f"note: {line}")
        if not done:
            examined = doctor(dataset, progress=progress).findings
            for line in worst_lines(one for one in examined if one.kind not in SAID_ANYWAY):
                say(line)
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        interrupted = threading.Event()

        def note(line: str) -> None:
            say(f"note: {line}")

        records = search_trials(
            what,
            stored,
            trials=trials,
            behaviors=wanted,
            engine=engine,
            cache=blocks,
            limits=Limits(trial_timeout, trial_memory),
            plugins=files,
            stop=lambda: interrupted.is_set() or time.monotonic() >= deadline,
            note=note,
        )
        with _noting(interrupted), Progress(wanted, trials, done, deadline, shown=progress) as bar:
            for record in records:
                bar.add(record)
                if on_trial is not None:
                    on_trial(record)
        finished = stored.records()
        for line in best_lines(finished, wanted):
            say(line)
        if interrupted.is_set():
            raise SearchInterrupted(run, bar.finished)
        with Steps(shown=progress) as steps:
            found = ensembles(
                stored,
                finished,
                dataset.labelled,
                candidates=what.candidates,
                engine=engine,
                plugins=files,
                told=steps,
            )
        keep(stored, found, finished)
        if found:
            say(worth(found))
        _refuse_failure(finished, wanted, stored.folder)
    return run


def _call(given: Mapping[str, Any]) -> str:
    """The call as a program would write it, less what has no bearing on the trials."""
    data = given["data"].source or given["data"].name if isinstance(given["data"], Dataset) else given["data"]
    defaults = inspect.signature(search).parameters
    others = [
        f"{name}={value!r}" for name, value in given.items() if name in OF_TRIALS and value != defaults[name].default
    ]
    return f"harness.search({', '.join([repr(str(data)), *others])})"


def _refuse_failure(records: Sequence[TrialRecord], behaviors: Sequence[str], folder: Path) -> None:
    """Raise `AllFailedError` naming every behavior of which all trials failed; what else was found is kept by then."""
    failed, errors = [], list[str]()
    for behavior in behaviors:
        theirs = [record.error or "" for record in records if record.behavior == behavior]
        if theirs and all(theirs):
            failed.append(f"{behavior}: all {counted(len(theirs), 'trial')} failed; the first: {theirs[0]}")
            errors += theirs
    if failed:
        over = {name: [error.endswith(f"({option})") for error in errors] for name, option in LIMITS.items()}
        each = all(map(any, zip(*over.values(), strict=True)))
        gone_over = [name for name, theirs in over.items() if each and any(theirs)]
        raise AllFailedError(*failed, folder=folder, over=gone_over)


@contextmanager
def _noting(interrupted: threading.Event) -> Iterator[None]:
    """Within, the first interrupt only sets the event, so that it breaks nothing off; a second one ends the program.

    Only the main thread hears of interrupts; in another, nothing is changed.
    """

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)
        if tell := getattr(before, "noted", None):  # who would take the second one for the first
            tell(number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _helpers(files: Sequence[PluginFile], dataset: Dataset) -> list[str]:
    """The feature sets that kept detectors are. Raises `HarnessError` where one can tell nothing of the dataset."""
    found = [(file, FEATURES[file.name]) for file in files if isinstance(file, HelperModels)]
    refused = {file.path: helper.refusal(*dataset.every_labelled) for file, helper in found}
    if any(refused.values()):
        raise HarnessError(*(f"--helpers {path}: {reason}" for path, reason in refused.items() if reason))
    return [helper.name for _, helper in found]


def _behaviors(asked: Sequence[str], dataset: Dataset) -> list[str]:
    for name in asked:
        if name not in dataset.labelled:
            raise unknown("behavior", name, dataset.labelled)
    return [name for name in dataset.labelled if not asked or name in asked]


def _identity(search: Search, group_by: str | None) -> dict[str, Any]:
    """What decides the trials and their scores: a run is only continued where all of it is as it was."""
    plugins: dict[str, Mapping[str, Plugin]] = {
        "features": {name: FEATURES[name] for arm in search.arms for name in arm.features},
        "models": {arm.model: MODELS[arm.model] for arm in search.arms},
        "smoothers": SMOOTHERS,
    }
    besides: dict[str, Any] = {"group_by": group_by} if group_by else {}
    if search.device != CPU:
        besides["device"] = described(search.device)
    return besides | {
        "data": search.dataset.digests,
        "pool": search.learned_from,
        "seed": search.seed,
        "batch": search.batch,
        "arms": {arm.name: list(arm.features) for arm in search.arms},
        "ranges": search.spaces.as_json(),
        "plugins": {
            kind: {name: plugin.source_version for name, plugin in used.items()} for kind, used in plugins.items()
        },
        "versions": versions(),
    }


def _about(search: Search, plugins: Sequence[PluginFile], command: str) -> dict[str, Any]:
    """What is for the reader and for later commands."""
    dataset = search.dataset
    return {
        "data": "" if dataset.source is None else str(dataset.source.resolve()),
        "behaviors": list(dataset.labelled),
        "labelled": {behavior: Amounts.of(recordings).as_json() for behavior, recordings in dataset.labelled.items()},
        "parts": {behavior: folds.ids_by_part(dataset.labelled[behavior]) for behavior, folds in search.folds.items()},
        "command": command,
        "plugins": [str(file.path.resolve()) for file in plugins],
    }
