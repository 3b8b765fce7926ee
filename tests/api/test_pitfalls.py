"""What goes wrong in practice with the files of trackers and annotators, each with the line that is said of it."""

import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import harness
from harness.cli import main
from tests.lab_files import NETWORK, PARTS, tracks, write_lab, write_scored, write_tracks

Captured = pytest.CaptureFixture[str]

Told = Callable[..., list[str]]

BORIS = "Observation id,Source,Time offset (s),Media duration (s),FPS,Subject,Behavior,Behavior type,Time\n"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def told(capsys: Captured) -> Told:
    """What a dry run of the import says, line by line: notes, or problems, for which the exit code is 2."""

    def run(*words: object, code: int = 0) -> list[str]:
        capsys.readouterr()
        assert main(["import", *map(str, words), "--dry-run"]) == code
        shown = capsys.readouterr()
        lines = (shown.err if code else shown.out).splitlines()
        return [line.removeprefix("harness: ").removeprefix("note: ") for line in lines]

    return run


def boris(
    *events: tuple[float, str], name: str = "day1", fps: str = "30.0", offset: str = "0.0", subject: str = ""
) -> str:
    source = f"player #1:C:\\videos\\{name}_reencode.avi"
    rows = [f"{name},{source},{offset},4.0,{fps},{subject},groom,{status},{time}\n" for time, status in events]
    return BORIS + "".join(rows)


def day(number: int = 1, frames: int = 120) -> Path:
    return write_tracks(Path(f"day{number}{NETWORK}_filtered.csv"), tracks(frames, seed=number))


def labels(*words: object) -> list[tuple[int, int]]:
    """First frame and first frame after it of each bout of the one video, imported."""
    assert main(["import", *map(str, words), "--out", "lab"]) == 0
    (path,) = Path("lab/labels").iterdir()
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    return [(int(row[3]), int(row[4])) for row in rows]


def test_1_the_annotator_calls_the_video_otherwise(told: Told) -> None:
    day()
    Path("scored-by-anna.csv").write_text(boris((1.0, "START"), (2.0, "STOP")))
    assert labels(day(), "--annotations", "scored-by-anna.csv") == [(30, 60)]
    Path("x.csv").write_text(boris((1.0, "START"), (2.0, "STOP"), name="other"))
    assert told(day(), "--annotations", "x.csv", "--fps", 30, code=2) == [
        "x.csv: no tracks of the video other; --match TRACKS=ANNOTATIONS says what belongs together, "
        "such as --match day1=other"
    ]


def test_2_seconds_or_frames(told: Told) -> None:
    Path("day1.csv").write_text("behavior,start,stop\ngroom,1,2\n")
    assert told(day(), "--fps", 30, "--annotations", "day1.csv", code=2) == [
        "day1.csv: line 1: columns start and stop do not say frames or seconds; "
        "name them start_frame and stop_frame, or start_s and stop_s"
    ]
    Path("day1.csv").write_text("behavior,start_s,stop_s\ngroom,30,60\n")
    assert told(day(), "--fps", 30, "--annotations", "day1.csv", code=2) == [
        f"day1.csv: speaks of frame 1,799, which is 56.0 s after the end of day1{NETWORK}_filtered.csv with its 120 "
        "frames at 30 a second; is it another video, another frame rate, or seconds taken for frames?"
    ]


def test_3_the_first_frame_is_0_or_1_and_the_end_in_or_out() -> None:
    write_scored(Path("day1_annot.txt"), [("groom", 10, 20)])
    Path("day1.annot").write_text(
        "Bento annotation file\nAnnotation start frame: 1\nAnnotation stop frame: 120\nAnnotation framerate: 30\n"
        "List of channels:\nCh1\n\nList of annotations:\ngroom\n\nCh1----------\n>groom\n"
        "Start\tStop\tDuration\n11\t20\t10\n"
    )
    Path("day1_events.csv").write_text("behavior,start_frame,stop_frame\ngroom,10,20\n")
    for number, file in enumerate(("day1_annot.txt", "day1.annot", "day1_events.csv")):
        assert labels(day(), "--fps", 30, "--annotations", file) == [(10, 20)]
        Path("lab").rename(f"lab{number}")


def test_4_a_time_on_the_border_of_a_frame_and_a_bout_within_one() -> None:
    border = 1.7333333333  # 52 frames less a part in a billion
    events = ((border, "START"), (2.0, "STOP"), (3.01, "START"), (3.02, "STOP"))
    Path("day1.csv").write_text(boris(*events))
    assert labels(day(), "--annotations", "day1.csv") == [(52, 60), (90, 91)]


def test_5_the_offset_of_an_observation() -> None:
    Path("day1.csv").write_text(boris((11.0, "START"), (12.0, "STOP"), offset="10.0"))
    assert labels(day(), "--annotations", "day1.csv") == [(30, 60)]


