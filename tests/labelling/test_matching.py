"""Kept models, with recordings and libraries that are not those that they were fitted with."""

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.dataset import Dataset
from harness.labelling.matching import alike, beyond, body_of, lines_about
from harness.plugins import Columns, feature_set
from harness.plugins.loading import load_plugins
from harness.recording import CALMS21, Recording, Skeleton
from tests.toy import BODY, toy_dataset, toy_recordings, with_confidence


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matching")
    dataset = Dataset("toy", {"approach": tuple(toy_recordings(2, 150))}, ())
    settings: dict[str, Any] = {"models": ["extra_trees"], "features": ["social_geometry"], "trials": 1, "workers": 1}
    with pytest.MonkeyPatch.context() as shell:
        shell.chdir(folder)
        run = harness.search(dataset, results="run", cache="cache", **settings)
        harness.fit(run, cache="cache", workers=1).save("models")
    return folder / "models"


@pytest.fixture
def models(fitted: Path, tmp_path: Path) -> Path:
    """Those models, to be changed."""
    shutil.copytree(fitted, tmp_path / "models")
    return tmp_path / "models"


def changed(models: Path, part: str, name: str, value: str | None) -> None:
    """Let the models say that they were made with something else; None for a folder that says nothing of it."""
    plain = json.loads((models / "models.json").read_text())
    if value is None:
        del plain["made_with"]
    else:
        table = plain["made_with"][part] if part == "versions" else plain["made_with"]["plugins"][part]
        assert name in table
        table[name] = value
    (models / "models.json").write_text(json.dumps(plain))


def turned(recording: Recording, names: Sequence[str]) -> Recording:
    order = [CALMS21.keypoints.index(name) for name in names]
    skeleton = Skeleton(tuple(names), {name: place for place, name in enumerate(names)})
    return replace(recording, keypoints=recording.keypoints[..., order], skeleton=skeleton)


def test_keypoints_in_another_order_are_put_in_order_by_name(fitted: Path) -> None:
    recording = with_confidence(toy_recordings(1, 120, seed=3)[0])
    expected = harness.predict(fitted, [recording], workers=1)["approach"]["toy-0"]
    assert expected.any()
    other = turned(replace(recording, confidence=None), CALMS21.keypoints[::-1])
    assert not np.array_equal(other.keypoints, recording.keypoints)
    np.testing.assert_array_equal(harness.predict(fitted, [other], workers=1)["approach"]["toy-0"], expected)
    detector = harness.open_detectors(fitted)["approach"]
    np.testing.assert_array_equal(detector.predict_proba(other), detector.predict_proba(recording))


def test_what_is_missing_or_too_much_is_named_with_its_recordings(fitted: Path) -> None:
    bodies = toy_recordings(5, 60)
    names = ("snout", *CALMS21.keypoints[1:])
    others = [replace(one, skeleton=Skeleton(names, {"nose": 0})) for one in bodies[:4]]
    alone = replace(bodies[4], keypoints=bodies[4].keypoints[:, :1])
    with pytest.raises(harness.HarnessError) as caught:
        harness.predict(fitted, [*others, alone], workers=1)
    assert caught.value.lines == (
        "toy-0, toy-1, toy-2 and 1 more: without the keypoints nose and with the keypoints snout too many; nose, "
        f"left_ear, right_ear and 4 more are known to the models in {fitted}",
        f"toy-4: 1 animal, expected 2 as learned by the models in {fitted}",
    )
    unnamed = replace(bodies[0], skeleton=Skeleton.unnamed(7))
    with pytest.raises(harness.HarnessError, match=r"^toy-0: keypoints without names; a dataset\.toml beside the file"):
        harness.predict(fitted, [unnamed], workers=1)
    roles = replace(bodies[0], skeleton=Skeleton(CALMS21.keypoints, dict(CALMS21.roles) | {"nose": 1}))
    with pytest.raises(harness.HarnessError, match="toy-0: the role nose is played by left_ear, expected nose; "):
        harness.predict(fitted, [roles], workers=1)


def test_what_was_filmed_otherwise_is_refused_where_columns_depend_on_it(tmp_path: Path) -> None:
    load_plugins()
    learned = toy_recordings(2, 60)
    body = body_of(toy_dataset(approach=learned))
    assert body["fps"] == [30.0, 30.0]
    larger = [replace(one, keypoints=one.keypoints * 2) for one in learned]
    faster = [replace(one, fps=60.0) for one in learned]
    low, high = body["body_pixels"]
    assert 1.4 * BODY < low <= high < 1.5 * BODY  # from the tail base to the nose
    assert beyond(larger, body, ["social_geometry", "kinematics"], "models") == []
    assert beyond(faster, body, ["social_geometry", "raw_pose"], "models") == []
    (line,) = beyond(larger, body, ["social_geometry", "raw_pose"], "models")
    assert re.fullmatch(
        r"toy-0, toy-1: 11\d pixels from rear to front, 5\d(\.\d)?( to 5\d(\.\d)?)? where the models in models were "
        r"learned, and columns of raw_pose depend on it; `harness calibrate` fits models to another rig",
        line,
    )
    assert beyond([replace(one, keypoints=one.keypoints * 1.1) for one in learned], body, ["raw_pose"], "models") == []
    old = {key: value for key, value in body.items() if key not in ("fps", "body_pixels")}  # of an earlier version
    assert beyond(larger, old, ["raw_pose"], "models") == []


