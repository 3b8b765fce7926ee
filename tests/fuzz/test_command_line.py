"""Names, numbers, plugins and files that are not what they should be: the command line says so and ends with 2."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.cli import main
from harness.plugins.loading import load_plugins
from harness.plugins.registry import FEATURES, MODELS, SMOOTHERS
from tests.challenge_files import recording, train_file, write
from tests.desk import posix
from tests.fuzz.readers import LABELS, pickled

load_plugins()

Captured = pytest.CaptureFixture[str]

pytestmark = posix  # pipes, devices, and names in bytes that are no text

ESCAPES = "a\x1b[2J\nb"
"""A name that clears the terminal and begins a new line."""


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty folder, and registries that forget afterwards what plugins did."""
    for name in ("HARNESS_DATA", "HARNESS_RESULTS", "HARNESS_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    before = [(registry, dict(registry)) for registry in (FEATURES, MODELS, SMOOTHERS)]
    yield
    for registry, plugins in before:
        registry.clear()
        registry.update(plugins)  # type: ignore[arg-type]


def refusal(words: list[str], capsys: Captured) -> list[str]:
    """What is said by a command that ends with 2, whether it or its options refuse."""
    try:
        code = main(words)
    except SystemExit as error:
        code = int(str(error.code))
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    lines = err.split("\n")[:-1]
    assert all(line.isprintable() for line in lines), lines
    return lines


# What is no file


def pipe(path: Path) -> None:
    os.mkfifo(path)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def five_bytes(path: Path) -> None:
    path.write_bytes(b"\x93NUMP")


NO_FILE: dict[Callable[[Path], None], str] = {
    pipe: "a pipe or a device, expected a file",
    device: "a pipe or a device, expected a file",
    loop: "Too many levels of symbolic links",
    folder: "Is a directory",
}
NO_NPY = NO_FILE | {empty: "the file is empty", five_bytes: "not an .npy file"}


@pytest.mark.parametrize("make", NO_NPY, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["train.npy", "test.npy", "sample_submission.npy", "mine.npy"])
def test_what_is_no_npy_file_is_named_and_nothing_waits_for_it(
    name: str, make: Callable[[Path], None], tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / "data", train_file())
    (tmp_path / "data" / "mine.npy").write_bytes(pickled(LABELS))
    (tmp_path / "data" / name).unlink(missing_ok=True)
    make(tmp_path / "data" / name)
    (line,) = refusal(["check", "data/mine.npy", "--data", "data"], capsys)
    assert line.startswith(f"harness: data/{name}: {NO_NPY[make]}")


@pytest.mark.parametrize("make", NO_FILE, ids=lambda make: make.__name__)
def test_a_setup_that_is_no_file_is_named(make: Callable[[Path], None], tmp_path: Path, capsys: Captured) -> None:
    make(write(tmp_path / "data", train_file()) / "dataset.toml")
    assert refusal(["list", "--data", "data"], capsys) == [f"harness: data/dataset.toml: {NO_FILE[make]}"]


@pytest.mark.parametrize("make", NO_FILE, ids=lambda make: make.__name__)
def test_a_run_whose_description_is_no_file_is_named(
    make: Callable[[Path], None], tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "run").mkdir()
    make(tmp_path / "run" / "run.json")
    for command in ("leaderboard", "export-best"):
        (line,) = refusal([command, "--results", "run"], capsys)
        assert line.startswith(f"harness: run/run.json: not a readable run description ({NO_FILE[make]}); ")


def test_a_pipe_in_the_place_of_the_last_run_is_none(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "results").mkdir()
    pipe(tmp_path / "results" / "last-run")
    (line,) = refusal(["leaderboard"], capsys)
    assert line.startswith("harness: nothing was searched here yet")


# Names

EVERYWHERE = [
    "check {} --data data",
    "check mine.npy --data {}",
    "score {} mine.npy",
    "score mine.npy {}",
    "search --data {}",
    "search --data data --spaces {}",
    "search --data data --plugin {}",
    "search --data data --behavior {}",
    "search --data data --features {}",
    "search --data data --model {}",
    "list --data {}",
    "list --plugin {}.py",
    "leaderboard --results {}",
    "export-best --results {}",
]


@pytest.mark.parametrize(
    "name", [ESCAPES, "x" * 300, os.fsdecode(b"\xff"), "loop"], ids=["escapes", "long", "bytes", "loop"]
)
@pytest.mark.parametrize("words", EVERYWHERE)
def test_a_name_of_nothing_is_said_on_one_line_that_leaves_the_terminal_alone(
    words: str, name: str, tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / "data", train_file())
    (tmp_path / "mine.npy").write_bytes(pickled(LABELS))
    loop(tmp_path / "loop")
    *_, line = refusal([word.replace("{}", name) for word in words.split()], capsys)
    assert line.startswith("harness")


def test_a_demo_is_refused_a_name_that_no_folder_can_have(capsys: Captured) -> None:
    (line,) = refusal(["demo-data", "x" * 300], capsys)
    assert line.endswith("cannot be written (File name too long)")


@pytest.mark.parametrize("words", ["check {0} --data {0}", "score mine.npy {0}/mine.npy", "list --spaces {0}"])
def test_a_folder_whose_name_steers_the_terminal_is_named_without_doing_so(
    words: str, tmp_path: Path, capsys: Captured
) -> None:
    write(tmp_path / ESCAPES, train_file() | {"groom": {"a": recording(1, keypoints=0)}})
    shutil.copy(tmp_path / ESCAPES / "train.npy", tmp_path / ESCAPES / "mine.npy")
    for line in refusal([word.format(ESCAPES) for word in words.split()], capsys):
        assert line.startswith("harness: ")


@pytest.mark.parametrize("name", [ESCAPES, "\x9b2J", "\u202e", "x" * 5000, b"x", 7, None, 1.5], ids=repr)
@pytest.mark.parametrize("how", ["table", "json", "csv", "markdown"])
def test_a_truth_by_names_that_cannot_be_shown_is_refused(
    name: object, how: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "mine.npy").write_bytes(pickled({name: LABELS["groom"]}))
    (line,) = refusal(["score", "mine.npy", "mine.npy", "--format", how], capsys)
    assert "expected short text that can be printed" in line
    assert len(line) < 300


def test_names_in_a_submission_are_shown_and_cut(tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    (tmp_path / "mine.npy").write_bytes(pickled({ESCAPES: {}, "x" * 10**6: {}, "n\u03bfse": {}, **LABELS}))
    assert main(["check", "mine.npy", "--data", "data"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 3
    assert all(line.isprintable() and len(line) < 200 for line in (*out.splitlines(), *err.splitlines()))


@pytest.mark.parametrize("name", ["x" * 101, "\u202egroom"])
def test_a_behavior_whose_name_cannot_be_shown_is_refused(name: str, tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", {name: {"a": recording(1)}})
    (line,) = refusal(["list", "--data", "data"], capsys)
    assert line.startswith("harness: data/train.npy: ")


# Numbers


@pytest.mark.parametrize("time", ["9" * 400 + "h", "9" * 5000 + "s", "nan", "-1", "1e400"])
def test_a_time_that_is_none_is_refused(time: str, capsys: Captured) -> None:
    *_, line = refusal(["search", "--timeout", time], capsys)
    assert "should be a time such as 90s" in line


# Plugins

DECORATED = "from harness.plugins.registry import feature_set, model_family, smoother\n"

PLUGINS: dict[str, tuple[str | bytes, str]] = {
    "a syntax error": ("def (", "SyntaxError: invalid syntax"),
    "no text": (b"\x00\xff\x7fELF", "S"),
    "null bytes": ("x = '\0'", "source code string cannot contain null bytes"),
    "brackets": ("x = " + "(" * 5000, "SyntaxError: too many nested parentheses"),
    "nothing": (
        "",
        "registers no plugin; @feature_set, @model_family, @smoother, @pose_reader or @label_writer of harness.plugins",
    ),
    "no plugin": ("def gap(recording): return {}", "registers no plugin"),
    "an exit": ("raise SystemExit(0)", "SystemExit: 0"),
    "an error that cannot be printed": (f"raise ValueError({ESCAPES!r})", r"ValueError: a\x1b[2J\nb"),
    "an import of nothing": (
        "import nothing_of_this_name",
        "ModuleNotFoundError: No module named 'nothing_of_this_name'",
    ),
    "a recursion": ("def f(): f()\nf()", "RecursionError: "),
    "a number as a function": (DECORATED + "feature_set('mine')(42)", "TypeError: 42 is not a callable object"),
    "a function of C": (DECORATED + "import math\nfeature_set('mine')(math.isqrt)", "expected a function in a file"),
    "a number as a name": (DECORATED + "@feature_set(42)\ndef f(recording): return {}", "TypeError: "),
    "a name that is taken": (
        DECORATED + "@feature_set('kinematics')\ndef f(recording): return {}",
        "is registered twice",
    ),
    "a name of a path": (
        DECORATED + "@feature_set('../mine')\ndef f(recording): return {}",
        "a name should be small letters",
    ),
    "a name too long for a file": (
        DECORATED + "@feature_set('m' * 300)\ndef f(recording): return {}",
        "a name should be",
    ),
    "an endless reach": (
        DECORATED + "@feature_set('mine', reach_seconds=float('inf'))\ndef f(r): return {}",
        "reach_seconds = inf",
    ),
    "a reach of text": (
        DECORATED + "@smoother('mine', reach_seconds='1')\ndef f(p, fps): return p",
        "reach_seconds = '1' should",
    ),
    "two animals in words": (
        DECORATED + "@feature_set('mine', animals='two')\ndef f(r): return {}",
        "animals = 'two' should be",
    ),
    "a list to tune": (DECORATED + "@feature_set('mine')\ndef f(r, *, x=[]): return {}", "should give ranges for x"),
}


@pytest.mark.parametrize("kind", PLUGINS)
def test_a_plugin_that_is_none_is_named_with_the_reason(kind: str, tmp_path: Path, capsys: Captured) -> None:
    content, says = PLUGINS[kind]
    (tmp_path / "mine.py").write_bytes(content if isinstance(content, bytes) else content.encode())
    (line,) = refusal(["list", "--plugin", "mine.py"], capsys)
    assert says in line
    assert len(line) < 600


@pytest.mark.parametrize("make", [pipe, loop, folder, device], ids=lambda make: make.__name__)
def test_a_plugin_that_is_no_file_is_refused(make: Callable[[Path], None], tmp_path: Path, capsys: Captured) -> None:
    make(tmp_path / "mine.py")
    assert refusal(["list", "--plugin", "mine.py"], capsys) == ["harness: --plugin mine.py: no such Python file"]


# Addresses of storages

URLS = [
    "",
    "://",
    "postgresql",
    "postgresql:",
    "postgresql://",
    "postgresql:///",
    "postgresql://:@:/",
    "postgresql://user:secret@/",
    "postgresql://localhost:99999/x",
    "postgresql://localhost:-1/x",
    "postgresql://localhost:port/x",
    "postgresql://[::1/x",
    "postgresql://localhost/x?sslmode=\x1b[2J",
    "postgresql://user:secret@localhost:1/x",
    "postgresql://user:se%zzcret@localhost:1/x",
    "postgresql://user:secret@nowhere.invalid/x",
    "postgresql://user:secret@localhost:1/" + "x" * 10_000,
    "postgresql://user:secret@localhost:1/x;drop table studies",
    "postgresql+nothing://localhost:1/x",
    "postgresql://localhost:1/x?host=/etc/passwd&service=x&options=-c%20a%3Db",
    "sqlite://",
    "sqlite:////dev/zero",
    "sqlite:///:memory:",
    "mysql://localhost/x",
    "http://localhost:1/x",
    "file:///etc/passwd",
    "redis://localhost:1",
    "javascript:alert(1)",
    "p\u03bfstgresql://localhost/x",
    "postgresql://localhost/x\n",
    ESCAPES,
]


@pytest.mark.parametrize("url", URLS, ids=range(len(URLS)))
def test_an_address_of_no_storage_is_refused_without_its_password(url: str, tmp_path: Path, capsys: Captured) -> None:
    write(tmp_path / "data", train_file())
    words = ["search", "--data", "data", "--model", "random", "--trials", "1", "--workers", "1", "--storage", url]
    lines = refusal(words, capsys)
    assert lines
    assert not any("secret" in line for line in lines)
    assert all(len(line) < 1000 for line in lines)
