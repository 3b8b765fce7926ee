"""Every check finds the fault that it is there for, in a plugin built to have it, and none in one that has none."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.columns.poses import keypoints_as_points, typical_lengths
from harness.plugins.contract import Classifier, Columns, FeatureSet, Fitted, ModelFamily, Smoother
from harness.recording import Array, Recording
from harness.testing import FEATURE_CHECKS, MODEL_CHECKS, SMOOTHER_CHECKS, FeatureCheck, ModelCheck, SmootherCheck
from tests.toy import toy_recordings

RECORDING = toy_recordings(1, 120, missing=0.1)[0]


def names(checks: tuple[Callable[..., None], ...]) -> set[str]:
    return {check.__name__ for check in checks}


# Feature sets


def nose_x(recording: Recording, *, lag: int = 3) -> Columns:
    """The first animal's nose, now and `lag` frames before."""
    x = recording.keypoints[:, 0, 0, 0]
    return {"x": x, "x before": x[np.maximum(np.arange(len(x)) - lag, 0)]}


def scaled_nose_x(recording: Recording) -> Columns:
    """The first animal's nose in median body lengths, which are no business of any frame."""
    points = keypoints_as_points(recording)
    return {"x": points[0, 0].real / typical_lengths(points[:, 0] - points[:, 6])[0]}


def fit_mean(recordings: list[Recording], *, power: int = 1) -> Fitted:
    return {"mean": np.nan_to_num(np.array([np.nansum(recordings[0].keypoints ** power)]))}


def from_mean(recording: Recording, fitted: Fitted, *, power: int = 1) -> Columns:
    """The first animal's nose, from what was learned."""
    return {"x": recording.keypoints[:, 0, 0, 0] - fitted["mean"]}


SOUND_FEATURES = [
    FeatureSet("nose_x", nose_x, reach_seconds=0.1),
    FeatureSet("scaled_nose_x", scaled_nose_x),
    FeatureSet("from_mean", from_mean, fit=fit_mean),
]


@pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("feature_set", SOUND_FEATURES, ids=lambda one: one.name)
def test_a_sound_feature_set_passes(check: FeatureCheck, feature_set: FeatureSet) -> None:
    check(feature_set, RECORDING)


def speechless(recording: Recording) -> Columns:
    return nose_x(recording)


def one_row_short(recording: Recording) -> Columns:
    """Too short."""
    return {"speed": np.diff(recording.keypoints[:, 0, 0, 0])}


def without_columns(recording: Recording) -> Columns:
    """Nothing."""
    return {}


def infinite(recording: Recording) -> Columns:
    """Divides by nothing."""
    return {"x": np.full(recording.frames, np.inf)}


def wordy(recording: Recording) -> Columns:
    """Words."""
    return {"x": np.full(recording.frames, "near")}


def needs_two_frames(recording: Recording) -> Columns:
    """Fails on short recordings."""
    return {"x": np.resize(np.diff(recording.keypoints[:, 0, 0, 0])[[0]], recording.frames)}


def needs_a_keypoint(recording: Recording) -> Columns:
    """Fails where nothing was seen."""
    return {
        "x": np.full(recording.frames, min(row[0] for row in np.argwhere(recording.keypoints == recording.keypoints)))
    }


def needs_both(recording: Recording) -> Columns:
    """Fails where the second animal was not seen and the first one was."""
    seen = ~np.isnan(recording.keypoints).all(axis=(0, 2, 3))
    return {"x": np.full(recording.frames, 1.0 if seen.all() or not seen.any() else np.inf)}


def warning(recording: Recording) -> Columns:
    """Takes a mean of nothing."""
    return {"x": np.nanmean(recording.keypoints[:, 0, 0], axis=1)}


def moody(recording: Recording) -> Columns:
    """A column for what happens to be there."""
    seen = not np.isnan(recording.keypoints).all()
    return {("seen" if seen else "unseen"): np.zeros(recording.frames)}


def random(recording: Recording, *, chance: Any = np.random.default_rng(0)) -> Columns:  # noqa: B008
    """Never the same."""
    return {"x": chance.random(recording.frames)}


def peeking(recording: Recording) -> Columns:
    """Reads the answers."""
    return {"x": np.zeros(recording.frames) if recording.labels is None else recording.labels}


def knowing(recording: Recording) -> Columns:
    """Knows the recording by name."""
    return {"x": np.full(recording.frames, float(len(recording.id)))}


def writing(recording: Recording) -> Columns:
    """Moves the origin for good."""
    recording.keypoints[:, :, 0] -= 512
    return nose_x(recording)


def summing(recording: Recording) -> Columns:
    """Adds up everything so far."""
    return {"x": np.cumsum(np.nan_to_num(recording.keypoints[:, 0, 0, 0]))}


