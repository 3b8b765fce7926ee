"""A made-up challenge: two simulated mice, a few labelled recordings for each behavior, and a labelled test set.

Its behaviors move like the seven of Task 3 of CalMS21 (Sun et al. 2021), among others that resemble them and are not
labelled. Sizes are options; the defaults are small enough for a search of many trials to end in minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from harness.demo.motion import FPS, INTRUDER, RESIDENT, Individual, Session, perform
from harness.demo.pose import NOSE, pose, track
from harness.demo.scenes import Activity
from harness.errors import HarnessError
from harness.files.atomic import write_atomically
from harness.recording import Array

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
    """The same with the truth; in a matched demo, of each behavior's own test recordings alone."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one behavior is, and how its training recordings differ from those of the test set."""

    name: str
    share: float
    """Positive frames that a training recording must have to be kept, as a share of all."""
    mood: Mapping[str, float] = field(default_factory=dict)
    """Factors on the weights of scenes, and of what the mice do alone (`groom`: resident; `rear`: intruder)."""
    more: int = 0
    """Recordings beyond the number asked for."""


_KINDS = {
    "behavior-0": _Kind("approach", 0.012, more=-1),
    "behavior-1": _Kind("disengaged", 0.005, {"disengage": 1.4}),
    "behavior-2": _Kind("groom", 0.03, {"groom": 2.8}),
    "behavior-3": _Kind("intromission", 0.1, {"intromission": 1.8}),
    "behavior-4": _Kind("mount_attempt", 0.006, {"mount_attempt": 2.6}, more=1),
    "behavior-5": _Kind("sniff_face", 0.015, {"sniff_face": 0.8}, more=-1),
    "behavior-6": _Kind("whiterearing", 0.03, {"rear": 0.55}),
}
BEHAVIORS = tuple(_KINDS)
SINGLE = "behavior-3"
"""The behavior with one training recording, which is twice as long and has several bouts."""
WITHOUT = "behavior-4"
"""The behavior whose last training recording holds none of it."""


def make_demo(
    *, seed: int = 0, recordings: int = 4, seconds: float = 60.0, test_recordings: int = 8, matched: bool = False
) -> Demo:
    """Simulate about `recordings` training recordings for each behavior and a test set, `seconds` each, at 30 fps.

    Behaviors are rarer or more frequent in the test set than in training. Where it is `matched`, each behavior has
    `test_recordings` of its own instead, filmed and kept as its training recordings are, and is scored on those alone.

    Every behavior has positive frames in training, and in the test set if that has seven recordings or more or is
    matched. Raises `HarnessError` for fewer than two training recordings, no test recording, less than ten seconds, or
    a seed below 0.
    """
    check_sizes(seed=(seed, 0), recordings=(recordings, 2), seconds=(seconds, 10), test_recordings=(test_recordings, 1))
    frames = round(seconds * FPS)
    train: Files = {"vocabulary": list(BEHAVIORS)}
    for group, behavior in enumerate(BEHAVIORS):
        count = _count(behavior, recordings)
        filmed = [_filmed(behavior, index, count, frames, _stream(seed, group, index)) for index in range(count)]
        train[behavior] = {f"{behavior}-{index}": entry for index, entry in enumerate(filmed)}
    if matched:
        test, labels = _matched_test(seed, recordings, frames, test_recordings)
    else:
        test, labels = _shifted_test(seed, frames, test_recordings)
    zeros: Files = {
        behavior: {name: [0] * len(entry["keypoints"]) for name, entry in test.items()} for behavior in BEHAVIORS
    }
    return Demo(train, test, zeros, labels)


def write_demo(
    folder: Path,
    *,
    seed: int = 0,
    recordings: int = 4,
    seconds: float = 60.0,
    test_recordings: int = 8,
    matched: bool = False,
) -> None:
    """Write `make_demo` into `folder` as train.npy, test.npy, sample_submission.npy and test_labels.npy."""
    demo = make_demo(
        seed=seed, recordings=recordings, seconds=seconds, test_recordings=test_recordings, matched=matched
    )
    # The training file last: where it is, the others are.
    for name in ("test_labels", "sample_submission", "test", "train"):
        write_atomically(folder / f"{name}.npy", partial(np.save, arr=np.array(getattr(demo, name)), allow_pickle=True))


