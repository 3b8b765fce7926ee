from pathlib import Path

import pytest

from harness.packages import installed


def test_what_is_installed_is_not_what_an_uninstalled_package_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "left_behind" / "__pycache__").mkdir(parents=True)
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert installed("whole")
    assert installed("numpy")
    assert not installed("left_behind")
    assert not installed("never_heard_of")
