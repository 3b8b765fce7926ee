"""What a search shows on terminals that are too low for all behaviors."""

import pytest
from rich.console import Console

from harness.showing.progress import Progress
from tests.choosing.test_leaderboard import finished, hits


@pytest.mark.parametrize(("rows", "columns"), [(24, 100), (24, 40), (10, 60), (60, 100)])
def test_the_total_and_the_time_left_always_stand(rows: int, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", str(rows))
    monkeypatch.setenv("COLUMNS", str(columns))
    names = [f"behavior number {number}" for number in range(30)]
    progress = Progress(names, 4, [], shown=False)
    told = [names[number] for number in (*range(30), 17, 3)]
    for number, name in enumerate(told):
        progress.add(finished(number, hits(3), behavior=name))
        console = Console(width=columns, height=rows, color_system=None)
        with console.capture() as captured:
            console.print(progress.table())
        lines = captured.get().splitlines()
        assert len(lines) < rows
        assert lines[-1].startswith(f" {number + 1} of 120 trials, 0:")
        assert lines[-1].rstrip().endswith(" left")
        if rows < 30:
            assert f"{30 - shown(lines)} behaviors more, for want of rows" in lines[-2]
        else:
            assert shown(lines) == 30
    if columns == 100 and rows == 24:
        assert all(any(line.startswith(f" {name} ") for line in lines) for name in (names[17], names[3], names[29]))


def shown(lines: list[str]) -> int:
    return sum(line.startswith(" behav") for line in lines[2:])
