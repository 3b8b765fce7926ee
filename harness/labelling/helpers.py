"""Detectors that were kept earlier as columns for others: what they say of a recording tells of related behaviors.

Nothing leaks: of a recording that shows footage which taught a helper, its columns are missing. There it would repeat
labels that it has learned by heart, perhaps those that the new detector is judged by.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from harness.choosing.selection import log_odds
from harness.errors import HarnessError
from harness.files.arrays import arrays_in
from harness.fitting.pipeline import FittedPipeline
from harness.fitting.reach import reach_of
from harness.labelling.detectors import (
    FILE,
    TAUGHT,
    Blends,
    described,
    files_in,
    laid_out,
    odd_versions,
    read_detectors,
)
from harness.labelling.labeller import Labeller
from harness.labelling.matching import alike
from harness.labelling.taught import shows
from harness.plugins.contract import Columns, FeatureSet, Fitted
from harness.plugins.loading import PluginFile
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording
from harness.spec import PipelineSpec
from harness.words import listed

PREFIX = "helpers_"
"""What the names of such feature sets begin with."""


@dataclass(frozen=True, slots=True)
class HelperModels(PluginFile):
    """A folder of kept detectors, which registers as a feature set."""

    files: Mapping[str, bytes]

    @classmethod
    def read(cls, path: Path) -> "HelperModels":
        """Raises `HarnessError` where the folder holds no detectors, or some that do not say what taught them."""
        known_again(path)
        odd_versions(path)
        if opened(path).taught is None:
            raise HarnessError(
                f"--helpers {path}: kept by an earlier version, which did not say what they learned from; "
                "make them anew with export-best --models"
            )
        files = files_in(path)
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
class Helpers:
    """What can be known of kept detectors without opening their models."""

    behaviors: Mapping[str, str]
    """Each with whom it is of."""
    body: Mapping[str, Any]
    """What recordings must have in common with those that taught them."""
    taught: Array
    """Marks of these."""
    reach_seconds: float
    """The farthest that they look from a frame."""
    _told: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "Helpers":
        plain = json.loads(files[FILE])
        members = [member for one in plain["behaviors"] for member in one["members"]]
        return cls(
            {one["behavior"]: one["of"] for one in plain["behaviors"]},
            plain["body"],
            arrays_in(files[TAUGHT])["marks"],
            max((reach_of(PipelineSpec.from_json(one["pipeline"])) for one in members), default=0.0),
        )

    def taught_by(self, recording: Recording) -> bool:
        """Whether a recording shows footage that taught them. Raises `HarnessError` where they cannot know it."""
        if recording.digest not in self._told:
            (ready,) = alike([recording], self.body, "the helpers")
            self._told[recording.digest] = shows(ready, self.taught)
        return self._told[recording.digest]


@dataclass(frozen=True)
class HelperSet(FeatureSet):
    """What kept detectors say, as a feature set; what it has learned are their files."""

    invariant_to: tuple[str, ...] = ("scale", "frame_rate")  # whose own models say what they can label
    helpers: Helpers | None = None
    """None where the set is only used again, with the files that lie beside what it was used for."""

    @classmethod
    def of(cls, models: HelperModels) -> "HelperSet":
        helpers = Helpers.of(models.files)
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
            alike(recordings, self.helpers.body, "the helpers")
        except HarnessError as error:
            return error.lines[0]
        if not set(self.helpers.behaviors.values()) & {one.scope for one in recordings}:
            return "none of its behaviors is of whom these are of (the scene, one animal, a pair)"
        if all(map(self.helpers.taught_by, recordings)):
            return "has learned from all of these recordings, of which it could only repeat what it was told"
        return None

    def remarks(self, *recordings: Recording) -> list[str]:
        assert self.helpers is not None
        known = list(dict.fromkeys(one.id for one in recordings if self.helpers.taught_by(one)))
        lines = [f"{self.name}: what detectors of {listed(list(self.helpers.behaviors))} say"]
        return [*lines, f"{self.name}: missing in {listed(known)}, which taught them"] if known else lines


def known_again(folder: Path) -> None:
    """Register the helpers that the detectors in a folder were made with, where they are not there yet.

    Their own files lie among what sets have learned, so that nothing but a name is needed. Raises `HarnessError` where
    the detectors cannot be read.
    """
    for name in described(folder).get("made_with", {}).get("plugins", {}).get("features", {}):
        if name.startswith(PREFIX) and name not in FEATURES:
            FEATURES[name] = HelperSet(name, said, as_filmed=True)


def opened(folder: Path, fit_again: Callable[[str, PipelineSpec], FittedPipeline] | None = None) -> Blends:
    """The detectors in a folder, ready for use with the helpers that they were made with; as `read_detectors`."""
    known_again(folder)
    return read_detectors(folder, fit_again)


OPENED: dict[bytes, tuple[Helpers, Blends]] = {}
"""By what their `models.json` holds, which tells all their files: they are opened once in a process."""


def said(recording: Recording, fitted: Fitted) -> Columns:
    """The log-odds of each behavior that the helpers know; missing where they have learned from the recording."""
    key = fitted[FILE].tobytes()
    if key not in OPENED:
        files = {name: content.tobytes() for name, content in fitted.items()}
        with laid_out(files) as folder:
            OPENED[key] = Helpers.of(files), opened(folder)
    helpers, blends = OPENED[key][0], OPENED[key][1].of(recording.scope)
    if helpers.taught_by(recording):
        return {f"says {behavior}": np.full(recording.frames, np.nan) for behavior in blends.by_behavior}
    (ready,) = alike([recording], helpers.body, "the helpers")
    found = Labeller(blends, recording.frames).probability(ready, 0)
    return {f"says {behavior}": log_odds(values) for behavior, values in found.items()}
