"""Parts of recordings that were tracked with different ones: matched by name, or made of others by their roles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from harness.recording import Array, Skeleton
from harness.words import counted, listed, shown

FALLBACKS = {
    "nose": (("left_ear", "right_ear"), ("neck",)),
    "neck": (("left_ear", "right_ear"),),
}
"""Role to the roles whose middle stands for it where no part plays it, the better first."""


@dataclass(frozen=True, slots=True)
class Matched:
    """What all recordings have."""

    skeleton: Skeleton
    sources: tuple[tuple[tuple[int, ...], ...], ...]
    """By recording, for each part the indices of its own parts that this one is the middle of."""
    notes: tuple[str, ...]
    """What was left out, or made of others."""


def match_parts(wanted: Skeleton, recordings: Sequence[tuple[str, tuple[str, ...]]]) -> Matched:
    """Of `wanted` the parts that every recording, given as id and parts, has or can make of others."""
    found = [dict(_sources(wanted, parts)) for _, parts in recordings]
    names = [name for name in wanted.keypoints if all(name in one for one in found)]
    roles = {
        role: names.index(name) for role, index in wanted.roles.items() if (name := wanted.keypoints[index]) in names
    }
    indices = tuple(
        tuple(tuple(map(parts.index, sources[name])) for name in names)
        for sources, (_, parts) in zip(found, recordings, strict=True)
    )
    return Matched(Skeleton(tuple(names), roles), indices, tuple(_notes(wanted, recordings, names, found)))


def taken(values: Array, sources: tuple[tuple[int, ...], ...]) -> Array:
    """The parts that are the last axis of `values`, as `sources` says; the same array where it has just these."""
    if sources == tuple((index,) for index in range(values.shape[-1])):
        return values
    return np.stack([values[..., list(indices)].mean(axis=-1) for indices in sources], axis=-1).astype(values.dtype)


def _sources(wanted: Skeleton, parts: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Those of the wanted parts that a recording with `parts` has, and which of its parts they are the middle of."""
    playing = {role: wanted.keypoints[index] for role, index in wanted.roles.items()}
    roles = {name: role for role, name in playing.items()}
    for name in wanted.keypoints:
        if name in parts:
            yield name, (name,)
            continue
        for others in FALLBACKS.get(roles.get(name, ""), ()):
            if all(playing.get(other) in parts for other in others):
                yield name, tuple(playing[other] for other in others)
                break


def _notes(
    wanted: Skeleton,
    recordings: Sequence[tuple[str, tuple[str, ...]]],
    names: Sequence[str],
    found: Sequence[dict[str, tuple[str, ...]]],
) -> Iterator[str]:
    every = dict.fromkeys([*wanted.keypoints, *(name for _, parts in recordings for name in parts)])
    for name in every:
        lacking = [one for one, parts in recordings if name not in parts]
        which = f"{counted(len(lacking), 'recording')} ({listed(lacking)})"
        if name not in names:
            why = f"not in {which}" if lacking else "not among the keypoints of dataset.toml"
            yield f"part {shown(name)}: {why}, left out of all"
        elif lacking:
            made = [sources[name] for sources, (_, parts) in zip(found, recordings, strict=True) if name not in parts]
            ways = listed([" and ".join(map(shown, one)) for one in dict.fromkeys(made)])
            yield f"part {shown(name)}: not in {which}; there {ways} stand for it"
