"""`harness check`."""

import argparse

from harness.cli.arguments import DEMO, data_folder
from harness.cli.console import say
from harness.data.challenge import load_dataset, sample_submission_path
from harness.submission import disagreements, expected_from_sample, expected_lengths, problems, read_submission


def run(arguments: argparse.Namespace) -> int:
    data = data_folder(arguments.data) or DEMO
    dataset = load_dataset(data)
    expected = expected_lengths({one.id: one.frames for one in dataset.unlabelled}, dataset.labelled)
    found = problems(read_submission(arguments.submission), expected)
    sample = sample_submission_path(data)
    if sample is not None:
        found += disagreements(expected_from_sample(read_submission(sample)), expected)
    for problem in found:
        print(problem)
    frames = sum(sum(recordings.values()) for recordings in expected.values())
    if found:
        say(f"{arguments.submission}: {len(found)} problems")
    else:
        say(f"{arguments.submission}: as {data} asks; {len(expected)} behaviors, {frames:,} labels")
    return 1 if found else 0
