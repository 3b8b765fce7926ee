"""Events in projects of SLEAP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, example
from tests.data.readers.test_sleap_slp import write

load_readers()

EVENTS = {
    "video": [0, 0, 1],
    "start_frame": [0, 2, 1],
    "end_frame": [1, 2, 3],
    "type": [0, 1, 0],
    "subject_kind": [0, 1, 2],
    "subject_idx": [-1, 0, 0],
    "target_kind": [0, 1, 0],
    "target_idx": [-1, 1, -1],
    "is_predicted": [False, False, False],
}


def write_events(path: Path, **changed: Any) -> None:
    write(path, videos=("day1.mp4", "day2.mp4"))
    with h5py.File(path, "r+") as file:
        text = h5py.special_dtype(vlen=str)
        file.create_dataset("event_types/name", data=["groom", "chase"], dtype=text)
        file.create_dataset("identity/name", data=["Bob"], dtype=text)
        for name, values in (EVENTS | changed).items():
            file[f"events/{name}"] = np.array(values)


@example("slp_events", "events.slp")
def right(path: Path) -> None:
    write_events(path)


def changed(**values: Any) -> Callable[[Path], None]:
    return lambda path: write_events(path, **values)


@broken(right, "event 1: goes from frame 5 to 1, expected frames from 0 on, in order", "annotations")
def backwards(path: Path) -> None:
    write_events(path, start_frame=[5, 2, 1])


@broken(right, "event 1: goes from frame -1 to 1, expected frames from 0 on, in order", "annotations")
def before_the_video(path: Path) -> None:
    write_events(path, start_frame=[-1, 2, 1])


@broken(right, "event 2: is of type 7, but there are 2 types", "annotations")
def no_type(path: Path) -> None:
    write_events(path, type=[0, 7, 0])


@broken(right, "event 2: refers to an animal that is not there", "annotations")
def nobody(path: Path) -> None:
    write_events(path, subject_idx=[-1, 9, 0])


@broken(right, "the columns of its events are of different lengths (2 to 3)", "annotations")
def short(path: Path) -> None:
    write_events(path, type=[0, 1])


@broken(right, "events/type: holds |S1, expected numbers", "annotations")
def words(path: Path) -> None:
    write_events(path, type=np.array([b"a", b"b", b"c"]))


@broken(right, "events/type: has shape (3, 1), expected 1 axis of numbers", "annotations")
def table(path: Path) -> None:
    write_events(path, type=[[0], [1], [0]])


@broken(right, "events/video: holds object, expected numbers", "annotations")
def texts(path: Path) -> None:
    write_events(path)
    with h5py.File(path, "r+") as file:
        del file["events/video"]
        file.create_dataset("events/video", data=["a", "b", "c"], dtype=h5py.special_dtype(vlen=str))


def test_the_last_frame_belongs_to_an_event_and_animals_are_tracks_or_identities(tmp_path: Path) -> None:
    write_events(tmp_path / "a.slp")
    first, second = read_annotations(tmp_path / "a.slp")
    assert first.bouts == (Bout("groom", 0, 2), Bout("chase", 2, 3, "one", "two"))
    assert second.bouts == (Bout("groom", 1, 4, "Bob"),)
    assert (first.video, second.video, first.unit, first.behaviors) == (
        "day1.mp4",
        "day2.mp4",
        "frames",
        ("groom", "chase"),
    )


def test_what_a_model_predicted_is_left_out(tmp_path: Path) -> None:
    write_events(tmp_path / "a.slp", is_predicted=[False, True, True])
    (found,) = read_annotations(tmp_path / "a.slp")
    assert found.bouts == (Bout("groom", 0, 2),)
    assert found.notes == ("2 events that a model predicted, left out",)


def test_events_that_sleap_io_writes(tmp_path: Path) -> None:
    sio = pytest.importorskip("sleap_io", reason="sleap-io (extra `oracles`) is not installed")
    if not hasattr(sio, "UserEvent"):
        pytest.skip("this sleap-io writes no events")
    video, kind = sio.Video("day1.mp4", open_backend=False), sio.EventType("groom")
    one, two = sio.Track("one"), sio.Track("two")
    labels = sio.Labels(videos=[video], tracks=[one, two])
    labels.events = [sio.UserEvent(type=kind, video=video, start_frame=3, end_frame=7, subject=one, target=two)]
    labels.save(str(tmp_path / "a.slp"))
    (found,) = read_annotations(tmp_path / "a.slp")
    assert found.bouts == (Bout("groom", 3, 8, "one", "two"),)
    assert found.video == "day1.mp4"
