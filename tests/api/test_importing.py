"""A dataset folder from the files of trackers and annotators."""

import csv
import json
import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from tests.lab_files import NETWORK, PARTS, tracks, write_lab, write_scored, write_tracks

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def rows(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def said(captured: Captured) -> list[str]:
    """The lines of standard error, without the name of the program."""
    return [line.removeprefix("harness: ") for line in captured.readouterr().err.splitlines()]


def refused(*words: object) -> int:
    return main(["import", *map(str, words)])


def test_tracks_and_bouts_become_a_dataset_that_is_searched() -> None:
    poses, scored = write_lab(Path())
    made = harness.import_files(poses, scored, "lab", fps=30)
    dataset = harness.load("lab")
    assert made.folder == Path("lab")
    assert {name: [one.id for one in group] for name, group in dataset.labelled.items()} == {
        "groom": ["day1", "day2"],
        "chase": ["day1", "day2"],
    }
    assert [one.id for one in dataset.unlabelled] == ["day3"]
    first = dataset.labelled["groom"][0]
    assert np.flatnonzero(first.known_labels).tolist() == list(range(10, 20))
    np.testing.assert_array_equal(first.keypoints, tracks(seed=1))
    assert first.animal_names == ("black", "white")
    assert (first.fps, first.skeleton.keypoints) == (30.0, PARTS)
    assert first.skeleton.roles == {"nose": 0, "left_ear": 1, "tail_base": 2}
    run = harness.search("lab", trials=2, features=["kinematics"], models=["lightgbm"], results="results")
    assert len(run.leaderboard())


def test_the_command_shows_what_it_takes_and_writes_it(capsys: Captured) -> None:
    write_lab(Path())
    assert main(["import", "tracks", "--annotations", "scored", "--fps", "30", "--out", "lab", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["recording"] for one in found] == ["day1", "day2", "day3"]
    assert [one["bouts"] for one in found] == [2, 2, 0]
    assert {(one["tool"], one["frames"], one["fps"], one["fps_by"]) for one in found} == {
        ("DeepLabCut", 120, 30.0, "--fps")
    }
    assert [bool(row["annotations"]) for row in rows("lab/recordings.csv")] == [True, True, False]
    assert [row["annotations"] for row in rows("lab/recordings.csv")] == ["day1_annot.txt", "day2_annot.txt", ""]


def test_a_dry_run_shows_the_table_and_writes_nothing(capsys: Captured) -> None:
    write_lab(Path())
    before = sorted(map(str, Path().rglob("*")))
    assert main(["import", "tracks", "--annotations", "scored", "--fps", "30", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "DeepLabCut: 2 animals, 3 parts, 120 frames, 0.0% missing" in shown
    assert "day1_annot.txt: 2 behaviors, 2 bouts, 100% looked at" in shown
    assert "30 (--fps)" in shown
    assert "note: 1 recording without annotations, to be labelled (day3)" in shown
    assert sorted(map(str, Path().rglob("*"))) == before


def test_all_problems_of_all_files_are_told_at_once_and_nothing_is_written(capsys: Captured) -> None:
    poses, scored = write_lab(Path())
    for path, old, new in ((poses[0], "200", "2oo"), (scored[1], "groom\tg", "grom\tg")):
        text = path.read_text()
        path.write_text(text.replace(old, new, 1))
    assert main(["import", "tracks", "--annotations", "scored", "--fps", "30", "--out", "lab"]) == 2
    lines = said(capsys)
    assert len(lines) == 2
    assert any(
        line.startswith(f"tracks/day1{NETWORK}_filtered.csv: line ") and "is no number" in line for line in lines
    )
    assert "scored/day2_annot.txt: line 11: 'groom' is not among the behaviors at the top of the file" in lines
    assert not os.path.exists("lab")
    assert [name for name in os.listdir() if "lab" in name] == []


def test_what_else_is_in_a_folder_is_left_out_and_told() -> None:
    write_lab(Path())
    Path("tracks/notes.txt").write_text("cage 1")
    Path("tracks/.DS_Store").write_text("x")
    Path("scored/old").mkdir()
    made = harness.import_files("tracks", "scored", fps=30)
    assert not made.problems
    assert "1 file that no reader knows, not read (tracks/notes.txt)" in made.notes
    with pytest.raises(harness.HarnessError, match=r"^scored/old: holds no file that is read here; it has nothing$"):
        harness.import_files("tracks", "scored/old", fps=30)


def test_a_folder_that_is_there_stays_as_it_is(capsys: Captured) -> None:
    write_lab(Path())
    Path("lab").mkdir()
    assert refused("tracks", "--out", "lab", "--fps", 30) == 2
    assert "lab" in said(capsys)[0]
    assert os.listdir("lab") == []


# Which file is of which video


def test_annotations_without_tracks_would_be_lost(capsys: Captured) -> None:
    write_lab(Path())
    write_scored(Path("scored/mouse9.txt"), [("groom", 1, 2)])
    assert refused("tracks", "--annotations", "scored", "--fps", 30, "--out", "lab") == 2
    assert said(capsys) == [
        "scored/mouse9.txt: no tracks of the video mouse9; --match TRACKS=ANNOTATIONS says what belongs together, "
        "such as --match day1=mouse9"
    ]
    assert refused("tracks", "--annotations", "scored", "--fps", 30, "--out", "lab", "--match", "day3=mouse9") == 0
    assert all(row["annotations"] for row in rows("lab/recordings.csv"))


def test_two_videos_that_annotations_may_be_of_are_named(capsys: Captured) -> None:
    for name in ("day1-a", "day1-b"):
        write_tracks(Path(f"tracks/{name}{NETWORK}.csv"), tracks(seed=len(name) + ord(name[-1])))
    write_scored(Path("scored/day1.txt"), [("groom", 1, 2)])
    assert refused("tracks", "--annotations", "scored", "--fps", 30, "--out", "lab") == 2
    assert said(capsys) == ["scored/day1.txt: may be of the tracks day1-a, day1-b; --match day1-a=day1 says which"]


def test_of_raw_and_filtered_tracks_the_filtered_are_taken(capsys: Captured) -> None:
    write_lab(Path())
    write_tracks(Path(f"tracks/day1{NETWORK}.csv"), tracks(seed=9))
    assert refused("tracks", "--fps", 30, "--annotations", "scored", "--out", "lab") == 0
    assert (
        f"day1{NETWORK}.csv: not read, as day1{NETWORK}_filtered.csv is of the same tracks" in capsys.readouterr().out
    )
    np.testing.assert_array_equal(np.load("lab/poses/day1.npz")["keypoints"], tracks(seed=1))


def test_one_video_twice_is_refused_be_it_by_name_or_by_poses(capsys: Captured) -> None:
    write_tracks(Path(f"tracks/day1{NETWORK}.csv"), tracks(seed=1))
    write_tracks(Path("tracks/day1DLC_mobnet_100_cageSep24shuffle1_1000.csv"), tracks(seed=2))
    write_tracks(Path("tracks/day2.csv"), tracks(seed=1))
    assert refused("tracks", "--fps", 30, "--out", "lab") == 2
    other = "tracks/day1DLC_mobnet_100_cageSep24shuffle1_1000.csv"
    assert said(capsys) == [
        f"{other} and tracks/day1{NETWORK}.csv: are both of the video day1; give one of them, or name them apart",
    ]
    os.unlink(other)
    assert refused("tracks", "--fps", 30, "--out", "lab") == 2
    assert said(capsys) == [f"tracks/day1{NETWORK}.csv and tracks/day2.csv: hold the same poses; give one of them"]


# Whose clock


def test_without_a_frame_rate_nothing_is_guessed(capsys: Captured) -> None:
    write_lab(Path())
    assert refused("tracks", "--annotations", "scored", "--out", "lab") == 2
    assert said(capsys) == [
        f"tracks/day1{NETWORK}_filtered.csv and 2 more: nothing says how many frames a second; "
        "--fps does, such as --fps 30"
    ]


# Whose parts


def test_animals_that_only_the_names_of_parts_tell_apart_are_split() -> None:
    keypoints = tracks()
    flat = np.concatenate([keypoints[:, 0], keypoints[:, 1]], axis=-1)[:, None]
    names = [f"{prefix}_{part}" for prefix in "BW" for part in PARTS]
    corner = np.full((120, 1, 2, 1), 7.0, np.float32)
    write_tracks(Path("day1.csv"), np.concatenate([flat, corner], axis=-1), (), [*names, "corner"])
    one = harness.import_files("day1.csv", fps=30)
    assert any("--prefix B_=NAME --prefix W_=NAME tells them apart" in note for note in one.notes)
    harness.import_files("day1.csv", out="lab", fps=30, prefixes={"B_": "black", "W_": "white"})
    np.testing.assert_array_equal(np.load("lab/poses/day1.npz")["keypoints"], keypoints)
    (row,) = rows("lab/recordings.csv")
    assert (row["animals"], row["corner_x"], row["corner_y"]) == ("black;white", "7.00", "7.00")


def test_animals_are_in_the_order_of_the_first_video() -> None:
    keypoints = tracks()
    write_tracks(Path("day1.csv"), tracks(seed=5))
    write_tracks(Path("day2.csv"), keypoints[:, ::-1], ("white", "black"))
    harness.import_files(["day1.csv", "day2.csv"], out="lab", fps=30)
    np.testing.assert_array_equal(np.load("lab/poses/day2.npz")["keypoints"], keypoints)


def test_parts_that_differ_are_all_kept_and_those_that_all_have_are_used() -> None:
    write_tracks(Path("day1.csv"), tracks(seed=1))
    write_tracks(Path("day2.csv"), tracks(seed=2), parts=("tailbase", "nose", "neck"))
    write_scored(Path("day1.txt"), [("groom", 1, 9)])
    write_scored(Path("day2.txt"), [("groom", 1, 9)])
    harness.import_files(["day1.csv", "day2.csv"], ["day1.txt", "day2.txt"], "lab", fps=30)
    dataset = harness.load("lab")
    assert dataset.skeleton.keypoints == ("nose", "tailbase")
    second = dataset.labelled["groom"][1]
    np.testing.assert_array_equal(second.keypoints, tracks(seed=2)[..., [1, 0]])


def test_unsure_points_are_taken_for_not_seen_where_that_is_asked_for() -> None:
    write_tracks(Path("day1.csv"), tracks(seed=1), likelihood=0.2)
    harness.import_files("day1.csv", out="lab", fps=30, min_likelihood=0.3)
    assert np.isnan(np.load("lab/poses/day1.npz")["keypoints"]).all()


# The end


def test_tracks_that_end_early_go_on_unseen_to_the_end_of_what_was_scored() -> None:
    write_tracks(Path("day1.csv"), tracks(100))
    write_scored(Path("day1.txt"), [("groom", 90, 180)], frames=190)
    harness.import_files("day1.csv", "day1.txt", "lab", fps=30)
    (example,) = harness.load("lab").labelled["groom"]
    assert example.frames == 190
    assert np.isnan(example.keypoints[100:]).all()
    np.testing.assert_array_equal(example.keypoints[:100], tracks(100))
    assert (example.positives, example.labelled_frames) == (90, 190)


def test_what_was_looked_at_is_written_where_it_is_not_all() -> None:
    poses, scored = write_lab(Path())
    harness.import_files(poses, scored, "lab", fps=30, looked_at="span")
    one = harness.load("lab").labelled["groom"][0]
    assert np.flatnonzero(one.known_labels >= 0).tolist() == list(range(10, 60))


# One file


def test_one_file_of_poses_is_a_recording() -> None:
    path = write_tracks(Path(f"day1{NETWORK}.csv"), tracks())
    found = harness.load_poses(path, fps=25)
    assert (found.id, found.fps, found.names) == ("day1", 25, ("black", "white"))
    np.testing.assert_array_equal(found.keypoints, tracks())
    assert found.confidence is not None
    with pytest.raises(harness.HarnessError, match="does not say how many frames a second; give fps"):
        harness.load_poses(path)


def test_one_file_of_annotations_is_its_bouts() -> None:
    path = write_scored(Path("day1.txt"), [("groom", 10, 20)])
    found = harness.load_annotations(path)
    assert [(bout.behavior, bout.start, bout.stop) for bout in found.bouts] == [("groom", 10, 20)]
    assert found.looked_at is None


def test_poses_in_the_place_of_annotations_are_called_so() -> None:
    path = write_tracks(Path("day1.csv"), tracks())
    with pytest.raises(harness.HarnessError, match=r"^day1.csv: holds poses of DeepLabCut, expected annotations$"):
        harness.load_annotations(path)


# A format of one's own


PLUGIN = """
import numpy as np

from harness.plugins import Tracks, pose_reader


@pose_reader("ours", tool="our tracker", endings=(".ours",))
def ours(source):
    rows = [line.split() for line in source.text().splitlines()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            source.report(f"has {len(row)} numbers, expected 2", line=number)
    source.settle()
    points = np.array(rows, dtype=np.float32)
    yield Tracks(tool="our tracker", animals=("mouse",), parts=("nose",), keypoints=points[:, None, :, None], fps=50.0)
"""


@pytest.mark.usefixtures("registries")
def test_a_format_of_ones_own_is_one_function(capsys: Captured) -> None:
    Path("reader.py").write_text(PLUGIN)
    Path("a.ours").write_text("1 2\n3 4\n")
    assert refused("a.ours", "--plugin", "reader.py", "--out", "lab") == 0
    assert np.load("lab/poses/a.npz")["keypoints"][:, 0, :, 0].tolist() == [[1, 2], [3, 4]]
    capsys.readouterr()
    Path("a.ours").write_text("1 2\n3\n")
    assert refused("a.ours", "--plugin", "reader.py", "--dry-run") == 2
    assert said(capsys) == ["a.ours: line 2: has 1 numbers, expected 2"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--subject a", "'a' should be two names with = between them"),
        ("--fps x", "'x' should be frames a second"),
        ("--min-likelihood 2", "'2' should be a number from 0 to 1"),
        ("--match a", "match: 'a' should be TRACKS=ANNOTATIONS"),
        ("--scope groom=one", "--scope groom: no behavior of that name; there are none"),
        ("--animals grey", "has no animal 'grey'; it has black, white"),
        ("--prefix B_=black", "tells its animals apart itself (black, white)"),
    ],
)
def test_an_option_that_cannot_be_is_named(words: str, says: str, capsys: Captured) -> None:
    write_tracks(Path("day1.csv"), tracks())
    with suppress(SystemExit):  # what cannot be understood, and not what cannot be done
        assert refused("day1.csv", "--dry-run", *words.split(), *([] if "--fps" in words else ["--fps", 30])) == 2
    assert says in capsys.readouterr().err
