"""The command line: parse, call, print, exit. The only place that prints.

Each command is a module of this package with one function `run(arguments) -> exit code`, imported when it is called,
so that `harness --help` loads nothing.
"""

import argparse
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from harness.cli.arguments import (
    add_device,
    add_places,
    add_tracks,
    add_workers,
    add_written,
    duration,
    existing_folder,
    lasting,
    memory,
    pair,
    positive,
    quieten_dask,
    seed,
)
from harness.cli.ending import Ending
from harness.cli.letters import as_the_terminal_has_them
from harness.errors import HarnessError, NothingToRankError
from harness.server import without_secrets
from harness.version import __version__
from harness.words import escaped, named

EPILOG = """\
begin with: harness search, then harness leaderboard, then harness export-best.
Without --data they work on a demo that is made on the spot.
environment: HARNESS_DATA, HARNESS_RESULTS, HARNESS_STORAGE, HARNESS_CACHE and HARNESS_CACHE_LIMIT stand in for
options; options win.
exit codes: 0 done, 1 a check said no or nothing to rank, 2 something you can fix, 130 interrupted with all saved
(143 by SIGTERM, 129 as the terminal was closed)."""


class Parser(argparse.ArgumentParser):
    """One that shows no password in what it does not understand."""

    def error(self, message: str) -> NoReturn:
        super().error(without_secrets(message))