def test_the_rate_of_frames_matters_to_sets_that_do_not_say_otherwise(registries: None) -> None:
    @feature_set("steps")
    def steps(recording: Recording) -> Columns:
        """How far the animals move from one frame to the next."""
        return {"steps": np.zeros(recording.frames)}

    learned = toy_recordings(2, 60)
    faster = [replace(one, fps=60.0) for one in learned]
    assert beyond(faster, body_of(toy_dataset(approach=learned)), ["steps"], "models") == [
        "toy-0, toy-1: 60 frames a second, 30 where the models in models were learned, and columns of steps depend on "
        "it; --fps says the right one, if it is not; `harness calibrate` fits models to another rig"
    ]


def test_models_of_pixels_are_refused_another_scale_until_they_are_calibrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    data = toy_dataset(approach=toy_recordings(2, 150))
    settings: dict[str, Any] = {"models": ["logistic_regression"], "features": ["raw_pose"], "trials": 1, "workers": 1}
    harness.fit(harness.search(data, results="run", cache="cache", **settings), cache="cache", workers=1).save("models")
    other = [replace(one, id=f"new-{one.id}", keypoints=one.keypoints * 2) for one in toy_recordings(2, 150, seed=4)]
    with pytest.raises(harness.HarnessError, match=r"^new-toy-0, new-toy-1: [\d.]+ pixels from rear to front, "):
        harness.predict("models", other, workers=1)
    harness.calibrate("models", toy_dataset(approach=other), "calibrated", workers=1)
    assert harness.predict("calibrated", other, workers=1).keys() == {"approach"}


def test_another_version_of_a_library_is_a_note_and_another_plugin_a_refusal(models: Path) -> None:
    recordings, said = toy_recordings(1, 60), list[str]()
    expected = harness.predict(models, recordings, workers=1, say=said.append)
    assert not said
    changed(models, "versions", "lightgbm", "4.0.0")
    found = harness.predict(models, recordings, workers=1, say=said.append)
    np.testing.assert_array_equal(found["approach"]["toy-0"], expected["approach"]["toy-0"])
    (line,) = said
    assert line.startswith(f"note: {models}: made with lightgbm 4.0.0, now ")
    assert line.endswith("; `pip install 'lightgbm==4.0.0'` has what there was")
    changed(models, "features", "social_geometry", "another")
    with pytest.raises(harness.HarnessError) as caught:
        harness.predict(models, recordings, "labels.npy", workers=1)
    (line,) = caught.value.lines
    assert line.startswith(f"{models}: the code of 'social_geometry' is not what it was when they were fitted; give ")
    with pytest.raises(harness.HarnessError, match="the code of 'social_geometry' is not what it was"):
        harness.open_detectors(models)


def test_a_model_that_cannot_be_read_says_with_which_version_it_was_made(models: Path) -> None:
    changed(models, "versions", "scikit-learn", "0.1")
    plain = json.loads((models / "models.json").read_text())
    plain["behaviors"][0]["members"][0]["pipeline"] = {}
    (models / "models.json").write_text(json.dumps(plain))
    with pytest.raises(harness.HarnessError, match=r"; made with scikit-learn 0\.1, now .*; `pip install "):
        harness.open_detectors(models).behaviors  # noqa: B018 - reads them


def test_models_that_do_not_say_what_made_them_are_used(models: Path) -> None:
    changed(models, "", "", None)
    assert harness.predict(models, toy_recordings(1, 60), workers=1).keys() == {"approach"}


def test_confidence_that_was_learned_from_is_missing_where_there_is_none_and_said() -> None:
    (learned,) = toy_recordings(1, 60)
    body = body_of(toy_dataset(approach=[with_confidence(learned)]))
    (ready,) = alike([learned], body, "models")
    assert ready.confidence is not None
    assert np.isnan(ready.confidence).all()
    assert lines_about([learned], body) == [
        f"{learned.id}: without the tracker's confidence, which was learned from; missing there"
    ]
    assert lines_about([with_confidence(learned)], body) == []


def test_a_size_of_the_image_that_was_known_is_asked_for() -> None:
    (learned,) = toy_recordings(1, 60)
    sized = replace(learned, image_size=(640, 480))
    unsized = replace(learned, image_size=None)
    (line,) = lines_about([unsized, sized], body_of(toy_dataset(approach=[sized])))
    assert line.startswith(f"{learned.id}: without the size of the image, which was known where was learned from")
    assert lines_about([unsized, sized], body_of(toy_dataset(approach=[unsized]))) == []
    (ready,) = alike([sized], body_of(toy_dataset(approach=[unsized])), "models")
    assert ready.image_size is None
