"""What cutting detectors anew is worth on another rig.

    python -m benchmarks.calibrating [--demos S ...] [--elsewhere S] [--trials N] [--workers N]

Detectors of all behaviors are searched on the first recordings of one demo. In others, whose recordings are changed as
another rig would have them, the first one or two recordings that show a behavior are what is calibrated on, and the
others are labelled before and after. Prints Markdown: F1 on these, the mean over behaviors; what `calibrate` says of
before and after itself; and how many decisions it changed.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import harness
from benchmarks.helpers import made
from benchmarks.runs import show_head, show_row
from harness.choosing.reliability import moved
from harness.dataset import Dataset
from harness.fitting.decisions import decide
from harness.labelling.detectors import reliability_in
from harness.recording import Array, Recording
from harness.scores.metrics import count

Recordings = tuple[Recording, ...]

FEWEST = 4
"""Recordings that show a behavior, so that two can be calibrated on and two be judged."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demos", type=int, nargs="*", default=(201, 202), metavar="S", help="(201 202)")
    parser.add_argument("--elsewhere", type=int, default=203, metavar="S", help="the demo of the detectors (203)")
    parser.add_argument("--trials", type=int, default=12, metavar="N", help="for each behavior (12)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    asked = parser.parse_args()
    show_head("rig", "demo", "calibrated on", "F1 before", "F1 after", "said before", "said after", "changed")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        old = made(place / "elsewhere", asked.elsewhere)
        few = {behavior: recordings[:4] for behavior, recordings in old.labelled.items()}
        trained = Dataset("elsewhere", few, ())
        where = {"results": place / "run", "cache": place / "cache", "workers": asked.workers}
        run = harness.search(trained, trials=asked.trials, models=["lightgbm", "logistic_regression"], **where)
        harness.fit(run, data=trained, workers=asked.workers, cache=place / "cache").save(place / "models")
        for seed in asked.demos:
            new = made(place / f"demo-{seed}", seed)
            for rig, change in RIGS.items():
                labelled = {behavior: change(recordings) for behavior, recordings in new.labelled.items()}
                for size in (1, 2):
                    row = worth(place, labelled, size, asked.workers)
                    show_row(rig, str(seed), str(size), *(f"{value:.3f}" for value in row[:4]), f"{row[4]:.0%}")


def worth(place: Path, labelled: Mapping[str, Recordings], size: int, workers: int) -> Array:
    """F1 before and after on what was not calibrated on, those that are said, and the share that changed."""
    used, judged = {}, {}
    for behavior, recordings in labelled.items():
        shown = [one for one in recordings if one.positives]
        if len(shown) >= FEWEST:
            used[behavior] = tuple(shown[:size])
            judged[behavior] = tuple(one for one in recordings if one not in shown[:size])
    with tempfile.TemporaryDirectory(dir=place) as folder:
        made = harness.calibrate(place / "models", Dataset("rig", used, ()), Path(folder) / "new", workers=workers)
        others = {one.id: replace(one, labels=None) for theirs in judged.values() for one in theirs}
        old, new = harness.open_detectors(place / "models"), harness.open_detectors(made.folder)
        known = reliability_in(new.folder)
        before: dict[str, dict[str, Array]] = {behavior: {} for behavior in judged}
        after: dict[str, dict[str, Array]] = {behavior: {} for behavior in judged}
        for one in new.label(list(others.values()), workers=workers):
            for act in one.acts:
                if act.behavior in judged:
                    averaged = moved(act.probability, -known[act.behavior].shift)
                    before[act.behavior][one.recording.id] = decide(
                        old[act.behavior].decision, averaged, one.recording.fps
                    )
                    after[act.behavior][one.recording.id] = act.labels
    rows = [
        [
            *(f1_of(found[behavior], judged[behavior]) for found in (before, after)),
            one.before.f1,
            one.after.f1,
            one.changed,
        ]
        for behavior, one in made.behaviors.items()
    ]
    return np.asarray(np.mean(np.array(rows, dtype=float), axis=0))


def f1_of(labels: Mapping[str, Array], recordings: Recordings) -> float:
    claimed = np.concatenate([labels[one.id] for one in recordings])
    return count(claimed, np.concatenate([one.known_labels for one in recordings])).f1


def as_it_was(recordings: Sequence[Recording]) -> Recordings:
    return tuple(recordings)


def nearer_and_slower(recordings: Sequence[Recording]) -> Recordings:
    """Twice as large in the picture, every other frame, and points that shake by a pixel."""
    chance = np.random.default_rng(0)
    return tuple(
        replace(
            one,
            keypoints=(2 * one.keypoints[::2] + chance.normal(0, 1, one.keypoints[::2].shape)).astype(np.float32),
            labels=one.known_labels[::2],
            fps=one.fps / 2,
        )
        for one in recordings
    )


def rarer(recordings: Sequence[Recording]) -> Recordings:
    """The half that shows less of the behavior, and those that show nothing."""
    by_share = sorted(recordings, key=lambda one: one.positives / one.frames)
    return tuple(by_share[: max(FEWEST, len(by_share) // 2)])


RIGS: Mapping[str, Callable[[Sequence[Recording]], Recordings]] = {
    "as it was": as_it_was,
    "twice as large, 15 frames a second": nearer_and_slower,
    "the rarer half": rarer,
}


if __name__ == "__main__":
    main()
