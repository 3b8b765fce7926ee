"""How the program ends where somebody wants it to: by Ctrl-C, by a scheduler's SIGTERM, or as its terminal is closed.

Each is answered as Ctrl-C is, so that what was begun is cleared away. A second Ctrl-C ends the program at once.
"""

import os
import signal
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

GENTLE = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""What is answered as if it were Ctrl-C. Windows knows no SIGHUP."""

SHOW_CURSOR = b"\x1b[?25h"


class Ending:
    """Answers signals until it is `over`; in a thread other than the main one, none."""

    def __init__(self) -> None:
        self.came: int | None = None
        """The first signal."""
        self._screens = [number for number in (1, 2) if os.isatty(number)]
        self._before: dict[int, Any] = {}
        if threading.current_thread() is not threading.main_thread():
            return
        for number in GENTLE:
            if signal.getsignal(number) is signal.SIG_DFL:  # `nohup` has it ignored
                self._before[number] = signal.signal(number, self._as_interrupt)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self)

    def __call__(self, number: int, frame: FrameType | None) -> NoReturn:
        """The answer to Ctrl-C while nobody else has one."""
        if self.came is not None:
            self._end_at_once()
        self.noted(number)
        raise KeyboardInterrupt

    def noted(self, number: int) -> None:
        """Somebody else has answered the first Ctrl-C, and sees to the end."""
        self.came = self.came or number

    def code(self, otherwise: int) -> int:
        """What the program exits with, `otherwise` where no signal but Ctrl-C came."""
        return otherwise if self.came is None or self.came == signal.SIGINT else 128 + self.came

    @property
    def in_words(self) -> str:
        return (
            "interrupted" if self.came in (None, signal.SIGINT) else f"ended by {signal.Signals(self.came or 0).name}"
        )

    def over(self) -> None:
        """Let signals be answered as they were before."""
        for number, answer in self._before.items():
            signal.signal(number, answer)

    def _as_interrupt(self, number: int, frame: FrameType | None) -> None:
        if number not in (signal.SIGTERM, signal.SIGINT):
            self._turn_away()
        if self.came is not None:
            return  # a process and its group are often told the same
        answer = signal.getsignal(signal.SIGINT)
        if callable(answer) and answer is not self:
            self.noted(number)
            answer(signal.SIGINT, frame)
            return
        self.noted(number)
        raise KeyboardInterrupt

    def _turn_away(self) -> None:
        """From a terminal that is gone, where writing is an error."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in self._screens:
            os.dup2(nowhere, number)

    def _end_at_once(self) -> NoReturn:
        with suppress(OSError):
            if 2 in self._screens:
                os.write(2, SHOW_CURSOR)
            os.write(2, f"harness: {self.in_words}\n".encode())
        os._exit(self.code(128 + signal.SIGINT))
