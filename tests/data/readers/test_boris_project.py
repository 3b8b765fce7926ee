"""Projects of BORIS."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.errors import DataError
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

VIDEO = "C:/videos/day1_reencode.avi"


def project() -> dict[str, Any]:
    behaviors = {"0": {"type": "State event", "code": "groom"}, "1": {"type": "Point event", "code": "rear"}}
    events = [
        [14.75, "adult", "groom", "", "", 142],
        [12.5, "adult", "groom", "", "", 75],
        [11.0, "", "rear", "", ""],
        [20.0, "adult", "groom", "slow|late", ""],
        [30.0, "adult", "groom", "", ""],
    ]
    observation = {
        "file": {"1": [VIDEO], "2": []},
        "type": "MEDIA",
        "time offset": 10.0,
        "events": events,
        "observation time interval": [0, 0],
        "media_info": {"length": {VIDEO: 60.0}, "fps": {VIDEO: 30.0}},
    }
    subjects = {"0": {"key": "a", "name": "adult"}, "1": {"key": "y", "name": "young"}}
    whole = {"project_format_version": "7.0", "behaviors_conf": behaviors, "subjects_conf": subjects}
    return whole | {"observations": {"day1": observation}}


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        content = project()
        change(content)
        path.write_text(json.dumps(content))

    return write


def observation(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return changed(lambda content: change(content["observations"]["day1"]))


@example("boris_project", "lab.boris")
def right(path: Path) -> None:
    path.write_text(json.dumps(project()))


@example("boris_project", "lab.boris.gz")
def packed(path: Path) -> None:
    path.write_bytes(gzip.compress(json.dumps(project()).encode()))


@broken(right, "no project of BORIS: it has no observations")
def another_json(path: Path) -> None:
    path.write_text("[1, 2]")


@broken(right, "is of project format '8.1', expected 7.0; save it with BORIS 9")
def newer(path: Path) -> None:
    changed(lambda content: content.update(project_format_version="8.1"))(path)


@broken(right, "has no behaviors_conf")
def no_behaviors(path: Path) -> None:
    changed(lambda content: content.pop("behaviors_conf"))(path)


@broken(right, "behaviors_conf: an entry without a code")
def no_code(path: Path) -> None:
    changed(lambda content: content["behaviors_conf"].update({"2": {"type": "State event"}}))(path)


@broken(right, "day1: has no events")
def no_events(path: Path) -> None:
    observation(lambda content: content.pop("events"))(path)


@broken(right, "day1: event 1: 'hop' is no behavior of the project; it has groom, rear")
def undeclared(path: Path) -> None:
    observation(lambda content: content.update(events=[[1.0, "", "hop", "", ""]]))(path)


@broken(right, "day1: event 2: time 'x' is no number of seconds")
def no_time(path: Path) -> None:
    observation(lambda content: content.update(events=[["x", "", "rear"], [1.0, "", "rear"]]))(path)


@broken(right, "day1: event 1: should be a list of time, subject, code and more")
def no_event(path: Path) -> None:
    observation(lambda content: content.update(events=[[1.0]]))(path)


@broken(right, "day1: time offset 'ten' is no number of seconds")
def no_offset(path: Path) -> None:
    observation(lambda content: content.update({"time offset": "ten"}))(path)


@broken(
    right,
    "day1: its times are dates; export it anew from an observation that does not take the date of the media as offset",
)
def dates(path: Path) -> None:
    observation(lambda content: content.update(events=[[1.7e9, "", "rear"]]))(path)


@broken(right, "line 1: no JSON, or cut short (Expecting ',' delimiter)")
def damaged(path: Path) -> None:
    path.write_text(json.dumps(project()).replace('"type": "MEDIA",', '"type": "MEDIA"'))


@broken(right, "nested deeper than any such file")
def deep(path: Path) -> None:
    path.write_text("[" * 200_000)


def test_every_second_event_of_the_same_is_a_stop(tmp_path: Path) -> None:
    right.write(tmp_path / "lab.boris")
    (found,) = read_annotations(tmp_path / "lab.boris")
    assert found.bouts == (
        Bout("rear", 1.0, 1.0, point=True),
        Bout("groom", 2.5, 4.75, "adult"),
        Bout("groom", 20.0, None, "adult"),
        Bout("groom", 10.0, None, "adult"),
    )
    assert (found.video, found.fps, found.length) == ("day1_reencode.avi", 30.0, 60.0)
    assert (found.behaviors, found.subjects, found.looked_at) == (("groom", "rear"), ("adult", "young"), None)
    assert found.notes == ("modifiers of 1 event are not read",)


def test_what_was_observed_is_what_was_looked_at(tmp_path: Path) -> None:
    observation(lambda content: content.update({"observation time interval": [20.0, 40.0]}))(tmp_path / "lab.boris")
    (found,) = read_annotations(tmp_path / "lab.boris")
    assert found.looked_at == (Bout("*", 10.0, 30.0, "*"),)


def test_a_packed_project_is_the_same_and_no_bomb(tmp_path: Path) -> None:
    right.write(tmp_path / "lab.boris")
    packed.write(tmp_path / "lab.boris.gz")
    (one,), (other,) = read_annotations(tmp_path / "lab.boris"), read_annotations(tmp_path / "lab.boris.gz")
    assert one.bouts == other.bouts
    (tmp_path / "lab.boris.gz").write_bytes(gzip.compress(b" " * 250_000_000, 9))
    with pytest.raises(DataError, match=r"unpacks to more than 200\.0 MB"):
        list(read_annotations(tmp_path / "lab.boris.gz"))


@real
def test_a_real_project() -> None:
    (found,) = read_annotations(IMPORTS / "boris_project" / "test-multi-behaviors.boris")
    assert found.bouts == (
        Bout("mm", 9.955, 11.256, "mouse"),
        Bout("mm", 26.605, 31.705, "mouse"),
        Bout("aa", 28.205, 30.63, "mouse"),
    )


@real
@pytest.mark.parametrize("version", ["8.27.4", "9.15.0"])
def test_real_projects_hold_what_is_in_their_exports(version: str) -> None:
    project_ = list(read_annotations(IMPORTS / "boris_v8_v9" / f"mice.v{version}.boris"))
    for found, day in zip(project_, ("120637-121213", "121558-122141"), strict=True):
        (wanted,) = read_annotations(IMPORTS / "boris_tabular_v7" / f"e3v813a-20210610T{day}.boris.csv")
        ours = [(bout.start, bout.stop, bout.agent) for bout in found.bouts if bout.behavior == "interact"]
        assert ours == [(bout.start, bout.stop, bout.agent) for bout in wanted.bouts]
        assert (found.fps, found.length) == (wanted.fps, wanted.length)


def looking(content: dict[str, Any]) -> None:
    """Somebody looked for grooming of the adult, and at the end for everything."""
    content["behaviors_conf"]["2"] = {"type": "State event", "code": "looked at"}
    content["observations"]["day1"]["events"] += [
        [11.0, "adult", "looked at", "groom", ""],
        [21.0, "adult", "looked at", "groom", ""],
        [40.0, "", "looked at", "None|None", ""],
        [50.0, "", "looked at", "None|None", ""],
    ]


def test_events_of_that_name_say_what_was_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "lab.boris"
    changed(looking)(path)
    (found,) = read_annotations(path)
    assert found.looked_at == (Bout("groom", 1.0, 11.0, "adult"), Bout("*", 30.0, 40.0))
    assert found.behaviors == ("groom", "rear")
    assert {one.behavior for one in found.bouts} == {"groom", "rear"}
