"""What a behavior's trials are spread over: arms, and whose turn it is.

An arm is a stack of feature sets with a model family, and one Optuna study with a static space: every trial that its
sampler learns from has all of its parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from math import ceil
from typing import Any

from harness.plugins.contract import SequenceFamily
from harness.plugins.registry import feature_set_named, model_family_named
from harness.plugins.spaces import Range, Spaces, Start
from harness.spec import Choice, PipelineSpec, Preparation, Value

OTHERS_FOR_EACH_SHARED = 4
"""Turns of a first batch."""

NOT_OF_SEQUENCES = ("windows", "statistics", "negatives", "columns")
"""What of the preparation there is not where a model sees recordings whole."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Feature sets that are searched together with one model family."""

    features: tuple[str, ...]
    model: str
    stack: str = ""
    """What the feature sets are called together; empty for their own names."""
    shared: bool = False
    """Whether its model sees recordings whole and is one for all behaviors, so that all of them try the same."""
    fixed: tuple[str, ...] = ()
    """Of the preparation, what is not searched."""

    @property
    def name(self) -> str:
        return f"{self.stack or '+'.join(self.features) or 'no features'}/{self.model}"

    def ranges(self, spaces: Spaces) -> dict[str, Range]:
        """The arm's static space, named as Optuna stores it: `kinematics.lag`, `model.leaves`, ...."""
        if not self.features:
            return {}
        parts = {name: spaces.features[name] for name in self.features}
        preparation = {name: one for name, one in spaces.preparation.items() if name not in self.fixed}
        parts |= {"model": spaces.models[self.model], "preparation": preparation}
        return {f"{part}.{name}": one for part, ranges in parts.items() for name, one in ranges.items()}

    def varies(self, spaces: Spaces) -> bool:
        """Whether there is more than one pipeline of it."""
        return any(one.varies for one in self.ranges(spaces).values())

    def spec(self, parameters: Mapping[str, Value]) -> PipelineSpec:
        """The pipeline that such parameters stand for."""

        def of(part: str) -> dict[str, Any]:
            return {key.removeprefix(f"{part}."): v for key, v in parameters.items() if key.startswith(f"{part}.")}

        features = tuple(Choice(name, of(name)) for name in self.features)
        whole: dict[str, Any] = {"windows": "none"} if self.shared else {}
        return PipelineSpec(features, Choice(self.model, of("model")), Preparation(**whole, **of("preparation")))

    def defaults(self) -> dict[str, Value]:
        if not self.features:
            return {}
        parts = {name: feature_set_named(name).defaults for name in self.features}
        parts |= {"model": model_family_named(self.model).defaults}
        preparation = asdict(Preparation())
        parts |= {"preparation": {name: value for name, value in preparation.items() if name not in self.fixed}}
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def beginning(self, start: Mapping[str, Value]) -> dict[str, Value]:
        """The defaults, but for the values that `start` gives to parameters the arm has."""
        return {name: start.get(name, value) for name, value in self.defaults().items()}


@dataclass(frozen=True, slots=True)
class Turn:
    """One trial to come: whose it is."""

    arm: int
    start: Mapping[str, Value] | None = None
    """What it has in place of the arm's defaults; None where its parameters are sampled."""


