"""Detectors that were kept earlier as columns: what they add, and that nothing leaks through them."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.choosing.selection import log_odds
from harness.cli import main
from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.files.arrays import bytes_of
from harness.labelling import helpers
from harness.labelling.detectors import FILE, TAUGHT, reliability_in
from harness.labelling.helpers import PREFIX, HelperModels
from harness.labelling.taught import marks_of, marks_of_all, shows
from harness.plugins.registry import FEATURES
from harness.recording import Array, Recording
from tests.toy import toy_recordings

FAST: dict[str, Any] = {"models": ["lightgbm"], "features": ["kinematics", "social_geometry"], "workers": 2}


def named(recordings: list[Recording], prefix: str) -> tuple[Recording, ...]:
    return tuple(replace(one, id=f"{prefix}-{number}") for number, one in enumerate(recordings))


def kept(folder: Path, dataset: Dataset, trials: int = 2) -> Path:
    """Detectors of all behaviors of a dataset."""
    run = harness.search(dataset, trials=trials, results=folder / f"{dataset.name}-run", **FAST)
    return harness.fit(run, data=dataset, workers=2).save(folder / f"{dataset.name}-models")


def on_helpers(dataset: Dataset, models: Path, folder: str, *besides: str, model: str = "lightgbm") -> harness.Run:
    """A search on what helpers say, and on feature sets besides."""
    sets = [HelperModels.read(models).name, *besides]
    return harness.search(dataset, trials=3, models=[model], features=sets, plugins=[models], results=folder, workers=2)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registries: None) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path


def elsewhere(name: str, seed: int, count: int = 4) -> Dataset:
    """`approach` in recordings of its own."""
    return Dataset(name, {"approach": named(toy_recordings(count, 300, seed=seed), name)}, ())


# What they say


def test_what_helpers_say_is_what_they_say_alone(here: Path) -> None:
    models = kept(here, elsewhere("old", 5))
    new = elsewhere("new", 6).labelled["approach"][0]
    brought = HelperModels.read(models)
    brought.load()
    helper = FEATURES[brought.name]
    columns = helper.function(new, helper.learned([], {}))
    told = harness.open_detectors(models)["approach"].predict_proba(new)[:, 1]
    assert list(columns) == ["says approach"]
    inside = np.clip(told, 1e-4, 1 - 1e-4)
    shift = reliability_in(models)["approach"].shift
    calibrated = np.clip(columns["says approach"] + shift, log_odds(1e-4), log_odds(1 - 1e-4))
    assert calibrated == pytest.approx(np.log(inside / (1 - inside)), abs=1e-3)
    assert helper.reach_seconds >= 3.0


def test_a_detector_of_the_same_behavior_helps_where_one_recording_is_labelled(here: Path) -> None:
    """With helpers a search of one model on what they say alone is as good as they are."""
    models = kept(here, elsewhere("old", 5, count=6))
    new = elsewhere("new", 8, count=2)
    run = on_helpers(new, models, "with", model="logistic_regression")
    assert max(one.pooled.f1 for one in run.records() if one.complete) > 0.8


def test_models_that_were_made_with_helpers_label_without_them(here: Path) -> None:
    models = kept(here, elsewhere("old", 5))
    new = elsewhere("new", 6)
    name = HelperModels.read(models).name
    run = on_helpers(new, models, "with", "kinematics")
    both = harness.fit(run, data=new, workers=2).save(here / "both")
    (unseen,) = named(toy_recordings(1, 300, seed=9), "unseen")
    before = harness.predict(both, [unseen], workers=2)
    for one in [one for one in FEATURES if one.startswith(PREFIX)]:
        del FEATURES[one]
    helpers.OPENED.clear()
    for path in sorted(models.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    after = harness.predict(both, [unseen], workers=1)
    np.testing.assert_array_equal(after["approach"]["unseen-0"], before["approach"]["unseen-0"])
    assert HelperModels.read(both).name != name


def test_the_command_line_takes_helpers_and_asks_for_them_again(
    toy_place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = kept(toy_place, elsewhere("old", 5)).resolve()
    search = ["search", "--data", "data", "--trials", "1", "--features", "kinematics", "--model", "lightgbm"]
    assert main([*search, "--helpers", str(models), "--results", "run"]) == 0
    name = HelperModels.read(models).name
    assert f"{name}: what detectors of approach say" in capsys.readouterr().err
    del FEATURES[name]
    export = ["export-best", "--data", "data", "--results", "run"]
    assert main(export) == 2
    assert f"the run needs the plugin '{name}'; give --helpers {models} again" in capsys.readouterr().err
    assert main([*export, "--helpers", str(models)]) == 0


# What must not leak


def by_chance(recordings: tuple[Recording, ...], seed: int) -> tuple[Recording, ...]:
    """The same poses with bouts at random, which nothing but memory can tell."""
    chance = np.random.default_rng(seed)
    labelled = []
    for one in recordings:
        labels = np.zeros(one.frames, np.int8)
        for start in chance.choice(one.frames - 20, 4, replace=False):
            labels[start : start + 15] = 1
        labelled.append(replace(one, labels=labels))
    return tuple(labelled)


def best_f1(dataset: Dataset, models: Path, folder: str) -> float:
    """Of a search on what the helpers say."""
    return max(one.pooled.f1 for one in on_helpers(dataset, models, folder).records() if one.complete)


def forgetful(models: Path, folder: Path) -> Path:
    """The same detectors, that do not know any more what taught them."""
    shutil.copytree(models, folder)
    nothing = bytes_of({"marks": np.zeros(0, np.uint64)})
    plain = json.loads((folder / FILE).read_text())
    plain["sha256"][TAUGHT] = hashlib.sha256(nothing).hexdigest()
    (folder / TAUGHT).write_bytes(nothing)
    (folder / FILE).write_text(json.dumps(plain))
    return folder


def test_labels_that_helpers_have_learned_by_heart_do_not_come_back(here: Path) -> None:
    """A planted leak: chance labels of five of seven recordings, for detectors of `first` and again for `second`."""
    every = by_chance(named(toy_recordings(7, 300, seed=4), "r"), 1)
    models = kept(here, Dataset("old", {"first": every[:5]}, ()))
    new = Dataset("new", {"second": every}, ())
    assert best_f1(new, models, "guarded") < 0.4
    assert best_f1(new, forgetful(models, here / "forgetful"), "leaking") > 0.6


def test_helpers_of_helpers_pass_on_what_taught_them(here: Path) -> None:
    first, second, third = (elsewhere(name, seed, 3) for name, seed in (("a", 1), ("b", 2), ("c", 3)))
    of_first = kept(here, first)
    run = on_helpers(second, of_first, "second")
    both = harness.fit(run, data=second, workers=2).save(here / "both")
    brought = HelperModels.read(both)
    brought.load()
    refusals = [FEATURES[brought.name].refusal(*one.labelled["approach"]) for one in (first, second, third)]
    assert [reason is None for reason in refusals] == [False, False, True]


# Refusals


def test_helpers_that_can_tell_nothing_are_refused_and_said(here: Path) -> None:
    old = elsewhere("old", 5)
    models = kept(here, old)
    with pytest.raises(HarnessError) as refused:
        harness.search(old, trials=1, plugins=[models], results="again")
    assert str(refused.value) == (
        f"--helpers {models}: has learned from all of these recordings, of which it could only repeat what it was told"
    )
    lines: list[str] = []
    mixed = Dataset(
        "mixed", {"approach": (*old.labelled["approach"][:1], *elsewhere("new", 6).labelled["approach"])}, ()
    )
    name = HelperModels.read(models).name
    harness.search(mixed, trials=1, plugins=[models], results="mixed", say=lines.append, **FAST)
    assert f"{name}: what detectors of approach say" in lines
    assert f"{name}: missing in old-0, which taught them" in lines


def test_detectors_that_do_not_say_what_taught_them_are_refused(here: Path) -> None:
    models = kept(here, elsewhere("old", 5))
    plain = (models / FILE).read_text()
    start = plain.index(f'  "{TAUGHT}"')
    (models / FILE).write_text(plain[:start].rstrip().rstrip(",") + "\n }\n}\n")
    with pytest.raises(HarnessError) as refused:
        HelperModels.read(models)
    assert str(refused.value) == (
        f"--helpers {models}: kept by an earlier version, which did not say what they learned from; "
        "make them anew with export-best --models"
    )


def test_a_folder_without_detectors_is_refused(here: Path) -> None:
    (here / "empty").mkdir()
    with pytest.raises(HarnessError, match=r"empty/models\.json: cannot be read"):
        harness.search(elsewhere("new", 6), trials=1, plugins=["empty"])


# Footage is known again

ONE = toy_recordings(1, 400, missing=0, seed=11)[0]


@given(st.integers(0, 340), st.integers(60, 400), st.permutations(range(2)))
def test_footage_is_known_again_however_it_is_cut_and_ordered(start: int, length: int, order: list[int]) -> None:
    part = replace(ONE, id="other", keypoints=ONE.keypoints[start : start + length, order], labels=None)
    assert shows(part, marks_of(ONE))


def test_other_footage_is_not_taken_for_it() -> None:
    others = toy_recordings(20, 400, missing=0.1, seed=12)
    still = replace(ONE, keypoints=np.zeros_like(ONE.keypoints))
    nothing = replace(ONE, keypoints=np.full_like(ONE.keypoints, np.nan))
    marks = marks_of_all([ONE, still, nothing])
    assert not any(shows(one, marks) for one in (*others, still, nothing))
    assert len(marks_of(still)) == len(marks_of(nothing)) == 0


def test_about_one_mark_in_eight_is_kept_of_what_was_seen() -> None:
    def count(keypoints: Array) -> int:
        return len(marks_of(replace(ONE, keypoints=keypoints)))

    halved = ONE.keypoints.copy()
    halved[:, 1, 0, 3] = np.nan
    assert 60 < count(ONE.keypoints) < 145
    assert 25 < count(halved) < 80
