"""What BORIS opens: a project with an observation for each recording, and its tabular events.

BORIS keeps times to the millisecond. A time is that of the frame, rounded up, so that it lies within it. The target of
an act is its modifier. (Layouts: BORIS 8.27 and 9.15.)
"""

import csv
import json
import math
from collections.abc import Sequence
from typing import Any

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

DATE = "1970-01-01T00:00:00"
"""BORIS wants a date of every observation, and poses have none."""

KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"
"""One for each behavior, as far as they go."""


def seconds(frame: int, fps: float) -> float:
    """The first millisecond of a frame, in seconds."""
    return math.ceil(round(frame * 1000 / fps, 6)) / 1000


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
        self.observations[one.recording.id] = _observation(one.recording) | {
            "events": [
                [time, act.agent, act.behavior, act.receiver, comment, frame] for time, _, act, frame, comment in events
            ]
        }
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
        project = {
            "time_format": "hh:mm:ss",
            "project_date": DATE,
            "project_name": "labels",
            "project_description": "",
            "project_format_version": "7.0",
            "subjects_conf": {
                str(place): {"key": "", "name": name, "description": ""} for place, name in enumerate(self.subjects)
            },
            "behaviors_conf": {
                str(place): _behavior(name, KEYS[place : place + 1], self.subjects if scope == PAIR else [])
                for place, (name, scope) in enumerate(self.asked.scopes.items())
            },
            "observations": self.observations,
            "behavioral_categories": [],
            "behavioral_categories_config": {},
            "independent_variables": {},
            "coding_map": {},
            "behaviors_coding_map": [],
            "converters": {},
        }
        with open(self.asked.folder / "labels.boris", "x", encoding="utf-8") as file:
            json.dump(project, file, ensure_ascii=False)


def _behavior(code: str, key: str, targets: list[str]) -> dict[str, Any]:
    modifiers: Any = ""
    if targets:
        modifiers = {"0": {"name": "target", "description": "", "type": 0, "values": targets}}
    return {
        "type": "State event",
        "key": key,
        "code": code,
        "description": "",
        "color": "",
        "category": "",
        "modifiers": modifiers,
        "excluded": "",
        "coding map": "",
    }


def _observation(recording: Recording) -> dict[str, Any]:
    video = video_file(recording)
    return {
        "file": {"1": [video]} | {str(player): [] for player in range(2, 9)},
        "type": "MEDIA",
        "date": DATE,
        "description": "",
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "close_behaviors_between_videos": False,
        "scan_sampling_time": 0,
        "image_display_duration": 1,
        "media_creation_date_as_offset": False,
        "directories_list": [],
        "start_from_current_time": False,
        "media_info": {
            "length": {video: seconds(recording.frames, recording.fps)},
            "fps": {video: recording.fps},
            "hasVideo": {video: True},
            "hasAudio": {video: False},
            "offset": {"1": 0.0},
        },
    }


def _row(recording: Recording, time: float, status: str, act: Act, frame: int, comment: str) -> list[object]:
    video, length = video_file(recording), f"{seconds(recording.frames, recording.fps):.3f}"
    of_observation = [recording.id, DATE.replace("T", " "), "", length, "Media file(s)", f"player #1:{video}", "0.0"]
    of_event = [act.agent, act.behavior, "", status, f"{time:.3f}", video, frame, "NA", comment]
    return [*of_observation, length, f"{recording.fps:.3f}", *of_event]
