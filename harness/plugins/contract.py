"""What plugins are: feature sets, model families and smoothers, and what each must give.

A plugin is one decorated function in one file. Its keyword-only parameters are what can be tuned, and their defaults
work alone. How one is registered is in `plugins.registry`, how files of them are found in `plugins.loading`.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from harness.errors import HarnessError
from harness.packages import installed
from harness.recording import Array, Recording
from harness.spec import Value

LOADED: dict[str, bytes] = {}
"""By its name, what each loaded file of the user's held."""

INVARIANCES = ("translation", "rotation", "scale", "mirror", "frame_rate")
"""What a feature set can claim to be invariant to: the scene moved, turned, zoomed, seen in a mirror (left and right
keypoints change places), and filmed at another frame rate."""

Columns = Mapping[str, Array]
"""Column name to values (frames,)."""

Fitted = Mapping[str, Array]
"""What a feature set learned from poses: named arrays."""


class Classifier(Protocol):
    """What a model family builds. One thread; the same data and seed give the same probabilities."""

    def fit(self, X: Array, y: Array) -> Any:
        """Learn from X (frames, columns) float32, with NaN for missing, and y (frames,) of 0 and 1, both present."""

    def predict_proba(self, X: Array) -> Array:
        """Probabilities (frames, 2) of 0 and 1."""


class StagedClassifier(Classifier, Protocol):
    """A classifier that grows in rounds, and can tell what it would have said after fewer of them."""

    def staged_probabilities(self, X: Array) -> Mapping[int, Array]:
        """Number of rounds to the probability (frames,) of 1, in growing order; the last is the whole model's."""


@runtime_checkable
class SavedClassifier(Classifier, Protocol):
    """A classifier that can be kept in files, from which the `load` of its family makes it again."""

    def saved(self) -> Mapping[str, bytes]:
        """File name to content, once it is fitted. Nothing in them is ever run, so pickles are out of place."""


@runtime_checkable
class SparingClassifier(Classifier, Protocol):
    """A classifier that knows which columns it does not look at, so that they need not be computed."""

    def used_columns(self) -> Array:
        """Those that have a say in what a fitted one predicts, in growing order; any number may stand in the others."""


@runtime_checkable
class SteppedClassifier(StagedClassifier, Protocol):
    """A staged classifier that can stop early, where that costs less than all stages."""

    def probability_after(self, rounds: int, X: Array) -> Array:
        """The very probabilities (frames,) that `staged_probabilities` gives after so many rounds."""