def forgetful(recording: Recording) -> Columns:
    """Lacks its first row."""
    return {"x": np.where(np.arange(recording.frames) < 1, np.nan, recording.keypoints[:, 0, 0, 0])}


def partial(recording: Recording) -> Columns:
    """Takes animal 0's place for both."""
    return {"0 x": recording.keypoints[:, 0, 0, 0], "1 x": recording.keypoints[:, 0, 0, 0]}


def place(recording: Recording) -> Columns:
    """Where the first keypoint is, left and right."""
    return {"x": np.nan_to_num(recording.keypoints[:, 0, 0, 1])}


def sides(recording: Recording) -> Columns:
    """On which side of the neck the left ear is."""
    left, neck = recording.keypoints[:, 0, :, 1], recording.keypoints[:, 0, :, 3]
    return {"y": (left - neck)[:, 1]}


def per_frame(recording: Recording) -> Columns:
    """Speed in pixels a frame."""
    return {"x": np.gradient(recording.keypoints[:, 0, 0, 0])}


BROKEN_FEATURES = {
    "feature_set_says_what_it_is_for": [(FeatureSet("a", speechless), "there is no docstring")],
    "gives_one_number_a_frame": [
        (FeatureSet("a", one_row_short), r"column 'speed' is \(119,\), not one row a frame"),
        (FeatureSet("a", without_columns), "gives no columns"),
        (FeatureSet("a", infinite), "neither a number nor NaN"),
        (FeatureSet("a", wordy), "neither a number nor NaN"),
    ],
    "works_on_one_frame": [(FeatureSet("a", needs_two_frames), "index 0 is out of bounds")],
    "works_where_nothing_was_seen": [(FeatureSet("a", needs_a_keypoint), "iterable argument is empty|empty sequence")],
    "works_where_one_animal_was_not_seen": [(FeatureSet("a", needs_both), "neither a number nor NaN")],
    "warns_of_nothing": [(FeatureSet("a", warning), "warns Mean of empty slice")],
    "names_its_columns_alike": [(FeatureSet("a", moody), r"differ between recordings: \['seen', 'unseen'\]")],
    "gives_the_same_columns_again": [(FeatureSet("a", random), "column 'x' differs from one call to the next")],
    "looks_at_poses_only": [
        (FeatureSet("a", peeking), "column 'x' depends on labels"),
        (FeatureSet("a", knowing), "column 'x' depends on labels or on the recording's name"),
    ],
    "leaves_the_recording_alone": [(FeatureSet("a", writing), "changes the keypoints")],
    "columns_look_no_farther_than_declared": [
        (FeatureSet("a", nose_x, reach_seconds=0.06), "column 'x before' looks farther than 0.06 s"),
        (FeatureSet("a", summing, reach_seconds=1.0), "column 'x' looks farther than 1.0 s"),
    ],
    "has_a_value_wherever_all_was_seen": [(FeatureSet("a", forgetful), "column 'x' is NaN though all keypoints")],
    "columns_follow_the_animals": [
        (FeatureSet("a", partial), "column '0 x' is not '1 x' once the animals have changed places")
    ],
    "columns_change_with_nothing_they_are_invariant_to": [
        (FeatureSet("a", place, invariant_to=(claim,)), f"column 'x' is not invariant to {claim}")
        for claim in ("translation", "rotation", "scale")
    ]
    + [
        (FeatureSet("a", sides, invariant_to=("mirror",)), "column 'y' is not invariant to mirror"),
        (FeatureSet("a", per_frame, invariant_to=("frame_rate",)), "column 'x' is not invariant to frame_rate"),
    ],
}


def test_there_is_a_broken_feature_set_for_every_check() -> None:
    assert names(FEATURE_CHECKS) == BROKEN_FEATURES.keys()


@pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_feature_set_fails(check: FeatureCheck) -> None:
    for feature_set, message in BROKEN_FEATURES[check.__name__]:
        with pytest.raises((AssertionError, IndexError, ValueError), match=message):
            check(feature_set, RECORDING)


# Model families

CHANCE = np.random.default_rng(0)
X = CHANCE.normal(size=(200, 4)).astype(np.float32)
Y = (X[:, 1] > 1).astype(np.int8)


class Nearest:
    """A frame is as probable as it is nearer to the mean of the positives; a round counts one more column."""

    def fit(self, X: Array, y: Array) -> "Nearest":
        X = np.nan_to_num(X)
        self.means = [X[y == label].mean(axis=0) for label in (0, 1)]
        return self

    def staged_probabilities(self, X: Array) -> dict[int, Array]:
        off = [np.cumsum((np.nan_to_num(X) - mean) ** 2 + 1e-9, axis=1) for mean in self.means]
        return {rounds: off[0][:, rounds - 1] / (off[0] + off[1])[:, rounds - 1] for rounds in range(1, X.shape[1] + 1)}

    def predict_proba(self, X: Array) -> Array:
        positive = self.staged_probabilities(X)[X.shape[1]]
        return np.stack([1 - positive, positive], axis=1)


