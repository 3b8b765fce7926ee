"""Labels of whatever poses there are, in a folder."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.recording import CALMS21, Array, Recording
from tests.conftest import ToyRuns
from tests.toy import toy_recordings

Captured = pytest.CaptureFixture[str]

PARTS = list(CALMS21.keypoints)


@pytest.fixture
def models(toy_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return toy_models / "models"


def deeplabcut(path: Path, recording: Recording, parts: Sequence[str] = PARTS, extra: Sequence[str] = ()) -> Path:
    """The tracks as DeepLabCut writes those of several animals, with parts that nobody knows besides."""
    animals = ["resident", "intruder"]
    names = [*parts, *extra]
    head = [[name] for name in ("scorer", "individuals", "bodyparts", "coords")]
    for animal in animals:
        for part in names:
            for coordinate in ("x", "y", "likelihood"):
                for row, cell in zip(head, ("net", animal, part, coordinate), strict=True):
                    row.append(cell)
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerows(head)
        for frame, pose in enumerate(recording.keypoints):
            cells: list[object] = [frame]
            for animal in pose:
                for place in range(len(parts)):
                    x, y = animal[:, place].tolist()
                    cells += ["", "", ""] if np.isnan(x) else [x, y, 0.99]
                cells += [1.0, 2.0, 0.5] * len(extra)
            rows.writerow(cells)
    return path


def labels_in(folder: Path, recordings: Sequence[Recording]) -> dict[str, dict[str, Array]]:
    """What `events.csv` says of each frame."""
    found: dict[str, dict[str, Array]] = {}
    for behavior in ("approach", "rarely"):
        found[behavior] = {one.id: np.zeros(one.frames, np.int8) for one in recordings}
    with open(folder / "events.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["behavior"]][row["recording"]][int(row["start_frame"]) : int(row["stop_frame"])] = 1
    return found


def same(one: dict[str, dict[str, Array]], other: dict[str, dict[str, Array]]) -> None:
    assert {name: list(theirs) for name, theirs in one.items()} == {
        name: list(theirs) for name, theirs in other.items()
    }
    for behavior, theirs in one.items():
        for name, labels in theirs.items():
            np.testing.assert_array_equal(labels, other[behavior][name])


def test_a_folder_of_labels_holds_what_predict_gives(models: Path, tmp_path: Path) -> None:
    recordings = toy_recordings(3, 240, seed=5)
    expected = harness.predict(models, recordings, workers=1)
    assert any(labels.any() for labels in expected["approach"].values())
    made = harness.label(models, recordings, "one", formats=["frames", "boris"], bins=2.0, workers=1)
    same(labels_in(made.folder, recordings), expected)
    assert made.frames["approach"] == sum(int(labels.sum()) for labels in expected["approach"].values())
    assert made.recordings == 3
    assert "approach" in made._repr_html_()
    harness.label(models, recordings, "two", formats=["frames", "boris"], bins=2.0, workers=2)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert {"toy-0.frames.csv", "labels.boris", "summary.csv", "labels.json"} < set(files)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_trackers_files_are_labelled_as_the_recordings_in_them(models: Path, tmp_path: Path) -> None:
    recordings = toy_recordings(2, 200, seed=6)
    order = [PARTS.index(name) for name in reversed(PARTS)]
    turned = replace(recordings[1], keypoints=recordings[1].keypoints[..., order])
    (tmp_path / "tracks").mkdir()
    deeplabcut(tmp_path / "tracks" / "toy-0DLC_resnet50_boxMay1shuffle1_5000.csv", recordings[0])
    deeplabcut(tmp_path / "tracks" / "toy-1DLC_resnet50_boxMay1shuffle1_5000.csv", turned, PARTS[::-1], ["lamp"])
    said: list[str] = []
    harness.label(models, "tracks", "labels", fps=30, workers=1, say=said.append)
    same(labels_in(tmp_path / "labels", recordings), harness.predict(models, recordings, workers=1))
    assert any(line == "note: toy-1: parts that are not asked for are left out (lamp)" for line in said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["labels", "tracks"]


def test_parts_of_other_names_are_said_to_be_the_same(models: Path, tmp_path: Path) -> None:
    (recording,) = toy_recordings(1, 200, seed=6)
    other = [{"nose": "snout"}.get(name, name) for name in PARTS]
    file = deeplabcut(tmp_path / "toy-0DLC_resnet50_boxMay1shuffle1_5000.csv", recording, other)
    with pytest.raises(harness.DataError) as error:
        harness.label(models, [file], fps=30)
    (line,) = error.value.lines
    assert line.startswith(f"{file}: has no part nose; it has snout, left_ear, ")
    assert line.endswith("; --rename snout=nose would say that they are the same")
    assert main(["predict", str(file), "--models", str(models), "--fps", "30", "--rename", "snout=nose"]) == 0
    same(labels_in(tmp_path / "labels", [recording]), harness.predict(models, [recording], workers=1))


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(
    models: Path, tmp_path: Path, capsys: Captured
) -> None:
    recordings = toy_recordings(2, 60, seed=6)
    tracks = tmp_path / "tracks"
    tracks.mkdir()
    deeplabcut(tracks / "aDLC_resnet50_boxMay1shuffle1_5000.csv", recordings[0], ["snout", *PARTS[1:]])
    deeplabcut(tracks / "bDLC_resnet50_boxMay1shuffle1_5000.csv", recordings[1], PARTS[:-1])
    broken = tracks / "cDLC_resnet50_boxMay1shuffle1_5000.csv"
    broken.write_text((tracks / "aDLC_resnet50_boxMay1shuffle1_5000.csv").read_text()[:2000])
    words = ["predict", "tracks", "--models", str(models), "--fps", "30"]
    assert main(words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [any(name in line for line in lines) for name in ("aDLC", "bDLC", "cDLC")] == [True] * 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tracks"]
    for wrong, says in (
        (["--format", "bors"], "unknown format 'bors'. Did you mean 'boris'?"),
        (["--out", "tracks"], "tracks is there already and would be overwritten; name another folder"),
        (["--out", "x.npy"], "--out x.npy: a file is for --data alone; name a folder for labels of trackers' files"),
    ):
        assert main([*words, *wrong]) == 2
        assert says in capsys.readouterr().err
    assert main(["predict", "--models", str(models)]) == 2
    assert "no files of poses; name some, such as tracks/*.csv, or a dataset folder" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tracks"]


def test_a_dataset_is_labelled_and_its_animals_and_groups_are_in_the_tables(
    models: Path, toy_runs: ToyRuns, tmp_path: Path, capsys: Captured
) -> None:
    data = str(toy_runs.folder / "data")
    assert main(["predict", data, "--models", str(models), "--workers", "1", "--bins", "3s"]) == 0
    err = capsys.readouterr().err
    assert "wrote labels (2 recordings): events.csv, summary.csv and more" in err
    assert err.endswith("next: harness summary labels\n")
    assert (
        main(["predict", "--data", f"{data}/test.npy", "--models", str(models), "--out", "again", "--bins", "3s"]) == 0
    )
    for name in ("events.csv", "summary.csv", "recordings.csv", "transitions.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "labels" / name).read_bytes()


def test_an_export_writes_what_predict_writes(
    toy_models: Path, toy_runs: ToyRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.setenv("HARNESS_CACHE", str(toy_runs.folder / "cache"))
    words = ["export-best", "--results", str(toy_runs.strong), "--out", str(tmp_path / "submission.npy")]
    assert main([*words, "--format", "boris"]) == 2
    assert "--format and --bins are for --labels, which names the folder to make" in capsys.readouterr().err
    folder = ["--labels", str(tmp_path / "labels"), "--bins", "3s", "--workers", "1"]
    assert main([*words, *folder, "--format", "mabe2025"]) == 2
    assert "format mabe2025: approach, rarely are of the scene" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([*words, *folder, "--format", "boris"]) == 0
    assert f"wrote {tmp_path / 'labels'}: events.csv, summary.csv and more" in capsys.readouterr().err
    assert (tmp_path / "submission.npy").read_bytes() == (toy_models / "submission.npy").read_bytes()
    harness.label(toy_models / "models", "data", tmp_path / "again", formats=["boris"], bins=3, workers=1)
    for file in (tmp_path / "again").iterdir():
        if file.name != "labels.json":  # which says by what
            assert file.read_bytes() == (tmp_path / "labels" / file.name).read_bytes()
