"""Annotations of Kaggle's MABe challenge of 2025."""

import csv
import json
from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Annotations, Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

ROWS = [(1, 2, "attack", 10, 20), (2, 2, "rear", 15, 16), (1, 2, "sniff", 30, 31)]


def write(path: Path, rows: list[tuple[Any, ...]]) -> None:
    path.unlink(missing_ok=True)
    table = pd.DataFrame(rows, columns=["agent_id", "target_id", "action", "start_frame", "stop_frame"])
    fastparquet.write(str(path), table, object_encoding={"action": "utf8"})


@example("mabe25_annotations", "44566107.parquet")
def right(path: Path) -> None:
    write(path, ROWS)


@broken(right, "row 2: stops on frame 15, expected one after 15, on which it starts")
def no_length(path: Path) -> None:
    write(path, [ROWS[0], (2, 2, "rear", 15, 15), ROWS[2]])


@broken(right, "row 2: start_frame is -15, expected a whole number from 0 on")
def before_the_video(path: Path) -> None:
    write(path, [ROWS[0], (2, 2, "rear", -15, 16), ROWS[2]])


@broken(right, "row 1: target_id is nan, expected a whole number from 0 on")
def no_target(path: Path) -> None:
    write(path, [(1, None, "attack", 10, 20), *ROWS[1:]])


@broken(right, "row 3: has no action")
def no_action(path: Path) -> None:
    write(path, [*ROWS[:2], (1, 2, None, 30, 31)])


@broken(right, "row 1: agent_id is 1.5, expected a whole number from 0 on")
def a_mouse_and_a_half(path: Path) -> None:
    write(path, [(1.5, 2, "attack", 10, 20), *ROWS[1:]])


@broken(right, "column start_frame holds words, expected numbers")
def words(path: Path) -> None:
    path.unlink()
    table = pd.DataFrame(ROWS, columns=["agent_id", "target_id", "action", "start_frame", "stop_frame"])
    fastparquet.write(str(path), table.assign(start_frame=["a", "b", "c"]))


@broken(right, "column action holds numbers, expected words")
def numbers(path: Path) -> None:
    write(path, [(1, 2, 3, 10, 20)])


@broken(right, "damaged or cut short (it does not end as a Parquet file does)")
def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def only(path: Path) -> Annotations:
    (found,) = read_annotations(path)
    return found


def laid_out(folder: Path, labelled: str, video: str = "44566107") -> Path:
    path = folder / "train_annotation" / "Lab" / f"{video}.parquet"
    path.parent.mkdir(parents=True)
    right.write(path)
    with open(folder / "train.csv", "w", newline="") as file:
        rows = [["lab_id", "video_id", "frames_per_second", "behaviors_labeled"], ["Lab", video, "25", labelled]]
        csv.writer(file).writerows(rows)
    return path


def test_the_end_is_excluded_and_what_is_done_to_nobody_has_its_agent_for_a_target(tmp_path: Path) -> None:
    right.write(tmp_path / "44566107.parquet")
    found = only(tmp_path / "44566107.parquet")
    assert found.bouts == (
        Bout("attack", 10, 20, "mouse1", "mouse2"),
        Bout("rear", 15, 16, "mouse2", "mouse2"),
        Bout("sniff", 30, 31, "mouse1", "mouse2"),
    )
    assert (found.unit, found.fps, found.looked_at) == ("frames", None, None)
    assert "what was annotated" in found.notes[0]


def test_the_whitelist_says_what_was_looked_at_whatever_quotes_stray_in_it(tmp_path: Path) -> None:
    labelled = ["mouse1,mouse2,attack", "mouse1','mouse2','attack'", "mouse2,self,rear", "mouse2,mouse1,chase"]
    found = only(laid_out(tmp_path, json.dumps(labelled)))
    assert found.looked_at == (
        Bout("attack", 0, None, "mouse1", "mouse2"),
        Bout("rear", 0, None, "mouse2", "mouse2"),
        Bout("chase", 0, None, "mouse2", "mouse1"),
    )
    assert found.fps == 25
    assert (found.behaviors, found.subjects) == (("attack", "rear", "sniff", "chase"), ("mouse1", "mouse2"))
    assert found.notes == ("1 bout of what behaviors_labeled does not name",)


def test_videos_that_are_known_to_be_out_of_step_say_so(tmp_path: Path) -> None:
    found = only(laid_out(tmp_path, "", "1596473327"))
    assert found.looked_at is None
    assert found.notes == (
        "its bouts are known to be out of step with its frames: counted at 30 a second, filmed at 25",
    )


@real
def test_bouts_by_the_rules_of_the_format_are_those_that_are_true() -> None:
    found = only(IMPORTS / "made" / "mabe25" / "train_annotation" / "StJude" / "1.parquet")
    with open(IMPORTS / "made" / "e3v813a-20210610T122332-122642.truth.csv", newline="") as file:
        wanted = [(row["behavior"], int(row["start"]), int(row["stop"])) for row in csv.DictReader(file)]
    assert [(bout.behavior, bout.start, bout.stop) for bout in found.bouts] == wanted
    assert found.looked_at == (Bout("interact", 0, None, "mouse1", "mouse2"),)
    assert found.notes == ()
