"""`harness cache`."""

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import harness
from harness.cli.arguments import named_cache_limit
from harness.cli.console import show_csv, show_json, show_markdown, show_table
from harness.columns.cache import BlockCache, Contents
from harness.errors import HarnessError
from harness.showing.console import say
from harness.words import counted, escaped, size_in_words

HEADER = ("blocks", "size", "limit", "oldest use", "newest use")
NAMED = 3
"""How many of the files that are not the cache's are named to people."""


def run(arguments: argparse.Namespace) -> int:
    cache = harness.cache(arguments.cache, named_cache_limit(arguments.cache_limit))
    try:
        found = cache.clear() if arguments.clear else cache.contents()
    except OSError as error:
        raise HarnessError(f"{error.filename}: {error.strerror}; name another folder with --cache") from error
    row = _deleted(cache, found) if arguments.clear else _described(cache, found)
    if arguments.format == "json":
        show_json(row)
    elif arguments.format == "csv":
        show_csv([row])
    elif arguments.clear:
        blocks, freed = counted(row["deleted_blocks"], "block"), size_in_words(row["freed_bytes"])
        say(f"{cache.folder}: deleted {blocks}, freed {freed}")
        for line in _on_others(cache.folder, found.others):
            say(line)
    else:
        _show(cache, found, row, arguments.format)
    return 0


def _described(cache: BlockCache, found: Contents) -> dict[str, Any]:
    now = time.time()
    ages = [max(0, round(now - file.used)) for file in found.files if file.is_block]
    return {
        "folder": str(cache.folder),
        "blocks": len(ages),
        "bytes": found.nbytes,
        "limit_bytes": cache.limit,
        "oldest_use_seconds": ages[0] if ages else None,
        "newest_use_seconds": ages[-1] if ages else None,
        "others": [str(path) for path in found.others],
    }


def _deleted(cache: BlockCache, found: Contents) -> dict[str, Any]:
    return {
        "folder": str(cache.folder),
        "deleted_blocks": sum(file.is_block for file in found.files),
        "freed_bytes": found.nbytes,
        "others": [str(path) for path in found.others],
    }


def _show(cache: BlockCache, found: Contents, row: dict[str, Any], how: str) -> None:
    ages = [_ago(row["oldest_use_seconds"]), _ago(row["newest_use_seconds"])]
    cells = [f"{row['blocks']:,}", size_in_words(found.nbytes), size_in_words(cache.limit), *ages]
    if how == "markdown":
        show_markdown(HEADER, [cells])
    else:
        show_table(HEADER, [cells], right=("blocks", "size", "limit"))
    print()
    print(f"folder: {escaped(str(cache.folder))}")
    if not cache.limit:
        print("With a limit of 0 nothing is kept here and nothing read.")
    elif found.nbytes > cache.limit:
        print("There is more than the limit allows: with the next new block those last used longest ago are deleted.")
    for line in _on_others(cache.folder, found.others):
        print(escaped(line))


def _ago(seconds: int | None) -> str:
    if seconds is None:
        return "never"
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            return f"{counted(seconds // length, unit)} ago"
    return "just now"


def _on_others(folder: Path, others: Sequence[Path]) -> Iterator[str]:
    """A line on files that are not the cache's, where there are some."""
    if others:
        names = [str(path.relative_to(folder)) for path in others[:NAMED]]
        # A name may hold what a terminal would obey.
        shown = [name if name.isprintable() else repr(name) for name in names]
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        yield f"not the cache's, so left alone: {', '.join(shown)}{more}"
