"""What a search leaves to the commands after it: which data it was made on, and which plugins it needs."""

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from harness.cli.arguments import data_folder
from harness.data.challenge import load_dataset
from harness.errors import HarnessError
from harness.recording import Dataset
from harness.records import TrialRecord
from harness.registry import FEATURES, MODELS, SMOOTHERS, Plugin
from harness.store import Run

REGISTRIES: Mapping[str, Mapping[str, Plugin]] = {"features": FEATURES, "models": MODELS, "smoothers": SMOOTHERS}


def searched_folder(run: Run, given: Path | None) -> Path:
    """Where the data are said to be, else where they were searched. Raises `HarnessError` where they are no more."""
    if named := data_folder(given):
        return named
    data = Path(run.description["about"]["data"])
    if not data.is_dir():
        raise HarnessError(f"{data}: the data that {run.folder} was searched on are not there; name them with --data")
    return data


def searched_data(run: Run, data: Path) -> Dataset:
    """What the folder holds. Raises `HarnessError` where the run was searched on other data."""
    dataset = load_dataset(data)
    if dataset.digest != run.description["identity"]["data"]:
        raise HarnessError(f"{data}: not the data that {run.folder} was searched on; name that with --data")
    return dataset


def plugins_of(records: Iterable[TrialRecord]) -> list[tuple[str, str]]:
    """Kind and name of everything that made the trials."""
    used = set()
    for record in records:
        used |= {("features", choice.name) for choice in record.spec.features} | {("models", record.spec.model.name)}
        used |= {("smoothers", record.decision.smoother.name)} if record.decision else set()
    return sorted(used)


def refuse_missing_plugins(run: Run, needed: Iterable[tuple[str, str]]) -> None:
    """Raise `HarnessError` where something, by kind and name, is not registered."""
    files = " ".join(f"--plugin {shlex.quote(file)}" for file in run.description["about"]["plugins"])
    for kind, name in needed:
        if name not in REGISTRIES[kind]:
            raise HarnessError(f"the run needs the plugin {name!r}; give {files or '--plugin FILE'} again")
