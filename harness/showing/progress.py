"""How far a search has come: live in a notebook or on a terminal, one line a trial when piped."""

import math
import time
from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from harness.choosing.leaderboard import best_records
from harness.runs.records import TrialRecord
from harness.showing.console import can_redraw, plain_console, say
from harness.showing.notebook import Cell, in_notebook
from harness.showing.tables import fitted_table
from harness.words import clock, counted, html_table

HEADER = ("behavior", "done", "trials", "best F1", "last gain", "failed", "pruned", "pipeline")
SPARE = {"pipeline": 14, "done": 0, "pruned": 0, "failed": 0, "last gain": 0}
"""Columns that are left out where the terminal is narrow, the first one first; see `fitted_table`."""

AROUND = 5
"""Lines that a table has besides its rows."""

BAR = 8
"""Columns of a bar."""


class Progress:
    """Counts finished trials and remembers the best of each behavior; a context manager while it shows them."""

    def __init__(
        self,
        behaviors: Sequence[str],
        trials: int | None,
        done: Iterable[TrialRecord],
        deadline: float = math.inf,
        *,
        shown: bool = True,
    ) -> None:
        self.trials = trials
        """Asked for of each behavior; None where only the time is limited."""
        self.deadline = deadline
        """When the search will stop in any case, on the clock of `time.monotonic`."""
        self.counts = dict.fromkeys(behaviors, 0)
        self.failed = dict.fromkeys(behaviors, 0)
        self.pruned = dict.fromkeys(behaviors, 0)
        self.best: dict[str, TrialRecord] = {}
        self.told = dict.fromkeys(behaviors, 0)
        """By behavior, how many trials of all had been told when its last one was."""
        self.gains: dict[str, tuple[float, int]] = {}
        """By behavior, by how much its best F1 rose last, and how many trials there were by then."""
        for record in done:
            self._count(record)
        self._before = self.finished
        self._began = time.monotonic()
        self._console = plain_console(stderr=True)
        self._live: Live | Cell | None = None
        """What is drawn over as trials finish; None where nothing is, or a line for each."""
        if shown and in_notebook():
            self._live = Cell(self._html)
        elif shown and can_redraw(self._console, stderr=True):
            self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self.table)
        self._lines = shown and self._live is None

    @property
    def finished(self) -> int:
        return sum(self.counts.values())

    @property
    def complete(self) -> bool:
        """Whether every behavior has the trials that were asked for."""
        return self.trials is not None and min(self.counts.values()) >= self.trials

    def add(self, record: TrialRecord) -> None:
        self._count(record)
        if self._lines:
            say(self._line(record))
        elif isinstance(self._live, Cell):
            self._live.changed()

    def close(self) -> None:
        if self._live is not None:
            self._live.stop()

    def __enter__(self) -> "Progress":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _count(self, record: TrialRecord) -> None:
        if record.behavior not in self.counts:
            return
        self.counts[record.behavior] += 1
        self.told[record.behavior] = self.finished
        self.failed[record.behavior] += record.error is not None
        self.pruned[record.behavior] += record.pruned
        known = [self.best[record.behavior]] if record.behavior in self.best else []
        self.best.update(best_records([*known, record]))
        if self.best.get(record.behavior) is record:
            # The first that is no baseline may be worse than the baseline, which is no candidate.
            before = 0.0 if not known or known[0].baseline else known[0].pooled.f1
            if record.pooled.f1 > before:  # and not only more precise
                self.gains[record.behavior] = (record.pooled.f1 - before, self.counts[record.behavior])

    def _line(self, record: TrialRecord) -> str:
        head = f"{record.behavior} {self._of(record.behavior)}"
        pipeline = record.in_words
        if record.error is not None:
            return f"{head} FAILED {pipeline}: {record.error}"
        best = self.best[record.behavior].pooled.f1
        if record.pruned:
            folds = counted(len(record.fold_merits), "fold")
            return f"{head} pruned after {folds} (best {best:.3f}) {pipeline}, {record.seconds:.1f} s{self._left()}"
        return f"{head} F1 {record.pooled.f1:.3f} (best {best:.3f}) {pipeline}, {record.seconds:.1f} s{self._left()}"

    def _of(self, behavior: str) -> str:
        return f"{self.counts[behavior]}" + ("" if self.trials is None else f"/{self.trials}")

    def _left(self) -> str:
        """How long it will take at the pace so far, and no longer than until the time is up."""
        new = self.finished - self._before
        seconds = self.deadline - time.monotonic()
        if new and self.trials is not None:
            remaining = sum(max(0, self.trials - count) for count in self.counts.values())
            seconds = min(seconds, (time.monotonic() - self._began) / new * remaining)
        if seconds == math.inf:
            return ""
        return f", {clock(seconds)} left"

    @property
    def _rows(self) -> list[list[str]]:
        return [self._cells(behavior) for behavior in self.counts]

    @property
    def _total(self) -> str:
        asked = "" if self.trials is None else f" of {self.trials * len(self.counts)}"
        return f"{self.finished}{asked} trials{self._left()}"

    def _html(self) -> str:
        return html_table(HEADER, self._rows, self._total)

    def table(self) -> RenderableType:
        """As many behaviors as the terminal is high enough for, those with the latest trials, and what it comes to."""
        amount = len(self.counts)
        while True:
            drawn = self._drawn(amount)
            lines = len(self._console.render_lines(drawn, pad=False))
            if lines < self._console.height or amount == 1:  # the cursor has a line of its own
                return drawn
            amount = max(1, min(amount - 1, amount * (self._console.height - 1 - AROUND) // (lines - AROUND)))

    def _drawn(self, amount: int) -> RenderableType:
        right = ("trials", "best F1", "failed", "pruned")
        latest = sorted(self.counts, key=lambda behavior: -self.told[behavior])[:amount]
        rows = [self._cells(behavior) for behavior in self.counts if behavior in latest]
        table = fitted_table(HEADER, rows, self._console.width, right=right, spare=SPARE)
        hidden = len(self.counts) - amount
        more = f" {counted(hidden, 'behavior')} more, for want of rows" if hidden else ""
        return Group(table, Text("\n".join(filter(None, [more, f" {self._total}"])), no_wrap=True, overflow="ellipsis"))

    def _cells(self, behavior: str) -> list[str]:
        best, gain = self.best.get(behavior), self.gains.get(behavior)
        return [
            behavior,
            "" if self.trials is None else self._bar(self.counts[behavior] / self.trials),
            self._of(behavior),
            f"{best.pooled.f1:.3f}" if best else "",
            f"{gain[0]:+.3f} at {gain[1]}" if gain else "",
            str(self.failed[behavior]),
            str(self.pruned[behavior]),
            best.in_words if best else "",
        ]

    def _bar(self, share: float) -> str:
        full, empty = "#-" if self._console.options.ascii_only else "█░"
        length = round(BAR * min(share, 1.0))
        return full * length + empty * (BAR - length)
