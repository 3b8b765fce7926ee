"""Poses in NWB files."""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.plugins.readers import Tracks
from harness.recording import Array
from tests.data.readers.examples import broken, example
from tests.data.readers.real import IMPORTS, real

load_readers()

BEHAVIOR = "processing/behavior"
SECONDS = np.arange(5) / 25


@contextmanager
def nwb(path: Path) -> Iterator[Any]:
    with h5py.File(path, "a") as file:
        file.attrs["neurodata_type"] = "NWBFile"
        yield file


def estimation(file: Any, name: str, *, video: str = "", camera: str = "", **texts: str) -> Any:
    """An empty group of poses."""
    group = file.require_group(name if "/" in name else f"{BEHAVIOR}/{name}")
    group.attrs["neurodata_type"] = "PoseEstimation"
    if video:
        group["original_videos"] = [video]
    if camera:
        file.require_group(f"general/devices/{camera}").attrs["neurodata_type"] = "Device"
        group[camera] = h5py.SoftLink(f"/general/devices/{camera}")
    for key, value in texts.items():
        group[key] = value
    return group


def add(
    group: Any,
    part: str,
    data: Any,
    *,
    times: Any = None,
    rate: float | None = None,
    start: float = 0.0,
    confidence: Any = None,
    described: str = "",
    unit: str = "pixels",
) -> None:
    """A series of points."""
    series = group.create_group(part)
    series.attrs["neurodata_type"] = "PoseEstimationSeries"
    series.attrs["description"] = described
    series["data"] = np.asarray(data, dtype=float)
    series["data"].attrs["unit"] = unit
    series["reference_frame"] = "(0,0) corresponds to the bottom left corner of the video."
    if times is not None:
        series["timestamps"] = times
    if rate is not None:
        series["starting_time"] = start
        series["starting_time"].attrs["rate"] = rate
    if confidence is not None:
        series["confidence"] = np.asarray(confidence, dtype=float)


def points(frames: int, at: float = 0.0) -> Array:
    """(frames, 2), `at` + 1 and on as x, and 100 more as y."""
    x = at + np.arange(1.0, frames + 1)
    return np.stack([x, x + 100], axis=1)


@example("nwb_pose", "session.nwb")
def right(path: Path) -> None:
    path.unlink(missing_ok=True)
    with nwb(path) as file:
        for number, name in enumerate(("black", "white")):
            group = estimation(file, name, video=r"D:\films\cage7.avi", camera="top")
            group["nodes"] = ["nose", "ear", "tail"]
            group["dimensions"] = np.array([[640, 480]], dtype="u2")
            for place, part in enumerate(("ear", "nose", "tail")):
                add(group, part, points(5, 10 * number + 50 * place), times=SECONDS, confidence=[0.9] * 5)


@broken(right, "front: has x, y and z, expected x and y: poses in space are not read")
def in_space(path: Path) -> None:
    with nwb(path) as file:
        add(file[f"{BEHAVIOR}/black"], "front", np.ones((5, 3)), times=SECONDS)


@broken(right, "ear: has 2 columns in meters, expected x and y in pixels")
def in_meters(path: Path) -> None:
    with nwb(path) as file:
        file[f"{BEHAVIOR}/black/ear/data"].attrs["unit"] = "meters"


@broken(right, "nose: has 4 timestamps for 5 rows, expected one for each")
def a_time_short(path: Path) -> None:
    with nwb(path) as file:
        del file[f"{BEHAVIOR}/white/nose/timestamps"]
        file[f"{BEHAVIOR}/white/nose/timestamps"] = SECONDS[:4]


@broken(right, "nose: has neither timestamps nor a starting time with a rate")
def no_times(path: Path) -> None:
    with nwb(path) as file:
        del file[f"{BEHAVIOR}/white/nose/timestamps"]


@broken(right, "its times do not always rise, and differ from part to part")
def times_that_fall(path: Path) -> None:
    with nwb(path) as file:
        file[f"{BEHAVIOR}/white/nose/timestamps"][2] = 0.0


@broken(right, "its times are not all numbers")
def a_time_that_is_none(path: Path) -> None:
    with nwb(path) as file:
        file[f"{BEHAVIOR}/white/nose/timestamps"][2] = np.nan


@broken(right, "its times come to 25,000,001 frames, but no part has more than 5 rows")
def a_time_far_away(path: Path) -> None:
    with nwb(path) as file:
        file[f"{BEHAVIOR}/white/nose/timestamps"][4] = 1e6


