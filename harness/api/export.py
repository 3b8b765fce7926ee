"""From a run to what labels for good: fit the ensembles, and write the submission."""

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.api.detectors import Detectors
from harness.api.going_on import recorded_device
from harness.api.places import engine_of, loaded, silently, usable_cache
from harness.api.run import Run
from harness.choosing.ensembles import ensembles
from harness.choosing.overlaps import Overlaps, choose_rule
from harness.choosing.reliability import Reliability, reliability_of
from harness.choosing.selection import EXPORTED, Selection
from harness.data.layouts import data_files, is_dataset_folder
from harness.data.settled import blind_lines
from harness.data.submission import write_submission
from harness.dataset import Dataset
from harness.engines.interface import Engine, Told
from harness.errors import HarnessError, NothingToRankError, unknown
from harness.files.outputs import made_whole, make_room, refuse_inputs, refuse_taken, unwritable, unwritable_folder
from harness.fitting.decisions import candidates_of
from harness.fitting.pool import pool_of
from harness.labelling.export import (
    Exported,
    export,
    fit_detectors,
    manifest,
    refuse_folder,
    remember_export,
    unkept,
)
from harness.labelling.training import Training
from harness.labelling.writing import check_bins, formats_named, write_labels
from harness.networks.device import device_for
from harness.plugins.registry import REGISTRIES, refuse_missing
from harness.plugins.spaces import Spaces
from harness.plugins.writers import Labelled
from harness.runs.records import TrialRecord, plugins_of
from harness.scores.metrics import mean_score
from harness.showing.steps import reading
from harness.words import counted, html_table, named


