"""What there is to use unless somebody says otherwise: cores, in a container and outside of one, and a cache."""

import tempfile
from pathlib import Path

import psutil
import pytest

from harness.api.places import usable_cache, usable_cores
from harness.columns.cache import default_folder, temporary_folder
from harness.errors import HarnessError

ALL = usable_cores(Path("nowhere"))


def test_without_a_container_all_cores_are_used_that_this_process_may_run_on() -> None:
    affinity = getattr(psutil.Process(), "cpu_affinity", None)
    assert len(affinity() if affinity else range(psutil.cpu_count() or 1)) == ALL


@pytest.mark.parametrize(
    ("says", "cores"),
    [
        ("max 100000", ALL),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("1000 100000", 1),
        (f"{ALL * 100_000 + 1} 100000", ALL),
        (f"{ALL * 50_000 - 49_999} 50000", ALL),
        ("-1 100000", ALL),
        ("0 0", ALL),
        ("nonsense", ALL),
        ("", ALL),
    ],
)
def test_a_container_has_as_many_cores_as_it_has_time_for(says: str, cores: int, tmp_path: Path) -> None:
    second, first = tmp_path / "second", tmp_path / "first"
    second.mkdir()
    (second / "cpu.max").write_text(f"{says}\n")
    assert usable_cores(second) == cores
    (first / "cpu").mkdir(parents=True)
    quota, _, period = says.partition(" ")
    (first / "cpu" / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (first / "cpu" / "cpu.cfs_period_us").write_text(f"{period}\n")
    assert usable_cores(first) == cores


@pytest.fixture
def unnamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nobody names a cache, and temporary files have a folder of their own, which is returned."""
    for name in ("HARNESS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "temporary"


def test_computed_features_are_kept_under_the_users_cache(
    unnamed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = unnamed.parent / "home"
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(home))
    folder = usable_cache(None, None).folder
    assert home in folder.parents
    assert "harness" in folder.parts
    assert folder.is_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert default_folder() == home / "xdg" / "harness"
    monkeypatch.setenv("HARNESS_CACHE", str(home / "named"))
    assert default_folder() == home / "named"
    assert capsys.readouterr().err == ""


def test_a_user_without_a_home_keeps_them_among_temporary_files(unnamed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwd = pytest.importorskip("pwd", reason="every user of this system has a home")

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert default_folder() == temporary_folder()
    folder = usable_cache(None, None).folder
    assert folder.parent == unnamed
    assert folder.stat().st_mode & 0o077 == 0


def test_a_home_that_cannot_be_written_to_costs_a_note(
    unnamed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (unnamed.parent / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(unnamed.parent / "file"))
    said: list[str] = []
    cache = usable_cache(None, None, said.append)
    assert cache.folder.parent == unnamed
    assert cache.limit
    (line,) = said
    assert line.startswith(f"note: {unnamed.parent / 'file' / 'harness'}: ")
    assert line.endswith(f"; computed features are kept in {cache.folder}; name another folder with --cache")
    cache.folder.rmdir()
    cache.folder.touch()
    assert usable_cache(None, None, said.append).limit == 0
    (_, line) = said
    assert capsys.readouterr().err == ""
    assert line.endswith("; features are computed again each time; name a folder for them with --cache")


def test_a_folder_that_was_named_and_cannot_be_used_is_refused(unnamed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (unnamed.parent / "file").touch()
    with pytest.raises(HarnessError, match=r"name another folder with --cache, or use none with --cache-limit 0$"):
        usable_cache(unnamed.parent / "file", None)
    monkeypatch.setenv("HARNESS_CACHE", str(unnamed.parent / "file" / "in it"))
    with pytest.raises(HarnessError, match=r"name another folder with --cache, or use none with --cache-limit 0$"):
        usable_cache(None, None)
