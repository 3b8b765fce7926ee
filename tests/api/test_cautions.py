"""What of the labels makes scores worth less is said at the start, in the leaderboard and in the report."""

from pathlib import Path

import numpy as np
import pytest

from harness.cli import main
from tests.data.test_copies import walk, write


def test_a_handful_of_negatives_is_said_wherever_scores_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    few = (np.arange(300) >= 2).astype(int)
    entries = {name: {"keypoints": walk(seed, 300), "annotations": few} for seed, name in enumerate("abc")}
    write(tmp_path, {"huddle": entries})
    caution = "huddle: only 6 of 900 labelled frames are without it, so a score can hardly be wrong"
    words = ["--model", "extra_trees", "--features", "social_geometry", "--trials", "1", "--workers", "1"]
    assert main(["search", "--data", ".", "--results", "run", *words]) == 0
    said = capsys.readouterr().err
    assert f"note: {caution}" in said
    assert main(["leaderboard", "--results", "run", "--format", "markdown"]) == 0
    assert caution in capsys.readouterr().out
    assert main(["report", "--results", "run", "--out", "page.html"]) == 0
    assert "only 6 of 900 labelled frames are without it" in (tmp_path / "page.html").read_text(encoding="utf-8")
