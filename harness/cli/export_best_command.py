"""`harness export-best`."""

import argparse
import json
from pathlib import Path

from harness.atomic import write_text
from harness.cli.arguments import cache_folder, data_folder, last_run_folder, worker_count
from harness.cli.console import say
from harness.data.challenge import load_dataset
from harness.errors import HarnessError, NothingToRankError
from harness.export import export_labels, manifest
from harness.leaderboard import best_records
from harness.recording import Dataset
from harness.registry import FEATURES, MODELS, load_plugins
from harness.search import pool_of
from harness.store import Run, TrialRecord
from harness.submission import write_submission


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results))
    description = run.description
    out: Path = arguments.out
    if out.suffix != ".npy" or out.is_dir():
        raise HarnessError(f"--out {out}: should be a file that ends in .npy")
    load_plugins(arguments.plugin)
    best = best_records(run.records())
    data = data_folder(arguments.data) or Path(description["about"]["data"])
    dataset = load_dataset(data)
    if dataset.digest != description["identity"]["data"]:
        raise HarnessError(f"{data}: not the data that {run.folder} was searched on; name that with --data")
    _refuse(best, dataset, data, run)
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
        raise HarnessError(f"{out}: cannot be written ({error.strerror}); name another file with --out") from error
    for behavior, record in best.items():
        claimed = sum(int(one.sum()) for one in labels[behavior].values())
        say(f"{behavior}: {record.arm}, trial {record.trial}, F1 {record.pooled.f1:.3f}, {claimed:,} frames claimed")
    say(f"wrote {out} ({len(labels)} behaviors, {len(dataset.unlabelled)} recordings) and {beside} (how it was made)")
    return 0


def _refuse(best: dict[str, TrialRecord], dataset: Dataset, data: Path, run: Run) -> None:
    missing = [behavior for behavior in dataset.labelled if behavior not in best]
    if missing:
        options = " ".join(f"--behavior {behavior}" for behavior in missing)
        raise NothingToRankError(
            f"{run.folder}: no finished trials for {', '.join(missing)}; run `harness search {options}`"
        )
    if not dataset.unlabelled:
        raise HarnessError(f"{data}: no recordings to label; a file test.npy should hold them")
    for record in best.values():
        for name, registry in [(choice.name, FEATURES) for choice in record.spec.features] + [
            (record.spec.model.name, MODELS)
        ]:
            if name not in registry:
                raise HarnessError(f"{record.behavior} needs the plugin {name!r}; give --plugin as in the search")
