"""Tabular events of BORIS, in the layouts of its versions."""

from pathlib import Path

import pytest

from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.errors import DataError
from harness.plugins.readers import Annotations, Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

OLD = """\
Observation id,day1,,,,,,,
,,,,,,,,
Media file(s),,,,,,,,
,,,,,,,,
Player #1,/videos/day1_reencode.avi,,,,,,,
,,,,,,,,
Time offset (s),10.0,,,,,,,
,,,,,,,,
independent variables,,,,,,,,
variable,value,,,,,,,
,,,,,,,,
Time,Media file path,Total length,FPS,Subject,Behavior,Behavioral category,Comment,Status
12.5,/videos/day1_reencode.avi,60.000,30.0,adult,groom,,,START
14.75,/videos/day1_reencode.avi,60.000,30.0,adult,groom,,,STOP
11.0,/videos/day1_reencode.avi,60.000,30.0,No focal subject,rear,,,POINT
20.0,/videos/day1_reencode.avi,60.000,30.0,adult,groom,,,START
"""

HEADER = (
    "Observation id,Observation date,Description,Observation duration,Observation type,Source,Time offset (s),"
    "Media duration (s),FPS,weather,Subject,Behavior,Behavioral category,Modifier #1,Behavior type,Time,"
    "Media file name,Image index,Image file path,Comment\n"
)


def row(
    time: str,
    status: str,
    *,
    name: str = "day1",
    behavior: str = "groom",
    source: str = r"player #1:C:\videos\day1.avi",
    offset: str = "0.0",
    duration: str = "60.0",
    fps: str = "30.0",
    subject: str = "adult",
    modifier: str = "",
    index: str = "NA",
) -> str:
    cells = (name, "2026-01-01", "", "60", "Media file(s)", source, offset, duration, fps, "sun, hot")
    more = (subject, behavior, "Not defined", modifier, status, time, "Not found", index, "NA", "")
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in (*cells, *more)) + "\n"


@example("boris_tabular", "day1.old.csv", whole=False)
def old(path: Path) -> None:
    path.write_text(OLD)


@example("boris_tabular", "day1.new.csv", whole=False)
def new(path: Path) -> None:
    path.write_text(HEADER + row("12.5", "START") + row("14.75", "STOP"))


@broken(old, "line 13: Time: 'x', expected a number")
def no_time(path: Path) -> None:
    edit(path, "12.5,", "x,")


@broken(old, "line 13: 'BEGIN' should be one of START, STOP, POINT")
def no_status(path: Path) -> None:
    edit(path, "START", "BEGIN")


@broken(old, "line 13: has no behavior")
def no_behavior(path: Path) -> None:
    edit(path, "groom", "")


@broken(old, "line 13: groom stops at 14.75 s, though it has not started")
def no_start(path: Path) -> None:
    edit(path, "12.5,/videos/day1_reencode.avi,60.000,30.0,adult,groom,,,START\n", "")


@broken(old, "line 16: groom starts at 20 s, though it has not stopped since 12.5 s")
def started_twice(path: Path) -> None:
    edit(path, "14.75,/videos/day1_reencode.avi,60.000,30.0,adult,groom,,,STOP\n", "\n")


@broken(old, "line 13: has 8 cells, expected 9")
def short(path: Path) -> None:
    edit(path, "30.0,adult,groom,,,START", "30.0,adult,groom,,START")


@broken(old, "time offset 'ten' is no number of seconds")
def no_offset(path: Path) -> None:
    edit(path, "10.0", "ten")


@broken(old, "line 13: /videos/day1_reencode.avi: groom starts at -9, before the video does")
def before_the_video(path: Path) -> None:
    edit(path, "12.5,", "1.0,")


@broken(new, "has no events")
def no_events(path: Path) -> None:
    path.write_text(HEADER)


@broken(
    new,
    "day1: its times are dates; export it anew from an observation that does not take the date of the media as offset",
)
def dates(path: Path) -> None:
    path.write_text(HEADER + row("1700000000.5", "START") + row("1700000001.5", "STOP"))


@broken(new, "day1: does not say how long a.avi is, after which another follows")
def no_lengths(path: Path) -> None:
    source = "player #1:a.avi;b.avi"
    path.write_text(HEADER + row("1", "START", source=source, duration="NA") + row("2", "STOP", source=source))


@broken(new, "line 1: columns Behavior are there twice")
def twice(path: Path) -> None:
    edit(path, "Comment", "Behavior")


def read(path: Path, text: str) -> list[Annotations]:
    path.write_text(text)
    return list(read_annotations(path))


def test_times_are_without_the_offset_and_in_the_order_of_time(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "a.csv", OLD)
    assert found.bouts == (
        Bout("groom", 2.5, 4.75, "adult", line=13),
        Bout("groom", 10.0, None, "adult", line=16),
        Bout("rear", 1.0, 1.0, point=True, line=15),
    )
    assert (found.unit, found.fps, found.length) == ("seconds", 30.0, 60.0)
    assert found.video == "/videos/day1_reencode.avi"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_separator_and_encoding(separator: str, encoding: str, tmp_path: Path) -> None:
    text = (HEADER + row("12.5", "START", behavior="füßeln") + row("14.75", "STOP", behavior="füßeln")).replace(
        '"sun, hot"', "sun"
    )
    (tmp_path / "a.csv").write_text(text.replace(",", separator), encoding=encoding, newline="\r\n")
    (found,) = read_annotations(tmp_path / "a.csv")
    assert found.bouts == (Bout("füßeln", 12.5, 14.75, "adult", line=2),)


