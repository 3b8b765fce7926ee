"""The crowd of mice that have names: who does what to whom moves as it is said, and is written as a dataset folder."""

from pathlib import Path

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.demo.crowd import HEIGHT, PIXELS_PER_CM, WIDTH, crowd_dataset, film
from harness.recording import UNKNOWN, Array

NOSE, TAIL_BASE = 0, 6
SMALL = ["--recordings", "3", "--seconds", "12", "--test-recordings", "2", "--seed", "5"]

Captured = pytest.CaptureFixture[str]


def points(keypoints: Array, mouse: int) -> tuple[Array, Array]:
    """Where a mouse is, and which way it points: (frames,) as complex numbers of pixels."""
    nose, tail = (keypoints[:, mouse, 0, part] + 1j * keypoints[:, mouse, 1, part] for part in (NOSE, TAIL_BASE))
    return (nose + tail) / 2, nose - tail


def test_who_chases_points_at_whom_it_chases_and_who_flees_points_away() -> None:
    crowd = film("box", 3000, 3)
    ahead: dict[str, list[Array]] = {"agent": [], "target": []}
    for (agent, target), labels in crowd.chase.items():
        one, other = (crowd.recording.names.index(name) for name in (agent, target))
        (place, heading), (place_of_other, heading_of_other) = (
            points(crowd.recording.keypoints[labels == 1], mouse) for mouse in (one, other)
        )
        way = place_of_other - place
        ahead["agent"].append(np.cos(np.angle(way) - np.angle(heading)))
        ahead["target"].append(np.cos(np.angle(-way) - np.angle(heading_of_other)))
    assert np.nanmedian(np.concatenate(ahead["agent"])) > 0.9
    assert np.nanmedian(np.concatenate(ahead["target"])) < -0.5


def test_who_grooms_stays_where_it_is() -> None:
    crowd = film("box", 3000, 3)
    for name, labels in crowd.groom.items():
        place, _ = points(crowd.recording.keypoints, crowd.recording.names.index(name))
        half_a_second = np.abs(place[15:] - place[:-15])
        grooms, never = (labels[15:] & labels[:-15]) == 1, (labels[15:] | labels[:-15]) == 0
        assert np.nanmedian(half_a_second[grooms]) < 5
        assert np.nanmedian(half_a_second[never]) > 15


@pytest.mark.parametrize("seed", [0, 25, 35])
def test_every_recording_shows_both_behaviors_where_they_were_looked_for(seed: int) -> None:
    dataset = crowd_dataset(seed, recordings=2, seconds=10, test_recordings=1)
    for examples in dataset.labelled.values():
        assert {one.source_id for one in examples if one.positives} == {"box-01", "box-02"}
    for one in dataset.labelled["groom"]:
        assert (one.known_labels[:150] == UNKNOWN).all()
        assert (one.known_labels[150:] != UNKNOWN).all()


def test_the_folder_holds_what_was_simulated(tmp_path: Path) -> None:
    made = crowd_dataset(5, recordings=3, seconds=12, test_recordings=2)
    assert main(["demo-data", str(tmp_path / "crowd"), "--crowd", *SMALL]) == 0
    read = harness.load(tmp_path / "crowd")
    assert read.digests == made.digests
    assert read.scopes == {"chase": "pair", "groom": "one"}
    assert {behavior: len(examples) for behavior, examples in read.labelled.items()} == {"chase": 36, "groom": 12}
    for behavior, group in made.truth.items():
        assert list(read.truth[behavior]) == list(group)
        for name, labels in group.items():
            np.testing.assert_array_equal(read.truth[behavior][name], labels)
    first, last = read.labelled["groom"][0], read.unlabelled[-1]
    assert (first.source_id, first.group, first.about["treatment"]) == ("box-01", "cage 1", "saline")
    assert (last.id, last.group, last.about["treatment"]) == ("test-02", "cage 6", "drug")
    assert last.names == ("mouse1", "mouse2", "mouse3", "mouse4")
    assert (last.fps, last.image_size, last.pixels_per_cm) == (30, (WIDTH, HEIGHT), PIXELS_PER_CM)
    assert last.arena is not None
    assert repr(read) == (
        "<Dataset crowd: 2 behaviors, 3 labelled recordings (48 examples of animals and pairs), 2 to label>"
    )
    rows = (tmp_path / "crowd" / "recordings.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["id", "box-01", "box-02", "box-03", "test-01", "test-02"]


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        harness.demo_data(tmp_path / name, crowd=True, recordings=2, seconds=10, test_recordings=1, seed=seed)
    one, same, other = (
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("one", "same", "other")
    )
    assert len(one) == 10  # two tables, three recordings with poses and labels, two that were looked at in part
    assert one == same
    assert one["poses/box-01.npz"] != other["poses/box-01.npz"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--matched"], "--matched and --crowd do not go together; leave one of them out"),
        (["--seconds", "9"], "demo data: seconds is 9; it should be 10 or more"),
        (["--recordings", "1"], "demo data: recordings is 1; it should be 2 or more"),
    ],
)
def test_what_is_no_crowd_is_refused_and_nothing_written(
    words: list[str], says: str, tmp_path: Path, capsys: Captured
) -> None:
    assert main(["demo-data", str(tmp_path / "crowd"), "--crowd", *words]) == 2
    assert capsys.readouterr().err == f"harness: {says}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "notes").mkdir()
    assert main(["demo-data", str(tmp_path / "notes"), "--crowd", *SMALL]) == 2
    assert "is there already and would be overwritten; name another folder" in capsys.readouterr().err
    assert list((tmp_path / "notes").iterdir()) == []