@broken(right, "ear: has no data in this file")
def data_elsewhere(path: Path) -> None:
    with nwb(path) as file:
        del file[f"{BEHAVIOR}/black/ear/data"]
        file[f"{BEHAVIOR}/black/ear/data"] = h5py.ExternalLink("other.nwb", "/data")


@broken(right, f"{BEHAVIOR}/black/ear/data: holds |S2, expected numbers")
def words_for_numbers(path: Path) -> None:
    with nwb(path) as file:
        del file[f"{BEHAVIOR}/black/ear/data"]
        file[f"{BEHAVIOR}/black/ear/data"] = np.full((5, 2), b"ab")


@broken(
    right,
    "holds training labels (PoseTraining) and no tracks; what a tracker predicted for the frames of a video is read",
)
def training(path: Path) -> None:
    path.unlink()
    with nwb(path) as file:
        file.create_group(f"{BEHAVIOR}/PoseTraining").attrs["neurodata_type"] = "PoseTraining"


@broken(right, "has no PoseEstimation; what a tracker predicted for the frames of a video is read")
def no_poses(path: Path) -> None:
    path.unlink()
    with nwb(path):
        pass


@broken(
    right,
    "has poses of 2 cameras (side, top) and not what their videos are called (original_videos); write a file for each "
    "camera",
)
def nameless_cameras(path: Path) -> None:
    path.unlink()
    with nwb(path) as file:
        for camera in ("side", "top"):
            add(estimation(file, f"by_{camera}", camera=camera), "nose", points(3), rate=30.0)


@broken(right, "3 tracks, at most 2 at once: pieces of animals; proofread them in the tracker, and export them anew")
def pieces(path: Path) -> None:
    with nwb(path) as file:
        add(estimation(file, "gray", video=r"D:\films\cage7.avi"), "nose", points(2), times=[0.2, 0.24])


def only(path: Path) -> Tracks:
    (found,) = read_poses(path)
    return found


def test_a_group_is_an_animal_and_a_series_a_part(tmp_path: Path) -> None:
    right.write(tmp_path / "session.nwb")
    found = only(tmp_path / "session.nwb")
    assert (found.animals, found.parts) == (("black", "white"), ("nose", "ear", "tail"))  # as the nodes are
    assert (found.video, found.fps, found.image_size) == ("cage7", 25.0, (640, 480))
    assert found.keypoints[:, 1, 0, 0].tolist() == [61, 62, 63, 64, 65]
    assert found.keypoints[0, 0].tolist() == [[51, 1, 101], [151, 101, 201]]
    assert found.confidence is not None
    assert found.confidence.shape == (5, 2, 3)
    assert found.notes == ()


def test_whole_times_are_frames_and_the_animal_is_in_the_name_as_dlc2nwb_has_it(tmp_path: Path) -> None:
    with nwb(tmp_path / "a_ind1.nwb") as file:
        group = estimation(file, "PoseEstimation", video="fake_path")
        group["nodes"] = ["ind1_tail_base", "ind1_nose"]
        for part in ("nose", "tail_base"):
            described = f"Keypoint {part} from individual ind1."
            data = [[5, 6], [0, 0], [0, 0], [7, 8]]
            add(group, f"ind1_{part}", data, times=np.arange(4), confidence=[1, 0, 0.5, 0], described=described)
    found = only(tmp_path / "a_ind1.nwb")
    assert (found.animals, found.parts, found.piece) == (("ind1",), ("tail_base", "nose"), True)
    assert (found.video, found.fps) == ("", None)
    assert found.notes == (
        "its times are whole numbers: taken for frames, and how many there are a second is not known",
    )
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [5, np.nan, 0, 7])  # of (0, 0) the confidence tells
    assert found.confidence is not None
    assert found.confidence[:, 0, 0].tolist() == [1, 0, 0.5, 0]


def test_parts_of_other_lengths_are_filled_up_and_those_without_rows_left_out(tmp_path: Path) -> None:
    with nwb(tmp_path / "a.nwb") as file:
        group = estimation(file, "PoseEstimation")
        add(group, "nose", points(4), rate=30.0)
        add(group, "tail", points(2), rate=30.0)
        add(group, "whisker", np.zeros((0, 2)), times=[])
    found = only(tmp_path / "a.nwb")
    assert (found.animals, found.parts, found.fps) == (("animal1",), ("nose", "tail"), 30.0)
    np.testing.assert_array_equal(found.keypoints[:, 0, 0], [[1, 1], [2, 2], [3, np.nan], [4, np.nan]])
    assert found.notes == (
        "1 part without any row left out: whisker",
        "not on all 4 frames, and taken as not seen on the others: tail of animal1",
    )


