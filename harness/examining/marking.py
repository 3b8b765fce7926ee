"""Labels that are too few, too even, in one place, or contradict each other; nothing here looks at poses."""

from collections.abc import Iterator, Sequence

import numpy as np

from harness.dataset import Dataset
from harness.examining.findings import ODD, Finding
from harness.recording import UNKNOWN, Array, Recording
from harness.words import counted, listed

SHORT_BOUTS, SHORT_SHARE = 5, 0.1
"""Bouts of one frame, and their share of a behavior's bouts, from which on they are no slips."""

LEAST_GROUPS = 3
"""With fewer, a score says little of the next animal."""

ALMOST_ALL = 0.9
"""Of a behavior's positive frames."""

TIMES = 10.0
"""A recording that shows a behavior so much more often than the others may be labelled by another rule."""

LEAST_FRAMES = 50
"""Positive frames that such a recording has."""


def marking(dataset: Dataset) -> Iterator[Finding]:
    """What is odd about the labels of each behavior."""
    for behavior, group in dataset.labelled.items():
        yield from _negatives(behavior, group)
        yield from _short_bouts(behavior, group)
        yield from _groups(behavior, group)
        yield from _prevalence(behavior, group)
    if dataset.exclusive:
        yield from _at_once(dataset)


def bouts(labels: Array) -> Array:
    """Start and stop (exclusive) of each stretch of positive frames: (bouts, 2)."""
    return np.flatnonzero(np.diff((labels == 1).astype(np.int8), prepend=0, append=0)).reshape(-1, 2)


def group_of(recording: Recording) -> str:
    """What it is held out with: the group, or the footage, or the recording that it is of."""
    return recording.group or recording.footage or recording.source_id


def _negatives(behavior: str, group: Sequence[Recording]) -> Iterator[Finding]:
    """By recording, all of its examples together."""
    without = {one.source_id for one in group if one.positives < one.labelled_frames}
    odd = [one for one in group if one.positives and one.source_id not in without]
    if odd:
        frames = sum(one.positives for one in odd)
        text = f"{behavior}: {_named(odd)}: each of {counted(frames, 'known frame')} shows it"
        way = "label frames there that do not show it, or say of the others that nobody looked"
        yield Finding(ODD, "negatives", text, way, _ids(odd), behavior, frames)


def _short_bouts(behavior: str, group: Sequence[Recording]) -> Iterator[Finding]:
    short, amount, odd = 0, 0, []
    for one in group:
        labels = one.known_labels
        starts, stops = bouts(labels).T
        # A bout at the edge of what was looked at may go on beyond it.
        edges = np.concatenate([[UNKNOWN], labels, [UNKNOWN]])
        whole = (edges[starts] != UNKNOWN) & (edges[stops + 1] != UNKNOWN)
        count = int((whole & (stops - starts == 1)).sum())
        short, amount = short + count, amount + len(starts)
        odd += [one] if count else []
    if short >= SHORT_BOUTS and short > SHORT_SHARE * amount:
        text = f"{behavior}: {short:,} of {counted(amount, 'bout')} are one frame long"
        way = "no act is; see whether starts were taken for bouts, or an end that counts for one that does not"
        yield Finding(ODD, "bouts", text, way, _ids(odd), behavior, short)


def _groups(behavior: str, group: Sequence[Recording]) -> Iterator[Finding]:
    positives: dict[str, int] = {}
    for one in group:
        if one.positives:
            positives[group_of(one)] = positives.get(group_of(one), 0) + one.positives
    total = sum(positives.values())
    what = "groups" if any(one.group for one in group) else "recordings"
    if not positives:
        return
    most = max(positives, key=lambda name: positives[name])
    if len(positives) < LEAST_GROUPS:
        where = f"one of the {what}" if len(positives) == 1 else f"two {what}"
        shows = "shows" if len(positives) == 1 else "show"
        text = f"{behavior}: only {where} {shows} it ({listed(positives)})"
    elif positives[most] >= ALMOST_ALL * total:
        text = f"{behavior}: {positives[most] / total:.0%} of its {counted(total, 'frame')} are in {most}"
    else:
        return
    way = f"label others of the {what} that show it, as scores say little of new ones"
    some = [one for one in group if one.positives and (len(positives) < LEAST_GROUPS or group_of(one) == most)]
    yield Finding(ODD, "groups", text, way, _ids(some), behavior, positives[most])


def _prevalence(behavior: str, group: Sequence[Recording]) -> Iterator[Finding]:
    """By recording, all of its examples together."""
    counts: dict[str, tuple[int, int]] = {}
    for one in group:
        positives, known = counts.get(one.source_id, (0, 0))
        counts[one.source_id] = positives + one.positives, known + one.labelled_frames
    for name, (positives, known) in counts.items():
        rest = [pair for other, pair in counts.items() if other != name and pair[0]]
        if len(rest) < LEAST_GROUPS or positives < LEAST_FRAMES:
            continue
        usual = float(np.median([some / of for some, of in rest]))
        if positives > TIMES * usual * known:
            text = f"{behavior}: {positives / known:.1%} of the frames of {name} show it, of the others' {usual:.1%}"
            way = "see whether it was labelled by the same rule"
            yield Finding(ODD, "prevalence", text, way, (name,), behavior, positives)


def _at_once(dataset: Dataset) -> Iterator[Finding]:
    """Behaviors that are said to exclude each other, and are labelled on the same frames of the same animals."""
    amounts: dict[tuple[str, str, str], Array] = {}
    for one in dataset.every_labelled:
        who = one.source_id, one.agent, one.target
        amounts[who] = amounts.get(who, np.zeros(one.frames, dtype=np.int64)) + (one.known_labels == 1)
    several = {who: int((amount > 1).sum()) for who, amount in amounts.items()}
    names = tuple(dict.fromkeys(name for (name, _, _), frames in several.items() if frames))
    if names:
        frames = sum(several.values())
        text = f"{listed(names)}: {counted(frames, 'frame')} with several behaviors of the same animals"
        way = "exclusive = true says that there is one at a time; mend the labels, or take it out of dataset.toml"
        yield Finding(ODD, "exclusive", text, way, names, frames=frames)


def _ids(recordings: Sequence[Recording]) -> tuple[str, ...]:
    """Of the recordings that they are examples of, each once."""
    return tuple(dict.fromkeys(one.source_id for one in recordings))


def _named(recordings: Sequence[Recording]) -> str:
    return listed(_ids(recordings))