def nearest(seed: int) -> Classifier:
    """The nearer mean."""
    return Nearest()


def family(change: Callable[[Array], Array], *, baseline: bool = False) -> ModelFamily:
    """`nearest` with something done to its probabilities."""

    class Changed(Nearest):
        def predict_proba(self, X: Array) -> Array:
            return change(super().predict_proba(X))

    return ModelFamily("a", lambda seed: Changed(), baseline)


def with_fit(check: Callable[[Array, Array], None]) -> ModelFamily:
    """`nearest` that looks at its training data first."""

    class Checking(Nearest):
        def fit(self, X: Array, y: Array) -> "Nearest":
            check(X, y)
            return super().fit(X, y)

    return ModelFamily("a", lambda seed: Checking())


def with_stages(stages: Callable[[Array], dict[int, Array]]) -> ModelFamily:
    """A classifier that finds 0.5 everywhere, and says so in stages."""

    class Staged:
        def fit(self, X: Array, y: Array) -> None:
            pass

        def predict_proba(self, X: Array) -> Array:
            return np.full((len(X), 2), 0.5)

        def staged_probabilities(self, X: Array) -> dict[int, Array]:
            return stages(np.full(len(X), 0.5))

    return ModelFamily("a", lambda seed: Staged())


def with_methods(load: Any = None, **methods: Callable[..., Any]) -> ModelFamily:
    """The first column is the probability; and what else its classifier can do."""

    class First:
        def fit(self, X: Array, y: Array) -> None:
            pass

        def predict_proba(self, X: Array) -> Array:
            positive = np.clip(np.nan_to_num(X[:, 0]), 0, 1)
            return np.stack([1 - positive, positive], axis=1)

    for name, method in methods.items():
        setattr(First, name, method)
    return ModelFamily("a", lambda seed: First(), load=load)


def refuse_nan(X: Array, y: Array) -> None:
    if np.isnan(X).any():
        raise ValueError("Input contains NaN")


def refuse_constant(X: Array, y: Array) -> None:
    if (np.nanmax(X, axis=0) == np.nanmin(X, axis=0)).any():
        raise ValueError("a column is constant")


def refuse_one(X: Array, y: Array) -> None:
    if y.sum() < 2:
        raise ValueError("needs two positives")


def write_zero(X: Array, y: Array) -> None:
    X[0, 0] = 0


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_a_sound_model_family_passes(check: ModelCheck) -> None:
    check(ModelFamily("nearest", nearest), X, Y)


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_a_baseline_need_not_learn(check: ModelCheck) -> None:
    def guessing(seed: int) -> Classifier:
        """Guesses."""

        class Guessing:
            def fit(self, X: Array, y: Array) -> None:
                pass

            def predict_proba(self, X: Array) -> Array:
                positive = np.random.default_rng(seed).random(len(X))
                return np.stack([1 - positive, positive], axis=1)

        return Guessing()

    check(ModelFamily("guessing", guessing, baseline=True), X, Y)


CALLS = itertools.count()

BROKEN_MODELS = {
    "model_family_says_what_it_is_for": [(family(lambda p: p), "there is no docstring")],
    "gives_probabilities": [
        (family(lambda p: p[:, 1]), r"probabilities are \(200,\), they should be \(200, 2\)"),
        (family(lambda p: p * 2 - 0.5), "a probability is not between 0 and 1"),
        (family(lambda p: p * np.nan), "a probability is not between 0 and 1"),
        (family(lambda p: p / 2), "the two probabilities do not add up to 1"),
    ],
    "gives_the_same_probabilities_again": [
        (family(lambda p: p if next(CALLS) % 2 else p[:, ::-1]), "the same seed gives other probabilities")
    ],
    "accepts_missing_values": [(with_fit(refuse_nan), "Input contains NaN")],
    "accepts_constant_columns": [(with_fit(refuse_constant), "a column is constant")],
    "learns_from_one_positive": [(with_fit(refuse_one), "needs two positives")],
    "learns_what_is_there": [
        (family(lambda p: p[:, ::-1]), "positive frames are no more probable than others"),
        (family(lambda p: np.full_like(p, 0.5)), "positive frames are no more probable than others"),
    ],
    "judges_each_frame_alone": [
        (family(lambda p: p.argsort(axis=0) @ [[0, 1], [0, 1]] / len(p)), "depends on the other frames")
    ],
    "leaves_the_table_alone": [(with_fit(write_zero), "cannot work on a read-only table")],
    "ends_its_stages_with_the_whole": [
        (with_stages(lambda p: {}), r"rounds \[\] do not grow"),
        (with_stages(lambda p: {20: p, 10: p}), r"rounds \[20, 10\] do not grow"),
        (with_stages(lambda p: {10: p[1:], 20: p}), "after 10 rounds it does not give one probability a frame"),
        (with_stages(lambda p: {10: p, 20: p / 2}), "the last stage differs from predict_proba"),
    ],
    "is_the_same_once_loaded": [
        (with_methods(load=lambda files: nearest(0)), r"its models have no saved\(\)"),
        (
            with_methods(load=lambda files: with_stages(lambda p: {}).function(0), saved=lambda self: {}),
            "a loaded model gives other probabilities",
        ),
    ],
    "looks_at_what_it_says": [
        (with_methods(used_columns=lambda self: np.array([1])), "looks at other columns than used_columns"),
    ],
    "stops_where_its_stages_are": [
        (
            with_methods(
                staged_probabilities=lambda self, X: {10: np.zeros(len(X)), 20: np.ones(len(X))},
                probability_after=lambda self, rounds, X: np.ones(len(X)),
            ),
            "after 10 rounds it is not what it is at that stage",
        )
    ],
}


