"""Read and write `dataset.toml`, which says of a folder of recordings what their files cannot.

fps = 30
image_size = [1024, 570]
keypoints = ["top", "body", "tail", "tail-m", "tail-e"]

[roles]
nose = "top"
tail_base = "tail"

[behaviors]
groom = "one"
chase = "pair"

[arena]
rectangle = [20, 20, 1004, 550]
"""

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from harness.arena import Arena
from harness.errors import DataError
from harness.files.bounded import read_toml
from harness.recording import ROLES, SCOPES, Skeleton
from harness.words import LONGEST_SHOWN, shown

SETUP_FILE = "dataset.toml"

MOST_PROBLEMS = 20
"""That are told of one file at once."""

KEYS = (
    "fps",
    "image_size",
    "keypoints",
    "roles",
    "copies",
    "pixels_per_cm",
    "arena",
    "edges",
    "source",
    "behaviors",
    "exclusive",
)

COPIES = ("refused", "together")

SHAPES = {
    "circle": "[x, y, radius]",
    "rectangle": "[left, top, right, bottom]",
    "polygon": "[[x, y], ...] of three corners or more",
}
"""Of an arena, in pixels."""

LONGEST_SOURCE = 1000
"""Letters that say where a dataset comes from."""

MOST_CORNERS = 1000


@dataclass(frozen=True, slots=True)
class Setup:
    """How recordings were filmed and tracked; what is None was not said."""

    skeleton: Skeleton | None = None
    fps: float | None = None
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    copies_together: bool = False
    """Whether labelled recordings of the same footage are held out together; otherwise they are refused."""
    pixels_per_cm: float | None = None
    arena: Arena | None = None
    behaviors: Mapping[str, str] = field(default_factory=dict)
    """Name to which of `SCOPES` it is of, in order; none in a folder of challenge files."""
    exclusive: bool = False
    """Whether an agent does one thing at a time to a target."""
    edges: tuple[tuple[str, str], ...] = ()
    """Keypoints that are joined where the animals are drawn."""
    source: str = ""
    """Where the dataset comes from."""


def read_dataset_toml(path: Path) -> Setup:
    """The setup that the file at `path` describes; every key may be left out.

    A keypoint that is called like a role plays it, unless the table of roles gives the role to another. Raises
    `DataError` with every problem.
    """
    try:
        plain = read_toml(path)
    except ValueError as error:
        raise DataError([f"{path}: {error}"]) from error
    except OSError as error:
        raise DataError([f"{path}: {error.strerror}"]) from error
    if found := list(islice(_problems(plain), MOST_PROBLEMS)):
        raise DataError([f"{path}: {problem}" for problem in found])
    fps, image_size, pixels_per_cm = plain.get("fps"), plain.get("image_size"), plain.get("pixels_per_cm")
    return Setup(
        _skeleton(plain["keypoints"], plain.get("roles", {})) if "keypoints" in plain else None,
        None if fps is None else float(fps),
        None if image_size is None else (image_size[0], image_size[1]),
        plain.get("copies") == "together",
        pixels_per_cm=None if pixels_per_cm is None else float(pixels_per_cm),
        arena=_arena(*next(iter(plain["arena"].items()))) if "arena" in plain else None,
        behaviors=plain.get("behaviors", {}),
        exclusive=plain.get("exclusive", False),
        edges=tuple((one, other) for one, other in plain.get("edges", ())),
        source=plain.get("source", ""),
    )


