"""Tables that fit the terminal."""

import re
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from harness.words import escaped

WRAPS = ("pipeline", "parameters", "note", "decision", "reason", "in words", "poses", "annotations", "clock")
"""Columns whose words go on in the next line where the terminal is narrow."""

NARROWEST = 14
"""A column that wraps is given at least so many columns of the terminal, as long as other texts can be cut down."""

SHORTEST = 8
"""Where nothing can be left out, other texts than numbers are cut down to so much, with an ellipsis."""


NUMBER = re.compile(r"[-+−]?\d[\d.,:]*")


def cell_text(text: str) -> str:
    """What a cell holds, on as many lines as it has, and no other control characters."""
    return "\n".join(map(escaped, text.split("\n")))


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
    ellipsis, and columns are left out from the right. Nothing is cut within a number.
    """
    spare, rows = spare or {}, [[cell_text(cell) for cell in row] for row in rows]
    needs = {
        name: max(cell_len(line) for cell in [name, *cells] for line in cell.split("\n"))
        for name, cells in zip(header, zip(*rows, strict=True) if rows else [()] * len(header), strict=True)
    }
    numbers = {
        name: max((cell_len(number) for row in rows for number in NUMBER.findall(row[place])), default=0)
        for place, name in enumerate(header)
    }
    shown, left_out = list(header), []
    for name, wrapped in spare.items():
        if sum(min(needs[one], wrapped) if one in WRAPS else needs[one] for one in shown) <= _room(width, len(shown)):
            break
        shown.remove(name)
        left_out.append(name)
    widths = _shrunk({name: needs[name] for name in shown}, numbers, _room(width, len(shown)), right)
    while len(shown) > 1 and sum(widths.values()) > _room(width, len(shown)):
        left_out.append(next((name for name in reversed(shown[1:]) if name not in WRAPS), shown[-1]))
        shown.remove(left_out[-1])
        widths = _shrunk({name: needs[name] for name in shown}, numbers, _room(width, len(shown)), right)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for name in shown:
        justify: JustifyMethod = "right" if name in right else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", width=widths[name])
    for number, row in enumerate(rows):
        cells = [
            "\n".join(_in_lines(cell, widths[name], wraps=name in WRAPS))
            for name, cell in zip(header, row, strict=True)
            if name in shown
        ]
        style = styles[number] if styles else ""
        table.add_row(*map(Text, cells), end_section=number in sections, style=style)
    if not left_out:
        return table
    names = [name for name in header if name in left_out]
    return Group(table, Text(f" … not shown, for want of columns: {', '.join(names)}"))


def _in_lines(text: str, width: int, *, wraps: bool) -> list[str]:
    """The lines of a cell within `width`: the words go on below, or else the text ends in an ellipsis."""
    lines = []
    for line in text.split("\n"):
        if not wraps and cell_len(line) > width:
            line = line[: _end(line, width - 1)].rstrip() + "…"
        while cell_len(line) > width:
            whole = _end(line, width)
            space = line.rfind(" ", 0, whole + 1)
            at = space if space > 0 else whole
            lines.append(line[:at].rstrip())
            line = line[at:].lstrip()
        lines.append(line)
    return lines


def _end(line: str, width: int) -> int:
    """How many letters fit into `width`, less those of a number that would not be whole."""
    end = taken = 0
    for end, letter in enumerate(line):  # noqa: B007
        taken += cell_len(letter)
        if taken > width:
            break
    inside = next((found for found in NUMBER.finditer(line) if found.start() < end < found.end()), None)
    return (inside.start() if inside and inside.start() else end) or 1


def _room(width: int, columns: int) -> int:
    """What a table so wide leaves for the text of so many columns: there is an edge, and two spaces between."""
    return width - 2 * columns - 1


def _shrunk(needs: Mapping[str, int], numbers: Mapping[str, int], room: int, right: Sequence[str]) -> dict[str, int]:
    """The widths of columns within `room`, if they can be: the widest that wraps gives way, then the widest other text.

    `numbers` are the widths of the longest number in each column, which has to be whole, and an ellipsis beside it.
    """
    widths = dict(needs)
    wrapped = {name: min(need, max(NARROWEST, numbers[name])) for name, need in needs.items() if name in WRAPS}
    shortest = {name: min(need, max(SHORTEST, numbers[name] + 1)) for name, need in needs.items() if name not in right}
    for floor in (wrapped, shortest):
        while sum(widths.values()) > room:
            able = [name for name in floor if widths[name] > floor[name]]
            if not able:
                break
            widths[max(able, key=lambda name: widths[name])] -= 1
    return widths
