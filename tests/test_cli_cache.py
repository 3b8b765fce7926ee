"""`harness cache`, and the limit that keeps the cache from filling the disk."""

import csv
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.api.places import cache_of
from harness.cli import main
from harness.cli.arguments import named_cache_limit, size
from harness.columns.cache import DEFAULT_LIMIT, BlockCache
from harness.words import size_in_words
from tests.challenge_files import bouts, poses, recording, write

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell in an empty folder, whose environment says only where the cache is."""
    for name in ("HARNESS_DATA", "HARNESS_RESULTS", "HARNESS_CACHE_LIMIT", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", "blocks")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def filled() -> list[Path]:
    """Three blocks of 1000 bytes in `blocks`, last used 3 days, 2 hours and 5 minutes ago."""
    cache, files = BlockCache(Path("blocks")), []
    for age in (3 * 86_400 + 5, 2 * 3_600 + 5, 305):
        cache.block({"age": age}, lambda: np.zeros(1000 - 128, dtype=np.int8))
        (file,) = (file.path for file in cache.contents().files if file.path not in files)
        os.utime(file, (time.time() - age,) * 2)
        files.append(file)
    return files


def shown(words: str, capsys: Captured) -> str:
    assert main(words.split()) == 0
    return capsys.readouterr().out


def refused(words: str, capsys: Captured) -> str:
    """The one line in which `harness` says why it will not."""
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    return line


# Looking


def test_what_the_folder_holds_is_shown_to_people(filled: list[Path], capsys: Captured) -> None:
    lines = [line.split() for line in shown("cache", capsys).splitlines()]
    assert ["blocks", "size", "limit", "oldest", "use", "newest", "use"] in lines
    assert ["3", "3.0", "kB", "10.0", "GB", "3", "days", "ago", "5", "minutes", "ago"] in lines
    assert lines[-1] == ["folder:", "blocks"]


def test_and_to_programs(filled: list[Path], capsys: Captured) -> None:
    row = json.loads(shown("cache --format json", capsys))
    ages = [row.pop("oldest_use_seconds"), row.pop("newest_use_seconds")]
    assert ages == [pytest.approx(3 * 86_400 + 5, abs=30), pytest.approx(305, abs=30)]
    assert row == {"folder": "blocks", "blocks": 3, "bytes": 3012, "limit_bytes": DEFAULT_LIMIT, "others": []}
    (line,) = csv.DictReader(io.StringIO(shown("cache --format csv", capsys)))
    assert (line["blocks"], line["bytes"], line["others"]) == ("3", "3012", "[]")
    markdown = shown("cache --format markdown", capsys).splitlines()
    assert markdown[0] == "| blocks | size | limit | oldest use | newest use |"
    assert markdown[2] == "| 3 | 3.0 kB | 10.0 GB | 3 days ago | 5 minutes ago |"


def test_looking_makes_and_deletes_nothing(filled: list[Path], tmp_path: Path, capsys: Captured) -> None:
    lines = [line.split() for line in shown("cache --cache none", capsys).splitlines()]
    assert ["0", "0", "bytes", "10.0", "GB", "never", "never"] in lines
    assert "more than the limit allows" in shown("cache --cache-limit 2KB", capsys)
    assert "nothing is kept" in shown("cache --cache-limit 0", capsys)
    assert all(file.exists() for file in filled)
    assert [path.name for path in tmp_path.iterdir()] == ["blocks"]


def test_the_folder_on_the_command_line_wins(filled: list[Path], capsys: Captured) -> None:
    (filled[0].parents[1]).rename("moved")
    assert json.loads(shown("cache --cache moved --format json", capsys))["blocks"] == 3
    assert json.loads(shown("cache --format json", capsys))["blocks"] == 0


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "file").write_text("about mice")
    for words in ("cache --cache file", "cache --clear --cache file"):
        assert refused(words, capsys) == "harness: file: Not a directory; name another folder with --cache"


# Clearing


def test_clearing_says_what_it_freed_and_what_it_left(filled: list[Path], capsys: Captured) -> None:
    for name in ("a.txt", "b\x1b[31m.txt", "c.txt", "d.txt"):
        Path("blocks", name).write_text("about mice")
    assert main(["cache", "--clear"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "blocks: deleted 3 blocks, freed 3.0 kB",
        "not the cache's, so left alone: a.txt, 'b\\x1b[31m.txt', c.txt and 1 more",
    ]
    assert sorted(path.name for path in Path("blocks").iterdir()) == ["a.txt", "b\x1b[31m.txt", "c.txt", "d.txt"]


def test_programs_are_told_in_their_own_words(filled: list[Path], capsys: Captured) -> None:
    Path("blocks", "a.txt").write_text("about mice")
    assert json.loads(shown("cache --clear --format json", capsys)) == {
        "folder": "blocks", "deleted_blocks": 3, "freed_bytes": 3012, "others": ["blocks/a.txt"]
    }  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(shown("cache --clear --format csv", capsys)))
    assert (row["deleted_blocks"], row["freed_bytes"]) == ("0", "0")


# The limit


SIZES = {
    "0": 0,
    "5GB": 5_000_000_000,
    "5 gb": 5_000_000_000,
    "5G": 5_000_000_000,
    "500MB": 500_000_000,
    "1.5TB": 1_500_000_000_000,
    "20kB": 20_000,
}


@pytest.mark.parametrize(("text", "expected"), SIZES.items())
def test_a_size_is_read_as_people_write_it(
    text: str, expected: int, filled: list[Path], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert size(text) == expected
    monkeypatch.setenv("HARNESS_CACHE_LIMIT", text)
    assert json.loads(shown("cache --format json", capsys))["limit_bytes"] == expected
    assert json.loads(shown("cache --cache-limit 7MB --format json", capsys))["limit_bytes"] == 7_000_000


@pytest.mark.parametrize("text", ["5", "-1GB", "GB", "5PB", "much", "1.5.2GB", "0 GB 1"])
@pytest.mark.parametrize("command", ["search", "export-best", "cache"])
def test_what_is_no_size_is_refused(text: str, command: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    says = f"{text!r} should be a size such as 500MB or 5GB, or 0 for no cache"
    with pytest.raises(SystemExit) as caught:
        main([command, f"--cache-limit={text}"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: argument --cache-limit: {says}")
    monkeypatch.setenv("HARNESS_CACHE_LIMIT", text)
    if command == "cache":
        assert refused("cache", capsys) == f"harness: HARNESS_CACHE_LIMIT: {says}"


def test_a_limit_that_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CACHE_LIMIT", "")
    assert cache_of(None, named_cache_limit(None)).limit == DEFAULT_LIMIT


@pytest.mark.parametrize(
    ("nbytes", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (1_250_000, "1.2 MB"),
        (10**10, "10.0 GB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes_are_said_in_words(nbytes: int, words: str) -> None:
    assert size_in_words(nbytes) == words


def data(folder: Path) -> Path:
    """A behavior with two recordings of 300 frames."""
    groom = {name: recording(n, keypoints=poses(n, frames=300), annotations=bouts(300)) for n, name in enumerate("ab")}
    return write(folder, {"groom": groom})


def board(results: str, capsys: Captured) -> list[dict[str, Any]]:
    """The leaderboard, less what the clock decides."""
    rows = json.loads(shown(f"leaderboard --results {results} --format json", capsys))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def test_a_small_cache_or_none_changes_no_result(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    data(tmp_path / "data")
    search = "search --data data --features kinematics --features distances_pca --model logistic_regression --trials 4"
    for name, limit in (("ample", "1GB"), ("tiny", "40KB"), ("none", "0")):
        monkeypatch.setenv("HARNESS_CACHE_LIMIT", limit)
        assert main(f"{search} --results {name} --cache {name}-blocks --workers 2".split()) == 0
        assert main(f"export-best --out {name}.npy --cache {name}-blocks --workers 1".split()) == 0
    assert board("ample", capsys) == board("tiny", capsys) == board("none", capsys)
    assert Path("ample.npy").read_bytes() == Path("tiny.npy").read_bytes() == Path("none.npy").read_bytes()
    sizes = {name: BlockCache(Path(f"{name}-blocks")).contents().nbytes for name in ("ample", "tiny")}
    assert sizes["ample"] > 80_000
    assert 0 < sizes["tiny"] <= 40_000
    assert not Path("none-blocks").exists()


def test_a_cache_that_cannot_be_made_can_be_done_without(tmp_path: Path, capsys: Captured) -> None:
    data(tmp_path / "data")
    (tmp_path / "file").write_text("about mice")
    search = "search --data data --model random --trials 1 --workers 1 --cache file/x"
    says = "Not a directory; name another folder with --cache, or use none with --cache-limit 0"
    assert refused(search, capsys) == f"harness: file/x: {says}"
    assert main([*search.split(), "--cache-limit", "0"]) == 0
