"""The example of a `dataset.toml`, held against the recordings it is about."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from harness.data.challenge import load_dataset
from harness.data.dataset_toml import Setup, read_dataset_toml
from harness.errors import DataError
from harness.recording import Skeleton

EXAMPLE = Path(__file__).parents[2] / "docs/rats/dataset.toml"
RATS = Path(__file__).parents[3] / "shared/data/rats"

SKELETON = Skeleton(("top", "body", "tail", "tail-m", "tail-e"), {"nose": 0, "tail_base": 2})


def test_the_example_is_read() -> None:
    assert read_dataset_toml(EXAMPLE) == Setup(SKELETON, fps=30.0, image_size=None)


@pytest.mark.skipif(not RATS.is_dir(), reason="the rats are not beside this project")
def test_the_example_says_of_the_rats_what_is_so(tmp_path: Path) -> None:
    for name in ("train.npy", "test.npy"):
        (tmp_path / name).symlink_to(RATS / name)
    shutil.copy(EXAMPLE, tmp_path)
    dataset = load_dataset(tmp_path)
    recordings = [*(one for group in dataset.labelled.values() for one in group), *dataset.unlabelled]
    assert all((one.skeleton, one.fps) == (SKELETON, 30) for one in recordings)
    points = np.concatenate([one.keypoints[:, :, 0] + 1j * one.keypoints[:, :, 1] for one in recordings])
    top, body, tail = points[..., 0], points[..., 1], points[..., 2]
    apart = np.abs(tail - top) > 0
    along = ((body - top)[apart] / (tail - top)[apart]).real
    assert np.nanmedian(along) == pytest.approx(0.55, abs=0.01)
    nearest = [np.nanquantile(np.abs(points[:, 0, part] - points[:, 1, part]), 0.1) for part in range(5)]
    assert nearest[0] == min(nearest)


@pytest.mark.parametrize("name", ["rear to tip", "to the left", "who sees whom"])
def test_a_keypoint_whose_name_would_read_as_a_pair_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "dataset.toml"
    file.write_text(f'keypoints = ["nose", "{name}"]')
    with pytest.raises(DataError, match=f"keypoints: '{name}' should be a name without ' to ' or ' sees '"):
        read_dataset_toml(file)


@pytest.mark.parametrize(
    ("encoding", "says"),
    [
        ("latin-1", "is not UTF-8; save it as UTF-8"),
        ("utf-16", "is not UTF-8 but UTF-16; save it as UTF-8"),
    ],
)
def test_a_file_in_another_encoding_is_told_which_to_save_it_in(tmp_path: Path, encoding: str, says: str) -> None:
    path = tmp_path / "dataset.toml"
    path.write_text("# die Mäuse\nfps = 30\n", encoding=encoding)
    with pytest.raises(DataError) as caught:
        read_dataset_toml(path)
    assert caught.value.problems == (f"{path}: {says}",)
    path.write_text("# die Mäuse\nfps = 30\n", encoding="utf-8-sig")
    assert read_dataset_toml(path).fps == 30
