"""Named checks that every plugin must pass, ours and other people's; what the package itself must do is not among them.

Each raises `AssertionError` with what is wrong. In a plugin's own tests:

    @pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
    def test_my_features(check, my_recording):
        check(FEATURES["my_features"], my_recording)

Feature checks take a recording that the set does not refuse; model checks take X (frames, columns) and y (frames,)
that can be learned from; sequence checks take several `Series` of at least two behaviors, and the names of their
columns; smoother checks take probabilities (frames,) and frames per second.
"""

from harness.testing.feature_sets import FEATURE_CHECKS, FeatureCheck, resampled
from harness.testing.model_families import MODEL_CHECKS, ModelCheck
from harness.testing.sequence_families import SEQUENCE_CHECKS, SequenceCheck
from harness.testing.smoothers import SMOOTHER_CHECKS, SmootherCheck

__all__ = [
    "FEATURE_CHECKS",
    "MODEL_CHECKS",
    "SEQUENCE_CHECKS",
    "SMOOTHER_CHECKS",
    "FeatureCheck",
    "ModelCheck",
    "SequenceCheck",
    "SmootherCheck",
    "resampled",
]
