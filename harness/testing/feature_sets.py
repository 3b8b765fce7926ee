"""What every feature set must do."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import ceil
from typing import Any

import numpy as np

from harness.columns.identities import NAME, renamed
from harness.plugins.contract import Columns, FeatureSet
from harness.recording import Array, Recording
from harness.testing.demands import close, demand, demand_summary

FeatureCheck = Callable[[FeatureSet, Recording], None]


def feature_set_says_what_it_is_for(feature_set: FeatureSet, recording: Recording) -> None:
    """There is a docstring, whose first line listings show."""
    del recording
    demand_summary(feature_set)


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
    demand(not caught, f"{feature_set.name}: warns {caught[0].message if caught else ''}")


def names_its_columns_alike(feature_set: FeatureSet, recording: Recording) -> None:
    """Every recording of the same animals gets the same columns in the same order."""
    columns_of = fitted_on(feature_set, recording)
    expected = list(columns_of(recording))
    for other in (recording.cut(0, max(1, recording.frames // 2)), _unseen(recording)):
        names = list(columns_of(other))
        odd = set(expected) ^ set(names)
        demand(names == expected, f"{feature_set.name}: columns differ between recordings: {sorted(odd) or names}")


def gives_the_same_columns_again(feature_set: FeatureSet, recording: Recording) -> None:
    """The same recording gives the same numbers, fitting included."""
    first, second = (_columns(feature_set, recording) for _ in range(2))
    for name in first:
        same = np.array_equal(first[name], second[name], equal_nan=True)
        demand(same, f"{feature_set.name}: column {name!r} differs from one call to the next")


def looks_at_poses_only(feature_set: FeatureSet, recording: Recording) -> None:
    """Labels and the recording's name change no column: they are not there when a behavior is to be found."""
    labels = np.arange(recording.frames) % 2
    other = replace(recording, id="another name", labels=labels.astype(np.int8))
    first, second = _columns(feature_set, replace(recording, labels=None)), _columns(feature_set, other)
    for name in first:
        same = name in second and np.array_equal(first[name], second[name], equal_nan=True)
        demand(same, f"{feature_set.name}: column {name!r} depends on labels or on the recording's name")


def leaves_the_recording_alone(feature_set: FeatureSet, recording: Recording) -> None:
    """Keypoints are shared between feature sets, so none may write to them."""
    copy = _moved(recording, np.copy)
    _columns(feature_set, copy)
    for before, after in zip((recording.keypoints, *recording.others), (copy.keypoints, *copy.others), strict=True):
        demand(np.array_equal(before, after, equal_nan=True), f"{feature_set.name}: changes the keypoints")


