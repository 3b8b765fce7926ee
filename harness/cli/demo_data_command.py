"""`harness demo-data`."""

import argparse
import os

from harness.cli.console import say
from harness.data.demo import write_demo
from harness.errors import HarnessError


def run(arguments: argparse.Namespace) -> int:
    sizes = {
        name: getattr(arguments, name)
        for name in ("recordings", "seconds", "test_recordings")
        if getattr(arguments, name) is not None
    }
    taken = arguments.out / "train.npy"
    if os.path.lexists(taken):
        raise HarnessError(f"{taken} is there already and would be overwritten; name another folder")
    try:
        write_demo(arguments.out, seed=arguments.seed, matched=arguments.matched, **sizes)
    except OSError as error:
        raise HarnessError(f"{arguments.out}: cannot be written ({error.strerror})") from error
    say(f"wrote {arguments.out}: train.npy, test.npy, sample_submission.npy, and the truth in test_labels.npy")
    say(f"next: harness search --data {arguments.out}")
    return 0
