"""How the demo's resident and intruder behave and walk: scenes that follow one another, steered frame by frame.

A session is a semi-Markov chain of scenes. In each, both mice have an activity that says where to walk, how fast and
which way to face. What a mouse does alone (`SOLO`) is a chain of its own. Lengths are in pixels, or in body lengths
where the name says so; angles are in radians.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np

from harness.recording import Array

FPS = 30
WIDTH, HEIGHT = 1024, 570
MARGIN = 45
"""How near to the edge of the picture the middle of a mouse comes."""
RESIDENT, INTRUDER = 0, 1
LONGEST_RUN = 4.0
"""Seconds after which a mouse that has not reached the other gives up."""


class Activity(IntEnum):
    """What one mouse does at one frame."""

    SOLO = 0
    ROAM = 1
    REST = 2
    GROOM = 3
    LOOK = 4
    REAR = 5
    RUN_AT = 6
    RUN_PAST = 7
    FACE = 8
    TURN_TO = 9
    SNIFF_NECK = 10
    SNIFF_FLANK = 11
    SNIFF_TAIL = 12
    MOUNT = 13
    THRUST = 14
    CLIMB = 15
    HUDDLE = 16
    LEAVE = 17
    DRIFT = 18
    PURSUE = 19
    HOLD = 20
    MEET = 21


A = Activity
T = TypeVar("T")


class Steering(NamedTuple):
    """Where an activity leads: a spot of the mouse's own, a place on the partner, away from it, or nowhere."""

    goal: str
    speed: float
    """Pixels per frame of a mouse of ordinary vigor."""
    ahead: float = 0.0
    """Place along the partner's axis, in body lengths from its middle."""
    aside: float = 0.0
    """Place to the partner's left or right, whichever is nearer, in body lengths."""
    facing: float = 0.0
    """Heading there, relative to the partner's, turned towards the partner."""


STEERING = {
    A.ROAM: Steering("spot", 6.0),
    A.REST: Steering("nowhere", 0.0),
    A.GROOM: Steering("nowhere", 0.0),
    A.LOOK: Steering("nowhere", 0.0),
    A.REAR: Steering("nowhere", 0.0),
    A.RUN_AT: Steering("partner", 13.0),
    A.RUN_PAST: Steering("spot", 13.0),
    A.FACE: Steering("partner", 7.0, ahead=1.04, facing=math.pi),
    A.MEET: Steering("partner", 7.0, ahead=1.06, facing=math.pi),
    A.TURN_TO: Steering("turn", 0.0),
    A.SNIFF_NECK: Steering("partner", 6.0, ahead=0.36, aside=0.62, facing=math.pi * 0.62),
    A.SNIFF_FLANK: Steering("partner", 6.0, ahead=-0.1, aside=0.66, facing=math.pi * 0.5),
    A.SNIFF_TAIL: Steering("partner", 7.0, ahead=-0.98, aside=0.12, facing=0.1),
    A.MOUNT: Steering("partner", 17.0, ahead=-0.34),
    A.THRUST: Steering("partner", 10.0, ahead=-0.3),
    A.CLIMB: Steering("partner", 11.0, ahead=-0.12, aside=0.3, facing=math.pi * 0.3),
    A.HUDDLE: Steering("partner", 4.0, ahead=-0.12, aside=0.34),
    A.LEAVE: Steering("away", 12.0),
    A.DRIFT: Steering("away", 3.5),
    A.PURSUE: Steering("partner", 15.0, ahead=-0.85),
    A.HOLD: Steering("ahead", 0.5),
}

SOLO_SECONDS = {A.ROAM: 1.8, A.REST: 2.0, A.GROOM: 2.6, A.LOOK: 2.0, A.REAR: 1.1}
"""Median duration of what a mouse does alone."""


class Scene(NamedTuple):
    """What both mice do for a while, and which scenes may follow."""

    resident: Activity
    intruder: Activity
    seconds: float
    """Median duration; a scene that ends in `contact`, `near` or `apart` lasts until then, or is given up."""
    until: str
    then: Mapping[str, float]
    """Following scene to its weight."""


_AFTER_CONTACT = {"disengage": 1.5, "linger": 1.2, "slip_away": 1.5, "turn_round": 1.0}

