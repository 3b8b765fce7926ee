"""`harness report`."""

import argparse
import shlex

import harness
from harness.cli.arguments import data_folder, in_place_of, named_cache_limit, named_run
from harness.showing.console import say


def run(arguments: argparse.Namespace) -> int:
    older = in_place_of(arguments.out)
    out = harness.report(
        named_run(arguments),
        arguments.out,
        submission=arguments.submission,
        data=data_folder(arguments.data),
        plugins=arguments.plugin,
        cache=arguments.cache,
        cache_limit=named_cache_limit(arguments.cache_limit),
        say=say,
        progress=True,
        command=shlex.join(["harness", *arguments.words]),
    )
    say(f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB){older}; open it in a browser")
    return 0
