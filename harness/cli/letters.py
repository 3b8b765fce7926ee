"""What stands for the letters that a terminal does not have."""

import codecs
import io
import os
import sys
import unicodedata

COUNTERPARTS = {
    "≥": ">=", "≤": "<=", "≠": "!=", "±": "+-", "×": "x", "·": ".", "…": "...", "–": "-", "—": "-", "−": "-",
    "→": "->", "←": "<-", "‘": "'", "’": "'", "“": '"', "”": '"', "•": "*", "█": "#", "░": ".", "▏": "|",
}  # fmt: skip
"""Of what the program itself says. Names are not spelled otherwise: what they have else is given by its number."""

NAME = "harness.counterparts"

PLAIN_LOCALES = ("C", "POSIX")


def as_the_terminal_has_them() -> None:
    """Let standard output and standard error have an answer to every letter, in the encoding that was asked for.

    Python takes the locale C for one that nobody has set, and writes UTF-8; who sets `LC_ALL=C` means it.
    """
    codecs.register_error(NAME, _counterpart)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if _plain_is_asked_for():
                stream.reconfigure(encoding="ascii", errors=NAME)
            else:
                stream.reconfigure(errors=NAME)


def _plain_is_asked_for() -> bool:
    if os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8"):
        return False
    return os.environ.get("LC_ALL") in PLAIN_LOCALES


def _counterpart(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(letter: str) -> str:
    if letter in COUNTERPARTS:
        return COUNTERPARTS[letter]
    if 0x2500 <= ord(letter) < 0x2580:  # lines of tables
        return "|" if "VERTICAL" in unicodedata.name(letter) and "HORIZONTAL" not in unicodedata.name(letter) else "-"
    return letter.encode("ascii", "backslashreplace").decode("ascii")
