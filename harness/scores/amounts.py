"""How much of each class is labelled, and what that alone makes of a score.

Whoever claims every frame has a recall of 1 and a precision of p, the share of positive frames, so an F1 of
2p / (1 + p): near 1 where nearly every frame is positive. A score says something as far as it is better than that.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.recording import Recording, groups_of
from harness.scores.honest import Honest
from harness.words import counted

FEW_NEGATIVES = 0.02
"""Of the labelled frames; with fewer a score can hardly be wrong."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """What is labelled for one behavior: unknown frames, and recordings without others, do not count."""

    recordings: int
    frames: int
    positives: int
    mixed: int
    """Recordings with frames of both kinds."""
    full: int = 0
    """Recordings of which every labelled frame is positive."""
    groups: int = 0
    """What can be held out as a whole."""
    showing: int = 0
    """How many of the groups show the behavior."""

    @classmethod
    def of(cls, recordings: Sequence[Recording]) -> "Amounts":
        known = [one for one in recordings if one.labelled_frames]
        films: dict[str, tuple[int, int]] = {}
        for one in known:
            frames, positives = films.get(one.source_id, (0, 0))
            films[one.source_id] = frames + one.labelled_frames, positives + one.positives
        mixed = sum(0 < positives < frames for frames, positives in films.values())
        full = sum(0 < positives == frames for frames, positives in films.values())
        frames, positives = (sum(amounts) for amounts in zip((0, 0), *films.values(), strict=True))
        groups = groups_of(known)
        showing = sum(any(known[place].positives for place in group) for group in groups)
        return cls(len(films), frames, positives, mixed, full, len(groups), showing)

    @property
    def held_out_whole(self) -> str:
        """What is, in a word: a group of recordings, or each recording."""
        return "group" if 0 < self.groups < self.recordings else "recording"

    @property
    def claiming_all(self) -> float:
        """The F1 of claiming every frame."""
        return 2 * self.positives / (self.frames + self.positives) if self.positives else 0.0

    def cautions(self, honest: Honest | None = None) -> Iterator[str]:
        """What of the labels makes a score worth less than it looks, a line each.

        `honest` is the behavior's honest F1, where there is one yet.
        """
        negatives = self.frames - self.positives
        if negatives < FEW_NEGATIVES * self.frames:
            yield (
                f"only {negatives:,} of {counted(self.frames, 'labelled frame')} are without it, so a score can hardly "
                f"be wrong: claiming every frame has F1 {self.claiming_all:.3f}; label frames without it"
            )
        elif honest is not None and honest.low <= self.claiming_all:
            yield (
                f"honest F1 {honest.f1:.3f} ({honest.low:.2f}-{honest.high:.2f}) may be no better than claiming every "
                f"frame, which has F1 {self.claiming_all:.3f}"
            )
        if not self.mixed:
            yield (
                "no recording has frames with it and frames without it, so what tells the recordings apart may pass "
                "for it; label one that has both"
            )

        elif self.full:
            yield (
                f"{counted(self.full, 'recording')} with it on every labelled frame, where no claim can be wrong; "
                "label frames without it there"
            )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Amounts":
        return cls(**plain)


def held_out_by_group(amounts: Mapping[str, Amounts]) -> list[str]:
    """By behavior, how many groups there are, in a line; none where each recording is held out alone."""
    told = [
        f"{behavior}: {counted(one.groups, 'group')} of {counted(one.recordings, 'recording')}, "
        f"{one.showing} show{'s' if one.showing == 1 else ''} it"
        for behavior, one in amounts.items()
        if one.held_out_whole == "group"
    ]
    return [f"held out by group; {'; '.join(told)}"] if told else []
