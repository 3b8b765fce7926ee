"""A real terminal to run `harness` in, and what a person sees on it."""

import os
import re
import select
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

fcntl, pty, termios = (
    pytest.importorskip(name, reason="needs a terminal, as POSIX has them") for name in ("fcntl", "pty", "termios")
)

CONTROL = re.compile(r"\x1b\[([0-9;?]*)([a-zA-Z])")

SETTINGS = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "COLORTERM")
"""What of the environment has a say in what is drawn; a terminal here has none of it unless asked for."""


AT_A_TERMINAL = """
import fcntl, os, signal, sys, termios

fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell in the background ignores it, and so would its children
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""What a process does before it becomes `harness`; a function run in a fork of this process, which has threads, could
wait for ever for a lock that one of them held."""


class Terminal:
    """`harness` with these words, in a pseudo-terminal of its own that answers to Ctrl-C."""

    def __init__(self, *words: str, at: Path, columns: int = 80, rows: int = 60, **environment: str) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        known = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, "-m", "harness", *words],
            cwd=at,
            env={**known, "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._written = b""

    @property
    def raw(self) -> str:
        """All that was written so far, control sequences included."""
        return self._written.decode(errors="ignore")

    @property
    def screen(self) -> list[str]:
        """The lines as they stand."""
        return drawn(self.raw)

    @property
    def frame(self) -> str:
        """What was written since it last began at the top; what stands below it on the screen is older."""
        return plain(self.raw.rpartition("\x1b[H")[2])

    def wait_for(self, holds: "Callable[[Terminal], bool]", seconds: float = 120) -> None:
        """Read until it holds. Raises `AssertionError` with the screen where it does not within the time."""
        end = time.monotonic() + seconds
        while not holds(self):
            readable, _, _ = select.select([self._ours], [], [], max(0.0, end - time.monotonic()))
            assert readable, "\n".join(self.screen)
            assert self._read(), "\n".join(self.screen)

    def press_ctrl_c(self) -> None:
        os.write(self._ours, b"\x03")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(timeout=120)

    def _read(self) -> bool:
        try:
            read = os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other side has closed
            read = b""
        self._written += read
        return bool(read)


def run_in_terminal(*words: str, at: Path, columns: int = 80, **environment: str) -> list[str]:
    """The lines that `harness` writes to a terminal until it is done, control sequences included."""
    terminal = Terminal(*words, at=at, columns=columns, rows=60, **environment)
    assert terminal.end() == 0, terminal.raw
    return terminal.raw.splitlines()


def drawn(text: str) -> list[str]:
    """What a terminal shows that was sent `text`: of all control sequences, those that redraw lines are obeyed, and
    those that show another screen and the first one again."""
    lines, row, column = [""], 0, 0
    first = (lines, row, column)
    for match in re.finditer(r"\x1b\[([0-9;?]*)([a-zA-Z])|[\r\n]|[^\x1b\r\n]+|\x1b", text):
        number, command = match[1], match[2]
        if match[0] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif match[0] == "\r":
            column = 0
        elif command == "A":
            row = max(0, row - int(number or 1))
        elif command == "H":
            row = column = 0
        elif match[0] == "\x1b[?1049h":
            first = (lines, row, column)
            lines, row, column = [""], 0, 0
        elif match[0] == "\x1b[?1049l":
            lines, row, column = first
        elif command == "K":
            lines[row] = "" if number == "2" else lines[row][:column]
        elif command is None:
            lines[row] = lines[row][:column].ljust(column) + match[0] + lines[row][column + len(match[0]) :]
            column += len(match[0])
    return [line.rstrip() for line in lines]


def width(line: str) -> int:
    """Columns that a line takes on a terminal."""
    return cell_len(plain(line))


def plain(line: str) -> str:
    return CONTROL.sub("", line).replace("\r", "")


def colors(line: str) -> list[int]:
    """The parameters of a line's control sequences that choose a color."""
    styles = [
        int(number) for numbers, kind in CONTROL.findall(line) if kind == "m" for number in numbers.split(";") if number
    ]
    return [style for style in styles if 30 <= style < 50 or 90 <= style < 108]
