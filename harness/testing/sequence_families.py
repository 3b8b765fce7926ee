"""What every family of models that see recordings whole must do."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.plugins.contract import SequenceFamily
from harness.plugins.sequences import SequenceModel, Series
from harness.recording import UNKNOWN, Array
from harness.testing.demands import demand, demand_summary, within_0_and_1

SequenceCheck = Callable[[SequenceFamily, Sequence[Series], Sequence[str]], None]


def sequence_family_says_what_it_is_for(
    family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]
) -> None:
    """There is a docstring, whose first line listings show."""
    del series, columns
    demand_summary(family)


def gives_a_probability_for_each_behavior(
    family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]
) -> None:
    """On every frame, of a recording of any length, one frame included."""
    model = fitted(family, series, columns)
    for X in (series[0].X, series[0].X[:7], series[0].X[:1]):
        _demand_probabilities(family, model.probabilities(X, series[0].fps), len(X), series)


def learns_what_happens(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """Positive frames get a higher mean probability than others, for each behavior, on its own training data."""
    model = fitted(family, series, columns)
    said = np.concatenate([model.probabilities(one.X, one.fps) for one in series])
    labels = np.concatenate([one.labels for one in series])
    for behavior in range(labels.shape[1]):
        there, not_there = (said[labels[:, behavior] == label, behavior].mean() for label in (1, 0))
        demand(there > not_there + 0.01, f"{family.name}: behavior {behavior} is no more probable where it happens")


def gives_the_same_again(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """The same seed and data give the same probabilities."""
    one, other = (fitted(family, series, columns).probabilities(series[0].X, series[0].fps) for _ in range(2))
    demand(np.array_equal(one, other), f"{family.name}: the same seed gives other probabilities")


def takes_no_notice_of_unknown_frames(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """A recording of which no frame is known for one behavior can still teach another, and nothing is raised."""
    blind = [
        Series(one.X, np.where(np.arange(one.labels.shape[1]) == number % 2, UNKNOWN, one.labels), one.fps)
        for number, one in enumerate(series)
    ]
    model = fitted(family, blind, columns)
    _demand_probabilities(family, model.probabilities(series[0].X, series[0].fps), len(series[0].X), series)


def takes_missing_values(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """NaN may stand anywhere, in a whole column or on many frames, when learning and when asked."""
    chance = np.random.default_rng(0)
    holes = []
    for one in series:
        X = one.X.copy()
        X[chance.random(X.shape) < 0.2] = np.nan
        X[:, 0] = np.nan
        X[: len(X) // 4] = np.nan
        holes.append(Series(X, one.labels, one.fps))
    model = fitted(family, holes, columns)
    for X in (holes[0].X, np.full_like(series[0].X, np.nan)):
        _demand_probabilities(family, model.probabilities(X, series[0].fps), len(X), series)


def takes_other_frame_rates(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """Recordings of several frame rates may teach one model, and it may be asked about yet another."""
    mixed = [Series(one.X, one.labels, rate) for one, rate in zip(series, (10.0, 25.0, 59.94), strict=False)]
    model = fitted(family, mixed, columns)
    for fps in (5.0, 120.0):
        _demand_probabilities(family, model.probabilities(series[0].X, fps), len(series[0].X), series)


def leaves_the_columns_alone(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """Columns are shared and may be read-only, so nothing may be written to them."""
    for one in series:
        one.X.flags.writeable = one.labels.flags.writeable = False
    try:
        fitted(family, series, columns).probabilities(series[0].X, series[0].fps)
    except ValueError as error:
        raise AssertionError(f"{family.name}: cannot work on read-only columns: {error}") from error


def says_the_same_once_loaded(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> None:
    """What `saved()` gives, `load` makes the same model of; other files are refused with a `ValueError`."""
    assert family.load is not None
    model = fitted(family, series, columns)
    files = model.saved()
    loaded: Any = family.load(files)
    one, other = (each.probabilities(series[0].X, series[0].fps) for each in (model, loaded))
    demand(np.array_equal(one, other), f"{family.name}: a loaded model gives other probabilities")
    halves = {name: content[: len(content) // 2] for name, content in files.items()}
    for spoilt in ({}, dict.fromkeys(files, b""), halves):
        try:
            family.load(spoilt)
        except ValueError:
            continue
        raise AssertionError(f"{family.name}: loads files that saved() has not given")


SEQUENCE_CHECKS: tuple[SequenceCheck, ...] = (
    sequence_family_says_what_it_is_for,
    gives_a_probability_for_each_behavior,
    learns_what_happens,
    gives_the_same_again,
    takes_no_notice_of_unknown_frames,
    takes_missing_values,
    takes_other_frame_rates,
    leaves_the_columns_alone,
    says_the_same_once_loaded,
)


def fitted(family: SequenceFamily, series: Sequence[Series], columns: Sequence[str]) -> SequenceModel:
    """Whatever the family makes, fitted."""
    model: SequenceModel = family.function(0)
    model.fit(series, columns)
    return model


def _demand_probabilities(family: SequenceFamily, found: Array, frames: int, series: Sequence[Series]) -> None:
    wanted = (frames, series[0].labels.shape[1])
    demand(np.shape(found) == wanted, f"{family.name}: probabilities are {np.shape(found)}, they should be {wanted}")
    demand(within_0_and_1(found), f"{family.name}: a probability is not between 0 and 1")
