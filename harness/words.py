"""Names, numbers, sizes and small tables as people read them, and paths as they write them."""

import html
import os
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from pathlib import Path

LONGEST_SHOWN = 100
"""Letters of a text from a file that a message repeats."""


def escaped(text: str) -> str:
    """`text` as it may be printed: what would steer a terminal or break the line, as its number."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def shown(text: str, longest: int = LONGEST_SHOWN) -> str:
    """`text` from a file as it may be printed: on one line, without control characters, not too long."""
    text = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return text if text.isprintable() else ascii(text)


def listed(names: Collection[object], most: int = 3) -> str:
    """The first `most` of `names` as they may be printed, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(shown(str(name)) for name in islice(names, most)) + more


def named(path: Path | str) -> Path:
    """The path that somebody wrote, where `~` stands for their home, also where no shell has looked at it."""
    return Path(os.path.expanduser(path))


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def numbered(what: str, count: int) -> tuple[str, ...]:
    """Names for what has none: `animal1`, `animal2` and so on."""
    return tuple(f"{what}{number}" for number in range(1, count + 1))


def clock(seconds: float) -> str:
    """Hours, minutes and seconds, as `1:02:03`; none below 0."""
    whole = max(0, round(seconds))
    return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"


def size_in_words(nbytes: int) -> str:
    """A number of bytes as people say it."""
    if nbytes < 1000:
        return counted(nbytes, "byte")
    power = min((len(str(nbytes)) - 1) // 3, 4)
    return f"{nbytes / 1000**power:.1f} {' kMGT'[power]}B"


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table as a notebook shows it; whatever the cells hold is text, not markup."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    above = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{above}<thead>{line(header, 'th')}</thead><tbody>{body}</tbody></table>"
