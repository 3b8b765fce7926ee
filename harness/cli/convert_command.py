"""`harness convert`."""

import argparse

import harness
from harness.showing.console import say
from harness.showing.steps import reading


def run(arguments: argparse.Namespace) -> int:
    with reading(shown=True):
        out = harness.convert(arguments.data, arguments.out, say=say)
    say(f"wrote {out}")
    say(f"next: harness search --data {out}")
    return 0
