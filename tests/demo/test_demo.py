"""The made-up challenge: its files, its promises, and that its behaviors move as their names say."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli import main
from harness.demo.dataset import BEHAVIORS, SINGLE, WITHOUT, Demo, annotate, make_demo, write_demo
from harness.demo.scenes import SCENES, SOLO_SECONDS, STEERING, Activity
from harness.errors import HarnessError
from harness.recording import CALMS21, Array

APPROACH, DISENGAGED, GROOM, INTROMISSION, MOUNT_ATTEMPT, SNIFF_FACE, REARING = BEHAVIORS
TINY: dict[str, Any] = {"recordings": 2, "seconds": 10, "test_recordings": 1}


@cache
def moderate() -> Demo:
    """Long enough for rates and averages to mean something."""
    return make_demo(seed=3, recordings=3, seconds=200, test_recordings=14)


def runs(labels: Array) -> list[tuple[int, int]]:
    """Start and stop of every run of ones."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], labels, [0]))))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def rate(recordings: dict[str, Any]) -> float:
    labels = [entry["annotations"] if isinstance(entry, dict) else entry for entry in recordings.values()]
    return float(np.concatenate(labels).mean())


def labelled(behavior: str) -> list[tuple[Array, Array]]:
    """Keypoints and labels of the moderate demo's training recordings and test recordings."""
    demo = moderate()
    train = [(entry["keypoints"], entry["annotations"]) for entry in demo.train[behavior].values()]
    test = [(demo.test[name]["keypoints"], np.array(labels)) for name, labels in demo.test_labels[behavior].items()]
    return train + test


def distance(one: Array, other: Array) -> Array:
    """(frames,) between two points (frames, xy)."""
    gap: Array = np.linalg.norm(one - other, axis=1)
    return gap


def middle(keypoints: Array, mouse: int) -> Array:
    """(frames, xy) between neck and tail base."""
    return (keypoints[:, mouse, :, 3] + keypoints[:, mouse, :, 6]) / 2


def length(keypoints: Array, mouse: int) -> Array:
    return distance(keypoints[:, mouse, :, 0], keypoints[:, mouse, :, 6])


def median(values: Array, chosen: Array) -> float:
    return float(np.nanmedian(values[chosen == 1]))


def heading(keypoints: Array, mouse: int) -> Array:
    x, y = (keypoints[:, mouse, :, 3] - keypoints[:, mouse, :, 6]).T
    angle: Array = np.arctan2(y, x)
    return angle


def band_share(signal: Array, low: float, high: float) -> float:
    """Power of one second and a half of `signal` between two frequencies in Hz, as a share of all above 0.7 Hz."""
    power = np.abs(np.fft.rfft((signal - signal.mean()) * np.hanning(len(signal)))) ** 2
    hertz = np.fft.rfftfreq(len(signal), 1 / 30)
    return float(power[(hertz >= low) & (hertz <= high)].sum() / power[hertz > 0.7].sum())


def rhythm(keypoints: Array, labels: Array, positive: int) -> list[float]:
    """Share of 3.5 to 7.5 Hz in how the resident's nose moves against its neck, in still, fully tracked pieces."""
    shares = []
    nose = distance(keypoints[:, 0, :, 0], keypoints[:, 0, :, 3])
    speed = distance(middle(keypoints, 0)[45:], middle(keypoints, 0)[:-45]) / 45
    for start in range(0, len(labels) - 45, 45):
        piece = slice(start, start + 45)
        still = speed[start] < 0.3 and np.ptp(nose[piece]) < 40
        if (labels[piece] == positive).all() and still and not np.isnan(nose[piece]).any():
            shares.append(band_share(nose[piece], 3.5, 7.5))
    return shares