def usable_stacks(
    usable: Sequence[str], stacks: Mapping[str, tuple[str, ...]], alone: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """What is left of each stack where only some sets are `usable`; the first takes in the sets in `alone` too."""
    left = {name: [one for one in sets if one in usable] for name, sets in stacks.items()}
    if left:
        first = left[next(iter(left))]
        first += [one for one in alone if one not in first]
    return {name: tuple(sets) for name, sets in left.items() if sets}


def make_arms(stacks: Mapping[str, tuple[str, ...]], families: Mapping[str, bool], alone: Sequence[str]) -> list[Arm]:
    """Every stack, and every set in `alone`, with every family (name to whether it is a baseline).

    The order is such that the first arms together run every plugin.
    """
    # Of two stacks that have come to the same sets, and of a stack of one and the set itself, the first is kept.
    names: dict[tuple[str, ...], str] = {}
    for features, name in [*((sets, name) for name, sets in stacks.items()), *(((one,), "") for one in alone)]:
        names.setdefault(features, name)
    usable = {name for sets in names for name in sets}
    sets = sorted(names, key=len, reverse=True)
    learners = [name for name, baseline in families.items() if not baseline]
    # The fastest good family first, if it is there: it carries the comparison of feature sets.
    learners.sort(key=lambda name: name != "lightgbm")

    def arm(features: tuple[str, ...], model: str) -> Arm:
        # A stack that is called like a feature set would be taken for it.
        name = names[features] if len(features) > 1 else ""
        return Arm(features, model, "" if name in usable else name)

    first = [arm(sets[0], model) for model in learners]
    first += [Arm((), model) for model, baseline in families.items() if baseline]
    first += [arm(one, learners[0]) for one in sets[1:] if learners]
    return list(dict.fromkeys([*first, *(arm(one, model) for one in sets for model in learners)]))


def shared_arms(families: Sequence[SequenceFamily], usable: Sequence[str], asked: Sequence[str]) -> list[Arm]:
    """Each family with each of its inputs, as far as these are `usable`; with what somebody `asked` for instead."""
    arms = [
        Arm(features, family.name, shared=True, fixed=NOT_OF_SEQUENCES + ("identities",) * family.tells_animals_apart)
        for family in families
        for names in ([tuple(asked)] if asked else family.inputs or [tuple(usable)])
        if (features := tuple(name for name in names if name in usable))
    ]
    return list(dict.fromkeys(arms))


def opening(
    arms: Sequence[Arm],
    stacks: Mapping[str, tuple[str, ...]],
    starts: Sequence[Start],
    varies: Callable[[Arm], bool] = lambda arm: True,
) -> list[Turn]:
    """The turns of a behavior's first batch: the portfolio of `starts`, then what it has left out, at the defaults.

    Left out are stacks and families that no start runs. Where none of the starts can be run, as with feature sets that
    somebody named, every arm is. Arms that behaviors share come last, as they take long: each at its defaults, and more
    of what those that vary draw, until these are one place in five.
    """
    places = {(arm.features, arm.model): place for place, arm in enumerate(arms)}
    turns = []
    for start in starts:
        place = places.get((stacks.get(start.stack, ()), start.model))
        if place is not None:
            turns.append(Turn(place, start.values))
    if not turns:
        return [Turn(place, {}) for place in range(len(arms))]
    run = [arms[turn.arm] for turn in turns]
    for place, arm in enumerate(arms):
        if arm.shared:
            continue
        if arm.features not in {one.features for one in run} or arm.model not in {one.model for one in run}:
            turns.append(Turn(place, {}))
            run.append(arm)
    shared = [place for place, arm in enumerate(arms) if arm.shared]
    more = max(0, ceil(len(turns) / OTHERS_FOR_EACH_SHARED) - len(shared))
    varied = [place for place in shared if varies(arms[place])]
    return [*turns, *(Turn(place, {}) for place in shared), *(Turn(place) for place in islice(cycle(varied), more))]


def next_arms(best: Sequence[float | None], trials: Sequence[int], open_arms: Sequence[int], count: int) -> list[int]:
    """The arms of the next `count` trials, one by one to the arm with the least (trials + 1) x rank squared.

    In the long run the k-th best arm gets a share as 1 / k^2: the leader three trials in five, and an arm that nothing
    is known of, which ranks last, none before the leader has had many. `best` holds each arm's best value, None where
    no trial has one.
    """
    values = [-1.0 if value is None else value for value in best]
    ranked = sorted(open_arms, key=lambda arm: (-values[arm], arm))
    had = list(trials)
    chosen: list[int] = []
    for _ in range(count if ranked else 0):
        shares = [(had[arm] + 1) * rank**2 for rank, arm in enumerate(ranked, start=1)]
        arm = ranked[shares.index(min(shares))]
        had[arm] += 1
        chosen.append(arm)
    return chosen
