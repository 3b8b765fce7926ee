"""`harness predict`."""

import argparse

import harness
from harness.cli.arguments import in_place_of
from harness.showing.console import say
from harness.words import counted


def run(arguments: argparse.Namespace) -> int:
    older = in_place_of(arguments.out)
    labels = harness.predict(
        arguments.models,
        arguments.data,
        arguments.out,
        workers=arguments.workers,
        dask=arguments.dask,
        plugins=arguments.plugin,
        say=say,
        progress=True,
    )
    for behavior, theirs in labels.items():
        say(f"{behavior}: {counted(sum(int(one.sum()) for one in theirs.values()), 'frame')} claimed")
    size = sum(len(one) for theirs in labels.values() for one in theirs.values())
    say(f"wrote {arguments.out} ({counted(len(labels), 'behavior')}, {counted(size, 'label')}){older}")
    return 0
