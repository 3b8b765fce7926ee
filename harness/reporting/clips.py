"""Examples to look at: a few seconds of skeletons around what was found, missed or claimed wrongly."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.columns.poses import interpolated
from harness.recording import Array, Skeleton
from harness.reporting.detections import Detection
from harness.reporting.page import Figure, Spec
from harness.scores.metrics import bouts

EACH = 2
"""So many examples of each kind."""

SECONDS = (2.0, 4.0)
"""The shortest and the longest clip."""

FPS = 15.0

MENDED_SECONDS = 0.3
"""Gaps in tracks up to this long are filled, so that skeletons flicker less."""

ASPECT = 224 / 172
"""Width over height of the picture that `clips.js` draws into."""

BONES = (
    ("nose", "left_ear"), ("nose", "right_ear"), ("left_ear", "neck"), ("right_ear", "neck"),
    ("neck", "left_hip"), ("neck", "right_hip"), ("left_hip", "tail_base"), ("right_hip", "tail_base"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """A bout worth looking at."""

    kind: str
    detection: Detection
    start: int
    stop: int
    """The frame after its last."""
    worth: float
    """Sorts better examples first."""


def clips_figure(id_: str, behavior: str, found: Sequence[Detection]) -> Figure | None:
    """Animated skeletons of the best examples; None where there are none."""
    best = examples(found)
    if not best:
        return None
    return Figure(
        id_,
        f"Animated skeletons: {len(best)} examples of {behavior}.",
        "Skeletons as the tracker saw them, the larger dot in front; of the two bars under them the upper shows when "
        "it was labelled, the lower when it was claimed.",
        {"kind": "clips", "clips": [clip(one) for one in best]},
        height=320,
        role="group",
    )


def examples(found: Sequence[Detection]) -> list[Example]:
    """Surest bouts that were found, longest that were missed, and surest that were claimed wrongly."""
    every = [example for one in found for example in _examples(one)]
    best: list[Example] = []
    for kind in ("found", "missed", "claimed wrongly"):
        alike = [example for example in every if example.kind == kind]
        best += sorted(alike, key=lambda example: -example.worth)[:EACH]
    return best


def _examples(one: Detection) -> list[Example]:
    positive, claimed = one.truth == 1, one.claims == 1
    found = []
    for start, stop in zip(*bouts(positive), strict=True):
        share = float(claimed[start:stop].mean())
        if share >= 0.5:
            found.append(Example("found", one, int(start), int(stop), float(one.smoothed[start:stop].mean())))
        elif share == 0:
            found.append(Example("missed", one, int(start), int(stop), float(stop - start)))
    for start, stop in zip(*bouts(claimed), strict=True):
        if not positive[start:stop].any():
            found.append(Example("claimed wrongly", one, int(start), int(stop), float(one.smoothed[start:stop].mean())))
    return found


def clip(example: Example) -> Spec:
    """What `clips.js` needs to play an example."""
    recording = example.detection.recording
    first, last = window(example.start, example.stop, recording.frames, recording.fps)
    step = max(1, round(recording.fps / FPS))
    seen = interpolated(recording.cut(first, last), MENDED_SECONDS).keypoints[::step]
    seconds = (example.stop - example.start) / recording.fps
    minutes, second = divmod(example.start / recording.fps, 60)
    kind = {"found": "Found", "missed": "Missed", "claimed wrongly": "Claimed wrongly"}[example.kind]
    return {
        "title": kind,
        "words": f"{recording.id}, {int(minutes)}:{second:04.1f}, {seconds:.1f} s",
        "fps": recording.fps / step,
        "animals": recording.animals,
        "parts": len(recording.skeleton.keypoints),
        "front": recording.skeleton.front,
        "edges": bones(recording.skeleton),
        "points": base64.b64encode(placed(seen).tobytes()).decode("ascii"),
        "labelled": _within(example.detection.truth[first:last], step),
        "claimed": _within(example.detection.claims[first:last], step),
    }


def window(start: int, stop: int, frames: int, fps: float) -> tuple[int, int]:
    """First frame and frame after the last of a clip around a bout, within the recording."""
    shortest, longest = (round(seconds * fps) for seconds in SECONDS)
    length = min(max(stop - start + round(fps), shortest), longest, frames)
    first = min(max((start + stop - length) // 2, 0), frames - length)
    return first, first + length


def placed(keypoints: Array) -> Array:
    """Keypoints (frames, animals, 2, parts) as thousandths of the picture, int16 (frames, animals, parts, 2).

    One scale for both axes. -1 stands for missing, and for what lies far from the rest.
    """
    points = np.moveaxis(keypoints, 2, 3).astype(np.float64)
    flat = points.reshape(-1, 2)
    flat = flat[~np.isnan(flat).any(axis=1)]
    if not len(flat):
        return np.full(points.shape, -1, dtype="<i2")
    low, high = np.quantile(flat, [0.01, 0.99], axis=0)
    size = 1.12 * max(high[0] - low[0], ASPECT * (high[1] - low[1]), 1.0)
    inside = (points - (low + high) / 2) / np.array([size, size / ASPECT]) + 0.5
    outside = np.isnan(inside).any(axis=-1) | (inside < 0).any(axis=-1) | (inside > 1).any(axis=-1)
    steps = np.round(1000 * np.nan_to_num(inside))
    steps[outside] = -1
    return np.asarray(steps, dtype="<i2")


def bones(skeleton: Skeleton) -> list[list[int]]:
    """Pairs of keypoints to join: by their roles, and one after the other where they have none."""
    roles = skeleton.roles
    pairs = [[roles[one], roles[other]] for one, other in BONES if one in roles and other in roles]
    joined = {part for pair in pairs for part in pair}
    loose = [part for part in range(len(skeleton.keypoints)) if part not in joined]
    for part in loose:
        if part > 0:
            pairs.append([part - 1, part])
        elif len(skeleton.keypoints) > 1 and 1 not in loose:
            pairs.append([0, 1])
    return pairs


def _within(labels: Array, step: int) -> list[float]:
    """Bouts of a clip's labels (frames,), in its own frames."""
    starts, stops = bouts(labels)
    both: list[float] = np.round(np.stack([starts, stops], axis=1).ravel() / step, 2).tolist()
    return both