SCENES = {
    "apart": Scene(
        A.SOLO, A.SOLO, 2.0, "time",
        {"approach": 2.4, "stop_short": 1.1, "pass_by": 0.8, "visit": 1.8, "follow": 1.0, "sniff_face": 2.0,
         "nosed": 1.5, "face_off": 1.0, "sniff_tail": 1.0, "huddle": 1.0, "apart": 1.0},
    ),
    "approach": Scene(
        A.RUN_AT, A.SOLO, 0.0, "contact",
        {"sniff_face": 6.0, "face_off": 3.0, "sniff_neck": 2.5, "sniff_flank": 1.5, "sniff_tail": 1.5, "mount_attempt": 2.5, "chase": 0.5,
         "climb": 1.0, "intromission": 3.0},
    ),
    "stop_short": Scene(A.RUN_AT, A.SOLO, 0.0, "near", {"watch": 1.5, "apart": 1.0, "veer": 1.0}),
    "veer": Scene(A.LEAVE, A.SOLO, 0.8, "time", {"apart": 1.0}),
    "watch": Scene(A.LOOK, A.SOLO, 1.2, "time", {"apart": 1.0, "approach": 0.3}),
    "pass_by": Scene(A.RUN_PAST, A.SOLO, 1.3, "time", {"apart": 1.0}),
    "visit": Scene(
        A.SOLO, A.RUN_AT, 0.0, "contact",
        {"sniff_face": 4.0, "nosed": 5.0, "visited": 1.5, "slip_away": 1.5, "sniff_flank": 0.8},
    ),
    "visited": Scene(A.SOLO, A.SNIFF_NECK, 1.2, "time", {"slip_away": 1.5, "sniff_face": 0.5, "disengage": 0.5}),
    "sniff_face": Scene(A.FACE, A.TURN_TO, 1.5, "time", {"sniff_flank": 1.0, "sniff_tail": 0.7, **_AFTER_CONTACT}),
    "face_off": Scene(A.MEET, A.TURN_TO, 1.2, "time", {"sniff_neck": 0.5, "sniff_face": 0.3, **_AFTER_CONTACT}),
    "nosed": Scene(A.REST, A.FACE, 1.4, "time", {"slip_away": 1.5, "sniff_face": 0.4, "disengage": 0.5}),
    "sniff_neck": Scene(A.SNIFF_NECK, A.SOLO, 1.0, "time", {"sniff_face": 1.2, "sniff_tail": 0.7, **_AFTER_CONTACT}),
    "sniff_flank": Scene(A.SNIFF_FLANK, A.SOLO, 1.1, "time", {"sniff_tail": 1.0, "huddle": 1.5, **_AFTER_CONTACT}),
    "sniff_tail": Scene(
        A.SNIFF_TAIL, A.SOLO, 1.3, "time",
        {"mount_attempt": 4.0, "intromission": 11.0, "ride": 4.0, "chase": 0.6, "climb": 0.8, **_AFTER_CONTACT},
    ),
    "mount_attempt": Scene(
        A.MOUNT, A.HOLD, 0.6, "time", {"chase": 1.5, "sniff_tail": 1.0, "slip_away": 1.0, "disengage": 0.5},
    ),
    "intromission": Scene(A.THRUST, A.HOLD, 5.0, "time", {"disengage": 1.0, "sniff_tail": 0.7, "slip_away": 1.0}),
    "ride": Scene(A.MOUNT, A.HOLD, 2.2, "time", {"intromission": 0.6, "sniff_tail": 1.0, "slip_away": 1.0, "disengage": 0.6}),
    "climb": Scene(A.CLIMB, A.HOLD, 0.7, "time", {"sniff_flank": 1.0, **_AFTER_CONTACT}),
    "huddle": Scene(A.HUDDLE, A.REST, 2.5, "time", {"linger": 1.0, "disengage": 1.0, "slip_away": 1.0}),
    "chase": Scene(A.PURSUE, A.LEAVE, 1.5, "time", {"apart": 1.0, "sniff_tail": 1.0, "mount_attempt": 0.5}),
    "follow": Scene(A.PURSUE, A.ROAM, 2.0, "time", {"apart": 1.0, "sniff_tail": 1.0}),
    "disengage": Scene(A.LEAVE, A.SOLO, 0.0, "apart", {"apart": 1.0}),
    "linger": Scene(A.DRIFT, A.SOLO, 1.2, "time", {"apart": 1.0}),
    "turn_round": Scene(A.LEAVE, A.SOLO, 0.35, "time", {"watch": 1.0, "sniff_flank": 1.0}),
    "slip_away": Scene(A.LOOK, A.LEAVE, 0.0, "apart", {"apart": 1.0}),
}  # fmt: skip


