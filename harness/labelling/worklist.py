"""Stretches to label as a person works through them: a table with time codes, a project of BORIS, and, for a dataset
folder, files of what was looked at that are ready for bouts.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.choosing.suggestions import Stretch
from harness.data.folder.bouts import Who
from harness.data.folder.layout import ANNOTATED, LABELS
from harness.data.folder.write import write_known
from harness.data.incoming.boris import LOOKED_AT
from harness.dataset import Dataset
from harness.labelling.boris_project import Event, observation, seconds, write_project
from harness.plugins.writers import video_file
from harness.recording import PAIR, SCENE, UNKNOWN, Array, Recording

TABLE, PROJECT = "suggestions.csv", "suggestions.boris"

COLUMNS = (
    "behavior",
    "rank",
    "recording",
    "agent",
    "target",
    "start_frame",
    "stop_frame",
    "start",
    "stop",
    "why",
    "disagreement_bits",
    "likely_share",
    "novelty",
    "group",
    "video",
)

DESCRIPTION = (
    f"Where labelling helps most. Each event '{LOOKED_AT}' is a stretch to look at: its first modifier says for which "
    "behavior. Score the bouts in it; what is outside stays unknown. Delete those that you did not look at."
)


@dataclass(frozen=True)
class Suggestion:
    """A stretch to label for a behavior."""

    behavior: str
    rank: int
    """1 for what to label first."""
    stretch: Stretch
    recording: Recording
    """The whole of it."""
    new: bool
    """Whether new motion is more of its worth than disagreement."""

    @property
    def target(self) -> str:
        """To whom, where it is another animal."""
        return self.stretch.target if self.stretch.target != self.stretch.agent else ""

    @property
    def why(self) -> str:
        return "moves like nothing that was labelled" if self.new else "detectors disagree"

    def row(self) -> dict[str, Any]:
        """By `COLUMNS`."""
        one, fps = self.stretch, self.recording.fps
        return {
            "behavior": self.behavior,
            "rank": self.rank,
            "recording": one.recording,
            "agent": one.agent,
            "target": self.target,
            "start_frame": one.start,
            "stop_frame": one.stop,
            "start": time_code(one.start / fps),
            "stop": time_code(one.stop / fps),
            "why": self.why,
            "disagreement_bits": round(one.disagreement, 4),
            "likely_share": round(one.likely, 4),
            "novelty": round(one.novelty, 2),
            "group": self.recording.group,
            "video": video_file(self.recording),
        }


def time_code(at: float) -> str:
    """Seconds as `h:mm:ss.mmm`."""
    whole = round(at * 1000)
    return f"{whole // 3_600_000}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"


def write_worklist(place: Path, suggestions: Sequence[Suggestion], dataset: Dataset, *, in_folder: bool) -> None:
    """Write the table and the project to a folder; with `in_folder`, what a dataset folder would have of it."""
    with open(place / TABLE, "x", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(one.row() for one in suggestions)
    by_recording: dict[str, list[Suggestion]] = {}
    for one in suggestions:
        by_recording.setdefault(one.stretch.recording, []).append(one)
    _write_project(place / PROJECT, by_recording, dataset)
    if in_folder:
        for part in (LABELS, ANNOTATED):
            (place / part).mkdir()
        scopes = {behavior: dataset.scope(behavior) for behavior in dataset.labelled}
        for theirs in by_recording.values():
            film = theirs[0].recording
            write_known(place, film, _looked_at(theirs, film, dataset), scopes)


def _looked_at(suggestions: Sequence[Suggestion], film: Recording, dataset: Dataset) -> dict[Who, Array]:
    """What is known of a recording, and what is suggested as if it had been looked at without a bout."""
    known: dict[Who, Array] = {}
    for behavior, theirs in dataset.labelled.items():
        for one in theirs:
            if one.source_id == film.id:
                known[behavior, one.agent, one.target] = one.known_labels.copy()
    for each in suggestions:
        stretch = each.stretch
        who = each.behavior, stretch.agent, stretch.target
        labels = known.setdefault(who, np.full(film.frames, UNKNOWN, dtype=np.int8))
        inside = labels[stretch.start : stretch.stop]
        inside[inside == UNKNOWN] = 0
    return known


def _write_project(path: Path, by_recording: Mapping[str, Sequence[Suggestion]], dataset: Dataset) -> None:
    films = [theirs[0].recording for theirs in by_recording.values()]
    scopes = {behavior: dataset.scope(behavior) for behavior in dataset.labelled}
    agents = any(scope != SCENE for scope in scopes.values())
    subjects = list(dict.fromkeys(name for film in films for name in (film.animal_names if agents else ())))
    targets = [("target", subjects)] if PAIR in scopes.values() else []
    write_project(
        path,
        "suggestions",
        description=DESCRIPTION,
        subjects=subjects,
        behaviors={
            **{name: targets if scope == PAIR else [] for name, scope in scopes.items()},
            LOOKED_AT: [("behavior", list(scopes)), *targets],
        },
        observations={name: observation(theirs[0].recording, _events(theirs)) for name, theirs in by_recording.items()},
    )


def _events(suggestions: Sequence[Suggestion]) -> list[Event]:
    found: list[Event] = []
    for one in suggestions:
        stretch, fps = one.stretch, one.recording.fps
        modifiers = f"{one.behavior}|{one.target}" if one.target else one.behavior
        comment = f"{one.behavior} {one.rank}: {one.why}"
        for frame, said in ((stretch.start, comment), (stretch.stop, "")):
            found.append((seconds(frame, fps), stretch.agent, LOOKED_AT, modifiers, said, frame))
    return sorted(found, key=lambda event: event[0])
