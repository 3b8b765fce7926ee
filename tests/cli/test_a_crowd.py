"""From the demo of a crowd to a page about it, command by command, as somebody would try it."""

from pathlib import Path

import numpy as np
import pytest

from harness.cli import main

pytest.importorskip("plotly", reason="the report draws with it")

Captured = pytest.CaptureFixture[str]


def test_every_command_takes_the_demo_of_a_crowd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))

    def said(command: str) -> str:
        assert main(command.split()) == 0, command
        return "".join(capsys.readouterr())

    sizes = "--recordings 2 --seconds 12 --test-recordings 1"
    assert said(f"demo-data crowd --crowd {sizes}").endswith("next: harness search --data crowd\n")
    assert said("doctor crowd").endswith("crowd: 2 findings, 2 odd\n")  # of each behavior, that two groups say little
    words = said("search --data crowd --trials 1 --features kinematics --model logistic_regression --workers 1")
    assert "data: crowd, 2 behaviors, 2 labelled recordings (32 examples of animals and pairs), 11,520 frames" in words
    assert "chase" in said("leaderboard")
    assert "wrote submission.npy (2 behaviors, 1 recording)" in said("export-best --workers 1 --models models")
    assert said("check submission.npy --data crowd").endswith(
        ": fine; all that crowd asks for, 2 behaviors, 5,760 labels\n"
    )
    assert [line.split(",")[0] for line in said("score submission.npy crowd --format csv").splitlines()] == [
        "behavior",
        "chase",
        "groom",
    ]
    assert "wrote again.npy (2 behaviors, 17,280 labels)" in said(
        "predict --models models --data crowd --out again.npy --workers 1"
    )
    first, again = (np.load(name, allow_pickle=True).item() for name in ("submission.npy", "again.npy"))
    assert again["chase"]["test-01 (mouse4 to mouse2)"] == first["chase"]["test-01 (mouse4 to mouse2)"]
    assert "wrote report.html" in said("report")
    page = Path("report.html").read_text(encoding="utf-8")
    assert "2 behaviors, 2 labelled recordings (32 examples of animals and pairs), 1 test recordings, 2 trials." in page
    assert "4 animals, 7 keypoints each)" in page
    assert "Never labelled, and never claimed: " in page
    assert "format of CalMS21" not in page