def toml_text(setup: Setup) -> str:
    """The content of a file that `read_dataset_toml` reads the setup from."""
    skeleton, size = setup.skeleton, setup.image_size
    keys: dict[str, object] = {"source": setup.source} if setup.source else {}
    keys |= {} if setup.fps is None else {"fps": setup.fps}
    keys |= {} if size is None else {"image_size": list(size)}
    keys |= {} if setup.pixels_per_cm is None else {"pixels_per_cm": setup.pixels_per_cm}
    keys |= {} if skeleton is None else {"keypoints": list(skeleton.keypoints)}
    keys |= {"edges": [list(edge) for edge in setup.edges]} if setup.edges else {}
    keys |= {"copies": "together"} if setup.copies_together else {}
    keys |= {"exclusive": True} if setup.exclusive else {}
    tables: dict[str, Mapping[str, object]] = {}
    if skeleton is not None and skeleton.roles:
        tables["roles"] = {role: skeleton.keypoints[index] for role, index in skeleton.roles.items()}
    if setup.behaviors:
        tables["behaviors"] = setup.behaviors
    if (arena := setup.arena) is not None:
        corners = [[corner.real, corner.imag] for corner in arena.corners]
        circle = [arena.center.real, arena.center.imag, arena.radius]
        tables["arena"] = {"polygon": corners} if corners else {"circle": circle}
    lines = [_assignment(key, value) for key, value in keys.items()]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(_assignment(key, value) for key, value in table.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _assignment(key: str, value: object) -> str:
    # Of what can be printed, JSON writes text and lists as TOML does.
    name = key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
    whole = int(value) if isinstance(value, float) and value == int(value) else value
    return f"{name} = {json.dumps(whole, ensure_ascii=False)}"


def _arena(shape: str, numbers: Any) -> Arena:
    """Raises `ValueError` where it has no area."""
    if shape == "polygon":
        return Arena.polygon([(float(x), float(y)) for x, y in numbers])
    one, other, third, *last = map(float, numbers)
    if shape == "circle":
        if third <= 0:
            raise ValueError("a circle whose radius is not above 0")
        return Arena.circle(one, other, third)
    if third <= one or last[0] <= other:
        raise ValueError("a rectangle whose right or bottom is not beyond its left or top")
    return Arena.rectangle(one, other, third, *last)


def _skeleton(keypoints: list[str], roles: Mapping[str, str]) -> Skeleton:
    by_name = {name: name for name in ROLES if name in keypoints}
    return Skeleton(tuple(keypoints), {role: keypoints.index(name) for role, name in (by_name | dict(roles)).items()})


def _problems(plain: Mapping[str, Any]) -> Iterator[str]:
    for key in plain:
        if key not in KEYS:
            yield f"unknown key {shown(repr(key))}{_near(key, KEYS)}; it takes {', '.join(KEYS)}"
    if "fps" in plain and not _is_rate(plain["fps"]):
        yield f"fps = {shown(repr(plain['fps']))} should be a number above 0 and below a million"
    if "image_size" in plain and not _is_size(plain["image_size"]):
        yield f"image_size = {shown(repr(plain['image_size']))} should be [width, height] in whole pixels"
    if "pixels_per_cm" in plain and not _is_rate(plain["pixels_per_cm"]):
        yield f"pixels_per_cm = {shown(repr(plain['pixels_per_cm']))} should be a number above 0 and below a million"
    source = plain.get("source", "")
    if not isinstance(source, str) or not source.isprintable() or len(source) > LONGEST_SOURCE:
        yield f"source = {shown(repr(source))} should be text of one line, at most {LONGEST_SOURCE:,} characters"
    if not isinstance(plain.get("exclusive", False), bool):
        yield f"exclusive = {shown(repr(plain['exclusive']))} should be true or false"
    if "behaviors" in plain:
        yield from _behavior_problems(plain["behaviors"])
    if "arena" in plain:
        yield from _arena_problems(plain["arena"])
    if plain.get("copies", COPIES[0]) not in COPIES:
        yield f"copies = {shown(repr(plain['copies']))} should be {' or '.join(map(repr, COPIES))}"
    keypoints = plain.get("keypoints")
    if "keypoints" in plain and not _is_names(keypoints):
        yield f"keypoints = {shown(repr(keypoints))} should be a list of different names, in the order of the files"
        return
    for name in keypoints or ():
        if reads_as_two(name):
            yield f"keypoints: {shown(repr(name))} should be a name without ' to ' or ' sees '"
    if "roles" in plain:
        yield from _role_problems(plain["roles"], keypoints)
    if "edges" in plain:
        yield from _edge_problems(plain["edges"], keypoints)


def _behavior_problems(behaviors: object) -> Iterator[str]:
    if not isinstance(behaviors, dict) or not behaviors:
        yield f'behaviors = {shown(repr(behaviors))} should be a table, such as [behaviors] with groom = "one"'
        return
    scopes = ", ".join(map(repr, SCOPES))
    composed = set()
    for name, scope in behaviors.items():
        where = f"behaviors: {shown(repr(name))}"
        if scope not in SCOPES:
            near = _near(scope, SCOPES) if isinstance(scope, str) else ""
            yield f"{where} = {shown(repr(scope))} should be one of {scopes}{near}"
        if not name.isprintable() or name != name.strip() or not name or len(name) > LONGEST_SHOWN:
            yield f"{where} should be a name of at most {LONGEST_SHOWN} letters, none before or after it a space"
        elif {"/", "\\"} & set(name) or name in (".", "..", "*"):
            yield f"{where} should be a name without / and \\, and neither dots alone nor *"
        elif unicodedata.normalize("NFC", name) in composed:
            yield f"{where}: a second behavior of this name, as people read it"
        composed.add(unicodedata.normalize("NFC", name))


def _arena_problems(arena: object) -> Iterator[str]:
    shapes = ", ".join(f"{shape} = {form}" for shape, form in SHAPES.items())
    if not isinstance(arena, dict) or len(arena) != 1 or not arena.keys() <= SHAPES.keys():
        found = ", ".join(map(str, arena)) if isinstance(arena, dict) else repr(arena)
        yield f"arena: {shown(found) or 'nothing'}, expected exactly one of {shapes}, in pixels"
        return
    ((shape, numbers),) = arena.items()
    rows = numbers if shape == "polygon" and isinstance(numbers, list) else [numbers]
    lengths = {"circle": 3, "rectangle": 4, "polygon": 2}
    right = len(rows) <= MOST_CORNERS and all(
        isinstance(row, list) and len(row) == lengths[shape] and all(map(_is_pixel, row)) for row in rows
    )
    if not right or not rows:
        yield f"arena: {shape} = {shown(repr(numbers))} should be {SHAPES[shape]}, in pixels"
        return
    try:
        _arena(shape, numbers)
    except ValueError as error:
        yield f"arena: {shape} = {shown(repr(numbers))} is {error}"


def _edge_problems(edges: object, keypoints: list[str] | None) -> Iterator[str]:
    if keypoints is None:
        yield "edges are given without keypoints, whose names they refer to"
    elif not isinstance(edges, list):
        yield f"edges = {shown(repr(edges))} should be a list of pairs of keypoints"
    else:
        for edge in edges:
            if not isinstance(edge, list) or len(edge) != 2 or not all(isinstance(name, str) for name in edge):
                yield f"edges: {shown(repr(edge))} should be a pair of keypoints"
                continue
            for name in edge:
                if name not in keypoints:
                    yield f"edges: {shown(repr(name))} is no keypoint{_near(name, keypoints)}"


def _role_problems(roles: object, keypoints: list[str] | None) -> Iterator[str]:
    if keypoints is None:
        yield "roles are given without keypoints, whose names they refer to"
    elif not isinstance(roles, dict):
        yield f'roles = {shown(repr(roles))} should be a table, such as [roles] with nose = "{shown(keypoints[0])}"'
    else:
        for role, name in roles.items():
            if role not in ROLES:
                yield f"roles: unknown role {shown(repr(role))}{_near(role, ROLES)}; there are {', '.join(ROLES)}"
            if name not in keypoints:
                near = _near(name, keypoints) if isinstance(name, str) else ""
                given = f"{shown(repr(role))} = {shown(repr(name))}"
                yield f"roles: {given} is no keypoint{near}; there are {shown(', '.join(keypoints))}"


def reads_as_two(name: str) -> bool:
    """Whether a part of this name would be taken for two: columns are named `nose to tail_base`, and told apart so."""
    return re.search("(^| )(to|sees) ", name) is not None


def _near(name: str, names: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name[:LONGEST_SHOWN], names, n=1)
    return f", did you mean {shown(repr(near[0]))}?" if near else ""


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6


def _is_pixel(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and abs(value) <= 1e6  # type: ignore[arg-type]


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(side) is int and 0 < side < 1e6 for side in value)


def _is_names(value: object) -> bool:
    if not isinstance(value, list) or not value or "" in value:
        return False
    return all(isinstance(name, str) and name.isprintable() and len(name) <= LONGEST_SHOWN for name in value) and len(
        set(value)
    ) == len(value)