def test_a_stop_and_a_start_at_the_same_time_are_two_bouts(tmp_path: Path) -> None:
    events = [row("1", "START"), row("2", "START"), row("2", "STOP"), row("3", "STOP")]
    (found,) = read(tmp_path / "a.csv", HEADER + "".join(events))
    assert [(bout.start, bout.stop) for bout in found.bouts] == [(1, 2), (2, 3)]
    none = [row("1", "STOP"), row("1", "START")]
    (found,) = read(tmp_path / "a.csv", HEADER + "".join(none))
    assert [(bout.start, bout.stop) for bout in found.bouts] == [(1, 1)]


def test_subjects_and_modifiers_are_paired_apart_and_modifiers_not_read(tmp_path: Path) -> None:
    events = [
        *(row("1", "START"), row("2", "START", subject="young"), row("3", "START", modifier="slow")),
        *(row("4", "STOP"), row("5", "STOP", modifier="slow"), row("6", "STOP", subject="young")),
    ]
    (found,) = read(tmp_path / "a.csv", HEADER + "".join(events))
    assert sorted((bout.start, bout.stop, bout.agent) for bout in found.bouts) == [
        (1, 4, "adult"),
        (2, 6, "young"),
        (3, 5, "adult"),
    ]
    assert found.notes == ("modifiers of 2 events are not read",)


def test_media_that_follow_one_another_are_videos_of_their_own(tmp_path: Path) -> None:
    source, fps = "player #1:/videos/a.avi;/videos/b.avi|player #2:c.avi", "30.0;30.0|25.0"
    more = {"source": source, "duration": "10.0;20.0|30.0", "fps": fps, "offset": "5.0"}
    events = [
        row("6", "START", **more),
        row("8", "STOP", **more),
        row("14", "START", **more),
        row("17.5", "STOP", **more),
    ]
    first, second = read(tmp_path / "a.csv", HEADER + "".join(events))
    assert (first.video, first.length, first.fps) == ("/videos/a.avi", 10.0, 30.0)
    assert [(bout.start, bout.stop) for bout in first.bouts] == [(1, 3), (9, 10)]
    assert second.video == "/videos/b.avi"
    assert [(bout.start, bout.stop) for bout in second.bouts] == [(0, 2.5)]


def test_several_observations_are_videos_of_their_own(tmp_path: Path) -> None:
    other = {"name": "day2", "source": "player #1:day2.avi"}
    events = [row("1", "START"), row("1", "START", **other), row("2", "STOP"), row("3", "STOP", **other)]
    first, second = read(tmp_path / "a.csv", HEADER + "".join(events))
    assert [(one.video, one.bouts[0].stop) for one in (first, second)] == [(r"C:\videos\day1.avi", 2), ("day2.avi", 3)]


def test_a_live_observation_without_media_is_known_by_its_name(tmp_path: Path) -> None:
    more = {"source": "NA", "duration": "NA", "fps": "NA"}
    (found,) = read(tmp_path / "a.csv", HEADER + row("1", "START", **more) + row("2", "STOP", **more))
    assert (found.video, found.fps, found.length) == ("day1", None, None)


def test_images_that_are_off_the_times_are_a_note(tmp_path: Path) -> None:
    events = row("1.0", "START", index="38") + row("2.0", "STOP", index="60")
    (found,) = read(tmp_path / "a.csv", HEADER + events)
    assert found.notes == ("its image indices are up to 8 frames off its times; the times are taken",)
    events = row("1.0", "START", index="31") + row("2.0", "STOP", index="60")
    assert read(tmp_path / "a.csv", HEADER + events)[0].notes == ()


def test_a_number_with_a_comma_for_decimals(tmp_path: Path) -> None:
    text = (HEADER + row("1.5", "START") + row("2.5", "STOP")).replace('"sun, hot"', "sun").replace(",", ";")
    (found,) = read(tmp_path / "a.csv", text.replace("1.5", "1,5").replace("2.5", "2,5"))
    assert [(bout.start, bout.stop) for bout in found.bouts] == [(1.5, 2.5)]


@real
def test_real_tables_of_all_versions_hold_the_same() -> None:
    old_ones = IMPORTS / "boris_tabular_v7" / "e3v813a-20210610T120637-121213.boris.csv"
    (wanted,) = read_annotations(old_ones)
    for ending in ("csv", "tsv", "xlsx"):
        path = IMPORTS / "boris_v8_v9" / f"e3v813a-20210610T120637-121213.tabular.v9.15.0.{ending}"
        (found,) = read_annotations(path)
        assert (found.video, found.fps, found.length) == (wanted.video, wanted.fps, wanted.length)
        assert [(b.start, b.stop, b.agent) for b in found.bouts if b.behavior == "interact"] == [
            (b.start, b.stop, b.agent) for b in wanted.bouts
        ]
        assert [(b.start, b.point) for b in found.bouts if b.behavior == "rear"] == [(5.5, True)]


@real
def test_a_real_table_with_behaviors_that_are_not_in_order() -> None:
    (found,) = read_annotations(IMPORTS / "boris_tabular_v7" / "multiple_behaviors.boris.csv")
    assert {bout.behavior for bout in found.bouts} >= {"mount", "interact"}
    assert all(bout.stop is not None and bout.stop > bout.start for bout in found.bouts)
    with pytest.raises(DataError, match="holds annotations of BORIS, expected poses"):
        list(read_poses(IMPORTS / "boris_tabular_v7" / "multiple_behaviors.boris.csv"))
