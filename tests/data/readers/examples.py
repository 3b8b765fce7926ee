"""Small right files of every format, written by the tests, and wrong ones."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS, Reader

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Broken:
    """A way of spoiling an example, and what is said of it."""

    name: str
    spoil: Write
    """Changes the file at a path."""
    says: str
    """The one line, without the path and `: ` before it."""
    kind: str = ""
    """Poses or annotations, where only their reader says it; empty where all readers of the file do."""


@dataclass(frozen=True)
class Example:
    """A file that a reader reads."""

    reader: str
    """Name of the reader."""
    file: str
    """What it is called."""
    write: Write
    """Writes the file at a path."""
    broken: list[Broken] = field(default_factory=list)
    whole: bool = True
    """Whether a file that is cut short somewhere in the middle has to be refused."""
    refused: str = ""
    """What is said of a file that is known and never read; empty of one that is read."""


EXAMPLES: dict[str, Example] = {}
"""By the name of the file."""


def example(reader: str, file: str, *, whole: bool = True, refused: str = "") -> Callable[[Write], Example]:
    """Register a function that writes a file as an example of a reader's files."""

    def register(write: Write) -> Example:
        assert file not in EXAMPLES, file
        EXAMPLES[file] = Example(reader, file, write, whole=whole, refused=refused)
        return EXAMPLES[file]

    return register


def broken(one: Example, says: str, kind: str = "") -> Callable[[Write], Write]:
    """Register a function that spoils the example, and the line that reading it then gives."""

    def register(spoil: Write) -> Write:
        one.broken.append(Broken(spoil.__name__, spoil, says, kind))
        return spoil

    return register


def edit(path: Path, old: str, new: str) -> None:
    """Replace the first of `old`, which has to be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="")


def load_examples() -> dict[str, Example]:
    """All examples, of every module here that writes some."""
    import tests.data.readers as package

    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name.rpartition(".")[2].startswith("test_") and not module.name.endswith("test_contract"):
            importlib.import_module(module.name)
    return EXAMPLES


def reader_named(name: str) -> tuple[Reader, ...]:
    """The readers of that name, of poses and of annotations."""
    return tuple(registry[name] for registry in (POSE_READERS, ANNOTATION_READERS) if name in registry)
