"""A report of real recordings: five keypoints, a third of them missing, two behaviors that one recording shows."""

import re
from pathlib import Path

import pytest

from harness.cli import main
from tests.reporting.conftest import Made, Open

RATS = Path(__file__).parents[3] / "shared/data/rats"
needs_rats = pytest.mark.skipif(not RATS.is_dir(), reason="shared/data/rats is not beside the project")

SEARCH = [
    "search",
    "--data",
    str(RATS),
    "--results",
    "run",
    "--trials",
    "1",
    "--workers",
    "1",
    "--features",
    "kinematics",
]
SEARCH += ["--model", "logistic_regression", "--behavior", "behavior-0", "--behavior", "behavior-5"]


@needs_rats
def test_a_report_of_real_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    for name in ("HARNESS_DATA", "HARNESS_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert main(SEARCH) == 0
    assert main(["report"]) == 0
    made = Made(tmp_path)
    assert len(made.text.encode()) < 10_000_000
    # Two of the seven behaviors were searched; of one of these, parts of a recording were held out.
    strips = [spec for spec in made.figures.values() if spec["kind"] == "ethogram"]
    assert any(spec["edges"] for spec in strips)
    assert not all(spec["edges"] for spec in strips)
    warned = re.findall(r"<li><strong>([^<]+)</strong>: ([^<]+)</li>", made.text)
    assert any(name == "behavior-5" and "one labelled recording shows it" in said for name, said in warned)
    opened = open_page(made.report, width=390)
    opened.draw_all()
    assert opened.wrong == []
    assert opened.value("document.documentElement.scrollWidth - innerWidth") <= 0
