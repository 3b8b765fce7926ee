"""What the demo's mice do: activities that steer one mouse, and scenes of the two that follow one another.

Five scenes become labelled behaviors (`approach`, `disengage`, `intromission`, `mount_attempt`, `sniff_face`), and two
things a mouse does alone (the resident's `GROOM`, the intruder's `REAR`). Most of the rest is there to be mistaken for
them. Places and gaps are in body lengths, angles in radians.
"""

import math
from collections.abc import Mapping
from enum import IntEnum, auto
from typing import NamedTuple


class Activity(IntEnum):
    """What one mouse does at one frame."""

    SOLO = 0
    """Whatever it chooses to do alone; this is a part in a scene, and no frame has it."""
    ROAM = auto()
    REST = auto()
    GROOM = auto()
    LOOK = auto()
    REAR = auto()
    RUN_AT = auto()
    RUN_PAST = auto()
    FACE = auto()
    MEET = auto()
    TURN_TO = auto()
    SNIFF_NECK = auto()
    SNIFF_FLANK = auto()
    SNIFF_TAIL = auto()
    MOUNT = auto()
    THRUST = auto()
    CLIMB = auto()
    HUDDLE = auto()
    HOLD = auto()
    LEAVE = auto()
    DRIFT = auto()
    PURSUE = auto()


A = Activity


class Steering(NamedTuple):
    """Where an activity leads, how fast, and which way to face there."""

    goal: str
    """`partner`: a place beside it; `spot`: a place of its own; `away` from the partner; straight `ahead`; `stay`; or
    `turn`: stay, facing the partner."""
    speed: float = 0.0
    """Pixels per frame, for a mouse of ordinary vigor."""
    ahead: float = 0.0
    """Where beside the partner: along its axis, from its middle."""
    aside: float = 0.0
    """Where beside the partner: to its left or right, whichever is nearer."""
    facing: float = 0.0
    """Heading there, against the partner's, turned in towards it."""


STEERING = {
    A.ROAM: Steering("spot", 6.0),
    A.REST: Steering("stay"),
    A.GROOM: Steering("stay"),
    A.LOOK: Steering("stay"),
    A.REAR: Steering("stay"),
    A.RUN_AT: Steering("partner", 13.0),
    A.RUN_PAST: Steering("spot", 13.0),
    A.FACE: Steering("partner", 7.0, ahead=1.04, facing=math.pi),
    A.MEET: Steering("partner", 7.0, ahead=1.06, facing=math.pi),
    A.TURN_TO: Steering("turn"),
    A.SNIFF_NECK: Steering("partner", 6.0, ahead=0.36, aside=0.62, facing=0.62 * math.pi),
    A.SNIFF_FLANK: Steering("partner", 6.0, ahead=-0.1, aside=0.66, facing=0.5 * math.pi),
    A.SNIFF_TAIL: Steering("partner", 7.0, ahead=-0.98, aside=0.12, facing=0.1),
    A.MOUNT: Steering("partner", 17.0, ahead=-0.34),
    A.THRUST: Steering("partner", 10.0, ahead=-0.3),
    A.CLIMB: Steering("partner", 11.0, ahead=-0.12, aside=0.3, facing=0.3 * math.pi),
    A.HUDDLE: Steering("partner", 4.0, ahead=-0.12, aside=0.34),
    A.HOLD: Steering("ahead", 0.5),
    A.LEAVE: Steering("away", 12.0),
    A.DRIFT: Steering("away", 3.5),
    A.PURSUE: Steering("partner", 15.0, ahead=-0.85),
}

OVERLAPPING = (A.MOUNT, A.THRUST, A.CLIMB)
"""Activities in which one mouse stands over the other."""

SOLO_SECONDS = {A.ROAM: 1.8, A.REST: 2.0, A.GROOM: 2.6, A.LOOK: 2.0, A.REAR: 1.1}
"""Median duration of what a mouse does alone."""


class Scene(NamedTuple):
    """What both mice do for a while, and what may follow."""

    resident: Activity
    intruder: Activity
    then: Mapping[str, float]
    """Following scene to its weight."""
    seconds: float = 0.0
    """Median duration, where `until` is `time`."""
    until: str = "time"
    """`time`, `contact` (the running mouse's nose reaches the other), `near` or `apart` (some gap between the mice)."""


_PARTING = {"disengage": 1.5, "linger": 1.2, "slip_away": 1.5, "turn_round": 1.0}

