"""What is drawn and written for people: the report, and whether labelling more would help."""

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harness.api.going_on import recorded_device
from harness.api.places import engine_of, loaded, usable_cache
from harness.api.run import Run
from harness.choosing.leaderboard import best_records
from harness.choosing.learning_curve import Curve, learning_curves, left_out_sets, sizes, write_plot
from harness.data.submission import mismatch, read_predictions, read_submission
from harness.dataset import Dataset
from harness.errors import DataError, HarnessError, NothingToRankError, unknown
from harness.files.atomic import write_text
from harness.files.outputs import make_room, unwritable
from harness.fitting.decisions import candidates_of
from harness.fitting.folds import make_folds
from harness.fitting.pool import pool_of
from harness.fitting.reach import reach_seconds
from harness.labelling.export import last_export
from harness.networks.device import device_for
from harness.plugins.registry import refuse_missing
from harness.plugins.spaces import Spaces
from harness.recording import Array
from harness.runs.records import plugins_of
from harness.showing.steps import Steps, reading
from harness.words import counted, named


def learning_curve(
    run: Run,
    *,
    behaviors: Sequence[str] = (),
    out: Path | str | None = None,
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    device: str | None = None,
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> list[Curve]:
    """Say, for each behavior, whether labelling another recording would help: F1 by number of recordings.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        behaviors: Those to fit; by default all that have a score.
        out: A file that ends in `.html` to draw the curves in; by default none is drawn.
        data: What was searched; by default as it was given or from where it lay.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that were searched with; by default those that the search was given.
        cache: The folder of computed features; by default `HARNESS_CACHE`, or one under the user's cache.
        cache_limit: Bytes that it may hold, 0 to use none; by default 10 GB.
        device: Where networks learn, as `harness.search` takes it; by default where those of the run did.
        say: Called with a line on how much is fitted, before it is.
        progress: Whether to show how far it has come once it takes more than two seconds.

    Raises:
        HarnessError: A behavior is unknown, the data are not those that were searched, a plugin is missing, or `out`
            cannot be drawn, which is found out first.
        NothingToRankError: No trial that is asked about has a score.
    """
    identity, about = run.description["identity"], run.description["about"]
    for name in behaviors:
        if name not in about["behaviors"]:
            raise unknown("behavior", name, about["behaviors"])
    best = best_records(run.records())
    leaders = {name: one for name, one in best.items() if not behaviors or name in behaviors}
    if not leaders:
        raise NothingToRankError(f"{run.folder}: no trial has a score; it was made by `{about['command']}`")
    if out is not None:
        _refuse_plot(named(out))
    engine, files = engine_of(workers, dask), loaded(plugins) or run.plugins
    refuse_missing(plugins_of(leaders.values()), about["plugins"])
    with reading(shown=progress):
        dataset = run.dataset(data)
    spaces = Spaces.from_json(identity["ranges"])
    searched = sorted({name for names in identity["arms"].values() for name in names})
    # A baseline alone looks nowhere.
    reach = reach_seconds(searched, spaces) if searched else 0.0
    folds = {name: make_folds(dataset.labelled[name], reach) for name in leaders}
    parts = [max(one.parts) + 1 for one in folds.values()]
    fits = sum(len(left_out_sets(n, size, identity["seed"])) for n in parts for size in sizes(n))
    if say:
        say(f"fitting {counted(fits, 'model')} of {counted(len(leaders), 'behavior')}, {engine.where}")
    with Steps(shown=progress) as told:
        curves = learning_curves(
            leaders,
            folds,
            candidates=candidates_of(spaces),
            seed=identity["seed"],
            pool=pool_of(dataset, identity["pool"]),
            cache=usable_cache(None if cache is None else named(cache), cache_limit, say),
            engine=engine,
            plugins=files,
            device=device_for(device, recorded_device(run.stored)),
            told=told,
        )
    if out is not None:
        try:
            write_plot(curves, named(out))
        except OSError as error:
            raise unwritable(named(out), error) from error
    return curves


def _refuse_plot(out: Path) -> None:
    """Find out whether the plot can be made before the fitting, not after it."""
    make_room(out, ".html")
    try:
        importlib.import_module("plotly")
    except ImportError as error:
        raise HarnessError("--out needs plotly; `pip install 'behavior-harness[report]'` brings it") from error


def report(
    run: Run,
    out: Path | str = "report.html",
    *,
    submission: Path | str | None = None,
    data: Dataset | Path | str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    say: Callable[[str], object] | None = None,
    progress: bool = False,
    command: str | None = None,
) -> Path:
    """Write one page to look at: scores, ethograms, curves, the search, what detectors look at.

    Args:
        run: What `harness.search` or `harness.open_run` returned, finished or not.
        out: The file, which ends in `.html`.
        submission: The labels of test recordings to show; by default those last exported from the run.
        data, plugins, cache, cache_limit: See `learning_curve`.
        say: Called with a line where a submission cannot be shown with how it was made.
        progress: Whether to show how far it has come once it takes more than two seconds.
        command: What the page says it was made by; by default this call.

    Raises:
        HarnessError: Something that is needed cannot be read, or the page cannot be written, which is found out first.
    """
    from harness.reporting import report as page_of

    out = named(out)
    make_room(out, ".html")
    loaded(plugins)
    with reading(shown=progress) as told:
        dataset = run.dataset(data)
        smoothers = sorted(run.description["identity"]["plugins"]["smoothers"])
        refuse_missing([("smoothers", name) for name in smoothers], run.description["about"]["plugins"])
        path, manifest = _submission(None if submission is None else named(submission), run)
        labels = None
        if path is not None:
            try:
                labels = _labels(path, dataset)
            except DataError as error:
                if submission is not None:
                    raise
                path = manifest = None
                if say:
                    say(f"note: not shown, as it is not of these test recordings: {error.problems[0]}; export it again")
        if path is not None and manifest is not None and (differs := mismatch(path)):
            manifest = None
            if say:
                say(f"note: {differs}")
        page = page_of(
            run.stored,
            dataset,
            labels,
            manifest,
            told=told,
            command=command or f"harness.report(..., {str(out)!r})",
            submission_name=None if path is None else str(path),
            cache=usable_cache(None if cache is None else named(cache), cache_limit, say),
        )
    try:
        write_text(out, page)
    except OSError as error:
        raise unwritable(out, error) from error
    return out


def _submission(asked: Path | None, run: Run) -> tuple[Path | None, Mapping[str, Any] | None]:
    """The submission to show and how it was made; the last that was exported from the run where none is asked for."""
    path = asked or last_export(run.folder)
    if path is None or (asked is None and not path.exists()):
        return None, None
    beside = path.with_suffix(".json")
    try:
        manifest = json.loads(beside.read_text(encoding="utf-8"))
        of_this_run = manifest["run"]["identity"] == run.description["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        manifest, of_this_run = None, None
    if of_this_run is False:
        if asked:
            raise HarnessError(f"{path}: {beside} says that it was made by another run than {run.folder}")
        return None, None
    return path, manifest


def _labels(path: Path, dataset: Dataset) -> Mapping[str, Mapping[str, Array]]:
    """The labels of a submission for its behaviors and all test recordings. Raises `DataError` where some are missing.

    An export leaves out behaviors of which no trial has finished.
    """
    submission = read_submission(path)
    there = [name for name in dataset.labelled if isinstance(submission, dict) and name in submission]
    wanted = {
        name: {one.id: np.zeros(one.frames, dtype=np.int8) for one in dataset.to_label(name)}
        for name in there or dataset.labelled
    }
    return read_predictions(path, wanted)
