"""What DeepLabCut keeps on the way to tracks is refused by what it is, and not opened."""

import pickle
from pathlib import Path

import pytest

from harness.data.incoming.recognising import load_readers, read_poses
from harness.errors import DataError
from tests.data.readers.examples import example

load_readers()

WAY = "give the csv or h5 of the tracks (stitch_tracklets in DeepLabCut writes it)"

FULL = f"detections of DeepLabCut before they are assembled to animals; {WAY}"


@example("deeplabcut_pickles", "videoDLC_net_full.pickle", whole=False, refused=FULL)
def full(path: Path) -> None:
    path.write_bytes(pickle.dumps({"metadata": {}}))


@pytest.mark.parametrize("ending", ["_meta", "_assemblies", "_el", "_bx", "_sk", "_full"])
def test_each_is_called_what_it_is(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"videoDLC_net{ending}.pickle"
    path.write_bytes(b"cos\nsystem\n(Vtouch made\ntR.")
    with pytest.raises(DataError, match=r"give the csv or h5 of the tracks"):
        list(read_poses(path))
