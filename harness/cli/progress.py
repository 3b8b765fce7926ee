"""How far a search has come: live on a terminal, one line a trial when piped."""

import time
from collections.abc import Iterable, Sequence
from types import TracebackType

from rich.live import Live
from rich.table import Table
from rich.text import Text

from harness.cli.console import counted, pipeline_name, plain_console, say
from harness.errors import escaped
from harness.leaderboard import best_records
from harness.store import TrialRecord


class Progress:
    """Counts finished trials and remembers the best of each behavior; a context manager while it shows them."""

    def __init__(self, behaviors: Sequence[str], trials: int | None, done: Iterable[TrialRecord]) -> None:
        self.trials = trials
        """Asked for of each behavior; None where only the time is limited."""
        self.counts = dict.fromkeys(behaviors, 0)
        self.failed = dict.fromkeys(behaviors, 0)
        self.best: dict[str, TrialRecord] = {}
        for record in done:
            self._count(record)
        self._before = self.finished
        self._began = time.monotonic()
        console = plain_console(stderr=True)
        self._live = Live(console=console, refresh_per_second=4, get_renderable=self._table)
        self._on_terminal = console.is_terminal

    @property
    def finished(self) -> int:
        return sum(self.counts.values())

    @property
    def complete(self) -> bool:
        """Whether every behavior has the trials that were asked for."""
        return self.trials is not None and min(self.counts.values()) >= self.trials

    def add(self, record: TrialRecord) -> None:
        self._count(record)
        if not self._on_terminal:
            say(self._line(record))

    def summarise(self) -> None:
        """Without a live table, say the best of each behavior at the end."""
        if not self._on_terminal:
            for behavior in self.counts:
                best = self.best.get(behavior)
                if best is None:
                    continue
                pipeline = pipeline_name(best)
                say(f"{behavior}: best F1 {best.pooled.f1:.3f}, {pipeline}, trial {best.trial}")

    def close(self) -> None:
        self._live.stop()

    def __enter__(self) -> "Progress":
        if self._on_terminal:
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
        self.failed[record.behavior] += record.error is not None
        known = [self.best[record.behavior]] if record.behavior in self.best else []
        self.best.update(best_records([*known, record]))

    def _line(self, record: TrialRecord) -> str:
        head = f"{record.behavior} {self._of(record.behavior)}"
        pipeline = pipeline_name(record)
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
        new = self.finished - self._before
        if new == 0 or self.trials is None:
            return ""
        remaining = sum(max(0, self.trials - count) for count in self.counts.values())
        seconds = round((time.monotonic() - self._began) / new * remaining)
        return f", {seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02} left"

    def _table(self) -> Table:
        asked = "" if self.trials is None else f" of {self.trials * len(self.counts)}"
        done = f"{self.finished}{asked} trials{self._left()}"
        table = Table(box=None, pad_edge=False, caption=done, caption_justify="left")
        for name in ("behavior", "trials", "best F1"):
            table.add_column(name, justify="left" if name == "behavior" else "right", no_wrap=True)
        table.add_column("pipeline")
        for behavior in self.counts:
            best = self.best.get(behavior)
            failed = f" ({self.failed[behavior]} failed)" if self.failed[behavior] else ""
            f1, pipeline = (f"{best.pooled.f1:.3f}", pipeline_name(best)) if best else ("", "")
            # The column could wrap, so that a narrow terminal takes its width from here; the text does not.
            words = Text(escaped(pipeline), no_wrap=True, overflow="ellipsis")
            table.add_row(escaped(behavior), f"{self._of(behavior)}{failed}", f1, words)
        return table
