"""Labels of JABS."""

import csv
import json
from pathlib import Path
from typing import Any

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Annotations, Bout
from tests.data.readers.examples import broken, edit, example
from tests.data.readers.real import IMPORTS, real

load_readers()

LABELS: dict[str, Any] = {
    "0": {
        "Walk": [{"start": 5, "end": 5, "present": True}, {"start": 10, "end": 19, "present": False}],
        "Rear": [{"start": 0, "end": 99, "present": False}],
    },
    "2": {"Walk": [{"start": 30, "end": 41, "present": True}]},
}


@example("jabs_labels", "cage.json")
def right(path: Path) -> None:
    content = {"version": 1, "file": "cage.avi", "num_frames": 100, "labels": {}, "unfragmented_labels": LABELS}
    path.write_text(json.dumps(content | {"annotations": [{"start": 1, "end": 2, "tag": "dropped"}]}))


@broken(right, "num_frames is no whole number from 1 on, expected how many frames the video has")
def no_frames(path: Path) -> None:
    edit(path, '"num_frames": 100', '"num_frames": 1.5')


@broken(right, "mouse 0, Walk: block 2 is from frame 19 to 10, expected frames from 0 on that rise")
def backwards(path: Path) -> None:
    edit(path, '"start": 10, "end": 19', '"start": 19, "end": 10')


@broken(right, "mouse 0, Walk: block 2 is from frame -10 to 19, expected frames from 0 on that rise")
def before_the_video(path: Path) -> None:
    edit(path, '"start": 10,', '"start": -10,')


@broken(right, "mouse 0, Rear: block 1 ends on frame 100, but the last of 100 is 99")
def after_the_video(path: Path) -> None:
    edit(path, '"end": 99', '"end": 100')


@broken(
    right, "mouse 0, Walk: block 1 has other things than whole numbers as start and end, and true or false as present"
)
def yes_for_true(path: Path) -> None:
    edit(path, "true", '"yes"')


@broken(right, "mouse 0, Walk: the block from frame 10 begins before the one above it ends")
def both_there_and_not(path: Path) -> None:
    edit(path, '"end": 5', '"end": 12')


@broken(right, "mouse 2: has no labels by behavior")
def no_behaviors(path: Path) -> None:
    edit(path, json.dumps(LABELS["2"]), "[]")


@broken(right, "mouse 2, Walk: holds a dict, expected a list of blocks")
def no_list(path: Path) -> None:
    edit(path, json.dumps(LABELS["2"]["Walk"]), "{}")


@broken(right, "has no labels by mouse; it has version, file, num_frames, labels, unfragmented_labels, annotations")
def no_mice(path: Path) -> None:
    edit(path, json.dumps(LABELS), "null")


@broken(right, "line 1: no JSON, or cut short (Expecting ',' delimiter)")
def cut(path: Path) -> None:
    path.write_text(path.read_text()[:-1])


def only(path: Path) -> Annotations:
    (found,) = read_annotations(path)
    return found


def test_what_is_there_is_a_bout_and_all_that_was_labelled_was_looked_at(tmp_path: Path) -> None:
    right.write(tmp_path / "cage.json")
    found = only(tmp_path / "cage.json")
    assert found.bouts == (Bout("Walk", 5, 6, agent="0"), Bout("Walk", 30, 42, agent="2"))
    assert found.looked_at == (
        Bout("Walk", 5, 6, agent="0"),
        Bout("Walk", 10, 20, agent="0"),
        Bout("Rear", 0, 100, agent="0"),
        Bout("Walk", 30, 42, agent="2"),
    )
    assert (found.video, found.unit, found.length, found.fps) == ("cage", "frames", 100, None)
    assert (found.behaviors, found.subjects) == (("Walk", "Rear"), ("0", "2"))
    assert found.notes == ("1 remark on the timeline, of no behavior that is searched for, left out",)


def test_labels_of_older_files_are_read_where_there_are_no_others(tmp_path: Path) -> None:
    path = tmp_path / "cage.json"
    path.write_text(json.dumps({"file": "cage.avi", "num_frames": 100, "labels": LABELS}))
    assert len(only(path).bouts) == 2


@real
def test_a_file_by_the_rules_of_the_format_comes_to_what_is_true() -> None:
    (path,) = (IMPORTS / "made").glob("*.jabs.json")
    found = only(path)
    with open(path.with_name(path.name.replace(".jabs.json", ".truth.csv")), newline="") as file:
        wanted = [(row["behavior"], int(row["start"]), int(row["stop"])) for row in csv.DictReader(file)]
    assert [(bout.behavior, bout.start, bout.stop) for bout in found.bouts] == wanted
    assert (found.length, found.subjects) == (5700, ("0",))
    assert found.looked_at is not None
    assert found.looked_at[0] == Bout("interact", 0, 865, agent="0")
    assert len(found.looked_at) == len(wanted) + 1
