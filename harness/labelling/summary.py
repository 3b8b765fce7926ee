"""The numbers that labs publish of labels: how often, how long, how soon, and what follows what.

Everything is counted on bouts, in frames, and said in seconds. A bout belongs to the stretch of time that it starts in;
the time of it, to the stretches that it lies in.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import mean, median
from types import MappingProxyType
from typing import Any

import numpy as np

from harness.choosing.reliability import Reliability

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
    looked_at: Bouts | None = None
    """When somebody looked; None for all the time. Bouts lie within."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A recording and all that is done in it."""

    id: str
    frames: int
    fps: float
    done: tuple[Done, ...]
    known: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it, such as its group and treatment; it is in every line."""

    def summary(
        self, seconds: float | None = None, reliability: Mapping[str, Reliability] = MappingProxyType({})
    ) -> Iterator[dict[str, Any]]:
        """The lines of `summary_rows`, with what is known of the recording and of the behavior's detector."""
        for row in summary_rows(self.done, self.frames, self.fps, seconds):
            yield {"recording": self.id, **self.known, **row, **error(row, reliability.get(row["behavior"]))}

    def transitions(self) -> Iterator[dict[str, Any]]:
        """The lines of `transition_rows`, with what is known of the recording."""
        for row in transition_rows(self.done):
            yield {"recording": self.id, **self.known, **row}


def error(row: Mapping[str, Any], known: Reliability | None) -> dict[str, Any]:
    """How far the total of a line may be off, and whether to believe it; nothing where no detector is behind it."""
    if known is None:
        return {}
    low, high = known.interval(row["total_s"], row["looked_s"])
    trust = "" if known.trusted else "not to be trusted"
    return {"total_low_s": low, "total_high_s": high, "f1": known.pooled.f1, "trust": trust}


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


def measures(one: Done, start: int, stop: int, fps: float) -> dict[str, Any]:
    """Of the frames from `start` to `stop` (exclusive); None where there is nothing to measure.

    `looked_s` is the time that somebody, or a detector, looked at; `bouts` started there; `total_s` and `share` are of
    that time; `latency_s` from the start to the first frame with the behavior, where all until then was looked at;
    `mean_bout_s` and `median_bout_s` of the bouts that started, as long as they went on.
    """
    started = [(other - one_) / fps for one_, other in one.bouts if start <= one_ < stop]
    inside = _within(one.bouts, start, stop)
    total = sum(other - first for first, other in inside)
    looked_at = [(start, stop)] if one.looked_at is None else _within(one.looked_at, start, stop)
    looked = sum(other - first for first, other in looked_at)
    seen = bool(inside and looked_at[0][0] == start and inside[0][0] < looked_at[0][1])
    return {
        "looked_s": looked / fps,
        "bouts": len(started),
        "total_s": total / fps,
        "share": total / looked if looked else None,
        "latency_s": (inside[0][0] - start) / fps if seen else None,
        "mean_bout_s": mean(started) if started else None,
        "median_bout_s": median(started) if started else None,
    }


def _within(stretches: Bouts, start: int, stop: int) -> list[tuple[int, int]]:
    """The parts of stretches from `start` to `stop`."""
    return [(max(one, start), min(other, stop)) for one, other in stretches if one < stop and other > start]


def summary_rows(
    done: Iterable[Done], frames: int, fps: float, seconds: float | None = None
) -> Iterator[dict[str, Any]]:
    """One for each of these and each bin of so many `seconds`; see `bins_of` and `measures`."""
    for one in done:
        for name, start, stop in bins_of(frames, fps, seconds):
            who = {"behavior": one.behavior, "agent": one.agent, "target": one.target}
            when = {"bin": name, "start_s": start / fps, "stop_s": stop / fps}
            yield who | when | measures(one, start, stop, fps)


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
