"""What recordings and behaviors may be called."""

import numpy as np

from harness.data.entry import Place, kind
from harness.words import LONGEST_SHOWN

LONGEST_NAME = 1000
"""Letters of a recording's name, which no file is called like: trackers name a video by its path and all settings."""


def is_name(value: object, place: Place, longest: int = LONGEST_SHOWN) -> bool:
    """Whether `value` can be a name: text, or an integer, which stands for its digits."""
    if not isinstance(value, str | int | np.integer) or isinstance(value, bool):
        way = "; '-'.join(map(str, name)) makes it" if isinstance(value, tuple) else ""
        place.report(f"its name is {kind(value)}, expected text{way}")
    elif not str(value).isprintable() or not str(value).strip():
        place.report("its name is empty or has characters that cannot be printed")
    elif len(str(value)) > longest:
        place.report(f"its name has {len(str(value)):,} characters, expected at most {longest:,}")
    else:
        return True
    return False


def is_behavior(value: object, place: Place) -> bool:
    if not is_name(value, place):
        return False
    if {"/", "\\"} & set(str(value)) or str(value) in (".", ".."):
        place.report("the name of a behavior should have no / and no \\, and be more than dots")
        return False
    if str(value) != str(value).strip():
        place.report("the name of a behavior should neither begin nor end in a space")
        return False
    return True
