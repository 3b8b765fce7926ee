"""Where all keypoints are, as each animal sees them."""

import numpy as np

from harness.poses import directions, keypoints_as_points, typical_lengths
from harness.recording import Recording
from harness.registry import Columns, feature_set


@feature_set("egocentric_pose", roles=("neck", "tail_base"), animals=2)
def egocentric_pose(recording: Recording, *, view: str = "every") -> Columns:
    """Keypoints of all animals in an animal's own frame, in body lengths.

    The origin is halfway from tail base to neck, +x points to the neck, and +y to the side that +y of the image is
    on when the animal faces +x; a body length is the viewer's median from tail base to neck. `view` is whose frame:
    `every`, `first` or `second`. The viewer's own neck and tail base tell only how far apart they are, so its
    `neck x` alone is kept.
    """
    points = keypoints_as_points(recording)
    roles = recording.skeleton.roles
    neck, tail_base = points[:, roles["neck"]], points[:, roles["tail_base"]]
    origins, axes = (neck + tail_base) / 2, neck - tail_base
    turns = directions(axes).conj() / typical_lengths(axes)[:, None]
    viewers = {"every": range(recording.animals), "first": (0,), "second": (1,)}[view]
    columns = {}
    for viewer in viewers:
        seen_by = (points - origins[viewer]) * turns[viewer]  # (animal, part, frames)
        for animal, part in np.ndindex(*seen_by.shape[:2]):
            name = f"{viewer} sees {animal} {recording.skeleton.keypoints[part]}"
            if animal != viewer or part not in (roles["neck"], roles["tail_base"]):
                columns[f"{name} x"] = seen_by[animal, part].real
                columns[f"{name} y"] = seen_by[animal, part].imag
            elif part == roles["neck"]:
                columns[f"{name} x"] = seen_by[animal, part].real
    return columns