@dataclass(frozen=True)
class Individual:
    """One mouse: its size and manners."""

    length: float
    """Nose to tail base, in pixels."""
    vigor: float
    """Factor of its speeds."""
    groom_hz: float
    thrust_hz: float
    reared: float
    """What is left of its length, seen from above, when it rears."""
    reach: float
    """How near it must come to touch, in body lengths."""
    solo: Mapping[Activity, float]
    """Weight of each thing it does alone."""


@dataclass(frozen=True)
class Session:
    """What happened, before anybody filmed it."""

    mice: tuple[Individual, Individual]
    center: Array
    """(frames, mouse, xy)"""
    heading: Array
    """(frames, mouse)"""
    activity: Array
    """int8 (frames, mouse)"""
    scene: Array
    """Name of the scene (frames,); one that was given up is called `given_up`."""


class _Mouse:
    """The moving state of one mouse."""

    def __init__(self, individual: Individual, x: float, y: float, heading: float) -> None:
        self.individual = individual
        self.x, self.y, self.heading, self.speed = x, y, heading, 0.0
        self.activity = A.ROAM
        self.solo_until = 0
        self.spot = (x, y)
        self.pace = 1.0
        self.place = 1.0

    def gap(self, other: "_Mouse") -> float:
        """Distance of the two middles, in mean body lengths."""
        length = (self.individual.length + other.individual.length) / 2
        return math.hypot(self.x - other.x, self.y - other.y) / length

    def touches(self, other: "_Mouse") -> bool:
        """Whether its nose is at the other's body axis."""
        half = self.individual.length / 2
        x = self.x + math.cos(self.heading) * half - other.x
        y = self.y + math.sin(self.heading) * half - other.y
        cos, sin = math.cos(other.heading), math.sin(other.heading)
        along = max(abs(x * cos + y * sin) - other.individual.length / 2, 0.0)
        return math.hypot(along, y * cos - x * sin) < self.individual.reach * self.individual.length


def perform(
    mice: tuple[Individual, Individual], mood: Mapping[str, float], frames: int, rng: np.random.Generator
) -> Session:
    """Let two mice meet for `frames` frames; `mood` multiplies the weights of scenes."""
    resident = _Mouse(mice[0], WIDTH * 0.25, rng.uniform(150, HEIGHT - 150), rng.uniform(-3, 3))
    intruder = _Mouse(mice[1], WIDTH * 0.75, rng.uniform(150, HEIGHT - 150), rng.uniform(-3, 3))
    wobble = _wobble(frames, rng)
    name, started, lasts, limit = "apart", 0, _seconds(1.5, rng), 0.0
    track, scenes = [], []
    for frame in range(frames):
        over = _over(SCENES[name], resident, intruder, limit)
        if over or frame - started >= lasts:
            reached = over or SCENES[name].until == "time"
            scenes += [name if reached else "given_up"] * (frame - started)
            name = _next(SCENES[name].then, mood, resident, intruder, rng) if reached else "apart"
            started, (lasts, limit) = frame, _begin(SCENES[name], resident, intruder, rng)
        for mouse, role in ((resident, SCENES[name].resident), (intruder, SCENES[name].intruder)):
            if role is A.SOLO and frame >= mouse.solo_until:
                mouse.solo_until = frame + _choose_solo(mouse, rng)
        _step(resident, intruder, wobble[frame][0], rng)
        _step(intruder, resident, wobble[frame][1], rng)
        if SCENES[name].resident not in _OVERLAPPING:
            _separate(resident, intruder)
        track.append((resident.x, resident.y, resident.heading, resident.activity,
                      intruder.x, intruder.y, intruder.heading, intruder.activity))  # fmt: skip
    scenes += [name if SCENES[name].until == "time" else "given_up"] * (frames - started)
    table = np.array(track).reshape(frames, 2, 4)
    return Session(mice, table[:, :, :2], table[:, :, 2], table[:, :, 3].astype(np.int8), np.array(scenes))


