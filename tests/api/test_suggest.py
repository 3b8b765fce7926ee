"""What to label next, from a search to another one with what was labelled."""

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.data.folder.write import write_dataset
from harness.data.incoming.recognising import load_readers, read_annotations
from harness.dataset import Dataset
from harness.labelling.boris_project import observation, write_project
from harness.labelling.worklist import Suggestion
from harness.recording import ONE, PAIR, UNKNOWN, Array, Recording
from harness.scores.metrics import runs
from tests.conftest import ToyRuns
from tests.lab_files import tracks, write_tracks
from tests.toy import toy_recordings

Captured = pytest.CaptureFixture[str]


def searched(data: str, results: str, *sets: str) -> harness.Run:
    sets = sets or ("kinematics", "social_geometry")
    return harness.search(data, results=results, trials=2, workers=1, models=["logistic_regression"], features=sets)


def written(folder: Path, labelled: int = 3, unlabelled: int = 3) -> dict[str, Array]:
    """A dataset folder; returns the truth of what is to be labelled."""
    known = toy_recordings(labelled, 300)
    rest = toy_recordings(unlabelled, 900, seed=5, prefix="new")
    write_dataset(Dataset("toy", {"approach": tuple(known)}, tuple(replace(one, labels=None) for one in rest)), folder)
    return {one.id: one.known_labels for one in rest}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def filled_in(suggested: harness.Suggestions, truth: Mapping[str, Array], data: Path) -> None:
    """Do what a person does: look at each stretch, write down its bouts, and copy both folders to the data."""
    for one in suggested.suggested:
        stretch = one.stretch
        inside = truth[stretch.recording][stretch.start : stretch.stop]
        with open(suggested.folder / "labels" / f"{stretch.recording}.csv", "a") as file:
            file.writelines(
                f"approach,,,{start + stretch.start},{stop + stretch.start}\n" for start, stop in runs(inside == 1)
            )
    for part in ("labels", "annotated"):
        for path in (suggested.folder / part).iterdir():
            shutil.copy(path, data / part / path.name)


