"""From a few labelled pose recordings per behavior, the best detector for each, and labels for all the others.

    data = harness.load("my-data")
    run = harness.search(data, trials=200)
    detectors = harness.fit(run)

A name is looked up when it is first used, so that importing this loads nothing else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from harness.version import __version__

if TYPE_CHECKING:
    from harness.api.available import available, cache
    from harness.api.calibrating import Calibration, calibrate
    from harness.api.converting import convert
    from harness.api.datasets import Checked, Scores, check, demo_data, load, load_recordings, score
    from harness.api.detectors import Detector, Detectors, open_detectors, predict
    from harness.api.doctor import Examination, doctor
    from harness.api.export import Export, export_best, fit
    from harness.api.importing import Import, ImportRefused, import_files, load_annotations, load_poses
    from harness.api.labels import Written, label
    from harness.api.numbers import Summary, summary
    from harness.api.pages import learning_curve, report
    from harness.api.run import Comparison, Run, compare, open_run
    from harness.api.search import SearchInterrupted, search
    from harness.dataset import Dataset
    from harness.errors import DataError, HarnessError, NothingToRankError
    from harness.examining.findings import Finding
    from harness.recording import Recording, Skeleton

_HOMES = {
    "api.available": ("available", "cache"),
    "api.calibrating": ("Calibration", "calibrate"),
    "api.converting": ("convert",),
    "api.datasets": ("Checked", "Scores", "check", "demo_data", "load", "load_recordings", "score"),
    "api.detectors": ("Detector", "Detectors", "open_detectors", "predict"),
    "api.doctor": ("Examination", "doctor"),
    "api.export": ("Export", "export_best", "fit"),
    "api.importing": ("Import", "ImportRefused", "import_files", "load_annotations", "load_poses"),
    "api.labels": ("Written", "label"),
    "api.numbers": ("Summary", "summary"),
    "api.pages": ("learning_curve", "report"),
    "api.run": ("Comparison", "Run", "compare", "open_run"),
    "api.search": ("SearchInterrupted", "search"),
    "api.suggesting": ("Suggestions", "suggest"),
    "errors": ("DataError", "HarnessError", "NothingToRankError"),
    "examining.findings": ("Finding",),
    "dataset": ("Dataset",),
    "recording": ("Recording", "Skeleton"),
}
"""By module, the names that are looked up there."""

_HOME_OF = {name: f"harness.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [
    "Calibration",
    "Checked",
    "Comparison",
    "DataError",
    "Dataset",
    "Detector",
    "Detectors",
    "Examination",
    "Export",
    "Finding",
    "HarnessError",
    "Import",
    "ImportRefused",
    "NothingToRankError",
    "Recording",
    "Run",
    "Scores",
    "SearchInterrupted",
    "Skeleton",
    "Suggestions",
    "Summary",
    "Written",
    "__version__",
    "available",
    "cache",
    "calibrate",
    "check",
    "compare",
    "convert",
    "demo_data",
    "doctor",
    "export_best",
    "fit",
    "import_files",
    "label",
    "learning_curve",
    "load",
    "load_annotations",
    "load_poses",
    "load_recordings",
    "open_detectors",
    "open_run",
    "predict",
    "report",
    "score",
    "search",
    "suggest",
    "summary",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
