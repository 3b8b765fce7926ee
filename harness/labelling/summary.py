"""The numbers that labs publish of labels: how often, how long, how soon, and what follows what.

Everything is counted on bouts, in frames, and said in seconds. A bout belongs to the stretch of time that it starts in;
the time of it, to the stretches that it lies in.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median
from typing import Any

import numpy as np

Bouts = Sequence[tuple[int, int]]
"""Start and stop (exclusive), in frames, by start; no two of them touch."""

WHOLE = "all"
"""The bin that is the whole recording."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one animal or pair does of a behavior in a recording, or what happens there where it is of nobody."""

    behavior: str
    agent: str
    target: str
    """Another animal than the agent, or empty."""
    bouts: Bouts


def bins_of(frames: int, fps: float, seconds: float | None) -> Iterator[tuple[str, int, int]]:
    """Name, start and stop (exclusive) of the stretches that are summed: first the whole, then bins of so many
    `seconds`, of which the last may be shorter.
    """
    yield WHOLE, 0, frames
    if seconds is None:
        return
    edges = np.unique(np.minimum(np.round(np.arange(int(frames / (fps * seconds)) + 2) * fps * seconds), frames))
    for number, (start, stop) in enumerate(pairwise(edges.astype(int).tolist()), start=1):
        yield str(number), start, stop


def measures(bouts: Bouts, start: int, stop: int, fps: float) -> dict[str, Any]:
    """Of the frames from `start` to `stop` (exclusive); None where there is no bout to measure.

    `bouts` started there; `total_s` and `share` of the time; `latency_s` from the start to the first frame with the
    behavior; `mean_bout_s` and `median_bout_s` of the bouts that started, as long as they went on.
    """
    started = [(stop_ - start_) / fps for start_, stop_ in bouts if start <= start_ < stop]
    inside = [(max(one, start), min(other, stop)) for one, other in bouts if one < stop and other > start]
    total = sum(other - one for one, other in inside)
    return {
        "bouts": len(started),
        "total_s": total / fps,
        "share": total / (stop - start),
        "latency_s": (inside[0][0] - start) / fps if inside else None,
        "mean_bout_s": mean(started) if started else None,
        "median_bout_s": median(started) if started else None,
    }


def summary_rows(
    done: Iterable[Done], frames: int, fps: float, seconds: float | None = None
) -> Iterator[dict[str, Any]]:
    """One for each of these and each bin of so many `seconds`; see `bins_of` and `measures`."""
    for one in done:
        for name, start, stop in bins_of(frames, fps, seconds):
            who = {"behavior": one.behavior, "agent": one.agent, "target": one.target}
            when = {"bin": name, "start_s": start / fps, "stop_s": stop / fps}
            yield who | when | measures(one.bouts, start, stop, fps)


def transition_rows(done: Iterable[Done]) -> Iterator[dict[str, Any]]:
    """How often a bout of one behavior is the next to start after one of another, or of the same, by the same agent.

    Of bouts that start together, the one that stops first is first.
    """
    by_agent: dict[str, list[tuple[int, int, str]]] = {}
    for one in done:
        by_agent.setdefault(one.agent, []).extend((start, stop, one.behavior) for start, stop in one.bouts)
    for agent, bouts in by_agent.items():
        names = [behavior for _, _, behavior in sorted(bouts)]
        for (before, after), count in sorted(Counter(pairwise(names)).items()):
            yield {"agent": agent, "from": before, "to": after, "transitions": count}
