"""Files that are given by mistake are called what they are, and passed over in a folder."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.api.importing import import_files
from harness.data.incoming.recognising import load_readers, read_annotations, read_poses, reader_of
from harness.errors import DataError, HarnessError
from harness.files.source import Source
from harness.plugins import readers
from harness.plugins.readers import POSE_READERS, pose_reader
from tests.data.readers.examples import example

load_readers()

TABLE = "a table of bouts with columns behavior, start_s and stop_s"

VIDEO = "a video; give the tracks that a tracker has written of it, or the annotations of an annotator"


@example("videos", "cage1.mp4", whole=False, refused=VIDEO)
def video(path: Path) -> None:
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))


@example(
    "images",
    "img001.png",
    whole=False,
    refused="an image; give the tracks that a tracker has written of a video, or its annotations",
)
def image(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))


@example(
    "settings",
    "config.yaml",
    whole=False,
    refused="the settings of a project of DeepLabCut; give the csv or h5 that analyze_videos has written, VIDEODLC_...",
)
def settings(path: Path) -> None:
    path.write_text("# Project definitions (do not edit)\nTask: cage\nscorer: me\nbodyparts:\n- nose\n- tail\n")


@example(
    "matlab",
    "cage1.mat",
    whole=False,
    refused="variables of MATLAB; of BENTO save the annotations as .annot; else write tracks as csv in DeepLabCut's "
    f"layout, and annotations as {TABLE}",
)
def matlab(path: Path) -> None:
    path.write_bytes(b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(128) + bytes(100))


@example(
    "jaaba",
    "chase.jab",
    whole=False,
    refused="a project of JAABA; in MATLAB, load(file, '-mat') has labels with t0s, t1s and names: write a table of "
    "bouts with columns behavior, agent, start_frame (t0s - 1) and stop_frame (t1s - 1)",
)
def jaaba(path: Path) -> None:
    matlab.write(path)


@example(
    "pickles",
    "tracks.pkl",
    whole=False,
    refused="a pickle, which can run anything when it is opened, and never is; have the program that made it write "
    "csv, or in pandas to_csv",
)
def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"tracks": [1, 2, 3]}))


@example(
    "old_spreadsheets",
    "events.xls",
    whole=False,
    refused="a spreadsheet that is not xlsx (.xls); save it as .xlsx, or as .csv",
)
def old_spreadsheet(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


@example(
    "via_projects",
    "via_project.json",
    whole=False,
    refused=f"a project of VIA (VGG Image Annotator); write its segments as {TABLE}",
)
def via(path: Path) -> None:
    project = {"pid": "__VIA_PROJECT_ID__", "data_format_version": "3.1.1", "vid_list": ["1"]}
    metadata = {"1_a": {"vid": "1", "z": [1.5, 2.5], "av": {"1": "chase"}}}
    path.write_text(json.dumps({"project": project, "config": {}, "metadata": metadata}))


@example(
    "solomon",
    "solomon.csv",
    whole=False,
    refused=f"what Solomon Coder has at regular moments; write it as {TABLE}, or as one with a row for each frame",
)
def solomon(path: Path) -> None:
    path.write_text("Time,Behaviour\n0.0,\n0.2,rear\n0.4,rear\n")


@pytest.mark.parametrize("read", [read_poses, read_annotations], ids=["poses", "annotations"])
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.AVI", "a video; "),
        ("a.mov", "a video; "),
        ("a.mkv", "a video; "),
        ("a.jpeg", "an image; "),
        ("settings.yml", r"settings \(YAML\), not tracks or annotations; "),
        ("a.ods", r"a spreadsheet that is not xlsx \(\.ods\); save it as \.xlsx"),
        ("deepof.pickle", "a pickle, which can run anything"),
        ("trajectories.pickle", "idtrackerai_format --formats h5 writes an h5 file of it"),
    ],
)
def test_what_a_file_is_shows_in_its_name(name: str, says: str, read: Callable[[Path], object], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x80\4anything")
    with pytest.raises(DataError, match=says):
        list(read(tmp_path / name))  # type: ignore[call-overload]


def test_in_a_folder_they_are_passed_over(tmp_path: Path) -> None:
    for one in (video, settings, pickled):
        one.write(tmp_path / one.file)
    with pytest.raises(HarnessError, match="holds no file that is read here; it has"):
        import_files(tmp_path)
    (tmp_path / "cage1DLC_resnet50_a.csv").write_text("scorer,a,a,a\nbodyparts,n,n,n\ncoords,x,y,likelihood\n0,1,2,1\n")
    made = import_files(tmp_path, fps=30)
    assert [one.film.key for one in made.found.videos] == ["cage1"]
    assert made.left_out == tuple(str(tmp_path / name) for name in ("cage1.mp4", "config.yaml", "tracks.pkl"))


def test_a_reader_of_somebodys_own_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "POSE_READERS", {})
    pose_reader("ours", tool="ours", endings=(".mat",))(lambda source: [])
    own = readers.POSE_READERS["ours"]
    matlab.write(tmp_path / matlab.file)
    source = Source.at(tmp_path / matlab.file)
    for order in ({"ours": own, **POSE_READERS}, {**POSE_READERS, "ours": own}):
        assert reader_of(source, order) is own
    assert reader_of(source, POSE_READERS).name == "matlab"
