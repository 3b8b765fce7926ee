"""`harness export-best`."""

import argparse
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from harness.cli.arguments import engine_for, last_run_folder, named_server, usable_cache
from harness.cli.console import counted, pipeline_name, say
from harness.cli.outputs import make_room, unwritable
from harness.cli.searched import REGISTRIES, plugins_of, refuse_missing_plugins, searched_data, searched_folder
from harness.decisions import candidates_of
from harness.ensembles import ensembles
from harness.errors import HarnessError, NothingToRankError
from harness.export import Exported, Training, export, manifest, refuse_folder, remember_export
from harness.metrics import mean_score
from harness.recording import Dataset
from harness.records import TrialRecord
from harness.registry import PluginFile, load_plugins
from harness.search import pool_of
from harness.selection import EXPORTED
from harness.spaces import Spaces
from harness.store import Run
from harness.submission import write_submission


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results), named_server(arguments.storage))
    description = run.description
    out: Path = arguments.out
    if out.with_suffix(".json").resolve() == (run.folder / "run.json").resolve():
        raise HarnessError(
            f"--out {out}: what goes beside it would overwrite the run's own run.json; take another name"
        )
    make_room(out, ".npy")
    if arguments.models is not None:
        refuse_folder(arguments.models)
    plugins, engine = [PluginFile.read(file) for file in arguments.plugin], engine_for(arguments)
    load_plugins(plugins)
    data = searched_folder(run, arguments.data)
    dataset = searched_data(run, data)
    records: dict[str, list[TrialRecord]] = {behavior: [] for behavior in dataset.labelled}
    for record in run.records():
        if record.complete:
            records[record.behavior].append(record)
    _refuse_gaps(records, dataset, data, run)
    needed = plugins_of(record for theirs in records.values() for record in theirs)
    refuse_missing_plugins(run, needed)
    for name in _changed(needed, description["identity"]["plugins"]):
        say(f"note: {name} is not what it was in the search; the scores are those of the earlier version")
    selections = ensembles(
        run,
        [record for theirs in records.values() for record in theirs],
        dataset.labelled,
        candidates=candidates_of(Spaces.from_json(description["identity"]["ranges"])),
        engine=engine,
        plugins=plugins,
    )
    exported = export(
        {behavior: by_way[EXPORTED] for behavior, by_way in selections.items()},
        Training(
            dataset.labelled,
            pool_of(dataset),
            description["identity"]["seed"],
            usable_cache(arguments.cache, arguments.cache_limit),
            tuple(plugins),
        ),
        dataset.unlabelled,
        engine=engine,
        models=arguments.models,
    )
    beside = out.with_suffix(".json")
    try:
        write_submission(
            out,
            {behavior: one.labels for behavior, one in exported.items()},
            {beside.name: json.dumps(manifest(exported, description), indent=1) + "\n"},
        )
    except OSError as error:
        raise unwritable(out, error) from error
    remember_export(run.folder, out)
    for behavior, one in exported.items():
        say(f"{behavior}: {_in_words(one)}")
    mean = mean_score(one.selection.pooled.score for one in exported.values()).f1
    say(f"mean F1 {mean:.3f}, each recording judged by members and a decision that were chosen without it")
    sizes = f"{counted(len(exported), 'behavior')}, {counted(len(dataset.unlabelled), 'recording')}"
    say(f"wrote {out} ({sizes}) and {beside} (how it was made)")
    if arguments.models is not None:
        say(f"wrote {arguments.models} (the fitted models, for harness predict)")
    return 0


def _in_words(exported: Exported) -> str:
    selection = exported.selection
    best = selection.members[0].record
    first = f"{pipeline_name(best)}, trial {best.trial}"
    what = first if len(selection.members) == 1 else f"ensemble of {len(selection.members)} trials, first {first}"
    claimed = counted(sum(int(labels.sum()) for labels in exported.labels.values()), "frame")
    return f"F1 {selection.pooled.f1:.3f}, {what}; {claimed} claimed"


def _refuse_gaps(records: Mapping[str, Sequence[TrialRecord]], dataset: Dataset, data: Path, run: Run) -> None:
    """Raise `HarnessError` where a behavior has no trials, or there is nothing to label."""
    missing = [behavior for behavior, theirs in records.items() if not theirs]
    if missing:
        command = run.description["about"]["command"]
        options = " ".join(f"--behavior {shlex.quote(behavior)}" for behavior in missing)
        raise NothingToRankError(
            f"{run.folder}: no finished trials for {', '.join(missing)}; run `{command}` with {options}"
        )
    if not dataset.unlabelled:
        raise HarnessError(f"{data}: no recordings to label; a file test.npy should hold them")


def _changed(needed: Iterable[tuple[str, str]], searched: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Plugins that are another version of what the run was searched with."""
    return [name for kind, name in needed if REGISTRIES[kind][name].source_version != searched[kind][name]]
