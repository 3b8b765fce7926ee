"""Detectors that were kept earlier as columns for others: what they say of a recording tells of related behaviors.

Nothing leaks: of a recording that shows footage which taught a helper, its columns are missing. There it would repeat
labels that it has learned by heart, perhaps those that the new detector is judged by.
"""

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import HarnessError
from harness.labelling.detectors import (
    FILE,
    TAUGHT,
    Blends,
    Member,
    described,
    files_in,
    odd_versions,
    read_detectors,
)
from harness.labelling.labeller import Labeller
from harness.labelling.matching import alike
from harness.labelling.taught import shows
from harness.plugins.contract import Columns, FeatureSet, Fitted, SequenceFamily
from harness.plugins.loading import PluginFile
from harness.plugins.registry import FEATURES, feature_set_named, model_family_named
from harness.recording import Array, Recording
from harness.words import listed

PREFIX = "helpers_"
"""What the names of such feature sets begin with."""

CERTAIN = 1e-4
"""Probabilities nearer to 0 or 1 than this are taken for this."""


@dataclass(frozen=True, slots=True)
class HelperModels(PluginFile):
    """A folder of kept detectors, which registers as a feature set."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, path: Path) -> "HelperModels":
        """Raises `HarnessError` where the folder holds no detectors, or some that do not say what taught them."""
        known_again(path)
        odd_versions(path)
        files = files_in(path)
        if TAUGHT not in files:
            raise HarnessError(
                f"--helpers {path}: kept by an earlier version, which did not say what they learned from; "
                "make them anew with export-best --models"
            )
        return cls(path, path.resolve(), files[FILE], files)

    @property
    def name(self) -> str:
        """Of the feature set; another for other detectors."""
        return f"{PREFIX}{hashlib.sha256(self.source).hexdigest()[:8]}"

    def load(self) -> None:
        there = FEATURES.get(self.name)
        if there is None or there.fit is None:
            FEATURES[self.name] = HelperSet.of(self)


@dataclass(frozen=True)
class HelperSet(FeatureSet):
    """What kept detectors say, as a feature set; what it has learned are their files."""

    helpers: "Helpers | None" = None
    """None where the set is only used again, with the files that lie beside what it was used for."""

    @classmethod
    def of(cls, models: HelperModels) -> "HelperSet":
        helpers = _detectors(models.files)
        arrays = {name: np.frombuffer(content, np.uint8) for name, content in models.files.items()}

        def files(recordings: Iterable[Recording]) -> Fitted:
            del recordings
            return arrays

        return cls(models.name, said, fit=files, as_filmed=True, reach_seconds=helpers.reach_seconds, helpers=helpers)

    @cached_property
    def source_version(self) -> str:
        return self.name  # which tells the detectors apart

    def refusal(self, *recordings: Recording) -> str | None:
        if self.helpers is None:
            return "is known from models that were kept with it alone"
        try:
            ready = alike(recordings, self.helpers.body, "the helpers")
        except HarnessError as error:
            return error.lines[0]
        if not {one.scope for one in self.helpers.blends.by_behavior.values()} & {one.scope for one in recordings}:
            return "none of its behaviors is of whom these are of (the scene, one animal, a pair)"
        if all(self.helpers.taught_by(one) for one in ready):
            return "has learned from all of these recordings, of which it could only repeat what it was told"
        return None

    def remarks(self, *recordings: Recording) -> list[str]:
        assert self.helpers is not None
        ready = alike(recordings, self.helpers.body, "the helpers")
        known = list(dict.fromkeys(one.id for one in ready if self.helpers.taught_by(one)))
        lines = [f"{self.name}: what detectors of {listed(list(self.helpers.blends.by_behavior))} say"]
        return [*lines, f"{self.name}: missing in {listed(known)}, which taught them"] if known else lines


def known_again(folder: Path) -> None:
    """Register the helpers that the detectors in a folder were made with, where they are not there yet.

    Their own files lie among what sets have learned, so that nothing but a name is needed. Raises `HarnessError` where
    the detectors cannot be read.
    """
    for name in described(folder).get("made_with", {}).get("plugins", {}).get("features", {}):
        if name.startswith(PREFIX) and name not in FEATURES:
            FEATURES[name] = HelperSet(name, said, as_filmed=True)


def said(recording: Recording, fitted: Fitted) -> Columns:
    """The log-odds of each behavior that the helpers know; missing where they have learned from the recording."""
    detectors = _detectors({name: content.tobytes() for name, content in fitted.items()})
    blends = detectors.blends.of(recording.scope)
    (ready,) = alike([recording], detectors.body, "of the helpers")
    if detectors.taught_by(ready):
        return {f"says {behavior}": np.full(recording.frames, np.nan) for behavior in blends.by_behavior}
    found = Labeller(blends, recording.frames).probability(ready, 0)
    return {f"says {behavior}": _log_odds(values) for behavior, values in found.items()}


def _log_odds(probabilities: Array) -> Array:
    inside = np.clip(probabilities.astype(np.float64), CERTAIN, 1 - CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float32)


@dataclass(frozen=True)
class Helpers:
    """Detectors that were kept."""

    blends: Blends
    body: Mapping[str, Any]
    """What recordings must have in common with those that taught them."""

    def taught_by(self, recording: Recording) -> bool:
        """Whether a recording, as they know it, shows footage that taught them."""
        assert self.blends.taught is not None
        return shows(recording, self.blends.taught)

    @property
    def reach_seconds(self) -> float:
        """The farthest that they look from a frame."""
        members = [member for blend in self.blends.by_behavior.values() for member in blend.members]
        return max((_reach(member) for member in members), default=0.0)


def _reach(member: Member) -> float:
    family = model_family_named(member.spec.model.name)
    features = [feature_set_named(choice.name).reach_seconds for choice in member.spec.features]
    windows = [seconds / 2 for seconds in member.spec.preparation.window_seconds]
    own = family.reach_seconds if isinstance(family, SequenceFamily) else 0.0
    return max(features, default=0.0) + max([own, *windows])


OPENED: dict[bytes, Helpers] = {}
"""By what their `models.json` holds, which tells all their files: they are read once in a process."""


def _detectors(files: Mapping[str, bytes]) -> Helpers:
    key = hashlib.sha256(files[FILE]).digest()
    if key not in OPENED:
        with tempfile.TemporaryDirectory(prefix="harness-helpers-") as name:
            folder = Path(name)
            for file, content in files.items():
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(content)
            known_again(folder)
            OPENED[key] = Helpers(read_detectors(folder), described(folder)["body"])
    return OPENED[key]
