"""Read `dataset.toml`, which says of a folder of recordings what their files cannot.

fps = 30
image_size = [1024, 570]
keypoints = ["top", "body", "tail", "tail-m", "tail-e"]

[roles]
nose = "top"
tail_base = "tail"
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harness.errors import DataError
from harness.files.bounded import read_toml
from harness.recording import ROLES, Skeleton
from harness.words import LONGEST_SHOWN, shown

SETUP_FILE = "dataset.toml"

MOST_PROBLEMS = 20
"""That are told of one file at once."""

KEYS = ("fps", "image_size", "keypoints", "roles", "copies")

COPIES = ("refused", "together")


@dataclass(frozen=True, slots=True)
class Setup:
    """How recordings were filmed and tracked; what is None was not said."""

    skeleton: Skeleton | None = None
    fps: float | None = None
    image_size: tuple[int, int] | None = None
    """Width and height in pixels."""
    copies_together: bool = False
    """Whether labelled recordings of the same footage are held out together; otherwise they are refused."""


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
    fps, image_size = plain.get("fps"), plain.get("image_size")
    return Setup(
        _skeleton(plain["keypoints"], plain.get("roles", {})) if "keypoints" in plain else None,
        None if fps is None else float(fps),
        None if image_size is None else (image_size[0], image_size[1]),
        plain.get("copies") == "together",
    )


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
    if plain.get("copies", COPIES[0]) not in COPIES:
        yield f"copies = {shown(repr(plain['copies']))} should be {' or '.join(map(repr, COPIES))}"
    keypoints = plain.get("keypoints")
    if "keypoints" in plain and not _is_names(keypoints):
        yield f"keypoints = {shown(repr(keypoints))} should be a list of different names, in the order of the files"
        return
    for name in keypoints or ():
        if re.search("(^| )(to|sees) ", name):
            # Columns are named `nose to tail_base`, and told apart by that.
            yield f"keypoints: {shown(repr(name))} should be a name without ' to ' or ' sees '"
    if "roles" in plain:
        yield from _role_problems(plain["roles"], keypoints)


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


def _near(name: str, names: tuple[str, ...] | list[str]) -> str:
    near = difflib.get_close_matches(name[:LONGEST_SHOWN], names, n=1)
    return f", did you mean {shown(repr(near[0]))}?" if near else ""


def _is_rate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6


def _is_size(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(type(side) is int and 0 < side < 1e6 for side in value)


def _is_names(value: object) -> bool:
    if not isinstance(value, list) or not value or "" in value:
        return False
    return all(isinstance(name, str) and name.isprintable() and len(name) <= LONGEST_SHOWN for name in value) and len(
        set(value)
    ) == len(value)
