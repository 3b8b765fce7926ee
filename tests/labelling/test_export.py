"""From a search to labels: the submission, what it says of itself, and what becomes of it when things go wrong."""

import hashlib
import io
import json
import os
import pickle
import random
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score

from harness.api import export as exporting
from harness.choosing.ensembles import FILE as ENSEMBLES
from harness.choosing.leaderboard import best_records
from harness.choosing.selection import Member, Selection, blended
from harness.cli import main
from harness.columns.cache import BlockCache
from harness.data.challenge import load_dataset
from harness.data.submission import write_submission
from harness.demo.dataset import write_demo
from harness.errors import HarnessError
from harness.fitting.decisions import decide
from harness.fitting.pipeline import FeatureTables, fit_pipeline
from harness.fitting.pool import pool_of
from harness.labelling.detectors import Part, read_detectors
from harness.labelling.export import trained
from harness.labelling.keeping import DetectorFiles
from harness.labelling.labeller import Labeller
from harness.labelling.training import Training
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from harness.recording import Array
from harness.runs.records import TrialRecord
from harness.runs.store import Run
from harness.spec import Choice, Decision, PipelineSpec, Preparation
from tests.challenge_files import Files, released, save, test_file, train_file, write
from tests.test_cli import Captured, process, refusal
from tests.toy import toy_dataset, toy_recordings

load_plugins()

SEARCH = ["search", "--data", "demo", "--features", "task_programs", "--trials", "2", "--workers", "2"]
SEARCH += ["--model", "extra_trees", "--model", "random", "--seed", "3"]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell in an empty folder, without a word from the environment."""
    for name in ("HARNESS_DATA", "HARNESS_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a small demo was searched, and the best of it exported with no further word."""
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(folder)
        shell.setenv("HARNESS_CACHE", str(folder / "cache"))
        write_demo(folder / "demo", seed=1, recordings=2, seconds=20, test_recordings=2)
        assert main(SEARCH) == 0
        assert main(["export-best"]) == 0
    return folder


