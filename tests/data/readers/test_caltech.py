"""Text of the Caltech Behavior Annotator."""

from pathlib import Path

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

TEXT = """\
Caltech Behavior Annotator - Annotation File

Configuration file:
base\tz
chase\tc
bite\tb

S1:\tstart\tend\ttype
-----------------------------
\t1\t10\tbase
\t11\t20\tchase
\t21\t30\tbase

S2:\tstart\tend\ttype
-----------------------------
\t1\t14\tbase
\t15\t15\tbite
\t16\t30\tbase
"""


@example("caltech", "video_annot.txt", whole=False)
def right(path: Path) -> None:
    path.write_text(TEXT, newline="\r\n")


@broken(right, "line 11: starts at frame 12, expected 11, as a stream has no gap")
def gap(path: Path) -> None:
    edit(path, "\t11\t20\tchase", "\t12\t20\tchase")


@broken(right, "line 11: 'chasse' is not among the behaviors at the top of the file")
def undeclared(path: Path) -> None:
    edit(path, "20\tchase", "20\tchasse")


@broken(right, "line 11: ends at frame 2 before it starts at 11")
def backwards(path: Path) -> None:
    edit(path, "\t11\t20\tchase", "\t11\t2\tchase")


@broken(right, "line 17: '15\\t15' is no start, end and type")
def cut(path: Path) -> None:
    edit(path, "\t15\t15\tbite", "\t15\t15")


@broken(right, "line 14: stream S1 is there twice, expected once")
def twice(path: Path) -> None:
    edit(path, "S2:", "S1:")


@broken(right, "has no stream; S1 and what is in it should follow the behaviors")
def no_stream(path: Path) -> None:
    path.write_text(TEXT.partition("S1:")[0])


def test_frames_count_from_1_and_the_end_belongs_to_a_bout(tmp_path: Path) -> None:
    right.write(tmp_path / "video_annot.txt")
    (found,) = read_annotations(tmp_path / "video_annot.txt")
    assert found.bouts == (Bout("chase", 10, 20, line=11), Bout("bite", 14, 15, line=17))
    assert (found.unit, found.length, found.behaviors) == ("frames", 30, ("chase", "bite"))


@real
def test_streams_of_real_rats_come_to_all_their_frames() -> None:
    for path in sorted(IMPORTS.glob("*/*annot.txt")):
        (found,) = read_annotations(path)
        lines = path.read_text().split("\n")
        wanted = [line.split("\t")[1:] for line in lines if line.startswith("   \t")]
        frames = {
            name: sum(int(end) - int(start) + 1 for start, end, other in wanted if other.strip() == name)
            for name in found.behaviors
        }
        assert {
            name: sum(int(bout.stop or 0) - int(bout.start) for bout in found.bouts if bout.behavior == name)
            for name in found.behaviors
        } == frames
