"""Data in, and submissions judged: what needs no run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.challenge import sample_submission_path
from harness.data.folder.write import write_dataset
from harness.data.layouts import load_dataset, read_truth
from harness.data.layouts import load_recordings as read_recordings
from harness.data.submission import (
    disagreements,
    expected_from_sample,
    mismatch,
    predictions,
    problems,
    read_submission,
    unscored,
)
from harness.data.submission import score as counts_of
from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.files.outputs import refuse_taken
from harness.recording import Recording
from harness.scores.metrics import Counts, Score, mean_score
from harness.words import counted, html_table, named


def load(data: Path | str) -> Dataset:
    """The labelled recordings in a folder, by behavior, and those to be labelled.

    Args:
        data: A dataset folder, which has a `recordings.csv`; or a folder with `train.npy` and, if there is something to
            label, `test.npy`, laid out as the challenge does it. A `dataset.toml` in it says what they do not:
            keypoints, roles, frames a second.

    Raises:
        DataError: A `HarnessError` with everything that is wrong with all files, a line each.
    """
    return load_dataset(named(data))


def load_recordings(data: Path | str) -> tuple[Recording, ...]:
    """The recordings in a file laid out as `test.npy` is, in a folder that holds one, or in a dataset folder.

    Args:
        data: The file, or the folder; of a dataset folder all recordings, and no labels are read. A `dataset.toml`
            beside the file says what it does not, as for `load`.

    Raises:
        DataError: A `HarnessError` with everything that is wrong with it, a line each.
    """
    return read_recordings(named(data))


def demo_data(
    out: Path | str,
    *,
    seed: int = 0,
    recordings: int | None = None,
    seconds: int | None = None,
    test_recordings: int | None = None,
    matched: bool = False,
    crowd: bool = False,
) -> Path:
    """Make a dataset of simulated mice with seven behaviors, and the truth of its test recordings.

    Args:
        out: The folder to make.
        seed: The same one gives the same files.
        recordings: Labelled recordings of most behaviors; by default 4.
        seconds: Length of each recording; by default 60.
        test_recordings: Recordings to be labelled; by default 8, of a crowd 4.
        matched: Whether behaviors are as frequent in test recordings as in training, which they are not in real data.
        crowd: Make a dataset folder of four mice that have names instead: who chases whom, and who grooms.

    Raises:
        HarnessError: There is a dataset already, nothing can be written, a size is too small, or the demo is to be both
            `matched` and of a `crowd`.
    """
    from harness.demo.crowd import crowd_dataset
    from harness.demo.dataset import write_demo

    out = named(out)
    sizes = {"recordings": recordings, "seconds": seconds, "test_recordings": test_recordings}
    given = {name: size for name, size in sizes.items() if size is not None}
    if crowd:
        if matched:
            raise HarnessError("--matched and --crowd do not go together; leave one of them out")
        write_dataset(crowd_dataset(seed, **given), out, source=f"simulated mice, seed {seed}")
        return out
    refuse_taken(out / "train.npy")
    try:
        write_demo(out, seed=seed, matched=matched, **given)
    except OSError as error:
        raise HarnessError(f"{out}: cannot be written ({error.strerror})") from error
    return out


@dataclass(frozen=True)
class Checked:
    """What is wrong with a submission, and how much the data ask for."""

    problems: tuple[str, ...]
    """A line each; none where the challenge would take it."""
    notes: tuple[str, ...]
    """What is odd about the files beside it, though it can be submitted."""
    behaviors: int
    labels: int

    @property
    def fine(self) -> bool:
        return not self.problems


def check(submission: Path | str, data: Dataset | Path | str) -> Checked:
    """List everything that keeps a submission from being accepted for the test recordings of `data`.

    Args:
        submission: The file.
        data: What `load` returned, or a folder that it takes.

    Raises:
        HarnessError: One of the files cannot be read.
    """
    path = named(submission)
    dataset = data if isinstance(data, Dataset) else load(data)
    expected = {behavior: {one.id: one.frames for one in dataset.to_label(behavior)} for behavior in dataset.labelled}
    found = problems(read_submission(path), expected)
    sample = None if dataset.source is None else sample_submission_path(dataset.source)
    if sample is not None:
        found += disagreements(expected_from_sample(read_submission(sample)), expected)
    labels = sum(sum(recordings.values()) for recordings in expected.values())
    differs = mismatch(path)
    return Checked(tuple(found), (differs,) if differs else (), len(expected), labels)


@dataclass(frozen=True)
class Scores:
    """How good labels are, as the challenge computes it: on the pooled frames of each behavior."""

    behaviors: Mapping[str, Counts]
    """Hits, claimed and actual frames; `f1`, `precision` and `recall` of these."""
    notes: tuple[str, ...] = ()
    """What the submission labels and the truth does not, which is left out."""

    @property
    def mean(self) -> Score:
        """Mean F1 and mean precision over behaviors."""
        return mean_score(one.score for one in self.behaviors.values())

    def as_json(self) -> dict[str, Any]:
        return {"f1": self.mean.f1, "precision": self.mean.precision, "behaviors": self.rows()}

    def rows(self) -> list[dict[str, Any]]:
        return [
            {
                "behavior": behavior,
                "f1": one.f1,
                "precision": one.precision,
                "recall": one.recall,
                "positive": one.actual,
                "claimed": one.claimed,
            }
            for behavior, one in self.behaviors.items()
        ]

    def _repr_html_(self) -> str:
        rows = [
            [name, f"{one.f1:.4f}", f"{one.precision:.4f}", f"{one.recall:.4f}"] for name, one in self.behaviors.items()
        ]
        rows.append(["mean", f"{self.mean.f1:.4f}", f"{self.mean.precision:.4f}", ""])
        header = ("behavior", "F1", "precision", "recall")
        return html_table(header, rows, counted(len(self.behaviors), "behavior"))


def score(submission: Path | str, truth: Path | str) -> Scores:
    """Score a submission as the challenge does. For this only are test labels there: tune nothing on it.

    Args:
        submission: The file.
        truth: Labels, laid out like a submission or like a public release of labelled test recordings; or a dataset
            folder, whose labels of split `test` these are.

    Raises:
        HarnessError: One of them cannot be read, or the submission lacks labels that the truth has.
    """
    path = named(submission)
    labels, content = read_truth(named(truth)), read_submission(path)
    return Scores(counts_of(predictions(content, labels, path), labels), tuple(unscored(content, labels)))