@pytest.fixture
def at_demo(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(demo)
    return demo


def loaded(path: Path) -> Any:
    """What the challenge's own reader makes of a file."""
    return np.load(path, allow_pickle=True).item()


def run(words: str, capsys: Captured) -> str:
    """What a command prints; it should have nothing to complain of."""
    assert main(shlex.split(words)) == 0
    return capsys.readouterr().out


def digest(recordings: dict[str, list[int]]) -> str:
    """Names and labels of recordings in the order of their names, worked out from what a file holds."""
    content = [repr(name).encode() + bytes(labels) for name, labels in sorted(recordings.items())]
    return hashlib.sha256(b"".join(content)).hexdigest()


# The submission


def test_every_behavior_and_test_recording_gets_a_plain_0_or_1_for_every_frame(demo: Path) -> None:
    submission, test = loaded(demo / "submission.npy"), loaded(demo / "demo" / "test.npy")
    assert list(submission) == [f"behavior-{number}" for number in range(7)]
    for recordings in submission.values():
        assert list(recordings) == list(test)
        for name, labels in recordings.items():
            assert len(labels) == len(test[name]["keypoints"])
            assert type(labels) is list
            assert {type(label) for label in labels} == {int}
            assert set(labels) <= {0, 1}
    assert any(1 in labels for recordings in submission.values() for labels in recordings.values())


def test_the_labels_are_those_of_the_pipeline_fitted_on_all_recordings(demo: Path, tmp_path: Path) -> None:
    dataset, submission = load_dataset(demo / "demo"), loaded(demo / "submission.npy")
    tables = FeatureTables(BlockCache(tmp_path / "blocks"), pool_of(dataset))
    for behavior, record in best_records(Run(demo / "results" / "demo").records()).items():
        labels = straight_through(alone(record), dataset.labelled[behavior], dataset.unlabelled, tables, seed=3)
        assert {name: values.tolist() for name, values in labels.items()} == submission[behavior]


def test_the_same_export_gives_the_same_bytes_whatever_the_workers(at_demo: Path, tmp_path: Path) -> None:
    again = tmp_path / "deep" / "er" / "again.npy"
    assert main(["export-best", "--out", str(again), "--workers", "1"]) == 0
    assert again.read_bytes() == (at_demo / "submission.npy").read_bytes()
    assert again.with_suffix(".json").read_bytes() == (at_demo / "submission.json").read_bytes()


def families(made: Mapping[str, Any]) -> list[str]:
    return [one["pipeline"]["model"]["name"] for one in made["pipelines"]]


def test_the_manifest_says_how_the_submission_was_made(at_demo: Path, capsys: Captured) -> None:
    manifest, submission = json.loads((at_demo / "submission.json").read_text()), loaded(at_demo / "submission.npy")
    rows = json.loads(run("leaderboard --format json", capsys))
    identity = manifest["run"]["identity"]
    assert identity["seed"] == 3
    assert identity["data"] == load_dataset(at_demo / "demo").digests
    assert {"python", "harness", "numpy", "scikit-learn", "optuna", "lightgbm"} <= identity["versions"].keys()
    assert manifest["run"]["about"]["command"] == shlex.join(["harness", *SEARCH])
    assert list(manifest["behaviors"]) == list(submission)
    for behavior, made in manifest["behaviors"].items():
        (member,) = made["pipelines"]
        (row,) = (row for row in rows if (row["behavior"], row["trial"]) == (behavior, member["trial"]))
        for key in ("decision", "folds", "f1", "precision", "recall"):
            assert made[key] == row[key]
        assert made["chosen_by"] == "ensemble"  # with one trial to choose from, it is that trial
        assert member["weight"] == 1
        for key in ("pipeline", "rounds", "f1", "precision", "average_precision"):
            assert member[key] == row[key]
        assert made["labels_sha256"] == digest(submission[behavior])
        assert made["claimed_frames"] == sum(map(sum, submission[behavior].values()))


def test_chance_is_tried_and_not_exported_while_anything_else_finished(at_demo: Path, capsys: Captured) -> None:
    rows = json.loads(run("leaderboard --by model --format json", capsys))
    assert sorted(row["model"] for row in rows) == ["extra_trees"] * 7 + ["random"] * 7
    behaviors = json.loads((at_demo / "submission.json").read_text())["behaviors"]
    assert {name for made in behaviors.values() for name in families(made)} == {"extra_trees"}


def test_chance_is_exported_where_nothing_else_was_tried(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file(), dict(reversed(test_file().items())))
    assert main(["search", "--data", "data", "--model", "random", "--trials", "1", "--workers", "1"]) == 0
    assert main(["export-best", "--out", "chance.npy"]) == 0
    assert ", random, trial 0; " in capsys.readouterr().err
    behaviors = json.loads((tmp_path / "chance.json").read_text())["behaviors"]
    assert [families(made) for made in behaviors.values()] == [["random"]] * 2
    labels = loaded(tmp_path / "chance.npy")
    assert [made["labels_sha256"] for made in behaviors.values()] == [digest(labels[name]) for name in behaviors]
    run("check chance.npy", capsys)


def test_a_check_of_what_was_exported_finds_nothing(at_demo: Path, capsys: Captured) -> None:
    assert main(["check", "submission.npy"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == (
        "",
        f"submission.npy: fine; all that {at_demo / 'demo'} asks for, 7 behaviors, 8,400 labels\n",
    )


def test_a_score_is_what_scikit_learn_makes_of_the_files(at_demo: Path, capsys: Captured) -> None:
    submission, truth = loaded(at_demo / "submission.npy"), loaded(at_demo / "demo" / "test_labels.npy")
    expected = []
    for behavior, recordings in truth.items():
        actual = np.concatenate(list(recordings.values()))
        claimed = np.concatenate([submission[behavior][name] for name in recordings])
        expected.append([score(actual, claimed, zero_division=0) for score in (f1_score, precision_score)])
    plain = json.loads(run("score submission.npy demo/test_labels.npy --format json", capsys))
    found = [[row["f1"], row["precision"]] for row in plain["behaviors"]]
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose([plain["f1"], plain["precision"]], np.mean(expected, axis=0))


# What an export refuses


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--out labels", "--out labels: should be a file that ends in .npy"),
        ("--out folder.npy", "--out folder.npy: should be a file that ends in .npy"),
        ("--out file/labels.npy", "file/labels.npy: cannot be written (File exists); name another file with --out"),
        ("--out file/x/labels.npy", "file/x/labels.npy: cannot be written (Not a directory); name another file"),
        ("--data other", "other: not the data that results/demo was searched on ("),
        ("--data nowhere", "nowhere: no such folder"),
        ("--results nowhere", "nowhere holds no run; `harness search --results nowhere` makes one"),
    ],
)
def test_an_export_says_what_it_cannot_do(words: str, says: str, at_demo: Path, capsys: Captured) -> None:
    (at_demo / "folder.npy").mkdir(exist_ok=True)
    (at_demo / "file").write_text("")
    write(at_demo / "other", train_file())
    (line,) = refusal(["export-best", *shlex.split(words)], capsys)
    assert line.startswith(says)


def test_data_that_were_moved_since_the_search_are_asked_for(at_demo: Path, tmp_path: Path, capsys: Captured) -> None:
    moved = tmp_path / "moved"
    (at_demo / "demo").rename(moved)
    try:
        (line,) = refusal(["export-best", "--out", "labels.npy"], capsys)
        assert line.endswith("demo: the data that results/demo was searched on are not there; name them with --data")
        assert main(["export-best", "--out", "labels.npy", "--data", str(moved)]) == 0
    finally:
        moved.rename(at_demo / "demo")
    assert (at_demo / "labels.npy").read_bytes() == (at_demo / "submission.npy").read_bytes()


def test_an_export_without_recordings_to_label_says_so(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    (tmp_path / "data" / "test.npy").unlink()
    assert main(["search", "--data", "data", "--model", "random", "--trials", "1", "--workers", "1"]) == 0
    capsys.readouterr()
    (line,) = refusal(["export-best"], capsys)
    assert line.endswith("data: no recordings to label; a file test.npy should hold them, or --models keeps models")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (Path.unlink, "cannot be read (No such file or directory); restore it, or search into another --results"),
        (lambda path: path.write_bytes(b""), "cannot be read (No data left in file); restore it, "),
        (lambda path: path.write_bytes(path.read_bytes()[:-4]), "cannot be read ("),
        (lambda path: np.save(path, np.zeros(7)), "holds an array (7,), expected (80,); restore it, "),
    ],
    ids=["missing", "empty", "cut short", "too short"],
)
def test_damaged_probabilities_are_named(
    damage: Callable[[Path], object], says: str, tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / "data", train_file())
    assert main(["search", "--data", "data", "--model", "random", "--trials", "1", "--workers", "1"]) == 0
    file = Run(tmp_path / "results" / "data").out_of_fold.path("chase", 0)
    damage(file)
    (tmp_path / "results" / "data" / ENSEMBLES).unlink(missing_ok=True)
    capsys.readouterr()
    (line,) = refusal(["export-best", "--workers", "1"], capsys)
    assert line.startswith(f"chase cannot be exported: {file.relative_to(tmp_path)}: {says}")


