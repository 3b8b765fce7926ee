"""Datasets with one fault each, of which the first line tells, and datasets without any."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.arena import Arena
from harness.dataset import Dataset
from harness.examining.findings import GRADES, KINDS, NOTE, ODD, WRONG
from harness.recording import PAIR, UNKNOWN, Array, Recording
from tests.challenge_files import Files, save
from tests.toy import toy_recordings

BEHAVIOR = "approach"
SHARED = Path(__file__).parents[2].parent / "shared" / "data"

Plant = Callable[[list[Recording], list[Recording]], None]
"""Puts a fault into labelled recordings, or those to be labelled, in place."""

PLANTED: dict[str, tuple[Plant, str, str, str]] = {}
"""Name to what plants it, and grade, kind and some words of the first line."""


@cache
def clean() -> tuple[tuple[Recording, ...], tuple[Recording, ...]]:
    return tuple(toy_recordings(6, 900)), tuple(toy_recordings(2, 900, seed=9, prefix="test"))


def planted(grade: str, kind: str, words: str) -> Callable[[Plant], Plant]:
    def keep(plant: Plant) -> Plant:
        PLANTED[plant.__name__] = plant, grade, kind, words
        return plant

    return keep


def changed(recording: Recording, change: Callable[[Array], None]) -> Recording:
    """The recording with keypoints (frames, animal, xy, part) that `change` was done to."""
    keypoints = recording.keypoints.copy()
    change(keypoints)
    return replace(recording, keypoints=keypoints)


def relabelled(recording: Recording, change: Callable[[Array], None]) -> Recording:
    """The recording with labels (frames,) that `change` was done to."""
    labels = recording.known_labels.copy()
    change(labels)
    return replace(recording, labels=labels)


def with_a_bout(*places: slice) -> Callable[[Array], None]:
    def change(labels: Array) -> None:
        labels[:] = 0
        for place in places:
            labels[place] = 1

    return change


# Tracks


@planted(WRONG, "zeros", "toy-1: 90 points at exactly (0, 0)")
def points_at_zero(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[::10, 0, :, 4] = 0

    labelled[1] = changed(labelled[1], change)


@planted(WRONG, "one-place", "toy-2: all points of an animal in one place, on 100% of the frames of animal2")
def an_animal_in_one_place(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:, 1] = keypoints[:, 1, :, 3:4]
        keypoints[:, 1, :, :][np.isnan(keypoints[:, 1])] = 300  # where the one part was missing

    labelled[2] = changed(labelled[2], change)


@planted(WRONG, "one-place", "all points of an animal in one place")
def all_points_in_one_place_everywhere(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:] = keypoints[:, :, :, 3:4]

    labelled[:] = [changed(one, change) for one in labelled]
    tests[:] = [changed(one, change) for one in tests]


@planted(ODD, "frozen", "toy-0: nose of animal1 stays exactly where it is for 10 s of 30 s")
def a_frozen_nose(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[200:500, 0, :, 0] = (250, 250)

    labelled[0] = changed(labelled[0], change)


@planted(ODD, "frozen", "toy-4: animal2 stays exactly where it is for 27 s of 30 s")
def a_frozen_animal(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[100:, 1] = np.nan_to_num(keypoints[100, 1], nan=300.5)

    labelled[4] = changed(labelled[4], change)


@planted(WRONG, "outside", "toy-3: up to 100% of the points lie outside the picture of 1024 x 570 pixels")
def points_out_of_the_picture(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:, :, 0] += 2_000

    labelled[:] = [replace(one, image_size=(1024, 570)) for one in labelled]
    labelled[3] = changed(labelled[3], change)


@planted(WRONG, "outside", "toy-4: up to 100% of the points lie outside the arena")
def an_arena_elsewhere(labelled: list[Recording], tests: list[Recording]) -> None:
    box = Arena.polygon([(0, 0), (1024, 0), (300, 300), (1024, 570), (0, 570)])  # a dent is no way out
    labelled[:] = [replace(one, arena=box) for one in labelled]
    labelled[4] = replace(labelled[4], arena=Arena.circle(-500, -500, 40))


@planted(ODD, "jumps", " a minute, most often tail_base")
def jumping_points(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        track = keypoints[:, 0, :, 6]
        track[14::30] = track[16::30] = (300, 300)
        track[15::30] = (300, 420)

    labelled[5] = changed(labelled[5], change)


@planted(ODD, "missing", "nose 61%")
def a_part_that_is_hardly_seen(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[np.arange(len(keypoints)) % 5 < 3, :, :, 0] = np.nan

    labelled[:] = [changed(one, change) for one in labelled]
    tests[:] = [changed(one, change) for one in tests]


@planted(ODD, "missing", "toy-2: left_ear not seen on up to 100% of the frames, in others on 2%")
def a_part_that_one_recording_lacks(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:, :, :, 1] = np.nan

    labelled[2] = changed(labelled[2], change)


# Animals


@planted(ODD, "unseen", "toy-1: animal2 is listed and seen on at most 0.6% of the frames")
def an_animal_that_is_hardly_seen(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[5:, 1] = np.nan

    labelled[1] = changed(labelled[1], change)


@planted(ODD, "unseen", "all recordings: animal2 is listed and seen on no frame")
def an_animal_that_is_never_seen(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:, 1] = np.nan

    labelled[:] = [changed(one, change) for one in labelled]
    tests[:] = [changed(one, change) for one in tests]


@planted(WRONG, "mirrored", "toy-3: left and right are the other way round than in the rest")
def a_mirrored_skeleton(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:] = keypoints[:, :, :, [0, 2, 1, 3, 5, 4, 6]]

    labelled[3] = changed(labelled[3], change)


@planted(WRONG, "mirrored", "toy-0: left and right are the other way round than in the rest")
def a_mirrored_picture(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        keypoints[:, :, 0] = 1024 - keypoints[:, :, 0]

    labelled[0] = changed(labelled[0], change)


@planted(ODD, "swaps", "two animals change places ")
def animals_that_change_places(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(keypoints: Array) -> None:
        for start in range(50, 850, 100):
            keypoints[start : start + 40] = keypoints[start : start + 40, ::-1]

    labelled[4] = changed(labelled[4], change)


@planted(ODD, "scale", "toy-1: points of an animal lie ")
def a_recording_at_twice_the_scale(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[1] = replace(labelled[1], keypoints=labelled[1].keypoints * np.float32(2))


@planted(ODD, "scale", " cm apart in toy-5")
def a_recording_with_wrong_centimeters(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[:] = [replace(one, pixels_per_cm=10.0) for one in labelled]
    tests[:] = [replace(one, pixels_per_cm=10.0) for one in tests]
    labelled[5] = replace(labelled[5], pixels_per_cm=25.0)


# Clocks


@planted(ODD, "fps", "toy-2: 15 frames a second, where the others have 30")
def a_recording_at_another_rate(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[2] = replace(labelled[2], fps=15.0)


@planted(ODD, "fps", "at 600 frames a second the animals would go ")
def a_rate_at_which_no_animal_moves(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[:] = [replace(one, fps=600.0) for one in labelled]
    tests[:] = [replace(one, fps=600.0) for one in tests]


@planted(ODD, "fps", "at 0.2 frames a second the animals would go ")
def a_rate_at_which_animals_hardly_move(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[:] = [replace(one, fps=0.2) for one in labelled]
    tests[:] = [replace(one, fps=0.2) for one in tests]


@planted(ODD, "fps", "as if they had been made at 25 frames a second in place of 30")
def labels_made_at_another_rate(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(labels: Array) -> None:
        labels[:750], labels[750:] = labels[np.arange(750) * 6 // 5], 0

    labelled[:] = [relabelled(one, change) for one in labelled]


@planted(ODD, "fps", "all 264 bouts lie in the first 83% of their recordings, as if they had been made at 25 frames")
def bouts_that_end_early(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(labels: Array) -> None:
        labels[:] = 0
        labels[:750] = np.arange(750) % 17 < 8
        labels[735:750] = 1

    labelled[:] = [relabelled(one, change) for one in labelled]


@planted(ODD, "fps", "what was looked at ends at 80% of every recording")
def looks_that_end_at_one_share(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(labels: Array) -> None:
        labels[720:] = UNKNOWN

    labelled[:] = [relabelled(one, change) for one in labelled]


# Labels


@planted(ODD, "chance", "approach: a quick guess from motion and distances ranks its frames with 0.")
def labels_that_follow_chance(labelled: list[Recording], tests: list[Recording]) -> None:
    chance = np.random.default_rng(3)

    def change(labels: Array) -> None:
        labels[:] = 0
        for start in chance.integers(0, 880, 9):
            labels[start : start + chance.integers(10, 40)] = 1

    labelled[:] = [relabelled(one, change) for one in labelled]


@planted(ODD, "negatives", "approach: toy-1: each of 900 known frames shows it")
def a_recording_without_negatives(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[1] = relabelled(labelled[1], with_a_bout(slice(None)))


@planted(ODD, "bouts", " are one frame long")
def bouts_of_one_frame(labelled: list[Recording], tests: list[Recording]) -> None:
    def change(labels: Array) -> None:
        starts = np.flatnonzero(np.diff(labels, prepend=0) == 1)
        labels[:] = 0
        labels[starts] = 1

    labelled[2:] = [relabelled(one, change) for one in labelled[2:]]


@planted(ODD, "groups", "approach: only two recordings show it (toy-0, toy-1)")
def a_behavior_of_two_recordings(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[2:] = [relabelled(one, with_a_bout()) for one in labelled[2:]]


@planted(ODD, "groups", "approach: only one of the groups shows it (cage 1)")
def a_behavior_of_one_group(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[:] = [replace(one, group="cage 1") for one in labelled]


@planted(ODD, "groups", "approach: 92% of its 360 frames are in toy-5")
def a_behavior_almost_all_in_one_recording(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[:3] = [relabelled(one, with_a_bout(slice(890, 900))) for one in labelled[:3]]
    labelled[3:5] = [relabelled(one, with_a_bout()) for one in labelled[3:5]]
    labelled[5] = relabelled(labelled[5], with_a_bout(slice(0, 330)))


@planted(ODD, "prevalence", "approach: 50.0% of the frames of toy-0 show it, of the others' 4.4%")
def a_recording_that_shows_far_more(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled[1:] = [relabelled(one, with_a_bout(slice(860, 900))) for one in labelled[1:]]
    labelled[0] = relabelled(labelled[0], with_a_bout(slice(450, 900)))


# Copies


@planted(WRONG, "copies", "toy-0 and again show the same footage for 29.9 s, 3 frames apart; under approach both")
def a_recording_that_lacks_three_frames(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled.append(replace(labelled[0].cut(3, 900), id="again", film=""))


@planted(WRONG, "copies", "toy-2, again are the same recording; under approach both")
def a_recording_twice(labelled: list[Recording], tests: list[Recording]) -> None:
    labelled.append(replace(labelled[2], id="again"))


@planted(ODD, "copies", "again, to be labelled, has the same poses as toy-1; toy-1 is trained on")
def a_recording_to_be_labelled_that_is_trained_on(labelled: list[Recording], tests: list[Recording]) -> None:
    tests.append(replace(labelled[1], id="again", labels=None))


@planted(ODD, "copies", "toy-1 and again show the same footage for 23.3 s, 100 frames apart; toy-1 is trained on")
def a_piece_to_be_labelled_that_is_trained_on(labelled: list[Recording], tests: list[Recording]) -> None:
    tests.append(replace(labelled[1].cut(100, 800), id="again", film="", labels=None))


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_is_told_first(name: str) -> None:
    plant, grade, kind, words = PLANTED[name]
    labelled, tests = map(list, clean())
    plant(labelled, tests)
    found = harness.doctor(Dataset("toy", {BEHAVIOR: tuple(labelled)}, tuple(tests))).findings
    assert found, "nothing was found"
    assert (found[0].grade, found[0].kind) == (grade, kind), [one.line for one in found]
    assert words in found[0].line, found[0].line
    assert set(found[0].recordings) <= {one.id for one in [*labelled, *tests]}


def test_at_least_as_many_faults_are_planted_as_there_are_kinds() -> None:
    assert {kind for _, _, kind, _ in PLANTED.values()} == set(KINDS) - {"unreadable", "exclusive", "other"}


def test_nothing_is_said_of_a_dataset_without_faults() -> None:
    labelled, tests = clean()
    assert harness.doctor(Dataset("toy", {BEHAVIOR: labelled}, tests)).findings == ()


def test_one_stretch_that_was_looked_at_in_the_middle_of_each_recording_is_no_rate() -> None:
    def change(labels: Array) -> None:
        labels[:60] = labels[720:] = UNKNOWN

    labelled = tuple(relabelled(one, change) for one in clean()[0])
    found = harness.doctor(Dataset("toy", {BEHAVIOR: labelled}, ())).findings
    assert [one.line for one in found if one.kind == "fps"] == []


def pairs(*bouts: slice) -> Dataset:
    """Recordings of which the first direction shows the behavior in `bouts`, and the other never."""
    labelled = []
    for one in clean()[0][:4]:
        shows = np.zeros(one.frames, dtype=np.int8)
        for bout in bouts:
            shows[bout] = 1
        first, second = one.animal_names
        labelled += [one.seen_from(first, second, shows), one.seen_from(second, first, np.zeros_like(shows))]
    return Dataset("toy", {"chase": tuple(labelled)}, (), scopes={"chase": PAIR})


def test_a_direction_without_negatives_is_nothing_where_the_other_has_them() -> None:
    found = harness.doctor(pairs(slice(None))).findings
    assert [one.line for one in found if one.kind == "negatives"] == []


def test_acts_that_exclude_each_other_on_the_same_frames_are_told_of_by_agent_and_target() -> None:
    chase, sniff = pairs(slice(100, 150)).labelled["chase"], pairs(slice(140, 200)).labelled["chase"]
    # The other way round they contradict nothing.
    turned = tuple(replace(one, labels=other.labels) for one, other in zip(sniff, (*sniff[1:], sniff[0]), strict=True))
    scopes = {"chase": PAIR, "sniff": PAIR}
    for others, exclusive, frames in ((sniff, True, [40]), (sniff, False, []), (turned, True, [])):
        dataset = Dataset("toy", {"chase": chase, "sniff": others}, (), scopes=scopes, exclusive=exclusive)
        found = [one for one in harness.doctor(dataset).findings if one.kind == "exclusive"]
        assert [one.frames for one in found] == frames
        assert all(one.grade == ODD and one.recordings == ("toy-0", "toy-1", "toy-2", "toy-3") for one in found)


def test_nothing_depends_on_which_recording_comes_first() -> None:
    labelled, tests = map(list, clean())
    PLANTED["animals_that_change_places"][0](labelled, tests)
    PLANTED["a_frozen_nose"][0](labelled, tests)
    found = [
        harness.doctor(Dataset("toy", {BEHAVIOR: tuple(some)}, tuple(tests))).findings
        for some in (labelled, labelled, labelled[::-1])
    ]
    assert found[0] == found[1] == found[2]


# Files


def content(recordings: list[Recording]) -> Files:
    return {
        one.id: {"keypoints": one.keypoints, "annotations": one.known_labels.tolist(), "annotator_id": 0}
        for one in recordings
    }


def written(folder: Path, recordings: list[Recording]) -> Path:
    folder.mkdir()
    save(folder / "train.npy", {BEHAVIOR: content(recordings)})
    return folder


def test_files_without_faults_and_files_with_one(tmp_path: Path) -> None:
    labelled = list(clean()[0])
    assert harness.doctor(written(tmp_path / "clean", labelled)).findings == ()
    longer = content(labelled)
    longer["toy-1"]["annotations"] += [0] * 25
    (tmp_path / "longer").mkdir()
    save(tmp_path / "longer" / "train.npy", {BEHAVIOR: longer})
    examination = harness.doctor(tmp_path / "longer")
    (found,) = examination.findings
    assert examination.wrong
    assert (found.grade, found.kind) == (WRONG, "unreadable")
    assert "toy-1: 925 annotations for 900 frames" in found.text


def test_a_copy_that_reading_refuses_is_a_copy(tmp_path: Path) -> None:
    labelled = list(clean()[0])
    PLANTED["a_recording_that_lacks_three_frames"][0](labelled, [])
    (found,) = harness.doctor(written(tmp_path / "data", labelled)).findings
    assert (found.grade, found.kind) == (WRONG, "copies")
    assert "again: shows the same footage as toy-0 for 29.9 s" in found.text
    (tmp_path / "data" / "dataset.toml").write_text('copies = "together"')
    together = harness.doctor(tmp_path / "data")
    assert not together.wrong
    assert [(one.grade, one.kind) for one in together.findings] == [(NOTE, "copies")]


def test_points_at_zero_that_reading_takes_away_are_told_of(tmp_path: Path) -> None:
    labelled, tests = map(list, clean())
    PLANTED["points_at_zero"][0](labelled, tests)
    found = harness.doctor(written(tmp_path / "data", labelled)).findings[0]
    assert (found.grade, found.kind, found.frames) == (ODD, "zeros", 90)


def test_the_worst_lines_are_those_of_what_is_wrong_or_odd() -> None:
    labelled, tests = map(list, clean())
    for name in ("a_mirrored_picture", "a_frozen_nose", "jumping_points", "a_recording_at_another_rate"):
        PLANTED[name][0](labelled, tests)
    examination = harness.doctor(Dataset("toy", {BEHAVIOR: tuple(labelled)}, tuple(tests)))
    first, second, third = examination.worst_lines()
    assert first.startswith("doctor: toy-0: left and right are the other way round")
    assert second.startswith("doctor: toy-0: nose of animal1 stays exactly")
    assert third.startswith("doctor: toy-2: 15 frames a second")
    grades = [GRADES.index(one.grade) for one in examination.findings]
    assert grades == sorted(grades)


# Real recordings


def of_shared(name: str) -> harness.Examination:
    if not (SHARED / name / "train.npy").exists():
        pytest.skip(f"no {name} beside the project")
    return harness.doctor(SHARED / name)


def test_what_is_said_of_rats_is_so() -> None:
    """Two behaviors are in one recording only, the end of the tail is hardly seen, and tracks change places."""
    found = [(one.grade, one.kind, one.behavior) for one in of_shared("rats").findings]
    assert found == [
        (ODD, "groups", "behavior-4"),
        (ODD, "groups", "behavior-5"),
        (ODD, "missing", ""),
        (NOTE, "zeros", ""),
        (NOTE, "swaps", ""),
    ]


def test_what_is_said_of_mice_is_so() -> None:
    """Their tracks change places four times, as a look at the frames shows."""
    (found,) = of_shared("mice_interact").findings
    assert (found.grade, found.kind, found.frames) == (NOTE, "swaps", 4)


def test_of_a_demo_is_said_what_was_simulated(tmp_path: Path) -> None:
    """One behavior in one recording, and a tracker that takes one mouse for the other now and then."""
    found = harness.doctor(harness.demo_data(tmp_path / "demo", recordings=3, seconds=30)).findings
    assert [one.kind for one in found if one.grade != NOTE and one.kind != "groups"] == []
    assert {one.kind for one in found} <= {"groups", "swaps"}
    assert "behavior-3: only one of the recordings shows it" in found[0].text