def test_the_files_have_the_challenge_s_layout_and_types(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", **TINY, seed=5)
    names = ("train", "test", "sample_submission", "test_labels")
    train, test, sample, truth = (np.load(tmp_path / "demo" / f"{n}.npy", allow_pickle=True).item() for n in names)
    assert train["vocabulary"] == list(BEHAVIORS) == [f"behavior-{number}" for number in range(7)]
    assert list(train) == ["vocabulary", *BEHAVIORS]
    entries = [entry for behavior in BEHAVIORS for entry in train[behavior].values()]
    assert all(list(entry) == ["keypoints", "annotations", "annotator_id"] for entry in entries)
    assert all(entry["annotations"].shape == entry["keypoints"].shape[:1] for entry in entries)
    assert all(set(np.unique(entry["annotations"])) <= {0, 1} for entry in entries)
    assert all(list(entry) == ["keypoints", "annotator_id"] for entry in test.values())
    for entry in (*entries, *test.values()):
        assert entry["keypoints"].dtype == np.float32
        assert entry["keypoints"].shape[1:] == (2, 2, len(CALMS21.keypoints))
        assert type(entry["annotator_id"]) is int
    for submission in (sample, truth):
        assert list(submission) == list(BEHAVIORS)
        for labels in submission.values():
            assert {name: len(one) for name, one in labels.items()} == {n: len(e["keypoints"]) for n, e in test.items()}
            assert all(type(value) is int for one in labels.values() for value in one)
    assert not any(any(one) for labels in sample.values() for one in labels.values())
    assert sorted(file.name for file in (tmp_path / "demo").iterdir()) == sorted(f"{name}.npy" for name in names)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return np.array_equal(one, other, equal_nan=isinstance(one, np.ndarray))


def test_the_same_seed_gives_the_same_data_and_another_seed_other_data() -> None:
    one, again, other = (make_demo(seed=seed, **TINY) for seed in (1, 1, 2))
    assert same(vars(one), vars(again))
    assert not same(one.train[GROOM], other.train[GROOM])
    assert not same(one.test, other.test)


def test_a_recording_does_not_depend_on_how_many_others_there_are() -> None:
    few, many = make_demo(**TINY), make_demo(recordings=4, seconds=10, test_recordings=3)
    assert same(few.test["test-0"], many.test["test-0"])
    for behavior in BEHAVIORS:
        assert same(few.train[behavior][f"{behavior}-0"], many.train[behavior][f"{behavior}-0"])


def test_no_two_recordings_show_the_same_thing() -> None:
    demo = make_demo(seed=0, **TINY)
    every = [entry for behavior in BEHAVIORS for entry in demo.train[behavior].values()] + list(demo.test.values())
    assert len({entry["keypoints"].tobytes() for entry in every}) == len(every)


@pytest.mark.parametrize(
    ("seed", "recordings", "seconds"), [(0, 2, 10), (1, 2, 10), (2, 2, 12.3), (3, 3, 10), (4, 2, 20), (5, 5, 31.7)]
)
def test_every_behavior_is_positive_somewhere_at_any_size(seed: int, recordings: int, seconds: float) -> None:
    demo = make_demo(seed=seed, recordings=recordings, seconds=seconds, test_recordings=7)
    assert len(demo.train[SINGLE]) == 1
    for behavior in BEHAVIORS:
        positive = [entry["annotations"].any() for entry in demo.train[behavior].values()]
        assert positive == [True] * (len(positive) - (behavior == WITHOUT)) + [False] * (behavior == WITHOUT)
        assert len(positive) >= 2 or behavior == SINGLE
        assert any(any(labels) for labels in demo.test_labels[behavior].values())
        assert all(len(entry["annotations"]) >= round(seconds * 30) for entry in demo.train[behavior].values())


def test_the_default_size_has_one_to_five_recordings_of_a_minute_or_two() -> None:
    demo = make_demo()
    assert [len(demo.train[behavior]) for behavior in BEHAVIORS] == [3, 4, 4, 1, 5, 3, 4]
    assert [len(demo.train[behavior][f"{behavior}-0"]["annotations"]) for behavior in BEHAVIORS] == [
        3600 if behavior == SINGLE else 1800 for behavior in BEHAVIORS
    ]
    assert [len(entry["keypoints"]) for entry in demo.test.values()] == [1800] * 8
    assert len(runs(demo.train[SINGLE][f"{SINGLE}-0"]["annotations"])) >= 4


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"recordings": 1}, "demo data: recordings is 1; it should be 2 or more"),
        ({"test_recordings": 0}, "demo data: test_recordings is 0; it should be 1 or more"),
        ({"seconds": 9.5}, "demo data: seconds is 9.5; it should be 10 or more"),
        ({"seconds": float("nan")}, "demo data: seconds is nan; it should be 10 or more"),
        ({"seed": -1}, "demo data: seed is -1; it should be 0 or more"),
    ],
)
def test_a_size_that_cannot_be_made_is_refused(sizes: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError) as raised:
        make_demo(**sizes)
    assert str(raised.value) == message


def test_some_keypoints_are_missing_and_all_others_lie_in_the_picture() -> None:
    for entry in moderate().test.values():
        keypoints = entry["keypoints"]
        assert 0.002 < np.isnan(keypoints).mean() < 0.1
        assert (np.isnan(keypoints[:, :, 0]) == np.isnan(keypoints[:, :, 1])).all()
        assert np.nanmin(keypoints) >= 0
        assert np.nanmax(keypoints[:, :, 0]) <= 1023
        assert np.nanmax(keypoints[:, :, 1]) <= 569


