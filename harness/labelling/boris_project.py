"""What a project of BORIS is made of (project format 7.0, as BORIS 8.27 and 9.15 write it).

BORIS keeps times to the millisecond. A time is that of the frame, rounded up, so that it lies within it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.plugins.writers import video_file
from harness.recording import Recording

DATE = "1970-01-01T00:00:00"
"""BORIS wants a date of every observation, and poses have none."""

KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"
"""One for each behavior, as far as they go."""

Event = tuple[float, str, str, str, str, int]
"""Seconds, subject, behavior, modifiers joined by `|`, comment, frame."""


def seconds(frame: int, fps: float) -> float:
    """The first millisecond of a frame, in seconds."""
    return math.ceil(round(frame * 1000 / fps, 6)) / 1000


def write_project(
    path: Path,
    name: str,
    *,
    subjects: Sequence[str],
    behaviors: Mapping[str, Sequence[tuple[str, Sequence[str]]]],
    observations: Mapping[str, Any],
    description: str = "",
) -> None:
    """Write a project to `path`, which is not there yet: `behaviors` with the names and values of their modifiers,
    `observations` as `observation` gives them.
    """
    project = {
        "time_format": "hh:mm:ss",
        "project_date": DATE,
        "project_name": name,
        "project_description": description,
        "project_format_version": "7.0",
        "subjects_conf": {
            str(place): {"key": "", "name": subject, "description": ""} for place, subject in enumerate(subjects)
        },
        "behaviors_conf": {
            str(place): _state(code, KEYS[place : place + 1], modifiers)
            for place, (code, modifiers) in enumerate(behaviors.items())
        },
        "observations": dict(observations),
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    with open(path, "x", encoding="utf-8") as file:
        json.dump(project, file, ensure_ascii=False)


def _state(code: str, key: str, modifiers: Sequence[tuple[str, Sequence[str]]]) -> dict[str, Any]:
    declared: Any = {
        str(place): {"name": name, "description": "", "type": 0, "values": list(values)}
        for place, (name, values) in enumerate(modifiers)
    }
    return {
        "type": "State event",
        "key": key,
        "code": code,
        "description": "",
        "color": "",
        "category": "",
        "modifiers": declared or "",
        "excluded": "",
        "coding map": "",
    }


def observation(recording: Recording, events: Sequence[Event]) -> dict[str, Any]:
    """That of a recording; of its state events, every second one of the same kind is a stop."""
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
        "events": [list(event) for event in events],
    }