def test_6_frame_rates_that_disagree(told: Told) -> None:
    Path("day1.csv").write_text(boris((1.0, "START"), (2.0, "STOP"), fps="25.0"))
    assert told(day(), "--annotations", "day1.csv", "--fps", 30, code=2) == [
        "day1.csv says 25 frames a second, --fps 30: 20 frames apart at the end; one of them is wrong"
    ]
    Path("day1.csv").write_text(boris((1.0, "START"), (2.0, "STOP"), fps="29.97"))
    assert any(
        "30 (--fps), off by 0.1 frames at the end" in line
        for line in told(day(), "--annotations", "day1.csv", "--fps", 30)
    )
    assert told(day(2), code=2) == [
        f"day2{NETWORK}_filtered.csv: nothing says how many frames a second; --fps does, such as --fps 30"
    ]


def test_7_annotations_go_on_after_the_tracks(told: Told) -> None:
    path = write_tracks(Path("day1.csv"), tracks(106)[:, :1], ())
    write_scored(Path("day1.txt"), [("groom", 90, 120)])
    assert "day1: its annotations go on for 14 frames after its tracks; these are left out" in told(
        path, "--fps", 30, "--annotations", "day1.txt"
    )


def test_8_what_nobody_scored_is_unknown_and_not_absent(told: Told) -> None:
    poses, scored = write_lab(Path())
    assert "1 recording without annotations, to be labelled (day3)" in told(
        "tracks", "--annotations", "scored", "--fps", 30
    )
    write_scored(scored[1], [("groom", 5, 30)])
    text = scored[1].read_text()
    assert "chase" not in text
    harness.import_files(poses, scored, "lab", fps=30)
    assert [one.id for one in harness.load("lab").labelled["chase"]] == ["day1"]
    frames = "".join(f"{frame},0,{-1 if frame < 60 else int(frame < 80)}\n" for frame in range(120))
    Path("day3_labels.csv").write_text(f",background,groom\n{frames}")
    harness.import_files(poses[2], "day3_labels.csv", "more", fps=30)
    (one,) = harness.load("more").labelled["groom"]
    assert (one.labelled_frames, one.positives) == (60, 20)


def test_9_missing_is_written_in_many_ways(told: Told) -> None:
    keypoints = tracks()
    keypoints[5, 0] = np.nan
    path = write_tracks(Path("day1.csv"), keypoints)
    lines = path.read_text().split("\n")
    lines[14] = ",".join([lines[14].split(",")[0], *["0.0"] * 9, *lines[14].split(",")[10:]])
    path.write_text("\n".join(lines))
    harness.import_files(path, out="lab", fps=30)
    stored = np.load("lab/poses/day1.npz")["keypoints"]
    assert np.argwhere(np.isnan(stored).all(axis=(2, 3))).tolist() == [[5, 0], [10, 0]]
    assert any("1.7%" not in line and "0.8% missing" in line for line in told(path, "--fps", 30))


def test_10_tracks_are_pieces_and_animals_change_places(told: Told) -> None:
    with h5py.File("day1.analysis.h5", "w") as file:
        pieces = np.full((3, 2, 1, 9), np.nan)
        for track in range(3):
            pieces[track, ..., 3 * track : 3 * track + 3] = 5
        file["tracks"], file["node_names"] = pieces, np.array([b"nose"])
        file["track_names"] = np.array([b"a", b"b", b"c"])
    assert told("day1.analysis.h5", "--fps", 30, code=2) == [
        "day1.analysis.h5: 3 tracks, at most 1 at once: pieces of animals; proofread them in SLEAP, or give the names "
        "of tracks to take with --animals"
    ]
    assert "1 recording; behaviors: none" in told("day1.analysis.h5", "--fps", 30, "--animals", "b")
    assert told("day1.analysis.h5", "--fps", 30, "--animals", "x", code=2) == [
        "day1.analysis.h5: has none of the tracks x; it has a, b, c"
    ]


def test_11_rows_before_columns() -> None:
    points = np.zeros((4, 12, 2), dtype=np.uint16)
    points[..., 0], points[..., 1] = 10, 200  # y, x
    with h5py.File("day1_pose_est_v2.h5", "w") as file:
        file["poseest/points"] = points
        file["poseest/confidence"] = np.ones((4, 12), np.float32)
        file["poseest"].attrs["version"] = np.array([2, 0], dtype=np.uint16)
    assert harness.load_poses("day1_pose_est_v2.h5", fps=30).keypoints[0, 0, :, 0].tolist() == [200, 10]


def test_12_files_that_hold_no_tracks(told: Told) -> None:
    Path("CollectedData_me.csv").write_text(
        "scorer,me,me\nbodyparts,nose,nose\ncoords,x,y\nlabeled-data/day1/img000.png,1,2\n"
    )
    Path("day1DLC_full.pickle").write_bytes(b"\x80\x04}.")
    assert told("CollectedData_me.csv", "day1DLC_full.pickle", code=2) == [
        "CollectedData_me.csv: training labels of 1 image, not tracks of a video; give what analyzing the video has "
        "written, VIDEODLC_...",
        "day1DLC_full.pickle: detections of DeepLabCut before they are assembled to animals; give the csv or h5 of the "
        "tracks (stitch_tracklets in DeepLabCut writes it)",
    ]


