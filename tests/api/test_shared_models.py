"""A family whose models all behaviors share, from the search to labels: one fit for all, the same however it is run."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.choosing.selection import blended
from harness.data.challenge import load_dataset
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.labelling.detectors import reliability_in
from harness.labelling.training import Training
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.spec import PipelineSpec

RIDGE = '''
"""Least squares for all behaviors at once, on columns whose missing values are 0."""

import json
from pathlib import Path

import numpy as np

from harness.plugins import sequence_family

HERE = Path(__file__).parent


class Ridge:
    def __init__(self, strength, weights=None):
        self.strength, self.weights = strength, weights

    def fit(self, series, columns):
        with open(HERE / "fits", "a") as file:
            file.write(f"{self.strength}\\n")
        if (HERE / "diverges").exists():
            raise FloatingPointError("the network diverged: its loss is nan")
        X = np.concatenate([self._table(one.X) for one in series])
        self.weights = []
        for behavior in range(series[0].labels.shape[1]):
            y = np.concatenate([one.labels[:, behavior] for one in series])
            known = y != -1
            A = X[known]
            self.weights.append(
                np.linalg.solve(A.T @ A + self.strength * np.eye(X.shape[1]), A.T @ y[known].astype(float))
            )
        return self

    @staticmethod
    def _table(X):
        return np.concatenate([np.nan_to_num(X).astype(float), np.ones((len(X), 1))], axis=1)

    def probabilities(self, X, fps):
        return np.clip(self._table(X) @ np.array(self.weights).T, 0, 1)

    def saved(self):
        return {"weights.json": json.dumps([self.strength, [one.tolist() for one in self.weights]]).encode()}


def load(files):
    strength, weights = json.loads(files["weights.json"])
    return Ridge(strength, [np.array(one) for one in weights])


@sequence_family("ridge", load=load, inputs=[["social_geometry"], ["kinematics", "social_geometry"]])
def ridge(seed, *, strength: float = 1.0):
    """Least squares."""
    return Ridge(strength)
'''


@pytest.fixture
def place(toy_place: Path) -> Path:
    """A folder with data of two behaviors and a plugin, to work in."""
    (toy_place / "ridge.py").write_text(RIDGE)
    (toy_place / "ridge.toml").write_text('strength = { type = "float", low = 0.01, high = 100.0, log = true }\n')
    return toy_place


def searched(folder: str, trials: int, **settings: object) -> list[TrialRecord]:
    models = settings.pop("models", ["ridge"])
    harness.search("data", trials=trials, models=models, plugins=["ridge.py"], results=folder, **settings)  # type: ignore[arg-type]
    return [replace(one, seconds=0.0) for one in Run(Path(folder)).records()]


def test_all_behaviors_try_the_same_and_share_the_fits(place: Path) -> None:
    records = searched("run", 6, workers=2)
    tried = {
        behavior: [(one.arm, one.spec) for one in records if one.behavior == behavior]
        for behavior in ("approach", "rarely")
    }
    # Which arm is next follows from what a behavior has found; what an arm tries does not.
    for arm in {one.arm for one in records}:
        theirs = [[spec for name, spec in trials if name == arm] for trials in tried.values()]
        fewest = min(map(len, theirs))
        assert theirs[0][:fewest] == theirs[1][:fewest]
    specs = {json.dumps(one.spec.as_json(), sort_keys=True) for one in records}
    assert len((place / "fits").read_text().splitlines()) <= 5 * len(specs)  # five folds, whoever asks
    assert not any(one.error for one in records)
    assert all(one.spec.preparation.windows == "none" for one in records)


def test_the_number_of_workers_changes_nothing_and_a_longer_search_goes_on(place: Path) -> None:
    one = searched("one", 4, workers=1)
    shutil.rmtree(place / "cache")
    two = searched("two", 2, workers=2)
    two = searched("two", 4, workers=2)
    key = lambda record: (record.behavior, record.trial)  # noqa: E731
    assert sorted(one, key=key) == sorted(two, key=key)


def test_an_arm_ends_after_a_few_trials_and_trees_go_on(place: Path) -> None:
    records = searched("run", 24, workers=2, models=["ridge", "logistic_regression"], behaviors=["approach"])
    by_model = {name: sum(one.spec.model.name == name for one in records) for name in ("ridge", "logistic_regression")}
    assert by_model["ridge"] <= 16
    assert sum(by_model.values()) == 24
    first = [one.spec.model.name for one in sorted(records, key=lambda record: record.trial)]
    assert first[0] == "logistic_regression"  # what takes long is not what a search begins with


def test_a_model_that_diverges_is_a_failed_trial_with_its_reason(place: Path) -> None:
    (place / "diverges").touch()
    with pytest.raises(harness.HarnessError, match="the network diverged: its loss is nan"):
        searched("run", 2, workers=1)
    records = Run(place / "run").records()
    assert {one.error for one in records} == {"FloatingPointError: the network diverged: its loss is nan"}


def test_labels_are_those_of_models_that_are_kept_once_for_all_behaviors(place: Path) -> None:
    searched("run", 2, workers=1)
    harness.export_best(harness.open_run("run"), "submission.npy", models="models", plugins=["ridge.py"])
    plain = json.loads((place / "models" / "models.json").read_text())
    members = [member for behavior in plain["behaviors"] for member in behavior["members"]]
    assert {member["output"] for member in members} == {0, 1}
    pipelines = {json.dumps(member["pipeline"], sort_keys=True) for member in members}
    assert len({member["folder"] for member in members}) == len(pipelines)

    dataset = load_dataset(place / "data")
    training = Training(dataset, pool_of(dataset), 0, harness.cache())
    tables = FeatureTables(training.cache, training.pool)
    detectors, known = harness.open_detectors("models", plugins=["ridge.py"]), reliability_in(Path("models"))
    (one, *_) = dataset.unlabelled
    for behavior in plain["behaviors"]:
        name = behavior["behavior"]
        specs = [PipelineSpec.from_json(member["pipeline"]) for member in behavior["members"]]
        alone = [training.fit(name, spec, tables).probabilities(one)[None] for spec in specs]
        expected = blended(alone, [member["weight"] for member in behavior["members"]])
        expected = known[name].calibrated(expected)
        np.testing.assert_allclose(detectors[name].predict_proba(one)[:, 1], expected, atol=1e-6)
    again = harness.predict(detectors, dataset.unlabelled)
    kept = np.load(place / "submission.npy", allow_pickle=True).item()
    for behavior, labels in again.items():
        for name, values in labels.items():
            np.testing.assert_array_equal(values, kept[behavior][name])


def test_without_the_package_a_family_is_left_out_with_a_line(place: Path) -> None:
    absent = (place / "ridge.py").read_text().replace('"ridge", load=load,', '"ridge", load=load, package="no_such",')
    (place / "ridge.py").write_text(absent)
    way = r"--model ridge: needs no_such, which is not installed; pip install 'behavior-harness\[no_such\]'"
    with pytest.raises(harness.HarnessError, match=way):
        searched("run", 1)
    said: list[str] = []
    harness.search(
        "data", trials=1, plugins=["ridge.py"], results="other", behaviors=["approach"], workers=1, say=said.append
    )
    assert any(line.startswith("without ") and "ridge: needs no_such, which is not installed" in line for line in said)


def test_a_report_and_a_learning_curve_are_made_of_them_too(place: Path) -> None:
    searched("run", 2, workers=1)
    run = harness.open_run("run")
    page = harness.report(run, "page.html", plugins=["ridge.py"])
    text = (place / "page.html").read_text()
    assert page is not None
    assert "Its detector sees recordings whole, and cannot be asked column by column." in text
    assert "ridge" in text
    (curve, *_) = harness.learning_curve(run, behaviors=["approach"], plugins=["ridge.py"])
    assert max(point.f1 for point in curve.points) > 0.3
