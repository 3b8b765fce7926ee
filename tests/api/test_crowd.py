"""Behaviors of pairs and of one animal among several, from a dataset to labels of every pair."""

import json
import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness.choosing.ensembles import evidence_of
from harness.dataset import Dataset
from harness.demo.crowd import BEHAVIORS, Crowd, film
from harness.recording import ONE, PAIR, SCENE, UNKNOWN, Array, Recording, Skeleton
from harness.scores.metrics import Counts, count, total

FRAMES = 600


def films(first: int, count: int) -> list[Crowd]:
    return [film(f"box-{seed}", FRAMES, seed, mice=3) for seed in range(first, first + count)]


def dataset_of(crowds: list[Crowd], new: list[Crowd], *, swapped: bool = False) -> Dataset:
    """Chases by agent and target, or the other way round, and grooming."""
    labelled: dict[str, list[Recording]] = {behavior: [] for behavior in BEHAVIORS}
    for crowd in crowds:
        for behavior, scope in BEHAVIORS.items():
            for one in crowd.recording.examples(scope):
                seen = crowd.recording.seen_from(one.target, one.agent) if swapped else one
                labels = crowd.labels(behavior, seen)
                labelled[behavior].append(crowd.recording.seen_from(one.agent, one.target, labels))
    return Dataset(
        "crowd",
        {behavior: tuple(examples) for behavior, examples in labelled.items()},
        tuple(crowd.recording for crowd in new),
        scopes=BEHAVIORS,
    )


