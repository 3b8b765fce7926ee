"""`harness demo-data`."""

import argparse

import harness
from harness.showing.console import say


def run(arguments: argparse.Namespace) -> int:
    out = harness.demo_data(
        arguments.out,
        seed=arguments.seed,
        recordings=arguments.recordings,
        seconds=arguments.seconds,
        test_recordings=arguments.test_recordings,
        matched=arguments.matched,
        crowd=arguments.crowd,
    )
    if arguments.crowd:
        say(f"wrote {out}: dataset.toml, recordings.csv, and poses, labels and what was looked at for each recording")
    else:
        say(f"wrote {out}: train.npy, test.npy, sample_submission.npy, and the truth in test_labels.npy")
    say(f"next: harness search --data {out}")
    return 0