def test_some_recordings_are_tracked_much_worse_than_others() -> None:
    def jitter(keypoints: Array) -> float:
        return float(np.nanmedian(np.abs(np.diff(keypoints, n=2, axis=0))))

    values = sorted(jitter(entry["keypoints"]) for entry in moderate().test.values())
    assert values[-1] > 2 * values[0]


def test_mice_differ_in_size() -> None:
    lengths = [np.nanquantile(length(entry["keypoints"], 0), 0.8) for entry in moderate().test.values()]
    assert max(lengths) > 1.25 * min(lengths)


def test_bouts_are_short_and_long() -> None:
    demo = moderate()
    seconds = [
        (stop - start) / 30
        for behavior in BEHAVIORS
        for labels in demo.test_labels[behavior].values()
        for start, stop in runs(np.array(labels))
    ]
    assert min(seconds) <= 0.3
    assert max(seconds) > 8
    assert min(seconds) >= 0.1


def test_prevalence_shifts_from_training_to_test_as_in_the_real_task() -> None:
    demo = moderate()
    shift = {b: rate(demo.test_labels[b]) / rate(demo.train[b]) for b in BEHAVIORS}
    assert shift[GROOM] < 0.7
    assert shift[INTROMISSION] < 1
    assert shift[MOUNT_ATTEMPT] < 1
    assert shift[REARING] > 1.2


@cache
def matched() -> Demo:
    return make_demo(seed=6, recordings=2, seconds=20, test_recordings=3, matched=True)


def test_a_matched_demo_is_trained_on_the_same_recordings() -> None:
    assert same(matched().train, make_demo(seed=6, recordings=2, seconds=20, test_recordings=1).train)


def test_a_matched_demo_scores_each_behavior_on_recordings_of_its_own() -> None:
    demo = matched()
    for behavior in BEHAVIORS:
        assert list(demo.test_labels[behavior]) == [f"{behavior}-test-{index}" for index in range(3)]
    every = [name for labels in demo.test_labels.values() for name in labels]
    assert list(demo.test) == every
    assert all(list(entry) == ["keypoints", "annotator_id"] for entry in demo.test.values())
    lengths = {name: len(entry["keypoints"]) for name, entry in demo.test.items()}
    for behavior in BEHAVIORS:
        assert {name: len(labels) for name, labels in demo.sample_submission[behavior].items()} == lengths
        assert all(len(labels) == lengths[name] for name, labels in demo.test_labels[behavior].items())


def test_recordings_of_a_matched_test_set_had_to_show_what_training_recordings_show() -> None:
    demo = matched()
    least = dict(zip(BEHAVIORS, (0.012, 0.005, 0.03, 0.1, 0.006, 0.015, 0.03), strict=True))
    for behavior in BEHAVIORS:
        lengths = {len(entry["annotations"]) for entry in demo.train[behavior].values()}
        labels = list(demo.test_labels[behavior].values())
        assert {len(one) for one in labels} == lengths
        shown = [float(np.mean(one)) >= least[behavior] for one in labels]
        # Of this behavior there are three training recordings, the last of them without it.
        assert shown == [True, True, behavior != WITHOUT]
    assert not any(demo.test_labels[WITHOUT][f"{WITHOUT}-test-2"])


def test_no_recording_of_a_matched_test_set_was_trained_on() -> None:
    demo = matched()
    every = [entry for behavior in BEHAVIORS for entry in demo.train[behavior].values()] + list(demo.test.values())
    assert len({entry["keypoints"].tobytes() for entry in every}) == len(every)


def test_the_command_line_makes_a_matched_demo(tmp_path: Path) -> None:
    sizes = ["--recordings", "2", "--seconds", "10", "--test-recordings", "1"]
    assert main(["demo-data", str(tmp_path / "demo"), "--matched", *sizes]) == 0
    made = np.load(tmp_path / "demo" / "test_labels.npy", allow_pickle=True).item()
    assert same(made, make_demo(recordings=2, seconds=10, test_recordings=1, matched=True).test_labels)


def test_every_behavior_is_about_as_rare_as_in_the_real_task() -> None:
    real = dict(zip(BEHAVIORS, (0.030, 0.012, 0.055, 0.134, 0.0055, 0.060, 0.147), strict=True))
    for behavior, expected in real.items():
        assert expected / 2.5 < rate(moderate().test_labels[behavior]) < expected * 2.5, behavior


def change_over_bouts(behavior: str) -> Array:
    """By how much the distance of the two mice grows from the start to the end of every bout, in pixels."""
    changes = []
    for keypoints, labels in labelled(behavior):
        gap = distance(middle(keypoints, 0), middle(keypoints, 1))
        changes += [gap[stop - 1] - gap[start] for start, stop in runs(labels)]
    return np.array([change for change in changes if not np.isnan(change)])


