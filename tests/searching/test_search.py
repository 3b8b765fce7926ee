"""The search: the same trials whatever the number of workers, the kills and the resumes."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.choosing.ensembles import kept
from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.demo.dataset import write_demo
from harness.engines.local import LocalEngine
from harness.errors import HarnessError
from harness.fitting.pipeline import FeatureTables
from harness.fitting.pool import pool_of
from harness.plugins.loading import PluginFile, load_plugins
from harness.plugins.registry import MODELS
from harness.plugins.spaces import Start, load_spaces
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.scores.metrics import count, total
from harness.searching.arms import Arm
from harness.searching.setup import Search, make_search
from harness.searching.trials import search_trials
from harness.spec import Preparation
from tests.commands import ended, output
from tests.desk import posix
from tests.toy import toy_recordings

SMALL = ["--features", "task_programs", "--features", "kinematics", "--model", "logistic_regression"]
SMALL += ["--model", "random", "--behavior", "behavior-0", "--behavior", "behavior-3", "--trials", "9"]


def harness(*arguments: str, at: Path, **options: Any) -> "subprocess.Popen[str]":
    environment = {**os.environ, "HARNESS_CACHE": str(at / "cache"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.Popen(
        command, cwd=at, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
    )


def finish(process: "subprocess.Popen[str]", code: int = 0) -> str:
    out, err = process.communicate(timeout=170)
    assert process.returncode == code, err
    return out


def board(at: Path, results: str) -> list[dict[str, Any]]:
    """The leaderboard as JSON, less what the clock decides."""
    rows = json.loads(output("leaderboard", "--format", "json", "--results", results, at=at))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def small_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("search")
    write_demo(at / "demo", seed=1, recordings=2, seconds=20, test_recordings=2)
    return at


@pytest.fixture(scope="module")
def undisturbed(small_demo: Path) -> list[dict[str, Any]]:
    output("search", "--data", "demo", "--workers", "1", "--results", "one", *SMALL, at=small_demo)
    return board(small_demo, "one")


def test_two_workers_find_what_one_finds(small_demo: Path, undisturbed: list[dict[str, Any]]) -> None:
    output("search", "--data", "demo", "--workers", "2", "--results", "two", *SMALL, at=small_demo)
    assert board(small_demo, "two") == undisturbed


@posix
def test_a_search_killed_three_times_ends_as_if_undisturbed(
    small_demo: Path, undisturbed: list[dict[str, Any]]
) -> None:
    command = ["search", "--data", "demo", "--workers", "2", "--results", "killed", *SMALL]
    moments = random.Random(0)
    for _ in range(3):
        process = harness(*command, at=small_demo)
        assert process.stderr is not None
        for _ in range(moments.randrange(4)):
            while " F1 " not in process.stderr.readline():
                assert process.poll() is None
        time.sleep(moments.uniform(0.0, 0.2))
        process.kill()
        process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
    output(*command, at=small_demo)
    assert board(small_demo, "killed") == undisturbed


def test_a_longer_search_begins_with_the_trials_of_a_shorter_one(
    small_demo: Path, undisturbed: list[dict[str, Any]]
) -> None:
    shorter = [*SMALL[:-1], "4"]
    output("search", "--data", "demo", "--results", "longer", *shorter, at=small_demo)
    output("search", "--data", "demo", "--results", "longer", *SMALL, at=small_demo)
    assert board(small_demo, "longer") == undisturbed


def test_another_seed_finds_other_pipelines(small_demo: Path, undisturbed: list[dict[str, Any]]) -> None:
    output("search", "--data", "demo", "--seed", "1", "--results", "seed", *SMALL, at=small_demo)
    assert board(small_demo, "seed") != undisturbed


def test_a_second_search_of_the_same_run_is_refused_while_the_first_lives(small_demo: Path) -> None:
    with Run(small_demo / "held").hold():
        process = harness("search", "--data", "demo", "--results", "held", *SMALL, at=small_demo)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"another search writes here (process {os.getpid()} on " in err
    assert "Traceback" not in err


def test_other_ranges_or_data_or_seed_are_refused_with_the_difference_named(
    small_demo: Path, undisturbed: list[dict[str, Any]]
) -> None:
    ran = ended("search", "--data", "demo", "--results", "one", *SMALL, "--seed", "5", at=small_demo)
    assert ran.code == 2
    settings = "one: was searched with other settings, so that its trials cannot be continued: seed 0, now 5; give"
    assert settings in ran.err
    assert "--results" in ran.err


def test_an_interrupt_keeps_finished_trials_and_says_how_to_go_on(small_demo: Path) -> None:
    many = [*SMALL[:-1], "500"]
    process = harness("search", "--data", "demo", "--results", "interrupted", *many, at=small_demo)
    assert process.stderr is not None
    while " F1 " not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "finished trials are kept in interrupted. To go on: harness search --data demo" in err
    assert "Traceback" not in err
    assert Run(small_demo / "interrupted").records()


def test_a_timeout_stops_in_time_and_keeps_what_is_finished(small_demo: Path) -> None:
    many = [*SMALL[:-1], "5000"]
    command = ["search", "--data", "demo", "--results", "timed", "--timeout", "4s", *many]
    began = time.monotonic()
    ran = ended(*command, at=small_demo)
    assert ran.code == 0
    assert time.monotonic() - began < 30
    assert "time is up" in ran.err


def test_where_time_is_up_before_a_trial_has_finished_nothing_is_said_of_scores(small_demo: Path) -> None:
    command = ["search", "--data", "demo", "--results", "nothing", "--timeout", "0", *SMALL]
    ran = ended(*command, at=small_demo)
    assert ran.code == 0, ran.err
    assert "time is up, and no trial has finished yet. To get further: harness search --data demo" in ran.err
    assert "mean F1" not in ran.err


def toy_dataset() -> Dataset:
    recordings = toy_recordings(3, 240)
    return Dataset("toy", {"gather": tuple(recordings)}, tuple(toy_recordings(1, 200, seed=9)))


def toy_search(models: Sequence[str]) -> Search:
    load_plugins()
    return make_search(toy_dataset(), load_spaces(), features=["task_programs"], models=models, seed=0, batch=2)


def run_all(search: Search, folder: Path, trials: int, **options: Any) -> list[TrialRecord]:
    run = Run(folder)
    with run.hold():
        run.begin(
            {"data": search.dataset.digests, "pool": search.learned_from, "seed": 0, "ranges": {}, "plugins": {}},
            {"data": "", "behaviors": list(search.dataset.labelled), "command": "", "plugins": []},
        )
        return list(
            search_trials(
                search,
                run,
                trials=trials,
                behaviors=list(search.dataset.labelled),
                engine=LocalEngine(1),
                cache=BlockCache(folder / "cache"),
                **options,
            )
        )


def test_where_no_start_can_be_run_every_arm_runs_its_defaults_first(tmp_path: Path) -> None:
    search = toy_search(["logistic_regression", "extra_trees", "random"])
    records = run_all(search, tmp_path / "run", 4)
    assert [record.spec for record in records[:3]] == [arm.spec(arm.defaults()) for arm in search.arms]
    assert [record.trial for record in records] == [0, 1, 2, 3]


def test_the_portfolio_is_run_first_as_it_stands(tmp_path: Path) -> None:
    load_plugins()
    start = Start("few", "logistic_regression", {"model.strength": 0.5, "preparation.windows": "1+5"})
    spaces = replace(load_spaces(), stacks={"few": ("task_programs", "kinematics")}, starts=(start,))
    search = make_search(toy_dataset(), spaces, features=[], models=["logistic_regression"], seed=0, batch=2)
    (record,) = run_all(search, tmp_path / "run", 1)
    assert [choice.name for choice in record.spec.features][:2] == ["task_programs", "kinematics"]
    assert record.spec.model.parameters["strength"] == 0.5
    assert record.spec.preparation == Preparation(windows="1+5")


DRUNK = '''
"""A model family that is as good as its parameter lets it."""
import numpy as np
from sklearn.linear_model import LogisticRegression
from harness.plugins.registry import model_family

class Drunk:
    def __init__(self, seed, noise):
        self.seed, self.noise = seed, noise
    def fit(self, X, y):
        self.model = LogisticRegression().fit(np.nan_to_num(X), y)
        return self
    def predict_proba(self, X):
        noise = np.random.default_rng(self.seed).random(len(X))
        positive = (1 - self.noise) * self.model.predict_proba(np.nan_to_num(X))[:, 1] + self.noise * noise
        return np.stack([1 - positive, positive], axis=1)

@model_family("drunk")
def drunk(seed, *, noise: float = 0.5):
    """Noisy."""
    return Drunk(seed, noise)
'''


def test_a_trial_that_lags_on_every_fold_is_pruned_and_told_so(tmp_path: Path) -> None:
    plugin = tmp_path / "drunk.py"
    plugin.write_text(DRUNK)
    plugin.with_suffix(".toml").write_text("noise = { type = 'float', low = 0.0, high = 1.0 }")
    load_plugins([plugin])
    try:
        search = toy_search(["drunk"])
        records = run_all(search, tmp_path / "run", 13, plugins=[PluginFile.read(plugin)])
    finally:
        del MODELS["drunk"]
    assert [record.trial for record in records if record.error] == []
    pruned = [record for record in records if record.pruned]
    assert 0 < len(pruned) < 12
    stored = {one.trial.number: one.trial for theirs in Run(tmp_path / "run").finished().values() for one in theirs}
    for record in pruned:
        assert not record.counts
        assert len(record.fold_merits) < len(search.folds["gather"].held_out)
        assert stored[record.trial].state.name == "PRUNED"
        assert stored[record.trial].value is None
        assert not Run(tmp_path / "run").out_of_fold.path("gather", record.trial).exists()
        # Its rival is the best of those told before its batch, the first of one and then of two.
        known = [one for one in records[: record.trial - (record.trial - 1) % 2] if one.complete]
        rival = max(known, key=lambda one: one.merit).fold_merits
        assert all(mine < 0.8 * theirs for mine, theirs in zip(record.fold_merits, rival, strict=False))


def test_stored_counts_and_probabilities_are_those_of_the_trial(tmp_path: Path) -> None:
    search = toy_search(["logistic_regression"])
    (record,) = run_all(search, tmp_path / "run", 1)
    assert Run(tmp_path / "run").records() == [record]
    pooled = np.load(Run(tmp_path / "run").out_of_fold.path("gather", 0))
    units = search.folds["gather"].units
    assert len(pooled) == sum(unit.frames for unit in units)
    assert total(record.counts).actual == sum(unit.positives for unit in units)
    from harness.fitting.evaluation import evaluate

    tables = FeatureTables(BlockCache(tmp_path / "again"), pool_of(search.dataset))
    outcome = evaluate(record.spec, search.folds["gather"], tables, search.candidates, 0)
    assert np.array_equal(pooled, np.concatenate(outcome.out_of_fold))
    assert outcome.verdict.counts == record.counts


BROKEN = '''
"""Model families that break."""
import os
import numpy as np
from harness.plugins.registry import model_family

class Raises:
    def fit(self, X, y):
        raise ValueError("cannot learn this")

class Dies:
    def fit(self, X, y):
        os.kill(os.getpid(), 9)

class Unsure:
    def fit(self, X, y):
        return self
    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)

@model_family("raises")
def raises(seed):
    """Raises."""
    return Raises()

@model_family("dies")
def dies(seed):
    """Dies."""
    return Dies()

@model_family("unsure")
def unsure(seed):
    """Not a number."""
    return Unsure()
'''


@posix
def test_broken_trials_are_recorded_with_their_reasons_and_the_search_goes_on(tmp_path: Path) -> None:
    plugin = tmp_path / "broken_models.py"
    plugin.write_text(BROKEN)
    arguments = ["search", "--data", "demo", "--plugin", str(plugin), "--features", "task_programs", "--trials", "5"]
    arguments += ["--behavior", "behavior-0", "--workers", "1", "--results", "run"]
    write_demo(tmp_path / "demo", seed=1, recordings=2, seconds=20, test_recordings=1)
    models = ["--model", "raises", "--model", "dies", "--model", "unsure"]
    _, err = (process := harness(*arguments, *models, "--model", "logistic_regression", at=tmp_path)).communicate()
    assert process.returncode == 0, err
    errors = {record.spec.model.name: record.error for record in Run(tmp_path / "run").records() if record.error}
    assert errors["raises"] == "ValueError: cannot learn this"
    assert errors["dies"] == "the worker was killed by SIGKILL (out of memory?)"
    assert errors["unsure"] is not None
    assert "gave no probability" in errors["unsure"]
    assert "FAILED task_programs, raises: ValueError: cannot learn this" in err

    _, err = (process := harness(*arguments[:-1], "failing", *models, at=tmp_path)).communicate()
    assert process.returncode == 2
    assert "behavior-0: all 5 trials failed; the first: " in err
    assert "Traceback" not in err


PICKY = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from harness.plugins.registry import model_family

class Picky(LogisticRegression):
    def fit(self, X, y):
        if 30 < y.sum() < 45:  # behavior-0 has 33 and 41 positive frames, behavior-1 has 25 and 50
            raise ValueError("not these")
        return super().fit(np.nan_to_num(X), y)
    def predict_proba(self, X):
        return super().predict_proba(np.nan_to_num(X))

@model_family("picky")
def picky(seed):
    \"\"\"Some behaviors only.\"\"\"
    return Picky()
"""


