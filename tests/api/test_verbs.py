"""The verbs: what they give to a program, and that the commands have nothing that programs have not."""

import inspect
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest

import harness
from harness.cli import main
from harness.cli import parser as command_line
from harness.data.submission import DIGEST, write_submission
from harness.dataset import Dataset
from harness.recording import Array
from harness.runs.records import TrialRecord
from tests.conftest import ToyRuns
from tests.toy import toy_recordings, with_confidence

VERBS = {name: getattr(harness, name) for name in harness.__all__ if inspect.isfunction(getattr(harness, name))}

SETTINGS: dict[str, Any] = {"models": ["logistic_regression"], "features": ["kinematics", "social_geometry"]}

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def at_runs(toy_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch) -> ToyRuns:
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.setenv("HARNESS_CACHE", str(toy_runs.folder / "cache"))
    return toy_runs


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """In no folder, so that a run of it must be given one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return Dataset("toy", {"approach": tuple(toy_recordings(3, 200))}, tuple(toy_recordings(1, 100, seed=2)))


# The door


def test_importing_the_package_loads_nothing_else() -> None:
    program = "import sys; before = set(sys.modules); import harness; print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name for name in ended.stdout.split() if name.split(".")[0] not in sys.stdlib_module_names}
    assert loaded == {"harness", "harness.version"}


def test_every_name_is_there_and_others_are_not() -> None:
    assert sorted(harness.__all__) == harness.__all__
    assert dir(harness) == harness.__all__
    for name in harness.__all__:
        assert getattr(harness, name) is not None
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'serach'"):
        getattr(harness, "serach")  # noqa: B009


def test_every_command_is_a_verb_or_a_method() -> None:
    (commands,) = (action.choices for action in command_line()._actions if action.dest == "command")
    assert commands is not None
    verbs = {name.replace("-", "_") for name in commands} - {"import", "leaderboard", "list"}
    assert verbs <= VERBS.keys()
    assert callable(harness.import_files)  # `import` is a word of Python's own
    assert callable(harness.Run.leaderboard)
    assert callable(harness.available)


def public() -> list[Any]:
    """Verbs, and public methods of what they return that take arguments."""
    classes = [value for value in map(harness.__getattr__, harness._HOME_OF) if inspect.isclass(value)]
    methods = [
        method
        for one in classes
        if one.__module__.startswith("harness.api")
        for name, method in vars(one).items()
        if inspect.isfunction(method) and not name.startswith("_") and len(inspect.signature(method).parameters) > 1
    ]
    return [*VERBS.values(), *methods]


@pytest.mark.parametrize("verb", public(), ids=lambda verb: verb.__qualname__)
def test_every_argument_is_explained_and_what_is_raised(verb: Callable[..., Any]) -> None:
    arguments = {name for name in inspect.signature(verb).parameters if name != "self"}
    _, _, section = (inspect.getdoc(verb) or "").partition("\nArgs:\n")
    section, _, raised = section.partition("\nRaises:\n")
    lists = re.findall(r"^    (\w[\w, ]*): ", section.partition("\nReturns:\n")[0], re.MULTILINE)
    assert {name for names in lists for name in names.split(", ")} == arguments
    assert raised or verb.__name__ in ("cache", "hints", "worst_lines")


# Searching


def test_a_search_goes_on_where_the_command_stopped_and_the_reverse(
    at_runs: ToyRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(at_runs.folder / at_runs.strong, "run")
    new: list[TrialRecord] = []
    data = at_runs.folder / "data"
    run = harness.search(data, trials=5, workers=1, results="run", on_trial=new.append, **SETTINGS)
    assert [record.trial for record in new] == [4, 4]  # of two behaviors
    words = ["--data", str(data), "--trials", "5", "--workers", "1", "--model", "logistic_regression"]
    words += ["--features", "kinematics", "--features", "social_geometry", "--results", "run"]
    assert main(["search", *words]) == 0
    assert len(run.records()) == 10


def test_a_search_prints_nothing_unless_it_is_asked(data: Dataset, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    harness.search(data, trials=1, workers=1, results="run", say=said.append, **SETTINGS)
    assert capfd.readouterr() == ("", "")
    assert said[0] == "data: toy, 1 behavior, 3 labelled recordings, 600 frames"
    assert any(line.startswith("approach: best F1 ") for line in said)
    harness.search(data, trials=2, workers=1, results="run", progress=True, **SETTINGS)
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.partition(" F1 ")[0] for line in err.splitlines()] == ["approach 2/2"]


def test_data_in_no_folder_need_a_folder_for_their_run(data: Dataset) -> None:
    with pytest.raises(harness.HarnessError, match="results: name a folder for the run"):
        harness.search(data, trials=1, workers=1, **SETTINGS)


def test_a_run_says_by_which_call_it_was_made(data: Dataset) -> None:
    run = harness.search(data, trials=1, workers=1, results="run", **SETTINGS)
    call = run.description["about"]["command"]
    settings = "features=['kinematics', 'social_geometry'], models=['logistic_regression']"
    assert call == f"harness.search('toy', trials=1, {settings}, results='run')"


def test_an_interrupt_keeps_what_is_finished_and_the_same_call_goes_on(data: Dataset) -> None:
    def interrupt(record: TrialRecord) -> None:
        if record.trial == 2:
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="3 finished trials are kept in run; the same call") as caught:
        harness.search(data, trials=6, workers=1, results="run", on_trial=interrupt, **SETTINGS)
    assert isinstance(caught.value, harness.SearchInterrupted)
    assert signal.getsignal(signal.SIGINT) is before
    assert [record.trial for record in caught.value.run.records()] == [0, 1, 2]
    whole = harness.search(data, trials=6, workers=1, results="whole", **SETTINGS)
    resumed = harness.search(data, trials=6, workers=1, results="run", **SETTINGS)
    pd.testing.assert_frame_equal(without_seconds(resumed), without_seconds(whole))


def plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as JSON has them, with None where a number is missing."""
    rows: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return rows


