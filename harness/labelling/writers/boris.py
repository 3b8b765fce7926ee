"""What BORIS opens: a project with an observation for each recording, and its tabular events.

The target of an act is its modifier. (Layouts: BORIS 8.27 and 9.15.)
"""

import csv
from collections.abc import Sequence
from typing import Any

from harness.labelling.boris_project import DATE, observation, seconds, write_project
from harness.plugins.writers import Act, Asked, Labelled, label_writer, video_file
from harness.recording import PAIR, Recording

HEADER = (
    "Observation id",
    "Observation date",
    "Description",
    "Observation duration",
    "Observation type",
    "Source",
    "Time offset (s)",
    "Media duration (s)",
    "FPS",
    "Subject",
    "Behavior",
    "Behavioral category",
    "Behavior type",
    "Time",
    "Media file name",
    "Image index",
    "Image file path",
    "Comment",
)

MODIFIER = "Modifier #1"

STOP, START = 0, 1
STATES = ("STOP", "START")
"""Where a bout stops and another starts at once, the stop is first."""


@label_writer("boris", summary="labels.boris, a project that BORIS opens, and labels.boris.csv, its tabular events")
class Boris:
    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.observations: dict[str, Any] = {}
        self.subjects = list(
            dict.fromkeys(name for one in asked.recordings for name in (one.animal_names if asked.has_agents else ()))
        )
        self.pairs = PAIR in asked.scopes.values()
        self.table = asked.folder / "labels.boris.csv"
        with open(self.table, "x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(self.with_modifier(HEADER, MODIFIER))

    def add(self, one: Labelled) -> None:
        fps = one.recording.fps
        events = [
            (seconds(frame, fps), order, act, frame, comment)
            for start, stop, act in one.bouts
            for order, frame, comment in (
                (START, start, f"probability {act.certainty(start, stop):.2f}"),
                (STOP, stop, ""),
            )
        ]
        events.sort(key=lambda event: event[:2])
        self.observations[one.recording.id] = observation(
            one.recording,
            [(time, act.agent, act.behavior, act.receiver, comment, frame) for time, _, act, frame, comment in events],
        )
        with open(self.table, "a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                self.with_modifier(_row(one.recording, time, STATES[order], act, frame, comment), act.receiver)
                for time, order, act, frame, comment in events
            )

    def with_modifier(self, row: Sequence[object], value: str) -> list[object]:
        """The row of the table with its modifier, where any behavior has one."""
        at = HEADER.index("Behavior type")
        return [*row[:at], *([value] if self.pairs else []), *row[at:]]

    def finish(self) -> None:
        write_project(
            self.asked.folder / "labels.boris",
            "labels",
            subjects=self.subjects,
            behaviors={
                name: [("target", self.subjects)] if scope == PAIR else [] for name, scope in self.asked.scopes.items()
            },
            observations=self.observations,
        )


def _row(recording: Recording, time: float, status: str, act: Act, frame: int, comment: str) -> list[object]:
    video, length = video_file(recording), f"{seconds(recording.frames, recording.fps):.3f}"
    of_observation = [recording.id, DATE.replace("T", " "), "", length, "Media file(s)", f"player #1:{video}", "0.0"]
    of_event = [act.agent, act.behavior, "", status, f"{time:.3f}", video, frame, "NA", comment]
    return [*of_observation, length, f"{recording.fps:.3f}", *of_event]
