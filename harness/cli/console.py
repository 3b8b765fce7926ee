"""Tables for people and for programs."""

import csv
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleDimensions, Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.errors import escaped
from harness.records import TrialRecord

PIPED = 1000
"""Columns of a line that goes to a file or another program: enough that nothing is left out or broken."""

WRAPS = ("pipeline", "parameters", "note", "decision", "reason", "in words")
"""Columns whose words go on in the next line where the terminal is narrow."""

NARROWEST = 14
"""A column that wraps is given at least so many columns of the terminal, as long as other texts can be cut down."""

SHORTEST = 8
"""Where nothing can be left out, other texts than numbers are cut down to so much, with an ellipsis."""


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
    """A console that shows text as it is: ranges in brackets and names with colons are no markup.

    It colors on a terminal only, or where `FORCE_COLOR` is set; never where `NO_COLOR` is, or `TERM` is `dumb`.
    """
    terminal = _is_terminal(stderr)
    forced = bool(os.environ.get("FORCE_COLOR"))
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, force_terminal=terminal or forced)
    if not terminal:
        console.width = PIPED
    elif console.is_dumb_terminal:
        # Of these rich takes every one to be 80 wide.
        columns, lines = os.get_terminal_size((sys.stderr if stderr else sys.stdout).fileno())
        console.size = ConsoleDimensions(columns or 80, lines or 25)
    return console


def can_redraw(console: Console, *, stderr: bool = False) -> bool:
    """Whether what was drawn can be drawn over: on a terminal that knows how to."""
    return _is_terminal(stderr) and not console.is_dumb_terminal


def _is_terminal(stderr: bool) -> bool:
    return (sys.stderr if stderr else sys.stdout).isatty()


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


def fitted_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    right: Sequence[str] = (),
    sections: Sequence[int] = (),
    spare: Mapping[str, int] | None = None,
    styles: Sequence[str] = (),
) -> RenderableType:
    """A table of at most `width` columns of a terminal.

    `right` names right-aligned columns, a line follows each row in `sections`, and `styles` are those of the rows.
    `spare` says of columns how much room those in `WRAPS` must have for this one to stay; those that do not stay are
    left out in this order, and a line below says which. Then what is in `WRAPS` wraps, and at last texts end in an
    ellipsis.
    """
    spare, rows = spare or {}, [[_cell(cell) for cell in row] for row in rows]
    needs = {
        name: max(cell_len(line) for cell in [name, *cells] for line in cell.split("\n"))
        for name, cells in zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True)
    }
    shown, left_out = list(header), []
    for name, wrapped in spare.items():
        if sum(min(needs[one], wrapped) if one in WRAPS else needs[one] for one in shown) <= _room(width, len(shown)):
            break
        shown.remove(name)
        left_out.append(name)
    widths = _shrunk({name: needs[name] for name in shown}, _room(width, len(shown)), right)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        wraps = name in WRAPS
        table.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=not wraps,
            overflow="fold" if wraps else "ellipsis",
            width=widths[name],
        )
    for number, row in enumerate(rows):
        cells = [cell for name, cell in zip(header, row, strict=True) if name in shown]
        style = styles[number] if styles else ""
        table.add_row(*map(Text, cells), end_section=number in sections, style=style)
    if not left_out:
        return table
    names = [name for name in header if name in left_out]
    return Group(table, Text(f" … not shown, for want of columns: {', '.join(names)}"))


def _room(width: int, columns: int) -> int:
    """What a table so wide leaves for the text of so many columns: there is an edge, and two spaces between."""
    return width - 2 * columns - 1


def _shrunk(needs: Mapping[str, int], room: int, right: Sequence[str]) -> dict[str, int]:
    """The widths of columns within `room`: first the widest that wraps gives way, then the widest other text."""
    widths = dict(needs)
    wrapped = {name: min(need, NARROWEST) for name, need in needs.items() if name in WRAPS}
    shortest = {name: min(need, SHORTEST) for name, need in needs.items() if name not in right}
    for floor in (wrapped, shortest):
        while sum(widths.values()) > room:
            able = [name for name in floor if widths[name] > floor[name]]
            if not able:
                break
            widths[max(able, key=lambda name: widths[name])] -= 1
    return widths
