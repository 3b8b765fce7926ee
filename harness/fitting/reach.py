"""How far anything that is searched looks from its frame: so wide are the gaps between blocks."""

from collections.abc import Sequence

from harness.plugins.contract import SequenceFamily
from harness.plugins.registry import SMOOTHERS, feature_set_named, model_family_named
from harness.plugins.spaces import Spaces
from harness.spec import PipelineSpec, Preparation


def reach_seconds(features: Sequence[str], spaces: Spaces, sequences: Sequence[SequenceFamily] = ()) -> float:
    """The farthest that anything searched looks from its frame: a feature and its window, a
    feature and a model that sees recordings whole, or a smoother."""
    every = [Preparation(windows=str(one)).window_seconds for one in spaces.preparation["windows"].choices]
    windows = [max(widths, default=0.0) / 2 for widths in every]
    around = max(windows + [one.reach_seconds for one in sequences])
    seen = max(feature_set_named(name).reach_seconds for name in features) + around
    return max(seen, *(smoother.reach_seconds for smoother in SMOOTHERS.values()))


def reach_of(spec: PipelineSpec) -> float:
    """The farthest that one pipeline looks from a frame, in seconds."""
    family = model_family_named(spec.model.name)
    around = [seconds / 2 for seconds in spec.preparation.window_seconds]
    around += [family.reach_seconds] if isinstance(family, SequenceFamily) else []
    features = [feature_set_named(choice.name).reach_seconds for choice in spec.features]
    return max(features, default=0.0) + max(around, default=0.0)
