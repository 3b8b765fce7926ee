"""Where things lie in a dataset folder, and what a recording may be called so that it can be a file on every disk."""

import difflib
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from harness.data.dataset_toml import SETUP_FILE
from harness.data.entry import Place
from harness.files.names import LONGEST, RESERVED
from harness.words import shown

REGISTER = "recordings.csv"
POSES, LABELS, ANNOTATED = "poses", "labels", "annotated"
ENDINGS = {POSES: ".npz", LABELS: ".csv", ANNOTATED: ".csv"}
"""By folder, how the names of its files end."""

FORBIDDEN = '/\\:*?"<>|'
"""What some system does not take in the name of a file."""

DIGITS = 8
"""Hexadecimal, of the digest that a name ends in which is cut."""

LONGEST_BYTES = 255
"""Of a file's name, with its ending."""

NEARLY = 0.85
"""How alike two names are (twice the letters in common over all) where one is taken for a slip of the other."""

LEFTOVERS = (".", "~$", "Thumbs.db", "desktop.ini")
"""How the names of files begin that systems and spreadsheets leave in folders."""

DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[-. ]{1,2}[A-Za-z]{3,9}\.?([-. ]\d{2,4})?|[A-Za-z]{3}-\d{2}")
"""What a spreadsheet makes of names such as `1-2` or `mar1`."""


def id_problem(name: str) -> str:
    """What keeps a recording from being called so; empty where nothing does."""
    if not name or not name.isprintable():
        return "is empty or has characters that cannot be printed"
    if bad := sorted(set(name) & set(FORBIDDEN)):
        return f"has {' '.join(bad)}, which no file can have in its name; write - instead"
    if len(name) > LONGEST:
        return f"has {len(name):,} characters, expected at most {LONGEST}"
    if len(f"{name}.npz".encode()) > LONGEST_BYTES:
        return f"has more than {LONGEST_BYTES} bytes with its ending; use fewer letters"
    if name != name.strip() or name.endswith("."):
        return "should neither begin nor end in a space, nor end in a dot"
    if name.startswith(LEFTOVERS):
        return "begins as files do that systems leave in folders; begin with another letter"
    if name.partition(".")[0].rstrip().casefold() in RESERVED:
        return "is what Windows takes for a device; add a letter"
    return ""


def file_safe(name: str) -> str:
    """The name, or one like it that a recording can be called by."""
    if not id_problem(name):
        return name
    plain = "".join("-" if letter in FORBIDDEN else letter for letter in name.strip().replace("/", "--"))
    plain = plain.rstrip(". ") or "recording"
    if id_problem(plain):
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGITS]
        head = plain.encode()[: LONGEST - DIGITS - 2].decode(errors="ignore").lstrip(".~$")
        plain = f"{head}-{digest}" if len(plain) > DIGITS else f"recording-{plain.lstrip('.~$')}-{digest}"
    return plain


def folded(name: str) -> str:
    """The same for names that some disk takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def files_in(folder: Path, part: str, problems: dict[str, None]) -> dict[str, Path]:
    """Id to file in one of the three folders; none where it is not there. What is neither a file of a recording nor a
    leftover is reported.
    """
    found: dict[str, Path] = {}
    for name in _names(folder / part, problems):
        path, ending = folder / part / name, ENDINGS[part]
        if not name.endswith(ending) or name == ending:
            problems[f"{path}: is not read; expected the id of a recording and {ending}"] = None
        else:
            found[unicodedata.normalize("NFC", name.removesuffix(ending))] = path
    return found


def report_strays(found: Iterable[tuple[str, Path]], ids: set[str], problems: dict[str, None]) -> None:
    """Files of recordings that `recordings.csv` does not have; `ids` are those that it has."""
    for name, path in found:
        if name not in ids:
            problems[f"{path}: {REGISTER} has no recording of this id{near(name, ids)}"] = None


def report_slips(folder: Path, problems: dict[str, None]) -> None:
    """What lies beside the files and is called almost like one."""
    wanted = (SETUP_FILE, REGISTER, *ENDINGS)
    names = _names(folder, problems)
    for name in names:
        plain = name.lower().removesuffix(".txt")
        for one in wanted:
            alike = difflib.SequenceMatcher(None, plain, one).ratio() >= NEARLY
            if alike and name not in wanted and one not in names:
                problems[f"{folder / name}: is not read; name it {one}, or something else altogether"] = None


def near(name: str, names: Iterable[str]) -> str:
    """A question whether the nearest of `names` was meant; empty where none is near."""
    by_folded = {folded(one): one for one in names}
    found = difflib.get_close_matches(folded(name[:LONGEST]), by_folded, n=1, cutoff=0.7)
    return f", did you mean {shown(repr(by_folded[found[0]]))}?" if found else ""


def as_date(cell: str) -> str:
    """That a spreadsheet may have made a date of a name, where it looks like one."""
    if not DATE.fullmatch(cell):
        return ""
    return (
        "; it looks like a date that a spreadsheet made of a name: give the column the format Text, and write it anew"
    )


def dataset_files(folder: Path) -> list[Path]:
    """All files of a dataset folder that are read."""
    inside = [path for part in ENDINGS for path in files_in(folder, part, {}).values()]
    return [folder / SETUP_FILE, folder / REGISTER, *inside]


def _names(folder: Path, problems: dict[str, None]) -> list[str]:
    """What is in the folder but for leftovers, in order; none where it is not there."""
    if not os.path.lexists(folder):
        return []
    try:
        return [name for name in sorted(os.listdir(folder)) if not name.startswith(LEFTOVERS)]
    except OSError as error:
        expected = ", expected a folder" if isinstance(error, NotADirectoryError) else ""
        Place(folder, problems).report(f"{error.strerror}{expected}")
        return []
