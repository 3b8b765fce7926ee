"""Tables for people and for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from harness.errors import escaped
from harness.store import TrialRecord


def say(line: str) -> None:
    """Tell the person: standard error, so that standard output stays for results."""
    print(escaped(line), file=sys.stderr, flush=True)


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def pipeline_name(record: TrialRecord) -> str:
    """Feature sets and model in words."""
    features, _, model = record.arm.rpartition("/")
    return f"{features.replace('+', ' + ')}, {model}" if record.spec.features else model


def plain_console(*, stderr: bool = False) -> Console:
    """A console that shows text as it is: ranges in brackets and names with colons are no markup."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def show_json(content: Any) -> None:
    print(json.dumps(content, indent=1))


def show_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Plain values as they are, structured ones as JSON."""
    if not rows:
        return
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv_cell(value) for key, value in row.items()})


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return _cell(value) if isinstance(value, str) else value


def _cell(text: str) -> str:
    """What a cell holds, on as many lines as it has, and no other control characters."""
    return "\n".join(map(escaped, text.split("\n")))


def show_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with one line for each row, whatever the cells hold."""
    lines = [header, ["---"] * len(header), *rows]
    for line in lines:
        print("| " + " | ".join(_cell(cell).replace("|", "\\|").replace("\n", "<br>") for cell in line) + " |")


def show_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    sections: Sequence[int] = (),
    wide: Sequence[str] = (),
) -> None:
    """A table as wide as the terminal, or as it needs to be when piped.

    `right` names right-aligned columns, a line follows each row in `sections`, and the columns in `wide` are left out
    of a terminal of fewer than 120 columns. The last words of a narrow table wrap; numbers never do.
    """
    console = plain_console()
    if not console.is_terminal:
        console.width = 1000
    shown = [name for name in header if console.width >= 120 or name not in wide]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        wraps = name in ("pipeline", "parameters", "note", "decision")
        table.add_column(name, justify="right" if name in right else "left", no_wrap=not wraps, overflow="fold")
    for number, row in enumerate(rows):
        cells = [_cell(cell) for name, cell in zip(header, row, strict=True) if name in shown]
        table.add_row(*cells, end_section=number in sections)
    with console.capture() as captured:
        console.print(table)
    print(captured.get(), end="")
