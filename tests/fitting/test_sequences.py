"""Models that see recordings whole, through a family that remembers what it has seen."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.columns.cache import BlockCache
from harness.files.atomic import locked
from harness.fitting.decisions import Candidates
from harness.fitting.evaluation import Among, Outcome, evaluate, evaluate_against
from harness.fitting.folds import make_folds
from harness.fitting.pipeline import FeatureTables
from harness.fitting.sequences import SharedModels, fit_shared
from harness.fitting.shared import SharedFolds
from harness.plugins import Series, load_plugins, sequence_family
from harness.plugins.contract import SequenceFamily
from harness.plugins.registry import MODELS
from harness.recording import UNKNOWN, Array, Recording
from harness.spec import Choice, PipelineSpec, Preparation
from tests.toy import toy_recordings

load_plugins()

CANDIDATES = Candidates((Choice("none"),), (0.0,), (0.0,))
SPEC = PipelineSpec((Choice("kinematics"),), Choice("memory"), Preparation(windows="none"))

FITTED: list[tuple[list[str], Array]] = []
"""What each fit was given: the recordings, by their sums, and all labels."""


class Memory:
    """Says 1 of each frame of a recording that it was fitted on, and 0 of all others."""

    def __init__(self, known: Sequence[str] = (), behaviors: int = 0) -> None:
        self.known, self.behaviors = list(known), behaviors

    def fit(self, series: Sequence[Series], columns: Sequence[str]) -> "Memory":
        assert all(one.X.shape[1] == len(columns) for one in series)
        self.known, self.behaviors = [_name(one.X) for one in series], series[0].labels.shape[1]
        FITTED.append((self.known, np.concatenate([one.labels for one in series])))
        return self

    def probabilities(self, X: Array, fps: float) -> Array:
        return np.full((len(X), self.behaviors), float(_name(X) in self.known), dtype=np.float32)

    def saved(self) -> dict[str, bytes]:
        return {"known.json": json.dumps([self.known, self.behaviors]).encode()}


def _name(X: Array) -> str:
    return f"{np.nansum(X, dtype=np.float64):.6f}"


def load(files: Mapping[str, bytes]) -> Memory:
    return Memory(*json.loads(files["known.json"]))


@pytest.fixture(autouse=True)
def memory(registries: None) -> None:
    @sequence_family("memory", load=load, inputs=[["kinematics"]])
    def memory(seed: int) -> Memory:
        """Remembers."""
        return Memory()

    FITTED.clear()


def tables(folder: Path) -> FeatureTables:
    return FeatureTables(BlockCache(folder), ())


def shared_of(**labelled: Sequence[Recording]) -> SharedFolds:
    return SharedFolds.of({name: make_folds(theirs, 0.1) for name, theirs in labelled.items()})


def as_other(recording: Recording) -> Recording:
    """The same recording, labelled for another behavior."""
    return replace(recording, labels=np.roll(recording.known_labels, 30))


def test_nothing_is_judged_by_a_model_that_has_seen_it_for_another_behavior(tmp_path: Path) -> None:
    both = toy_recordings(4, 120)
    shared = shared_of(one=both[:3], other=[as_other(one) for one in both[1:]])
    for behavior, folds in shared.folds.items():
        outcome = evaluate_against((), SPEC, folds, tables(tmp_path), CANDIDATES, 0, Among(behavior, shared))
        assert isinstance(outcome, Outcome)
        assert not np.concatenate(outcome.out_of_fold).any()
    assert len(FITTED) == 3  # as many as there are folds, for both behaviors together


def test_a_planted_leak_is_seen(tmp_path: Path) -> None:
    """A model that was fitted on everything says 1 of all, and so would one that has seen what it judges."""
    both = toy_recordings(3, 120)
    shared = shared_of(one=both, other=[as_other(one) for one in both])
    fitted = fit_shared(SPEC, tables(tmp_path), shared.teaching(99), 0)
    assert fitted is not None
    for behavior in shared.folds:
        for unit in shared.folds[behavior].units:
            assert fitted[behavior].probabilities(unit)[None].all()


def test_what_one_behavior_knows_is_unknown_of_others(tmp_path: Path) -> None:
    one, two, three = toy_recordings(3, 120)
    fit_shared(
        SPEC,
        tables(tmp_path),
        {
            "a": [(one, slice(0, 120)), (two, slice(0, 60))],
            "b": [(as_other(one), slice(0, 120)), (three, slice(0, 120))],
        },
        0,
    )
    ((names, labels),) = FITTED
    assert len(names) == 3
    expected = np.full((300, 2), UNKNOWN)
    expected[:120, 0], expected[120:180, 0] = one.known_labels, two.known_labels[:60]
    expected[:120, 1], expected[180:, 1] = as_other(one).known_labels, three.known_labels
    np.testing.assert_array_equal(labels, expected)


def test_a_behavior_without_anything_to_learn_from_gets_a_constant_and_costs_the_others_nothing(tmp_path: Path) -> None:
    one, two = toy_recordings(2, 120)
    never = replace(two, labels=0 * two.known_labels)
    fitted = fit_shared(SPEC, tables(tmp_path), {"a": [(one, slice(0, 120))], "never": [(never, slice(0, 120))]}, 0)
    assert fitted is not None
    assert fitted["never"].classifier is None
    assert not fitted["never"].probabilities(one)[None].any()
    assert fitted["a"].probabilities(one)[None].all()
    ((_, labels),) = FITTED
    assert labels.shape == (120, 1)


def test_a_model_is_fitted_once_for_all_behaviors_and_another_seed_is_another_model(tmp_path: Path) -> None:
    shared = shared_of(one=toy_recordings(3, 120), other=toy_recordings(3, 120, seed=9, prefix="other"))
    for seed, fits in ((0, 3), (0, 3), (1, 6)):
        for behavior, folds in shared.folds.items():
            SharedModels(SPEC, tables(tmp_path), shared, seed).of_units(behavior, range(len(folds.units)))
        # Seeds count on from one model to the next, so that a neighboring seed shares some of their numbers.
        assert len(FITTED) == fits


def test_other_labels_and_other_parameters_are_another_model(tmp_path: Path) -> None:
    one, two = toy_recordings(2, 120)
    everything = slice(0, 120)
    fit_shared(SPEC, tables(tmp_path), {"a": [(one, everything)]}, 0)
    fit_shared(SPEC, tables(tmp_path), {"a": [(one, everything)]}, 0)
    assert len(FITTED) == 1
    fit_shared(SPEC, tables(tmp_path), {"a": [(as_other(one), everything)]}, 0)
    fit_shared(SPEC, tables(tmp_path), {"a": [(one, everything), (two, everything)]}, 0)
    fit_shared(SPEC, tables(tmp_path), {"b": [(one, everything)]}, 0)
    lagged = replace(SPEC, features=(Choice("kinematics", {"lag": 0.3}),))
    fit_shared(lagged, tables(tmp_path), {"a": [(one, everything)]}, 0)
    assert len(FITTED) == 5


def test_what_another_process_is_at_is_waited_for_or_left(tmp_path: Path) -> None:
    recordings = toy_recordings(2, 120)
    teaching = {"a": [(one, slice(0, 120)) for one in recordings]}
    cache = BlockCache(tmp_path / "cache")
    kept = cache.arrays_of_one({"of": "this"}, lambda: {"x": np.arange(3)}, wait=True)
    assert kept is not None
    (busy,) = (path for path in cache.folder.rglob("*") if path.is_file())  # and no lock
    busy.unlink()
    with locked(busy.with_name(f".{busy.name}.lock")):
        assert cache.arrays_of_one({"of": "this"}, lambda: {"x": np.arange(3)}, wait=False) is None
    again = cache.arrays_of_one({"of": "this"}, lambda: {"x": np.arange(3)}, wait=False)
    assert again is not None
    np.testing.assert_array_equal(again["x"], np.arange(3))
    assert fit_shared(SPEC, tables(tmp_path), teaching, 0, wait=False) is not None


def test_alone_a_behavior_is_judged_by_models_of_its_own(tmp_path: Path) -> None:
    outcome = evaluate(SPEC, make_folds(toy_recordings(3, 120), 0.1), tables(tmp_path), CANDIDATES, 0)
    assert not np.concatenate(outcome.out_of_fold).any()
    assert len(FITTED) == 3


def test_without_a_cache_everything_is_fitted_anew(tmp_path: Path) -> None:
    bare = FeatureTables(BlockCache(tmp_path, 0), ())
    for _ in range(2):
        evaluate(SPEC, make_folds(toy_recordings(3, 120), 0.1), bare, CANDIDATES, 0)
    assert len(FITTED) == 6


def test_a_family_whose_package_is_not_there_says_how_to_get_it() -> None:
    @sequence_family("absent", load=load, package="no_such_package")
    def absent(seed: int) -> Memory:
        """Needs what is not there."""
        return Memory()

    family = MODELS["absent"]
    assert isinstance(family, SequenceFamily)
    way = "pip install 'behavior-harness[no_such_package]' gets it"
    assert family.refusal == f"needs no_such_package, which is not installed; {way}"
    family = MODELS["memory"]
    assert isinstance(family, SequenceFamily)
    assert family.refusal is None


def test_columns_and_labels_of_a_series_are_of_the_same_frames() -> None:
    with pytest.raises(ValueError, match=r"columns \(3, 2\) and labels \(4, 1\) are not of the same frames"):
        Series(np.zeros((3, 2), np.float32), np.zeros((4, 1), np.int8), 30.0)
