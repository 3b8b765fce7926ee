"""Animals that are not there, change places, are mirrored, or are of another size."""

from collections.abc import Iterator

import numpy as np

from harness.examining.films import Film, ids, names_of
from harness.examining.findings import NOTE, ODD, WRONG, Finding
from harness.words import counted

HARDLY = 0.02
"""An animal that is seen on fewer of a recording's frames is hardly there."""

SWAPS, SWAPS_A_MINUTE = 5, 2.0
"""From here on identities say little; fewer are only told."""

MOSTLY = 0.7
"""Of the frames on which left and right can be told, so many agree where they are named as they are."""

LARGER = 1.5
"""Grown animals of one kind differ by less."""


def animals(films: tuple[Film, ...]) -> Iterator[Finding]:
    """What is wrong with whole animals."""
    yield from _unseen(films)
    yield from _swaps(films)
    yield from _mirrored(films)
    yield from _scale(films)


def _unseen(films: tuple[Film, ...]) -> Iterator[Finding]:
    """By name of the animal, as many recordings may list one that is in few of them."""
    odd: dict[str, list[Film]] = {}
    shares: dict[str, float] = {}
    for one in films:
        for name, seen in zip(one.video.animal_names, one.measures.seen.tolist(), strict=True):
            if seen < HARDLY * one.video.frames:
                odd.setdefault(name, []).append(one)
                shares[name] = max(shares.get(name, 0.0), seen / one.video.frames)
    for name, some in odd.items():
        where = "all recordings" if len(some) == len(films) and len(films) > 1 else names_of(some)
        share = f"at most {shares[name]:.1%} of the frames" if shares[name] else "no frame"
        text = f"{where}: {name} is listed and seen on {share}"
        way = "leave the animal out there, or see whether its tracks have another name"
        yield Finding(ODD, "unseen", text, way, ids(some), frames=sum(one.video.frames for one in some))


def _swaps(films: tuple[Film, ...]) -> Iterator[Finding]:
    some = sorted((one for one in films if one.measures.swaps > 0), key=lambda one: -int(one.measures.swaps))
    times = sum(int(one.measures.swaps) for one in some)
    if times < 2:
        return
    rates = [int(one.measures.swaps) * 60 / one.seconds for one in some]
    often = any(
        int(one.measures.swaps) >= SWAPS and rate >= SWAPS_A_MINUTE for one, rate in zip(some, rates, strict=True)
    )
    text = (
        f"two animals change places {counted(times, 'time')} in {counted(len(some), 'recording')}, up to "
        f"{max(rates):.1f} times a minute in {some[int(np.argmax(rates))].id}"
    )
    way = "mend the identities, or trust no behavior that depends on who is who"
    yield Finding(ODD if often else NOTE, "swaps", text, way, ids(some), frames=times)


def _mirrored(films: tuple[Film, ...]) -> Iterator[Finding]:
    """Recordings in which left lies where it is right in most others."""
    known = [one for one in films if one.measures.sided.sum() > 0]
    left = np.array([float(one.measures.left.sum() / one.measures.sided.sum()) for one in known])
    if not len(left):
        return
    usual = float(np.sort(left)[(len(left) - 1) // 2])
    if usual > 1 - MOSTLY and usual < MOSTLY:
        return  # seen from the side, left is on no side
    there = left if usual > 0.5 else 1 - left
    odd = [one for one, share in zip(known, there, strict=True) if share < 1 - MOSTLY]
    half = [one for one, share in zip(known, there, strict=True) if 1 - MOSTLY <= share < MOSTLY]
    if odd:
        text = (
            f"{names_of(odd)}: left and right are the other way round than in the rest, a mirrored skeleton or picture"
        )
        way = "exchange left and right there, or mirror the points"
        yield Finding(WRONG, "mirrored", text, way, ids(odd), frames=sum(one.video.frames for one in odd))
    if half:
        worst = min(float(share) for share in there if share >= 1 - MOSTLY)
        text = f"{names_of(half)}: left and right are the other way round on up to {1 - worst:.0%} of the frames"
        way = "track them again, or leave these parts out"
        yield Finding(ODD, "mirrored", text, way, ids(half), frames=sum(one.video.frames for one in half))


def _scale(films: tuple[Film, ...]) -> Iterator[Finding]:
    """In centimeters where all recordings know their scale."""
    sized = [one for one in films if one.size > 0]
    in_cm = all(one.video.pixels_per_cm for one in sized)
    unit = "cm" if in_cm else "pixels"
    sizes = np.array([one.size / (one.video.pixels_per_cm or 1.0 if in_cm else 1.0) for one in sized])
    if len(sizes) < 2:
        return
    usual = float(np.sort(sizes)[(len(sizes) - 1) // 2])
    ratios = np.maximum(sizes / usual, usual / sizes)
    odd = [one for one, ratio in zip(sized, ratios, strict=True) if ratio > LARGER]
    if odd:
        worst = int(ratios.argmax())
        text = (
            f"{names_of(odd)}: points of an animal lie {sizes[worst]:.3g} {unit} apart in {sized[worst].id}, "
            f"usual are {usual:.3g}, so that the scale is another one, or the animals are"
        )
        way = "see that all points are in pixels of the same picture"
        way += ", and pixels_per_cm of each recording" if in_cm else "; pixels_per_cm says of each how large a pixel is"
        yield Finding(ODD, "scale", text, way, ids(odd), frames=sum(one.video.frames for one in odd))
