"""The videos of a dataset, each once, with what is measured of them and which labels they have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.dataset import Dataset
from harness.examining.measures import Measures, measured, size
from harness.recording import Recording
from harness.words import listed


@dataclass(frozen=True, eq=False)
class Film:
    """A video, and what was counted in it."""

    video: Recording
    size: float
    """See `harness.examining.measures.size`; NaN where that is not known."""
    measures: Measures

    @property
    def id(self) -> str:
        return self.video.source_id

    @property
    def seconds(self) -> float:
        return self.video.frames / self.video.fps


def videos(dataset: Dataset) -> dict[str, Recording]:
    """All videos by digest, the labelled ones first."""
    labelled = (one.video for one in dataset.every_labelled)
    return {film.digest: film for film in (*labelled, *dataset.unlabelled)}


def filmed(recordings: Mapping[str, Recording], told: Callable[[int], object]) -> tuple[Film, ...]:
    """What is counted in each video, one after the other; `told` is called with how many are done.

    Lengths are counted in the video's own size, or the usual one where its own is so small that its points must lie in
    one place.
    """
    every = list(recordings.values())
    sizes = [size(one) for one in every]
    known = sorted(one for one in sizes if one > 0)
    usual = known[(len(known) - 1) // 2] if known else float("nan")
    found = []
    for number, (one, own) in enumerate(zip(every, sizes, strict=True), start=1):
        unit = own if own > usual / 4 else usual
        found.append(Film(one, own, measured(one, unit)))
        told(number)
    return tuple(found)


def ids(films: Sequence[Film]) -> tuple[str, ...]:
    return tuple(one.id for one in films)


def names_of(films: Sequence[Film]) -> str:
    """The first of them, as they may be printed."""
    return listed(ids(films))
