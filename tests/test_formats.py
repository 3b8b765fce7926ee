"""What commands print for programs, held against docs/formats.md."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import harness
from harness.cli import main, parser
from harness.data.folder.write import write_dataset
from tests.challenge_files import save, train_file, unlabelled, write
from tests.conftest import ToyRuns
from tests.lab_files import write_lab
from tests.toy import toy_dataset, toy_recordings

Captured = pytest.CaptureFixture[str]

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def documented(command: str) -> dict[str, str]:
    """Field to type, as the table under the command's heading has them."""
    section = PAGE.partition(f"\n## harness {command}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"]
    assert all(len(row) == 4 for row in rows)
    assert len({row[0] for row in rows}) == len(rows)
    return {row[0].strip("`"): row[1] for row in rows}


IS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
    "any": lambda value: isinstance(value, int | float | str | bool),
}


def fits(value: Any, kind: str) -> bool:
    for one in kind.split(" or "):
        if one.startswith("list of "):
            if isinstance(value, list) and all(fits(item, one.removeprefix("list of ")[:-1]) for item in value):
                return True
        elif IS[one](value):
            return True
    return False


def fields(content: Any, free: set[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Every named thing in the content; the names within what is in `free` are `*`."""
    if isinstance(content, list):
        for item in content:
            yield from fields(item, free, f"{path}[]")
    elif isinstance(content, dict):
        for name, value in content.items():
            inside = f"{path}.{'*' if path in free else name}".removeprefix(".")
            yield inside, value
            yield from fields(value, free, inside)


def differ_from_the_page(command: str, content: Any) -> None:
    """Assert that the fields of `content` are those documented, no more and no fewer, and of their types."""
    known = documented(command)
    free = {field.removesuffix(".*") for field in known if field.endswith(".*")}
    found: dict[str, list[Any]] = {}
    for field, value in fields(content, free):
        found.setdefault(field, []).append(value)
    assert set(found) <= set(known)
    assert all(field.endswith(".*") for field in set(known) - set(found))  # an object of any keys may have none
    wrong = {field: value for field, values in found.items() for value in values if not fits(value, known[field])}
    assert wrong == {}


@pytest.fixture
def at_toys(toy_runs: ToyRuns, monkeypatch: pytest.MonkeyPatch) -> ToyRuns:
    monkeypatch.chdir(toy_runs.folder)
    monkeypatch.setenv("HARNESS_CACHE", "cache")
    return toy_runs


def printed(capsys: Captured, *words: str, code: int = 0) -> Any:
    """What a command prints as JSON: all of standard output."""
    capsys.readouterr()
    assert main([*words, "--format", "json"]) == code
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("by", ["pipeline", "features", "model"])
def test_the_leaderboard_prints_what_is_documented(by: str, at_toys: ToyRuns, capsys: Captured) -> None:
    rows = printed(capsys, "leaderboard", "--by", by)
    differ_from_the_page("leaderboard", rows)
    # Both kinds of rows have all fields.
    assert {row["model"] == "ensemble" for row in rows} == {True, False}
    assert len({tuple(row) for row in rows}) == 1


def test_the_row_of_an_ensemble_stands_for_its_members(at_toys: ToyRuns, capsys: Captured) -> None:
    for row in printed(capsys, "leaderboard"):
        if row["members"]:
            assert (row["trials"], row["pruned"], row["failed"]) == (len(row["members"]), 0, 0)
            assert len({one["trial"] for one in row["members"]}) == row["trials"]


def test_a_comparison_prints_what_is_documented(at_toys: ToyRuns, capsys: Captured) -> None:
    differ_from_the_page("compare", printed(capsys, "compare", str(at_toys.weak), str(at_toys.strong)))


def test_a_learning_curve_prints_what_is_documented(at_toys: ToyRuns, capsys: Captured) -> None:
    differ_from_the_page("learning-curve", printed(capsys, "learning-curve", "--workers", "1"))


def test_a_calibration_prints_what_is_documented(toy_models: Path, tmp_path: Path, capsys: Captured) -> None:
    write_dataset(toy_dataset(approach=toy_recordings(2, 240, seed=9)), tmp_path / "data")
    words = ("calibrate", "--models", str(toy_models / "models"), "--data", str(tmp_path / "data"), "--workers", "1")
    differ_from_the_page("calibrate", printed(capsys, *words, "--out", str(tmp_path / "new")))


def test_a_summary_prints_what_is_documented(toy_models: Path, tmp_path: Path, capsys: Captured) -> None:
    labels = harness.label(toy_models / "models", toy_recordings(1, 240, seed=5), tmp_path / "labels", workers=1).folder
    differ_from_the_page("summary", printed(capsys, "summary", str(labels), "--bins", "4s"))


def test_the_list_prints_what_is_documented(tmp_path: Path, capsys: Captured) -> None:
    differ_from_the_page("list", printed(capsys, "list", "--data", str(write(tmp_path / "data", train_file()))))


def test_a_score_prints_what_is_documented(tmp_path: Path, capsys: Captured) -> None:
    save(tmp_path / "labels.npy", {"groom": {"x": [0, 1] * 20}})
    differ_from_the_page("score", printed(capsys, "score", *[str(tmp_path / "labels.npy")] * 2))


@pytest.mark.parametrize("frames", [40, 39])
def test_a_check_prints_what_is_documented(frames: int, tmp_path: Path, capsys: Captured) -> None:
    data = write(tmp_path / "data", {"groom": train_file()["groom"]}, {"x": unlabelled(1)})
    save(tmp_path / "labels.npy", {"groom": {"x": [0] * frames}})
    words = ("check", str(tmp_path / "labels.npy"), "--data", str(data))
    content = printed(capsys, *words, code=int(frames != 40))
    differ_from_the_page("check", content)
    says = [] if frames == 40 else ["groom, x: 39 labels, expected 40, one for each frame"]
    assert content == {"fine": frames == 40, "problems": says}
    if says:
        for how in ("csv", "markdown", "table"):
            assert main([*words, "--format", how]) == 1
            assert says[0] in capsys.readouterr().out


def test_a_doctor_prints_what_is_documented(tmp_path: Path, capsys: Captured) -> None:
    data = write(tmp_path / "data", train_file())
    differ_from_the_page("doctor", printed(capsys, "doctor", str(data)))
    train = train_file()
    train["groom"]["a"]["annotations"] = [0] * 39
    findings = printed(capsys, "doctor", str(write(tmp_path / "short", train)), code=1)
    differ_from_the_page("doctor", findings)
    assert "39 annotations for 40 frames" in findings[0]["text"]


def test_the_cache_prints_what_is_documented(at_toys: ToyRuns, tmp_path: Path, capsys: Captured) -> None:
    differ_from_the_page("cache", printed(capsys, "cache"))
    shutil.copytree("cache", tmp_path / "copy")
    differ_from_the_page("cache", printed(capsys, "cache", "--cache", str(tmp_path / "empty")))
    words = ("cache", "--clear", "--cache", str(tmp_path / "copy"))
    differ_from_the_page("cache --clear", printed(capsys, *words))


def test_import_prints_what_is_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.chdir(tmp_path)
    write_lab(Path())
    words = ("import", "tracks", "--annotations", "scored", "--dry-run")
    differ_from_the_page("import", printed(capsys, *words, "--fps", "30"))
    differ_from_the_page("import", printed(capsys, *words, code=2))


def test_every_command_with_a_format_is_documented() -> None:
    (commands,) = (action.choices for action in parser()._actions if action.dest == "command")
    assert isinstance(commands, dict)
    options = {name: one._option_string_actions.get("--format") for name, one in commands.items()}
    formats = {name for name, option in options.items() if option is not None and option.choices}  # not those of labels
    assert set(re.findall(r"^## harness ([\w-]+)$", PAGE, re.MULTILINE)) == formats


def test_a_drift_is_noticed() -> None:
    row = {"behavior": "a", "what": "exported", "f1_first": 0.5, "f1_second": 0.5, "difference": 0.0}
    row |= {"difference_low": 0.0, "difference_high": 0, "verdict": "worse", "recordings": 3, "folds": None}
    differ_from_the_page("compare", [row])
    for wrong in (row | {"more": 1}, {"behavior": "a"}, row | {"recordings": 3.5}, row | {"f1_first": None}):
        with pytest.raises(AssertionError):
            differ_from_the_page("compare", [wrong])