def test_a_behavior_of_which_all_trials_fail_costs_the_others_nothing(tmp_path: Path) -> None:
    (tmp_path / "picky.py").write_text(PICKY)
    write_demo(tmp_path / "demo", seed=1, recordings=2, seconds=20, test_recordings=1)
    arguments = ["search", "--data", "demo", "--plugin", "picky.py", "--features", "task_programs", "--model", "picky"]
    arguments += ["--behavior", "behavior-0", "--behavior", "behavior-1", "--trials", "2", "--results", "run"]
    _, err = (process := harness(*arguments, at=tmp_path)).communicate(timeout=120)
    assert process.returncode == 2, err
    assert err.splitlines()[-1] == "harness: behavior-0: all 2 trials failed; the first: ValueError: not these"
    assert "behavior-1: best F1 " in err
    run = Run(tmp_path / "run")
    known = kept(run, run.records())
    assert known is not None
    assert list(known) == ["behavior-1"]


def test_trials_of_another_search_in_the_storage_are_refused(tmp_path: Path) -> None:
    run_all(toy_search(["logistic_regression"]), tmp_path / "run", 2)
    with pytest.raises(HarnessError, match=r"trials this search would not have asked|not repeatable"):
        run_all(toy_search(["random", "logistic_regression"]), tmp_path / "run", 4)