# Kills


WRITE = """
import sys
from pathlib import Path
import numpy as np
from harness.data.submission import write_submission

print("begins", flush=True)
while True:
    for value in (0, 1):
        write_submission(Path(sys.argv[1]), {"groom": {"a": np.full(200_000, value)}})
"""


def test_a_submission_is_the_old_one_or_the_new_one_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    out, moments = tmp_path / "submission.npy", random.Random(0)
    written = []
    for value in (0, 1):
        write_submission(out, {"groom": {"a": np.full(200_000, value)}})
        written.append(out.read_bytes())
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", WRITE, str(out)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(moments.uniform(0.0, 0.05))
            writer.kill()
        assert out.read_bytes() in written


def test_an_export_that_is_killed_leaves_the_old_submission_or_the_new_one(demo: Path, tmp_path: Path) -> None:
    out, new = tmp_path / "out" / "submission.npy", (demo / "submission.npy").read_bytes()
    old = new[:-200]
    out.parent.mkdir()
    for seconds in (0.6, 60.0):
        out.write_bytes(old)
        with process("export-best", "--out", str(out), "--workers", "1", at=demo) as export:
            until = time.monotonic() + seconds
            while len(os.listdir(out.parent)) == 1 and time.monotonic() < until and export.poll() is None:
                pass  # until a file appears beside it: the new one in the making
            export.kill()
        assert out.read_bytes() in (old, new)
    assert main(["export-best", "--out", str(out), "--results", str(demo / "results" / "demo")]) == 0
    assert out.read_bytes() == new


# Plugins of one's own

MINE = '''
"""How far apart the two mice are, and a model that goes by nothing else."""

from pathlib import Path

import numpy as np

from harness.plugins.registry import feature_set, model_family


@feature_set("mouse_gap")
def mouse_gap(recording, *, lag: int = 5):
    """Distance between matching body parts, and its change over `lag` frames."""
    gap = np.linalg.norm(recording.keypoints[:, 0] - recording.keypoints[:, 1], axis=1)
    mean = np.nan_to_num(gap.mean(axis=1))
    before = mean[np.maximum(np.arange(len(mean)) - lag, 0)]
    return {"gap_mean": mean, "gap_change": mean - before}


@model_family("nearness")
def nearness(seed, *, scale: float = 100.0):
    """The nearer, the likelier."""
    return Nearness(scale)


class Nearness:
    def __init__(self, scale):
        self.scale = scale

    def fit(self, X, y):
        if (Path(__file__).parent / "broken").exists():
            raise ValueError("cannot learn any more")

    def predict_proba(self, X):
        near = np.exp(-np.nan_to_num(np.asarray(X)[:, 0]) / self.scale)
        return np.stack([1 - near, near], axis=1)
'''


