"""A made-up challenge: two simulated mice, a few labelled recordings for each behavior, and a labelled test set.

Its behaviors have the movements of the seven of CalMS21's Task 3 (Sun et al. 2021): approach, disengaged, groom,
intromission, mount attempt, sniff face, and rearing of the intruder, among others that resemble them and are not labelled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from harness.atomic import write_atomically
from harness.data.demo_motion import FPS, INTRUDER, RESIDENT, Activity, Individual, Session, perform
from harness.data.demo_pose import pose, track
from harness.errors import HarnessError
from harness.recording import Array

KINDS = ("approach", "disengaged", "groom", "intromission", "mount_attempt", "sniff_face", "whiterearing")
"""What behavior-0 to behavior-6 are."""
BEHAVIORS = tuple(f"behavior-{number}" for number in range(len(KINDS)))

Files = dict[str, Any]
"""What one file holds: plain dictionaries, lists, numbers and arrays."""


@dataclass(frozen=True)
class Demo:
    """The four files of the challenge, as they are written."""

    train: Files
    """`vocabulary`, and behavior to recording to `keypoints`, `annotations`, `annotator_id`."""
    test: Files
    """Recording to `keypoints`, `annotator_id`."""
    sample_submission: Files
    """Behavior to test recording to a list of zeros."""
    test_labels: Files
    """The same with the truth."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How one behavior is recorded and labelled."""

    recordings: int
    """More than asked for; what is below two stays two, except for `SINGLE`."""
    enough: float
    """Share of positive frames a training recording must have to be taken."""
    bouts: int
    """Bouts such a recording must have when it lasts a minute or more."""
    train: Mapping[str, float]
    """Factors of scenes, and of what a mouse does alone, in its training recordings."""


SINGLE = "behavior-3"
"""The behavior with one training recording."""
WITHOUT = "behavior-4"
"""The behavior whose last training recording holds none of it."""

_KINDS = {
    "behavior-0": _Kind(-1, 0.012, 1, {}),
    "behavior-1": _Kind(0, 0.005, 1, {}),
    "behavior-2": _Kind(0, 0.03, 1, {"groom": 2.8}),
    "behavior-3": _Kind(0, 0.10, 3, {"intromission": 1.5}),
    "behavior-4": _Kind(1, 0.004, 1, {"mount_attempt": 2.0}),
    "behavior-5": _Kind(-1, 0.015, 1, {"sniff_face": 0.9}),
    "behavior-6": _Kind(0, 0.03, 1, {"rear": 0.55}),
}


def make_demo(*, seed: int = 0, recordings: int = 4, seconds: float = 60.0, test_recordings: int = 8) -> Demo:
    """Simulate a training set of about `recordings` recordings for each behavior, and a test set, `seconds` each.

    Raises `HarnessError` for fewer than two training recordings, no test recording, or less than ten seconds.
    """
    for name, value, least in (
        ("recordings", recordings, 2), ("test_recordings", test_recordings, 1), ("seconds", seconds, 10),
    ):  # fmt: skip
        if not value >= least:
            raise HarnessError(f"demo data: {name} is {value}; it should be {least} or more")
    frames = round(seconds * FPS)
    train: Files = {"vocabulary": list(BEHAVIORS)}
    for number, behavior in enumerate(BEHAVIORS):
        count = 1 if behavior == SINGLE else max(recordings + _KINDS[behavior].recordings, 2)
        train[behavior] = {
            f"{behavior}-train-{index}": _training(number, index, index == count - 1, frames, seed)
            for index in range(count)
        }
    test: Files = {}
    labels: Files = {behavior: {} for behavior in BEHAVIORS}
    for index in range(test_recordings):
        stream = _streams(seed, len(BEHAVIORS), index)
        while True:
            keypoints, happens = _record({}, frames, stream)
            marked = [annotate(one, stream) for one in happens]
            if marked[index % len(BEHAVIORS)].any():
                break
        test[f"test-{index}"] = {"keypoints": keypoints, "annotator_id": 0}
        for number, behavior in enumerate(BEHAVIORS):
            labels[behavior][f"test-{index}"] = marked[number].tolist()
    zeros: Files = {b: {name: [0] * frames for name in test} for b in BEHAVIORS}
    return Demo(train, test, zeros, labels)


def write_demo(
    folder: Path, *, seed: int = 0, recordings: int = 4, seconds: float = 60.0, test_recordings: int = 8
) -> None:
    """Write `make_demo` into `folder` as train.npy, test.npy, sample_submission.npy and test_labels.npy."""
    demo = make_demo(seed=seed, recordings=recordings, seconds=seconds, test_recordings=test_recordings)
    for name in ("train", "test", "sample_submission", "test_labels"):
        content = np.array(getattr(demo, name), dtype=object)
        write_atomically(
            folder / f"{name}.npy", lambda file, content=content: np.save(file, content, allow_pickle=True)
        )