def columns_look_no_farther_than_declared(feature_set: FeatureSet, recording: Recording) -> None:
    """A row depends on no frame farther away than `reach_seconds`, rounded up to frames.

    Frames farther away are put into another order, so that what the recording holds as a whole stays the same: a
    median over all frames is a unit of measure and looks at no frame in particular.
    """
    reach = ceil(feature_set.reach_seconds * recording.fps)
    long = _repeated(recording, 4 * reach + 40)
    columns_of = fitted_on(feature_set, long)
    expected = columns_of(long)
    for row in (0, long.frames // 2, long.frames - 1):
        order = _order_outside(long.frames, row, reach)
        confidence = None if long.confidence is None else long.confidence[order]
        shuffled = _moved(long, partial(np.take, indices=order, axis=0), confidence=confidence)
        columns = columns_of(shuffled)
        for name in expected:
            same = close(columns[name][row], expected[name][row])
            demand(same, f"{feature_set.name}: column {name!r} looks farther than {feature_set.reach_seconds} s")


def has_a_value_wherever_all_was_seen(feature_set: FeatureSet, recording: Recording) -> None:
    """Where every keypoint is seen on every frame, no column is NaN: missing values come from missing keypoints."""
    for name, values in _columns(feature_set, resampled(recording, 1)).items():
        demand(not np.isnan(values).any(), f"{feature_set.name}: column {name!r} is NaN though all keypoints are seen")


def columns_follow_the_animals(feature_set: FeatureSet, recording: Recording) -> None:
    """Where two animals change places, so do the columns that name them.

    What a set has learned stays as it was, so it treats either animal as the actor alike.
    """
    if recording.animals < 2:
        return
    numbers = [1, 0, *range(2, recording.animals)]
    confidence = None if recording.confidence is None else recording.confidence[:, numbers]
    swapped = replace(recording, keypoints=recording.keypoints[:, numbers], confidence=confidence)
    expected, columns = map(fitted_on(feature_set, recording), (recording, swapped))
    for name, values in expected.items():
        if not NAME.fullmatch(name):
            continue
        other = renamed(name, numbers)
        same = other in columns and close(columns[other], values, 1e-3)
        demand(same, f"{feature_set.name}: column {name!r} is not {other!r} once the animals have changed places")


def columns_change_with_nothing_they_are_invariant_to(feature_set: FeatureSet, recording: Recording) -> None:
    """Every claim of `invariant_to` holds: columns of the changed recording are those of the original."""
    original = resampled(recording, 1)
    columns_of = fitted_on(feature_set, original)
    expected = columns_of(original)
    for claim in feature_set.invariant_to:
        if claim == "mirror" and not recording.skeleton.roles:
            continue  # nobody knows which keypoints change places
        changed, step = (resampled(recording, 2), 2) if claim == "frame_rate" else (_CHANGES[claim](original), 1)
        columns = columns_of(changed)
        for name, values in expected.items():
            difference = np.abs(columns[name][::step] - values)
            # One frame more or less of a window, or a step of time half as long, is no other behavior.
            allowed = 0.1 * np.std(values) + 1e-2 if claim == "frame_rate" else 2e-3 * (1 + np.abs(values))
            same = np.quantile(difference - allowed, 0.95 if claim == "frame_rate" else 0.99) <= 0
            demand(same, f"{feature_set.name}: column {name!r} is not invariant to {claim}")


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


def _demand_columns(feature_set: FeatureSet, recording: Recording, columns: Columns) -> None:
    demand(len(columns) > 0, f"{feature_set.name}: gives no columns")
    for name, values in columns.items():
        shape = np.shape(values)
        demand(shape == (recording.frames,), f"{feature_set.name}: column {name!r} is {shape}, not one row a frame")
        number = np.asarray(values).dtype.kind in "fiub" and not np.isinf(np.asarray(values, dtype=np.float32)).any()
        demand(number, f"{feature_set.name}: column {name!r} holds something that is neither a number nor NaN")


def _columns(feature_set: FeatureSet, recording: Recording) -> Columns:
    """The columns with the default parameters; a fitted set learns from the recording itself."""
    return fitted_on(feature_set, recording)(recording)


def fitted_on(feature_set: FeatureSet, recording: Recording) -> Callable[[Recording], Columns]:
    """What gives the columns of any recording, with the default parameters and as learned from this one."""
    if feature_set.fit is None:
        return feature_set.function
    learned = feature_set.learned([recording], feature_set.defaults)
    return lambda other: feature_set.function(other, learned)


def _moved(recording: Recording, change: Callable[[Array], Array], **besides: Any) -> Recording:
    """The recording without labels, its tracks (frames, animal, xy, part) changed, those of other animals as well."""
    others = tuple(change(other[:, None])[:, 0] for other in recording.others)
    return replace(recording, keypoints=change(recording.keypoints), others=others, labels=None, **besides)


def _unseen(recording: Recording) -> Recording:
    return _moved(recording, lambda keypoints: np.full_like(keypoints, np.nan))


def resampled(recording: Recording, times: int) -> Recording:
    """Its motion up to two changes of direction a second, with nothing missing, at `times` the frame rate.

    A sum of sines, so that the recording at twice the rate passes through the very same poses.
    """
    span = times * (recording.frames - 1) + 1  # what follows the last frame heads back to the first
    confidence = None if recording.confidence is None else np.repeat(recording.confidence, times, axis=0)[:span]
    smooth = partial(_smooth, seconds=recording.frames / recording.fps, times=times)
    return _moved(recording, smooth, confidence=confidence, fps=recording.fps * times)


def _smooth(keypoints: Array, seconds: float, times: int) -> Array:
    """Tracks at `times` the frame rate, as `resampled` has them."""
    frame, smooth = np.arange(len(keypoints)), np.where(np.isnan(keypoints), 0, keypoints).astype(np.float64)
    for track, seen in zip(_tracks(smooth), _tracks(~np.isnan(keypoints)), strict=True):
        track[:] = np.interp(frame, frame[seen], track[seen]) if seen.any() else 0
    waves = np.fft.rfft(smooth, axis=0)
    waves[int(seconds) + 1 :] = 0
    finer = np.fft.irfft(waves, n=len(keypoints) * times, axis=0) * times
    return np.asarray(finer[: times * (len(keypoints) - 1) + 1], dtype=np.float32)


def _tracks(values: Array) -> Iterator[Array]:
    """Views (frames,) of every coordinate of every keypoint."""
    for animal, axis, part in np.ndindex(values.shape[1:]):
        yield values[:, animal, axis, part]


def _turned(recording: Recording) -> Recording:
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    change = partial(np.einsum, "ij,fajp->faip", turn)
    return _moved(recording, lambda keypoints: change(keypoints).astype(np.float32), image_size=None)


def _mirrored(recording: Recording) -> Recording:
    """Upside down, with left and right keypoints in one another's place."""
    roles = recording.skeleton.roles
    sides = {role: role.replace("left", "right") if "left" in role else role.replace("right", "left") for role in roles}
    order = list(range(len(recording.skeleton.keypoints)))
    for role, index in roles.items():
        order[index] = roles.get(sides[role], index)
    upside_down = np.array([1, -1], dtype=np.float32)[:, None]
    confidence = None if recording.confidence is None else recording.confidence[:, :, order]
    return _moved(recording, lambda keypoints: keypoints[:, :, :, order] * upside_down, confidence=confidence)


_CHANGES: dict[str, Callable[[Recording], Recording]] = {
    "translation": lambda recording: _moved(recording, lambda keypoints: keypoints + np.float32(200)),
    "rotation": _turned,
    "scale": lambda recording: _moved(recording, lambda keypoints: keypoints * np.float32(1.7)),
    "mirror": _mirrored,
}


def _repeated(recording: Recording, frames: int) -> Recording:
    """The recording over and over until it is at least `frames` long."""
    times = ceil(max(frames, recording.frames) / recording.frames)
    confidence = None if recording.confidence is None else np.tile(recording.confidence, (times, 1, 1))
    return _moved(recording, lambda keypoints: np.tile(keypoints, (times, 1, 1, 1)), confidence=confidence)


def _order_outside(frames: int, row: int, reach: int) -> Array:
    """All frames in order, but those farther than `reach` from `row` shuffled."""
    order = np.arange(frames)
    far = np.flatnonzero(np.abs(order - row) > reach)
    order[far] = np.random.default_rng(0).permutation(far)
    return order