def without_seconds(run: harness.Run) -> pd.DataFrame:
    return run.leaderboard().drop(columns="seconds")


def test_what_on_trial_raises_ends_the_search_and_loses_nothing(data: Dataset) -> None:
    def raises(record: TrialRecord) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        harness.search(data, trials=4, workers=1, results="run", on_trial=raises, **SETTINGS)
    assert len(harness.open_run("run").records()) == 1


def test_a_search_runs_in_any_thread(data: Dataset) -> None:
    found: list[harness.Run] = []
    call = {"trials": 1, "workers": 1, "results": "run", **SETTINGS}
    thread = threading.Thread(target=lambda: found.append(harness.search(data, **call)))
    thread.start()
    thread.join(timeout=120)
    assert len(found[0].records()) == 1


SCRIPT = """\
import harness

print("begins")
run = harness.search("data", trials=1, workers=2, models=["logistic_regression"], features=["kinematics"])
print(len(run.records()))
"""


def test_a_script_needs_no_guard_against_its_own_workers(at_runs: ToyRuns, tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(at_runs.folder / "data")
    (tmp_path / "script.py").write_text(SCRIPT)
    program = [sys.executable, "script.py"]
    ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (ended.stdout, ended.stderr) == ("begins\n2\n", "")


# Data that change between two calls


LEARNS: dict[str, Any] = {
    "models": ["logistic_regression"],
    "features": ["kinematics", "pose_window_pca"],
    "workers": 1,
}


def test_a_recording_that_is_added_to_be_labelled_is_just_labelled(data: Dataset, tmp_path: Path) -> None:
    before = harness.search(data, trials=3, results="run", **LEARNS)
    whole = harness.search(data, trials=5, results="whole", **LEARNS)
    more = replace(data, unlabelled=(*data.unlabelled, *toy_recordings(1, 80, seed=3, prefix="new")))
    after = harness.search(more, trials=5, results="run", **LEARNS)
    pd.testing.assert_frame_equal(without_seconds(after), without_seconds(whole))
    assert before.description["identity"] == after.description["identity"]
    export = harness.export_best(harness.open_run("run"), "more.npy", data=more, workers=1)
    earlier = harness.export_best(harness.open_run("run"), "fewer.npy", data=data, workers=1)
    labels, fewer = export.behaviors["approach"].labels, earlier.behaviors["approach"].labels
    assert {name: len(one) for name, one in labels.items()} == {"toy-0": 100, "new-0": 80}
    np.testing.assert_array_equal(labels["toy-0"], fewer["toy-0"])
    said: list[str] = []
    harness.report(harness.open_run("run"), "page.html", data=more, say=said.append)
    (note,) = said
    assert note.startswith("note: not shown, as it is not of these test recordings: ")
    assert "fewer.npy: approach, new-0: missing" in note


def test_poses_that_sets_have_learned_from_must_stay(data: Dataset) -> None:
    fewer = replace(data, unlabelled=())
    harness.search(data, trials=1, results="learns", **LEARNS)
    with pytest.raises(
        harness.HarnessError, match=r"\(toy-0, which sets have learned from, is gone or has other poses\)"
    ):
        harness.search(fewer, trials=2, results="learns", **LEARNS)
    harness.search(data, trials=1, workers=1, results="not", **SETTINGS)
    assert len(harness.search(fewer, trials=2, workers=1, results="not", **SETTINGS).records()) == 2


def test_what_differs_of_labelled_recordings_is_named(data: Dataset) -> None:
    harness.search(data, trials=1, workers=1, results="run", **SETTINGS)
    first, second, third = data.labelled["approach"]
    relabelled = replace(second, labels=1 - second.known_labels)
    other = replace(data, labelled={"approach": (first, relabelled, replace(third, id="another"))})
    differing = "toy-1 of approach has other poses, labels, scale, arena or group; toy-2 of approach is gone; "
    differing += "another of approach is new"
    for call in (
        lambda: harness.search(other, trials=2, workers=1, results="run", **SETTINGS),
        lambda: harness.fit(harness.open_run("run"), data=other),
    ):
        with pytest.raises(harness.HarnessError, match=re.escape(f"that run was searched on ({differing})")):
            call()


@pytest.mark.parametrize("lacks", ["first", "second", "test"])
def test_recordings_without_the_confidence_that_others_hold_are_learned_from_and_labelled(
    lacks: str, data: Dataset
) -> None:
    first, second, third = data.labelled["approach"]
    (test,) = data.unlabelled
    scored = {
        "first": ((first, *map(with_confidence, (second, third))), with_confidence(test)),
        "second": ((with_confidence(first), second, with_confidence(third)), with_confidence(test)),
        "test": (tuple(map(with_confidence, (first, second, third))), test),
    }
    labelled, to_label = scored[lacks]
    some = replace(data, labelled={"approach": labelled}, unlabelled=(to_label,))
    said: list[str] = []
    only = SETTINGS | {"features": ["confidence"], "workers": 1}
    run = harness.search(some, trials=2, results="run", say=said.append, **only)
    assert "note: 1 recording without the tracker's confidence, which others hold; there it is missing" in said
    assert all(record.complete for record in run.records())
    assert list(harness.export_best(run, "out.npy", workers=1).behaviors["approach"].labels) == ["toy-0"]
    again = harness.export_best(harness.open_run("run"), "again.npy", data=some, workers=1)
    assert again.submission is not None
    assert again.submission.read_bytes() == Path("out.npy").read_bytes()


# What others do to a run


def test_what_others_write_into_the_storage_is_left_alone_and_named(
    at_runs: ToyRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # so that the last run of the shared folder stays what it is
    shutil.copytree(at_runs.folder / at_runs.strong, "run")
    storage, data = "sqlite:///run/studies.db", at_runs.folder / "data"
    before = harness.open_run("run").leaderboard()
    optuna.create_study(study_name="my own", storage=storage).optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
    ours = optuna.load_study(study_name=optuna.get_all_study_names(storage)[0], storage=storage)
    ours.enqueue_trial({})
    pd.testing.assert_frame_equal(harness.open_run("run").leaderboard(), before)
    said: list[str] = []
    run = harness.search(data, trials=5, workers=1, results="run", say=said.append, **SETTINGS)
    assert len(run.records()) == 10
    notes = [line for line in said if line.startswith("note: ")]
    assert sorted(notes) == [
        f"note: {ours.study_name} has 1 trial that no search has written; left alone",
        "note: my own has 1 trial that no search has written; left alone",
    ]


def test_the_trials_of_a_deleted_study_are_asked_again(data: Dataset) -> None:
    whole = without_seconds(harness.search(data, trials=6, workers=1, results="run", **SETTINGS))
    storage = "sqlite:///run/studies.db"
    name = optuna.get_all_study_names(storage)[0]
    lost = len(optuna.load_study(study_name=name, storage=storage).trials)
    optuna.delete_study(study_name=name, storage=storage)
    assert len(harness.open_run("run").leaderboard()) > 0
    new: list[TrialRecord] = []
    run = harness.search(data, trials=6, workers=1, results="run", on_trial=new.append, **SETTINGS)
    assert len(new) == lost
    pd.testing.assert_frame_equal(without_seconds(run), whole)


def test_a_run_copied_without_its_log_is_noticed_and_nothing_is_written_over(data: Dataset) -> None:
    def copy(record: TrialRecord) -> None:
        if record.trial == 3:
            shutil.copytree("run", "copy", ignore=shutil.ignore_patterns("*-wal", "*-shm"))

    harness.search(data, trials=4, workers=1, results="run", on_trial=copy, **SETTINGS)
    files = {path: path.read_bytes() for path in Path("copy").glob("out_of_fold/*/*.npy")}
    says = "^copy: holds predictions of trials that copy/studies.db does not know, as where it was copied without"
    with pytest.raises(harness.HarnessError, match=says):
        harness.search(data, trials=5, workers=1, results="copy", **SETTINGS)
    with pytest.raises(harness.HarnessError, match=says):
        harness.open_run("copy").leaderboard()
    assert {path: path.read_bytes() for path in Path("copy").glob("out_of_fold/*/*.npy")} == files
    shutil.move("copy/out_of_fold", "aside")
    assert len(harness.search(data, trials=4, workers=1, results="copy", **SETTINGS).records()) == 4


# Runs


def test_the_leaderboard_has_the_rows_and_columns_of_the_command(at_runs: ToyRuns, capsys: Captured) -> None:
    board = harness.open_run("runs/strong").leaderboard()
    assert main(["leaderboard", "--results", "runs/strong", "--format", "json"]) == 0
    assert plain(board) == json.loads(capsys.readouterr().out)
    by_model = harness.open_run("runs/strong").leaderboard(by="model", top=1, behaviors=["approach"])
    assert set(by_model["model"]) <= {"logistic_regression", "ensemble"}


def test_without_a_folder_the_run_last_searched_is_opened(at_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    assert harness.open_run().folder == at_runs.strong
    monkeypatch.chdir(at_runs.folder / "data")
    with pytest.raises(harness.HarnessError, match="nothing was searched here yet"):
        harness.open_run()


def test_a_comparison_is_that_of_the_command(at_runs: ToyRuns, capsys: Captured) -> None:
    table = harness.compare("runs/weak", harness.open_run("runs/strong")).table()
    assert main(["compare", "runs/weak", "runs/strong", "--format", "json"]) == 0
    assert plain(table) == json.loads(capsys.readouterr().out)


def test_other_data_than_were_searched_are_refused(at_runs: ToyRuns, data: Dataset) -> None:
    run = harness.open_run(at_runs.folder / at_runs.strong)
    with pytest.raises(harness.HarnessError, match=r"toy: not the data that .* was searched on"):
        harness.fit(run, data=data)


# Detectors


@pytest.fixture
def fitted(toy_models: Path) -> Path:
    return toy_models


def test_detectors_label_as_the_submission_does(at_runs: ToyRuns, fitted: Path) -> None:
    run = harness.open_run("runs/strong")
    data, detectors = run.dataset(), harness.fit(run, workers=1)
    submission = np.load(fitted / "submission.npy", allow_pickle=True).item()
    assert detectors.behaviors == list(submission)
    for behavior, theirs in detectors.predict(data.unlabelled, workers=1).items():
        assert {name: labels.tolist() for name, labels in theirs.items()} == submission[behavior]
        for recording in data.unlabelled:
            assert detectors[behavior].predict(recording).tolist() == submission[behavior][recording.id]


def test_probabilities_are_as_scikit_learn_has_them_and_survive_being_kept(fitted: Path, tmp_path: Path) -> None:
    kept = harness.open_detectors(fitted / "models")
    recording = toy_recordings(1, 240, seed=7)[0]
    found = kept["approach"].predict_proba(recording)
    assert found.shape == (240, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found[recording.known_labels == 1, 1].mean() > found[recording.known_labels == 0, 1].mean() + 0.2
    again = harness.open_detectors(kept.save(tmp_path / "again"))
    np.testing.assert_array_equal(again["approach"].predict_proba(recording), found)
    with pytest.raises(harness.HarnessError, match="again: is there already"):
        kept.save(tmp_path / "again")


def test_a_detector_refuses_other_bodies_and_detectors_other_names(fitted: Path) -> None:
    detectors = harness.open_detectors(fitted / "models")
    recording = toy_recordings(1, 50, skeleton=harness.Skeleton.unnamed(5))[0]
    with pytest.raises(harness.HarnessError, match=r"toy-0: without the keypoints nose, .* and with the keypoints"):
        detectors["approach"].predict_proba(recording)
    with pytest.raises(KeyError, match="Did you mean 'approach'"):
        detectors["aproach"]


def test_models_can_be_used_without_the_run_or_the_data(fitted: Path, tmp_path: Path) -> None:
    recordings = toy_recordings(2, 90, seed=5)
    labels = harness.predict(fitted / "models", recordings, tmp_path / "labels.npy", workers=1)
    assert list(labels) == ["approach", "rarely"]
    assert all(list(theirs) == ["toy-0", "toy-1"] for theirs in labels.values())
    written = np.load(tmp_path / "labels.npy", allow_pickle=True).item()
    assert written["approach"]["toy-1"] == labels["approach"]["toy-1"].tolist()


def test_two_recordings_of_one_name_are_refused_not_merged(fitted: Path) -> None:
    one, other = toy_recordings(1, 60), toy_recordings(1, 60, seed=8)
    with pytest.raises(harness.HarnessError, match="toy-0: two recordings have this name"):
        harness.open_detectors(fitted / "models").predict([*one, *other], workers=1)


# What is made for people


def test_what_verbs_return_shows_itself_as_small_tables(at_runs: ToyRuns, fitted: Path) -> None:
    run, detectors = harness.open_run("runs/strong"), harness.open_detectors(fitted / "models")
    submission = fitted / "submission.npy"
    shown: list[Any] = [run, run.dataset(), detectors, harness.compare(run, run), harness.score(submission, submission)]
    for one in shown:
        page = one._repr_html_()
        assert page.startswith("<table>")
        assert all(name in page for name in ("approach", "rarely"))
        assert len(page) < 3000
        assert " object at 0x" not in repr(one)
        assert len(repr(one)) < 1000
    assert "<td>5</td><td>1,200</td>" in run.dataset()._repr_html_()


def test_names_are_text_in_a_table_not_markup() -> None:
    one = toy_recordings(1, 50)[0]
    page = Dataset("<b>", {"<script>": (one,)}, ())._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_submission_whose_manifest_is_anothers_is_told(at_runs: ToyRuns, fitted: Path, tmp_path: Path) -> None:
    """As after a kill between the renames of the two files."""
    for name in ("submission.npy", "submission.json"):
        shutil.copy(fitted / name, tmp_path / name)
    assert harness.check(tmp_path / "submission.npy", "data").notes == ()
    other = {behavior: flipped(theirs) for behavior, theirs in labels_in(fitted).items()}
    (tmp_path / "submission.json").rename(tmp_path / "earlier.json")
    write_submission(tmp_path / "submission.npy", other)
    (tmp_path / "earlier.json").rename(tmp_path / "submission.json")
    (note,) = harness.check(tmp_path / "submission.npy", "data").notes
    assert note.startswith(f"{tmp_path / 'submission.json'} says how another submission.npy was made, not this one")
    said: list[str] = []
    run = harness.open_run("runs/strong")
    harness.report(run, tmp_path / "page.html", submission=tmp_path / "submission.npy", say=said.append)
    assert said == [f"note: {note}"]


def labels_in(folder: Path) -> dict[str, dict[str, list[int]]]:
    content: dict[str, dict[str, list[int]]] = np.load(folder / "submission.npy", allow_pickle=True).item()
    return content


def flipped(recordings: dict[str, list[int]]) -> dict[str, Array]:
    return {name: 1 - np.array(labels) for name, labels in recordings.items()}


def test_the_manifest_carries_the_digest_of_the_submission(fitted: Path) -> None:
    sum_ = subprocess.run(["sha256sum", fitted / "submission.npy"], capture_output=True, text=True, check=True)
    assert json.loads((fitted / "submission.json").read_text())[DIGEST] == sum_.stdout.split()[0]


def test_a_learning_curve_says_how_much_it_fits(at_runs: ToyRuns) -> None:
    said: list[str] = []
    run = harness.open_run("runs/strong")
    (curve,) = harness.learning_curve(run, behaviors=["approach"], workers=1, say=said.append)
    assert [point.recordings for point in curve.points] == [1, 2, 3, 4]
    assert said == ["fitting 30 models of 1 behavior, 1 worker"]


def test_what_is_available_says_why_a_set_is_refused(data: Dataset) -> None:
    rows = {(row["kind"], row["name"]): row for row in harness.available(data=data)}
    assert rows["features", "confidence"]["refused"].startswith("needs the tracker's confidence")
    assert rows["features", "kinematics"]["refused"] is None
    assert ("smoother", "median") in rows


def test_a_behavior_fitted_alone_is_what_was_chosen_beside_the_others(
    toy_runs: ToyRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have a say in its members, whether they are fitted or not; what the search has kept tells of that."""
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.setenv("HARNESS_CACHE", str(toy_runs.folder / "cache"))
    shutil.copytree("runs/strong", tmp_path / "run")
    kept = json.loads((tmp_path / "run/ensembles.json").read_text())
    ensemble = kept["behaviors"]["approach"]["ensemble"]
    ensemble["members"] = [[ensemble["members"][-1][0], 7]]
    (tmp_path / "run/ensembles.json").write_text(json.dumps(kept))
    run = harness.open_run(tmp_path / "run")
    (record,) = [one for one in run.records() if (one.behavior, one.trial) == ("approach", ensemble["members"][0][0])]
    assert harness.fit(run, behaviors=["approach"], workers=1)["approach"].members == (record.spec.in_words,)