def _streams(seed: int, group: int, index: int) -> np.random.Generator:
    """A stream of chance for one recording, whatever the others' number and length."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(group, index)))


def _training(number: int, index: int, last: bool, frames: int, seed: int) -> dict[str, Any]:
    """One training recording: sessions are filmed until one shows the behavior, or for one of them, shows none."""
    behavior = BEHAVIORS[number]
    kind, stream = _KINDS[behavior], _streams(seed, number, index)
    least, bouts = max(kind.enough * frames, 1), kind.bouts * min(frames / (60 * FPS), 1)
    while True:
        keypoints, happens = _record(kind.train, frames, stream)
        labels = annotate(happens[number], stream)
        if (
            (labels.sum() == 0)
            if last and behavior == WITHOUT
            else (labels.sum() >= least and len(_bouts(labels)) >= bouts)
        ):
            return {"keypoints": keypoints, "annotations": labels.astype(np.int64), "annotator_id": 0}


def _record(factors: Mapping[str, float], frames: int, stream: np.random.Generator) -> tuple[Array, list[Array]]:
    """A session of two new mice: tracked keypoints, and for each behavior where it happens (frames,)."""
    mice = (_individual(RESIDENT, factors, stream), _individual(INTRUDER, factors, stream))
    session = perform(mice, factors, frames, stream)
    truth = pose(session, stream)
    return track(session, truth, stream), happening(session, truth)


def _individual(mouse: int, factors: Mapping[str, float], stream: np.random.Generator) -> Individual:
    groom, rear = factors.get("groom", 1.0), factors.get("rear", 1.0)
    weights = (
        {Activity.ROAM: 5.0, Activity.REST: 1.5, Activity.GROOM: 1.15 * groom, Activity.LOOK: 1.8, Activity.REAR: 0.8},
        {Activity.ROAM: 4.0, Activity.REST: 1.0, Activity.GROOM: 1.4, Activity.LOOK: 1.6, Activity.REAR: 10.0 * rear},
    )[mouse]
    return Individual(
        length=stream.uniform(92, 140) * (1.0, 0.95)[mouse],
        vigor=float(np.exp(0.2 * stream.normal())),
        groom_hz=stream.uniform(4.2, 6.8),
        thrust_hz=stream.uniform(2.2, 3.8),
        reared=stream.uniform(0.62, 0.78),
        reach=stream.uniform(0.14, 0.26),
        solo={activity: weight * float(np.exp(0.25 * stream.normal())) for activity, weight in weights.items()},
    )


def happening(session: Session, truth: Array) -> list[Array]:
    """Where each behavior truly happens: bool (frames,) in the order of `KINDS`."""
    scene, resident, intruder = session.scene, session.activity[:, RESIDENT], session.activity[:, INTRUDER]
    length = sum(mouse.length for mouse in session.mice) / 2
    noses = np.linalg.norm(truth[:, RESIDENT, :, 0] - truth[:, INTRUDER, :, 0], axis=1)
    apart = np.linalg.norm(session.center[:, RESIDENT] - session.center[:, INTRUDER], axis=1)
    return [
        scene == "approach",
        scene == "disengage",
        resident == Activity.GROOM,
        (scene == "intromission") & (apart < 0.5 * length),
        (scene == "mount_attempt") & (apart < 0.9 * length),
        (scene == "sniff_face") & (noses < 0.3 * length),
        intruder == Activity.REAR,
    ]


def annotate(happens: Array, stream: np.random.Generator) -> Array:
    """What a person marks: int8 (frames,). Edges are off by some frames, short bouts get lost, long ones interrupted.

    The longest bout is always found.
    """
    labels = np.zeros(len(happens), dtype=np.int8)
    bouts = _bouts(happens)
    longest = max((stop - start for start, stop in bouts), default=0)
    for start, stop in bouts:
        missed = stream.random() < (0.25 if stop - start < 0.5 * FPS else 0.02)
        late, over = round(1.5 + 3.0 * stream.normal()), round(4.0 * stream.normal())
        split, at, pause = stream.random() < 0.12, stream.uniform(0.2, 0.8), stream.integers(4, 13)
        if missed and stop - start < longest:
            continue
        begin = min(max(start + late, 0), stop - 4)
        end = max(stop + over, begin + 6)
        labels[begin:end] = 1
        if split and end - begin > 2 * FPS:
            middle = begin + int(at * (end - begin))
            labels[middle : middle + pause] = 0
    return labels


def _bouts(happens: Array) -> Sequence[tuple[int, int]]:
    """Start and stop (exclusive) of every bout of 0.2 s or more, gaps shorter than that closed."""
    edges = np.flatnonzero(np.diff(happens.astype(np.int8), prepend=0, append=0))
    bouts: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if bouts and start - bouts[-1][1] < 6:
            start = bouts.pop()[0]
        bouts.append((start, stop))
    return [(start, stop) for start, stop in bouts if stop - start >= 6]