def forget_plugins(before: list[dict[str, Any]]) -> None:
    """Begin as a new process would: with the plugins that were there `before`."""
    for registry, plugins in zip((FEATURES, MODELS, SMOOTHERS), before, strict=True):
        registry.clear()  # type: ignore[attr-defined]
        registry.update(plugins)  # type: ignore[attr-defined]
    for name in [name for name in sys.modules if name.startswith("harness_plugin_")]:
        del sys.modules[name]


@pytest.fixture
def own_plugins() -> Iterator[list[dict[str, Any]]]:
    """The plugins of the package, which are all there are again after the test."""
    before: list[dict[str, Any]] = [dict(registry) for registry in (FEATURES, MODELS, SMOOTHERS)]
    yield before
    forget_plugins(before)


def test_plugins_of_ones_own_are_searched_ranked_and_exported(
    tmp_path: Path, capsys: Captured, own_plugins: list[dict[str, Any]]
) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "mouse_gap.toml").write_text('lag = { type = "int", low = 1, high = 30, log = true }\n')
    (tmp_path / "nearness.toml").write_text('scale = { type = "float", low = 10, high = 1000, log = true }\n')
    write(tmp_path / "data", train_file())
    search = ["search", "--data", "data", "--plugin", "mine.py", "--features", "mouse_gap", "--model", "nearness"]
    search += ["--trials", "3", "--workers", "1"]
    plugin = ["--plugin", str(tmp_path / "mine.py")]
    assert main(search) == 0
    out = run(shlex.join(["list", *plugin]), capsys)
    assert "lag = 5 [1 to 30 (log)]" in out
    assert "scale = 100.0 [10 to 1000 (log)]" in out

    forget_plugins(own_plugins)
    rows = json.loads(run("leaderboard --format json", capsys))
    assert [(row["behavior"], row["features"], row["model"], row["trials"]) for row in rows if row["rank"]] == [
        (behavior, ["mouse_gap"], "nearness", 3) for behavior in ("groom", "chase")
    ]

    (line,) = refusal(["export-best"], capsys)
    assert line == f"the run needs the plugin 'mouse_gap'; give {shlex.join(plugin)} again"
    assert not (tmp_path / "submission.npy").exists()
    assert main(["export-best", *plugin]) == 0
    assert "note: " not in capsys.readouterr().err
    run("check submission.npy", capsys)

    forget_plugins(own_plugins)
    (tmp_path / "mine.py").write_text(MINE + "\n# Better now.\n")
    assert main(["export-best", *plugin]) == 0
    err = capsys.readouterr().err
    for name in ("mouse_gap", "nearness"):
        assert f"note: {name} is not what it was in the search; the scores are those of the earlier version\n" in err

    (line,) = refusal(search, capsys)
    assert "its trials cannot be continued: the code of mouse_gap, nearness; give this search a folder of" in line


def test_a_model_that_cannot_be_fitted_again_is_named_with_its_behavior(
    tmp_path: Path, capsys: Captured, own_plugins: list[dict[str, Any]]
) -> None:
    (tmp_path / "mine.py").write_text(MINE.replace(", *, scale: float = 100.0", "").replace("(scale)", "(100.0)"))
    write(tmp_path / "data", train_file())
    plugin = ["--plugin", str(tmp_path / "mine.py"), "--workers", "1"]
    search = ["search", "--data", "data", "--features", "kinematics", "--model", "nearness", "--trials", "1"]
    (tmp_path / "mouse_gap.toml").write_text('lag = { type = "int", low = 1, high = 30, log = true }\n')
    assert main([*search, *plugin]) == 0
    (tmp_path / "broken").touch()
    capsys.readouterr()
    (line,) = refusal(["export-best", *plugin], capsys)
    assert line == "groom cannot be exported: ValueError: cannot learn any more"


# Other layouts of the data


def layout_with_sequences(folder: Path) -> Files:
    """As the challenge's files were; returns the truth of its test set."""
    train = {
        name: {"sequences": group, "vocabulary": {"other": 0, name: 1}}
        for name, group in train_file().items()
        if name != "vocabulary"
    }
    write(folder, train)
    (folder / "test.npy").unlink()
    save(folder / "test-release.npy", {"sequences": test_file(), "vocabulary": {"other": 0}})
    sample = {name: {one: [0] * 40 for one in "xy"} for name in train}
    save(folder / "sample-submission-task3.npy", sample)
    return sample


