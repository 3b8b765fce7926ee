"""Event logs exported from The Observer."""

from pathlib import Path

import pytest

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.workbook import write_workbook

load_readers()

NAMES = [
    "Date_Time",
    "Time_Relative_sf",
    "Duration_sf",
    "Observation",
    "Subject",
    "Behavior",
    "Modifier_1",
    "Event_Type",
]
EVENTS = [
    ["", "0.5", "1.75", "day1", "black", "groom", "", "State start"],
    ["", "1.0", "0", "day1", "", "rear", "", "Point"],
    ["", "2.25", "0", "day1", "black", "groom", "", "State stop"],
]


def write(path: Path, events: list[list[str]] = EVENTS, encoding: str = "utf-16", names: list[str] = NAMES) -> None:
    text = "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in [names, *events])
    path.write_text(text, encoding=encoding, newline="\r\n")


@example("observer", "day1.observer.txt", whole=False)
def export(path: Path) -> None:
    write(path)


@example("observer", "day1.observer.xlsx")
def sheets(path: Path) -> None:
    write_workbook(path, {"Events": [NAMES, *EVENTS]})


def row(**more: str) -> list[str]:
    cells = dict(zip(NAMES, EVENTS[0], strict=True)) | more
    return [cells[name] for name in NAMES]


@broken(export, "line 2: Time_Relative_sf: 'x', expected a number")
def no_time(path: Path) -> None:
    write(path, [row(Time_Relative_sf="x")])


@broken(export, "line 2: Event_Type: 'x', expected one of state start, start, state stop, stop, point event, point")
def no_event(path: Path) -> None:
    write(path, [row(Event_Type="x")])


@broken(export, "line 2: has no behavior")
def no_behavior(path: Path) -> None:
    write(path, [row(Behavior="")])


@broken(export, "line 2: groom stops at 0.5 s, though it has not started")
def no_start(path: Path) -> None:
    write(path, [row(Event_Type="State stop")])


@broken(export, "line 3: groom starts at 0.5 s, though it has not stopped since 0.5 s")
def started_twice(path: Path) -> None:
    write(path, [row(), row()])


@broken(export, "line 2: has 7 cells, expected 8")
def short(path: Path) -> None:
    write(path, [row()[:-1]])


@broken(export, "line 1: columns Behavior are there twice")
def twice(path: Path) -> None:
    write(path, names=[*NAMES[:3], "Behavior", *NAMES[4:]])


@broken(export, "has no events")
def no_events(path: Path) -> None:
    write(path, [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig", "cp1252"])
def test_states_are_bouts_and_points_points(encoding: str, tmp_path: Path) -> None:
    write(tmp_path / "a.txt", encoding=encoding)
    (found,) = read_annotations(tmp_path / "a.txt")
    assert found.bouts == (Bout("groom", 0.5, 2.25, "black", line=2), Bout("rear", 1.0, 1.0, point=True, line=3))
    assert (found.unit, found.video) == ("seconds", "")


def test_sheets_are_the_same(tmp_path: Path) -> None:
    write(tmp_path / "a.txt")
    sheets.write(tmp_path / "a.xlsx")
    (one,), (other,) = read_annotations(tmp_path / "a.txt"), read_annotations(tmp_path / "a.xlsx")
    assert one.bouts == other.bouts


def test_several_observations_are_videos_of_their_own(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", [*EVENTS, row(Observation="day2"), row(Observation="day2", Event_Type="State stop")])
    first, second = read_annotations(tmp_path / "a.txt")
    assert (first.video, second.video, len(second.bouts)) == ("day1", "day2", 1)