def test_rows_only_of_what_was_seen_come_to_their_frames(tmp_path: Path) -> None:
    video = "/data/film.mp4"
    with nwb(tmp_path / "a.nwb") as file:
        for number, rows in ((1, [2, 3, 7]), (2, [3, 4])):
            name = f"processing/SLEAP_VIDEO_000_film/track={number}"
            group = estimation(file, name, video=video, source_software="SLEAP")
            add(group, "nose", points(len(rows)), times=np.array(rows) / 25)
            add(group, "tail", points(2, 5), rate=12.0, start=3 / 25)  # the rate that sleap-io cuts to a whole number
    found = only(tmp_path / "a.nwb")
    assert (found.animals, found.fps, found.frames, found.ends_early) == (("1", "2"), 25.0, 8, True)
    seen = ~np.isnan(found.keypoints[:, :, 0])  # (frames, animals, parts)
    assert [np.flatnonzero(seen[:, animal, part]).tolist() for animal in (0, 1) for part in (0, 1)] == [
        *([2, 3, 7], [3, 4]),
        *([3, 4], [3, 4]),
    ]


def test_times_of_a_session_begin_with_frame_0(tmp_path: Path) -> None:
    with nwb(tmp_path / "a.nwb") as file:
        file["general/subject/subject_id"] = "m12"
        group = estimation(file, "PoseEstimation")
        late = 812.5 + np.array([0.0, 0.04, 0.081, 0.119, 0.25, 0.27])  # a camera, which was late once
        add(group, "nose", points(6), times=late)
        group.create_group("tail").attrs["neurodata_type"] = "PoseEstimationSeries"
        group["tail/data"] = points(6)
        group["tail/timestamps"] = h5py.SoftLink(f"/{BEHAVIOR}/PoseEstimation/nose/timestamps")
    found = only(tmp_path / "a.nwb")
    assert (found.animals, found.frames) == (("m12",), 6)
    assert found.fps == pytest.approx(5 / 0.27, rel=1e-6)
    with nwb(tmp_path / "b.nwb") as file:
        group = estimation(file, "PoseEstimation")
        add(group, "nose", points(3), times=[812.5, 812.54, 812.62])
        add(group, "tail", points(1), times=[812.54])
    found = only(tmp_path / "b.nwb")
    assert (found.frames, found.fps) == (4, 25.0)
    assert found.notes[0] == "its times begin at 812.5 s, which is taken for frame 0"
    np.testing.assert_array_equal(found.keypoints[:, 0, 0], [[1, np.nan], [2, 1], [np.nan, np.nan], [3, np.nan]])


def test_several_videos_of_a_file_are_told_apart_by_their_names(tmp_path: Path) -> None:
    with nwb(tmp_path / "a.nwb") as file:
        for number in (0, 1):
            group = estimation(file, f"camera{number}", video=f"film{number}.mp4", camera=f"c{number}")
            add(group, "nose", points(3 + number), rate=50.0)
    assert [(one.video, one.frames, one.fps) for one in read_poses(tmp_path / "a.nwb")] == [
        ("film0", 3, 50.0),
        ("film1", 4, 50.0),
    ]


def test_objects_that_jabs_writes_are_no_animals(tmp_path: Path) -> None:
    said: Mapping[str, Any] = {"identity_names": ["b"], "cm_per_pixel": 0.05, "per_identity_files": True}
    with nwb(tmp_path / "a_b.nwb") as file:
        group = estimation(file, "b", source_software="JABS")
        add(group, "nose", points(3), rate=30.0, confidence=[0.8, 0.0, 0.7])
        corners = estimation(file, "corners", description="Static object: corners")
        add(corners, "corners_0", [[10, 20], [10, 20]], times=[0.0, 2 / 30], confidence=[1, 1])
        boli = estimation(file, "fecal_boli", description="Dynamic object: fecal_boli")
        add(boli, "fecal_boli_0", [[10, 20]], times=[0.0], confidence=[1])
        file["scratch/jabs_metadata"] = json.dumps(said)
    found = only(tmp_path / "a_b.nwb")
    assert (found.animals, found.piece) == (("b",), True)
    assert found.pixels_per_cm == pytest.approx(20)
    assert found.places == {"corners_0": (10, 20)}
    assert found.notes == ("fecal_boli comes and goes, and is left out",)
    np.testing.assert_array_equal(found.keypoints[:, 0, 0, 0], [1, np.nan, 3])


