"""What SLEAP and sleap-io open: a project for each recording, whose events are the bouts (format 2.6).

Frames count from 0, and the last belongs to an event. Animals are tracks. No poses are in it.
"""

import json
from typing import Any

from harness.plugins.writers import Asked, Labelled, label_writer, video_file
from harness.recording import Recording

FORMAT = 2.6

TRACK, NOBODY = 1, 0
"""What takes part in an event."""

FRAMES = [("frame_id", "<u8"), ("video", "<u4"), ("frame_idx", "<u8"), ("instance_id_start", "<u8")]
FRAMES += [("instance_id_end", "<u8")]
INSTANCES = [("instance_id", "<i8"), ("instance_type", "u1"), ("frame_id", "<u8"), ("skeleton", "<u4")]
INSTANCES += [("track", "<i4"), ("from_predicted", "<i8"), ("score", "<f4"), ("point_id_start", "<u8")]
INSTANCES += [("point_id_end", "<u8"), ("tracking_score", "<f4")]
POINTS = [("x", "<f8"), ("y", "<f8"), ("visible", "?"), ("complete", "?")]
NO_ROWS = {"frames": FRAMES, "instances": INSTANCES, "points": POINTS, "pred_points": [*POINTS, ("score", "<f8")]}


@label_writer(
    "slp-events", summary="ID.slp, a project of SLEAP with events for each recording", needs=("h5py",), extra="import"
)
class SlpEvents:
    def __init__(self, asked: Asked) -> None:
        self.folder, self.behaviors, self.has_agents = asked.folder, list(asked.scopes), asked.has_agents

    def add(self, one: Labelled) -> None:
        import h5py
        import numpy as np

        video = one.recording
        tracks = list(video.animal_names) if self.has_agents else []
        with h5py.File(self.folder / f"{video.id}.slp", "x") as file:
            for name, columns in NO_ROWS.items():
                file.create_dataset(name, data=np.empty(0, columns))
            _texts(file, "videos_json", [json.dumps(_video(video))])
            _texts(file, "tracks_json", [json.dumps([0, name]) for name in tracks])
            _texts(file, "suggestions_json", [])
            _texts(file, "sessions_json", [])
            metadata = file.create_group("metadata")
            metadata.attrs["format_id"] = FORMAT
            metadata.attrs["json"] = np.bytes_(json.dumps(_metadata(video)).encode())
            _texts(file, "event_types/name", self.behaviors)
            if bouts := one.bouts:
                _events(file.create_group("events"), one, bouts, self.behaviors, tracks)

    def finish(self) -> None:
        pass


def _events(group: Any, one: Labelled, bouts: list[Any], behaviors: list[str], tracks: list[str]) -> None:
    import numpy as np

    def animals(names: list[str]) -> tuple[list[int], list[int]]:
        """Kinds and places of those who take part."""
        return [TRACK if name else NOBODY for name in names], [tracks.index(name) if name else -1 for name in names]

    subjects = animals([act.agent for _, _, act in bouts])
    targets = animals([act.receiver for _, _, act in bouts])
    columns = {
        "video": np.zeros(len(bouts), np.int64),
        "start_frame": np.array([start for start, _, _ in bouts], np.int64),
        "end_frame": np.array([stop - 1 for _, stop, _ in bouts], np.int64),
        "type": np.array([behaviors.index(act.behavior) for _, _, act in bouts], np.int64),
        "subject_kind": np.array(subjects[0], np.int8),
        "target_kind": np.array(targets[0], np.int8),
        "subject_idx": np.array(subjects[1], np.int64),
        "target_idx": np.array(targets[1], np.int64),
        "is_predicted": np.ones(len(bouts), bool),
        "score": np.array([act.certainty(start, stop) for start, stop, act in bouts], np.float64),
    }
    for name, values in columns.items():
        group.create_dataset(name, data=values)
    _texts(group, "name", [""] * len(bouts))
    _texts(group, "source", ["harness"] * len(bouts))


def _texts(place: Any, name: str, values: list[str]) -> None:
    import h5py
    import numpy as np

    place.create_dataset(name, data=np.array(values, dtype=object), dtype=h5py.string_dtype(), shape=(len(values),))


def _video(recording: Recording) -> dict[str, Any]:
    width, height = recording.image_size or (0, 0)
    name, shape = video_file(recording), [recording.frames, height, width, 1]
    return {"filename": name, "backend": {"filename": name} | ({"shape": shape} if recording.image_size else {})}


def _metadata(recording: Recording) -> dict[str, Any]:
    """The skeleton, and what else a project says of itself."""
    parts = recording.skeleton.keypoints
    skeleton = {
        "directed": True,
        "graph": {"name": None, "num_edges_inserted": 0},
        "links": [],
        "multigraph": True,
        "nodes": [{"id": place} for place in range(len(parts))],
    }
    return {
        "version": "2.0.0",
        "skeletons": [skeleton],
        "nodes": [{"name": name, "weight": 1.0} for name in parts],
        "videos": [],
        "tracks": [],
        "suggestions": [],
        "negative_anchors": {},
        "provenance": {},
    }
