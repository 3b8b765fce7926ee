"""Annotations of BENTO."""

from pathlib import Path

import pytest

from harness.data.incoming.moments import frames_of
from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real, truth

load_readers()

TEXT = """\
Bento annotation file
Movie file(s):  video.avi

Stimulus name:
Annotation start frame: 1
Annotation stop frame: 300
Annotation framerate: 30.000000

List of channels:
Ch1
Ch2

List of annotations:
groom
chase
other

Ch1----------
>groom
Start\t Stop\t Duration
11\t20\t10
41\t41\t1

>other
Start\t Stop\t Duration
1\t10\t10

Ch2----------
>chase
Start\t Stop\t Duration
31\t60\t30
"""


@example("bento", "video.annot", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 21: ends at 20 before it starts at 41")
def backwards(path: Path) -> None:
    edit(path, "11\t20\t10", "41\t20\t10")


@broken(right, "line 21: lasts 15 from 11 to 20, expected their difference, or a frame more")
def wrong_duration(path: Path) -> None:
    edit(path, "11\t20\t10", "11\t20\t15")


@broken(right, "line 22: its duration counts the last frame otherwise than that of the bouts before")
def two_ways(path: Path) -> None:
    edit(path, "41\t41\t1", "41\t42\t1")


@broken(right, r"line 21: '11\t20', expected start, stop and duration below the name of a behavior")
def short(path: Path) -> None:
    edit(path, "11\t20\t10", "11\t20")


@broken(right, r"line 21: '11\tx\t10', expected start, stop and duration below the name of a behavior")
def no_number(path: Path) -> None:
    edit(path, "11\t20\t10", "11\tx\t10")


@broken(right, "line 19: 'grom' is not in the list of annotations")
def undeclared(path: Path) -> None:
    edit(path, ">groom", ">grom")


@broken(right, "has no 'Annotation framerate' above 0, which says what its times are")
def no_rate(path: Path) -> None:
    edit(path, "Annotation framerate: 30.000000\n", "")


@broken(right, "Annotation framerate: 'fast', expected a number")
def a_word(path: Path) -> None:
    edit(path, "30.000000", "fast")


@broken(right, "has no channel; a line such as Ch1---------- should follow the list of annotations")
def no_channel(path: Path) -> None:
    path.write_text(TEXT.partition("Ch1-")[0])


@broken(right, r"line 21: '1e300\t1e301\t10', expected times of a video")
def too_large(path: Path) -> None:
    edit(path, "11\t20\t10", "1e300\t1e301\t10")


def read(tmp_path: Path, text: str) -> list[tuple[str, int, int]]:
    (tmp_path / "video.annot").write_text(text)
    (found,) = read_annotations(tmp_path / "video.annot")
    rate = 30.0 if found.unit == "seconds" else None
    return [(bout.behavior, *frames_of(bout.start, bout.stop or 0.0, rate)) for bout in found.bouts]


WANTED = [("groom", 10, 20), ("groom", 40, 41), ("chase", 30, 60)]


def test_frames_of_matlab_count_from_1_and_the_last_belongs_to_a_bout(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT) == WANTED


def test_seconds_of_matlab_are_frames_from_1_all_the_same(tmp_path: Path) -> None:
    text = TEXT.replace("11\t20\t10", "0.366666666667\t0.666666666667\t0.333333333333")
    text = text.replace("41\t41\t1", "1.36666666667\t1.36666666667\t0.0333333333333")
    text = text.replace("1\t10\t10", "0.0333333333333\t0.333333333333\t0.333333333333")
    assert read(tmp_path, text.replace("31\t60\t30", "1.03333333333\t2.0\t1.0")) == WANTED


def test_seconds_of_python_count_from_0_and_the_stop_does_not_belong_to_a_bout(tmp_path: Path) -> None:
    text = TEXT.replace("annotation file", "annotation file v2")
    text = text.replace("11\t20\t10", "0.3333333333333333\t0.6666666666666666\t0.3333333333333333")
    text = text.replace("41\t41\t1", "1.3333333333333333\t1.3666666666666667\t0.03333333333333344")
    text = text.replace("1\t10\t10", "0.0\t0.3333333333333333\t0.3333333333333333")
    assert read(tmp_path, text.replace("31\t60\t30", "1.0\t2.0\t1.0")) == WANTED


def test_a_duration_without_the_last_frame_says_that_it_does_not_belong_to_a_bout(tmp_path: Path) -> None:
    text = TEXT.replace("11\t20\t10", "11\t21\t10").replace("41\t41\t1", "41\t42\t1")
    assert read(tmp_path, text.replace("1\t10\t10", "1\t11\t10").replace("31\t60\t30", "31\t61\t30")) == WANTED


def test_what_comes_before_the_first_frame_annotated_was_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "video.annot").write_text(TEXT.replace("start frame: 1", "start frame: 11"))
    (found,) = read_annotations(tmp_path / "video.annot")
    assert found.looked_at == (Bout("*", 10, 300, "*"),)
    assert found.notes == ("bouts of 2 channels are put together",)
    assert (found.behaviors, found.fps, found.length) == (("groom", "chase"), 30, 300)


@real
@pytest.mark.parametrize("kind", ["frames", "seconds", "python"])
def test_real_bouts_come_to_the_truth(kind: str) -> None:
    (path,) = IMPORTS.glob(f"made/*.{kind}.annot")
    (found,) = read_annotations(path)
    assert truth(found) == truth()
    assert found.looked_at is None
