"""How the demo's two mice move: a semi-Markov chain of scenes, in which each mouse is steered frame by frame.

Lengths are pixels, gaps are body lengths, angles are radians.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.demo.scenes import OVERLAPPING, SCENES, SOLO_SECONDS, STEERING, Activity, Scene, Steering
from harness.recording import Array

FPS = 30
WIDTH, HEIGHT = 1024, 570
MARGIN = 45
"""How near to the edge of the picture the middle of a mouse comes."""
RESIDENT, INTRUDER = 0, 1
GIVEN_UP = "given_up"
_PATIENCE = 4 * FPS
"""Frames after which a mouse gives up reaching the other, or getting away from it."""
_BESIDE = {activity for activity, steering in STEERING.items() if steering.goal == "partner"}


@dataclass(frozen=True)
class Individual:
    """One mouse: its size and manners."""

    length: float
    """Nose to tail base."""
    vigor: float
    """Factor on its speeds."""
    groom_hz: float
    thrust_hz: float
    reared: float
    """What is left of its length, seen from above, when it rears."""
    reach: float
    """The gap at which its nose touches."""
    solo: Mapping[Activity, float]
    """Weight of each thing it does alone."""


@dataclass(frozen=True)
class Session:
    """What two mice did, before any camera saw it."""

    mice: tuple[Individual, Individual]
    center: Array
    """(frames, mouse, xy)"""
    heading: Array
    """(frames, mouse)"""
    activity: Array
    """int8 (frames, mouse)"""
    scene: Array
    """Names (frames,); a scene that did not come to its end is called `GIVEN_UP`."""


def perform(
    mice: tuple[Individual, Individual], mood: Mapping[str, float], frames: int, rng: np.random.Generator
) -> Session:
    """Let a resident and an intruder meet for so many frames; `mood` multiplies the weights of scenes."""
    stage = _Stage(mice, mood, rng)
    wobble = _wobble(frames, rng)
    states = [stage.step(*wobble[frame]) for frame in range(frames)]
    stage.close_scene(ended=SCENES[stage.name].until == "time")
    table = np.array(states).reshape(frames, 2, 4)
    names, lasted = zip(*stage.history, strict=True)
    scene = np.repeat(np.array(names), np.array(lasted))
    return Session(mice, table[:, :, :2], table[:, :, 2], table[:, :, 3].astype(np.int8), scene)


def _wobble(frames: int, rng: np.random.Generator) -> list[list[float]]:
    """Slow wandering of the two headings, radians per frame: (frames, mouse)."""
    kernel = np.hanning(23)
    noise = rng.normal(size=(2, frames + len(kernel) - 1))
    slow = [np.convolve(row, kernel / np.linalg.norm(kernel), "valid") for row in noise]
    wobble: list[list[float]] = (0.035 * np.stack(slow, axis=1)).tolist()
    return wobble


class _Mouse:
    """The moving state of one mouse."""

    def __init__(self, individual: Individual, x: float, y: float, heading: float) -> None:
        self.individual, self.length = individual, individual.length
        self.x, self.y, self.heading, self.speed = x, y, heading, 0.0
        self.activity = Activity.ROAM
        self.solo_left = 0
        self.spot = (x, y)
        self.pace = 1.0
        self.precision = 1.0

    def state(self) -> tuple[float, float, float, float]:
        return self.x, self.y, self.heading, float(self.activity)

    def gap(self, other: "_Mouse") -> float:
        """Distance of the two middles."""
        return 2 * math.hypot(self.x - other.x, self.y - other.y) / (self.length + other.length)

    def touches(self, other: "_Mouse") -> bool:
        """Whether its nose is at the other's body axis."""
        x = self.x + math.cos(self.heading) * self.length / 2 - other.x
        y = self.y + math.sin(self.heading) * self.length / 2 - other.y
        cos, sin = math.cos(other.heading), math.sin(other.heading)
        beyond = max(abs(x * cos + y * sin) - other.length / 2, 0.0)
        return math.hypot(beyond, y * cos - x * sin) < self.individual.reach * self.length

    def move(self, partner: "_Mouse", wobble: float) -> None:
        """Go on by one frame: turn towards the way, walk on, and side-step once the goal is near."""
        steering = STEERING[self.activity]
        x, y, facing = self._goal(partner, steering)
        x, y = x - self.x, y - self.y
        distance = math.hypot(x, y)
        walking = distance > 0.35 * self.length
        error = _wrapped((math.atan2(y, x) if walking else facing) - self.heading)
        nimble = 0.12 + 0.012 * steering.speed * self.pace
        turn = min(max(0.35 * error, -nimble), nimble)
        self.heading = _wrapped(self.heading + turn + (wobble if walking else 0.3 * wobble))
        wanted = min(steering.speed * self.pace, 0.3 * distance) * (max(math.cos(error), 0.1) if walking else 1.0)
        self.speed += 0.3 * (wanted - self.speed)
        way = self.heading if walking or distance < 1 else math.atan2(y, x)
        self.put(self.x + self.speed * math.cos(way), self.y + self.speed * math.sin(way))

    def put(self, x: float, y: float) -> None:
        self.x, self.y = _inside(x, y)

    def _goal(self, partner: "_Mouse", steering: Steering) -> tuple[float, float, float]:
        """The place to go to, and the heading wanted there."""
        if steering.goal == "partner":
            cos, sin = math.cos(partner.heading), math.sin(partner.heading)
            side = 1.0 if (self.y - partner.y) * cos > (self.x - partner.x) * sin else -1.0
            length = self.precision * (self.length + partner.length) / 2
            ahead, aside = steering.ahead * length, side * steering.aside * length
            x, y = partner.x + ahead * cos - aside * sin, partner.y + ahead * sin + aside * cos
            return x, y, partner.heading - side * steering.facing
        if steering.goal == "spot":
            return *self.spot, self.heading
        if steering.goal == "turn":
            return self.x, self.y, math.atan2(partner.y - self.y, partner.x - self.x)
        if steering.goal == "stay":
            return self.x, self.y, self.heading
        away = steering.goal == "away"
        way = math.atan2(self.y - partner.y, self.x - partner.x) if away else self.heading
        far = 150 if away else 50
        return *_inside(self.x + far * math.cos(way), self.y + far * math.sin(way)), self.heading


