"""How far something has come that takes its time, be it ensembles, fits, labels or a report."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from harness.showing.console import can_redraw, plain_console, say
from harness.showing.notebook import Cell, in_notebook
from harness.words import clock, counted, html_table

PATIENCE = 2.0
"""Seconds without a word that nobody minds."""

BETWEEN = 20.0
"""Seconds before a line, and from one to the next, where nothing can be drawn over."""


class Steps:
    """Called with a step, how many are done, of how many, and what they are; a context manager while it shows them.

    On a terminal, of what takes longer than `PATIENCE`, a line that moves and is gone at the end; in a notebook the
    output of the cell; a line now and then where standard error goes elsewhere.
    """

    def __init__(self, *, shown: bool) -> None:
        self._began = time.monotonic()
        self._step: tuple[str, int, int, str] | None = None
        self._since = self._began
        self._over = threading.Event()
        self._live: Live | None = None
        self._cell: Cell | None = None
        """Shown once something has taken long; a terminal's line is there from the start, and empty."""
        self._lines: threading.Thread | None = None
        if not shown:
            return
        console = plain_console(stderr=True)
        if in_notebook():
            self._cell = Cell(self._html)
        elif can_redraw(console, stderr=True):
            self._live = Live(console=console, refresh_per_second=4, transient=True, get_renderable=self._drawn)
        else:
            self._lines = threading.Thread(target=self._say, daemon=True)

    def __call__(self, what: str, done: int, of: int, unit: str) -> None:
        if self._step is None or self._step[0] != what:
            self._since = time.monotonic()
        self._step = what, done, of, unit
        if self._cell is not None and time.monotonic() - self._began >= PATIENCE:
            self._cell.changed()

    def __enter__(self) -> "Steps":
        for one in (self._live, self._lines):
            if one is not None:
                one.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for one in (self._live, self._cell):
            if one is not None:
                one.stop()
        if self._lines is not None:
            self._lines.join()

    @property
    def line(self) -> str:
        """How far it has come and how long it may take; empty until something is told."""
        if self._step is None:
            return ""
        what, done, of, unit = self._step
        spent = time.monotonic() - self._since
        if not of:
            return f"{what}, {clock(spent)} so far"
        left = f", {clock(spent / done * (of - done))} left" if done else f", {clock(spent)} so far"
        return f"{what}: {done:,} of {counted(of, unit)}{left}"

    def _drawn(self) -> RenderableType:
        late = time.monotonic() - self._began >= PATIENCE and not self._over.is_set()
        return Text(f" {self.line}", no_wrap=True, overflow="ellipsis") if late and self._step else Group()

    def _html(self) -> str:
        return html_table((), [], self.line)

    def _say(self) -> None:
        while not self._over.wait(BETWEEN):
            if self._step is not None:
                say(self.line)


@contextmanager
def reading(*, shown: bool) -> Iterator[Steps]:
    """Steps of which the first is to read the data; how long that takes nobody knows."""
    with Steps(shown=shown) as told:
        told("reading the dataset", 0, 0, "file")
        yield told
