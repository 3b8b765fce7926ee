"""Four mice in a box, each with a name: who chases whom, and who grooms.

They wander, dash, rest and groom; now and then one chases another, which flees, or walks behind another, which does not
mind. So neither speed nor being near tells a chase, and of two that run one behind the other only one chases.
Lengths are pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice

import numpy as np

from harness.arena import Arena
from harness.dataset import Dataset
from harness.demo.dataset import check_sizes
from harness.recording import CALMS21, ONE, PAIR, UNKNOWN, Array, Recording
from harness.words import numbered

FPS = 30.0
PIXELS_PER_CM = 12.0
WIDTH, HEIGHT = 900, 600
MARGIN = 60
"""How near to the edge of the picture the middle of a mouse comes: inside of the walls."""
WALL = 20
"""Between the edge of the picture and the wall."""

BEHAVIORS = {"chase": PAIR, "groom": ONE}

TREATMENTS = ("saline", "drug")

BODY = np.array([[0.5, 0.33, 0.33, 0.2, -0.26, -0.26, -0.5], [0.0, -0.09, 0.09, 0.0, 0.13, -0.13, 0.0]])
"""Nose, ears, neck, hips, tail base (xy, part) in body lengths, the nose ahead."""

SPEEDS = {"wander": 2.0, "dash": 9.0, "rest": 0.0, "groom": 0.0, "chase": 9.5, "flee": 8.5, "follow": 3.0, "led": 2.5}
"""Pixels a frame."""

ALONE = {"wander": 0.55, "dash": 0.1, "rest": 0.2, "groom": 0.15}
"""How often a mouse that has nothing to do does this."""

STARTS = {"chase": 0.008, "follow": 0.006}
"""For each mouse that is free, the chance a frame that it begins."""


@dataclass
class _Mouse:
    place: Array
    heading: float
    length: float
    does: str = "rest"
    left: int = 0
    """Frames until it does something else."""
    of: int = -1
    """Whom it chases or follows, or by whom it is."""
    phase: float = 0.0


@dataclass
class _Box:
    mice: list[_Mouse]
    chance: np.random.Generator
    frame: int = 0
    did: list[list[tuple[str, int]]] = field(default_factory=list)

    def step(self) -> Array:
        """One frame: keypoints (animal, xy, part)."""
        for number, mouse in enumerate(self.mice):
            if mouse.left <= 0:
                mouse.does, mouse.of = str(self.chance.choice(list(ALONE), p=list(ALONE.values()))), -1
                mouse.left = int(self.chance.integers(20, 90))
            if mouse.does in ALONE:
                self._meet(number)
        for mouse in self.mice:
            self._move(mouse)
            mouse.left -= 1
        self.did.append([(mouse.does, mouse.of) for mouse in self.mice])
        return np.stack([self._pose(mouse) for mouse in self.mice])

    def _meet(self, number: int) -> None:
        for what, answer in (("chase", "flee"), ("follow", "led")):
            free = [other for other, one in enumerate(self.mice) if other != number and one.does in ALONE]
            if free and self.chance.random() < STARTS[what]:
                other, frames = int(self.chance.choice(free)), int(self.chance.integers(45, 120))
                self._begin(number, what, frames, other)
                self._begin(other, answer, frames, number)
                return

    def _begin(self, number: int, what: str, frames: int, of: int) -> None:
        mouse = self.mice[number]
        mouse.does, mouse.left, mouse.of = what, frames, of

    def _move(self, mouse: _Mouse) -> None:
        wanted = mouse.heading
        if mouse.of >= 0:
            way = self.mice[mouse.of].place - mouse.place
            gap = float(np.hypot(*way)) / mouse.length
            if mouse.does in ("chase", "follow"):
                wanted = float(np.arctan2(way[1], way[0]))
            elif mouse.does == "flee" and gap < 3:
                wanted = float(np.arctan2(-way[1], -way[0]))
        center = np.array([WIDTH / 2, HEIGHT / 2])
        inward = (mouse.place < MARGIN) | (mouse.place > (WIDTH - MARGIN, HEIGHT - MARGIN))
        if inward.any():
            home = center - mouse.place
            wanted = float(np.arctan2(home[1], home[0])) + (0.7 if mouse.does == "flee" else 0.0)
        turn = (wanted - mouse.heading + np.pi) % (2 * np.pi) - np.pi
        mouse.heading += float(np.clip(turn, -0.25, 0.25)) + float(self.chance.normal(0, 0.04))
        speed = SPEEDS[mouse.does] * (0.8 + 0.4 * self.chance.random())
        near = mouse.of >= 0 and mouse.does in ("chase", "follow") and gap < 1.1
        step = speed * (0.6 if near else 1.0) * np.array([np.cos(mouse.heading), np.sin(mouse.heading)])
        mouse.place = np.clip(mouse.place + step, WALL + 5, (WIDTH - WALL - 5, HEIGHT - WALL - 5))
        mouse.phase += 2 * np.pi * 4 / FPS

    def _pose(self, mouse: _Mouse) -> Array:
        body = BODY * mouse.length * (0.8 if mouse.does in ("rest", "groom") else 1.0)
        if mouse.does == "groom":
            body = body.copy()
            body[1, :3] += 0.08 * mouse.length * np.sin(mouse.phase)
        cos, sin = np.cos(mouse.heading), np.sin(mouse.heading)
        turned = np.array([[cos, -sin], [sin, cos]]) @ body
        return np.asarray(mouse.place[:, None] + turned)


@dataclass(frozen=True)
class Crowd:
    """A recording of mice that have names, and what they did."""

    recording: Recording
    chase: Mapping[tuple[str, str], Array]
    """Agent and target to labels (frames,) int8."""
    groom: Mapping[str, Array]
    """Agent to labels (frames,) int8."""

    def labels(self, behavior: str, example: Recording) -> Array:
        """Of one of the recording's examples (frames,) int8."""
        return self.chase[example.agent, example.target] if behavior == "chase" else self.groom[example.agent]


