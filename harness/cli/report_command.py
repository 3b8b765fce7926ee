"""`harness report`."""

import argparse
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from harness.atomic import write_text
from harness.cli.arguments import last_run_folder, named_server, usable_cache
from harness.cli.console import say
from harness.cli.outputs import make_room, unwritable
from harness.cli.searched import refuse_missing_plugins, searched_data, searched_folder
from harness.errors import HarnessError
from harness.export import last_export
from harness.recording import Array, Dataset
from harness.registry import load_plugins
from harness.report import report
from harness.store import Run
from harness.submission import read_predictions

Labels = Mapping[str, Mapping[str, Array]]


def run(arguments: argparse.Namespace) -> int:
    run = Run(last_run_folder(arguments.results), named_server(arguments.storage))
    description = run.description
    out: Path = arguments.out
    make_room(out, ".html")
    load_plugins(arguments.plugin)
    dataset = searched_data(run, searched_folder(run, arguments.data))
    smoothers = sorted(description["identity"]["plugins"]["smoothers"])
    refuse_missing_plugins(run, [("smoothers", name) for name in smoothers])
    path, manifest = _submission(arguments.submission, run, description)
    labels = _labels(path, dataset) if path else None
    page = report(
        run,
        dataset,
        labels,
        manifest,
        command=shlex.join(["harness", *arguments.words]),
        submission_name=str(path) if path else None,
        cache=usable_cache(arguments.cache, arguments.cache_limit),
    )
    try:
        write_text(out, page)
    except OSError as error:
        raise unwritable(out, error) from error
    say(f"wrote {out} ({len(page.encode()) / 1e6:.1f} MB); open it in a browser")
    return 0


def _submission(
    asked: Path | None, run: Run, description: Mapping[str, Any]
) -> tuple[Path | None, Mapping[str, Any] | None]:
    """The submission to show and how it was made; the last that was exported from the run where none is asked for."""
    path = asked or last_export(run.folder)
    if path is None or (asked is None and not path.exists()):
        return None, None
    beside = path.with_suffix(".json")
    try:
        manifest = json.loads(beside.read_text(encoding="utf-8"))
        of_this_run = manifest["run"]["identity"] == description["identity"]
    except (OSError, ValueError, KeyError, TypeError):
        manifest, of_this_run = None, None
    if of_this_run is False:
        if asked:
            raise HarnessError(f"{path}: {beside} says that it was made by another run than {run.folder}")
        return None, None
    return path, manifest


def _labels(path: Path, dataset: Dataset) -> Labels:
    """The labels of a submission for all behaviors and test recordings. Raises `DataError` where some are missing."""
    wanted = {one.id: np.zeros(one.frames, dtype=np.int8) for one in dataset.unlabelled}
    return read_predictions(path, dict.fromkeys(dataset.labelled, wanted))