SCENES = {
    "apart": Scene(
        A.SOLO, A.SOLO,
        {"approach": 2.4, "stop_short": 1.4, "pass_by": 0.8, "visit": 1.8, "follow": 1.0, "sniff_face": 2.0,
         "nosed": 1.5, "face_off": 1.0, "sniff_tail": 1.0, "huddle": 1.0, "apart": 1.0},
        seconds=2.0,
    ),
    "approach": Scene(
        A.RUN_AT, A.SOLO,
        {"sniff_face": 6.0, "face_off": 3.0, "sniff_neck": 2.5, "sniff_flank": 1.5, "sniff_tail": 1.5,
         "mount_attempt": 4.0, "chase": 0.5, "climb": 1.0, "intromission": 3.0},
        until="contact",
    ),
    "stop_short": Scene(A.RUN_AT, A.SOLO, {"watch": 1.5, "apart": 1.0, "veer": 1.0}, until="near"),
    "veer": Scene(A.LEAVE, A.SOLO, {"apart": 1.0}, seconds=0.8),
    "watch": Scene(A.LOOK, A.SOLO, {"apart": 1.0, "approach": 0.3}, seconds=1.2),
    "pass_by": Scene(A.RUN_PAST, A.SOLO, {"apart": 1.0}, seconds=1.3),
    "visit": Scene(
        A.SOLO, A.RUN_AT,
        {"sniff_face": 4.0, "nosed": 5.0, "visited": 1.5, "slip_away": 1.5, "sniff_flank": 0.8},
        until="contact",
    ),
    "visited": Scene(
        A.SOLO, A.SNIFF_NECK, {"slip_away": 1.5, "sniff_face": 0.5, "disengage": 0.5}, seconds=1.2,
    ),
    "nosed": Scene(A.REST, A.FACE, {"slip_away": 1.5, "sniff_face": 0.4, "disengage": 0.5}, seconds=1.4),
    "face_off": Scene(A.MEET, A.TURN_TO, {"sniff_neck": 0.5, "sniff_face": 0.3, **_PARTING}, seconds=1.2),
    "sniff_face": Scene(A.FACE, A.TURN_TO, {"sniff_flank": 1.0, "sniff_tail": 0.7, **_PARTING}, seconds=1.5),
    "sniff_neck": Scene(A.SNIFF_NECK, A.SOLO, {"sniff_face": 1.2, "sniff_tail": 0.7, **_PARTING}, seconds=1.0),
    "sniff_flank": Scene(A.SNIFF_FLANK, A.SOLO, {"sniff_tail": 1.0, "huddle": 1.5, **_PARTING}, seconds=1.1),
    "sniff_tail": Scene(
        A.SNIFF_TAIL, A.SOLO,
        {"mount_attempt": 7.0, "intromission": 12.0, "ride": 5.0, "chase": 0.6, "climb": 0.8, **_PARTING},
        seconds=1.3,
    ),
    "mount_attempt": Scene(
        A.MOUNT, A.HOLD, {"chase": 1.5, "sniff_tail": 1.0, "slip_away": 1.0, "disengage": 0.5}, seconds=0.6,
    ),
    "intromission": Scene(A.THRUST, A.HOLD, {"disengage": 1.0, "sniff_tail": 0.7, "slip_away": 1.0}, seconds=5.0),
    "ride": Scene(
        A.MOUNT, A.HOLD, {"intromission": 0.6, "sniff_tail": 1.0, "slip_away": 1.0, "disengage": 0.6}, seconds=2.2,
    ),
    "climb": Scene(A.CLIMB, A.HOLD, {"sniff_flank": 1.0, **_PARTING}, seconds=0.7),
    "huddle": Scene(A.HUDDLE, A.REST, {"linger": 1.0, "disengage": 1.0, "slip_away": 1.0}, seconds=2.5),
    "chase": Scene(A.PURSUE, A.LEAVE, {"apart": 1.0, "sniff_tail": 1.0, "mount_attempt": 0.5}, seconds=1.5),
    "follow": Scene(A.PURSUE, A.ROAM, {"apart": 1.0, "sniff_tail": 1.0}, seconds=2.0),
    "disengage": Scene(A.LEAVE, A.SOLO, {"apart": 1.0}, until="apart"),
    "linger": Scene(A.DRIFT, A.SOLO, {"apart": 1.0}, seconds=1.2),
    "turn_round": Scene(A.LEAVE, A.SOLO, {"watch": 1.0, "sniff_flank": 1.0}, seconds=0.35),
    "slip_away": Scene(A.LOOK, A.LEAVE, {"apart": 1.0}, until="apart"),
}  # fmt: skip
