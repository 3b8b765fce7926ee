"""What labels come to: the numbers that labs publish."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.datasets import load
from harness.choosing.reliability import Reliability
from harness.dataset import Dataset
from harness.files.atomic import write_text
from harness.files.outputs import make_room, unwritable
from harness.labelling.reading import is_labels_folder, read_labels_folder
from harness.labelling.summary import WHOLE, Done, Observed
from harness.labelling.writing import BOOKKEEPING, OF_ERROR, OF_SUMMARY, OF_TRANSITIONS, check_bins
from harness.recording import UNKNOWN, Recording
from harness.scores.metrics import runs
from harness.words import named

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Summary:
    """The numbers of some recordings."""

    recordings: tuple[Observed, ...]
    bins: float | None
    """Seconds."""
    reliability: Mapping[str, Reliability]
    """By behavior, what is known of detectors; none where a person labelled."""

    def rows(self) -> list[dict[str, Any]]:
        """The lines of `table` as plain values; None where there is nothing to measure."""
        return [row for one in self.recordings for row in one.summary(self.bins, self.reliability)]

    @cached_property
    def table(self) -> "pd.DataFrame":
        """A line for each recording, animal or pair, behavior and bin; columns as in docs/labels.md."""
        return self._frame(self.rows(), [*OF_SUMMARY, *(OF_ERROR if self.reliability else ())])

    @cached_property
    def transitions(self) -> "pd.DataFrame":
        """How often, for each agent, a bout of one behavior was the next to start after one of another."""
        return self._frame([row for one in self.recordings for row in one.transitions()], OF_TRANSITIONS)

    def _frame(self, lines: Sequence[Mapping[str, object]], columns: Sequence[str]) -> "pd.DataFrame":
        import pandas as pd

        known = dict.fromkeys(["group", *(name for one in self.recordings for name in one.known)])
        return pd.DataFrame(lines, columns=["recording", *known, *columns])

    def save(self, out: Path | str) -> Path:
        """Write the table.

        Args:
            out: The file, which ends in `.csv`.

        Raises:
            HarnessError: It cannot be written.
        """
        path = named(out)
        make_room(path, ".csv")
        return self._written(path, self.table.to_csv(index=False, lineterminator="\n", float_format="%.6g"))

    def draw(self, out: Path | str) -> Path:
        """Draw totals, shares over time and transitions.

        Args:
            out: The file, which ends in `.html`.

        Raises:
            HarnessError: It cannot be written, or plotly is not installed.
        """
        from harness.reporting.numbers import numbers_page

        path = named(out)
        make_room(path, ".html")
        whole, bins = ([row for row in self.rows() if (row["bin"] == WHOLE) is of] for of in (True, False))
        following = [row for one in self.recordings for row in one.transitions()]
        return self._written(path, numbers_page(whole, bins, following))

    def _written(self, path: Path, text: str) -> Path:
        try:
            write_text(path, text)
        except OSError as error:
            raise unwritable(path, error) from error
        return path

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return str(self.table._repr_html_())


def summary(labels: Dataset | Path | str, *, bins: float | None = None) -> Summary:
    """What labels come to: bouts, time, share, latency and lengths, of each recording, animal or pair and behavior.

    Args:
        labels: A folder that `label` made, also one whose `events.csv` was corrected since; or a dataset that a person
            labelled, or its folder, of which what was looked at counts.
        bins: Seconds of time of which there are lines of their own, besides those of whole recordings.

    Raises:
        HarnessError: Something in the folder is wrong, with every problem.
    """
    check_bins(bins)
    if not isinstance(labels, Dataset):
        folder = named(labels)
        if is_labels_folder(folder):
            found = read_labels_folder(folder)
            return Summary(found.recordings, bins, found.reliability)
        labels = load(folder)
    return Summary(tuple(_observed(labels)), bins, {})


def _observed(dataset: Dataset) -> Iterator[Observed]:
    """The recordings that somebody labelled for some behavior."""
    by_film: dict[str, list[tuple[str, Recording]]] = {}
    for behavior, examples in dataset.labelled.items():
        for one in examples:
            by_film.setdefault(one.source_id, []).append((behavior, one))
    for film, theirs in by_film.items():
        video = theirs[0][1].video
        known = {name: cell for name, cell in video.about.items() if name not in BOOKKEEPING}
        done = tuple(_done(behavior, one) for behavior, one in theirs)
        yield Observed(film, video.frames, video.fps, done, {"group": video.group, **known})


def _done(behavior: str, example: Recording) -> Done:
    labels = example.known_labels
    target = example.target if example.target != example.agent else ""
    return Done(behavior, example.agent, target, runs(labels == 1), runs(labels != UNKNOWN))
