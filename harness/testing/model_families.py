"""What every model family must do."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.plugins.contract import ModelFamily, SavedClassifier, SparingClassifier, SteppedClassifier
from harness.recording import Array
from harness.testing.demands import close, demand, demand_summary, within_0_and_1

ModelCheck = Callable[[ModelFamily, Array, Array], None]


def model_family_says_what_it_is_for(family: ModelFamily, X: Array, y: Array) -> None:
    """There is a docstring, whose first line listings show."""
    del X, y
    demand_summary(family)


def gives_probabilities(family: ModelFamily, X: Array, y: Array) -> None:
    """With its defaults it learns, and gives two probabilities a frame that add up to 1."""
    _demand_probabilities(family, _fitted_probabilities(family, X, y, X), len(X))


def gives_the_same_probabilities_again(family: ModelFamily, X: Array, y: Array) -> None:
    """The same seed and data give the same probabilities."""
    first, second = (_fitted_probabilities(family, X, y, X) for _ in range(2))
    demand(np.array_equal(first, second), f"{family.name}: the same seed gives other probabilities")


def accepts_missing_values(family: ModelFamily, X: Array, y: Array) -> None:
    """NaN may stand anywhere, in a whole column or row, when learning and when predicting."""
    holes = X.copy()
    holes[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    holes[:, 0] = np.nan
    holes[len(X) // 2] = np.nan
    _demand_probabilities(family, _fitted_probabilities(family, holes, y, holes), len(X))
    _demand_probabilities(family, _fitted_probabilities(family, X, y, np.full_like(X, np.nan)), len(X))


def accepts_constant_columns(family: ModelFamily, X: Array, y: Array) -> None:
    """A column may hold one value."""
    constant = X.copy()
    constant[:, 0] = 1
    _demand_probabilities(family, _fitted_probabilities(family, constant, y, X), len(X))


def learns_from_one_positive(family: ModelFamily, X: Array, y: Array) -> None:
    """A rare behavior may leave a single positive frame to learn from."""
    rare = np.zeros_like(y)
    rare[np.argmax(y)] = 1
    _demand_probabilities(family, _fitted_probabilities(family, X, rare, X), len(X))


def learns_what_is_there(family: ModelFamily, X: Array, y: Array) -> None:
    """Positive frames get a higher mean probability than others, unless the family looks at no features."""
    positive = _fitted_probabilities(family, X, y, X)[:, 1]
    learned = family.baseline or positive[y == 1].mean() > positive[y == 0].mean() + 0.01
    demand(learned, f"{family.name}: positive frames are no more probable than others, on its own training data")


def judges_each_frame_alone(family: ModelFamily, X: Array, y: Array) -> None:
    """A frame's probability does not depend on the frames it is predicted with, unless it looks at no features."""
    if not family.baseline:
        classifier = _fitted(family, X, y)
        among, alone = classifier.predict_proba(X)[:3], classifier.predict_proba(X[:3])
        demand(close(among, alone), f"{family.name}: a frame's probability depends on the other frames")


def leaves_the_table_alone(family: ModelFamily, X: Array, y: Array) -> None:
    """Design matrices are shared and may be read-only, so nothing may be written to them."""
    table, target = X.copy(), y.copy()
    table.flags.writeable = target.flags.writeable = False
    try:
        _fitted_probabilities(family, table, target, table)
    except ValueError as error:
        raise AssertionError(f"{family.name}: cannot work on a read-only table: {error}") from error


def ends_its_stages_with_the_whole(family: ModelFamily, X: Array, y: Array) -> None:
    """Where a classifier grows in rounds, their numbers grow and the last is what `predict_proba` says."""
    classifier = family.function(0)
    if not hasattr(classifier, "staged_probabilities"):
        return
    classifier.fit(X, y)
    stages: Mapping[int, Array] = classifier.staged_probabilities(X)
    demand(len(stages) > 0 and list(stages) == sorted(stages), f"{family.name}: rounds {list(stages)} do not grow")
    for rounds, probabilities in stages.items():
        demand(
            np.shape(probabilities) == (len(X),) and within_0_and_1(probabilities),
            f"{family.name}: after {rounds} rounds it does not give one probability a frame",
        )
    whole = classifier.predict_proba(X)[:, 1]
    demand(close(stages[max(stages)], whole), f"{family.name}: the last stage differs from predict_proba")


def is_the_same_once_loaded(family: ModelFamily, X: Array, y: Array) -> None:
    """Where models can be kept, a loaded one gives the very same probabilities."""
    if family.load is None:
        return
    classifier = _fitted(family, X, y)
    demand(isinstance(classifier, SavedClassifier), f"{family.name}: has a load, but its models have no saved()")
    loaded = family.load(classifier.saved())
    same = np.array_equal(classifier.predict_proba(X), loaded.predict_proba(X))
    demand(same, f"{family.name}: a loaded model gives other probabilities")


def looks_at_what_it_says(family: ModelFamily, X: Array, y: Array) -> None:
    """Where a classifier names the columns it uses, the others may hold anything."""
    classifier = _fitted(family, X, y)
    if isinstance(classifier, SparingClassifier):
        blind = np.zeros_like(X)
        used = classifier.used_columns()
        blind[:, used] = X[:, used]
        same = np.array_equal(classifier.predict_proba(X), classifier.predict_proba(blind))
        demand(same, f"{family.name}: looks at other columns than used_columns() says")


def stops_where_its_stages_are(family: ModelFamily, X: Array, y: Array) -> None:
    """Where a classifier can stop early, it says what it says at that stage."""
    classifier = _fitted(family, X, y)
    if isinstance(classifier, SteppedClassifier):
        for rounds, probabilities in classifier.staged_probabilities(X).items():
            same = np.array_equal(probabilities, classifier.probability_after(rounds, X))
            demand(same, f"{family.name}: after {rounds} rounds it is not what it is at that stage")


MODEL_CHECKS: tuple[ModelCheck, ...] = (
    model_family_says_what_it_is_for,
    gives_probabilities,
    gives_the_same_probabilities_again,
    accepts_missing_values,
    accepts_constant_columns,
    learns_from_one_positive,
    learns_what_is_there,
    judges_each_frame_alone,
    leaves_the_table_alone,
    ends_its_stages_with_the_whole,
    is_the_same_once_loaded,
    looks_at_what_it_says,
    stops_where_its_stages_are,
)


def _demand_probabilities(family: ModelFamily, probabilities: Array, frames: int) -> None:
    shape = np.shape(probabilities)
    demand(shape == (frames, 2), f"{family.name}: probabilities are {shape}, they should be {(frames, 2)}")
    demand(within_0_and_1(probabilities), f"{family.name}: a probability is not between 0 and 1")
    demand(close(np.sum(probabilities, axis=1), 1.0), f"{family.name}: the two probabilities do not add up to 1")


def _fitted_probabilities(family: ModelFamily, X: Array, y: Array, judged: Array) -> Array:
    return np.asarray(_fitted(family, X, y).predict_proba(judged))


def _fitted(family: ModelFamily, X: Array, y: Array) -> Any:
    """Whatever the family makes, fitted."""
    classifier = family.function(0)
    classifier.fit(X, y)
    return classifier