def test_13_bouts_that_never_stop_overlap_or_have_no_length(told: Told) -> None:
    Path("day1.csv").write_text(boris((3.0, "START"), (1.0, "START"), (2.0, "STOP"), (0.5, "POINT")))
    lines = told(day(), "--annotations", "day1.csv")
    assert "day1: 1 bout never stopped, taken to go on to the end" in lines
    assert "day1: 1 point event, one frame each" in lines
    assert told(day(), "--annotations", "day1.csv", "--unpaired", "refuse", code=2) == [
        "day1.csv: line 2: groom is never stopped"
    ]
    Path("day1.csv").write_text(boris((1.0, "STOP")))
    assert told(day(), "--annotations", "day1.csv", code=2) == [
        "day1.csv: line 2: groom stops at 1 s, though it has not started"
    ]
    Path("day1.csv").write_text("behavior,start_frame,stop_frame\ngroom,10,20\ngroom,15,30\n")
    assert "day1: 1 bout overlapping others of the same, joined with them" in told(
        day(), "--annotations", "day1.csv", "--fps", 30
    )


def test_14_encodings_and_names_that_are_nearly_the_same(told: Told) -> None:
    text = "behavior;start_s;stop_s\nfüßeln ;1,0;2,0\nFüßeln;3,0;3,5\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        Path("day1.csv").write_text(text, encoding=encoding, newline="\r\n")
        assert "füßeln and Füßeln are taken for different behaviors; make them one in the files if they are" in told(
            day(), "--annotations", "day1.csv", "--fps", 30
        )


def test_15_one_video_in_several_files(told: Told) -> None:
    raw = write_tracks(Path(f"day1{NETWORK}.csv"), tracks(seed=9))
    assert f"day1{NETWORK}.csv: not read, as day1{NETWORK}_filtered.csv is of the same tracks" in told(
        raw, day(), "--fps", 30
    )
    copy = write_tracks(Path("copy.csv"), tracks(seed=1))
    assert told(day(), copy, "--fps", 30, code=2) == [
        f"day1{NETWORK}_filtered.csv and copy.csv: hold the same poses; give one of them"
    ]


def test_16_a_first_row_without_an_animal_and_names_that_are_numbers() -> None:
    keypoints = tracks(20)
    keypoints[0] = np.nan
    found = harness.load_poses(write_tracks(Path("day1.csv"), keypoints, parts=("1", "2", "3")), fps=30)
    np.testing.assert_array_equal(found.keypoints, keypoints)
    assert found.skeleton.keypoints == ("1", "2", "3")


def test_17_code_in_a_file_is_not_run(told: Told) -> None:
    with h5py.File("day1.h5", "w") as file:
        file["df/table"] = np.zeros(3, dtype=[("index", "<i8"), ("values_block_0", "<f8", (3,))])
        file["df"].attrs["non_index_axes"] = np.bytes_(b"cos\nmkdir\n(Vmade\ntR.")
    assert told("day1.h5", code=2) == [
        "day1.h5: refused: the names of its columns ask for os.mkdir, and nothing is run"
    ]
    assert not Path("made").exists()


def test_18_a_subject_that_is_no_animal(told: Told) -> None:
    Path("day1.csv").write_text(boris((1.0, "START"), (2.0, "STOP"), subject="blakc"))
    assert told(day(), "--annotations", "day1.csv", code=2) == [
        f"day1.csv: line 2: 'blakc' is no animal of day1{NETWORK}_filtered.csv, did you mean 'black'?; it has black, "
        "white; --subject blakc=NAME says who it is"
    ]


@pytest.mark.usefixtures("registries")
def test_19_points_outside_of_the_picture_stay_and_are_told(told: Told) -> None:
    Path("reader.py").write_text(
        "import numpy as np\nfrom harness.plugins import Tracks, pose_reader\n\n\n"
        "@pose_reader('ours', tool='ours', endings=('.ours',))\ndef ours(source):\n"
        "    points = np.ones((100, 1, 2, 1), np.float32)\n    points[:2, :, 0] = -341\n"
        "    yield Tracks(tool='ours', animals=('a',), parts=('nose',), keypoints=points, fps=30.0,\n"
        "                 image_size=(640, 480))\n"
    )
    Path("day1.ours").write_text("x")
    assert "day1: 2.00% of the points seen lie outside of the picture" in told("day1.ours", "--plugin", "reader.py")
    made = harness.import_files("day1.ours", out="lab", plugins=["reader.py"])
    assert made.folder is not None
    assert np.load("lab/poses/day1.npz")["keypoints"].min() == -341


def test_20_what_is_imported_is_what_a_search_finds(told: Told) -> None:
    poses, scored = write_lab(Path())
    harness.import_files(poses, scored, "lab", fps=30)
    row = json.dumps([one.digest for one in harness.load("lab").labelled["groom"]])
    harness.import_files(reversed(poses), reversed(scored), "again", fps=30)
    assert sorted(json.loads(row)) == sorted(one.digest for one in harness.load("again").labelled["groom"])
    assert harness.load("lab").skeleton.keypoints == PARTS
