"""Manual scoring exported from EthoVision."""

import zipfile
from pathlib import Path

import pytest

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.workbook import write_workbook

load_readers()

Rows = list[list[str | float]]

HEAD: Rows = [
    ["Number of header lines:", 7],
    ["Experiment", "cage 1"],
    ["Subject name", "black"],
    ["Video file", "D:\\videos\\day1.mpg"],
    ["", ""],
    ["Trial time", "Recording time", "Behavior", "Event"],
    ["(s)", "(s)", "", ""],
]
EVENTS: Rows = [
    [0.5, 0.5, "groom", "state start"],
    [1.0, 1.0, "rear", "point event"],
    [2.25, 2.25, "groom", "state stop"],
]


def rows(events: Rows = EVENTS, subject: str = "black", lines: str | float = 7) -> Rows:
    return [["Number of header lines:", lines], HEAD[1], ["Subject name", subject], *HEAD[3:], *events]


def text(content: Rows) -> str:
    return "".join(";".join(f'"{cell}"' for cell in row) + "\n" for row in content)


@example("ethovision", "day1.ethovision.xlsx")
def sheets(path: Path) -> None:
    write_workbook(path, {"Manual scoring": rows()})


@example("ethovision", "day1.ethovision.txt", whole=False)
def export(path: Path) -> None:
    path.write_text(text(rows()), encoding="utf-16", newline="\r\n")


@broken(sheets, "line 8: Event: 'begin', expected one of state start, start, state stop, stop, point event, point")
def no_event(path: Path) -> None:
    write_workbook(path, {"a": rows([[0.5, 0.5, "groom", "begin"]])})


@broken(sheets, "line 8: Recording time: 'soon', expected a number")
def no_time(path: Path) -> None:
    write_workbook(path, {"a": rows([[0.5, "soon", "groom", "state start"]])})


@broken(sheets, "line 8: has no behavior")
def no_behavior(path: Path) -> None:
    write_workbook(path, {"a": rows([[0.5, 0.5, "", "state start"]])})


@broken(sheets, "line 8: groom stops at 0.5 s, though it has not started")
def no_start(path: Path) -> None:
    write_workbook(path, {"a": rows([[0.5, 0.5, "groom", "state stop"]])})


@broken(sheets, "line 9: groom starts at 1 s, though it has not stopped since 0.5 s")
def started_twice(path: Path) -> None:
    write_workbook(path, {"a": rows([EVENTS[0], [1.0, 1.0, "groom", "state start"]])})


@broken(sheets, "line 1: Number of header lines: 'many', expected how many there are")
def no_count(path: Path) -> None:
    write_workbook(path, {"a": rows(lines="many")})


@broken(sheets, "line 1: names its columns in line 6, expected line 8 by its 9 header lines")
def wrong_count(path: Path) -> None:
    write_workbook(path, {"a": rows(lines=9)})


@broken(export, "line 8: Recording time: 'x', expected a number")
def no_time_in_text(path: Path) -> None:
    path.write_text(text(rows([["x", "x", "groom", "state start"]])), encoding="utf-16")


def test_events_are_of_the_subject_of_their_sheet(tmp_path: Path) -> None:
    other: Rows = [[3.0, 3.0, "groom", "state start"]]
    write_workbook(tmp_path / "a.xlsx", {"one": rows(), "tracks": [["x", 1]], "two": rows(other, "white")})
    (found,) = read_annotations(tmp_path / "a.xlsx")
    assert found.bouts == (
        Bout("groom", 0.5, 2.25, "black", line=8),
        Bout("rear", 1.0, 1.0, "black", point=True, line=9),
        Bout("groom", 3.0, None, "white", line=8),
    )
    assert (found.video, found.unit) == ("day1.mpg", "seconds")


def test_text_in_utf_16_is_the_same(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.xlsx")
    for encoding in ("utf-16", "utf-16-le", "utf-8"):
        (tmp_path / "a.txt").write_text(text(rows()), encoding=encoding, newline="\r\n")
        (one,), (other,) = read_annotations(tmp_path / "a.xlsx"), read_annotations(tmp_path / "a.txt")
        assert one.bouts == other.bouts


def test_a_zip_that_unpacks_to_more_than_any_table_is_refused(tmp_path: Path) -> None:
    sheets.write(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/zeros", bytes(250_000_000))
    assert (tmp_path / "a.xlsx").stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"expected at most 200\.0 MB$"):
        list(read_annotations(tmp_path / "a.xlsx"))
