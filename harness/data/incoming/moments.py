"""From the times of an annotator to the frames of a video."""

import math

EDGE = 1e-6
"""Of a frame, by which a time on its border may miss it: 5.133333 s at 30 frames a second is frame 154."""

APART = 1e-3 + 1e-9
"""Of a frame rate, by which two sources of it may differ: 29.97 may be 30, 25 may not."""

MOST_TRIMMED = 2.0
"""Seconds that annotations may go on after the tracks end."""


def frame_of(seconds: float, fps: float) -> int:
    """The frame that is shown at a time: what is published of BORIS's bouts comes out of it on all 45,749 frames of
    three videos.
    """
    return math.floor(seconds * fps + EDGE)


def frames_of(start: float, stop: float, fps: float | None) -> tuple[int, int]:
    """The first frame of a bout, and the first after it; a bout within one frame keeps that one.

    `fps` is None where the times are frames already.
    """
    first = int(start) if fps is None else frame_of(start, fps)
    last = int(stop) if fps is None else frame_of(stop, fps)
    return first, max(last, first + 1)
