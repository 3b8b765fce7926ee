"""Real files of trackers and annotators, imported as a lab would, against datasets that were made of them before."""

import csv
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.data.submission import read_truth
from harness.recording import Array
from tests.data.readers.real import IMPORTS, REAL, real, truth

pytestmark = real

MICE = ("120637-121213", "121558-122141", "122332-122642")
"""Videos, in the order of the dataset."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def tracks_of(video: str) -> Path:
    (path,) = (IMPORTS / "dlc_multi_csv").glob(f"*{video}DLC*.csv")
    return path


def bouts_in(folder: str, video: str) -> list[tuple[str, int, int]]:
    (path,) = Path(folder, "labels").glob(f"{video}.csv")
    with open(path, newline="") as file:
        return sorted(
            (row["behavior"], int(row["start_frame"]), int(row["stop_frame"])) for row in csv.DictReader(file)
        )


def test_mice_from_csv_and_boris_are_the_dataset_that_others_made_of_them() -> None:
    scored = [IMPORTS / "boris_tabular_v7" / f"e3v813a-20210610T{video}.boris.csv" for video in MICE]
    harness.import_files(map(tracks_of, MICE), scored, "mice", scopes={"interact": "scene"})
    ours, theirs = harness.load("mice"), harness.load(REAL / "mice_interact")
    pairs = list(zip(ours.labelled["interact"], theirs.labelled["interact"], strict=True))
    assert [one.id.removeprefix("e3v813a-20210610T") for one, _ in pairs] == list(MICE)
    for one, other in pairs:
        np.testing.assert_array_equal(one.keypoints, other.keypoints)
        np.testing.assert_array_equal(one.confidence, other.confidence)
        np.testing.assert_array_equal(one.known_labels, other.known_labels)
        assert one.fps == other.fps
        assert one.skeleton.roles == other.skeleton.roles


@pytest.mark.parametrize(
    "layout", ["tabular.v9.15.0.csv", "tabular.v9.15.0.tsv", "tabular.v9.15.0.xlsx", "aggregated.v9.15.0.csv"]
)
def test_what_boris_writes_in_any_layout_is_what_it_was_given(layout: str) -> None:
    scored = IMPORTS / "boris_v8_v9" / f"e3v813a-20210610T{MICE[0]}.{layout}"
    harness.import_files(tracks_of(MICE[0]), scored, "lab", points="out")
    harness.import_files(tracks_of(MICE[0]), IMPORTS / f"boris_tabular_v7/e3v813a-20210610T{MICE[0]}.boris.csv", "old")
    video = f"e3v813a-20210610T{MICE[0]}"
    assert [one for one in bouts_in("lab", video) if one[0] == "interact"] == bouts_in("old", video)


@pytest.mark.parametrize("version", ["8.27.4", "9.15.0"])
def test_a_project_holds_what_its_exports_hold_whatever_its_time_offset(version: str) -> None:
    project = IMPORTS / "boris_v8_v9" / f"mice.v{version}.boris"
    harness.import_files(map(tracks_of, MICE), project, "lab", points="out")
    old = [IMPORTS / f"boris_tabular_v7/e3v813a-20210610T{video}.boris.csv" for video in MICE[:2]]
    harness.import_files(map(tracks_of, MICE[:2]), old, "old")
    for video in (f"e3v813a-20210610T{one}" for one in MICE[:2]):
        assert bouts_in("lab", video) == bouts_in("old", video)
    with open("lab/recordings.csv", newline="") as file:
        assert [bool(row["annotations"]) for row in csv.DictReader(file)] == [True, True, False]


@pytest.mark.parametrize(
    "name",
    [
        ".asoid.csv",
        ".frames.annot",
        ".python.annot",
        ".seconds.annot",
        ".events-frames.csv",
        ".events-seconds.csv",
        ".jabs.json",
        "_labels.deepethogram.csv",
    ],
)
def test_the_same_bouts_in_any_format_come_to_the_same_frames(name: str) -> None:
    video = f"e3v813a-20210610T{MICE[2]}"
    scored = IMPORTS / "made" / f"{video}{name}"
    made = harness.import_files(tracks_of(MICE[2]), scored, "lab", fps=30, subjects={"0": "adult"})
    assert bouts_in("lab", video) == truth()
    assert not made.problems


def test_a_kaggle_video_is_the_one_that_it_was_made_of_under_other_names() -> None:
    lab = IMPORTS / "made" / "mabe25"
    harness.import_files(lab.glob("train_tracking/*/*.parquet"), lab.glob("train_annotation/*/*.parquet"), "lab")
    harness.import_files(tracks_of(MICE[2]), out="mice", fps=30)
    assert bouts_in("lab", "1") == truth()
    ours, theirs = (np.load(f"{name}.npz") for name in ("lab/poses/1", f"mice/poses/e3v813a-20210610T{MICE[2]}"))
    order = [ours["parts"].tolist().index(part) for part in theirs["parts"]]
    np.testing.assert_allclose(ours["keypoints"][..., order], theirs["keypoints"], atol=1e-3)
    example = next(one for one in harness.load("lab").labelled["interact"] if one.positives)
    assert (example.agent, example.target, example.labelled_frames) == ("mouse1", "mouse2", 5700)
    assert [one.labelled_frames for one in harness.load("lab").labelled["interact"]] == [5700]


def test_rats_from_csv_and_caltech_text_are_the_dataset_that_others_made_of_them() -> None:
    folder = IMPORTS / "rats_dlc_caltech"
    harness.import_files(folder.glob("*.dlc.csv"), folder.glob("*.annot.txt"), "lab", fps=30)
    ours = harness.load("lab")
    theirs = harness.load(REAL / "rats")
    test_labels = read_truth(REAL / "rats" / "test_labels.npy")
    names = dict(enumerate(("lateralthreat", "keepdown", "clinch", "uprightposture", "freezing", "bite", "chase")))
    every = {one.id: one for group in ours.labelled.values() for one in group}
    known: dict[tuple[str, str], Array] = {
        (name, one.id): one.known_labels for name, group in ours.labelled.items() for one in group
    }
    (seq24,) = (one for one in theirs.unlabelled if one.id == "seq24")
    seq05 = next(one for one in theirs.labelled["behavior-1"] if one.id == "seq05")
    for video, other in (("24", seq24), ("5", seq05)):
        # Theirs are rounded to a tenth of a pixel.
        np.testing.assert_allclose(every[video].keypoints, other.keypoints, atol=0.0501)
    for number, name in names.items():
        wanted = test_labels[f"behavior-{number}"]["seq24"]
        np.testing.assert_array_equal(known[name, "24"], wanted)
        for one in theirs.labelled[f"behavior-{number}"]:
            if one.id == "seq05":
                np.testing.assert_array_equal(known[name, "5"], one.known_labels)