def parser() -> argparse.ArgumentParser:
    top = Parser(
        prog="harness",
        description="Find, for each behavior, the best detector from a few labelled pose recordings.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"harness {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    search = commands.add_parser("search", help="search the best pipeline for each behavior; the same command resumes")
    add_places(search, "data", "results", "storage", "cache", "plugin")
    search.add_argument(
        "--trials",
        type=positive,
        metavar="N",
        help="total for each behavior (200; with --timeout no limit)",
    )
    search.add_argument("--timeout", type=duration, metavar="T", help="stop after this long, such as 90s, 30m or 1h30m")
    add_workers(search)
    add_device(search, "a GPU if there is one")
    search.add_argument("--trial-timeout", type=lasting, metavar="T", help="a trial that takes longer fails (no limit)")
    search.add_argument("--trial-memory", type=memory, metavar="SIZE", help="one that uses more fails (no limit)")
    search.add_argument("--seed", type=seed, default=0, metavar="N", help="the same seed gives the same trials (0)")
    search.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    search.add_argument("--features", action="append", default=[], metavar="F", help="only this set; may be repeated")
    search.add_argument("--model", action="append", default=[], metavar="M", help="only this family; may be repeated")
    search.add_argument(
        "--group-by",
        metavar="G",
        help="hold out together what has the same value in this column of recordings.csv, or the same part of its id, "
        "by a regular expression with one group in it (the column group, else each recording)",
    )
    search.add_argument("--spaces", type=existing_folder, metavar="DIR", help="ranges to use in place of the shipped")
    search.add_argument("--batch", type=positive, default=4, metavar="N", help="trials of a behavior asked at once (4)")

    board = commands.add_parser("leaderboard", help="rank what was tried")
    add_places(board, "results", "storage")
    board.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    board.add_argument("--by", choices=["pipeline", "features", "model"], default="pipeline", help="what a row is")
    board.add_argument("--top", type=positive, metavar="N", help="rows a behavior (table, markdown: 3; json, csv: all)")
    board.add_argument("--watch", action="store_true", help="follow a running search, until Ctrl-C")
    add_format(board)

    compare = commands.add_parser("compare", help="say which behaviors a second run does better, and if that is real")
    compare.add_argument("first", type=named, metavar="RUN", help="a run's folder")
    compare.add_argument("second", type=named, metavar="RUN", help="another run's, on the same data")
    add_format(compare)

    curve = commands.add_parser("learning-curve", help="say whether labelling another recording would help")
    add_places(curve, "data", "results", "storage", "cache", "plugin")
    curve.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    add_workers(curve)
    add_device(curve, "where they did in the search")
    curve.add_argument("--out", type=named, metavar="FILE", help="also draw the curves, into a file that ends in .html")
    add_format(curve)

    export = commands.add_parser("export-best", help="fit the best pipelines and write the submission")
    add_places(export, "data", "results", "storage", "cache", "plugin")
    export.add_argument("--out", type=named, default=Path("submission.npy"), metavar="FILE", help="(submission.npy)")
    export.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    add_workers(export)
    add_device(export, "where they did in the search")
    export.add_argument("--models", type=named, metavar="DIR", help="keep the fitted models here, for harness predict")
    export.add_argument(
        "--labels", type=named, metavar="DIR", help="folder to make with tables of labels, as predict does"
    )
    add_written(export)

    predict = commands.add_parser("predict", help="label poses with models that export-best kept")
    predict.add_argument(
        "poses", type=named, nargs="*", metavar="POSES", help="files of a tracker, or folders of them; a dataset folder"
    )
    predict.add_argument("--models", type=named, required=True, metavar="DIR", help="what export-best --models made")
    predict.add_argument(
        "--data", type=named, metavar="FILE", help="recordings laid out as in test.npy, or their folder"
    )
    predict.add_argument(
        "--out",
        type=named,
        default=Path("labels"),
        metavar="DIR",
        help="folder to make, or a file that ends in .npy for the challenge's labels alone (labels)",
    )
    add_written(predict)
    add_tracks(predict)
    predict.add_argument(
        "--rename",
        type=pair,
        action="append",
        default=[],
        metavar="PART=PART",
        help="a part as the files call it, and as the models do",
    )
    add_workers(predict)
    add_places(predict, "plugin")

    more = commands.add_parser("suggest", help="say which stretches to label next, and make the files to label them in")
    more.add_argument("--run", "--results", dest="results", type=named, metavar="DIR", help="the run's folder")
    add_places(more, "data", "storage", "cache", "plugin")
    more.add_argument("--models", type=named, metavar="DIR", help="what export-best --models made of it (fitted anew)")
    more.add_argument("--behavior", action="append", default=[], metavar="B", help="only this one; may be repeated")
    more.add_argument("--count", type=positive, default=10, metavar="N", help="stretches for each behavior (10)")
    more.add_argument("--length", type=lasting, default=10.0, metavar="TIME", help="of a stretch (10s)")
    more.add_argument(
        "--out", type=named, default=Path("suggestions"), metavar="DIR", help="folder to make (suggestions)"
    )
    add_workers(more)
    add_device(more, "where they did in the search")
    add_format(more)

    again = commands.add_parser(
        "calibrate", help="cut kept detectors anew, on a few labelled recordings of another rig"
    )
    again.add_argument("--models", type=named, required=True, metavar="DIR", help="what export-best --models made")
    again.add_argument("--data", type=named, required=True, metavar="DIR", help="the labelled recordings")
    again.add_argument("--out", type=named, required=True, metavar="DIR", help="folder to make for the new ones")
    add_workers(again)
    add_places(again, "plugin")
    add_format(again)

    numbers = commands.add_parser("summary", help="say what labels come to: bouts, time, latency, of each recording")
    numbers.add_argument(
        "labels",
        type=named,
        metavar="LABELS",
        help="a folder that predict made, or a dataset that was labelled by hand",
    )
    numbers.add_argument("--bins", type=lasting, metavar="TIME", help="by stretches of so long, too, such as 5m")
    numbers.add_argument("--out", type=named, metavar="FILE", help="a file that ends in .csv, or in .html for plots")
    add_format(numbers)

    page = commands.add_parser("report", help="write one page to look at: scores, ethograms, curves, search, examples")
    add_places(page, "data", "results", "storage", "cache", "plugin")
    page.add_argument("--out", type=named, default=Path("report.html"), metavar="FILE", help="(report.html)")
    page.add_argument(
        "--submission", type=named, metavar="FILE", help="what to show of the test recordings (last export)"
    )

    check = commands.add_parser("check", help="list everything wrong with a submission")
    check.add_argument("submission", type=named, metavar="SUBMISSION")
    add_places(check, "data")
    add_format(check)

    doctor = commands.add_parser("doctor", help="look at a dataset before a search, and say what is wrong or odd in it")
    doctor.add_argument("data", type=named, metavar="DATA", help="the dataset's folder")
    add_format(doctor)

    score = commands.add_parser("score", help="score a submission as the challenge does")
    score.add_argument("submission", type=named, metavar="SUBMISSION")
    score.add_argument(
        "truth",
        type=named,
        metavar="TRUTH",
        help="labels laid out like a submission or a public release, or a dataset folder with test recordings",
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

    convert = commands.add_parser("convert", help="write a dataset folder as challenge files, or these as a folder")
    convert.add_argument("data", type=named, metavar="IN", help="a folder with recordings.csv, or with train.npy")
    convert.add_argument("out", type=named, metavar="OUT", help="folder to make")

    taken = commands.add_parser("import", help="make a dataset folder from the files of trackers and annotators")
    taken.add_argument("poses", type=named, nargs="+", metavar="POSES", help="files of a tracker, or folders of them")
    taken.add_argument("--annotations", type=named, nargs="+", default=[], metavar="FILE", help="files of an annotator")
    where = taken.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=named, metavar="DIR", help="folder to make")
    where.add_argument("--dry-run", action="store_true", help="only show what the files come to")
    taken.add_argument(
        "--match",
        action="append",
        default=[],
        metavar="TRACKS=ANNOTATIONS",
        help="what belongs together, where names do not tell it",
    )
    taken.add_argument(
        "--subject",
        type=pair,
        action="append",
        default=[],
        metavar="NAME=ANIMAL",
        help="whom an annotator means, as the tracks call it",
    )
    taken.add_argument(
        "--scope",
        type=pair,
        action="append",
        default=[],
        metavar="BEHAVIOR=SCOPE",
        help="whom it is of: one, pair, or scene",
    )
    add_tracks(taken)
    taken.add_argument(
        "--looked-at",
        choices=["whole", "span", "bouts"],
        default="whole",
        help="where the file does not say it: the whole video, from the first bout to the last, or bouts alone (whole)",
    )
    taken.add_argument(
        "--points", choices=["frame", "out"], default="frame", help="whether point events get a frame (frame)"
    )
    taken.add_argument(
        "--unpaired",
        choices=["close", "refuse"],
        default="close",
        help="whether a bout that is never stopped goes on to the end, or is an error (close)",
    )
    add_places(taken, "plugin")
    add_format(taken)

    demo = commands.add_parser("demo-data", help="make a demo dataset")
    demo.add_argument("out", type=named, metavar="OUT", help="folder to make")
    demo.add_argument("--seed", type=seed, default=0, metavar="N", help="(0)")
    demo.add_argument("--recordings", type=positive, metavar="N", help="labelled recordings for most behaviors")
    demo.add_argument("--seconds", type=positive, metavar="N", help="length of each recording")
    demo.add_argument("--test-recordings", type=positive, metavar="N", help="recordings to label")
    demo.add_argument("--matched", action="store_true", help="test recordings of each behavior like its training ones")
    demo.add_argument("--crowd", action="store_true", help="four mice with names: who chases whom, and who grooms")
    return top


def add_format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=["table", "json", "csv", "markdown"], default="table", help="(table)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    shown = [without_secrets(word) for word in words]
    arguments = parser().parse_args(words, argparse.Namespace(words=shown))
    if argv is None:
        sys.argv[1:] = shown  # later Pythons hand it on in the command lines of child processes
    if sys.stdout is None:  # closed by who called, who wants to read nothing
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - to the end of the program
    as_the_terminal_has_them()
    if argv is None and not sys.warnoptions:
        # What libraries say to those who write programs, here and in the processes that are started.
        warnings.simplefilter("ignore")
        os.environ["PYTHONWARNINGS"] = "ignore"
    ending = Ending()
    try:
        return ending.code(_run(arguments, ending))
    finally:
        if argv is not None:
            ending.over()


def _run(arguments: argparse.Namespace, ending: Ending) -> int:
    try:
        if getattr(arguments, "dask", None):
            quieten_dask()
        command = importlib.import_module(f"harness.cli.{arguments.command.replace('-', '_')}_command")
        code: int = command.run(arguments)
        sys.stdout.flush()
    except HarnessError as error:
        for line in error.lines:
            print(f"harness: {escaped(line)}", file=sys.stderr)
        return 1 if isinstance(error, NothingToRankError) else 2
    except KeyboardInterrupt:
        print(f"harness: {ending.in_words}", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader has seen enough; what is left unwritten must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