def fit(
    run: Run,
    *,
    behaviors: Sequence[str] = (),
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    device: str | None = None,
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Detectors:
    """Fit, on all labelled recordings, what `export_best` would: the ensemble of each behavior.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        behaviors: Those to fit; by default all that have finished trials.
        data: What was searched; by default as it was given or from where it lay.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that were searched with; by default those that the search was given.
        cache: The folder of computed features; by default `HARNESS_CACHE`, or one under the user's cache.
        cache_limit: Bytes that it may hold, 0 to use none; by default 10 GB.
        device: Where networks learn, as `harness.search` takes it; by default where those of the run did.
        say: Called with a line on each plugin that is not what it was in the search, and on what is left out.
        progress: Whether to show how far it has come once it takes more than two seconds.

    Raises:
        HarnessError: The data are not those that were searched, a plugin is missing, or a pipeline cannot be fitted.
        NothingToRankError: None of the behaviors, or one that is asked for, has a finished trial.
    """
    with reading(shown=progress) as told:
        chosen = _choose(run, behaviors, data, workers, dask, plugins, cache, cache_limit, say, told, device=device)
        return _fitted(chosen, engine_of(workers, dask), told)


def _fitted(chosen: "_Chosen", engine: Engine, told: Told) -> Detectors:
    folder = Path(tempfile.mkdtemp(prefix="harness-models-"))
    training = chosen.training if unkept(chosen.selections) else None
    detectors = Detectors(folder, plugins=chosen.training.plugins, training=training)
    weakref.finalize(detectors, shutil.rmtree, folder)  # with the last who needs them, or the program
    fit_detectors(chosen.selections, chosen.training, folder, engine, chosen.rule, told, chosen.reliability)
    return detectors


@dataclass(frozen=True)
class Export:
    """What was written, and what it was made of."""

    submission: Path | None
    """None where there was nothing to label."""
    manifest: Path | None
    """The JSON file beside it."""
    labels: Path | None
    """The folder with labels in other formats, where they were asked for."""
    models: Path | None
    """The folder with the fitted models, where they were kept."""
    behaviors: Mapping[str, Exported]
    recordings: int

    @property
    def mean_f1(self) -> float:
        """Over behaviors; each recording judged by members and a decision that were chosen without it."""
        return mean_score(one.selection.pooled.score for one in self.behaviors.values()).f1

    def _repr_html_(self) -> str:
        rows = [
            [name, f"{one.selection.pooled.f1:.3f}", counted(len(one.selection.members), "trial"), f"{one.claimed:,}"]
            for name, one in self.behaviors.items()
        ]
        return html_table(("behavior", "F1", "averages", "frames claimed"), rows, str(self.submission or self.models))


def export_best(
    run: Run,
    out: Path | str = "submission.npy",
    *,
    behaviors: Sequence[str] = (),
    models: Path | str | None = None,
    labels: Path | str | None = None,
    formats: Sequence[str] = (),
    bins: float | None = None,
    data: Dataset | Path | str | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    cache: Path | str | None = None,
    cache_limit: int | None = None,
    device: str | None = None,
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Export:
    """Fit the ensemble of each behavior, label all test recordings, and write the submission.

    Where there is nothing to label, the fitted models alone are kept, if they are asked for. Behaviors without finished
    trials are left out of it, which `say` is told; the challenge wants all.

    Args:
        run: What `harness.search` or `harness.open_run` returned.
        out: The file, which ends in `.npy`; how it was made goes beside it, as `.json`.
        behaviors: Those to export; by default all that have finished trials.
        models: A folder to make for the fitted models; by default they are not kept.
        labels: A folder to make for what `label` writes: tables of bouts, what they come to, and other formats.
        formats, bins: What else to write there, see `label`.
        data, workers, dask, plugins, cache, cache_limit, device, say, progress: See `fit`.

    Raises:
        HarnessError: See `fit`; also where there is nothing to label, or the files cannot be written, which is found
            out before anything is fitted.
        NothingToRankError: None of the behaviors, or one that is asked for, has a finished trial.
    """
    out, beside = named(out), named(out).with_suffix(".json")
    searched = run.source(data)
    refuse_inputs((out, beside), [*run.files(), *(data_files(searched) if searched else [])])
    make_room(out, ".npy")
    folder = None if models is None else named(models)
    if folder is not None:
        refuse_folder(folder)
    tables = None if labels is None else named(labels)
    wanted = formats_named(formats) if tables is not None else []
    if tables is not None:
        refuse_taken(tables)
    check_bins(bins)
    with ExitStack() as stack, reading(shown=progress) as told:
        chosen = _choose(
            run,
            behaviors,
            data,
            workers,
            dask,
            plugins,
            cache,
            cache_limit,
            say,
            told,
            device=device,
            to_submit=True,
            to_label=folder is None or tables is not None,
        )
        for line in blind_lines(chosen.dataset.unlabelled):
            (say or silently)(f"note: {line}")
        through: Callable[[Iterator[Labelled]], Iterator[Labelled]] = iter
        if tables is not None:
            through = partial(
                write_labels,
                stack.enter_context(made_whole(tables, partial(unwritable_folder, tables))),
                wanted,
                {behavior: chosen.dataset.scope(behavior) for behavior in chosen.selections},
                chosen.dataset.unlabelled,
                bins=bins,
                reliability=chosen.reliability,
                made={"run": str(run.folder)},
            )
        exported = export(
            chosen.selections,
            chosen.training,
            chosen.dataset.unlabelled,
            engine=engine_of(workers, dask),
            models=folder,
            overlaps=chosen.rule,
            reliability=chosen.reliability,
            through=through,
            told=told,
        )
    if not chosen.dataset.unlabelled:
        return Export(None, None, tables, folder, exported, 0)
    by_behavior = {behavior: one.labels for behavior, one in exported.items()}
    try:
        write_submission(out, by_behavior, manifest(exported, run.description, chosen.overlaps))
    except OSError as error:
        raise unwritable(out, error) from error
    remember_export(run.folder, out)
    return Export(out, beside, tables, folder, exported, len(chosen.dataset.unlabelled))


@dataclass(frozen=True)
class _Chosen:
    """What is to be fitted, and on what."""

    dataset: Dataset
    selections: Mapping[str, Selection]
    training: Training
    overlaps: Overlaps | None
    """How frames that several behaviors claim are resolved; None where behaviors do not exclude each other."""
    reliability: Mapping[str, Reliability]

    @property
    def rule(self) -> str:
        return "none" if self.overlaps is None else self.overlaps.rule


def _choose(
    run: Run,
    behaviors: Sequence[str],
    data: Dataset | Path | str | None,
    workers: int | None,
    dask: str | None,
    plugins: Sequence[Path | str],
    cache: Path | str | None,
    cache_limit: int | None,
    say: Callable[[str], object] | None,
    told: Told,
    *,
    device: str | None = None,
    to_submit: bool = False,
    to_label: bool = False,
) -> _Chosen:
    """What the trials of a run come to.

    With `to_submit` behaviors that were not asked for are told of, as a submission lacks them. With `to_label`, raises
    `HarnessError` where no recording is to be labelled.
    """
    identity = run.description["identity"]
    engine, files = engine_of(workers, dask), loaded(plugins) or run.plugins
    dataset = run.dataset(data)
    finished: dict[str, list[TrialRecord]] = {behavior: [] for behavior in dataset.labelled}
    for record in run.records():
        if record.complete:
            finished[record.behavior].append(record)
    records = _wanted(finished, behaviors, run)
    if len(records) < len(finished) and (to_submit or not behaviors):
        (say or silently)(f"note: {_gap([name for name in finished if name not in records], finished, run)}")
    if to_label and not dataset.unlabelled:
        in_folder = dataset.source is not None and is_dataset_folder(dataset.source)
        way = "recordings.csv should have some of split unlabelled" if in_folder else "a file test.npy should hold them"
        raise HarnessError(f"{dataset.source or dataset.name}: no recordings to label; {way}, or --models keeps models")
    every = [record for theirs in records.values() for record in theirs]
    needed = plugins_of(every)
    refuse_missing(needed, run.description["about"]["plugins"])
    for kind, name in needed:
        if say and REGISTRIES[kind][name].source_version != identity["plugins"][kind][name]:
            say(f"note: {name} is not what it was in the search; the scores are those of the earlier version")
    candidates = candidates_of(Spaces.from_json(identity["ranges"]))
    # Those of all behaviors, as each has a say in the members of the others.
    all_finished = [record for theirs in finished.values() for record in theirs]
    found = ensembles(
        run.stored, all_finished, dataset.labelled, candidates=candidates, engine=engine, plugins=files, told=told
    )
    blocks = usable_cache(None if cache is None else named(cache), cache_limit, say)
    selections = {behavior: found[behavior][EXPORTED] for behavior in records}
    overlaps = None
    if dataset.exclusive:
        overlaps = choose_rule(run.stored.out_of_fold, selections, dataset.labelled)
        (say or silently)(_resolution(overlaps))
    training = Training(
        replace(dataset, unlabelled=(), truth={}),
        pool_of(dataset, identity["pool"]),
        identity["seed"],
        blocks,
        files,
        device_for(device, recorded_device(run.stored)),
    )
    reliability = {
        behavior: reliability_of(run.stored.out_of_fold, one, dataset.labelled[behavior])
        for behavior, one in selections.items()
    }
    return _Chosen(dataset, selections, training, overlaps, reliability)


def _resolution(overlaps: Overlaps) -> str:
    """What is done about frames that several behaviors claim, and what that is worth."""
    ways = {
        "none": "they stay with all",
        "ratio": "each goes to the largest probability over its threshold",
        "log-odds": "each goes to the largest log-odds above its threshold",
    }
    return (
        f"behaviors exclude each other; {counted(overlaps.frames, 'labelled frame')} claimed by several, "
        f"{ways[overlaps.rule]}: mean F1 {overlaps.f1:.3f} instead of {overlaps.f1_without:.3f}, each group of "
        "recordings by the rule that is best on the others"
    )


def _wanted(
    finished: Mapping[str, Sequence[TrialRecord]], behaviors: Sequence[str], run: Run
) -> dict[str, Sequence[TrialRecord]]:
    """The finished trials of the behaviors that are asked for, else of all that have some.

    Raises `NothingToRankError` where a behavior that is asked for, or every behavior, has none.
    """
    for name in behaviors:
        if name not in finished:
            raise unknown("behavior", name, finished)
    wanted = {name: theirs for name, theirs in finished.items() if (name in behaviors if behaviors else theirs)}
    missing = [name for name in (wanted or finished) if not finished[name]]
    if missing:
        failed = [record for record in run.records() if record.behavior in missing and record.error]
        why = f" (all {len(failed)} that ran failed, the first: {failed[0].error})" if failed else ""
        way = f"run `{_of_all(run)}`{', which says what gets further' if failed else ''}"
        raise NothingToRankError(f"{run.folder}: no finished trials for {', '.join(missing)}{why}; {way}")
    return wanted


def _gap(left_out: Sequence[str], finished: Mapping[str, Sequence[TrialRecord]], run: Run) -> str:
    """What a submission lacks, and what would make it whole."""
    unsearched = [name for name in left_out if not finished[name]]
    if not unsearched:
        return f"left out, as not asked for: {', '.join(left_out)}; the challenge wants a submission of all behaviors"
    return (
        f"left out, as no trial has finished: {', '.join(unsearched)}; the challenge wants a submission of all "
        f"behaviors, and `{_of_all(run)}` searches the others, too"
    )


def _of_all(run: Run) -> str:
    """The call that made a run, for all behaviors."""
    command = run.description["about"]["command"]
    command = re.sub(r" --behavior(=| +)('[^']*'|\S+)", "", command)
    return re.sub(r", behaviors=\[[^]]*\]", "", command)