def test_there_is_a_broken_model_family_for_every_check() -> None:
    assert names(MODEL_CHECKS) == BROKEN_MODELS.keys()


@pytest.mark.parametrize("check", MODEL_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_model_family_fails(check: ModelCheck) -> None:
    for broken, message in BROKEN_MODELS[check.__name__]:
        with pytest.raises((AssertionError, ValueError), match=message):
            check(broken, X, Y)


# Smoothers

PROBABILITIES = CHANCE.random(60).astype(np.float32)


def mean_of_three(probabilities: Array, fps: float) -> Array:
    """Mean of three frames, fewer at the ends."""
    frame = np.arange(len(probabilities))
    around = [probabilities[np.clip(frame + step, 0, len(frame) - 1)] for step in (-1, 0, 1)]
    return np.asarray(np.mean(around, axis=0))


def speechless_smoother(probabilities: Array, fps: float) -> Array:
    return probabilities


def in_place(probabilities: Array, fps: float) -> Array:
    """Writes to what it is given."""
    probabilities *= 0.5
    return probabilities


@pytest.mark.parametrize("check", SMOOTHER_CHECKS, ids=lambda check: check.__name__)
def test_a_sound_smoother_passes(check: SmootherCheck) -> None:
    check(Smoother("mean_of_three", mean_of_three, reach_seconds=1 / 30), PROBABILITIES, 30)


def smoother(function: Callable[[Array], Array]) -> Smoother:
    return Smoother("a", lambda probabilities, fps: function(probabilities), reach_seconds=1.0)


BROKEN_SMOOTHERS = {
    "smoother_says_what_it_is_for": [(Smoother("a", speechless_smoother), "there is no docstring")],
    "keeps_the_length": [(smoother(lambda p: p[1:]), r"\(59,\) comes out where \(60,\) went in")],
    "stays_within_0_and_1": [
        (smoother(lambda p: p * 1.2), "a value comes out that is not between 0 and 1"),
        (smoother(lambda p: p * np.nan), "a value comes out that is not between 0 and 1"),
    ],
    "keeps_what_is_constant": [
        (smoother(lambda p: p * 0.9), "changes a constant 0.3"),
        (smoother(lambda p: np.convolve(p, np.ones(3) / 3, "same")), "changes a constant 0.3"),
    ],
    "gives_the_same_values_again": [
        (smoother(lambda p: p * (next(CALLS) % 2)), "values differ from one call to the next")
    ],
    "leaves_the_probabilities_alone": [(Smoother("a", in_place), "changes the probabilities it was given")],
    "values_look_no_farther_than_declared": [
        (Smoother("a", mean_of_three), "looks farther than 0.0 s"),
        (smoother(lambda p: np.maximum.accumulate(p)), "looks farther than 1.0 s"),
        (smoother(lambda p: np.full_like(p, p.mean())), "looks farther than 1.0 s"),
    ],
}


def test_there_is_a_broken_smoother_for_every_check() -> None:
    assert names(SMOOTHER_CHECKS) == BROKEN_SMOOTHERS.keys()


@pytest.mark.parametrize("check", SMOOTHER_CHECKS, ids=lambda check: check.__name__)
def test_a_broken_smoother_fails(check: SmootherCheck) -> None:
    for broken, message in BROKEN_SMOOTHERS[check.__name__]:
        with pytest.raises(AssertionError, match=message):
            check(broken, PROBABILITIES, 30)
