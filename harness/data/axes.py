"""How keypoints that were laid out by other tools become what is wanted: the expression to write, in words."""

from collections.abc import Iterator, Mapping
from itertools import permutations

import numpy as np

from harness.recording import Array
from harness.words import shown

WANTED = "FAXP"
"""Frames, animals, x and y, parts."""

LAYOUTS = ("FAPX", "FXPA", "FPXA", "AXPF", "XPAF", "APXF")
"""Those of trackers and of libraries, the likelier first: MARS's and DeepLabCut's tables, movement, SLEAP turned and as
its files have it."""

OF_ONE_ANIMAL = ("FXP", "FPX", "XPF", "PXF")


def way(values: Array, frames: int | None = None) -> str:
    """What makes of numbers of another shape what is wanted, after a semicolon; empty where nothing suggests itself.

    `frames` is how many labels there are, where that is known.
    """
    if 0 in values.shape:
        return ""
    if values.ndim == 2:
        return _of_table(values)
    fitting = [one for one in _layouts(values.ndim) if _fits(values.shape, *one, frames)]
    sure = [one for one in fitting if one[1] == 3 and _are_likelihoods(values.take(2, one[0].index("X")))]
    if sure and not _are_likelihoods(values):
        return _in_words(values, *sure[0])
    return _in_words(values, *fitting[0]) if fitting else ""


def changed_places(found: tuple[int, int], expected: tuple[int, int]) -> str:
    """What turns (animals, parts) that are the other way round, after a semicolon; empty where they are not."""
    if found != expected and found == expected[::-1]:
        return "; keypoints.transpose(0, 3, 2, 1) has that order"
    return ""


def of_scores(shape: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What makes confidences (frames, animals, parts) of numbers of another shape."""
    if len(shape) == 3 and sorted(shape) == sorted(expected):
        order = next(order for order in permutations(range(3)) if tuple(shape[i] for i in order) == expected)
        return f"; scores.transpose{order} has that order"
    if tuple(size for size in shape if size > 1) == tuple(size for size in expected if size > 1):
        return f"; scores.reshape{expected} has that order"
    return ""


def of_other_kind(value: object) -> str:
    """What makes numbers of something that is no array of numbers; empty where nothing suggests itself."""
    if isinstance(value, Mapping):
        return f"; it has {shown(', '.join(map(str, value)))}, wanted is one array of all parts" if value else ""
    if isinstance(value, list | tuple):
        return "; np.array(keypoints, dtype=float) makes one"
    if isinstance(value, np.ndarray) and value.dtype == object and value.size:
        kinds = {type(one) for one in value.flat}
        if all(issubclass(kind, int | float | np.number | type(None)) for kind in kinds):
            return "; keypoints.astype(float) makes numbers of it"
        if kinds == {np.ndarray} and len({one.shape for one in value.flat}) == 1:
            return "; np.stack(list(keypoints)) makes one"
        return f"; its elements are {', '.join(sorted(kind.__name__ for kind in kinds)[:3])}, not numbers"
    return ""


def _layouts(axes: int) -> Iterator[tuple[str, int]]:
    """Orders of axes and how many coordinates there are: what tools are known to write first, then all others."""
    known = {4: (WANTED, *LAYOUTS), 3: OF_ONE_ANIMAL}.get(axes, ())
    others = ["".join(order) for order in permutations(WANTED) if "".join(order) not in known] if axes == 4 else []
    for layouts in (known, others):
        yield from ((layout, coordinates) for coordinates in (2, 3) for layout in layouts)


def _fits(shape: tuple[int, ...], layout: str, coordinates: int, frames: int | None) -> bool:
    sizes = dict(zip(layout, shape, strict=True))
    long = sizes["F"] == (frames if frames in shape else max(shape))
    return long and sizes["X"] == coordinates and sizes.get("A", 1) <= sizes["P"]


def _in_words(values: Array, layout: str, coordinates: int) -> str:
    wanted = WANTED if "A" in layout else WANTED.replace("A", "")
    order = tuple(layout.index(axis) for axis in wanted)
    moved = "keypoints" if layout == wanted else f"keypoints.transpose{order}"
    place = wanted.index("X")
    if coordinates == 3:
        return _three(values.take(2, layout.index("X")), moved, ":, " * place, "A" not in layout)
    if "A" not in layout:
        animal = f"{moved}[:, None]"
        return f"; for one animal {animal} adds its axis" if moved == "keypoints" else f"; for one animal, {animal}"
    if moved == "keypoints":
        return ""
    where = "x and y are the last axis, " if layout[-1] == "X" else ""
    return f"; {where}{moved} {'moves them' if where else 'has that order'}"


def _three(third: Array, moved: str, before: str, alone: bool) -> str:
    """Three coordinates, of which the third is a likelihood or a depth; `before` are the axes before them."""
    animal = "[:, None]" if alone else ""
    xy, scores = f"{moved}[{before}:2]{animal}", f"{moved}[{before}2]{animal}"
    if not _are_likelihoods(third):
        return f"; of three coordinates take two, such as {xy}, and a likelihood as the entry's 'scores', {scores}"
    return f"; x, y and likelihood? Give {xy} as keypoints and {scores} beside them as 'scores'"


def _of_table(values: Array) -> str:
    """A table with a column for each coordinate, as DeepLabCut writes it."""
    width = values.shape[1]
    likely = width % 3 == 0 and (width % 2 or _are_likelihoods(values[:, 2::3]))
    if likely:
        points = f"keypoints.reshape({len(values)}, -1, 3).transpose(0, 2, 1)"
        return (
            f"; a table of x, y and likelihood of one animal? Give {points}[:, None, :2] as keypoints and "
            f"{points}[:, None, 2] beside them as 'scores'"
        )
    if width % 2 == 0:
        return (
            f"; a table of x and y of one animal? keypoints.reshape({len(values)}, 1, -1, 2).transpose(0, 1, 3, 2) "
            "has that order"
        )
    return ""


def _are_likelihoods(values: Array) -> bool:
    seen = values[~np.isnan(values)]
    return bool(((seen >= 0) & (seen <= 1)).all())
