"""What a notebook's cell shows, and draws over while its code runs."""

import sys
import time
from collections.abc import Callable
from typing import Any

REDRAW_SECONDS = 0.5
"""No oftener: each time goes to the browser."""


def in_notebook() -> bool:
    """Whether this program is a notebook's: asked of IPython where it is loaded already, which is not done here."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and "IPKernelApp" in shell.config


class Cell:
    """HTML in the output of the cell that runs, written anew as it changes."""

    def __init__(self, html: Callable[[], str]) -> None:
        self._html = html
        self._handle: Any = None
        self._drawn = 0.0

    def _repr_html_(self) -> str:
        return self._html()

    def start(self) -> None:
        from IPython.display import display

        self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call, unused-ignore]
        self._drawn = time.monotonic()

    def changed(self) -> None:
        """Draw it again, unless that was done a moment ago."""
        if self._handle is None:
            self.start()
        elif time.monotonic() - self._drawn >= REDRAW_SECONDS:
            self._draw()

    def stop(self) -> None:
        if self._handle is not None:
            self._draw()

    def _draw(self) -> None:
        self._handle.update(self)
        self._drawn = time.monotonic()