@dataclass(frozen=True)
class Plugin:
    """What all plugins have: a name, a function, and parameters with defaults."""

    name: str
    function: Callable[..., Any]

    @cached_property
    def defaults(self) -> dict[str, Value]:
        """The tunable parameters (keyword-only ones) and their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def ranges_beside(self) -> Path:
        """`<name>.toml` beside the plugin's own file, which a plugin of the user's may bring its ranges in."""
        return Path(inspect.getfile(self.function)).with_name(f"{self.name}.toml")

    @cached_property
    def source_version(self) -> str:
        """SHA-256 of the file the plugin is written in: what it computes may change when that does."""
        return hashlib.sha256(self._source).hexdigest()

    @property
    def _source(self) -> bytes:
        file = inspect.getfile(self.function)
        if file in LOADED:
            return LOADED[file]
        try:
            return Path(file).read_bytes()
        except OSError as error:
            raise HarnessError(f"{self.name!r}: its file {file} cannot be read ({error.strerror})") from error


NEEDS: Mapping[str, tuple[Callable[[Recording], bool], str]] = {
    "confidence": (
        lambda recording: recording.confidence is not None,
        "needs the tracker's confidence, which the recordings do not hold",
    ),
    "others": (lambda recording: bool(recording.others), "needs animals beside agent and target"),
    "scale": (lambda recording: recording.pixels_per_cm is not None, "needs pixels_per_cm in dataset.toml"),
    "arena": (lambda recording: recording.arena is not None, "needs an [arena] in dataset.toml"),
}
"""What a feature set can need: whether a recording holds it, and what is said where none does."""


@dataclass(frozen=True)
class FeatureSet(Plugin):
    """`function(recording, *, parameters) -> Columns`, or `function(recording, fitted, *, parameters)` with `fit`."""

    roles: tuple[str, ...] = ()
    """Roles without which the columns cannot be computed."""
    animals: int = 1
    """Animals that must be in the recording."""
    reach_seconds: float = 0.0
    """The farthest a row looks from its own frame, at any value of the parameters."""
    fit: Callable[..., Fitted] | None = None
    """`fit(recordings, *, parameters) -> Fitted`, from poses alone; None where nothing is learned.

    `recordings` may be iterated over more than once and gives one at a time, so that only one is in memory.
    """
    rounds: int = 1
    """In how many rounds it learns. With more than one it is `fit(recordings, before, *, parameters)`, which goes on
    from what the round `before` gave, None in the first; each round is kept, so that a kill costs one of them."""
    as_filmed: bool = False
    """Whether it is given recordings with their gaps and jumps, as they are."""
    needs: tuple[str, ...] = ()
    """Of `NEEDS`, what some recording must hold; columns are NaN for one that does not."""
    invariant_to: tuple[str, ...] = ()
    """Which changes of the recording (of `INVARIANCES`) change no column, with the default parameters."""

    def learned(
        self,
        recordings: Iterable[Recording],
        parameters: Mapping[str, Value],
        kept: Callable[[int, Callable[[], Fitted]], Fitted] = lambda number, learn: learn(),
    ) -> Fitted:
        """What it learns from recordings in all its rounds; `kept` may know what the round of a number gave."""
        assert self.fit is not None
        if self.rounds == 1:
            return self.fit(recordings, **parameters)
        before = None
        for number in range(self.rounds):
            before = kept(number, partial(self.fit, recordings, before, **parameters))
        assert before is not None
        return before

    def remarks(self, *recordings: Recording) -> list[str]:
        """What should be known of it, in lines, where it is computed on such recordings."""
        del recordings
        return []

    def refusal(self, *recordings: Recording) -> str | None:
        """Why the set cannot be computed on such recordings, one or more; None where it can."""
        lacking = recordings[0].skeleton.lacking(self.roles)
        if lacking:
            return f"no keypoint plays the role {', '.join(lacking)}; name them in dataset.toml"
        fewest, most = min(one.animals for one in recordings), max(one.animals for one in recordings)
        if fewest < self.animals:
            return f"needs {self.animals} animals, the recordings have {fewest}"
        if self.fit is not None and fewest < most:
            return f"learns from equally many animals, some behaviors are of {fewest} and some of {most}"
        for need in self.needs:
            held, otherwise = NEEDS[need]
            if not any(map(held, recordings)):
                return otherwise
        return None


@dataclass(frozen=True)
class ModelFamily(Plugin):
    """`function(seed, *, parameters) -> Classifier`, unfitted."""

    baseline: bool = False
    """A yardstick that looks at no features, runs once, and is never exported while anything else finished."""
    load: Callable[[Mapping[str, bytes]], Classifier] | None = None
    """`load(files) -> Classifier`, from what `saved()` of a fitted one gave; None where a family cannot be kept.

    Raises `ValueError` where the files are not what `saved()` gives.
    """


@dataclass(frozen=True)
class SequenceFamily(ModelFamily):
    """`function(seed, *, parameters) -> SequenceModel`, unfitted: one model sees recordings whole, for all behaviors.

    Its `load` gives a `SequenceModel`. Feature columns come to it without windows, and no frame is left out.
    """

    inputs: tuple[tuple[str, ...], ...] = ()
    """Which feature sets it is tried with, each time some together; none where it takes all that there are."""
    reach_seconds: float = 0.0
    """The farthest that a probability looks from its own frame, at any value of the parameters."""
    package: str = ""
    """What has to be installed for it to work, and at the same time the extra that brings it."""
    tells_animals_apart: bool = False
    """Whether it makes no sense of columns that are sorted where tracks may swap the animals."""

    @property
    def refusal(self) -> str | None:
        """Why it cannot be used here; None where it can."""
        if not self.package or installed(self.package):
            return None
        way = f"pip install 'behavior-harness[{self.package}]'"
        return f"needs {self.package}, which is not installed; {way} gets it"


@dataclass(frozen=True)
class Smoother(Plugin):
    """`function(probabilities, fps, *, parameters) -> probabilities`, both (frames,) of one recording."""

    reach_seconds: float = 0.0
    """The farthest a smoothed value looks from its own frame, at any value of the parameters."""
