"""A dataset in the other layout: the same where it can be, and refused where something would be lost."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.data.folder.write import write_dataset
from harness.demo.crowd import crowd_dataset
from tests.challenge_files import FRAMES, bouts, poses, recording, released, save, train_file, unlabelled, write
from tests.folders import write_folder

RATS = Path(__file__).parents[2].parent / "shared" / "data" / "rats"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))


def alike(one: harness.Dataset, other: harness.Dataset) -> None:
    """Assert that all that is known of the recordings is the same, in the same order."""
    assert one.digests == other.digests
    assert [list(group) for group in one.digests.values()] == [list(group) for group in other.digests.values()]
    assert [(one.id, one.digest) for one in one.unlabelled] == [(one.id, one.digest) for one in other.unlabelled]
    truths = [
        {name: {id_: labels.tolist() for id_, labels in group.items()} for name, group in dataset.truth.items()}
        for dataset in (one, other)
    ]
    assert truths[0] == truths[1]


def there_and_back(data: str) -> tuple[harness.Dataset, ...]:
    harness.convert(data, "folder")
    harness.convert("folder", "back")
    return harness.load(data), harness.load("folder"), harness.load("back")


def test_challenge_files_become_a_folder_and_the_same_files_again() -> None:
    train = train_file()
    train["groom"]["a"]["annotations"] = [np.nan] * 5 + bouts()[5:-3] + [-1] * 3
    train["chase"]["c"]["scores"] = np.random.default_rng(0).random((FRAMES, 2, 7))
    write(Path("files"), train)
    Path("files/dataset.toml").write_text(
        "fps = 25\nimage_size = [640, 480]\nsource = 'a camera'\n"
        'keypoints = ["a", "b", "c", "d", "e", "f", "g"]\nedges = [["a", "g"]]\n[roles]\nnose = "a"\n'
    )
    first, folder, back = there_and_back("files")
    alike(first, folder)
    alike(first, back)
    assert Path("folder/annotated/a.csv").read_text().splitlines()[1:] == [f"groom,,,5,{FRAMES - 3}"]
    assert folder.skeleton == first.skeleton
    assert (
        Path("back/dataset.toml").read_text() == Path("folder/dataset.toml").read_text().partition("\n[behaviors]")[0]
    )


def test_labels_of_test_recordings_stay_with_those_of_which_they_are_known() -> None:
    test = {
        "groom": {"x": released("groom", 11), "y": {"keypoints": poses(12)}},
        "chase": {"y": released("chase", 12, annotations=np.r_[-1, np.ones(FRAMES - 1)], scores=None)},
    }
    del test["groom"]["x"]["scores"]
    write(Path("files"), train_file(), test)
    first, folder, back = there_and_back("files")
    assert {behavior: list(group) for behavior, group in first.truth.items()} == {"groom": ["x"], "chase": ["y"]}
    alike(first, folder)
    alike(first, back)


def test_names_that_no_file_can_have_are_changed_and_come_back() -> None:
    ids = ["task3/groom/mouse 1", "task3--groom--mouse 1", "a?b", "con", 200 * "long", ".x"]
    groom = {name: recording(seed) for seed, name in enumerate(ids)}
    write(Path("files"), {"groom": groom}, {"x/y": unlabelled(50)})
    first, folder, back = there_and_back("files")
    alike(first, back)
    names = [one.id for one in folder.labelled["groom"]]
    assert names[:3] == ["task3--groom--mouse 1-2", "task3--groom--mouse 1", "a-b"]
    assert len(set(names)) == len(ids)
    assert [one.about.get("original_id", one.id) for one in folder.labelled["groom"]] == ids
    assert [one.id for one in folder.unlabelled] == ["x--y"]


def test_the_order_of_each_behavior_is_kept() -> None:
    entries = {name: recording(seed) for seed, name in enumerate("abcdef")}
    train = {behavior: {name: entries[name] for name in names} for behavior, names in (("p", "fca"), ("q", "ebc"))}
    write(Path("files"), train, {"z": unlabelled(50), "y": unlabelled(51)})
    first, folder, _ = there_and_back("files")
    alike(first, folder)


def test_one_name_for_two_recordings_is_refused(capsys: Captured) -> None:
    train = train_file()
    train["chase"]["b"] = recording(9)
    write(Path("files"), train)
    assert main(["convert", "files", "folder"]) == 2
    said = "harness: chase, b: other poses than the recording of this name elsewhere\n"
    assert capsys.readouterr().err.endswith(said)
    assert not Path("folder").exists()


def test_what_was_assumed_is_said_as_it_is_written_down(capsys: Captured) -> None:
    write(Path("files"), train_file())
    assert main(["convert", "files", "folder"]) == 0
    err = capsys.readouterr().err
    assert (
        "note: assumed, as nothing says otherwise: 30 frames a second; change folder/dataset.toml where that is " in err
    )
    assert err.endswith("wrote folder\nnext: harness search --data folder\n")
    assert harness.load("folder").assumed == ()


def test_all_that_challenge_files_cannot_hold_is_named(capsys: Captured) -> None:
    write_folder(Path("mice"))
    text = Path("mice/dataset.toml").read_text().replace("fps = 30", "fps = 30\nexclusive = true")
    Path("mice/dataset.toml").write_text(text.replace("quiet", "other"))
    labels = Path("mice/labels/day1.csv")
    labels.write_text(labels.read_text().replace("quiet", "other"))
    seen = Path("mice/annotated/day2.csv")
    seen.write_text(seen.read_text().replace("quiet", "other"))
    register = Path("mice/recordings.csv").read_text().replace("animals", "animals,fps,dose,original_id")
    Path("mice/recordings.csv").write_text(
        register.replace("white\n", "white,,,\n").replace("day4,,,", "day4,,,,25,7 mg,day1")
    )
    keypoints = 300 + np.random.default_rng(0).normal(0, 9, (FRAMES, 2, 2, 4))
    keypoints[[1, 7, 21], 0, :, 1] = 0
    np.savez("mice/poses/day4.npz", keypoints=keypoints, parts=np.array(["nose", "left_ear", "tail_base", "hip"]))
    before = sorted(Path.cwd().rglob("*"))
    assert main(["convert", "mice", "files"]) == 2
    said = [line.removeprefix("harness: ") for line in capsys.readouterr().err.splitlines() if "harness: " in line]
    assert said == [
        "behaviors: groom is of one animal; challenge files say of no behavior who does it",
        "behaviors: chase is of a pair; challenge files say of no behavior who does it",
        "behaviors: other is a word of challenge files; give it another name",
        "exclusive: challenge files do not say whether behaviors exclude each other",
        "part hip: not in 3 recordings (day1, day2, day3), left out of all; "
        "challenge files have the same parts in all recordings",
        "fps: differs between recordings (25.0, 30.0); challenge files have one value for all",
        "animals: of day1, day2, day3; challenge files hold none",
        "group: of day1, day2, day3; challenge files hold none",
        "column dose: challenge files hold none",
        "original_id: day1 is that of day1 and of day4",
        "day4: points at exactly (0, 0), which in challenge files stand for points not seen",
    ]
    assert sorted(Path.cwd().rglob("*")) == before


def test_nothing_is_overwritten(capsys: Captured) -> None:
    write(Path("files"), train_file())
    Path("out").mkdir()
    for source in ("files", "out"):
        assert main(["convert", source, "out"]) == 2
        assert "out is there already and would be overwritten; name another folder" in capsys.readouterr().err
    assert list(Path("out").iterdir()) == []


def rows(data: str, run: str, capsys: Captured) -> Any:
    words = ["--model", "lightgbm", "--features", "place_and_time", "--trials", "2", "--workers", "1"]
    assert main(["search", "--data", data, "--results", run, "--behavior", "p", "--behavior", "q", *words]) == 0
    capsys.readouterr()
    assert main(["leaderboard", "--results", run, "--format", "json"]) == 0
    return [row | {"seconds": 0} for row in json.loads(capsys.readouterr().out)]


def test_a_search_finds_the_same_in_either_layout(capsys: Captured) -> None:
    entries = {name: recording(seed, keypoints=poses(seed, frames=120), annotations=bouts(120)) for seed, name in
               enumerate("abcdef")}  # fmt: skip
    train = {behavior: {name: entries[name] for name in names} for behavior, names in (("p", "fca"), ("q", "ebc"))}
    write(Path("files"), train)
    harness.convert("files", "folder")
    assert rows("files", "one", capsys) == rows("folder", "other", capsys)


@pytest.mark.skipif(not RATS.is_dir(), reason="the rats are not beside this project")
def test_the_rats_are_the_same_in_either_layout() -> None:
    alike(*there_and_back(str(RATS))[::2])
    alike(harness.load(RATS), harness.load("folder"))


def test_test_files_are_found_by_name_alone() -> None:
    """A folder with a challenge's test file and nothing else is no dataset folder."""
    Path("files").mkdir()
    save(Path("files/test.npy"), {"x": unlabelled(11)})
    assert [one.id for one in harness.load_recordings("files")] == ["x"]


def test_a_loaded_folder_is_searched_as_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a dataset folder NaN alone stands for what was not seen, also where a program loaded it."""
    monkeypatch.chdir(tmp_path)
    crowd = crowd_dataset(0, recordings=2, seconds=10, test_recordings=1)
    film = crowd.unlabelled[0]
    keypoints = film.keypoints.copy()
    keypoints[50:60, :, :, 2] = 0
    dataset = replace(crowd, unlabelled=(replace(film, keypoints=keypoints),), truth={})
    write_dataset(dataset, tmp_path / "mice")
    settings: dict[str, Any] = {"trials": 1, "features": ["places"], "models": ["lightgbm"], "workers": 1}
    named = harness.search("mice", results="run", cache="cache", **settings)
    again = harness.search(harness.load("mice"), results="run", cache="cache", **settings)
    assert again.description["identity"] == named.description["identity"]
    assert not any("taken for not seen" in note for note in again.dataset().notes)
