"""Frame rates that do not go with how fast the animals are, with other recordings, or with the labels."""

from collections.abc import Iterator

import numpy as np

from harness.dataset import Dataset
from harness.examining.films import Film, ids, names_of
from harness.examining.findings import ODD, Finding
from harness.examining.marking import bouts
from harness.examining.measures import SPEEDS
from harness.recording import UNKNOWN
from harness.words import counted

FEW = 0.25
"""Recordings at another rate than the others are told of up to this share; beyond it they are no exceptions."""

FAST, FAST_OFTEN = 25.0, 0.1
"""Sizes a second: no animal is that fast on a tenth of all frames; two sizes are about a body length."""

SLOW, SLOW_RARELY = 0.15, 0.01
"""Sizes a second: animals that are awake are faster than that on one frame in a hundred."""

ENOUGH_SPEEDS = 1_000

RATES = (10, 12, 12.5, 15, 20, 24, 25, 30, 40, 50, 60, 100, 120)
"""Usual frames a second, to say at which one labels may have been made."""

SHORT = 0.95
"""Labels that reach no farther than this share of any recording may be at another rate."""

CHANCE = 1e-4
"""Of no bout in the rest of the recordings, were bouts anywhere."""

ALIKE = 0.02
"""Known frames end at the same share of recordings where the shares differ by no more."""

LEAST_FILMS = 3


def timing(dataset: Dataset, films: tuple[Film, ...]) -> Iterator[Finding]:
    """What is wrong with frame rates."""
    yield from _other_rates(films)
    yield from _implausible(films)
    yield from _short_labels(dataset, films)


def _other_rates(films: tuple[Film, ...]) -> Iterator[Finding]:
    rates = [one.video.fps for one in films]
    usual = max(sorted(set(rates)), key=rates.count)
    odd = [one for one in films if one.video.fps != usual]
    if len(films) >= LEAST_FILMS and 0 < len(odd) <= max(1, FEW * len(films)):
        others = ", ".join(f"{rate:g}" for rate in sorted({one.video.fps for one in odd}))
        text = f"{names_of(odd)}: {others} frames a second, where the others have {usual:g}"
        way = "see that it is the rate of the video; lengths of bouts and speeds depend on it"
        yield Finding(ODD, "fps", text, way, ids(odd), frames=sum(one.video.frames for one in odd))


def _implausible(films: tuple[Film, ...]) -> Iterator[Finding]:
    """Of all recordings at one rate together, so that a video in which nothing happens is no fault."""
    for fps in sorted({one.video.fps for one in films}):
        some = [one for one in films if one.video.fps == fps]
        speeds = np.sum([one.measures.speeds for one in some], axis=0)
        if speeds.sum() < ENOUGH_SPEEDS:
            continue
        faster = 1 - np.cumsum(speeds) / speeds.sum()  # than the upper edge of each bin
        often, rarely = (float(SPEEDS[1:][int((faster <= share).argmax())]) for share in (FAST_OFTEN, SLOW_RARELY))
        where = f"{fps:g} frames a second"
        if often > FAST:
            text = f"at {where} the animals would go {often / 2:.0f} body lengths a second on a tenth of all frames"
            yield _rate_finding(f"{text}, and no animal does", some)
        elif rarely < SLOW:
            text = f"at {where} the animals would go {rarely / 2:.2g} body lengths a second at most"
            yield _rate_finding(f"{text}, and hardly any animal is that slow", some)


def _rate_finding(text: str, films: list[Film]) -> Finding:
    way = "see what rate the video has; lengths of bouts and speeds depend on it"
    return Finding(ODD, "fps", text, way, ids(films), frames=sum(one.video.frames for one in films))


def _short_labels(dataset: Dataset, films: tuple[Film, ...]) -> Iterator[Finding]:
    """Labels that all end at the same share of their recordings, or in whose last part there never is a bout."""
    ends: dict[str, float] = {}
    known: dict[str, float] = {}
    later: set[str] = set()  # what is at another rate begins all the same with the recording
    amount = 0
    for group in dataset.labelled.values():
        for one in group:
            digest, labels = one.video.digest, one.known_labels
            looked, positive = np.flatnonzero(labels != UNKNOWN), np.flatnonzero(labels == 1)
            if len(looked):
                known[digest] = max(known.get(digest, 0.0), (looked[-1] + 1) / len(labels))
                later |= {digest} if looked[0] else set()
            if len(positive):
                ends[digest] = max(ends.get(digest, 0.0), (positive[-1] + 1) / len(labels))
                amount += len(bouts(labels))
    odd = [one for one in films if one.video.digest in known]
    shares = np.array([known[one.video.digest] for one in odd])
    if not later and len(shares) >= LEAST_FILMS and shares.max() < SHORT and shares.max() - shares.min() < ALIKE:
        text = f"what was looked at ends at {shares.mean():.0%} of every recording"
        yield _labels_finding(text, odd, float(shares.mean()), "where more was looked at than that, ")
        return
    reach = max(ends.values(), default=1.0)
    # Bouts come in clusters, so only half of them count.
    if len(ends) >= LEAST_FILMS and reach < SHORT and reach ** (amount / 2) < CHANCE:
        some = [one for one in films if one.video.digest in ends]
        text = f"all {counted(amount, 'bout')} lie in the first {reach:.0%} of their recordings"
        yield _labels_finding(text, some, reach)


def _labels_finding(text: str, films: list[Film], share: float, when: str = "") -> Finding:
    fps = films[0].video.fps
    made = min((rate for rate in RATES), key=lambda rate: abs(rate / fps - share))
    if 0 <= made / fps - share + ALIKE < 2 * ALIKE and made != fps:
        text += f", as if they had been made at {made:g} frames a second in place of {fps:g}"
    way = f"{when}see that labels and tracks are of the same video at the same rate"
    return Finding(ODD, "fps", text, way, ids(films), frames=sum(one.video.frames for one in films))
