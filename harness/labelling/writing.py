"""A folder of labels: what was found in recordings, in the formats that are asked for, with the numbers of it.

`recordings.csv` says which recordings there are, `events.csv` all bouts, `summary.csv` and `transitions.csv` what they
come to, `labels.json` what labelled them. It is written while recordings are labelled, one in memory at a time.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from harness.choosing.reliability import Reliability
from harness.data.folder.layout import folded, id_problem
from harness.errors import DataError, HarnessError, unknown
from harness.files.outputs import unwritable_folder
from harness.labelling.summary import Done, Observed
from harness.packages import installed
from harness.plugins.writers import LABEL_WRITERS, Asked, Format, Labelled, Writer
from harness.recording import Recording
from harness.version import __version__
from harness.words import shown

EVENTS, RECORDINGS, SUMMARY, TRANSITIONS = "events.csv", "recordings.csv", "summary.csv", "transitions.csv"

MADE = "labels.json"
"""What labelled them; written last."""

ALWAYS = "events"
"""The format that is written in any case."""

BOOKKEEPING = ("source", "digest", "annotations")
"""What `recordings.csv` knows of where a recording came from, and no number has to do with."""

OF_RECORDINGS = ("id", "frames", "fps", "animals", "group")
OF_SUMMARY = (
    *("behavior", "agent", "target", "bin", "start_s", "stop_s"),
    *("looked_s", "bouts", "total_s", "share", "latency_s", "mean_bout_s", "median_bout_s"),
)
OF_ERROR = ("total_low_s", "total_high_s", "f1", "trust")
"""Columns of a summary where detectors labelled."""

OF_TRANSITIONS = ("agent", "from", "to", "transitions")


def load_writers() -> None:
    """Import every format: a module's being in `labelling.writers` registers it."""
    import harness.labelling.writers as package

    for module in iter_modules(package.__path__, f"{package.__name__}."):
        import_module(module.name)


def formats_named(names: Iterable[str]) -> list[Format]:
    """The formats of those names, and `ALWAYS` before them. Raises `HarnessError` with each that is not known, or is
    written with what is not installed.
    """
    load_writers()
    problems: list[str] = []
    wanted = list(dict.fromkeys([ALWAYS, *names]))
    for name in wanted:
        one = LABEL_WRITERS.get(name)
        if one is None:
            problems += unknown("format", name, LABEL_WRITERS).lines
        elif why := refusal(one):
            problems.append(f"format {name}: {why}")
    if problems:
        raise HarnessError(*problems)
    return [LABEL_WRITERS[name] for name in wanted]


def refusal(one: Format) -> str | None:
    """Why a format cannot be written here; None where it can."""
    if not (lacking := [module for module in one.needs if not installed(module)]):
        return None
    return f"needs {lacking[0]}, which is not installed; pip install 'behavior-harness[{one.extra}]' gets it"


def check_bins(seconds: float | None) -> None:
    """Raise `HarnessError` where nothing can be summed up by stretches of that length."""
    if seconds is not None and not seconds > 0:
        raise HarnessError(f"bins = {seconds!r} should be seconds above 0")


def write_labels(
    folder: Path,
    formats: Sequence[Format],
    scopes: Mapping[str, str],
    recordings: Sequence[Recording],
    labelled: Iterable[Labelled],
    *,
    bins: float | None = None,
    reliability: Mapping[str, Reliability] = MappingProxyType({}),
    made: Mapping[str, Any],
) -> Iterator[Labelled]:
    """Write into the empty `folder` what was found in the recordings, of behaviors with those `scopes`; each is passed
    on, and all is written once the last has been taken.

    `bins` are seconds, of which the summary has lines of its own; `reliability` is what is known of detectors, by
    behavior; `made` says what labelled them. Raises `HarnessError` where a format cannot hold it, before anything is
    labelled, or where the folder cannot be written.
    """
    _refuse_names(recordings)
    asked = Asked(folder, scopes, recordings)
    with _told(folder):
        writers: list[Writer] = [*(one.make(asked) for one in formats), Numbers(asked, bins, reliability, made)]
    for one in labelled:
        with _told(folder):
            for writer in writers:
                writer.add(one)
        yield one
    with _told(folder):
        for writer in writers:
            writer.finish()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what keeps files from being written into an error that names the folder, by what it will be called."""
    try:
        yield
    except OSError as error:
        raise unwritable_folder(Path(folder.name), error) from error


class Numbers:
    """The tables that are beside every format, and what labelled."""

    def __init__(
        self, asked: Asked, bins: float | None, reliability: Mapping[str, Reliability], made: Mapping[str, Any]
    ) -> None:
        self.asked, self.bins, self.reliability, self.made = asked, bins, reliability, made
        about = list(dict.fromkeys(name for one in asked.recordings for name in one.about if name not in OF_RECORDINGS))
        groups = ["recording", "group", *(name for name in about if name not in BOOKKEEPING)]
        self.columns = {
            RECORDINGS: [*OF_RECORDINGS, *about],
            SUMMARY: [*groups, *OF_SUMMARY, *OF_ERROR],
            TRANSITIONS: [*groups, *OF_TRANSITIONS],
        }
        for name, columns in self.columns.items():
            self._append(name, [dict(zip(columns, columns, strict=True))])

    def add(self, one: Labelled) -> None:
        video = one.recording
        done = tuple(Done(act.behavior, act.agent, act.receiver, act.bouts) for act in one.acts)
        known = {"group": video.group, **video.about}
        seen = Observed(video.id, video.frames, video.fps, done, known)
        animals = ";".join(video.animal_names if self.asked.has_agents else video.names)
        row = {"id": video.id, "frames": video.frames, "fps": video.fps, "animals": animals, **known}
        self._append(RECORDINGS, [row])
        self._append(SUMMARY, seen.summary(self.bins, self.reliability))
        self._append(TRANSITIONS, seen.transitions())

    def finish(self) -> None:
        content = {"made_by": f"harness {__version__}", **self.made, "behaviors": dict(self.asked.scopes)}
        content["reliability"] = {behavior: one.as_json() for behavior, one in self.reliability.items()}
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        (self.asked.folder / MADE).write_text(text, encoding="utf-8")

    def _append(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        with open(self.asked.folder / name, "a", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, self.columns[name], restval="", extrasaction="ignore", lineterminator="\n")
            table.writerows({column: _cell(value) for column, value in row.items()} for row in rows)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def _refuse_names(recordings: Sequence[Recording]) -> None:
    """Raise `DataError` where files cannot be called after recordings."""
    problems, taken = [], dict[str, str]()
    for one in recordings:
        if problem := id_problem(one.id):
            problems.append(f"{shown(one.id)}: its name {problem}")
        elif (other := taken.setdefault(folded(one.id), one.id)) != one.id:
            problems.append(f"{shown(one.id)}: some disks take its name for {shown(other)}; give it another")
    if problems:
        raise DataError(problems)
