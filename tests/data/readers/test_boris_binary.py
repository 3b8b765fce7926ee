"""Binary tables of BORIS, and of A-SOiD."""

from pathlib import Path

import numpy as np

from harness.data.incoming.moments import frames_of
from harness.data.incoming.recognising import load_readers, read_annotations
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real, truth

load_readers()

TEXT = "time,groom (slow),groom (fast),rear\n0.0,0,0,0\n0.1,1,0,0\n0.2,0,1,2\n0.3,0,0,0\n0.4,0,0,0\n"


@example("boris_binary", "day1.binary.csv", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 4: time: 'x', expected seconds")
def no_time(path: Path) -> None:
    edit(path, "0.2,", "x,")


@broken(right, "line 4: rear: 'yes', expected 0 or 1")
def no_number(path: Path) -> None:
    edit(path, "0.2,0,1,2", "0.2,0,1,yes")


@broken(right, "line 4: has 3 cells, expected 4")
def short(path: Path) -> None:
    edit(path, "0.2,0,1,2", "0.2,0,1")


@broken(right, "time 0.1 s is not 0.1333 s after that before".replace("time", "line 3: time"))
def a_row_is_lacking(path: Path) -> None:
    edit(path, "0.2,0,1,2\n", "")


@broken(right, "its times go from 0.4 to 0 s, expected rising ones")
def turned(path: Path) -> None:
    header, *rows = TEXT.strip().split("\n")
    path.write_text("\n".join([header, *reversed(rows)]) + "\n")


@broken(right, "line 1: column 'rear' is there 2 times, expected once")
def twice(path: Path) -> None:
    edit(path, "groom (slow)", "rear")


@broken(right, "has fewer than two rows, which do not tell how far they are apart")
def one_row(path: Path) -> None:
    path.write_text("time,groom\n0.0,0\n")


@broken(right, "line 1: has no column of a behavior")
def nothing(path: Path) -> None:
    path.write_text("time,other\n0.0,0\n0.1,0\n")


def test_behaviors_are_without_modifiers_and_points_are_counted(tmp_path: Path) -> None:
    right.write(tmp_path / "a.csv")
    (found,) = read_annotations(tmp_path / "a.csv")
    assert [(bout.behavior, round(bout.start, 6), round(bout.stop or 0, 6)) for bout in found.bouts] == [
        ("groom", 0.1, 0.3),
        ("rear", 0.2, 0.3),
    ]
    assert found.behaviors == ("groom", "rear")
    assert found.notes == ("sampled every 0.1 s: bouts shorter than that may be lacking",)


def test_times_rounded_to_thousandths_come_to_whole_frames(tmp_path: Path) -> None:
    there = np.random.default_rng(0).integers(0, 2, 1000)
    for fps in (25, 30, 60):
        rows = [f"{round(frame / fps, 3)},{there[frame]}" for frame in range(1000)]
        (tmp_path / "a.csv").write_text("\n".join(["time,groom", *rows]) + "\n")
        (found,) = read_annotations(tmp_path / "a.csv")
        frames = np.zeros(1000, dtype=int)
        for bout in found.bouts:
            start, stop = frames_of(bout.start, bout.stop or 0.0, fps)
            frames[start:stop] += 1
        np.testing.assert_array_equal(frames, there)


@real
def test_real_samples_are_within_one_of_the_bouts_they_were_made_of() -> None:
    (path,) = (IMPORTS / "boris_v8_v9").glob("*.binary-*.csv")
    (found,) = read_annotations(path)
    (wanted,) = read_annotations(IMPORTS / "boris_tabular_v7" / "e3v813a-20210610T120637-121213.boris.csv")
    ours = [(bout.start, bout.stop or 0.0) for bout in found.bouts if bout.behavior == "interact"]
    np.testing.assert_allclose(ours, [(bout.start, bout.stop or 0.0) for bout in wanted.bouts], atol=0.1001)


@real
def test_a_real_table_of_a_row_a_frame_comes_to_the_truth() -> None:
    (path,) = IMPORTS.glob("made/*asoid.csv")
    (found,) = read_annotations(path)
    assert truth(found) == truth()