def layout_of_the_release(folder: Path) -> Files:
    """As the public release of CalMS21 is; returns the truth of its test set."""
    folder.mkdir()

    def group(name: str, part: str, seeds: tuple[int, ...]) -> Files:
        return {f"task3/{name}/{part}/mouse{seed:03}_task3_{name}": released(name, seed) for seed in seeds}

    save(
        folder / "calms21_task3_train.npy",
        {"groom": group("groom", "train", (1, 2)), "chase": group("chase", "train", (3, 4))},
    )
    test = {"groom": group("groom", "test", (5, 6)), "chase": group("chase", "test", (7,))}
    save(folder / "calms21_task3_test.npy", test)
    return {name: {id_: entry["annotations"] for id_, entry in recordings.items()} for name, recordings in test.items()}


@pytest.mark.parametrize(
    ("layout", "test"), [(layout_with_sequences, "test-release.npy"), (layout_of_the_release, "calms21_task3_test.npy")]
)
def test_other_layouts_of_the_data_are_searched_exported_checked_and_scored(
    layout: Any, test: str, tmp_path: Path, capsys: Captured
) -> None:
    truth = layout(tmp_path / "data")
    save(tmp_path / "truth.npy", truth)
    search = ["search", "--data", "data", "--features", "kinematics", "--model", "logistic_regression", "--trials", "1"]
    assert main([*search, "--workers", "1"]) == 0
    assert main(["export-best"]) == 0
    submission = loaded(tmp_path / "submission.npy")
    every = {name for recordings in truth.values() for name in recordings}
    assert {behavior: recordings.keys() for behavior, recordings in submission.items()} == {
        "groom": every,
        "chase": every,
    }
    run("check submission.npy", capsys)
    plain = json.loads(run("score submission.npy truth.npy --format json", capsys))
    for row in plain["behaviors"]:
        recordings = truth[row["behavior"]]
        claimed = np.concatenate([submission[row["behavior"]][name] for name in recordings])
        actual = np.concatenate(list(recordings.values()))
        assert row["f1"] == pytest.approx(f1_score(actual, claimed, zero_division=0))
    if layout is layout_of_the_release:
        assert json.loads(run(f"score submission.npy data/{test} --format json", capsys)) == plain


# One trial's labels


def straight_through(
    selection: Selection, labelled: Any, unlabelled: Any, tables: FeatureTables, seed: int
) -> dict[str, Array]:
    """Labels (frames,) by recording as one would compute them with time and memory to spare."""
    everything = [(recording, slice(0, recording.frames)) for recording in labelled]
    fitted = [fit_pipeline(member.record.spec, tables, everything, seed) for member in selection.members]
    labels = {}
    for recording in unlabelled:
        stages = [one.probabilities(recording) for one in fitted]
        taken = [
            one.get(member.record.rounds, one[list(one)[-1]])
            for one, member in zip(stages, selection.members, strict=True)
        ]
        probabilities = blended(taken, [member.weight for member in selection.members])
        labels[recording.id] = decide(selection.decision, probabilities, recording.fps)
    return labels


def through_files(
    selections: list[Selection], labelled: Any, unlabelled: Any, tables: FeatureTables, seed: int, folder: Path
) -> dict[str, dict[str, Array]]:
    """Labels by recording and behavior, of pipelines that were written to a folder and read again."""
    names = [selection.behavior for selection in selections]
    training = Training(toy_dataset(**dict.fromkeys(names, labelled)), tables.pool, seed, tables.cache)
    files = DetectorFiles(folder)
    for selection in selections:
        for place, member in enumerate(selection.members):
            part = Part(member.record.spec, member.record.rounds, member.weight)
            files.add(selection.behavior, place, part, trained(training.fit(selection.behavior, part.spec, tables)))
    files.finish({selection.behavior: selection.decision for selection in selections}, training.dataset)
    labeller = Labeller(read_detectors(folder), sum(one.frames for one in unlabelled))
    return {recording.id: labeller.labels(recording, 0) for recording in unlabelled}


def label_recordings(
    selection: Selection, labelled: Any, unlabelled: Any, tables: FeatureTables, seed: int
) -> dict[str, Array]:
    """What both ways say, and say alike."""
    with tempfile.TemporaryDirectory() as folder:
        by_files = through_files([selection], labelled, unlabelled, tables, seed, Path(folder))
    labels = straight_through(selection, labelled, unlabelled, tables, seed)
    for name, values in labels.items():
        assert np.array_equal(by_files[name][selection.behavior], values)
    return labels


