"""`harness suggest`."""

import argparse

import harness
from harness.cli.arguments import machine, named_run
from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.showing.console import say
from harness.words import clock

HEADER = ("behavior", "#", "recording", "who", "from", "to", "why")


def run(arguments: argparse.Namespace) -> int:
    made = harness.suggest(
        named_run(arguments),
        arguments.out,
        count=arguments.count,
        seconds=arguments.length,
        behaviors=arguments.behavior,
        models=arguments.models,
        **machine(arguments),
    )
    rows = made.rows()
    if arguments.format == "json":
        show_json(rows)
    elif arguments.format == "csv":
        show_csv(rows)
    else:
        cells = [
            [
                row["behavior"],
                str(row["rank"]),
                row["recording"],
                f"{row['agent']} to {row['target']}" if row["target"] else row["agent"],
                row["start"],
                row["stop"],
                row["why"],
            ]
            for row in rows
        ]
        if arguments.format == "markdown":
            show_markdown(HEADER, cells)
        else:
            show_table(HEADER, cells, right=("#", "from", "to"), spare={"why": 12, "recording": 12})
    stretches = "1 stretch" if len(rows) == 1 else f"{len(rows):,} stretches"
    longest = clock(max(made.seconds.values()))
    say(f"wrote {made.folder} ({stretches}, at most {longest} for a behavior): suggestions.csv and more")
    say(
        f"next: score them in BORIS ({made.folder / 'suggestions.boris'}), then import with that as one more annotation"
    )
    return 0
