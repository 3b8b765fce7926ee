"""A dataset in the other layout."""

import os
from collections.abc import Callable
from pathlib import Path

from harness.api.places import silently
from harness.data.challenge import load_dataset
from harness.data.conversion import with_file_names, write_challenge
from harness.data.dataset_toml import SETUP_FILE, Setup, read_dataset_toml
from harness.data.folder.read import read_folder
from harness.data.folder.write import write_dataset
from harness.data.layouts import is_dataset_folder
from harness.files.outputs import refuse_taken
from harness.words import named


def convert(data: Path | str, out: Path | str, *, say: Callable[[str], None] | None = None) -> Path:
    """Write a dataset in the other layout: challenge files as a dataset folder, or such a folder as challenge files.

    Args:
        data: A folder that `harness.load` takes; what is in it decides which way it goes.
        out: The folder to make.
        say: Is told, a line each, what was taken for granted and stands in the new files as if it had been said.

    Raises:
        HarnessError: Something is wrong with the files, `out` is there or cannot be written, or, with a line for each,
            something would be lost: nothing is written then.
    """
    source, folder = named(data), named(out)
    refuse_taken(folder)
    if is_dataset_folder(source):
        write_challenge(read_folder(source), folder)
        return folder
    dataset = load_dataset(source)
    path = source / SETUP_FILE
    setup = read_dataset_toml(path) if os.path.lexists(path) else Setup()
    write_dataset(with_file_names(dataset), folder, edges=setup.edges, source=setup.source)
    for line in dataset.assumed:
        (say or silently)(
            f"note: assumed, as nothing says otherwise: {line}; change {folder / SETUP_FILE} where that is not so"
        )
    return folder
