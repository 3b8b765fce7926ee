"""Tables for people and for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def say(line: str) -> None:
    """Tell the person: standard error, so that standard output stays for results."""
    print(line, file=sys.stderr, flush=True)


def show_json(content: Any) -> None:
    print(json.dumps(content, indent=1))


def show_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Plain values as they are, structured ones as JSON."""
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: json.dumps(v) if isinstance(v, dict | list) else v for key, v in row.items()})


def show_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [header, ["---"] * len(header), *rows]
    for line in lines:
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |")


def show_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), sections: Sequence[int] = ()
) -> None:
    """A table as wide as the terminal; `right` names right-aligned columns, a line follows each row in `sections`."""
    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in header:
        flexible = name in ("features", "parameters", "note", "decision")
        table.add_column(name, justify="right" if name in right else "left", no_wrap=not flexible, overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*row, end_section=number in sections)
    console.print(table)
