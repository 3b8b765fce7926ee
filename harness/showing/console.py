"""Where people read: a terminal, or what standard output and standard error go to instead."""

import os
import sys

from rich.console import Console, ConsoleDimensions

from harness.words import escaped

PIPED = 1000
"""Columns of a line that goes to a file or another program: enough that nothing is left out or broken."""


def say(line: str) -> None:
    """Tell the person: standard error, so that standard output stays for results."""
    print(escaped(line), file=sys.stderr, flush=True)


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
