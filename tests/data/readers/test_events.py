"""Plain tables of bouts."""

from pathlib import Path

import pytest

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real, truth

load_readers()

TEXT = """\
behavior,agent,target,start_frame,stop_frame
chase,white,black,20,30
groom,black,,0,10
groom,black,,5,12
"""


@example("events", "bouts.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 2: stop_frame: 'x', expected a number")
def no_number(path: Path) -> None:
    edit(path, "20,30", "20,x")


@broken(right, "line 2: start_frame: 20.5, expected the number of a frame")
def half_a_frame(path: Path) -> None:
    edit(path, "20,30", "20.5,30")


@broken(right, "line 2: chase ends at 3 before it starts at 20")
def backwards(path: Path) -> None:
    edit(path, "20,30", "20,3")


@broken(right, "line 2: chase starts at -20, before the video does")
def before_the_video(path: Path) -> None:
    edit(path, "20,30", "-20,30")


@broken(right, "line 3: behavior is empty")
def nameless(path: Path) -> None:
    edit(path, "groom,black,,0,10", ",black,,0,10")


@broken(right, "line 3: has 4 cells, expected 5")
def short(path: Path) -> None:
    edit(path, "groom,black,,0,10", "groom,black,0,10")


@broken(right, "line 1: start_frame is in frames, stop_s in seconds; expected the same")
def two_units(path: Path) -> None:
    edit(path, "stop_frame", "stop_s")


@broken(
    right,
    "line 1: columns start and stop do not say frames or seconds; "
    "name them start_frame and stop_frame, or start_s and stop_s",
)
def no_unit(path: Path) -> None:
    edit(path, "start_frame,stop_frame", "start,stop")


@broken(right, "line 1: columns agent are there twice")
def twice(path: Path) -> None:
    edit(path, "agent,target", "agent,agent")


@broken(right, "line 4: start_frame: '1e400', expected a number")
def too_large(path: Path) -> None:
    edit(path, "5,12", "1e400,12")


def read(tmp_path: Path, text: str, name: str = "day1.csv") -> list[tuple[str, str, tuple[Bout, ...]]]:
    path = tmp_path / name
    path.write_text(text)
    return [(one.video, one.unit, one.bouts) for one in read_annotations(path)]


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("behavior,start_frame,stop_frame", "frames"),
        ("Behaviour,Start Frame,End Frame", "frames"),
        ("action,frame_start,frame_end", "frames"),
        ("label,start_s,stop_s", "seconds"),
        ("label,start (s),end (s)", "seconds"),
        ("event,start_time,end_time", "seconds"),
        ("type,onset_sec,offset_sec", "seconds"),
        ("behavior,Start(seconds),Stop(seconds)", "seconds"),
    ],
)
def test_the_unit_is_in_the_names_of_the_columns(header: str, unit: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"{header}\ngroom,1,2\n") == [("", unit, (Bout("groom", 1, 2, line=2),))]


@pytest.mark.parametrize("header", ["behavior,start,stop", "behavior,start_ms,stop_ms", "behavior,from,to"])
def test_a_unit_is_never_guessed(header: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="do not say frames or seconds"):
        read(tmp_path, f"{header}\ngroom,1,2\n")


def test_agents_and_targets_by_whatever_column_they_are_in(tmp_path: Path) -> None:
    found = read(tmp_path, "subject;behavior;target;start_s;stop_s\nblack;chase;white;1,5;2,25\n")
    assert found == [("", "seconds", (Bout("chase", 1.5, 2.25, "black", "white", line=2),))]


def test_a_table_of_several_videos_is_one_for_each(tmp_path: Path) -> None:
    found = read(tmp_path, "video,behavior,start_frame,stop_frame\na.avi,groom,1,2\nb.avi,groom,3,4\na.avi,groom,7,9\n")
    assert [(video, [bout.start for bout in bouts]) for video, _, bouts in found] == [("a.avi", [1, 7]), ("b.avi", [3])]


def test_a_table_without_bouts_is_of_a_video_in_which_nothing_happens(tmp_path: Path) -> None:
    assert read(tmp_path, "behavior,start_frame,stop_frame\n") == [("", "frames", ())]


@real
def test_real_bouts_come_to_the_truth_in_either_unit() -> None:
    for path in sorted(IMPORTS.glob("made/*.events-*.csv")):
        (found,) = read_annotations(path)
        assert truth(found, 30.0) == truth()
