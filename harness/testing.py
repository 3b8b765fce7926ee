"""Named checks that every plugin must pass, ours and other people's.

Each raises `AssertionError` with what is wrong. In a plugin's own tests:

    @pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
    def test_my_features(check, my_recording):
        check(FEATURES["my_features"], my_recording)

Feature checks take a recording that the set does not refuse; model checks take X (frames, columns) and y (frames,)
that can be learned from; smoother checks take probabilities (frames,) and frames per second.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from math import ceil

import numpy as np

from harness.identities import NAME, renamed
from harness.recording import Array, Recording
from harness.registry import Columns, FeatureSet, ModelFamily, Plugin, Smoother

FeatureCheck = Callable[[FeatureSet, Recording], None]
ModelCheck = Callable[[ModelFamily, Array, Array], None]
SmootherCheck = Callable[[Smoother, Array, float], None]

TOLERANCE = 1e-4
"""Relative, and a hundredth of it absolute; columns and probabilities are kept as float32."""


# Feature sets


def feature_set_says_what_it_is_for(feature_set: FeatureSet, recording: Recording) -> None:
    """There is a docstring, whose first line listings show."""
    del recording
    _demand_summary(feature_set)


def gives_one_number_a_frame(feature_set: FeatureSet, recording: Recording) -> None:
    """With its defaults it gives named columns of one number a frame."""
    _demand_columns(feature_set, recording, _columns(feature_set, recording))


def works_on_one_frame(feature_set: FeatureSet, recording: Recording) -> None:
    """A recording may be a single frame."""
    one = recording.cut(0, 1)
    _demand_columns(feature_set, one, _columns(feature_set, one))


def works_where_nothing_was_seen(feature_set: FeatureSet, recording: Recording) -> None:
    """A recording may lack every keypoint, and so may the recordings that a set is fitted on."""
    unseen = _unseen(recording)
    _demand_columns(feature_set, unseen, _columns(feature_set, unseen))


def works_where_one_animal_was_not_seen(feature_set: FeatureSet, recording: Recording) -> None:
    """A recording may lack one of its animals."""
    keypoints = recording.keypoints.copy()
    keypoints[:, -1] = np.nan
    alone = replace(recording, keypoints=keypoints)
    _demand_columns(feature_set, alone, _columns(feature_set, alone))


def warns_of_nothing(feature_set: FeatureSet, recording: Recording) -> None:
    """Missing keypoints and short recordings are ordinary, and no reason for a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for one in (recording, recording.cut(0, 1), _unseen(recording)):
            _columns(feature_set, one)
    _demand(not caught, f"{feature_set.name}: warns {caught[0].message if caught else ''}")