_OVERLAPPING = (A.MOUNT, A.THRUST, A.CLIMB)


def _wobble(frames: int, rng: np.random.Generator) -> list[list[float]]:
    """Slow wandering of the two headings, radians per frame."""
    kernel = np.hanning(23)[1:-1]
    noise = rng.normal(size=(2, frames + len(kernel) - 1))
    slow = [np.convolve(row, kernel / np.linalg.norm(kernel), "valid") for row in noise]
    wobble: list[list[float]] = (0.035 * np.stack(slow, axis=1)).tolist()
    return wobble


def _seconds(median: float, rng: np.random.Generator, spread: float = 0.6) -> int:
    """A log-normal duration in frames, 0.3 s at least."""
    return max(round(median * FPS * math.exp(spread * rng.normal())), 9)


def _over(scene: Scene, resident: _Mouse, intruder: _Mouse, limit: float) -> bool:
    if scene.until == "contact":
        return resident.touches(intruder) if scene.resident is A.RUN_AT else intruder.touches(resident)
    if scene.until == "near":
        return resident.gap(intruder) < limit
    return scene.until == "apart" and resident.gap(intruder) > limit


def _next(
    then: Mapping[str, float], mood: Mapping[str, float], resident: _Mouse, intruder: _Mouse, rng: np.random.Generator
) -> str:
    """Draw the following scene; nobody runs at a mouse that is already close."""
    gap = resident.gap(intruder)
    open_to = [name for name in then if _within_reach(SCENES[name], gap)]
    return _draw(open_to, [then[name] * mood.get(name, 1.0) for name in open_to], rng)


_BESIDE = {activity for activity, steering in STEERING.items() if steering.goal == "partner"}


def _within_reach(scene: Scene, gap: float) -> bool:
    """Whether mice this far apart can begin a scene: nobody runs at a near mouse, nor sniffs at a far one."""
    if scene.until in ("contact", "near"):
        return gap > 2.0
    return gap < 2.5 or not {scene.resident, scene.intruder} & _BESIDE


def _draw(items: list[T], weights: list[float], rng: np.random.Generator) -> T:
    mark = rng.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        mark -= weight
        if mark < 0:
            return item
    return items[-1]


def _begin(scene: Scene, resident: _Mouse, intruder: _Mouse, rng: np.random.Generator) -> tuple[int, float]:
    """Give both mice their parts; how many frames the scene may last, and the gap that ends it."""
    for mouse, partner, role in ((resident, intruder, scene.resident), (intruder, resident, scene.intruder)):
        if role is A.SOLO:
            if mouse.activity not in SOLO_SECONDS:
                mouse.solo_until = 0
        else:
            _take_up(mouse, role, rng)
            mouse.spot = _beyond(mouse, partner, rng) if role is A.RUN_PAST else mouse.spot
    limit = rng.uniform(1.2, 1.8) if scene.until == "near" else rng.uniform(1.5, 2.3)
    return (_seconds(scene.seconds, rng) if scene.until == "time" else round(LONGEST_RUN * FPS)), limit


def _take_up(mouse: _Mouse, activity: Activity, rng: np.random.Generator) -> None:
    mouse.activity = activity
    mouse.pace = math.exp(0.3 * rng.normal()) * mouse.individual.vigor
    mouse.place = 1 + 0.08 * rng.normal()


def _choose_solo(mouse: _Mouse, rng: np.random.Generator) -> int:
    """Let a mouse choose what to do alone; for how many frames."""
    wall = min(mouse.x, WIDTH - mouse.x, mouse.y, HEIGHT - mouse.y) < MARGIN + 45
    weights = dict(mouse.individual.solo)
    if not wall:
        weights[A.REAR] *= 0.15
    _take_up(mouse, _draw(list(weights), list(weights.values()), rng), rng)
    mouse.spot = _somewhere(rng)
    return _seconds(SOLO_SECONDS[mouse.activity], rng)


