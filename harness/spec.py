"""What a trial ran and how its probabilities become labels: plain values that are stored, ranked and sent."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Value = bool | int | float | str
"""A parameter of a plugin."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One plugin and the values of its parameters."""

    name: str
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "parameters": dict(self.parameters)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Choice":
        return cls(plain["name"], dict(plain["parameters"]))

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
                           for key, value in self.parameters.items())  # fmt: skip
        return f"{self.name}({values})" if values else self.name


LOG_ODDS_STEP = 0.2
"""From one threshold that is tried to the next."""

IDENTITIES = ("kept", "unordered", "both")
"""Whether columns tell the animals apart."""

STATISTICS = ("mean", "std", "min", "max", "range", "past", "future", "change")
"""What windows can give of every feature column; `harness.columns.windows.windowed` says what each is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How feature columns and training frames are made ready, whatever the plugins.

    Raises `ValueError` for values that mean nothing.
    """

    interpolate: float = 5.0
    """Gaps in the tracks up to this many seconds are filled on a straight line; longer ones stay missing."""
    top_speed: float = 30.0
    """Keypoints that jump away and back faster than this, in animal lengths a second, are missing; 0 trusts all."""
    identities: str = "kept"
    """`kept` tells the animals apart; `unordered` sorts columns that differ only by their animals, on every frame;
    `both` gives both."""
    windows: str = "0.5+2"
    """Widths in seconds of the centred windows whose statistics are added, joined by `+`; `none` adds none."""
    statistics: str = "mean+std+change"
    """Which statistics of `STATISTICS` each window gives, joined by `+`; without windows it means nothing."""
    negatives: int = 6
    """So many frames without the behavior are trained on for each with it, recording by recording."""
    columns: int = 512
    """At most this many are kept: those that tell positive training frames apart in every recording alike."""

    def __post_init__(self) -> None:
        if not self.interpolate >= 0:
            raise ValueError(f"interpolate = {self.interpolate!r} should be a number of seconds, 0 or more")
        if not self.top_speed >= 0:
            raise ValueError(f"top_speed = {self.top_speed!r} should be animal lengths a second, 0 or more")
        if self.identities not in IDENTITIES:
            raise ValueError(f"identities = {self.identities!r} should be one of {', '.join(IDENTITIES)}")
        if self.negatives < 1:
            raise ValueError(f"negatives = {self.negatives!r} should be 1 or more")
        if self.columns < 1:
            raise ValueError(f"columns = {self.columns!r} should be 1 or more")
        try:
            usable = all(0 < width < 1e4 for width in self.window_seconds)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(f"windows = {self.windows!r} should be `none`, or seconds joined by + such as 0.5+2")
        names = self.window_statistics
        if not set(names) <= set(STATISTICS) or len(set(names)) < len(names):
            wanted = f"some of {', '.join(STATISTICS)}, each once, joined by + such as mean+std"
            raise ValueError(f"statistics = {self.statistics!r} should be {wanted}")

    @property
    def window_seconds(self) -> tuple[float, ...]:
        """The widths that `windows` stands for."""
        return () if self.windows == "none" else tuple(float(width) for width in self.windows.split("+"))

    @property
    def window_statistics(self) -> tuple[str, ...]:
        """The names that `statistics` stands for."""
        return tuple(self.statistics.split("+"))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """From poses to probabilities: which features, made ready how, and which model."""

    features: tuple[Choice, ...]
    model: Choice
    preparation: Preparation = Preparation()

    @property
    def in_words(self) -> str:
        """Feature sets and model, without their parameters."""
        features = " + ".join(choice.name for choice in self.features)
        return f"{features}, {self.model.name}" if features else self.model.name

    def as_json(self) -> dict[str, Any]:
        return {
            "features": [choice.as_json() for choice in self.features],
            "model": self.model.as_json(),
            "preparation": self.preparation.as_json(),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "PipelineSpec":
        features = tuple(Choice.from_json(choice) for choice in plain["features"])
        return cls(features, Choice.from_json(plain["model"]), Preparation(**plain["preparation"]))


@dataclass(frozen=True, slots=True)
class Decision:
    """From probabilities to labels: smooth, cut, drop runs without a peak, fill short gaps, drop short bouts."""

    smoother: Choice
    threshold: float
    """A frame is claimed where its smoothed probability reaches this."""
    longest_gap: float = 0.0
    """Gaps between two claimed bouts up to this many seconds are filled."""
    shortest_bout: float = 0.0
    """Claimed bouts shorter than this many seconds are dropped."""
    peak: float = 0.0
    """A run of claimed frames is dropped unless its smoothed probability somewhere reaches this (hysteresis)."""

    @property
    def in_words(self) -> str:
        words = [f"{self.smoother}" if self.smoother.name != "none" else "", f"≥{self.threshold:.3g}"]
        words.append(f"peak≥{self.peak:.3g}" if self.peak else "")
        words.append(f"gap≤{self.longest_gap:g}s" if self.longest_gap else "")
        words.append(f"bout≥{self.shortest_bout:g}s" if self.shortest_bout else "")
        return " ".join(word for word in words if word)

    def as_json(self) -> dict[str, Any]:
        return {
            "smoother": self.smoother.as_json(),
            "threshold": self.threshold,
            "longest_gap": self.longest_gap,
            "shortest_bout": self.shortest_bout,
            "peak": self.peak,
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Decision":
        smoother = Choice.from_json(plain["smoother"])
        return cls(smoother, plain["threshold"], plain["longest_gap"], plain["shortest_bout"], plain["peak"])
