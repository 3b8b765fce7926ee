"""Where all keypoints are, as each animal sees them."""

import numpy as np

from harness.columns import Scene, body_centers, directions, scene, typical_lengths
from harness.plugins import Columns, feature_set
from harness.recording import Array, Recording


@feature_set("egocentric_pose", invariant_to=("translation", "rotation", "scale", "frame_rate"))
def egocentric_pose(recording: Recording, *, view: str = "every") -> Columns:
    """Keypoints of all animals in an animal's own frame, in body lengths.

    The origin is halfway from tail base to neck, +x points to the neck, and +y to the side that +y of the image is
    on when the animal faces +x; a body length is the viewer's median from tail base to neck. Where the skeleton lacks
    neck or tail base, these are its front and rear as all keypoints seen tell them (see `body_axes`). A keypoint that
    is missing is NaN, and so is all that a viewer sees whose own frame is not known.

    `view` is whose frame: `every`, `first` or `second` (the first's where there is no second). The viewer's own neck
    and tail base tell only how far apart they are, so its `neck x` alone is kept.
    """
    here = scene(recording)
    origins, axes = _frames(recording, here)
    turns = directions(axes).conj() / typical_lengths(axes)[:, None]
    viewers = {"every": range(recording.animals), "first": (0,), "second": (min(1, recording.animals - 1),)}[view]
    columns = {}
    for viewer in viewers:
        seen_by = (here.points - origins[viewer]) * turns[viewer]  # (animal, part, frames)
        for animal, part in np.ndindex(*seen_by.shape[:2]):
            name = f"{viewer} sees {animal} {recording.skeleton.keypoints[part]}"
            told = _told_by_frame(here, part) if animal == viewer else ""
            if "x" not in told:
                columns[f"{name} x"] = seen_by[animal, part].real
            if "y" not in told:
                columns[f"{name} y"] = seen_by[animal, part].imag
    return columns


def _frames(recording: Recording, here: Scene) -> tuple[Array, Array]:
    """Each animal's origin and axis (animal, frames)."""
    roles = here.skeleton.roles
    if "neck" in roles and "tail_base" in roles:
        neck, tail_base = here.points[:, roles["neck"]], here.points[:, roles["tail_base"]]
        return (neck + tail_base) / 2, neck - tail_base
    return body_centers(recording, here.points, here.axes), here.axes


def _told_by_frame(here: Scene, part: int) -> str:
    """Coordinates of a viewer's own keypoint that follow from how its frame was chosen."""
    roles = here.skeleton.roles
    if "neck" not in roles or "tail_base" not in roles:
        return ""
    return {roles["neck"]: "y", roles["tail_base"]: "xy"}.get(part, "")
