"""How far anything that is searched looks from its frame: so wide are the gaps between blocks."""

from collections.abc import Sequence

from harness.plugins.registry import SMOOTHERS, feature_set_named
from harness.plugins.spaces import Spaces
from harness.spec import Preparation


def reach_seconds(features: Sequence[str], spaces: Spaces) -> float:
    """The farthest that anything searched looks from its frame: a feature and its window, or a smoother."""
    every = [Preparation(windows=str(one)).window_seconds for one in spaces.preparation["windows"].choices]
    windows = [max(widths, default=0.0) / 2 for widths in every]
    seen = max(feature_set_named(name).reach_seconds for name in features) + max(windows)
    return max(seen, *(smoother.reach_seconds for smoother in SMOOTHERS.values()))
