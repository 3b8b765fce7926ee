"""What `recordings.csv` says of each recording."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.data.entry import Place
from harness.data.folder.layout import as_date, folded, id_problem
from harness.data.folder.tables import Line, read_table, tell
from harness.words import LONGEST_SHOWN, shown

COLUMNS = (
    "id",
    "group",
    "split",
    "fps",
    "width",
    "height",
    "pixels_per_cm",
    "animals",
    "source",
    "digest",
)
"""Those that mean something; others are carried along."""

LABELLED, UNLABELLED, TEST = "labelled", "unlabelled", "test"
SPLITS = (LABELLED, UNLABELLED, TEST)

KEPT = ("group", "source", "digest")
"""Columns that are carried along as well."""

LONGEST_CELL = 10_000
"""Letters of what is carried along."""

EVERY = "*"
"""Stands for every behavior or animal in what was looked at."""


@dataclass(frozen=True, slots=True)
class Row:
    """One recording; what is None or empty was not said."""

    id: str
    place: Place
    """The line of the file."""
    split: str
    group: str
    fps: float | None
    image_size: tuple[int, int] | None
    """Width and height in pixels."""
    pixels_per_cm: float | None
    animals: tuple[str, ...]
    about: Mapping[str, str]
    """Column to what stands there, of `KEPT` and of columns that mean nothing here."""

    @property
    def file(self) -> str:
        """Its id as the names of files have it."""
        return unicodedata.normalize("NFC", self.id)


@dataclass(frozen=True, slots=True)
class Register:
    rows: tuple[Row, ...]
    """Those that are right."""
    right: bool
    """Whether that is all of them."""

    @property
    def ids(self) -> set[str]:
        """As the names of files have them."""
        return {row.file for row in self.rows}


def read_register(path: Path, problems: dict[str, None]) -> Register:
    """The recordings in the file at `path`, in order; every problem is reported."""
    place = Place(path, {})
    rows: list[Row] = []
    taken: dict[str, int] = {}
    for line in read_table(path, COLUMNS, ("id",), place, more=True):
        name, before = line.get("id"), len(place.problems)
        if problem := id_problem(name):
            line.report("id", f"{shown(repr(name))} {problem}{as_date(name)}")
        elif (first := taken.setdefault(folded(name), line.number)) != line.number:
            line.report("id", f"{shown(repr(name))} is that of line {first}, as some disks take names for the same")
        row = _row(name, line)
        if len(place.problems) == before:
            rows.append(row)
    if not rows and not place.problems:
        place.report("has no recordings, expected a line for each below the first")
    tell(place.problems, path, problems)
    return Register(
        tuple(replace(row, place=replace(row.place, problems=problems)) for row in rows), not place.problems
    )


def _row(name: str, line: Line) -> Row:
    split = line.get("split")
    if split and split not in SPLITS:
        line.report("split", f"{shown(repr(split))} should be one of {', '.join(SPLITS)}, or empty")
    width, height = (line.whole_in(side) if line.get(side) else None for side in ("width", "height"))
    for side, other in (("width", "height"), ("height", "width")):
        if line.get(side) and not line.get(other):
            line.report(other, f"is empty beside a {side}, expected both or neither")
        if line.get(side) and line.get(side).strip("0") == "":
            line.report(side, "is 0, expected pixels")
    group = line.get("group")
    if not group.isprintable():
        line.report("group", f"{shown(group)} has characters that cannot be printed")
    for column in line.cells.keys() - {"id"}:
        if len(line.cells[column]) > LONGEST_CELL:
            line.report(column, f"has {len(line.cells[column]):,} characters, expected at most {LONGEST_CELL:,}")
    carried = {column: cell for column, cell in line.cells.items() if column not in COLUMNS}
    about = carried | {column: line.get(column) for column in KEPT}
    return Row(
        id=name,
        place=line.place,
        split=split,
        group=group,
        fps=line.number_in("fps"),
        image_size=(width, height) if width and height else None,
        pixels_per_cm=line.number_in("pixels_per_cm"),
        animals=_animals(line),
        about={column: cell for column, cell in about.items() if cell},
    )


def _animals(line: Line) -> tuple[str, ...]:
    if not line.get("animals"):
        return ()
    names = tuple(name.strip() for name in line.get("animals").split(";"))
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            line.report("animals", f"{shown(repr(name))} is there {names.count(name)} times, expected once")
        elif problem := animal_problem(name):
            line.report("animals", f"{shown(repr(name))} {problem}")
    return names


def animal_problem(name: str) -> str:
    """What keeps an animal from being called so; empty where nothing does."""
    if not name or not name.isprintable() or name != name.strip() or len(name) > LONGEST_SHOWN:
        return f"should be a name of at most {LONGEST_SHOWN} letters; names are separated by ;"
    if name == EVERY or ";" in name or " to " in name or "(" in name or ")" in name:
        return "should be a name without brackets, ; and ' to ', and not *"
    return ""
