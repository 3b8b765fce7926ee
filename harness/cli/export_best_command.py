"""`harness export-best`."""

import argparse
import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.atomic import write_text
from harness.cli.arguments import cache_folder, data_folder, last_run_folder, worker_count
from harness.cli.console import counted, pipeline_name, say
from harness.data.challenge import load_dataset
from harness.errors import HarnessError, NothingToRankError
from harness.export import export_labels, manifest
from harness.leaderboard import best_records
from harness.recording import Dataset
from harness.registry import FEATURES, MODELS, SMOOTHERS, Plugin, load_plugins
from harness.search import pool_of
from harness.store import Run, TrialRecord
from harness.submission import write_submission

REGISTRIES: Mapping[str, Mapping[str, Plugin]] = {"features": FEATURES, "models": MODELS, "smoothers": SMOOTHERS}


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results))
    description = run.description
    out: Path = arguments.out
    _make_room(out)
    load_plugins(arguments.plugin)
    best = best_records(run.records())
    data = data_folder(arguments.data) or _searched_data(run)
    dataset = load_dataset(data)
    if dataset.digest != description["identity"]["data"]:
        raise HarnessError(f"{data}: not the data that {run.folder} was searched on; name that with --data")
    _refuse(best, dataset, data, run)
    for name in _changed(best, description["identity"]["plugins"]):
        say(f"note: {name} is not what it was in the search; the scores are those of the earlier version")
    labels = export_labels(
        {behavior: best[behavior] for behavior in dataset.labelled},
        dataset.labelled,
        dataset.unlabelled,
        pool=pool_of(dataset),
        seed=description["identity"]["seed"],
        cache=cache_folder(arguments.cache),
        workers=worker_count(arguments.workers),
        plugins=arguments.plugin,
    )
    beside = out.with_suffix(".json")
    try:
        write_submission(out, labels)
        write_text(beside, json.dumps(manifest(best, labels, description), indent=1) + "\n")
    except OSError as error:
        raise _unwritable(out, error) from error
    for behavior, record in best.items():
        claimed = counted(sum(int(one.sum()) for one in labels[behavior].values()), "frame")
        pipeline = pipeline_name(record.spec, description["identity"]["ranges"]["stacks"])
        say(f"{behavior}: {pipeline}, trial {record.trial}, F1 {record.pooled.f1:.3f}, {claimed} claimed")
    sizes = f"{counted(len(labels), 'behavior')}, {counted(len(dataset.unlabelled), 'recording')}"
    say(f"wrote {out} ({sizes}) and {beside} (how it was made)")
    return 0


def _make_room(out: Path) -> None:
    """Find out whether `out` can be written before hours of fitting, not after them."""
    if out.suffix != ".npy" or out.is_dir():
        raise HarnessError(f"--out {out}: should be a file that ends in .npy")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> HarnessError:
    return HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out")


def _searched_data(run: Run) -> Path:
    data = Path(run.description["about"]["data"])
    if not data.is_dir():
        raise HarnessError(f"{data}: the data that {run.folder} was searched on are not there; name them with --data")
    return data


def _refuse(best: dict[str, TrialRecord], dataset: Dataset, data: Path, run: Run) -> None:
    missing = [behavior for behavior in dataset.labelled if behavior not in best]
    if missing:
        command = run.description["about"]["command"]
        options = " ".join(f"--behavior {shlex.quote(behavior)}" for behavior in missing)
        raise NothingToRankError(
            f"{run.folder}: no finished trials for {', '.join(missing)}; run `{command}` with {options}"
        )
    if not dataset.unlabelled:
        raise HarnessError(f"{data}: no recordings to label; a file test.npy should hold them")
    files = " ".join(f"--plugin {shlex.quote(file)}" for file in run.description["about"]["plugins"])
    for behavior, record in best.items():
        for kind, name in _plugins(record):
            if name not in REGISTRIES[kind]:
                raise HarnessError(f"{behavior} needs the plugin {name!r}; give {files or '--plugin FILE'} again")


def _plugins(record: TrialRecord) -> Iterator[tuple[str, str]]:
    """Kind and name of everything that makes the record's labels."""
    yield from (("features", choice.name) for choice in record.spec.features)
    yield "models", record.spec.model.name
    if record.decision is not None:
        yield "smoothers", record.decision.smoother.name


def _changed(best: Mapping[str, TrialRecord], searched: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Plugins that are needed and are another version of what the run was searched with."""
    needed = sorted({plugin for record in best.values() for plugin in _plugins(record)})
    return [name for kind, name in needed if REGISTRIES[kind][name].source_version != searched[kind][name]]
