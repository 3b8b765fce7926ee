"""Aggregated events of BORIS."""

from pathlib import Path

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TEXT = (
    "Observation id,Observation date,Description,Observation type,Source,Time offset (s),Media duration (s),"
    "FPS (frame/s),Subject,Behavior,Behavioral category,Behavior type,Start (s),Stop (s),Duration (s)\n"
    "day1,,,Media file,player #1:/videos/day1.avi,10.0,60.0,30.0,adult,groom,Not defined,STATE,12.5,14.75,2.25\n"
    "day1,,,Media file,player #1:/videos/day1.avi,10.0,60.0,30.0,No focal subject,rear,,POINT,11.0,11.0,NA\n"
)


@example("boris_aggregated", "day1.aggregated.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 2: stops at 4.75 s before it starts at 12.5 s")
def backwards(path: Path) -> None:
    edit(path, "14.75", "4.75")
    edit(path, "10.0,60.0", "0.0,60.0")


@broken(right, "line 2: Start (s): 'x', expected a number")
def no_start(path: Path) -> None:
    edit(path, "12.5", "x")


@broken(right, "line 2: Stop (s): nothing, expected a number")
def no_stop(path: Path) -> None:
    edit(path, "14.75", "")


@broken(right, "line 2: 'EVENT' should be STATE or POINT")
def no_kind(path: Path) -> None:
    edit(path, "STATE", "EVENT")


@broken(right, "line 2: has no behavior")
def no_behavior(path: Path) -> None:
    edit(path, "groom", "")


@broken(right, "line 2: has 14 cells, expected 15")
def short(path: Path) -> None:
    edit(path, ",2.25", "")


@broken(right, "line 2: /videos/day1.avi: groom starts at -7.5, before the video does")
def before_the_video(path: Path) -> None:
    edit(path, "10.0,60.0", "20.0,60.0")
    edit(
        path,
        "\nday1,,,Media file,player #1:/videos/day1.avi,10.0,60.0,30.0,No focal subject,rear,,POINT,11.0,11.0,NA",
        "",
    )


@broken(right, "line 2: Time offset (s): 'ten', expected a number")
def no_offset(path: Path) -> None:
    edit(path, "10.0,60.0", "ten,60.0")


@broken(right, "has no events")
def no_events(path: Path) -> None:
    path.write_text(TEXT.split("\n")[0] + "\n")


def test_times_are_without_the_offset(tmp_path: Path) -> None:
    right.write(tmp_path / "a.csv")
    (found,) = read_annotations(tmp_path / "a.csv")
    assert found.bouts == (Bout("groom", 2.5, 4.75, "adult", line=2), Bout("rear", 1.0, 1.0, point=True, line=3))
    assert (found.video, found.fps, found.length) == ("/videos/day1.avi", 30.0, 60.0)


@real
def test_real_bouts_are_those_of_the_tables_that_they_were_made_of() -> None:
    for day in ("120637-121213", "121558-122141"):
        (found,) = read_annotations(IMPORTS / "boris_v8_v9" / f"e3v813a-20210610T{day}.aggregated.v9.15.0.csv")
        (wanted,) = read_annotations(IMPORTS / "boris_tabular_v7" / f"e3v813a-20210610T{day}.boris.csv")
        ours = [(bout.start, bout.stop, bout.agent) for bout in found.bouts if bout.behavior == "interact"]
        assert ours == [(bout.start, bout.stop, bout.agent) for bout in wanted.bouts]