def test_a_file_that_claims_more_than_it_holds_takes_no_memory(tmp_path: Path) -> None:
    with nwb(tmp_path / "a.nwb") as file:
        group = estimation(file, "PoseEstimation")
        add(group, "nose", points(3), rate=30.0)
        del group["nose/data"]
        group["nose"].create_dataset("data", (500_000_000, 2), dtype="f8", chunks=(1000, 2))
    with pytest.raises(Exception, match="of which the file holds next to nothing"):
        only(tmp_path / "a.nwb")


@real
def test_a_real_file_of_dlc2nwb_equals_the_h5_file_it_was_made_of() -> None:
    name = "m3v1mp4DLC_resnet50_openfieldAug20shuffle1_30000"
    found = only(IMPORTS / "nwb" / f"{name}.nwb")
    with h5py.File(IMPORTS / "dlc_single_h5" / f"{name}.h5") as file:
        table = file["df_with_missing/table"]["values_block_0"]  # (frames, parts x (x, y, likelihood))
    wanted = table.reshape(len(table), -1, 3)
    assert (found.animals, found.parts) == (("ind1",), ("snout", "leftear", "rightear", "tailbase"))
    np.testing.assert_array_equal(found.keypoints[:, 0], wanted[:, :, :2].transpose(0, 2, 1).astype(np.float32))
    np.testing.assert_array_equal(found.confidence[:, 0], wanted[:, :, 2].astype(np.float32))  # type: ignore[index]


@real
def test_real_files_of_other_versions_are_read() -> None:
    made = only(IMPORTS / "nwb" / "0.3.0_poseestimation_one_camera.nwb")
    assert (made.video, made.image_size, made.fps, made.frames) == ("camera1", (640, 480), 0.9, 10)
    with h5py.File(IMPORTS / "nwb" / "0.3.0_poseestimation_one_camera.nwb") as file:
        right_paw = file[f"{BEHAVIOR}/PoseEstimation/front_right_paw/data"][()]
    np.testing.assert_array_equal(made.keypoints[:, 0, :, 1], right_paw.astype(np.float32))
    sleap = only(IMPORTS / "nwb" / "minimal.pose.nwb")
    assert (sleap.video, sleap.animals, sleap.parts) == ("minimal", ("1", "2"), ("A", "B"))
    np.testing.assert_array_equal(sleap.keypoints[:, 1, 0], [[50, np.nan], [51, np.nan], [np.nan, np.nan]])


def test_what_sleap_io_writes_is_read_as_it_was(tmp_path: Path) -> None:
    sleap = pytest.importorskip("sleap_io", reason="sleap-io writes NWB files of its own to compare with")
    chance = np.random.default_rng(3)
    wanted = chance.uniform(0, 500, (20, 2, 3, 2)).round(2)  # (frames, animals, parts, xy)
    wanted[chance.random((20, 2, 3)) < 0.3] = np.nan
    wanted[-1] = 7.0
    skeleton = sleap.Skeleton(["nose", "ear", "tail"], name="mouse")
    tracks = [sleap.Track(name) for name in ("a", "b")]
    video = sleap.Video("film.mp4", open_backend=False)
    frames = [
        sleap.LabeledFrame(
            video=video,
            frame_idx=index,
            instances=[
                sleap.PredictedInstance.from_numpy(wanted[index, animal], skeleton, track=tracks[animal], score=0.5)
                for animal in (0, 1)
                if not np.isnan(wanted[index, animal]).all()
            ],
        )
        for index in range(20)
    ]
    labels = sleap.Labels(frames, [video], [skeleton], tracks)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predictions = pytest.importorskip("sleap_io.io.nwb_predictions", reason="that is where it writes them")
        predictions.write_nwb(labels, str(tmp_path / "film.nwb"))
    found = only(tmp_path / "film.nwb")
    order = [found.parts.index(part) for part in ("nose", "ear", "tail")]
    assert (found.video, found.animals, found.ends_early) == ("film", ("a", "b"), True)
    np.testing.assert_array_equal(found.keypoints[..., order], wanted.transpose(0, 1, 3, 2).astype(np.float32))
