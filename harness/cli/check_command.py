"""`harness check`."""

import argparse
from pathlib import Path

from harness.cli.arguments import data_folder, last_run_folder
from harness.cli.console import counted, say, show_csv, show_json, show_markdown
from harness.data.challenge import load_dataset, sample_submission_path
from harness.errors import HarnessError, escaped
from harness.store import Run
from harness.submission import disagreements, expected_from_sample, expected_lengths, problems, read_submission


def run(arguments: argparse.Namespace) -> int:
    data = data_folder(arguments.data) or _last_searched(arguments)
    dataset = load_dataset(data)
    expected = expected_lengths({one.id: one.frames for one in dataset.unlabelled}, dataset.labelled)
    found = problems(read_submission(arguments.submission), expected)
    sample = sample_submission_path(data)
    if sample is not None:
        found += disagreements(expected_from_sample(read_submission(sample)), expected)
    if arguments.format == "json":
        show_json({"fine": not found, "problems": found})
    elif arguments.format == "csv":
        show_csv([{"problem": problem} for problem in found])
    elif arguments.format == "markdown":
        show_markdown(["problem"], [[problem] for problem in found])
    else:
        for problem in found:
            print(escaped(problem))
    frames = sum(sum(recordings.values()) for recordings in expected.values())
    if found:
        say(f"{arguments.submission}: {counted(len(found), 'problem')}")
    else:
        size = f"{counted(len(expected), 'behavior')}, {counted(frames, 'label')}"
        say(f"{arguments.submission}: fine; all that {data} asks for, {size}")
    return 1 if found else 0


def _last_searched(arguments: argparse.Namespace) -> Path:
    try:
        return Path(Run(last_run_folder(None)).description["about"]["data"])
    except HarnessError as error:
        raise HarnessError(f"which data is {arguments.submission} for? name them with --data") from error
