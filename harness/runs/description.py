"""What `run.json` says of a run: what it was made with, and in which database its trials are, if they are in one."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.files.atomic import write_text
from harness.files.bounded import read_text
from harness.runs.differences import refusal
from harness.runs.storage import WAY_OUT


@dataclass(frozen=True, slots=True)
class Address:
    """How a run's trials are found among those of other runs."""

    url: str
    """Of the database, without any secret."""
    run: str
    """What the names of the run's studies begin with."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a run was made with."""

    identity: Mapping[str, Any]
    """All that decides the trials and their scores: where it differs, the run cannot be continued."""
    about: Mapping[str, Any]
    """What is for the reader and for later commands, and may change between two searches of the same run."""
    storage: Address | None = None
    """Where the trials are; None for a file in the run's folder."""

    def as_json(self) -> dict[str, Any]:
        plain = {"identity": dict(self.identity), "about": dict(self.about)}
        return plain | ({"storage": asdict(self.storage)} if self.storage else {})


def described(folder: Path) -> Description | None:
    """What the run in `folder` was made with; None where there is no run yet. Raises `HarnessError` as for reading."""
    return read_description(folder) if _path(folder).exists() else None


def read_description(folder: Path) -> Description:
    """What the run in `folder` was made with.

    Raises `HarnessError` where there is no run, or what it says of itself cannot be read or lacks something.
    """
    path = _path(folder)
    try:
        plain = json.loads(read_text(path, None))
    except FileNotFoundError as error:
        raise HarnessError(f"{folder} holds no run; `harness search --results {folder}` makes one") from error
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise HarnessError(f"{path}: not a readable run description ({reason}); {WAY_OUT}") from error
    if not isinstance(plain, dict) or not _describes_a_run(plain):
        raise HarnessError(f"{path}: does not say what a run was made with; {WAY_OUT}")
    if "storage" not in plain:
        return Description(plain["identity"], plain["about"])
    kept = plain["storage"]
    if not isinstance(kept, dict) or not all(isinstance(kept.get(part), str) for part in ("url", "run")):
        raise HarnessError(f"{path}: does not say where the trials are; {WAY_OUT}")
    return Description(plain["identity"], plain["about"], Address(kept["url"], kept["run"]))


def write_description(folder: Path, new: Description) -> None:
    """Say in `folder` what its run is made with.

    Raises `HarnessError` where a run is there that was made with another identity.
    """
    identity = json.loads(json.dumps(new.identity))
    there = described(folder)
    refused = refusal(there.identity, identity, there.about, new.about) if there else None
    if refused:
        raise HarnessError(f"{folder}: {refused}")
    write_text(_path(folder), json.dumps(new.as_json(), indent=1) + "\n")


def _path(folder: Path) -> Path:
    return folder / "run.json"


def _describes_a_run(plain: Mapping[str, Any]) -> bool:
    """Whether `run.json` has what later commands read in it, each of the right type."""
    if not all(isinstance(plain.get(part), dict) for part in ("identity", "about")):
        return False
    about, identity = plain["about"], plain["identity"]
    texts = [about.get("data"), about.get("command")]
    lists = [about.get("behaviors"), about.get("plugins")]
    texts += [text for one in lists if isinstance(one, list) for text in one]
    tables = [identity.get("plugins"), identity.get("ranges"), identity.get("pool"), identity.get("data")]
    tables += list(tables[-1].values()) if isinstance(tables[-1], dict) else []
    amounts = about.get("labelled", {})  # earlier runs have none
    tables += [amounts, *amounts.values()] if isinstance(amounts, dict) else [amounts]
    return (
        all(isinstance(one, list) for one in lists)
        and all(isinstance(one, str) for one in texts)
        and all(isinstance(one, dict) for one in tables)
        and type(identity.get("seed")) is int
    )
