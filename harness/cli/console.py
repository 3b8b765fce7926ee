"""Results on standard output: tables for people and for programs."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, RenderableType
from rich.text import Text

from harness.showing.console import plain_console
from harness.showing.tables import cell_text, fitted_table
from harness.words import escaped


def show_json(content: Any) -> None:
    print(json.dumps(content, indent=1, allow_nan=False))


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
    return cell_text(value) if isinstance(value, str) else value


def show_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with one line for each row, whatever the cells hold."""
    lines = [header, ["---"] * len(header), *rows]
    for line in lines:
        print("| " + " | ".join(cell_text(cell).replace("|", "\\|").replace("\n", "<br>") for cell in line) + " |")


def show_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    sections: Sequence[int] = (),
    spare: Mapping[str, int] | None = None,
    styles: Sequence[str] = (),
) -> None:
    """A table as wide as the terminal, or as it needs to be when piped. See `fitted_table`."""
    console = plain_console()
    show(console, fitted_table(header, rows, console.width, right=right, sections=sections, spare=spare, styles=styles))


def show(console: Console, content: RenderableType) -> None:
    """Print through Python's own standard output, which has an answer to letters that the terminal lacks."""
    with console.capture() as captured:
        console.print(content)
    print(captured.get(), end="")


def show_notes(lines: Sequence[str]) -> None:
    """Lines below a table, broken between words where the terminal is too narrow for them."""
    show(plain_console(), Text("\n".join(map(escaped, lines))))
