"""What pickled `.npy` files begin with, and what is in them, without running any of it."""

import re
from collections.abc import Mapping
from typing import Any

from harness.data.entry import kind
from harness.data.pickles import read_pickled_npy
from harness.files.source import Source

_OBJECTS = re.compile(rb"\x93NUMPY.{2,8}\{'descr': '\|O'", re.DOTALL)

TRIPLETS = re.compile(rb"K\x03K\x0cK\x02t")
"""In a pickle the end of the shape of MABe 2022's mice: three of them, twelve parts, row and column."""

KEYS = (b"keypoints", b"annotations", b"features")


def holds_recordings(source: Source) -> bool:
    """Whether the file begins as a pickled dict of recordings does."""
    return _OBJECTS.match(source.head) is not None and any(key in source.head for key in KEYS)


def holds_triplets(source: Source) -> bool:
    """Whether the first of its arrays is of three mice with twelve parts."""
    return holds_recordings(source) and TRIPLETS.search(source.head) is not None


def dict_in(source: Source) -> Mapping[Any, Any]:
    """Raises `DataError` where the file holds anything else, or asks for more than data."""
    content = read_pickled_npy(source.path)
    if not isinstance(content, dict) or not content:
        raise source.refusal(f"holds {kind(content)}, expected a dict of recordings")
    return content
