"""Recordings of one animal are held out together: what tells animals apart is not what tells behaviors."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.cli import main
from harness.dataset import Dataset
from tests.data.test_copies import write
from tests.toy import toy_recordings

COINS, DAYS, FRAMES = (0, 1, 1, 0), 4, 120


def of_animals() -> Dataset:
    """Four recordings of each of four animals. On a coin that was tossed for the animal, nearly all of its frames are
    labelled, or nearly none; each animal has a hip of its own, so that a model can learn the coins.
    """
    recordings = []
    for animal, coin in enumerate(COINS):
        for day, one in enumerate(toy_recordings(DAYS, FRAMES, seed=100 + animal, missing=0.0)):
            keypoints = one.keypoints.copy()
            neck, hip = keypoints[:, :, :, 3], keypoints[:, :, :, 4]
            keypoints[:, :, :, 4] = hip + (hip - neck) * (0.4 * animal)
            labels = (np.random.default_rng([animal, day]).random(FRAMES) < (0.05, 0.95)[coin]).astype(np.int8)
            recordings.append(replace(one, id=f"m{animal}-{day}", keypoints=keypoints, labels=labels))
    return Dataset("animals", {"coin": tuple(recordings)}, ())


def test_labels_that_are_chance_for_each_animal_are_near_one_by_recording_and_near_chance_by_animal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    common: dict[str, Any] = {"trials": 1, "features": ["egocentric_pose"], "models": ["lightgbm"], "workers": 1}
    said: list[str] = []
    by_recording = harness.search(of_animals(), results="recordings", **common)
    by_animal = harness.search(of_animals(), group_by=r"^(m\d)", results="animals", say=said.append, **common)
    (one,), (other,) = by_recording.records(), by_animal.records()
    assert one.pooled.f1 > 0.9
    claiming_all = by_animal.amounts["coin"].claiming_all
    assert other.pooled.f1 < claiming_all + 0.02 < 0.72
    assert [len(record.counts) for record in (one, other)] == [16, 4]
    assert "held out by group; coin: 4 groups of 16 recordings, 4 show it" in said


def test_groups_are_part_of_what_a_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    labels = (np.arange(120) // 20 % 2).astype(np.int8)
    made = {f"m{n // 2}-{n}": one for n, one in enumerate(toy_recordings(6, 120, seed=5))}
    entries = {name: {"keypoints": one.keypoints, "annotations": labels} for name, one in made.items()}
    write(tmp_path, {"groom": entries}, {"new": {"keypoints": toy_recordings(1, 90, seed=9)[0].keypoints}})
    words = ["search", "--data", ".", "--model", "extra_trees", "--features", "place_and_time", "--workers", "1"]
    words += ["--trials", "1"]
    assert main([*words, "--results", "run", "--group-by", "^(m[0-9])"]) == 0
    assert main([*words, "--results", "run", "--group-by", "^(m[0-9])"]) == 0
    capsys.readouterr()
    assert main([*words, "--results", "run"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "was searched with recordings held out by ^(m[0-9]), now by their own groups; repeat --group-by" in line
    assert main(["export-best", "--results", "run"]) == 0  # reads the data anew, and finds them as they were
    for command in ("leaderboard", "learning-curve"):
        assert main([command, "--results", "run"]) == 0
        assert "held out by group; groom: 3 groups of 6 recordings, 3 show it" in capsys.readouterr().out
    assert main(["report", "--results", "run"]) == 0
    page = Path("report.html").read_text(encoding="utf-8")
    assert "Recordings were held out by group; groom: 3 groups of 6 recordings" in page
    assert main([*words, "--results", "other"]) == 0
    assert main(["compare", "run", "other"]) == 2
    assert "held recordings out by ^(m[0-9]) and by their own groups" in capsys.readouterr().err
    assert main(["compare", "run", "run"]) == 0
    assert "held out by group; groom: 3 groups of 6 recordings, 3 show it" in capsys.readouterr().err