def film(name: str, frames: int, seed: int, *, mice: int = 4) -> Crowd:
    """So many frames of mice in a box; the same seed gives the same."""
    chance = np.random.default_rng([seed, mice])
    places = chance.uniform((MARGIN, MARGIN), (WIDTH - MARGIN, HEIGHT - MARGIN), (mice, 2))
    headings, lengths = chance.uniform(-np.pi, np.pi, mice), chance.uniform(52, 68, mice)
    box = _Box([_Mouse(*one) for one in zip(places, headings.tolist(), lengths.tolist(), strict=True)], chance)
    keypoints = np.stack([box.step() for _ in range(frames)])
    keypoints += chance.normal(0, 0.8, keypoints.shape)
    keypoints[np.broadcast_to(chance.random((*keypoints.shape[:2], 1, 7)) < 0.02, keypoints.shape)] = np.nan
    names = numbered("mouse", mice)
    recording = Recording(
        name,
        keypoints.astype(np.float32),
        CALMS21,
        fps=FPS,
        names=names,
        image_size=(WIDTH, HEIGHT),
        pixels_per_cm=PIXELS_PER_CM,
        arena=Arena.rectangle(WALL, WALL, WIDTH - WALL, HEIGHT - WALL),
    )

    def when(mouse: int, what: str, of: int = -1) -> Array:
        return np.array([did[mouse] == (what, of) for did in box.did], dtype=np.int8)

    pairs = [(one, other) for one in range(mice) for other in range(mice) if one != other]
    return Crowd(
        recording,
        {(names[one], names[other]): when(one, "chase", other) for one, other in pairs},
        {names[one]: when(one, "groom") for one in range(mice)},
    )


def crowd_dataset(seed: int = 0, recordings: int = 4, seconds: int = 60, test_recordings: int = 4) -> Dataset:
    """Recordings of four cages, each of which shows both behaviors, and more to be labelled, whose truth is known; of
    each only the second half was looked at for grooming. Half of them are said to be treated, which changes nothing.

    Raises `HarnessError` for fewer than two recordings, none to be labelled, less than ten seconds, or a seed below 0.
    """
    check_sizes(seed=(seed, 0), recordings=(recordings, 2), seconds=(seconds, 10), test_recordings=(test_recordings, 1))
    frames = round(seconds * FPS)
    labelled: dict[str, list[Recording]] = {behavior: [] for behavior in BEHAVIORS}
    truth: dict[str, dict[str, Array]] = {behavior: {} for behavior in BEHAVIORS}
    others = range(500, 500 + test_recordings)
    seeds = (1000 * seed + number for number in count() if number not in others)
    shown = filter(_shows_both, (film("", frames, one) for one in seeds))
    for number, crowd in enumerate(islice(shown, recordings)):
        recording = _filed(crowd, f"box-{number + 1:02}", f"cage {number % 4 + 1}", TREATMENTS[number % 2])
        for behavior, scope in BEHAVIORS.items():
            for example in recording.examples(scope):
                labels = crowd.labels(behavior, example).copy()
                if behavior == "groom":
                    labels[: frames // 2] = UNKNOWN
                labelled[behavior].append(recording.seen_from(example.agent, example.target, labels))
    tested = []
    for number, one in enumerate(others):
        crowd = film("", frames, 1000 * seed + one)
        recording = _filed(crowd, f"test-{number + 1:02}", f"cage {number % 4 + 5}", TREATMENTS[number % 2])
        tested.append(recording)
        for behavior, scope in BEHAVIORS.items():
            truth[behavior] |= {example.id: crowd.labels(behavior, example) for example in recording.examples(scope)}
    return Dataset(
        "crowd", {name: tuple(every) for name, every in labelled.items()}, tuple(tested), truth, scopes=BEHAVIORS
    )


def _filed(crowd: Crowd, name: str, cage: str, treatment: str) -> Recording:
    return replace(crowd.recording, id=name, group=cage, about={"treatment": treatment})


def _shows_both(crowd: Crowd) -> bool:
    """Whether somebody is chased, and somebody grooms in the half that is looked at for it."""
    half = crowd.recording.frames // 2
    return any(one.any() for one in crowd.chase.values()) and any(one[half:].any() for one in crowd.groom.values())
