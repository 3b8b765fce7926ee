"""URLs of databases, and what of them is secret."""

from pathlib import Path

import pytest

from harness.cli import main
from harness.server import Server, server_of, without_secrets

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HARNESS_STORAGE", "HARNESS_RESULTS", "HARNESS_DATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("url", "shown", "password"),
    [
        ("postgresql://u:p@h/d", "postgresql://u@h/d", "p"),
        ("postgres://u:p@h/d", "postgresql://u@h/d", "p"),
        ("postgresql+psycopg://u:p@h:5432/d", "postgresql://u@h:5432/d", "p"),
        ("postgresql://u:a%40b%2Fc:%25@h/d", "postgresql://u@h/d", "a@b/c:%"),
        ("postgresql://u@h/d", "postgresql://u@h/d", None),
        ("postgresql://h", "postgresql://h", None),
        ("postgresql:///d?host=/tmp/x&user=u&password=p%26q", "postgresql:///d?host=/tmp/x&user=u", "p&q"),
        ("postgresql://u:p@[::1]:5432,other:1/d?sslmode=require", "postgresql://u@[::1]:5432,other:1/d?sslmode=require",
         "p"),
        ("postgresql://u:p@%2Ftmp%2Fx/d", "postgresql://u@%2Ftmp%2Fx/d", "p"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_password(url: str, shown: str, password: str | None) -> None:
    server = server_of(url)
    assert (server.url, server.secrets.get("password")) == (shown, password)
    assert f"{server}" == shown
    assert "secrets" not in repr(server)
    assert without_secrets(url) == shown
    assert without_secrets(f"--storage={url}") == f"--storage={shown}"
    assert server_of(shown) == Server(shown, {})


MALFORMED = [
    "s3kret",
    "postgresql",
    "postgresql:/u:s3kret@h/d",
    "postgresql:u:s3kret@h/d",
    "postgresql://u:s3/kret@h/d",
    "postgresql://u:s3@kret@h/d",
    "postgresql://u:s3kret@h/d/e",
    "postgresql://u:s3 kret@h/d",
    "postgresql://u:s3?kret@h/d",
    "postgresql://u:s3#kret@h/d",
    "postgresql://u:s3kret%zz@h/d",
    "postgresql://u:s3kret@h:port/d",
    "postgresql://u:s3kret",
    "POSTGRESQL://u:s3kret@h/d",
    "mysql+pymysql://u:s3kret@h/d",
    "postgrs://u:s3kret@h/d",
    "sqlite:///s3kret.db",
]


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_refused_in_one_line_that_shows_nothing_of_it(
    url: str, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["search"], ["leaderboard"], ["export-best"]):
        (tmp_path / "run").mkdir(exist_ok=True)
        assert main([*words, "--results", "run", "--storage", url]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("harness: --storage: n")
        assert "postgresql://" in line
        assert not any(part in line for part in ("s3", "kret"))
    monkeypatch.setenv("HARNESS_STORAGE", url)
    assert main(["search", "--results", "run"]) == 2
    assert capsys.readouterr().err.startswith("harness: HARNESS_STORAGE: n")
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("url", [one for one in MALFORMED if "@" in one])
def test_a_password_is_not_shown_in_what_cannot_be_parsed(url: str, capsys: Captured) -> None:
    for words in (["search", "--storge", url], ["leaderboard", url], ["search", "--trials", url], [url]):
        with pytest.raises(SystemExit):
            main(words)
        err = capsys.readouterr().err
        assert "error: " in err
        assert not any(part in err for part in ("s3", "kret")), err


@pytest.mark.parametrize("word", ["--data", "a@b", "x=y", "tcp://scheduler:8786", "a:b", "C:\\data", "--out=a/b.npy"])
def test_other_words_are_left_alone(word: str) -> None:
    assert without_secrets(word) == word
