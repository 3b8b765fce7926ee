"""What Python does while a file is read, as its audit events tell it: reading should be all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HARMLESS = {
    *("open", "os.listdir", "os.scandir", "glob.glob", "glob.glob/2", "pathlib.Path.glob", "pathlib.Path.rglob"),
    *("array.__new__", "builtins.id", "compile", "import", "mmap.__new__", "object.__getattr__", "os.walk"),
    "sys._getframe",
}
"""Events of looking at files and folders, and of `ast.literal_eval`, with which NumPy reads headers."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_seen: list[str] | None = None
_hooked = False


@contextmanager
def watching() -> Iterator[list[str]]:
    """Collects, within, the events that are more than reading. The hook stays with the process: use one of its own."""
    global _seen, _hooked
    if not _hooked:
        sys.addaudithook(_note)
        _hooked = True
    found: list[str] = []
    _seen = found
    try:
        yield found
    finally:
        _seen = None


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _seen is None:
        return
    if event == "open":
        mode, flags = arguments[1:3]
        writes = set(str(mode or "")) & set("wax+") or (isinstance(flags, int) and flags & WRITING)
        if not writes:
            return
    elif event in HARMLESS or (event in ("exec", "marshal.loads") and _importing()):
        return
    _seen.append(f"{event} {str(arguments)[:200]}")


def _importing() -> bool:
    """Whether Python itself reads or runs the code of a module, which is imported late."""
    return sys._getframe(2).f_code.co_filename.startswith("<frozen importlib")
