"""`harness import`."""

import argparse
from collections.abc import Sequence

import harness
from harness.api.importing import HEADER
from harness.cli.console import show_csv, show_json, show_markdown, show_notes, show_table
from harness.showing.console import say
from harness.words import counted


def run(arguments: argparse.Namespace) -> int:
    try:
        made = harness.import_files(
            arguments.poses,
            arguments.annotations,
            None if arguments.dry_run else arguments.out,
            fps=arguments.fps,
            match=arguments.match,
            subjects=dict(arguments.subject),
            scopes=dict(arguments.scope),
            animals=arguments.animals,
            prefixes=dict(arguments.prefix),
            suffixes=dict(arguments.suffix),
            min_likelihood=arguments.min_likelihood,
            looked_at=arguments.looked_at,
            points=arguments.points,
            unpaired=arguments.unpaired,
            plugins=arguments.plugin,
        )
    except harness.ImportRefused as error:
        _show(error.found, arguments.format)
        raise
    _show(made, arguments.format)
    if made.problems:
        raise harness.DataError(made.problems)
    if made.folder is not None:
        say(f"wrote {made.folder}")
        say(f"next: harness doctor {made.folder}")
    return 0


def _show(made: harness.Import, form: str) -> None:
    rows = made.table()
    if form == "json":
        show_json(made.as_json())
    elif form == "csv":
        show_csv(made.as_json())
    elif form == "markdown":
        show_markdown(HEADER, rows)
    elif rows:
        show_table(HEADER, rows, right=("trimmed",))
    if rows and form == "table":
        show_notes(_words(made))
    elif rows:
        for line in _words(made):
            say(line)


def _words(made: harness.Import) -> Sequence[str]:
    behaviors = ", ".join(f"{name} ({scope})" for name, scope in made.behaviors.items()) or "none"
    roles = ", ".join(f"{role} = {part}" for role, part in made.roles.items()) or "none"
    videos = counted(len(made.found.videos), "recording")
    return [f"{videos}; behaviors: {behaviors}", f"roles: {roles}", *(f"note: {note}" for note in made.notes)]
