"""Points that the tracker put where no part of an animal can have been, or did not see at all."""

from collections.abc import Callable, Iterator

import numpy as np

from harness.examining.films import Film, ids, names_of
from harness.examining.findings import NOTE, ODD, WRONG, Finding
from harness.recording import Array
from harness.words import counted, listed

ZEROS = 0.001
"""Of the points of a part, so many at exactly (0, 0) are no chance."""

OUTSIDE = 0.01
"""Of the points of a recording, so many out of the picture are no guesses at what its edge hides."""

OUTSIDE_MOSTLY = 0.2
"""From here on the picture is another one."""

ONE_PLACE = 0.01
"""Of the frames of an animal; an animal has two ends."""

ONE_PLACE_MOSTLY = 0.2
"""From here on its points are one point."""

FROZEN = 0.01
"""Of the frames of a recording."""

JUMPS, JUMPS_A_MINUTE = 5, 2.0
"""So many points that jump may be chance."""

MISSING, MISSING_MOSTLY = 0.2, 0.5
"""Share of the frames on which the animal is seen without a part."""


def tracking(films: tuple[Film, ...]) -> Iterator[Finding]:
    """What is wrong with the points of each part."""
    yield from _zeros(films)
    yield from _one_place(films)
    yield from _outside(films)
    yield from _off_arena(films)
    yield from _frozen(films)
    yield from _jumps(films)
    yield from _missing(films)


def _zeros(films: tuple[Film, ...]) -> Iterator[Finding]:
    odd = [one for one in films if (one.measures.zeros > np.maximum(ZEROS * one.video.frames, 2)).any()]
    if odd:
        points = int(sum(one.measures.zeros.sum() for one in odd))
        text = f"{names_of(odd)}: {counted(points, 'point')} at exactly (0, 0)"
        way = "no part stays there; write NaN where a point was not seen"
        yield Finding(WRONG, "zeros", text, way, ids(odd), frames=_frames(odd, lambda one: one.zeros))


def _one_place(films: tuple[Film, ...]) -> Iterator[Finding]:
    odd = [one for one in films if (_share(one.measures.one_place, one.video.frames) > ONE_PLACE).any()]
    if odd:
        worst = max(odd, key=lambda one: float(_share(one.measures.one_place, one.video.frames).max()))
        share = _share(worst.measures.one_place, worst.video.frames)
        animal = worst.video.animal_names[int(share.argmax())]
        text = f"{names_of(odd)}: all points of an animal in one place, on {share.max():.0%} of the frames of {animal}"
        if len(odd) > 1:
            text += f" in {worst.id}"
        grade = WRONG if share.max() > ONE_PLACE_MOSTLY else ODD
        way = "track it again, or write NaN there"
        yield Finding(grade, "one-place", text, way, ids(odd), frames=_frames(odd, lambda one: one.one_place))


def _outside(films: tuple[Film, ...]) -> Iterator[Finding]:
    shares = [
        _share(one.measures.outside.sum(), _points(one)) if one.video.image_size else np.array(0.0) for one in films
    ]
    odd = [one for one, share in zip(films, shares, strict=True) if share > OUTSIDE]
    if odd:
        worst = float(max(shares))
        wide, high = odd[0].video.image_size or (0, 0)
        text = f"{names_of(odd)}: up to {worst:.0%} of the points lie outside the picture of {wide} x {high} pixels"
        way = "give the size of the picture that was tracked, and the points in its pixels"
        grade = WRONG if worst > OUTSIDE_MOSTLY else ODD
        yield Finding(grade, "outside", text, way, ids(odd), frames=_frames(odd, lambda one: one.outside))


def _off_arena(films: tuple[Film, ...]) -> Iterator[Finding]:
    shares = [float(_share(one.measures.off_arena.sum(), _points(one))) for one in films]
    odd = [one for one, share in zip(films, shares, strict=True) if share > OUTSIDE]
    if odd:
        text = f"{names_of(odd)}: up to {max(shares):.0%} of the points lie outside the arena"
        way = "give its walls in pixels of the picture that was tracked"
        grade = WRONG if max(shares) > OUTSIDE_MOSTLY else ODD
        yield Finding(grade, "outside", text, way, ids(odd), frames=_frames(odd, lambda one: one.off_arena))