def check_sizes(**sizes: tuple[float, float]) -> None:
    """Raise `HarnessError` where a size, the first of the two numbers, is below the least, which is the second."""
    for name, (value, least) in sizes.items():
        if not value >= least:
            raise HarnessError(f"demo data: {name} is {value}; it should be {least} or more")


def _count(behavior: str, recordings: int) -> int:
    """How many training recordings the behavior has where about `recordings` are asked for."""
    return 1 if behavior == SINGLE else max(recordings + _KINDS[behavior].more, 2)


def _stream(seed: int, group: int, index: int) -> np.random.Generator:
    """A recording's own stream of chance, so that no recording depends on the others' number or length."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(group, index)))


def _shifted_test(seed: int, frames: int, count: int) -> tuple[Files, Files]:
    """`count` test recordings in nobody's mood, and their labels for every behavior."""
    test: Files = {}
    labels: Files = {behavior: {} for behavior in BEHAVIORS}
    for index in range(count):
        name = f"test-{index}"
        test[name], marked = _tested(seed, index, frames)
        for behavior in BEHAVIORS:
            labels[behavior][name] = marked[behavior].tolist()
    return test, labels


def _matched_test(seed: int, recordings: int, frames: int, count: int) -> tuple[Files, Files]:
    """`count` test recordings for each behavior, made as its training recordings are, and their labels for it."""
    test: Files = {}
    labels: Files = {behavior: {} for behavior in BEHAVIORS}
    for group, behavior in enumerate(BEHAVIORS, start=len(BEHAVIORS) + 1):
        for index in range(count):
            stream = _stream(seed, group, index)
            entry = _filmed(behavior, index, _count(behavior, recordings), frames, stream)
            name = f"{behavior}-test-{index}"
            labels[behavior][name] = entry.pop("annotations").tolist()
            test[name] = entry
    return test, labels


def _filmed(behavior: str, index: int, count: int, frames: int, stream: np.random.Generator) -> Files:
    """A recording of the behavior; of one behavior, the last of every `count` recordings holds none of it."""
    if behavior == WITHOUT and index % count == count - 1:
        return _film_without(behavior, frames, stream)
    return _film_with(behavior, frames, stream)


