"""A dataset in whichever layout a folder has: that of the dataset folder, or that of the challenge's files."""

import os
from collections.abc import Mapping
from pathlib import Path

from harness.data import challenge, submission
from harness.data.folder.layout import POSES, REGISTER, dataset_files
from harness.data.folder.read import read_folder, read_recordings
from harness.data.folder.register import TEST
from harness.dataset import Dataset
from harness.errors import DataError
from harness.recording import Array, Recording


def load_dataset(folder: Path) -> Dataset:
    """The labelled and unlabelled recordings in `folder`, named after it. Raises `DataError` with every problem."""
    return read_folder(folder).dataset if is_dataset_folder(folder) else challenge.load_dataset(folder)


def load_recordings(path: Path) -> tuple[Recording, ...]:
    """The recordings to be labelled: all of a dataset folder, or those of a test file, or of a folder that holds one.

    Raises `DataError` with every problem.
    """
    return read_recordings(path) if is_dataset_folder(path) else challenge.load_recordings(path)


def read_truth(path: Path) -> Mapping[str, Mapping[str, Array]]:
    """Behavior to id to labels to score against, int8 (frames,): those of the test recordings of a dataset folder, or
    what a file holds. Raises `DataError` with every problem.
    """
    if not is_dataset_folder(path):
        return submission.read_truth(path)
    truth = read_folder(path).dataset.truth
    if not truth:
        raise DataError(
            [f"{path / REGISTER}: no recording of split {TEST} was looked at, so there is nothing to score"]
        )
    return truth


def data_files(folder: Path) -> list[Path]:
    """All files in `folder` that are read or compared with; none where there is no such folder."""
    return dataset_files(folder) if is_dataset_folder(folder) else challenge.data_files(folder)


def is_dataset_folder(path: Path) -> bool:
    """Whether `path` is laid out as a dataset folder is. Raises `DataError` where it has files of both layouts."""
    if not os.path.isdir(path):
        return False
    others = challenge.files_of_recordings(path)
    if not any(os.path.lexists(path / name) for name in (REGISTER, POSES)):
        return False
    if others and os.path.lexists(path / REGISTER):
        raise DataError(
            [f"{path}: holds {REGISTER} and {others[0].name}; keep the files of one layout, move the others"]
        )
    return not others