def _frozen(films: tuple[Film, ...]) -> Iterator[Finding]:
    def frozen(one: Film) -> int:
        return int(max(one.measures.frozen.max(), one.measures.still.max()))

    odd = [one for one in films if frozen(one) > FROZEN * one.video.frames]
    if odd:
        worst = max(odd, key=lambda one: frozen(one) / one.video.frames)
        text = (
            f"{names_of(odd)}: {_what_is_frozen(worst)} stays exactly where it is for {_duration(worst, frozen(worst))}"
        )
        text += f" of {_duration(worst, worst.video.frames)}"
        if len(odd) > 1:
            text += f" in {worst.id}"
        way = "it was lost and its last place repeated; track it again, or write NaN there"
        yield Finding(ODD, "frozen", text, way, ids(odd), frames=sum(map(frozen, odd)))


def _what_is_frozen(film: Film) -> str:
    measures, names = film.measures, film.video.animal_names
    if measures.still.max() >= measures.frozen.max():
        return str(names[int(measures.still.argmax())])
    animal, part = np.unravel_index(int(measures.frozen.argmax()), measures.frozen.shape)
    return f"{film.video.skeleton.keypoints[int(part)]} of {names[int(animal)]}"


def _jumps(films: tuple[Film, ...]) -> Iterator[Finding]:
    def odd_one(one: Film) -> bool:
        jumps = int(one.measures.jumps.sum())
        return jumps >= JUMPS and jumps >= JUMPS_A_MINUTE * one.seconds / 60

    odd = [one for one in films if odd_one(one)]
    if odd:
        points = int(sum(one.measures.jumps.sum() for one in odd))
        by_part = sum(one.measures.jumps.sum(axis=0) for one in odd)
        worst = odd[0].video.skeleton.keypoints[int(np.argmax(by_part))]
        minutes = sum(one.seconds for one in odd) / 60
        text = (
            f"{names_of(odd)}: points jump off by more than a body length and back on the next frame, "
            f"{counted(points, 'time')}, {points / minutes:.1f} a minute, most often {worst}"
        )
        way = "the search mends some of it; a tracker trained on more frames mends all"
        yield Finding(ODD, "jumps", text, way, ids(odd), frames=points)


def _missing(films: tuple[Film, ...]) -> Iterator[Finding]:
    """By part, over all animals and recordings; and a part that is missing in few recordings alone."""
    by_film = [_share(one.measures.missing.sum(axis=0), one.measures.seen.sum()) for one in films]
    missing = np.sum([one.measures.missing.sum(axis=0) for one in films], axis=0)
    share = _share(missing, sum(one.measures.seen.sum() for one in films))
    names = films[0].video.skeleton.keypoints
    order = [int(part) for part in np.argsort(-share, kind="stable") if share[part] > MISSING]
    if order:
        told = [f"{names[part]} {share[part]:.0%}" for part in order]
        text = f"parts not seen, of the frames on which their animal is: {listed(told, 8)}"
        grade = ODD if share.max() > MISSING_MOSTLY else NOTE
        way = "leave out what is hardly ever seen, or train the tracker on more frames"
        yield Finding(grade, "missing", text, way, frames=int(missing[order].sum()))
    for part, name in enumerate(names):
        odd = [one for one, shares in zip(films, by_film, strict=True) if shares[part] > MISSING_MOSTLY]
        rest = [shares[part] for shares in by_film if shares[part] <= MISSING_MOSTLY]
        if odd and rest and len(odd) <= len(films) / 2 and np.median(rest) < MISSING:
            worst = max(shares[part] for shares in by_film)
            usual = float(np.median(rest))
            text = f"{names_of(odd)}: {name} not seen on up to {worst:.0%} of the frames, in others on {usual:.0%}"
            way = "track them again, or see whether the part is called otherwise there"
            frames = int(sum(one.measures.missing[:, part].sum() for one in odd))
            yield Finding(ODD, "missing", text, way, ids(odd), frames=frames)


def _points(film: Film) -> int:
    """How many points were seen."""
    return int(film.measures.seen.sum() * len(film.video.skeleton.keypoints) - film.measures.missing.sum())


def _share(part: Array, whole: Array | int) -> Array:
    return np.asarray(part / np.maximum(whole, 1))


def _frames(films: list[Film], counts: Callable[..., Array]) -> int:
    """On so many frames at least: of each recording, those of the animal and part that have most."""
    return sum(int(counts(one.measures).max()) for one in films)


def _duration(film: Film, frames: int) -> str:
    return f"{frames / film.video.fps:,.0f} s"
