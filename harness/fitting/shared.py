"""Models that all behaviors of a run share: which recordings each is fitted without, and which one judges what.

There are as many models as the behavior with the most folds has. A model is fitted without whatever it judges, for all
behaviors: where two behaviors have labels of one recording, or of one group, neither teaches what the other is judged
by. So that no behavior loses most of what it has to learn from at once, groups are shared out such that the positives
of each behavior are spread over the models.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from harness.fitting.folds import Folds
from harness.recording import Recording, groups_of

Teaching = Mapping[str, Sequence[tuple[Recording, slice]]]
"""By behavior, labelled recordings and the frames of each that are learned from."""


@dataclass(frozen=True)
class SharedFolds:
    """Which model judges each unit of each behavior, and what each is fitted on."""

    folds: Mapping[str, Folds]
    models: Mapping[str, tuple[int, ...]]
    """Behavior to the model of each of its units."""
    _known: dict[int, Teaching] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What each model is fitted on, once some trial has asked."""

    @classmethod
    def of(cls, folds: Mapping[str, Folds]) -> "SharedFolds":
        """For behaviors of one scope."""
        return cls(folds, _shared_out(folds))

    def teaching(self, model: int) -> Teaching:
        """What the model is fitted on, by behavior."""
        if model not in self._known:
            self._known[model] = {
                behavior: [(unit, frames) for unit in folds.units for frames in self._free(unit, model)]
                for behavior, folds in self.folds.items()
            }
        return self._known[model]

    def _free(self, unit: Recording, model: int) -> Iterator[slice]:
        """The frames of a unit that have nothing to do with what the model judges, in as many stretches."""
        pieces = [(0, unit.frames)]
        for folds, other in self._judged.get(model, ()):
            if folds.purge and other.source_id == unit.source_id:
                first = other.first_frame - folds.purge - unit.first_frame
                stop = other.first_frame + other.frames + folds.purge - unit.first_frame
                pieces = [
                    (start, end)
                    for one in pieces
                    for start, end in ((one[0], min(one[1], first)), (max(one[0], stop), one[1]))
                    if start < end
                ]
            elif self._held_with(folds, other) & self._held_with(folds, unit):
                return
        for start, stop in pieces:
            yield slice(start, stop)

    @cached_property
    def _judged(self) -> Mapping[int, list[tuple[Folds, Recording]]]:
        found: dict[int, list[tuple[Folds, Recording]]] = {}
        for behavior, folds in self.folds.items():
            for unit, model in zip(folds.units, self.models[behavior], strict=True):
                found.setdefault(model, []).append((folds, unit))
        return found

    @cached_property
    def _groups(self) -> Mapping[tuple[str, str], int]:
        """What recordings have in common to the group that all behaviors together make of it."""
        return _group_of_each([unit for folds in self.folds.values() for unit in folds.units])

    def _held_with(self, folds: Folds, unit: Recording) -> frozenset[object]:
        """What a unit shares with others that are held out together with it, by the rules of a behavior's folds."""
        if folds.kind == "grouped":
            return frozenset(self._groups[key] for key in unit.held_with)
        return frozenset(key for key in unit.held_with if key[0] != "group")


def _group_of_each(units: Sequence[Recording]) -> dict[tuple[str, str], int]:
    groups = groups_of(units)
    return {key: number for number, group in enumerate(groups) for place in group for key in units[place].held_with}


def _shared_out(folds: Mapping[str, Folds]) -> dict[str, tuple[int, ...]]:
    """Where groups cannot be kept together, a behavior's own folds; else the model where they are missed least."""
    count = max((len(one.held_out) for one in folds.values()), default=0)
    models = {behavior: [0] * len(one.units) for behavior, one in folds.items()}
    whole = {behavior: one for behavior, one in folds.items() if one.kind == "grouped"}
    for behavior, one in folds.items():
        if behavior not in whole:
            for number, units in enumerate(one.held_out):
                for unit in units:
                    models[behavior][unit] = number
    places = [(behavior, unit) for behavior, one in whole.items() for unit in range(len(one.units))]
    groups = groups_of([whole[behavior].units[unit] for behavior, unit in places])
    positives = {behavior: max(1, sum(unit.positives for unit in one.units)) for behavior, one in whole.items()}

    def share(group: Sequence[int]) -> dict[str, float]:
        found: dict[str, float] = {}
        for behavior, unit in (places[place] for place in group):
            found[behavior] = found.get(behavior, 0.0) + whole[behavior].units[unit].positives / positives[behavior]
        return found

    shares = [share(group) for group in groups]
    loads = [dict.fromkeys(whole, 0.0) for _ in range(count)]
    frames = [0] * count
    for number in sorted(range(len(groups)), key=lambda number: (-max(shares[number].values()), number)):
        mine = shares[number]
        least = min(
            range(count),
            key=lambda model: (sum(mine[name] * loads[model][name] for name in mine), frames[model], model),
        )
        for name, part in mine.items():
            loads[least][name] += part
        for behavior, unit in (places[place] for place in groups[number]):
            models[behavior][unit] = least
            frames[least] += whole[behavior].units[unit].frames
    return {behavior: tuple(one) for behavior, one in models.items()}
