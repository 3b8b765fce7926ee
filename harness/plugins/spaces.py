"""The ranges that a search draws parameters from, read from `search_spaces/` and held against the plugins.

A folder of spaces holds `features/<name>.toml`, `models/<name>.toml` and `smoothers/<name>.toml`, one table for each
parameter of the plugin, and for what is no plugin's: `preparation.toml`, `decision.toml`, `stacks.toml` and
`portfolio.toml`. A range is one of

    lag = { type = "int", low = 1, high = 30, log = true }
    rate = { type = "float", low = 0.01, high = 0.3, log = true }
    norm = { type = "categorical", choices = ["l1", "l2"] }
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import product
from math import inf, isclose, isfinite
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files.bounded import read_toml
from harness.plugins.contract import Plugin
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.spec import LOG_ODDS_STEP, Choice, Preparation, Value
from harness.words import shown

SPACES = next(
    folder
    for folder in (Path(__file__).parents[1] / "search_spaces", Path(__file__).parents[2] / "search_spaces")
    if folder.is_dir()
)
"""The ranges that come with the package."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values one parameter may take."""

    type: str
    """`int`, `float` or `categorical`."""
    low: float = 0
    high: float = 0
    log: bool = False
    choices: tuple[Value, ...] = ()

    def __contains__(self, value: object) -> bool:
        if self.type == "categorical":
            return any(value == choice and type(value) is type(choice) for choice in self.choices)
        number = isinstance(value, int if self.type == "int" else int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high  # type: ignore[operator]

    @property
    def varies(self) -> bool:
        """Whether there is more than one value."""
        return len(self.choices) > 1 if self.type == "categorical" else self.low < self.high

    def __str__(self) -> str:
        if self.type == "categorical":
            return ", ".join(str(choice) for choice in self.choices)
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


Ranges = Mapping[str, Range]
"""Parameter name to its range."""


@dataclass(frozen=True, slots=True)
class Start:
    """A pipeline that did well elsewhere, and is tried before anything is sampled."""

    stack: str
    model: str
    values: Mapping[str, Value]
    """What it has in place of defaults, by the names of `Arm.ranges`: `preparation.windows`, `model.depth`, ...."""


@dataclass(frozen=True, slots=True)
class Spaces:
    """All ranges of a search."""

    features: Mapping[str, Ranges]
    models: Mapping[str, Ranges]
    smoothers: Mapping[str, Ranges]
    preparation: Ranges
    stacks: Mapping[str, tuple[str, ...]]
    """Name of a curated stack to the feature sets in it."""
    starts: tuple[Start, ...]
    """The portfolio, in the order in which it is tried."""
    gaps: tuple[float, ...]
    """Candidates for `Decision.longest_gap`, in seconds."""
    bouts: tuple[float, ...]
    """Candidates for `Decision.shortest_bout`, in seconds."""
    rises: tuple[float, ...]
    """By how many log-odds `Decision.peak` may lie above the threshold; 0 is without a peak."""

    def smoother_choices(self) -> list[Choice]:
        """Every smoother at every value of its parameters; smoothing costs no fit, so nothing is left out."""
        return [
            Choice(name, dict(zip(ranges, values, strict=True)))
            for name, ranges in self.smoothers.items()
            for values in product(*(one.choices for one in ranges.values()))
        ]

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Spaces":
        """The spaces that `as_json` told of, also after a journey through a JSON file."""

        def ranges(of: Mapping[str, Mapping[str, Any]]) -> dict[str, Range]:
            return {name: Range(**{**one, "choices": tuple(one["choices"])}) for name, one in of.items()}

        plugins: dict[str, Any] = {
            kind: {name: ranges(of) for name, of in plain[kind].items()} for kind in ("features", "models", "smoothers")
        }
        stacks = {name: tuple(members) for name, members in plain["stacks"].items()}
        starts = tuple(Start(**start) for start in plain["starts"])
        about: dict[str, Any] = {"preparation": ranges(plain["preparation"]), "stacks": stacks, "starts": starts}
        about |= {name: tuple(plain[name]) for name in ("gaps", "bouts", "rises")}
        return cls(**plugins, **about)

    def as_json(self) -> dict[str, Any]:
        """Plain data, for telling whether two searches drew from the same ranges."""
        return asdict(self)


def load_spaces(folder: Path = SPACES) -> Spaces:
    """Read and check all ranges in `folder`.

    Raises `HarnessError` naming file and parameter for: a plugin without a file, a file without a plugin, a range for
    a parameter the plugin does not have or the reverse, a default outside its range, a smoother with a range that
    cannot be enumerated, a stack that names an unknown feature set, and a start that names what is not there or a
    value outside its range.
    """
    if not folder.is_dir():
        raise HarnessError(f"--spaces {folder}: no such folder")
    smoothers = _plugin_ranges(folder / "smoothers", SMOOTHERS)
    for name, ranges in smoothers.items():
        for parameter, one in ranges.items():
            if one.type != "categorical":
                raise HarnessError(
                    f"{folder / 'smoothers' / name}.toml: {parameter} must be categorical, because every smoother "
                    "is tried at every value"
                )
    preparation = _preparation(folder / "preparation.toml")
    decision = _decision(folder / "decision.toml")
    features = _plugin_ranges(folder / "features", FEATURES)
    models = _plugin_ranges(folder / "models", MODELS)
    stacks = _stacks(folder / "stacks.toml")
    starts = _starts(folder / "portfolio.toml", stacks, features, models, preparation)
    return Spaces(features, models, smoothers, preparation, stacks, starts, **decision)


def _plugin_ranges(folder: Path, plugins: Mapping[str, Plugin]) -> dict[str, dict[str, Range]]:
    files = {file.stem: file for file in sorted(folder.glob("*.toml"))}
    for name in sorted(files.keys() - plugins.keys()):
        raise HarnessError(f"{files[name]}: there is no plugin {name!r}; there are {', '.join(sorted(plugins))}")
    ranges = {}
    for name in sorted(plugins):
        plugin = plugins[name]
        if name in files:
            ranges[name] = _checked(files[name], plugin.defaults)
        elif plugin.defaults:
            beside = plugin.ranges_beside
            if not beside.is_file():
                places = f"{folder / name}.toml, or {beside} beside the plugin"
                raise HarnessError(f"{places}, should give ranges for {_names(plugin)}; neither is there")
            ranges[name] = _checked(beside, plugin.defaults)
        else:
            ranges[name] = {}
    return ranges


def _names(plugin: Plugin) -> str:
    return ", ".join(plugin.defaults)


def _checked(file: Path, defaults: Mapping[str, Value]) -> dict[str, Range]:
    ranges = {name: _range(file, name, plain) for name, plain in _toml(file).items()}
    for name in ranges.keys() - defaults.keys():
        raise HarnessError(
            f"{file}: {file.stem!r} has no parameter {shown(name)}; it takes {', '.join(defaults) or 'none'}"
        )
    for name, default in defaults.items():
        if name not in ranges:
            raise HarnessError(f"{file}: no range for {name}")
        if default not in ranges[name]:
            raise HarnessError(
                f"{file}: the default {name} = {default!r} is not in its range {shown(str(ranges[name]))}"
            )
    return {name: ranges[name] for name in defaults}


def _range(file: Path, name: str, plain: Any) -> Range:
    where = f"{file}: {shown(name)}"
    kind = plain.get("type") if isinstance(plain, dict) else None
    wanted = {"int": {"low", "high"}, "float": {"low", "high"}, "categorical": {"choices"}}
    if not isinstance(kind, str) or kind not in wanted:
        raise HarnessError(f'{where} should be a table with type = "int", "float" or "categorical"')
    allowed = wanted[kind] | {"type"} | (set() if kind == "categorical" else {"log"})
    if not wanted[kind] <= plain.keys() <= allowed:
        raise HarnessError(f"{where} should have {', '.join(sorted(allowed))}; it has {shown(', '.join(plain))}")
    if kind == "categorical":
        choices = plain["choices"]
        if not isinstance(choices, list) or not choices or not all(_is_value(choice) for choice in choices):
            raise HarnessError(f"{where}: choices should be a list of numbers, words, or true and false")
        return Range(kind, choices=tuple(choices))
    low, high, log = plain["low"], plain["high"], plain.get("log", False)
    number = int if kind == "int" else (int, float)
    if not all(isinstance(value, number) and not isinstance(value, bool) for value in (low, high)):
        raise HarnessError(f"{where}: low and high should be numbers of type {kind}")
    if not isinstance(log, bool) or not -inf < low <= high < inf or (log and low <= 0):
        raise HarnessError(
            f"{where}: low and high should be finite and in this order, log true or false, and a log range above 0"
        )
    return Range(kind, low, high, log)


def _is_value(value: object) -> bool:
    return isinstance(value, Value) and (isinstance(value, str) or isfinite(value))


def _preparation(file: Path) -> dict[str, Range]:
    ranges = _checked(file, asdict(Preparation()))
    for name, one in ranges.items():
        for value in one.choices or (one.low, one.high):
            try:
                Preparation(**{name: value})  # type: ignore[arg-type]
            except (TypeError, ValueError) as error:
                raise HarnessError(f"{file}: {error}") from error
    return ranges


def _decision(file: Path) -> dict[str, tuple[float, ...]]:
    fields = {"longest_gap": "gaps", "shortest_bout": "bouts", "rise": "rises"}
    units = {"longest_gap": "seconds", "shortest_bout": "seconds", "rise": "log-odds"}
    plain = _toml(file)
    if plain.keys() != fields.keys():
        raise HarnessError(f"{file} should have {', '.join(fields)}; it has {shown(', '.join(plain))}")
    for name, values in plain.items():
        if not isinstance(values, list) or not values or not all(_is_amount(v) for v in values):
            raise HarnessError(f"{file}: {name} should be a list of {units[name]}, 0 or more")
    if not all(isclose(rise, round(rise / LOG_ODDS_STEP) * LOG_ODDS_STEP) for rise in plain["rise"]):
        raise HarnessError(f"{file}: rise should be in steps of {LOG_ODDS_STEP}, as thresholds are")
    return {fields[name]: tuple(sorted(map(float, values))) for name, values in plain.items()}


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6


def _stacks(file: Path) -> dict[str, tuple[str, ...]]:
    stacks = {}
    for name, members in _toml(file).items():
        if not isinstance(members, list) or not members or len(set(map(str, members))) != len(members):
            raise HarnessError(f"{file}: {shown(name)} should list feature sets, each once")
        if "/" in name:
            raise HarnessError(f"{file}: {shown(repr(name))} should have a name without /")
        if shown(name) != name:
            raise HarnessError(f"{file}: {shown(repr(name))} should have a short name that can be printed")
        for member in members:
            if not isinstance(member, str) or member not in FEATURES:
                raise HarnessError(
                    f"{file}: {name} names {shown(repr(member))}; there are {', '.join(sorted(FEATURES))}"
                )
        stacks[name] = tuple(members)
    return stacks


def _starts(
    file: Path,
    stacks: Mapping[str, tuple[str, ...]],
    features: Mapping[str, Ranges],
    models: Mapping[str, Ranges],
    preparation: Ranges,
) -> tuple[Start, ...]:
    """Starts may be none; where the file is empty, searches begin with the defaults of every arm."""
    plain = _toml(file)
    tables = plain.get("start", [])
    if not plain.keys() <= {"start"} or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise HarnessError(f"{file} should hold nothing but tables [[start]]")
    starts = []
    for number, table in enumerate(tables, start=1):
        where = f"{file}: start {number}"
        known = {"stack": [*stacks], "model": [*models]}
        for key, names in known.items():
            if table.get(key) not in names:
                raise HarnessError(
                    f"{where}: {key} = {shown(repr(table.get(key)))} should be one of {', '.join(names)}"
                )
        parts: dict[str, Ranges] = {name: features[name] for name in stacks[table["stack"]]}
        parts |= {"parameters": models[table["model"]], "preparation": preparation}
        values = _start_values(where, {key: value for key, value in table.items() if key not in known}, parts)
        starts.append(Start(table["stack"], table["model"], values))
    return tuple(starts)


def _start_values(where: str, tables: Mapping[str, Any], parts: Mapping[str, Ranges]) -> dict[str, Value]:
    """Values by the names that arms give to parameters, each within its range."""
    values: dict[str, Value] = {}
    for part, table in tables.items():
        if part not in parts or not isinstance(table, dict):
            raise HarnessError(
                f"{where}: {shown(part)} should be a table of values, and its name one of {', '.join(parts)}"
            )
        for name, value in table.items():
            if name not in parts[part]:
                raise HarnessError(f"{where}: {part} has no parameter {shown(name)}; it takes {', '.join(parts[part])}")
            if value not in parts[part][name]:
                raise HarnessError(
                    f"{where}: {part}.{name} = {shown(repr(value))} is not in its range {shown(str(parts[part][name]))}"
                )
            values[f"{'model' if part == 'parameters' else part}.{name}"] = value
    return values


def _toml(file: Path) -> dict[str, Any]:
    try:
        return read_toml(file)
    except ValueError as error:
        raise HarnessError(f"{file}: {error}") from error
    except OSError as error:
        raise HarnessError(f"{file}: {error.strerror}; a folder of ranges holds it") from error