def test_a_corrupt_storage_is_named_with_the_way_out(tmp_path: Path) -> None:
    run_all(toy_search(["random"]), tmp_path / "run", 1)
    (tmp_path / "run" / "studies.db").write_bytes(b"not a database at all" * 100)
    for rest in ("-wal", "-shm"):
        (tmp_path / "run" / f"studies.db{rest}").unlink(missing_ok=True)
    with pytest.raises(HarnessError, match=r"studies\.db: not a usable SQLite file"):
        Run(tmp_path / "run").records()


def test_the_pool_holds_each_recording_once_and_no_labels() -> None:
    one, other = toy_recordings(2, 100)
    dataset = Dataset("toy", {"a": (one, other), "b": (one,)}, (other,))
    pool = pool_of(dataset)
    assert len(pool) == 2
    assert all(recording.labels is None for recording in pool)


def test_a_long_pool_is_cut_to_the_middle_of_every_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.fitting.pool.POOL_FRAMES", 50)
    one, other = toy_recordings(2, 100)
    pool = pool_of(Dataset("toy", {"a": (one, other)}, ()))
    assert [(recording.first_frame, recording.frames) for recording in pool] == [(37, 25), (37, 25)]


def test_counts_of_a_decision_are_those_of_its_labels() -> None:
    assert count(np.array([1, 1, 0]), np.array([1, 0, 0])).f1 == pytest.approx(2 / 3)


def test_an_arm_names_its_parameters_by_plugin() -> None:
    load_plugins()
    arm = Arm(("kinematics", "task_programs"), "extra_trees")
    assert arm.defaults().keys() == arm.ranges(load_spaces()).keys()
    assert arm.spec(arm.defaults()).features[0].name == "kinematics"
