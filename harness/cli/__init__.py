"""The command line: parse, call, print, exit. The only place that prints.

Each command is a module of this package with one function `run(arguments) -> exit code`, imported when it is called,
so that `harness --help` loads nothing.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from harness import __version__
from harness.cli.arguments import add_places, duration, existing_folder, positive, seed
from harness.errors import HarnessError, NothingToRankError

EPILOG = """\
begin with: harness search, then harness leaderboard, then harness export-best.
Without --data they work on a demo that is made on the spot.
environment: HARNESS_DATA, HARNESS_RESULTS, HARNESS_CACHE and HARNESS_CACHE_LIMIT stand in for options; options win.
exit codes: 0 done, 1 a check said no or nothing to rank, 2 something you can fix, 130 interrupted with all saved."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="harness",
        description="Find, for each behavior, the best detector from a few labelled pose recordings.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    search = commands.add_parser("search", help="search the best pipeline for each behavior; the same command resumes")
    add_places(search, "data", "results", "cache", "plugin")
    search.add_argument(
        "--trials",
        type=positive,
        metavar="N",
        help="total for each behavior (200; with --timeout no limit)",
    )
    search.add_argument("--timeout", type=duration, metavar="T", help="stop after this long, such as 90s, 30m or 1h30m")
    search.add_argument("--workers", type=positive, metavar="N", help="processes, one thread each (one a core)")
    search.add_argument("--seed", type=seed, default=0, metavar="N", help="the same seed gives the same trials (0)")
    search.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    search.add_argument("--features", action="append", default=[], metavar="F", help="only this set; may be repeated")
    search.add_argument("--model", action="append", default=[], metavar="M", help="only this family; may be repeated")
    search.add_argument("--spaces", type=existing_folder, metavar="DIR", help="ranges to use in place of the shipped")
    search.add_argument("--batch", type=positive, default=4, metavar="N", help="trials of a behavior asked at once (4)")

    board = commands.add_parser("leaderboard", help="rank what was tried")
    add_places(board, "results")
    board.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    board.add_argument("--by", choices=["pipeline", "features", "model"], default="pipeline", help="what a row is")
    board.add_argument("--top", type=positive, metavar="N", help="rows a behavior (table, markdown: 3; json, csv: all)")
    add_format(board)

    export = commands.add_parser("export-best", help="fit the best pipelines and write the submission")
    add_places(export, "data", "results", "cache", "plugin")
    export.add_argument("--out", type=Path, default=Path("submission.npy"), metavar="FILE", help="(submission.npy)")
    export.add_argument("--workers", type=positive, metavar="N", help="processes, one thread each (one a core)")

    page = commands.add_parser("report", help="write one page to look at: scores, ethograms, curves, search, examples")
    add_places(page, "data", "results", "cache", "plugin")
    page.add_argument("--out", type=Path, default=Path("report.html"), metavar="FILE", help="(report.html)")
    page.add_argument(
        "--submission", type=Path, metavar="FILE", help="what to show of the test recordings (last export)"
    )

    check = commands.add_parser("check", help="list everything wrong with a submission")
    check.add_argument("submission", type=Path, metavar="SUBMISSION")
    add_places(check, "data")

    score = commands.add_parser("score", help="score a submission as the challenge does")
    score.add_argument("submission", type=Path, metavar="SUBMISSION")
    score.add_argument(
        "truth", type=Path, metavar="TRUTH", help="labels laid out like a submission or a public release"
    )
    add_format(score)

    listing = commands.add_parser("list", help="show feature sets, model families and smoothers with their ranges")
    add_places(listing, "data", "plugin")
    listing.add_argument("--spaces", type=existing_folder, metavar="DIR", help="ranges to show in place of the shipped")
    add_format(listing)

    cache = commands.add_parser("cache", help="show how full the folder of feature blocks is, or empty it")
    add_places(cache, "cache")
    cache.add_argument("--clear", action="store_true", help="delete all blocks; other files in the folder are left")
    add_format(cache)

    demo = commands.add_parser("demo-data", help="make a demo dataset")
    demo.add_argument("out", type=Path, metavar="OUT", help="folder to make")
    demo.add_argument("--seed", type=seed, default=0, metavar="N", help="(0)")
    demo.add_argument("--recordings", type=positive, metavar="N", help="labelled recordings for most behaviors")
    demo.add_argument("--seconds", type=positive, metavar="N", help="length of each recording")
    demo.add_argument("--test-recordings", type=positive, metavar="N", help="recordings to label")
    demo.add_argument("--matched", action="store_true", help="test recordings of each behavior like its training ones")
    return top


def add_format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=["table", "json", "csv", "markdown"], default="table", help="(table)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser().parse_args(words, argparse.Namespace(words=words))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # As standard error does: a name that the terminal has no letters for is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        command = importlib.import_module(f"harness.cli.{arguments.command.replace('-', '_')}_command")
        code: int = command.run(arguments)
        sys.stdout.flush()
    except HarnessError as error:
        for line in str(error).splitlines():
            print(f"harness: {line}", file=sys.stderr)
        return 1 if isinstance(error, NothingToRankError) else 2
    except KeyboardInterrupt:
        print("harness: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader has seen enough; what is left unwritten must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
