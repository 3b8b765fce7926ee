"""`harness export-best`."""

import argparse
import json
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.cli.arguments import data_folder, engine_for, last_run_folder, named_server, usable_cache
from harness.cli.console import counted, pipeline_name, say
from harness.data.challenge import load_dataset
from harness.decisions import candidates_of
from harness.ensembles import ensembles
from harness.errors import HarnessError, NothingToRankError
from harness.export import Exported, Training, export, manifest, remember_export
from harness.metrics import mean_score
from harness.recording import Dataset
from harness.records import TrialRecord
from harness.registry import FEATURES, MODELS, SMOOTHERS, Plugin, PluginFile, load_plugins
from harness.search import pool_of
from harness.selection import EXPORTED
from harness.spaces import Spaces
from harness.store import Run
from harness.submission import write_submission

REGISTRIES: Mapping[str, Mapping[str, Plugin]] = {"features": FEATURES, "models": MODELS, "smoothers": SMOOTHERS}


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results), named_server(arguments.storage))
    description = run.description
    out: Path = arguments.out
    if out.with_suffix(".json").resolve() == (run.folder / "run.json").resolve():
        raise HarnessError(
            f"--out {out}: what goes beside it would overwrite the run's own run.json; take another name"
        )
    make_room(out)
    plugins, engine = [PluginFile.read(file) for file in arguments.plugin], engine_for(arguments)
    load_plugins(plugins)
    data = data_folder(arguments.data) or _searched_data(run)
    dataset = load_dataset(data)
    if dataset.digest != description["identity"]["data"]:
        raise HarnessError(f"{data}: not the data that {run.folder} was searched on; name that with --data")
    records: dict[str, list[TrialRecord]] = {behavior: [] for behavior in dataset.labelled}
    for record in run.records():
        if record.complete:
            records[record.behavior].append(record)
    _refuse(records, dataset, data, run)
    for name in _changed(records, description["identity"]["plugins"]):
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


def make_room(out: Path) -> None:
    """Find out whether `out` can be written before hours of work, not after them."""
    if out.suffix != ".npy" or out.is_dir():
        raise HarnessError(f"--out {out}: should be a file that ends in .npy")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise unwritable(out, error) from error


def unwritable(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out")


def _searched_data(run: Run) -> Path:
    data = Path(run.description["about"]["data"])
    if not data.is_dir():
        raise HarnessError(f"{data}: the data that {run.folder} was searched on are not there; name them with --data")
    return data


def _refuse(records: Mapping[str, Sequence[TrialRecord]], dataset: Dataset, data: Path, run: Run) -> None:
    missing = [behavior for behavior, theirs in records.items() if not theirs]
    if missing:
        command = run.description["about"]["command"]
        options = " ".join(f"--behavior {shlex.quote(behavior)}" for behavior in missing)
        raise NothingToRankError(
            f"{run.folder}: no finished trials for {', '.join(missing)}; run `{command}` with {options}"
        )
    if not dataset.unlabelled:
        raise HarnessError(f"{data}: no recordings to label; a file test.npy should hold them")
    files = " ".join(f"--plugin {shlex.quote(file)}" for file in run.description["about"]["plugins"])
    for kind, name in _plugins(records):
        if name not in REGISTRIES[kind]:
            raise HarnessError(f"the run needs the plugin {name!r}; give {files or '--plugin FILE'} again")


def _plugins(records: Mapping[str, Sequence[TrialRecord]]) -> list[tuple[str, str]]:
    """Kind and name of everything that made the trials."""
    used = set()
    for record in (record for theirs in records.values() for record in theirs):
        used |= {("features", choice.name) for choice in record.spec.features} | {("models", record.spec.model.name)}
        used |= {("smoothers", record.decision.smoother.name)} if record.decision else set()
    return sorted(used)


def _changed(records: Mapping[str, Sequence[TrialRecord]], searched: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Plugins that are another version of what the run was searched with."""
    needed = _plugins(records)
    return [name for kind, name in needed if REGISTRIES[kind][name].source_version != searched[kind][name]]
