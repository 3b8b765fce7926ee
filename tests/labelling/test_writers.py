"""Formats that labels are written in: what a format's own reader, or its published rules, make of the files."""

import csv
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness.errors import HarnessError
from harness.labelling.boris_project import seconds
from harness.labelling.writing import formats_named, write_labels
from harness.packages import installed
from harness.plugins.writers import LABEL_WRITERS, Act, Asked, Labelled, label_writer
from harness.recording import ONE, PAIR, SCENE, Array
from tests.toy import toy_recordings

Bout = tuple[str, str, str, int, int]
"""Behavior, agent, target, start, stop (exclusive)."""

SCOPES = {"attack": PAIR, "sniff (rear)": PAIR, "groom": ONE, "fight, both": SCENE}

NAMES = ("black", "wéiß")

FORMATS = [one.name for one in formats_named([])] + sorted(set(LABEL_WRITERS) - {"events"})


def act(behavior: str, agent: str, target: str, labels: Array, seed: int) -> Act:
    probability = np.random.default_rng(seed).uniform(0.5, 1, len(labels)) * np.where(labels == 1, 1, 0.4)
    return Act(behavior, agent, target, labels.astype(np.int8), probability.astype(np.float32), 0.5)


def labelled(name: str, frames: int, fps: float, seed: int, scopes: dict[str, str] = SCOPES) -> Labelled:
    """A recording of two animals, with bouts on its first and last frame, and of one frame."""
    recording = replace(toy_recordings(1, frames, seed=seed, fps=fps)[0], id=name, names=NAMES, labels=None)
    chance = np.random.default_rng(seed)
    acts: list[Act] = []
    for behavior, scope in scopes.items():
        for example in recording.examples(scope):
            labels = np.repeat(chance.random(frames // 7 + 1) < 0.3, 7)[:frames]
            labels[[0, -1]] = True
            labels[[1, -2]] = False
            acts.append(act(behavior, example.agent, example.target, labels, len(acts)))
    return Labelled(recording, tuple(acts))


def bouts_of(one: Labelled) -> list[Bout]:
    """Worked out frame by frame."""
    found = []
    for each in one.acts:
        inside = [0, *each.labels.tolist(), 0]
        starts = [frame for frame in range(len(inside) - 1) if not inside[frame] and inside[frame + 1]]
        stops = [frame for frame in range(len(inside) - 1) if inside[frame] and not inside[frame + 1]]
        target = each.target if each.target != each.agent else ""
        found += [(each.behavior, each.agent, target, *pair) for pair in zip(starts, stops, strict=True)]
    return sorted(found)


def write(folder: Path, every: Sequence[Labelled], *names: str, scopes: dict[str, str] = SCOPES) -> Path:
    folder.mkdir()
    recordings = [one.recording for one in every]
    assert list(write_labels(folder, formats_named(names), scopes, recordings, every, made={})) == list(every)
    return folder


def read(path: Path, video: str, fps: float) -> list[Bout]:
    """By our reader, whose times in seconds become frames as its documentation says."""
    found = harness.load_annotations(path, video=video)
    frame: Callable[[float], int] = int if found.unit == "frames" else lambda time: math.floor(time * fps + 1e-6)
    assert all(bout.stop is not None for bout in found.bouts)
    return sorted((one.behavior, one.agent, one.target, frame(one.start), frame(one.stop or 0)) for one in found.bouts)


@pytest.fixture(scope="module")
def every() -> list[Labelled]:
    return [labelled("monday", 300, 30.0, 1), labelled("Tuesday 2", 211, 29.97, 2), labelled("wed.3", 90, 25.0, 3)]


@pytest.fixture(scope="module")
def written(every: list[Labelled], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(
        tmp_path_factory.mktemp("written") / "labels", every, "boris", "bento", "frames", "parquet", "slp-events"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_it_writes_and_writes_it_into_the_folder(name: str, tmp_path: Path) -> None:
    one = LABEL_WRITERS[name]
    if lacking := [module for module in one.needs if not installed(module)]:
        pytest.skip(f"{lacking[0]} is not installed")
    scopes = {"attack": PAIR, "groom": ONE}
    found = [labelled(video, 60, 30.0, 1, scopes) for video in ("a", "b")]
    folder = write(tmp_path / "labels", found, name, scopes=scopes)
    assert one.summary.isprintable()
    always = {"events.csv", "labels.json", "recordings.csv", "summary.csv", "transitions.csv"}
    files = {path.name for path in folder.iterdir()} - (always - {f"{name}.csv"})
    assert files
    of_each = {
        file.replace(f"{video}.", "ID.") for file in files for video in ("a", "b") if file.startswith(f"{video}.")
    }
    of_all = {file for file in files if not file.startswith(("a.", "b."))}
    assert all(file in one.summary for file in of_each | of_all)
    assert [path.name for path in tmp_path.iterdir()] == ["labels"]


@pytest.mark.parametrize("file", ["events.csv", "labels.boris", "labels.boris.csv"])
def test_bouts_come_back_frame_for_frame(file: str, written: Path, every: list[Labelled]) -> None:
    for one in every:
        assert read(written / file, one.recording.id, one.recording.fps) == bouts_of(one)


def test_bento_knows_no_animals_and_holds_every_bout(written: Path, every: list[Labelled]) -> None:
    for one in every:
        sheet = written / f"{one.recording.id}.annot"
        expected = sorted((name, "", "", start, stop) for name, _, _, start, stop in bouts_of(one))
        assert read(sheet, "", one.recording.fps) == expected
        assert "black to wéiß----------\n>attack\n" in sheet.read_text(encoding="utf-8")


@given(st.floats(1, 999), st.integers(0, 5_000_000))
def test_a_time_of_boris_lies_in_its_frame(fps: float, frame: int) -> None:
    time = seconds(frame, fps)
    assert time == round(time, 3)
    assert (
        math.floor(time * fps + 1e-6) == frame or fps > 900
    )  # where a frame is hardly longer than its times are exact


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_frames_hold_every_label_and_probability(ending: str, written: Path, every: list[Labelled]) -> None:
    for one in every:
        path = written / f"{one.recording.id}.frames.{ending}"
        table = pd.read_csv(path, keep_default_na=True) if ending == "csv" else pd.read_parquet(path)
        table[["agent", "target"]] = table[["agent", "target"]].fillna("")
        assert len(table) == one.recording.frames * 5  # nobody in particular, each animal, each pair
        for each in one.acts:
            target = each.target if each.target != each.agent else ""
            rows = table[(table["agent"] == each.agent) & (table["target"] == target)]
            assert rows["frame"].tolist() == list(range(one.recording.frames))
            np.testing.assert_allclose(rows["time_s"], rows["frame"] / one.recording.fps, atol=1e-4)
            assert rows[each.behavior].astype(int).tolist() == each.labels.tolist()
            np.testing.assert_allclose(rows[f"{each.behavior} probability"], each.probability, atol=6e-5)
            others = [name for name, scope in SCOPES.items() if scope != SCOPES[each.behavior]]
            assert rows[others].isna().all().all()


def events_in(path: Path) -> Iterator[Bout]:
    """By the rules of the format: the last frame is in, subjects and targets are places among the tracks."""
    with h5py.File(path) as file:
        types = [name.decode() for name in file["event_types/name"][()]]
        tracks = [json.loads(one)[1] for one in file["tracks_json"][()]] + [""]
        columns = ("type", "subject_idx", "target_idx", "start_frame", "end_frame")
        for which, subject, target, start, end in zip(*(file[f"events/{name}"][()] for name in columns), strict=True):
            yield types[which], tracks[subject], tracks[target], int(start), int(end) + 1
        assert file["events/is_predicted"][()].all()


def test_events_of_sleap_come_back_frame_for_frame(written: Path, every: list[Labelled]) -> None:
    for one in every:
        assert sorted(events_in(written / f"{one.recording.id}.slp")) == bouts_of(one)


def named(track: Any) -> str:
    return "" if track is None else track.name


def test_sleap_io_reads_the_events(written: Path, every: list[Labelled]) -> None:
    sio = pytest.importorskip("sleap_io", reason="sleap-io is not installed; the extra oracles brings it")
    for one in every:
        labels = sio.load_slp(str(written / f"{one.recording.id}.slp"), open_videos=False)
        found = [
            (one.type.name, named(one.subject), named(one.target), one.start_frame, one.end_frame + 1)
            for one in labels.events
        ]
        assert sorted(found) == bouts_of(one)
        assert labels.skeletons[0].node_names == list(one.recording.skeleton.keypoints)


def test_pynwb_reads_the_ethogram(every: list[Labelled], tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed; the extra nwb brings it")
    pytest.importorskip("ndx_ethogram", reason="ndx-ethogram is not installed; the extra nwb brings it")
    folder = write(tmp_path / "labels", every, "nwb")
    for one in every:
        fps = one.recording.fps
        with pynwb.NWBHDF5IO(folder / f"{one.recording.id}.nwb", "r") as file:
            table = file.read().processing["behavior"]["behavior_bouts"]
            assert table.labeling_method == "automated"
            rows = table.to_dataframe()
        found = [
            (row.label, row.agent, row.target, round(row.start_time * fps), round(row.stop_time * fps))
            for row in rows.itertuples()
        ]
        assert sorted(found) == bouts_of(one)


OPENS = """
import importlib.util, json, sys, types
from decimal import Decimal
boris = types.ModuleType("boris")  # whose own file opens the whole program
boris.__path__ = list(importlib.util.find_spec("boris").submodule_search_locations)
sys.modules["boris"] = boris
for name in ("mpv", "mpv2", "player_dock_widget"):
    sys.modules[f"boris.{name}"] = types.ModuleType(name)
    sys.modules[f"boris.{name}"].dll = ""
from boris import config, export_observation, project_functions
_, changed, project, message = project_functions.open_project_json(sys.argv[1])
assert not changed and not message, message
codes = [one["code"] for one in project["behaviors_conf"].values()]
subjects = [one["name"] for one in project["subjects_conf"].values()]
how = {config.SELECTED_SUBJECTS: [config.NO_FOCAL_SUBJECT, *subjects], config.SELECTED_BEHAVIORS: codes,
       "time": config.TIME_EVENTS, config.INCLUDE_MODIFIERS: True, config.EXCLUDE_BEHAVIORS: False,
       config.START_TIME: Decimal(0), config.END_TIME: Decimal(400)}
for name, one in project["observations"].items():
    fine, why = project_functions.check_state_events_obs(name, project[config.ETHOGRAM], one, "s")
    assert fine, why
    out = f"{sys.argv[2]}/{name}.csv"
    fine, why = export_observation.export_tabular_events(project, how, name, one, project["behaviors_conf"], out, "csv")
    assert fine, why
"""


def test_boris_opens_the_project_and_exports_the_same_table(
    written: Path, every: list[Labelled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not installed("boris"):
        pytest.skip("BORIS is not installed; pip install boris-behav-obs brings it")
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    subprocess.run([sys.executable, "-c", OPENS, written / "labels.boris", tmp_path], check=True)
    with open(written / "labels.boris.csv", encoding="utf-8", newline="") as file:
        ours = list(csv.DictReader(file))
    for one in every:
        with open(tmp_path / f"{one.recording.id}.csv", encoding="utf-8-sig", newline="") as file:
            theirs = list(csv.DictReader(file))
        own = [row for row in ours if row["Observation id"] == one.recording.id]
        assert list(own[0]) == list(theirs[0])
        assert sorted(map(told, own)) == sorted(map(told, theirs))


def told(row: dict[str, str]) -> list[str]:
    """Of a line of BORIS's table, all but how long the observation was, which to BORIS ends at the last event."""
    return [value for column, value in row.items() if column != "Observation duration"]


def test_a_submission_of_2025_claims_no_frame_twice(tmp_path: Path) -> None:
    scopes = {"attack": PAIR, "sniff": PAIR, "groom": ONE}
    one = labelled("437", 200, 30.0, 5, scopes)
    folder = write(tmp_path / "labels", [one], "mabe2025", scopes=scopes)
    table = pd.read_csv(folder / "submission.csv")
    assert table["row_id"].tolist() == list(range(len(table)))
    claimed: dict[tuple[str, str, int], str] = {}
    for row in table.itertuples():
        for frame in range(row.start_frame, row.stop_frame):
            assert (row.agent_id, row.target_id, frame) not in claimed
            claimed[row.agent_id, row.target_id, frame] = row.action
    mice = {"black": "mouse1", "wéiß": "mouse2"}
    for agent in NAMES:
        for target in NAMES:
            acts = [each for each in one.acts if (each.agent, each.target) == (agent, target)]
            for frame in range(200):
                rivals = [each for each in acts if each.labels[frame]]
                best = max(rivals, key=lambda each: each.probability[frame], default=None)  # thresholds are alike
                key = (mice[agent], "self" if agent == target else mice[target], frame)
                assert claimed.get(key) == (best and best.behavior)


def test_a_submission_of_2025_of_the_scene_is_refused_before_anything_is_labelled(tmp_path: Path) -> None:
    def labels() -> Iterator[Labelled]:
        yield labelled("x", 60, 30.0, 1)
        raise AssertionError

    recordings = [labelled("x", 60, 30.0, 1).recording]
    with pytest.raises(HarnessError, match=r"^format mabe2025: fight, both is of the scene, and it wants acts of one"):
        next(write_labels(tmp_path, formats_named(["mabe2025"]), SCOPES, recordings, labels(), made={}))


def test_a_submission_of_2021_holds_all_labels(every: list[Labelled], tmp_path: Path) -> None:
    folder = write(tmp_path / "labels", every, "mabe2021")
    content = np.load(folder / "submission.npy", allow_pickle=True).item()
    assert list(content) == list(SCOPES)
    for one in every:
        for each in one.acts:
            assert content[each.behavior][each.id_in(one.recording)] == each.labels.tolist()
    assert content["attack"].keys() >= {"monday (black to wéiß)", "monday (wéiß to black)"}


def test_formats_that_are_not_there_are_named_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LABEL_WRITERS, "mine", replace(LABEL_WRITERS["events"], needs=("no_such_module",), extra="nwb"))
    with pytest.raises(HarnessError) as error:
        formats_named(["bors", "mine"])
    unknown, lacking = error.value.lines
    assert unknown.startswith("unknown format 'bors'. Did you mean 'boris'? Available: bento, boris, ")
    assert lacking == (
        "format mine: needs no_such_module, which is not installed; pip install 'behavior-harness[nwb]' gets it"
    )


def test_names_that_files_cannot_have_are_refused_all_at_once(tmp_path: Path) -> None:
    recordings = [replace(toy_recordings(1, 60)[0], id=name) for name in ("a/b", "fine", "Fine")]
    with pytest.raises(HarnessError) as error:
        next(write_labels(tmp_path, [], {}, recordings, [], made={}))
    assert error.value.lines == (
        "a/b: its name has /, which no file can have in its name; write - instead",
        "Fine: some disks take its name for fine; give it another",
    )


def test_a_format_of_ones_own_is_a_class(every: list[Labelled], tmp_path: Path, registries: None) -> None:
    @label_writer("starts", summary="starts.txt, when bouts start")
    class Starts:
        def __init__(self, asked: Asked) -> None:
            self.path, self.lines = asked.folder / "starts.txt", [", ".join(asked.scopes)]

        def add(self, one: Labelled) -> None:
            self.lines += [f"{one.recording.id} {start} {act.behavior}" for start, _, act in one.bouts]

        def finish(self) -> None:
            self.path.write_text("\n".join(self.lines), encoding="utf-8")

    lines = (write(tmp_path / "labels", every, "starts") / "starts.txt").read_text(encoding="utf-8").split("\n")
    assert lines[0] == "attack, sniff (rear), groom, fight, both"
    expected = [f"{one.recording.id} {start} {name}" for one in every for name, _, _, start, _ in bouts_of(one)]
    assert sorted(lines[1:]) == sorted(expected)
