"""A run's storage opens in Optuna's dashboard as it is."""

import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.runs.store import Run
from harness.runs.studies import study_name
from tests.conftest import ToyRuns

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("optuna_dashboard") is None,
    reason="needs optuna-dashboard: pip install optuna-dashboard",
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(toy_runs: ToyRuns, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run that nothing else looks at."""
    folder = tmp_path_factory.mktemp("dashboard") / "run"
    shutil.copytree(toy_runs.folder / toy_runs.strong, folder)
    return Run(folder)


@pytest.fixture(scope="module")
def address(run: Run) -> Iterator[str]:
    """Where the dashboard answers, started with the command that the documentation gives."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("optuna-dashboard")), "sqlite:///run/studies.db"]
    dashboard = subprocess.Popen(
        [*command, "--port", str(port), "--quiet"],
        cwd=run.folder.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield _answering(f"http://127.0.0.1:{port}", dashboard)
    finally:
        dashboard.terminate()
        dashboard.communicate(timeout=60)


def _answering(address: str, dashboard: "subprocess.Popen[str]") -> str:
    end = time.monotonic() + 120
    while True:
        try:
            asked(address, "meta")
            return address
        except urllib.error.URLError:
            assert dashboard.poll() is None, dashboard.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)


def asked(address: str, what: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/{what}", timeout=60) as answer:
        return json.load(answer)


def test_the_dashboard_shows_a_study_for_each_behavior_and_arm_with_all_trials(run: Run, address: str) -> None:
    records = run.records()
    expected = Counter(study_name(record.behavior, record.arm) for record in records)
    studies = {one["study_name"]: one["study_id"] for one in asked(address, "studies")["study_summaries"]}
    assert studies.keys() == expected.keys()
    found = {name: asked(address, f"studies/{number}") for name, number in studies.items()}
    assert {name: len(one["trials"]) for name, one in found.items()} == expected
    assert all(one["directions"] == ["maximize"] for one in found.values())
    # Opening it changes nothing.
    assert run.records() == records


def test_a_trial_in_the_dashboard_has_its_f1_its_parameters_and_attributes_that_can_be_read(
    run: Run, address: str
) -> None:
    records = {(study_name(one.behavior, one.arm), one.trial): one for one in run.records()}
    for study in asked(address, "studies")["study_summaries"]:
        for trial in asked(address, f"studies/{study['study_id']}")["trials"]:
            attributes = {one["key"]: one["value"] for one in trial["user_attrs"]}
            assert attributes.pop("record").startswith('{"behavior": ')  # its end is cut off
            texts = ("folds", "error")  # the others are JSON
            plain = {name: value if name in texts else json.loads(value) for name, value in attributes.items()}
            record = records.pop((study["study_name"], plain["trial"]))
            assert trial["state"] == ("Complete" if record.complete else "Pruned" if record.pruned else "Fail")
            assert (plain["folds"], plain["seconds"]) == (record.folds, record.seconds)
            if record.complete:
                assert trial["values"] == [record.pooled.f1]
                assert record.decision is not None
                assert plain["decision"] == record.decision.as_json()
                assert (plain["precision"], plain["recall"]) == (record.pooled.precision, record.pooled.recall)
                assert plain["average_precision"] == record.average_precision
            names = {one["name"] for one in trial["params"]}
            assert {f"{choice.name}.{key}" for choice in record.spec.features for key in choice.parameters} <= names
    assert records == {}


def test_the_command_is_documented() -> None:
    assert "optuna-dashboard sqlite:///results/demo-data/studies.db" in (ROOT / "docs" / "formats.md").read_text()