def pooled(labels: Mapping[str, Array], crowds: list[Crowd], *, swapped: bool = False) -> Counts:
    """Of chases, by direction."""
    found = []
    for crowd in crowds:
        for one in crowd.recording.examples(PAIR):
            pair = (one.target, one.agent) if swapped else (one.agent, one.target)
            found.append(count(labels[one.id], crowd.chase[pair]))
    return total(found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crowd")


def searched(dataset: Dataset, name: str, folder: Path) -> harness.Run:
    return harness.search(
        dataset,
        trials=1,
        features=["social_geometry", "kinematics"],
        models=["lightgbm"],
        workers=1,
        results=folder / name,
        cache=folder / "cache",
    )


@pytest.fixture(scope="module")
def run(folder: Path) -> harness.Run:
    return searched(dataset_of(films(0, 3), films(10, 2)), "run", folder)


@pytest.fixture(scope="module")
def detectors(run: harness.Run, folder: Path) -> harness.Detectors:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        harness.export_best(run, folder / "labels.npy", models=folder / "models", workers=1, cache=folder / "cache")
    return harness.open_detectors(folder / "models")


def test_who_chases_whom_is_found_and_not_only_that_two_run(detectors: harness.Detectors, folder: Path) -> None:
    new = films(10, 2)
    labels = np.load(folder / "labels.npy", allow_pickle=True).item()
    assert {behavior: len(theirs) for behavior, theirs in labels.items()} == {"chase": 12, "groom": 6}
    by_direction = pooled(labels["chase"], new)
    either = {one.id: np.zeros(FRAMES, np.int8) for crowd in new for one in crowd.recording.examples(PAIR)}
    for crowd in new:
        for one in crowd.recording.examples(PAIR):
            either[one.id] = np.maximum(crowd.chase[one.agent, one.target], crowd.chase[one.target, one.agent])
    # Who knows all chases, but not who chases, claims both directions: half of the claims are right.
    assert pooled(either, new).f1 == pytest.approx(2 / 3)
    assert by_direction.f1 > 0.8
    assert pooled(labels["chase"], new, swapped=True).f1 < 0.2


def test_animals_of_other_names_are_labelled_by_their_names(detectors: harness.Detectors) -> None:
    (crowd,) = films(10, 1)
    names = dict(zip(crowd.recording.names, ("mouse2", "mouse1", "mouse3"), strict=True))
    renamed = replace(crowd.recording, names=tuple(names.values()))
    before, after = (detectors.predict([one], workers=1) for one in (crowd.recording, renamed))
    for one in crowd.recording.examples(PAIR):
        other = renamed.seen_from(names[one.agent], names[one.target])
        np.testing.assert_array_equal(before["chase"][one.id], after["chase"][other.id])
    chased = before["chase"]["box-10 (mouse1 to mouse2)"], before["chase"]["box-10 (mouse2 to mouse1)"]
    assert not np.array_equal(*chased)


def test_agents_and_targets_that_change_places_in_the_labels_do_so_in_what_is_found(folder: Path) -> None:
    new = films(10, 2)
    run = searched(dataset_of(films(0, 3), new, swapped=True), "swapped", folder)
    labels = harness.fit(run, workers=1, cache=folder / "cache").predict([one.recording for one in new], workers=1)
    assert pooled(labels["chase"], new, swapped=True).f1 > 0.8
    assert pooled(labels["chase"], new).f1 < 0.2


def test_a_detector_asks_for_whom(detectors: harness.Detectors) -> None:
    (crowd,) = films(10, 1)
    example = crowd.recording.seen_from("mouse3", "mouse1")
    labels = detectors.predict([crowd.recording], workers=1)
    np.testing.assert_array_equal(detectors["chase"].predict(example), labels["chase"][example.id])
    with pytest.raises(harness.HarnessError, match=r"^box-10: chase asks for recording.seen_from\(agent, target\)$"):
        detectors["chase"].predict(crowd.recording)
    with pytest.raises(harness.HarnessError, match=r"groom asks for recording.seen_from\(animal, animal\)$"):
        detectors["groom"].predict(example)
    alone = replace(crowd.recording, keypoints=crowd.recording.keypoints[:, :1], names=("mouse1",))
    with pytest.raises(harness.HarnessError, match="box-10: 1 animal, expected 2 or more for pairs"):
        detectors.predict([alone], workers=1)


def test_only_the_pairs_that_are_asked_for_are_labelled(detectors: harness.Detectors) -> None:
    (crowd,) = films(10, 1)
    every = detectors.predict([crowd.recording], workers=1)
    asked = [crowd.recording.seen_from("mouse3", "mouse1"), crowd.recording.seen_from("mouse2", "mouse2")]
    parts = crowd.recording.keypoints[:, :, :, ::-1]
    names = crowd.recording.skeleton.keypoints
    roles = {role: len(names) - 1 - place for role, place in crowd.recording.skeleton.roles.items()}
    other = replace(crowd.recording, keypoints=parts, skeleton=Skeleton(names[::-1], roles))
    for some in (asked, [other.seen_from(one.agent, one.target) for one in asked]):
        found = detectors.predict(some, workers=1)
        assert {behavior: list(theirs) for behavior, theirs in found.items()} == {
            "chase": ["box-10 (mouse3 to mouse1)"],
            "groom": ["box-10 (mouse2)"],
        }
        for behavior, theirs in found.items():
            for name, labels in theirs.items():
                np.testing.assert_array_equal(labels, every[behavior][name])


def test_all_examples_of_a_recording_are_held_out_together(run: harness.Run) -> None:
    (record,) = (one for one in run.records() if one.behavior == "chase")
    assert len(record.counts) == 3  # recordings, of six pairs each
    assert (run.amounts["chase"].recordings, run.amounts["chase"].groups) == (3, 3)


# Examples


def test_examples_show_the_same_poses_without_a_copy() -> None:
    (crowd,) = films(0, 1)
    for one in (*crowd.recording.examples(PAIR), *crowd.recording.examples(ONE), *crowd.recording.examples(SCENE)):
        assert np.shares_memory(one.keypoints, crowd.recording.keypoints)
    names = crowd.recording.names
    for agent, target in ((0, 1), (1, 0), (2, 0), (0, 2), (1, 1)):
        example = crowd.recording.seen_from(names[agent], names[target])
        expected = crowd.recording.keypoints[:, [agent, target]]
        np.testing.assert_array_equal(example.keypoints, expected)
        (*others,) = [animal for animal in range(3) if animal not in (agent, target)]
        np.testing.assert_array_equal(np.stack(example.others, 1), crowd.recording.keypoints[:, others])
    digests = [one.digest for scope in (PAIR, ONE, SCENE) for one in crowd.recording.examples(scope)]
    assert len(set(digests)) == len(digests) == 10


def test_examples_are_sent_with_their_poses_once() -> None:
    (crowd,) = films(0, 1)
    examples = crowd.recording.examples(PAIR)
    sent = pickle.dumps(examples)
    assert len(sent) < 1.2 * len(pickle.dumps(crowd.recording))
    for before, after in zip(examples, pickle.loads(sent), strict=True):
        assert after.digest == before.digest
        np.testing.assert_array_equal(after.keypoints, before.keypoints)
        np.testing.assert_array_equal(after.others[0], before.others[0])


def test_an_example_whose_poses_were_changed_is_sent_as_it_is() -> None:
    (crowd,) = films(0, 1)
    example = crowd.recording.seen_from("mouse2", "mouse1")
    changed = replace(example, keypoints=example.keypoints + 1)
    assert changed.digest != example.digest
    after = pickle.loads(pickle.dumps(changed))
    np.testing.assert_array_equal(after.keypoints, changed.keypoints)
    np.testing.assert_array_equal(after.others[0], example.others[0])
    sure = replace(example, confidence=np.ones((FRAMES, 2, 7), np.float32))
    assert sure.digest != example.digest
    assert pickle.loads(pickle.dumps(sure)).confidence.shape == (FRAMES, 2, 7)


def test_a_program_that_mixes_up_whom_a_behavior_is_of_is_told(tmp_path: Path) -> None:
    dataset = dataset_of(films(0, 1), [])
    mixed = replace(dataset, labelled={"chase": dataset.labelled["groom"]}, scopes={"chase": PAIR})
    with pytest.raises(harness.DataError, match=r"expected what recording.seen_from\(agent, target, labels\) gives"):
        harness.search(mixed, trials=1, results=tmp_path / "run", cache=tmp_path)


def test_unknown_frames_of_a_pair_are_of_that_pair_alone() -> None:
    (crowd,) = films(0, 1)
    labels = np.full(FRAMES, UNKNOWN, np.int8)
    example = crowd.recording.seen_from("mouse1", "mouse2", labels)
    assert example.labelled_frames == 0
    assert crowd.recording.labels is None


# Acts that exclude each other


def test_of_two_acts_that_exclude_each_other_a_frame_has_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rest` is the second after a chase, which looks much like its end."""
    monkeypatch.chdir(tmp_path)
    crowds, new = films(0, 3), films(10, 1)
    both = dataset_of(crowds, new)
    chases = both.labelled["chase"]

    def after(one: Recording) -> Recording:
        chased = one.known_labels == 1
        late = np.concatenate([np.zeros(30, bool), chased[:-30]])
        return replace(one, labels=(late & ~chased).astype(np.int8))

    dataset = replace(
        both,
        labelled={"chase": chases, "rest": tuple(map(after, chases))},
        scopes={"chase": PAIR, "rest": PAIR},
        exclusive=True,
    )
    said: list[str] = []
    run = searched(dataset, "exclusive", tmp_path)
    out = harness.export_best(run, "labels.npy", models="models", workers=1, cache=tmp_path / "cache", say=said.append)
    (line,) = (line for line in said if line.startswith("behaviors exclude each other; "))
    assert out.manifest is not None
    overlaps = json.loads(out.manifest.read_text())["overlaps"]
    assert f"mean F1 {overlaps['f1']:.3f} instead of {overlaps['f1_without']:.3f}" in line
    assert overlaps["rule"] in ("ratio", "log-odds")
    assert overlaps["f1"] >= overlaps["f1_without"]
    assert overlaps["frames"] > 0
    labels = np.load("labels.npy", allow_pickle=True).item()
    for example in labels["chase"]:
        assert max(np.add(labels["chase"][example], labels["rest"][example])) <= 1
    detectors = harness.open_detectors("models")
    again = detectors.predict([new[0].recording], workers=1)
    for behavior, one in (("chase", "mouse1"), ("rest", "mouse3")):
        example = new[0].recording.seen_from(one, "mouse2")
        np.testing.assert_array_equal(again[behavior][example.id], labels[behavior][example.id])
        np.testing.assert_array_equal(detectors[behavior].predict(example), labels[behavior][example.id])
    plain = json.loads(Path("models/models.json").read_text())
    Path("models/models.json").write_text(json.dumps(plain | {"overlaps": "whoever"}))
    with pytest.raises(harness.HarnessError, match="overlaps 'whoever', expected none or ratio or log-odds"):
        list(harness.open_detectors("models"))


def test_other_behaviors_of_a_recording_have_no_say_where_it_is_judged(run: harness.Run) -> None:
    """Advice from elsewhere is told without the recording that is judged, whoever its examples are of."""
    labelled = run.dataset().labelled
    records = {name: [one for one in run.records() if one.behavior == name] for name in labelled}
    sources = {
        name: evidence_of(run.stored.out_of_fold, records[name], group).sources for name, group in labelled.items()
    }
    assert len(set(sources["chase"])) == len(set(sources["groom"])) == 3
    assert set(sources["chase"]) == set(sources["groom"])
    caged = [replace(one, group="cage 1") for one in labelled["groom"]]
    assert set(evidence_of(run.stored.out_of_fold, records["groom"], caged).sources) == {"group cage 1"}


def test_what_a_score_is_to_be_of_shows_nothing_that_was_learned(tmp_path: Path) -> None:
    """Truth goes by example; the recording that these are of is a copy of one that is labelled."""
    crowd, dataset = films(0, 1)[0], dataset_of(films(0, 2), [])
    keypoints = crowd.recording.keypoints + np.random.default_rng(0).normal(0, 0.1, crowd.recording.keypoints.shape)
    copy = replace(crowd.recording, id="copy", keypoints=keypoints.astype(np.float32))
    truth = {"chase": {one.id: crowd.chase[one.agent, one.target] for one in copy.examples(PAIR)}}
    with pytest.raises(
        harness.DataError, match=r"copy: shows the same footage as box-0 .*, which is trained on; leave"
    ):
        harness.search(replace(dataset, unlabelled=(copy,), truth=truth), trials=1, results=tmp_path, cache=tmp_path)