def _somewhere(rng: np.random.Generator) -> tuple[float, float]:
    """A place to walk to, more often along a wall than in the open."""
    x, y = rng.uniform(MARGIN, WIDTH - MARGIN), rng.uniform(MARGIN, HEIGHT - MARGIN)
    if rng.random() < 0.7:
        y = MARGIN if rng.random() < 0.5 else HEIGHT - MARGIN
    return x, y


def _beyond(mouse: _Mouse, partner: _Mouse, rng: np.random.Generator) -> tuple[float, float]:
    """A place behind the partner, far enough to one side that the way there leads past it."""
    x, y = partner.x - mouse.x, partner.y - mouse.y
    far = max(math.hypot(x, y), 1.0)
    aside = rng.choice((-1.0, 1.0)) * rng.uniform(120, 180)
    return _inside(partner.x + (x * 120 - y * aside) / far, partner.y + (y * 120 + x * aside) / far)


def _inside(x: float, y: float) -> tuple[float, float]:
    return min(max(x, MARGIN), WIDTH - MARGIN), min(max(y, MARGIN), HEIGHT - MARGIN)


def _goal(mouse: _Mouse, partner: _Mouse, steering: Steering) -> tuple[float, float, float]:
    """The place a mouse walks to, and the heading it wants there."""
    if steering.goal == "partner":
        cos, sin = math.cos(partner.heading), math.sin(partner.heading)
        side = 1.0 if (mouse.y - partner.y) * cos > (mouse.x - partner.x) * sin else -1.0
        length = mouse.place * (mouse.individual.length + partner.individual.length) / 2
        ahead, aside = steering.ahead * length, side * steering.aside * length
        x, y = partner.x + ahead * cos - aside * sin, partner.y + ahead * sin + aside * cos
        return x, y, partner.heading - side * steering.facing
    if steering.goal == "spot":
        return *mouse.spot, mouse.heading
    if steering.goal == "away":
        away = math.atan2(mouse.y - partner.y, mouse.x - partner.x)
        return *_inside(mouse.x + 150 * math.cos(away), mouse.y + 150 * math.sin(away)), mouse.heading
    if steering.goal == "ahead":
        return *_inside(mouse.x + 50 * math.cos(mouse.heading), mouse.y + 50 * math.sin(mouse.heading)), mouse.heading
    facing = math.atan2(partner.y - mouse.y, partner.x - mouse.x) if steering.goal == "turn" else mouse.heading
    return mouse.x, mouse.y, facing


def _step(mouse: _Mouse, partner: _Mouse, wobble: float, rng: np.random.Generator) -> None:
    """Move one mouse by one frame: it turns towards its way, and side-steps once it is close to its goal."""
    steering = STEERING[mouse.activity]
    x, y, facing = _goal(mouse, partner, steering)
    x, y = x - mouse.x, y - mouse.y
    distance = math.hypot(x, y)
    walking = distance > 0.35 * mouse.individual.length
    error = _wrapped((math.atan2(y, x) if walking else facing) - mouse.heading)
    brisk = 0.12 + 0.012 * steering.speed * mouse.pace
    mouse.heading = _wrapped(mouse.heading + min(max(0.35 * error, -brisk), brisk) + wobble * (1.0 if walking else 0.3))
    wanted = min(steering.speed * mouse.pace, 0.3 * distance)
    if walking:
        wanted *= max(math.cos(error), 0.1)
    elif mouse.activity is A.ROAM and distance < 25:
        mouse.spot = _somewhere(rng)
    mouse.speed += 0.3 * (wanted - mouse.speed)
    way = mouse.heading if walking or distance < 1 else math.atan2(y, x)
    mouse.x, mouse.y = _inside(mouse.x + mouse.speed * math.cos(way), mouse.y + mouse.speed * math.sin(way))


def _separate(resident: _Mouse, intruder: _Mouse) -> None:
    """Push two mice apart that stand in one another."""
    x, y = intruder.x - resident.x, intruder.y - resident.y
    apart = math.hypot(x, y)
    wanted = 0.15 * (resident.individual.length + intruder.individual.length)
    if 0 < apart < wanted:
        push = 0.25 * (wanted - apart) / apart
        resident.x, resident.y = _inside(resident.x - push * x, resident.y - push * y)
        intruder.x, intruder.y = _inside(intruder.x + push * x, intruder.y + push * y)


def _wrapped(angle: float) -> float:
    return (angle + math.pi) % math.tau - math.pi