def some_pipelines() -> list[TrialRecord]:
    """Every family, learned and other features, and every way to prepare them."""
    sets = [("kinematics", "social_geometry"), ("pose_window_pca", "kinematics"), ("social_geometry",)]
    windows, ways = ["0.5+2", "none", "1+5"], ["both", "unordered", "kept"]
    statistics = ["mean+std+change", "mean+std+min+max", "range+past+future"]
    models = ["lightgbm", "catboost", "extra_trees", "logistic_regression"]
    records = []
    for number in range(12):
        preparation = Preparation(
            windows=windows[number % 3],
            statistics=statistics[number // 2 % 3],
            identities=ways[number // 4],
            columns=[24, 2000][number % 2],
            interpolate=[5.0, 0.2][number // 6],
        )
        features = tuple(Choice(name) for name in sets[number // 3 % 3])
        rounds = [20, 80, None][number % 3] if number % 4 < 2 else None
        records.append(record(rounds=rounds, spec=PipelineSpec(features, Choice(models[number % 4]), preparation)))
    return records


def test_the_labels_of_many_pipelines_at_once_are_those_of_each_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled, new = toy_recordings(2, 240), toy_recordings(2, 1100, seed=9, missing=0.1)
    tables = FeatureTables(BlockCache(tmp_path / "blocks"), tuple(labelled))
    monkeypatch.setattr("harness.labelling.labeller.FRAMES", 512)  # so that there are several stretches
    records = some_pipelines()
    selections = [replace(alone(one), behavior=str(number)) for number, one in enumerate(records)]
    members = tuple(Member(one, 1 + number % 2) for number, one in enumerate(records))
    selections.append(Selection("all", "ensemble", members, Decision(Choice("gaussian"), 0.4, 0.3, 0.2), ()))
    labels = through_files(selections, labelled, new, tables, 5, tmp_path / "models")
    for selection in selections:
        expected = straight_through(selection, labelled, new, tables, seed=5)
        for recording in new:
            assert labels[recording.id][selection.behavior].tolist() == expected[recording.id].tolist()
    assert any(labels[recording.id]["all"].any() for recording in new)


# Models that are kept


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of models of every family."""
    labelled = toy_recordings(2, 200)
    tables = FeatureTables(BlockCache(tmp_path / "blocks"), tuple(labelled))
    selections = [replace(alone(one), behavior=str(number)) for number, one in enumerate(some_pipelines()[:6])]
    through_files(selections, labelled, labelled, tables, 5, tmp_path / "models")
    return tmp_path / "models"


def kept_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_every_family_is_kept_in_the_format_of_its_library_and_nothing_in_a_pickle(kept: Path) -> None:
    names = {path.name for path in kept_files(kept)}
    assert names == {
        *(
            "models.json",
            "columns.npz",
            "learned-00.npz",
            "model.txt",
            "model.cbm",
            "taught.npz",
            "trees.npz",
            "weights.npz",
        )
    }
    for path in kept_files(kept):
        if path.suffix == ".npz":
            for values in np.load(path, allow_pickle=False).values():
                assert values.dtype != object


def test_a_damaged_model_file_is_named_in_one_line(kept: Path) -> None:
    for path in kept_files(kept):
        whole = path.read_bytes()
        for damaged in (b"", whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), b"nonsense" * 9):
            path.write_bytes(damaged)
            if path.suffix == ".json" and damaged == whole[:-1] + bytes([whole[-1] ^ 1]):
                continue  # a newline more or less
            with pytest.raises(HarnessError) as caught:
                read_detectors(kept)
            assert len(str(caught.value).splitlines()) == 1
            assert str(path) in str(caught.value)
        path.unlink()
        with pytest.raises(HarnessError, match=re.escape(f"{path}: cannot be read (No such file or directory)")):
            read_detectors(kept)
        path.write_bytes(whole)
    read_detectors(kept)


def with_content(folder: Path, path: Path, content: bytes) -> None:
    """Replace a file as somebody would who knows that it is held against its digest."""
    path.write_bytes(content)
    plain = json.loads((folder / "models.json").read_text())
    plain["sha256"][str(path.relative_to(folder))] = hashlib.sha256(content).hexdigest()
    (folder / "models.json").write_text(json.dumps(plain))


class Trap:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_a_model_file_that_holds_a_program_does_not_run_it(kept: Path, tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    hostile = io.BytesIO()
    np.savez(hostile, columns=np.array([Trap(sprung)]), knots=np.array([Trap(sprung)]))
    for path in kept_files(kept):
        whole = path.read_bytes()
        if path.suffix not in (".npz", ".cbm", ".txt"):
            continue
        for content in (hostile.getvalue(), pickle.dumps(Trap(sprung))):
            if path.suffix != ".npz" and content == hostile.getvalue():
                continue
            with_content(kept, path, content)
            with pytest.raises(HarnessError) as caught:
                read_detectors(kept)
            assert str(path.parent) in str(caught.value)
        with_content(kept, path, whole)
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung)))
    assert sprung.exists()


def test_trees_that_point_out_of_themselves_are_refused(kept: Path) -> None:
    path = next(path for path in kept_files(kept) if path.name == "trees.npz")
    arrays = dict(np.load(path))
    for name, value in (("left_child", 10**6), ("right_child", 0), ("feature", -7), ("feature", 10**6)):
        changed = arrays[name].copy()
        changed[0] = value
        content = io.BytesIO()
        np.savez(content, **arrays | {name: changed})
        with_content(kept, path, content.getvalue())
        with pytest.raises(HarnessError, match="a tree in it points out of itself"):
            read_detectors(kept)


def test_models_label_other_recordings_without_the_training_data(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(demo)
    again, models = str(tmp_path / "again.npy"), tmp_path / "models"
    assert main(["export-best", "--out", again, "--models", str(models), "--workers", "1"]) == 0
    assert capsys.readouterr().err.endswith(f"wrote {models} (the fitted models, for harness predict)\n")
    with monkeypatch.context() as before_any_work:
        before_any_work.setattr(exporting, "ensembles", None)
        (line,) = refusal(["export-best", "--out", again, "--models", str(models)], capsys)
    assert line == f"--models {models}: is there already; name a folder that is not"
    test = tmp_path / "elsewhere" / "recordings.npy"
    test.parent.mkdir()
    content = loaded(demo / "demo" / "test.npy")
    np.save(test, np.array({name: content[name] for name in reversed(content)}), allow_pickle=True)
    monkeypatch.chdir(tmp_path)
    assert main(["predict", "--models", "models", "--data", str(test), "--out", "labels.npy", "--workers", "1"]) == 0
    assert loaded(tmp_path / "labels.npy") == loaded(demo / "submission.npy")
    capsys.readouterr()

    content = {name: {"keypoints": entry["keypoints"][..., :5]} for name, entry in content.items()}
    np.save(test, np.array(content), allow_pickle=True)
    (line,) = refusal(["predict", "--models", "models", "--data", str(test)], capsys)
    assert line.startswith("test-0, test-1")
    assert ": without the keypoints nose, left_ear, right_ear and 4 more and with the keypoints keypoint_0, " in line
    (line,) = refusal(["predict", "--models", "nowhere", "--data", str(test)], capsys)
    assert line.startswith("nowhere/models.json: cannot be read (No such file or directory); ")
    for out in ("labels.npy", "labels"):
        words = ["predict", "--models", "models", "--data", str(tmp_path / "none.npy"), "--out", out]
        assert refusal(words, capsys) == [f"{tmp_path / 'none.npy'}: no such file"]


# Two at once, and no room


def test_of_two_exports_to_one_file_the_last_wins_with_all_of_its_own(demo: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "other", tmp_path / "out" / "submission.npy"
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(demo)
        assert main([*SEARCH[:-1], "8", "--results", str(other)]) == 0
        assert main(["export-best", "--results", str(other), "--out", str(tmp_path / "other.npy")]) == 0
    files = [demo / "submission.npy", tmp_path / "other.npy"]
    alone = [(path.read_bytes(), path.with_suffix(".json").read_bytes()) for path in files]
    assert alone[0][1] != alone[1][1]
    runs = [demo / "results" / "demo", other]
    exports = [
        process("export-best", "--results", str(run), "--out", str(out), "--workers", "1", at=demo) for run in runs
    ]
    for export in exports:
        _, told = export.communicate()
        assert export.returncode == 0, told
    assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) in alone
    assert sorted(os.listdir(out.parent)) == ["submission.json", "submission.npy"]


WRITE_PAIRS = """
import sys
from pathlib import Path
import numpy as np
from harness.data.submission import write_submission

out, value = Path(sys.argv[1]), int(sys.argv[2])
for _ in range(150):
    write_submission(out, {"groom": {"a": np.full(2_000, value)}}, {"value": value})
"""


def test_a_submission_and_what_goes_beside_it_are_of_the_same_writer(tmp_path: Path) -> None:
    out = tmp_path / "submission.npy"
    for _ in range(4):
        writers = [subprocess.Popen([sys.executable, "-c", WRITE_PAIRS, str(out), str(value)]) for value in (0, 1)]
        assert [writer.wait() for writer in writers] == [0, 0]
        assert set(loaded(out)["groom"]["a"]) == {json.loads((tmp_path / "submission.json").read_text())["value"]}
    assert len(os.listdir(tmp_path)) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs to mount a small disk: run the tests as root where mount is permitted")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("left", [0, 20_000])
def test_a_full_disk_leaves_the_old_submission(left: int, demo: Path, small_disk: Path, capsys: Captured) -> None:
    out = small_disk / "submission.npy"
    old = {"submission.npy": b"old", "submission.json": b"older"}
    for name, content in old.items():
        (small_disk / name).write_bytes(content)
    room = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - left))
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(demo)
        (line,) = refusal(["export-best", "--out", str(out), "--workers", "1"], capsys)
    assert line == f"{out}: cannot be written (No space left on device); name another file with --out"
    assert sorted(os.listdir(small_disk)) == ["filler", *sorted(old)]
    assert all((small_disk / name).read_bytes() == content for name, content in old.items())


def test_a_full_disk_leaves_no_half_of_a_folder_of_labels(demo: Path, small_disk: Path, capsys: Captured) -> None:
    room = os.statvfs(small_disk)
    (small_disk / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - 60_000))
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(demo)
        out = ["--out", str(demo / "other.npy"), "--labels", str(small_disk / "labels"), "--format", "frames"]
        (line,) = refusal(["export-best", *out, "--workers", "1"], capsys)
    assert line == "labels: cannot be written (No space left on device); name another folder"
    assert os.listdir(small_disk) == ["filler"]
    assert not (demo / "other.npy").exists()


# One trial's rounds


def alone(one: TrialRecord) -> Selection:
    """The trial as all that was chosen."""
    assert one.decision is not None
    return Selection(one.behavior, "single", (Member(one),), one.decision, one.counts)


def record(**values: Any) -> TrialRecord:
    spec = PipelineSpec((Choice("kinematics", {"lag": 0.07}),), Choice("lightgbm", {"leaves": 4}))
    decision = Decision(Choice("none"), 0.3)
    usual: dict[str, Any] = {"spec": spec, "decision": decision, "rounds": None}
    return TrialRecord("gather", 3, "a", folds="grouped", seconds=1.0, **usual | values)


def staged(one: TrialRecord, tables: FeatureTables) -> tuple[Any, Any]:
    labelled, new = toy_recordings(2, 240), toy_recordings(1, 200, seed=9)[0]
    fitted = fit_pipeline(one.spec, tables, [(each, slice(0, each.frames)) for each in labelled], 5)
    return labelled, (new, fitted.probabilities(new))


def test_labels_are_cut_from_the_rounds_that_the_trial_chose(tmp_path: Path) -> None:
    tables = FeatureTables(BlockCache(tmp_path), ())
    labelled, (new, stages) = staged(record(), tables)
    assert len(stages) > 2
    for rounds, probabilities in stages.items():
        labels = label_recordings(alone(record(rounds=rounds)), labelled, [new], tables, seed=5)
        assert labels[new.id].tolist() == (probabilities >= np.float64(0.3)).tolist()


def test_all_rounds_are_taken_where_the_folds_had_nothing_to_choose_by(tmp_path: Path) -> None:
    tables = FeatureTables(BlockCache(tmp_path), ())
    labelled, (new, stages) = staged(record(), tables)
    labels = label_recordings(alone(record(rounds=None)), labelled, [new], tables, seed=5)
    assert labels[new.id].tolist() == (stages[max(stages)] >= np.float64(0.3)).tolist()
    assert labels[new.id].any()


def test_a_behavior_that_no_training_frame_shows_is_claimed_nowhere(tmp_path: Path) -> None:
    nothing = [replace(one, labels=np.zeros(one.frames, dtype=np.int8)) for one in toy_recordings(2, 120)]
    tables = FeatureTables(BlockCache(tmp_path), ())
    labels = label_recordings(alone(record(rounds=40)), nothing, nothing[:1], tables, seed=0)
    assert not labels[nothing[0].id].any()


def test_members_are_averaged_by_their_weights_before_the_decision(tmp_path: Path) -> None:
    tables = FeatureTables(BlockCache(tmp_path), ())
    labelled, (new, stages) = staged(record(), tables)
    first, last = record(rounds=min(stages)), record(rounds=max(stages))
    both = Selection("gather", "ensemble", (Member(first, 2), Member(last)), Decision(Choice("none"), 0.3), ())
    labels = label_recordings(both, labelled, [new], tables, seed=5)
    expected = blended([stages[min(stages)]] * 2 + [stages[max(stages)]], [1, 1, 1]) >= np.float64(0.3)
    assert labels[new.id].tolist() == expected.tolist()
