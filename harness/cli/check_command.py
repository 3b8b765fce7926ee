"""`harness check`."""

import argparse
from pathlib import Path

import harness
from harness.cli.arguments import data_folder
from harness.cli.console import show_csv, show_json, show_markdown
from harness.showing.console import say
from harness.showing.steps import reading
from harness.words import counted, escaped


def run(arguments: argparse.Namespace) -> int:
    data = data_folder(arguments.data) or _last_searched(arguments)
    with reading(shown=True):
        checked = harness.check(arguments.submission, data)
    found = checked.problems
    if arguments.format == "json":
        show_json({"fine": checked.fine, "problems": list(found)})
    elif arguments.format == "csv":
        show_csv([{"problem": problem} for problem in found])
    elif arguments.format == "markdown":
        show_markdown(["problem"], [[problem] for problem in found])
    else:
        for problem in found:
            print(escaped(problem))
    for note in checked.notes:
        say(f"note: {note}")
    if found:
        say(f"{arguments.submission}: {counted(len(found), 'problem')}")
    else:
        size = f"{counted(checked.behaviors, 'behavior')}, {counted(checked.labels, 'label')}"
        say(f"{arguments.submission}: fine; all that {data} asks for, {size}")
    return 1 if found else 0


def _last_searched(arguments: argparse.Namespace) -> Path:
    try:
        return Path(harness.open_run().description["about"]["data"])
    except harness.HarnessError as error:
        raise harness.HarnessError(f"which data is {arguments.submission} for? name them with --data") from error
