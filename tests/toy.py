"""Small recordings of two animals with a behavior planted in them: `approach`, the resident close to the intruder."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from harness.dataset import Dataset
from harness.fitting.decisions import NEIGHBORS
from harness.recording import CALMS21, Array, Recording, Skeleton
from harness.runs.store import Run

BODY = 40.0
"""Pixels from neck to tail base."""

MOUSE = np.array([[0.95, 0.7, 0.7, 0.5, -0.25, -0.25, -0.5], [0, 0.2, -0.2, 0, 0.25, -0.25, 0]])
"""The seven keypoints of CalMS21 in body lengths (xy, part), facing +x, the origin halfway from neck to tail base."""


def toy_recordings(
    count: int = 3,
    frames: int = 300,
    *,
    seed: int = 0,
    missing: float = 0.02,
    skeleton: Skeleton = CALMS21,
    fps: float = 30.0,
    prefix: str = "toy",
) -> list[Recording]:
    """`count` labelled recordings named `<prefix>-0`, ...; the same arguments give the same recordings.

    The resident walks up to the intruder and away again, about once in 150 frames and at least once; it is positive
    while their middles are less than 1.5 body lengths apart. Both wander and turn; about `missing` of each
    keypoint's frames are NaN, in runs. A skeleton of any other size becomes a straight spine.
    """
    sources = np.random.SeedSequence([seed, count, frames]).spawn(count)
    return [
        _recording(f"{prefix}-{i}", frames, np.random.default_rng(source), missing, skeleton, fps)
        for i, source in enumerate(sources)
    ]


def toy_dataset(**labelled: Sequence[Recording]) -> Dataset:
    """A dataset of these recordings by behavior, with nothing to label."""
    return Dataset("toy", {behavior: tuple(recordings) for behavior, recordings in labelled.items()}, ())


def with_confidence(recording: Recording) -> Recording:
    """The recording as a tracker gives it that says how sure it is."""
    scores = np.random.default_rng(0).random((recording.frames, recording.animals, len(recording.skeleton.keypoints)))
    return replace(recording, confidence=scores.astype(np.float32))


def _recording(
    id_: str, frames: int, chance: np.random.Generator, missing: float, skeleton: Skeleton, fps: float
) -> Recording:
    intruder = np.array([[512.0], [285.0]]) + np.stack([_wave(frames, chance, 250), _wave(frames, chance, 50)])
    gap = 3.25 + 2.25 * np.cos(2 * np.pi * (max(1, frames // 150) * np.arange(frames) / frames + chance.random()))
    bearing = _wave(frames, chance, np.pi)
    resident = intruder - BODY * gap * np.stack([np.cos(bearing), np.sin(bearing)])
    headings = (bearing + _wave(frames, chance, 0.4), _wave(frames, chance, np.pi))
    body = MOUSE if len(skeleton.keypoints) == MOUSE.shape[1] else _spine(len(skeleton.keypoints))
    poses = [_placed(body, middle, heading) for middle, heading in zip((resident, intruder), headings, strict=True)]
    keypoints = np.stack(poses, axis=1)  # (frames, animal, xy, part)
    keypoints += chance.normal(0, 0.5, keypoints.shape)
    keypoints[np.broadcast_to(_gaps(keypoints.shape, chance, missing), keypoints.shape)] = np.nan
    return Recording(id_, keypoints.astype(np.float32), skeleton, fps, labels=(gap < 1.5).astype(np.int8))


def _wave(frames: int, chance: np.random.Generator, size: float) -> Array:
    """A smooth aimless movement (frames,) between -size and size."""
    turns, phases = chance.uniform(0.5, 2.5, 3) * frames / 300, chance.uniform(0, 2 * np.pi, 3)
    angles = 2 * np.pi * turns[:, None] * np.arange(frames) / max(frames, 1) + phases[:, None]
    return np.asarray(size * np.sin(angles).mean(axis=0))


def _spine(parts: int) -> Array:
    return np.stack([np.linspace(0.95, -0.5, parts), np.zeros(parts)])


def _placed(body: Array, middle: Array, heading: Array) -> Array:
    """`body` (xy, part) at `middle` (xy, frames), turned by `heading` (frames,): (frames, xy, part)."""
    along, across = np.stack([np.cos(heading), np.sin(heading)]), np.stack([-np.sin(heading), np.cos(heading)])
    turned = along.T[:, :, None] * body[0] + across.T[:, :, None] * body[1]
    return np.asarray(middle.T[:, :, None] + BODY * turned)


def _gaps(shape: tuple[int, ...], chance: np.random.Generator, missing: float) -> Array:
    """Where (frames, animal, 1, part) nothing was seen: runs of about ten frames, `missing` of all."""
    frames, animals, _, parts = shape
    coarse = chance.random((frames // 10 + 2, animals, 1, parts)) < missing
    shifts = chance.integers(0, 10, (1, animals, 1, parts))
    blocks = (np.arange(frames)[:, None, None, None] + shifts) // 10
    return np.take_along_axis(coarse, blocks, axis=0)


def neighbors(candidate: int, thresholds: int) -> list[int]:
    """The places of the candidates that a candidate is chosen together with; beyond the last threshold, the last."""
    place = candidate % thresholds
    steps = range(-NEIGHBORS, NEIGHBORS + 1)
    return [candidate - place + min(max(place + step, 0), thresholds - 1) for step in steps]


def begun(run: Run, behaviors: Sequence[str] = ()) -> None:
    """Describe a run that no search began."""
    run.begin(
        {"data": {}, "pool": {}, "seed": 0, "ranges": {}, "plugins": {}},
        {"data": "", "behaviors": list(behaviors), "command": "", "plugins": []},
    )