def test_what_was_suggested_is_labelled_searched_and_compared(place: Path, capsys: Captured) -> None:
    truth = written(place / "data")
    first = searched("data", "first")
    made = harness.suggest(first, "next", count=4, seconds=3.0, workers=1)
    assert [one.rank for one in made.suggested] == [1, 2, 3, 4]
    assert {one.stretch.recording for one in made.suggested} == set(truth)
    assert made.seconds == {"approach": 12.0}
    filled_in(made, truth, place / "data")
    data = harness.load("data")
    for one in data.labelled["approach"]:
        if one.id in truth:
            looked = np.zeros(one.frames, bool)
            for each in made.suggested:
                if each.stretch.recording == one.id:
                    looked[each.stretch.start : each.stretch.stop] = True
            np.testing.assert_array_equal(one.known_labels, np.where(looked, truth[one.id], UNKNOWN))
    second = searched("data", "second")
    capsys.readouterr()
    compared = harness.compare(first, second)
    (note,) = compared.notes
    assert note == (
        "approach: judged on the 3 recordings that both have alike; labelled besides in the second: 3, in the first: 0"
    )
    kept = {one.id: one for one in data.labelled["approach"] if one.id not in truth}
    assert {one.recordings for one in compared.differences} == {len(kept)}
    best = max((one for one in second.records() if one.complete), key=lambda one: one.merit)
    order = list(second.description["identity"]["data"]["approach"])
    counts = [best.counts[order.index(name)] for name in kept]
    found = 2 * sum(one.hits for one in counts) / sum(one.claimed + one.actual for one in counts)
    assert compared.differences[0].second == pytest.approx(found)
    assert main(["compare", "first", "second"]) == 0
    assert note in capsys.readouterr().err
    # Another round goes on where this one ended: nothing is suggested twice.
    again = harness.suggest(second, "again", count=20, seconds=3.0, workers=1)
    before = {(one.stretch.recording, frame) for one in made.suggested for frame in frames_of(one)}
    assert not before & {(one.stretch.recording, frame) for one in again.suggested for frame in frames_of(one)}
    with open(f"again/annotated/{made.suggested[0].stretch.recording}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert any(int(row["start_frame"]) <= made.suggested[0].stretch.start < int(row["stop_frame"]) for row in rows)


def frames_of(one: Suggestion) -> range:
    return range(one.stretch.start, one.stretch.stop)


def test_the_same_run_suggests_the_same_with_any_number_of_workers(
    toy_runs: ToyRuns, toy_models: Path, place: Path
) -> None:
    run = harness.open_run(toy_runs.folder / toy_runs.strong)
    said: list[str] = []
    made = [
        harness.suggest(run, f"{workers}", seconds=2.0, workers=workers, models=toy_models / "models", say=said.append)
        for workers in (1, 2)
    ]
    files = [{path.name: path.read_bytes() for path in one.folder.iterdir()} for one in made]
    assert files[0] == files[1]
    # Challenge files hold no such folders, and recordings of other behaviors are unlabelled for this one.
    assert sorted(files[0]) == ["suggestions.boris", "suggestions.csv"]
    assert "note: recordings of the same name are looked through once: toy-0, toy-1" in said
    assert set(made[0].seconds) == {"approach", "rarely"}
    assert any(one.stretch.recording.startswith("rare") for one in made[0].suggested if one.behavior == "approach")
    assert {one.row()["why"] for one in made[0].suggested} <= {
        "detectors disagree",
        "moves like nothing that was labelled",
    }
    assert list(made[0].table().columns)[:3] == ["behavior", "rank", "recording"]
    assert "moves" in made[0]._repr_html_() or "disagree" in made[0]._repr_html_()


def test_labels_that_are_for_scoring_are_never_suggested(place: Path) -> None:
    rest = toy_recordings(4, 300, seed=5, prefix="new")
    truth = {"approach": {one.id: one.known_labels for one in rest[:2]}}
    films = tuple(replace(one, labels=None) for one in rest)
    write_dataset(Dataset("toy", {"approach": tuple(toy_recordings(3, 300))}, films, truth), Path("data"))
    made = harness.suggest(searched("data", "run"), count=50, seconds=2.0, workers=1)
    assert {one.stretch.recording for one in made.suggested} == {"new-2", "new-3"}


def test_a_project_of_boris_comes_back_as_what_was_looked_at(place: Path) -> None:
    """Of an act of one animal and one of a pair, with bouts that a person has scored in the stretches."""
    names = ("black", "white")
    known = toy_recordings(3, 300)
    films = [replace(one, names=names, labels=None) for one in (*known, *toy_recordings(2, 900, seed=5, prefix="new"))]

    def seen(agent: str, target: str) -> tuple[Recording, ...]:
        return tuple(film.seen_from(agent, target, one.known_labels) for film, one in zip(films, known, strict=False))

    labelled = {
        "chase": seen("black", "white") + seen("white", "black"),
        "groom": seen("black", "black") + seen("white", "white"),
    }
    scopes = {"chase": PAIR, "groom": ONE}
    write_dataset(Dataset("mice", labelled, tuple(films[3:]), scopes=scopes), Path("data"))
    run = searched("data", "run", "kinematics")
    made = harness.suggest(run, count=3, seconds=4.0, workers=1)
    project = json.loads(Path("suggestions/suggestions.boris").read_text())
    (first,) = {one.stretch.recording for one in made.suggested if one.rank == 1 and one.behavior == "chase"}
    own = [one for one in made.suggested if one.stretch.recording == first]
    chased = next(one for one in own if one.behavior == "chase")
    start = chased.stretch.start / 30
    project["observations"][first]["events"] += [
        [start + 0.1, chased.stretch.agent, "chase", chased.stretch.target, "", "NA"],
        [start + 1.1, chased.stretch.agent, "chase", chased.stretch.target, "", "NA"],
    ]
    Path("scored.boris").write_text(json.dumps(project))
    load_readers()
    (sheet,) = [one for one in read_annotations(Path("scored.boris")) if one.video == f"{first}.mp4"]
    assert sheet.looked_at is not None
    assert {
        (one.behavior, one.agent, one.target, round(one.start, 2), round(one.stop or 0, 2)) for one in sheet.looked_at
    } == {
        (
            one.behavior,
            one.stretch.agent,
            one.target,
            round(one.stretch.start / 30 + 4e-4, 2),
            round(one.stretch.stop / 30 + 4e-4, 2),
        )
        for one in own
    }
    assert [(one.behavior, one.agent, one.target) for one in sheet.bouts] == [
        ("chase", chased.stretch.agent, chased.stretch.target)
    ]
    assert sheet.behaviors == ("chase", "groom")
    assert not any("modifier" in note for note in sheet.notes)


def test_who_was_never_scored_is_not_suggested(place: Path) -> None:
    """Of the two that are in every video, a lab watches the black one alone; of others it may watch anybody."""
    names = ("black", "white")
    known = [replace(one, names=names) for one in toy_recordings(3, 300)]
    seen = tuple(replace(one, labels=None).seen_from("black", "black", one.known_labels) for one in known)
    rest = [replace(one, names=names, labels=None) for one in toy_recordings(1, 300, seed=5, prefix="new")]
    rest += [
        replace(one, names=("grey", "white"), labels=None) for one in toy_recordings(1, 300, seed=6, prefix="grey")
    ]
    write_dataset(Dataset("mice", {"groom": seen}, tuple(rest), scopes={"groom": ONE}), Path("data"))
    made = harness.suggest(searched("data", "run", "kinematics"), count=50, seconds=2.0, workers=1)
    found = {(one.stretch.recording, one.stretch.agent) for one in made.suggested}
    assert found == {("new-0", "black"), ("grey-0", "grey")}


def test_bad_wishes_end_in_a_line(toy_runs: ToyRuns, place: Path, capsys: Captured) -> None:
    run = str(toy_runs.folder / toy_runs.strong)
    assert main(["suggest", "--run", run, "--length", "200s"]) == 2
    assert capsys.readouterr().err == "harness: 200 s: stretches should be 1 to 120 s long\n"
    assert main(["suggest", "--run", run, "--behavior", "aproach"]) == 2
    assert "Did you mean 'approach'?" in capsys.readouterr().err
    Path("suggestions").mkdir()
    assert main(["suggest", "--run", run]) == 2
    assert "suggestions is there already" in capsys.readouterr().err
    assert main(["suggest", "--run", "nowhere", "--out", "x"]) == 2
    assert "nowhere holds no run" in capsys.readouterr().err
    assert not Path("x").exists()


def test_where_nothing_is_left_to_label_that_is_said(place: Path, capsys: Captured) -> None:
    write_dataset(Dataset("toy", {"approach": tuple(toy_recordings(3, 300))}, ()), Path("data"))
    searched("data", "run")
    capsys.readouterr()
    assert main(["suggest", "--run", "run", "--workers", "1"]) == 2
    err = capsys.readouterr().err
    assert "no stretch of 10 s is left to label for approach; add recordings without labels" in err
    assert not Path("suggestions").exists()


def test_the_command_shows_what_to_look_at(toy_runs: ToyRuns, toy_models: Path, place: Path, capsys: Captured) -> None:
    words = ["suggest", "--run", str(toy_runs.folder / toy_runs.strong), "--models", str(toy_models / "models")]
    words += ["--workers", "1", "--length", "2s", "--count", "2"]
    assert main([*words, "--format", "json"]) == 0
    out, err = capsys.readouterr()
    rows = json.loads(out)
    assert [(row["behavior"], row["rank"]) for row in rows] == [
        ("approach", 1),
        ("approach", 2),
        ("rarely", 1),
        ("rarely", 2),
    ]
    assert "wrote suggestions (4 stretches, at most 0:00:04 for a behavior)" in err
    with open("suggestions/suggestions.csv", newline="") as file:
        assert [row["start"] for row in csv.DictReader(file)] == [row["start"] for row in rows]
    shutil.rmtree("suggestions")
    assert main([*words, "--behavior", "rarely"]) == 0
    out, err = capsys.readouterr()
    assert out.count("rarely") == 2
    assert "left out" not in err


def round_of(name: str, start: int, stop: int, bout: tuple[int, int]) -> Path:
    """A project of BORIS in which somebody looked at a part of `day1` for grooming of the black mouse."""
    film = replace(toy_recordings(1, 120)[0], id="day1")
    events = [
        (frame / 30, "black", code, modifier, "", frame)
        for code, modifier, frames in (("looked at", "groom", (start, stop)), ("groom", "", bout))
        for frame in frames
    ]
    write_project(
        Path(name),
        "round",
        subjects=["black", "white"],
        behaviors={"groom": [], "looked at": [("behavior", ["groom"])]},
        observations={"day1": observation(film, sorted(events))},
    )
    return Path(name)


def test_rounds_of_labelling_add_up_where_they_do_not_overlap(place: Path) -> None:
    poses = write_tracks(place / "day1.csv", tracks())
    first, second = round_of("1.boris", 0, 40, (10, 20)), round_of("2.boris", 40, 80, (50, 60))
    harness.import_files(poses, [first, second], "data", fps=30)
    (one,) = [one for one in harness.load("data").labelled["groom"] if one.agent == "black"]
    assert runs(one.known_labels == 1) == ((10, 20), (50, 60))
    assert runs(one.known_labels != UNKNOWN) == ((0, 80),)
    again = round_of("3.boris", 30, 60, (50, 60))
    with pytest.raises(harness.HarnessError, match="both score groom in the video day1"):
        harness.import_files(poses, [first, again], "other", fps=30)
    assert not Path("other").exists()