class _Stage:
    """The two mice and the scene they are in."""

    def __init__(
        self, mice: tuple[Individual, Individual], mood: Mapping[str, float], rng: np.random.Generator
    ) -> None:
        self.mood, self.rng = mood, rng
        self.resident, self.intruder = (
            _Mouse(mouse, WIDTH * x, rng.uniform(150, HEIGHT - 150), rng.uniform(-math.pi, math.pi))
            for mouse, x in zip(mice, (0.25, 0.75), strict=True)
        )
        self.history: list[tuple[str, int]] = []
        """Scenes that are over, and how many frames each lasted."""
        self._open_scene("apart")

    def step(self, resident_wobble: float, intruder_wobble: float) -> tuple[float, ...]:
        """One frame: x, y, heading and activity of the resident, then of the intruder."""
        ended = self._ended()
        if ended or self.frames >= self.lasts:
            self.close_scene(ended=ended or self.scene.until == "time")
            self._open_scene(self._next() if self.history[-1][0] != GIVEN_UP else "apart")
        self.frames += 1
        for mouse, part in ((self.resident, self.scene.resident), (self.intruder, self.scene.intruder)):
            if part is Activity.SOLO:
                self._go_on_alone(mouse)
        self.resident.move(self.intruder, resident_wobble)
        self.intruder.move(self.resident, intruder_wobble)
        if self.scene.resident not in OVERLAPPING:
            _push_apart(self.resident, self.intruder)
        return *self.resident.state(), *self.intruder.state()

    def close_scene(self, *, ended: bool) -> None:
        self.history.append((self.name if ended else GIVEN_UP, self.frames))

    def _open_scene(self, name: str) -> None:
        self.name, self.scene, self.frames = name, SCENES[name], 0
        self.lasts = self._duration(self.scene.seconds) if self.scene.until == "time" else _PATIENCE
        self.limit = self.rng.uniform(1.2, 1.8) if self.scene.until == "near" else self.rng.uniform(1.5, 2.3)
        self._give_part(self.resident, self.intruder, self.scene.resident)
        self._give_part(self.intruder, self.resident, self.scene.intruder)

    def _give_part(self, mouse: _Mouse, partner: _Mouse, part: Activity) -> None:
        if part is not Activity.SOLO:
            self._take_up(mouse, part)
            mouse.spot = self._beyond(mouse, partner) if part is Activity.RUN_PAST else self._somewhere()
        elif mouse.activity not in SOLO_SECONDS:
            mouse.solo_left = 0

    def _ended(self) -> bool:
        """Whether the scene has come to the end it leads to."""
        if self.scene.until == "contact":
            if self.scene.resident is Activity.RUN_AT:
                return self.resident.touches(self.intruder)
            return self.intruder.touches(self.resident)
        if self.scene.until == "near":
            return self.resident.gap(self.intruder) < self.limit
        return self.scene.until == "apart" and self.resident.gap(self.intruder) > self.limit

    def _next(self) -> str:
        gap = self.resident.gap(self.intruder)
        names = [name for name in self.scene.then if _within_reach(SCENES[name], gap)]
        return names[self._draw([self.scene.then[name] * self.mood.get(name, 1.0) for name in names])]

    def _draw(self, weights: Sequence[float]) -> int:
        """An index, as often as its weight says."""
        mark = self.rng.random() * sum(weights)
        for index, weight in enumerate(weights):
            mark -= weight
            if mark < 0:
                return index
        return len(weights) - 1

    def _duration(self, median: float) -> int:
        """A log-normal duration around so many seconds, in frames; 0.3 s at least."""
        return max(round(median * FPS * math.exp(0.6 * self.rng.normal())), 9)

    def _take_up(self, mouse: _Mouse, activity: Activity) -> None:
        mouse.activity = activity
        mouse.pace = math.exp(0.3 * self.rng.normal()) * mouse.individual.vigor
        mouse.precision = 1 + 0.08 * self.rng.normal()

    def _go_on_alone(self, mouse: _Mouse) -> None:
        if mouse.solo_left == 0:
            at_wall = min(mouse.x, WIDTH - mouse.x, mouse.y, HEIGHT - mouse.y) < MARGIN + 45
            solo = dict(mouse.individual.solo)
            solo[Activity.REAR] *= 1.0 if at_wall else 0.15
            self._take_up(mouse, list(solo)[self._draw(list(solo.values()))])
            mouse.spot = self._somewhere()
            mouse.solo_left = self._duration(SOLO_SECONDS[mouse.activity])
        mouse.solo_left -= 1
        if math.hypot(mouse.spot[0] - mouse.x, mouse.spot[1] - mouse.y) < 25:
            mouse.spot = self._somewhere()

    def _somewhere(self) -> tuple[float, float]:
        """A place to walk to, more often along a wall than in the open."""
        x, y = self.rng.uniform(MARGIN, WIDTH - MARGIN), self.rng.uniform(MARGIN, HEIGHT - MARGIN)
        if self.rng.random() < 0.7:
            y = MARGIN if y < HEIGHT / 2 else HEIGHT - MARGIN
        return x, y

    def _beyond(self, mouse: _Mouse, partner: _Mouse) -> tuple[float, float]:
        """A place behind the partner, far enough to one side for the way there to lead past it."""
        x, y = partner.x - mouse.x, partner.y - mouse.y
        far = max(math.hypot(x, y), 1.0)
        aside = self.rng.uniform(120, 180) * (1 if self.rng.random() < 0.5 else -1)
        return _inside(partner.x + (x * 120 - y * aside) / far, partner.y + (y * 120 + x * aside) / far)


def _within_reach(scene: Scene, gap: float) -> bool:
    """Whether mice this far apart can begin the scene: nobody runs at a near mouse, nor sniffs at a far one."""
    if scene.until in ("contact", "near"):
        return gap > 2.0
    return gap < 2.5 or not {scene.resident, scene.intruder} & _BESIDE


def _push_apart(resident: _Mouse, intruder: _Mouse) -> None:
    """Make room between two mice that stand in one another."""
    x, y = intruder.x - resident.x, intruder.y - resident.y
    distance, least = math.hypot(x, y), 0.15 * (resident.length + intruder.length)
    if 0 < distance < least:
        push = 0.25 * (least - distance) / distance
        resident.put(resident.x - push * x, resident.y - push * y)
        intruder.put(intruder.x + push * x, intruder.y + push * y)


def _inside(x: float, y: float) -> tuple[float, float]:
    return min(max(x, MARGIN), WIDTH - MARGIN), min(max(y, MARGIN), HEIGHT - MARGIN)


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % math.tau - math.pi