def _film_with(behavior: str, frames: int, stream: np.random.Generator) -> Files:
    """A labelled recording: sessions are filmed until one shows enough of the behavior."""
    kind = _KINDS[behavior]
    frames, bouts = (2 * frames, min(4, frames // (15 * FPS) + 1)) if behavior == SINGLE else (frames, 1)
    while True:
        keypoints, happens = _film(kind.mood, frames, stream)
        labels = annotate(happens[behavior], stream)
        if labels.sum() >= kind.share * frames and len(_bouts(labels == 1)) >= bouts:
            return _labelled(keypoints, labels)


def _film_without(behavior: str, frames: int, stream: np.random.Generator) -> Files:
    """A labelled recording in which the behavior was looked for and never seen."""
    keypoints, _ = _film({**_KINDS[behavior].mood, "mount_attempt": 0.0}, frames, stream)
    return _labelled(keypoints, np.zeros(frames))


def _labelled(keypoints: Array, labels: Array) -> Files:
    return {"keypoints": keypoints, "annotations": labels.astype(np.int64), "annotator_id": 0}


def _tested(seed: int, index: int, frames: int) -> tuple[Files, dict[str, Array]]:
    """One test recording, and its labels for every behavior; each behavior in turn is sure to be among them."""
    stream, sure = _stream(seed, len(BEHAVIORS), index), BEHAVIORS[index % len(BEHAVIORS)]
    while True:
        keypoints, happens = _film({}, frames, stream)
        marked = {behavior: annotate(happens[behavior], stream) for behavior in BEHAVIORS}
        if marked[sure].any():
            return {"keypoints": keypoints, "annotator_id": 0}, marked


def _film(mood: Mapping[str, float], frames: int, stream: np.random.Generator) -> tuple[Array, dict[str, Array]]:
    """A session of two new mice: tracked keypoints, and for each behavior where it truly happens (frames,)."""
    session = perform((_resident(mood, stream), _intruder(mood, stream)), mood, frames, stream)
    truth = pose(session, stream)
    return track(session, truth, stream), _happening(session, truth)


def _resident(mood: Mapping[str, float], stream: np.random.Generator) -> Individual:
    groom = 1.15 * mood.get("groom", 1.0)
    solo = {Activity.ROAM: 5.0, Activity.REST: 1.5, Activity.GROOM: groom, Activity.LOOK: 1.8, Activity.REAR: 0.8}
    return _individual(stream.uniform(92, 140), solo, stream)


def _intruder(mood: Mapping[str, float], stream: np.random.Generator) -> Individual:
    rear = 10.0 * mood.get("rear", 1.0)
    solo = {Activity.ROAM: 4.0, Activity.REST: 1.0, Activity.GROOM: 1.4, Activity.LOOK: 1.6, Activity.REAR: rear}
    return _individual(stream.uniform(87, 133), solo, stream)


def _individual(length: float, solo: Mapping[Activity, float], stream: np.random.Generator) -> Individual:
    return Individual(
        length=length,
        vigor=float(np.exp(0.2 * stream.normal())),
        groom_hz=stream.uniform(4.2, 6.8),
        thrust_hz=stream.uniform(2.2, 3.8),
        reared=stream.uniform(0.61, 0.76),
        reach=stream.uniform(0.14, 0.26),
        solo={activity: weight * float(np.exp(0.25 * stream.normal())) for activity, weight in solo.items()},
    )


def _happening(session: Session, truth: Array) -> dict[str, Array]:
    """Behavior to where it truly happens, bool (frames,), given the true pose (frames, mouse, xy, part)."""
    length = (session.mice[RESIDENT].length + session.mice[INTRUDER].length) / 2
    noses = np.linalg.norm(truth[:, RESIDENT, :, NOSE] - truth[:, INTRUDER, :, NOSE], axis=1)
    middles = np.linalg.norm(session.center[:, RESIDENT] - session.center[:, INTRUDER], axis=1)
    happens = {
        "approach": session.scene == "approach",
        "disengaged": session.scene == "disengage",
        "groom": session.activity[:, RESIDENT] == Activity.GROOM,
        "intromission": (session.scene == "intromission") & (middles < 0.5 * length),
        "mount_attempt": (session.scene == "mount_attempt") & (middles < 0.9 * length),
        "sniff_face": (session.scene == "sniff_face") & (noses < 0.3 * length),
        "whiterearing": session.activity[:, INTRUDER] == Activity.REAR,
    }
    return {behavior: happens[kind.name] for behavior, kind in _KINDS.items()}


def annotate(happens: Array, stream: np.random.Generator) -> Array:
    """What a person marks of a behavior that truly happens where `happens` is set: int8 (frames,).

    Edges are off by some frames; short bouts are sometimes missed and long ones interrupted. The longest is never
    missed.
    """
    labels = np.zeros(len(happens), dtype=np.int8)
    bouts = _bouts(happens)
    longest = max((stop - start for start, stop in bouts), default=0)
    for start, stop in bouts:
        missed = stream.random() < (0.25 if stop - start < 0.5 * FPS else 0.02)
        late, over = round(1.5 + 2.5 * stream.normal()), round(3.0 * stream.normal())
        split, where, pause = stream.random() < 0.12, stream.uniform(0.2, 0.8), stream.integers(4, 13)
        if missed and stop - start < longest:
            continue
        begin = min(max(start + late, 0), stop - 4)
        end = max(stop + over, begin + 6)
        labels[begin:end] = 1
        if split and end - begin > 2 * FPS:
            middle = begin + round(where * (end - begin))
            labels[middle : middle + pause] = 0
    return labels


def _bouts(happens: Array) -> list[tuple[int, int]]:
    """Start and stop (exclusive) of every bout of 0.2 s or more, after gaps shorter than that are closed."""
    edges = np.flatnonzero(np.diff(happens.astype(np.int8), prepend=0, append=0))
    bouts: list[tuple[int, int]] = []
    for start, stop in edges.reshape(-1, 2).tolist():
        if bouts and start - bouts[-1][1] < 6:
            start = bouts.pop()[0]
        bouts.append((start, stop))
    return [(start, stop) for start, stop in bouts if stop - start >= 6]