def test_an_approach_brings_the_resident_to_the_intruder() -> None:
    changes = change_over_bouts(APPROACH)
    assert np.median(changes) < -80
    assert np.mean(changes < 0) > 0.85


def test_a_disengaging_resident_gets_away_from_the_intruder() -> None:
    changes = change_over_bouts(DISENGAGED)
    assert np.median(changes) > 40
    assert np.mean(changes > 0) > 0.85


def test_a_grooming_resident_sits_and_is_short() -> None:
    for keypoints, labels in labelled(GROOM):
        if labels.sum() > 60:
            step = np.concatenate(([np.nan] * 15, distance(middle(keypoints, 0)[15:], middle(keypoints, 0)[:-15])))
            assert median(step, labels) < 0.5 * median(step, 1 - labels)
            assert median(length(keypoints, 0), labels) < median(length(keypoints, 0), 1 - labels)


def test_grooming_is_rhythmic_and_sitting_is_not() -> None:
    grooming, sitting = ([s for k, y in labelled(GROOM) for s in rhythm(k, y, p)] for p in (1, 0))
    assert len(grooming) > 30
    assert len(sitting) > 30
    assert np.median(grooming) > 1.5 * np.median(sitting)


@pytest.mark.parametrize("behavior", [INTROMISSION, MOUNT_ATTEMPT])
def test_a_mounting_resident_stands_over_the_intruder_and_faces_its_way(behavior: str) -> None:
    gaps, turns = [], []
    for keypoints, labels in labelled(behavior):
        chosen = labels == 1
        gaps += list(distance(middle(keypoints, 0), middle(keypoints, 1))[chosen] / 110)
        turns += list(np.cos(heading(keypoints, 0) - heading(keypoints, 1))[chosen])
    assert np.nanmedian(gaps) < 0.5
    assert np.nanmedian(turns) > 0.9


def test_intromission_lasts_longer_than_a_mount_attempt() -> None:
    lasting, short = (
        np.median([stop - start for _, labels in labelled(behavior) for start, stop in runs(labels)])
        for behavior in (INTROMISSION, MOUNT_ATTEMPT)
    )
    assert lasting > 60 > short


def test_noses_meet_when_the_resident_sniffs_the_intruder_s_face() -> None:
    for keypoints, labels in labelled(SNIFF_FACE):
        noses = distance(keypoints[:, 0, :, 0], keypoints[:, 1, :, 0])
        if labels.sum() > 30:
            assert median(noses, labels) < 0.35 * np.nanmedian(length(keypoints, 0))
            assert median(noses, labels) < 0.4 * median(noses, 1 - labels)


def test_a_rearing_intruder_looks_short_and_stays_near_a_wall() -> None:
    ratios, nearer = [], []
    for keypoints, labels in labelled(REARING):
        x, y = middle(keypoints, 1).T
        wall = np.minimum(np.minimum(x, 1024 - x), np.minimum(y, 570 - y))
        ratios.append(median(length(keypoints, 1), labels) / median(length(keypoints, 1), 1 - labels))
        nearer.append(median(wall, labels) - median(wall, 1 - labels))
    assert max(ratios) < 0.95
    assert np.median(ratios) < 0.85
    assert np.median(nearer) < 0


def test_an_annotator_is_some_frames_off_and_never_misses_the_longest_bout() -> None:
    happens = np.zeros(600, dtype=bool)
    happens[100:110] = happens[300:340] = True
    marked = [annotate(happens, np.random.default_rng(seed)) for seed in range(200)]
    assert all(one[310:330].all() for one in marked)
    assert 0.1 < np.mean([not one[90:120].any() for one in marked]) < 0.4
    starts = [runs(one)[-1][0] for one in marked]
    assert max(starts) - min(starts) >= 6
    assert all(285 <= start <= 315 for start in starts)


def test_an_annotator_marks_nothing_where_nothing_happens() -> None:
    assert not annotate(np.zeros(50, dtype=bool), np.random.default_rng(0)).any()


def test_long_bouts_are_sometimes_marked_as_two() -> None:
    happens = np.zeros(400, dtype=bool)
    happens[50:350] = True
    bouts = [len(runs(annotate(happens, np.random.default_rng(seed)))) for seed in range(200)]
    assert set(bouts) == {1, 2}
    assert 0.04 < np.mean(np.array(bouts) == 2) < 0.25


def test_every_scene_is_followed_by_scenes_and_made_of_activities_that_exist() -> None:
    for scene in SCENES.values():
        assert scene.then.keys() <= SCENES.keys()
        assert {scene.resident, scene.intruder} <= {*STEERING, Activity.SOLO}
        assert scene.until in {"time", "contact", "near", "apart"}
        assert (scene.until == "time") == (scene.seconds > 0)
    assert SOLO_SECONDS.keys() <= STEERING.keys()
