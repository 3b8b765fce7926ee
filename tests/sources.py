"""The package's own modules, to be held against its rules."""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import harness

PACKAGE = Path(harness.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def breaches(of_a_rule: Callable[[Path], Iterable[str]]) -> dict[str, list[str]]:
    """By the modules that break a rule, in what."""
    found = {file.relative_to(PACKAGE).as_posix(): sorted(of_a_rule(file)) for file in FILES}
    return {name: what for name, what in found.items() if what}
