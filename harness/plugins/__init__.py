"""The contract of feature sets, model families and smoothers, how they are found, and the ranges they are searched in.

Plugins import from here by the names below. No plugin stands here, and nothing that runs one.
"""

from harness.files.arrays import arrays_in, bytes_of
from harness.plugins.boosting import Boosted
from harness.plugins.contract import (
    Classifier,
    Columns,
    Fitted,
    SavedClassifier,
    SparingClassifier,
    StagedClassifier,
    SteppedClassifier,
)
from harness.plugins.loading import load_plugins
from harness.plugins.readers import (
    Annotations,
    Bout,
    Tracks,
    annotation_reader,
    pose_reader,
)
from harness.plugins.registry import (
    FEATURES,
    MODELS,
    SMOOTHERS,
    feature_set,
    model_family,
    only_file,
    sequence_family,
    smoother,
)
from harness.plugins.sequences import SequenceModel, Series
from harness.plugins.writers import (
    LABEL_WRITERS,
    Act,
    Asked,
    Labelled,
    label_writer,
)

__all__ = [
    "FEATURES",
    "LABEL_WRITERS",
    "MODELS",
    "SMOOTHERS",
    "Act",
    "Annotations",
    "Asked",
    "Boosted",
    "Bout",
    "Classifier",
    "Columns",
    "Fitted",
    "Labelled",
    "SavedClassifier",
    "SequenceModel",
    "Series",
    "SparingClassifier",
    "StagedClassifier",
    "SteppedClassifier",
    "Tracks",
    "annotation_reader",
    "arrays_in",
    "bytes_of",
    "feature_set",
    "label_writer",
    "load_plugins",
    "model_family",
    "only_file",
    "pose_reader",
    "sequence_family",
    "smoother",
]
