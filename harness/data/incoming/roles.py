"""Which parts play the roles that features ask for, by what trackers' projects call them."""

import re
from collections.abc import Sequence

from harness.recording import ROLES, Skeleton

KNOWN = {
    "nose": ("nose", "snout", "nosetip", "tipofnose", "nosepoint", "muzzle"),
    "left_ear": ("leftear", "earleft", "lear", "earl", "leftearbase", "leftearmiddle", "lefteartip"),
    "right_ear": ("rightear", "earright", "rear", "earr", "rightearbase", "rightearmiddle", "righteartip"),
    "neck": ("neck", "baseneck", "neckbase", "nape", "upperneck", "midneck"),
    "left_hip": (
        "lefthip",
        "hipleft",
        "lhip",
        "hipl",
        "leftside",
        "lateralleft",
        "leftlateral",
        "bodyleft",
        "leftflank",
    ),
    "right_hip": (
        *("righthip", "hipright", "rhip", "hipr"),
        *("rightside", "lateralright", "rightlateral", "bodyright", "rightflank"),
    ),
    "tail_base": ("tailbase", "basetail", "baseoftail", "tti", "tailstart", "tailroot", "tail1", "tailb", "tail"),
}
"""Role to the names that it goes by, the surer first, in small letters without anything between them."""


def skeleton_of(parts: Sequence[str]) -> Skeleton:
    """The parts, with the roles that their names tell; each part plays one at most."""
    plain = [re.sub(r"[^a-z0-9]", "", part.lower()) for part in parts]
    if "lear" not in plain:
        plain = ["" if name == "rear" else name for name in plain]  # the end of the body, not `R_ear`
    found: dict[str, int] = {}
    for role in ROLES:
        place = next((plain.index(name) for name in KNOWN[role] if plain.count(name) == 1), None)
        if place is not None and place not in found.values():
            found[role] = place
    return Skeleton(tuple(parts), found)