def names_its_columns_alike(feature_set: FeatureSet, recording: Recording) -> None:
    """Every recording of the same animals gets the same columns in the same order."""
    expected = list(_columns(feature_set, recording))
    for other in (recording.cut(0, max(1, recording.frames // 2)), _unseen(recording)):
        names = list(_columns(feature_set, other, fitted_on=recording))
        odd = set(expected) ^ set(names)
        _demand(names == expected, f"{feature_set.name}: columns differ between recordings: {sorted(odd) or names}")


def gives_the_same_columns_again(feature_set: FeatureSet, recording: Recording) -> None:
    """The same recording gives the same numbers, fitting included."""
    first, second = (_columns(feature_set, recording) for _ in range(2))
    for name in first:
        same = np.array_equal(first[name], second[name], equal_nan=True)
        _demand(same, f"{feature_set.name}: column {name!r} differs from one call to the next")


def looks_at_poses_only(feature_set: FeatureSet, recording: Recording) -> None:
    """Labels and the recording's name change no column: they are not there when a behavior is to be found."""
    labels = np.arange(recording.frames) % 2
    other = replace(recording, id="another name", labels=labels.astype(np.int8))
    first, second = _columns(feature_set, replace(recording, labels=None)), _columns(feature_set, other)
    for name in first:
        same = name in second and np.array_equal(first[name], second[name], equal_nan=True)
        _demand(same, f"{feature_set.name}: column {name!r} depends on labels or on the recording's name")


def leaves_the_recording_alone(feature_set: FeatureSet, recording: Recording) -> None:
    """Keypoints are shared between feature sets, so none may write to them."""
    copy = replace(recording, keypoints=recording.keypoints.copy())
    before = copy.keypoints.copy()
    _columns(feature_set, copy)
    _demand(np.array_equal(copy.keypoints, before, equal_nan=True), f"{feature_set.name}: changes the keypoints")


def columns_look_no_farther_than_declared(feature_set: FeatureSet, recording: Recording) -> None:
    """A row depends on no frame farther away than `reach_seconds`, rounded up to frames.

    Frames farther away are put into another order, so that what the recording holds as a whole stays the same: a
    median over all frames is a unit of measure and looks at no frame in particular.
    """
    reach = ceil(feature_set.reach_seconds * recording.fps)
    long = _repeated(recording, 4 * reach + 40)
    expected = _columns(feature_set, long)
    for row in (0, long.frames // 2, long.frames - 1):
        order = _order_outside(long.frames, row, reach)
        confidence = None if long.confidence is None else long.confidence[order]
        shuffled = replace(long, keypoints=long.keypoints[order], confidence=confidence)
        columns = _columns(feature_set, shuffled, fitted_on=long)
        for name in expected:
            same = _close(columns[name][row], expected[name][row])
            _demand(same, f"{feature_set.name}: column {name!r} looks farther than {feature_set.reach_seconds} s")


def has_a_value_wherever_all_was_seen(feature_set: FeatureSet, recording: Recording) -> None:
    """Where every keypoint is seen on every frame, no column is NaN: missing values come from missing keypoints."""
    for name, values in _columns(feature_set, resampled(recording, 1)).items():
        _demand(not np.isnan(values).any(), f"{feature_set.name}: column {name!r} is NaN though all keypoints are seen")


def columns_follow_the_animals(feature_set: FeatureSet, recording: Recording) -> None:
    """Where two animals change places, so do the columns that name them.

    What a set has learned stays as it was, so it treats either animal as the actor alike.
    """
    if recording.animals < 2:
        return
    numbers = [1, 0, *range(2, recording.animals)]
    confidence = None if recording.confidence is None else recording.confidence[:, numbers]
    swapped = replace(recording, keypoints=recording.keypoints[:, numbers], confidence=confidence)
    expected, columns = _columns(feature_set, recording), _columns(feature_set, swapped, fitted_on=recording)
    for name, values in expected.items():
        if not NAME.fullmatch(name):
            continue
        other = renamed(name, numbers)
        same = other in columns and _close(columns[other], values, 1e-3)
        _demand(same, f"{feature_set.name}: column {name!r} is not {other!r} once the animals have changed places")


def columns_change_with_nothing_they_are_invariant_to(feature_set: FeatureSet, recording: Recording) -> None:
    """Every claim of `invariant_to` holds: columns of the changed recording are those of the original."""
    original = resampled(recording, 1)
    expected = _columns(feature_set, original)
    for claim in feature_set.invariant_to:
        if claim == "mirror" and not recording.skeleton.roles:
            continue  # nobody knows which keypoints change places
        changed, step = (resampled(recording, 2), 2) if claim == "frame_rate" else (_CHANGES[claim](original), 1)
        columns = _columns(feature_set, changed, fitted_on=original)
        for name, values in expected.items():
            difference = np.abs(columns[name][::step] - values)
            # One frame more or less of a window, or a step of time half as long, is no other behavior.
            allowed = 0.1 * np.std(values) + 1e-2 if claim == "frame_rate" else 2e-3 * (1 + np.abs(values))
            same = np.quantile(difference - allowed, 0.95 if claim == "frame_rate" else 0.99) <= 0
            _demand(same, f"{feature_set.name}: column {name!r} is not invariant to {claim}")


FEATURE_CHECKS: tuple[FeatureCheck, ...] = (
    feature_set_says_what_it_is_for,
    gives_one_number_a_frame,
    works_on_one_frame,
    works_where_nothing_was_seen,
    works_where_one_animal_was_not_seen,
    warns_of_nothing,
    names_its_columns_alike,
    gives_the_same_columns_again,
    looks_at_poses_only,
    leaves_the_recording_alone,
    columns_look_no_farther_than_declared,
    has_a_value_wherever_all_was_seen,
    columns_follow_the_animals,
    columns_change_with_nothing_they_are_invariant_to,
)


# Model families


def model_family_says_what_it_is_for(family: ModelFamily, X: Array, y: Array) -> None:
    """There is a docstring, whose first line listings show."""
    del X, y
    _demand_summary(family)


def gives_probabilities(family: ModelFamily, X: Array, y: Array) -> None:
    """With its defaults it learns, and gives two probabilities a frame that add up to 1."""
    _demand_probabilities(family, _fitted_probabilities(family, X, y, X), len(X))


def gives_the_same_probabilities_again(family: ModelFamily, X: Array, y: Array) -> None:
    """The same seed and data give the same probabilities."""
    first, second = (_fitted_probabilities(family, X, y, X) for _ in range(2))
    _demand(np.array_equal(first, second), f"{family.name}: the same seed gives other probabilities")


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
    _demand(learned, f"{family.name}: positive frames are no more probable than others, on its own training data")


def judges_each_frame_alone(family: ModelFamily, X: Array, y: Array) -> None:
    """A frame's probability does not depend on the frames it is predicted with, unless it looks at no features."""
    if not family.baseline:
        classifier = family.function(0)
        classifier.fit(X, y)
        among, alone = classifier.predict_proba(X)[:3], classifier.predict_proba(X[:3])
        _demand(_close(among, alone), f"{family.name}: a frame's probability depends on the other frames")


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
    _demand(len(stages) > 0 and list(stages) == sorted(stages), f"{family.name}: rounds {list(stages)} do not grow")
    for rounds, probabilities in stages.items():
        _demand(
            np.shape(probabilities) == (len(X),) and _within_0_and_1(probabilities),
            f"{family.name}: after {rounds} rounds it does not give one probability a frame",
        )
    whole = classifier.predict_proba(X)[:, 1]
    _demand(_close(stages[max(stages)], whole), f"{family.name}: the last stage differs from predict_proba")


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
)


# Smoothers


def smoother_says_what_it_is_for(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """There is a docstring, whose first line listings show."""
    del probabilities, fps
    _demand_summary(smoother)


def keeps_the_length(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """As many values come out as went in, down to a single one."""
    for values in (probabilities, probabilities[:2], probabilities[:1]):
        shape = np.shape(smoother.function(values.copy(), fps))
        _demand(shape == values.shape, f"{smoother.name}: {shape} comes out where {values.shape} went in")


def stays_within_0_and_1(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """What comes out are probabilities again, also where those given are 0 and 1."""
    for values in (probabilities, np.round(probabilities)):
        smooth = smoother.function(values.copy(), fps)
        _demand(_within_0_and_1(smooth), f"{smoother.name}: a value comes out that is not between 0 and 1")


def keeps_what_is_constant(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """A constant stays what it is, at the ends too."""
    for value in (0.0, 0.3, 1.0):
        constant = np.full_like(probabilities, value)
        _demand(
            _close(smoother.function(constant.copy(), fps), constant), f"{smoother.name}: changes a constant {value}"
        )


def gives_the_same_values_again(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """The same probabilities give the same values."""
    first, second = (smoother.function(probabilities.copy(), fps) for _ in range(2))
    _demand(np.array_equal(first, second), f"{smoother.name}: values differ from one call to the next")


def leaves_the_probabilities_alone(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """The same probabilities are given to every smoother, so none may write to them."""
    given = probabilities.copy()
    smoother.function(given, fps)
    _demand(np.array_equal(given, probabilities), f"{smoother.name}: changes the probabilities it was given")


def values_look_no_farther_than_declared(smoother: Smoother, probabilities: Array, fps: float) -> None:
    """A value depends on no frame farther away than `reach_seconds`, rounded up to frames."""
    reach = ceil(smoother.reach_seconds * fps)
    long = np.resize(probabilities, max(len(probabilities), 4 * reach + 40))
    expected = smoother.function(long.copy(), fps)
    for row in (0, len(long) // 2, len(long) - 1):
        far = np.abs(np.arange(len(long)) - row) > reach
        for changed in (1 - long, np.zeros_like(long), np.ones_like(long)):
            value = smoother.function(np.where(far, changed, long), fps)[row]
            _demand(_close(value, expected[row]), f"{smoother.name}: looks farther than {smoother.reach_seconds} s")


SMOOTHER_CHECKS: tuple[SmootherCheck, ...] = (
    smoother_says_what_it_is_for,
    keeps_the_length,
    stays_within_0_and_1,
    keeps_what_is_constant,
    gives_the_same_values_again,
    leaves_the_probabilities_alone,
    values_look_no_farther_than_declared,
)


# What the checks are made of


def _demand(fulfilled: bool, otherwise: str) -> None:
    if not fulfilled:
        raise AssertionError(otherwise)


def _demand_summary(plugin: Plugin) -> None:
    _demand(bool(plugin.summary), f"{plugin.name}: there is no docstring that says what it is for")


def _demand_columns(feature_set: FeatureSet, recording: Recording, columns: Columns) -> None:
    _demand(len(columns) > 0, f"{feature_set.name}: gives no columns")
    for name, values in columns.items():
        shape = np.shape(values)
        _demand(shape == (recording.frames,), f"{feature_set.name}: column {name!r} is {shape}, not one row a frame")
        number = np.asarray(values).dtype.kind in "fiub" and not np.isinf(np.asarray(values, dtype=np.float32)).any()
        _demand(number, f"{feature_set.name}: column {name!r} holds something that is neither a number nor NaN")


def _demand_probabilities(family: ModelFamily, probabilities: Array, frames: int) -> None:
    shape = np.shape(probabilities)
    _demand(shape == (frames, 2), f"{family.name}: probabilities are {shape}, they should be {(frames, 2)}")
    _demand(_within_0_and_1(probabilities), f"{family.name}: a probability is not between 0 and 1")
    _demand(_close(np.sum(probabilities, axis=1), 1.0), f"{family.name}: the two probabilities do not add up to 1")


def _columns(feature_set: FeatureSet, recording: Recording, fitted_on: Recording | None = None) -> Columns:
    """The columns with the default parameters; a fitted set learns from `fitted_on`, or else from `recording`."""
    if feature_set.fit is None:
        columns: Columns = feature_set.function(recording)
    else:
        fitted = feature_set.fit([fitted_on or recording], **feature_set.defaults)
        columns = feature_set.function(recording, fitted)
    return columns


def _fitted_probabilities(family: ModelFamily, X: Array, y: Array, judged: Array) -> Array:
    classifier = family.function(0)
    classifier.fit(X, y)
    return np.asarray(classifier.predict_proba(judged))


def _unseen(recording: Recording) -> Recording:
    return replace(recording, keypoints=np.full_like(recording.keypoints, np.nan))


def resampled(recording: Recording, times: int) -> Recording:
    """Its motion up to two changes of direction a second, with nothing missing, at `times` the frame rate.

    A sum of sines, so that the recording at twice the rate passes through the very same poses.
    """
    frames = recording.frames
    keypoints = np.where(np.isnan(recording.keypoints), 0, recording.keypoints).astype(np.float64)
    for track, seen in zip(_tracks(keypoints), _tracks(~np.isnan(recording.keypoints)), strict=True):
        frame = np.arange(frames)
        track[:] = np.interp(frame, frame[seen], track[seen]) if seen.any() else 0
    waves = np.fft.rfft(keypoints, axis=0)
    waves[int(frames / recording.fps) + 1 :] = 0
    span = times * (frames - 1) + 1  # what follows the last frame heads back to the first
    smooth = np.fft.irfft(waves, n=frames * times, axis=0)[:span] * times
    confidence = None if recording.confidence is None else np.repeat(recording.confidence, times, axis=0)[:span]
    return replace(
        recording, keypoints=smooth.astype(np.float32), labels=None, confidence=confidence, fps=recording.fps * times
    )


def _tracks(values: Array) -> Iterator[Array]:
    """Views (frames,) of every coordinate of every keypoint."""
    for animal, axis, part in np.ndindex(values.shape[1:]):
        yield values[:, animal, axis, part]


def _turned(recording: Recording) -> Recording:
    cos, sin = np.cos(1.0), np.sin(1.0)
    keypoints = np.einsum("ij,fajp->faip", np.array([[cos, -sin], [sin, cos]]), recording.keypoints)
    return replace(recording, keypoints=keypoints.astype(np.float32), image_size=None)


def _mirrored(recording: Recording) -> Recording:
    """Upside down, with left and right keypoints in one another's place."""
    roles = recording.skeleton.roles
    sides = {role: role.replace("left", "right") if "left" in role else role.replace("right", "left") for role in roles}
    order = list(range(len(recording.skeleton.keypoints)))
    for role, index in roles.items():
        order[index] = roles.get(sides[role], index)
    keypoints = recording.keypoints[:, :, :, order] * np.array([1, -1], dtype=np.float32)[:, None]
    confidence = None if recording.confidence is None else recording.confidence[:, :, order]
    return replace(recording, keypoints=keypoints, confidence=confidence)


_CHANGES: dict[str, Callable[[Recording], Recording]] = {
    "translation": lambda recording: replace(recording, keypoints=recording.keypoints + np.float32(200)),
    "rotation": _turned,
    "scale": lambda recording: replace(recording, keypoints=recording.keypoints * np.float32(1.7)),
    "mirror": _mirrored,
}


def _repeated(recording: Recording, frames: int) -> Recording:
    """The recording over and over until it is at least `frames` long."""
    times = ceil(max(frames, recording.frames) / recording.frames)
    keypoints = np.tile(recording.keypoints, (times, 1, 1, 1))
    confidence = None if recording.confidence is None else np.tile(recording.confidence, (times, 1, 1))
    return replace(recording, keypoints=keypoints, labels=None, confidence=confidence)


def _order_outside(frames: int, row: int, reach: int) -> Array:
    """All frames in order, but those farther than `reach` from `row` shuffled."""
    order = np.arange(frames)
    far = np.flatnonzero(np.abs(order - row) > reach)
    order[far] = np.random.default_rng(0).permutation(far)
    return order


def _close(one: Array | float, other: Array | float, tolerance: float = TOLERANCE) -> bool:
    return bool(np.allclose(one, other, rtol=tolerance, atol=tolerance / 100, equal_nan=True))


def _within_0_and_1(values: Array) -> bool:
    return bool(((np.asarray(values) >= 0) & (np.asarray(values) <= 1)).all())
