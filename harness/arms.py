"""What a behavior's trials are spread over: arms, and whose turn it is.

An arm is a stack of feature sets with a model family, and one Optuna study with a static space: one conditional study
over everything would make multivariate TPE fall back to sampling each parameter on its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.registry import feature_set_named, model_family_named
from harness.spaces import Range, Spaces
from harness.spec import Choice, PipelineSpec, Preparation, Value


@dataclass(frozen=True, slots=True)
class Arm:
    """Feature sets that are searched together with one model family."""

    features: tuple[str, ...]
    model: str
    stack: str = ""
    """What the feature sets are called together; empty for their own names."""

    @property
    def name(self) -> str:
        return f"{self.stack or '+'.join(self.features) or 'no features'}/{self.model}"

    def ranges(self, spaces: Spaces) -> dict[str, Range]:
        """The arm's static space, named as Optuna stores it: `kinematics.lag`, `model.leaves`, ...."""
        if not self.features:
            return {}
        parts = {name: spaces.features[name] for name in self.features}
        parts |= {"model": spaces.models[self.model], "preparation": spaces.preparation}
        return {f"{part}.{name}": one for part, ranges in parts.items() for name, one in ranges.items()}

    def spec(self, parameters: Mapping[str, Value]) -> PipelineSpec:
        """The pipeline that such parameters stand for."""

        def of(part: str) -> dict[str, Any]:
            return {key.removeprefix(f"{part}."): v for key, v in parameters.items() if key.startswith(f"{part}.")}

        features = tuple(Choice(name, of(name)) for name in self.features)
        return PipelineSpec(features, Choice(self.model, of("model")), Preparation(**of("preparation")))

    def defaults(self) -> dict[str, Value]:
        if not self.features:
            return {}
        parts = {name: feature_set_named(name).defaults for name in self.features}
        parts |= {"model": model_family_named(self.model).defaults}
        parts |= {"preparation": asdict(Preparation())}
        return {f"{part}.{name}": value for part, values in parts.items() for name, value in values.items()}

    def beginning(self, start: Mapping[str, Value]) -> dict[str, Value]:
        """The defaults, but for the values that `start` gives to the preparation."""
        prepared = {f"preparation.{name}": value for name, value in start.items()}
        return {name: prepared.get(name, value) for name, value in self.defaults().items()}


def make_arms(
    usable: Sequence[str], stacks: Mapping[str, tuple[str, ...]], families: Mapping[str, bool], alone: Sequence[str]
) -> list[Arm]:
    """Every stack, and every set in `alone`, with every family (name to whether it is a baseline).

    A stack keeps the sets that are `usable`; the first takes in those in `alone` too. The order is that of the first
    batch: it begins with trials that together run every plugin once, so that even a short search has compared all.
    """
    members = {name: [one for one in sets if one in usable] for name, sets in stacks.items()}
    if members:
        first = members[next(iter(members))]
        first += [one for one in alone if one not in first]
    # Of two stacks that have come to the same sets, and of a stack of one and the set itself, the first is kept.
    names = {(name,): "" for name in reversed(alone)} | {tuple(sets): name for name, sets in reversed(members.items())}
    sets = sorted((one for one in reversed(names) if one), key=len, reverse=True)
    learners = [name for name, baseline in families.items() if not baseline]
    # The fastest good family first, if it is there: it carries the comparison of feature sets.
    learners.sort(key=lambda name: name != "lightgbm")

    def arm(features: tuple[str, ...], model: str) -> Arm:
        # A stack that is called like a feature set would be taken for it.
        name = names[features] if len(features) > 1 else ""
        return Arm(features, model, "" if name in usable else name)

    opening = [arm(sets[0], model) for model in learners]
    opening += [Arm((), model) for model, baseline in families.items() if baseline]
    opening += [arm(one, learners[0]) for one in sets[1:] if learners]
    return list(dict.fromkeys([*opening, *(arm(one, model) for one in sets for model in learners)]))


def next_arms(best: Sequence[float | None], trials: Sequence[int], open_arms: Sequence[int], count: int) -> list[int]:
    """The arms of the next `count` trials, one by one to the arm with the least trials x rank squared.

    In the long run the k-th best arm gets a share as 1 / k^2: the leader three trials in five, and an arm far down the
    ranking none before the leader has had hundreds. `best` holds each arm's best value, None where all trials failed.
    """
    values = [-1.0 if value is None else value for value in best]
    ranked = sorted(open_arms, key=lambda arm: (-values[arm], arm))
    had = list(trials)
    chosen: list[int] = []
    for _ in range(count if ranked else 0):
        shares = [had[arm] * rank**2 for rank, arm in enumerate(ranked, start=1)]
        arm = ranked[shares.index(min(shares))]
        had[arm] += 1
        chosen.append(arm)
    return chosen
