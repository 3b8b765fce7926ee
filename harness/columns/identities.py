"""Which animal a column is about, as its name tells; and columns that do not depend on which animal is which.

Trackers swap animals. Where they do, `0 speed` is the speed of now one and now the other; the smaller and the larger
of the two speeds are still what they were.

A column's name begins with the animals it is about: `0 speed` is animal 0's alone; `0 to 1 ahead` and `0 sees 1 nose x`
are animal 0's towards animal 1; `0-1 distance` belongs to both alike, and `0-1 nose to tail_base` goes from the nose of
0 to the tail base of 1, so that from the other end it would be `1-0 tail_base to nose`. Other names are of no animal.
"""

import re
from collections.abc import Sequence

import numpy as np

from harness.recording import Array

NAME = re.compile(r"(\d+)(?:( to | sees |-)(\d+))? (.+)")


def renamed(name: str, numbers: Sequence[int]) -> str:
    """What the column `name` is called once animal i has the number `numbers[i]`."""
    match = NAME.fullmatch(name)
    if not match:
        return name
    one, between, other, what = match.groups()
    if int(one) >= len(numbers) or (other is not None and int(other) >= len(numbers)):
        return name
    if other is None:
        return f"{numbers[int(one)]} {what}"
    first, second = numbers[int(one)], numbers[int(other)]
    if between == "-" and first > second:
        return f"{second}-{first} {_from_the_other_end(what)}"
    return f"{first}{between}{second} {what}"


def of_first(name: str) -> bool:
    """Whether a column is about animal 0 alone, or about no animal in particular."""
    match = NAME.fullmatch(name)
    return match is None or (match[1] == "0" and match[3] in (None, "0"))


def unordered(names: Sequence[str], block: Array) -> Array:
    """`block` (frames, columns) with the columns that differ only by their animals sorted by value on every frame.

    Of two such columns the first then holds the smaller value and the last the larger; missing values come last. What
    belongs to no animal, or to all alike, stays as it is.
    """
    result = block.copy()
    for columns in _alike(names):
        if len(columns) == 2:
            one, other = block[:, columns[0]], block[:, columns[1]]
            result[:, columns[0]], result[:, columns[1]] = np.fmin(one, other), np.maximum(one, other)
        else:
            result[:, columns] = np.sort(block[:, columns], axis=1)
    return result


def with_unordered(names: Sequence[str], block: Array) -> Array:
    """`block` and, after it, its `unordered` columns, of those that differ only by their animals."""
    changed = [column for columns in _alike(names) for column in columns]
    return np.concatenate([block, unordered(names, block)[:, sorted(changed)]], axis=1)


def identified(names: Sequence[str], block: Array, identities: str) -> Array:
    """`block` (frames, columns) as a way of `IDENTITIES` has it."""
    if identities == "kept":
        return block
    return (unordered if identities == "unordered" else with_unordered)(names, block)


def sources(names: Sequence[str], identities: str) -> list[tuple[bool, int]]:
    """Where each column that a way of `IDENTITIES` gives comes from: whether it is a sorted one, and its place.

    Places are those of `names`, in the block and in its `unordered` columns.
    """
    if identities == "kept":
        return [(False, column) for column in range(len(names))]
    changed = {column for columns in _alike(names) for column in columns}
    if identities == "unordered":
        return [(column in changed, column) for column in range(len(names))]
    return [(False, column) for column in range(len(names))] + [(True, column) for column in sorted(changed)]


def sorted_names(names: Sequence[str], kept: bool) -> list[str]:
    """What the columns of `unordered` are called, or those of `with_unordered` where others are `kept` beside them.

    Those that were sorted are marked as such.
    """
    changed = sorted(column for columns in _alike(names) for column in columns)
    if kept:
        return [*names, *(f"{names[column]} (sorted)" for column in changed)]
    return [f"{name} (sorted)" if column in changed else name for column, name in enumerate(names)]


def _alike(names: Sequence[str]) -> list[list[int]]:
    """Groups of two or more columns that differ only by their animals."""
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        groups.setdefault(_without_numbers(name), []).append(column)
    return [columns for columns in groups.values() if len(columns) > 1]


def _without_numbers(name: str) -> str:
    """The same text for columns that one gets from another by giving the animals other numbers."""
    match = NAME.fullmatch(name)
    if not match:
        return name
    one, between, other, what = match.groups()
    if other is None:
        return f"# {what}"
    if between == "-":
        return f"#-# {min(what, _from_the_other_end(what))}"
    return f"#{between}{'itself' if one == other else '#'} {what}"


def _from_the_other_end(what: str) -> str:
    """`tail_base to nose` for `nose to tail_base`; what has no two ends stays."""
    ends = what.split(" to ")
    return " to ".join(reversed(ends))
