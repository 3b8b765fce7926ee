"""What Kaggle's challenge of 2025 takes: a line for each bout of a mouse, and its target.

A frame that is claimed twice for the same mice makes the challenge refuse the whole file. Where detectors let overlaps
stand, such a frame goes to the largest probability over its threshold.
"""

import csv

import numpy as np

from harness.errors import HarnessError
from harness.plugins.writers import Act, Asked, Labelled, label_writer
from harness.recording import SCENE, Recording
from harness.scores.metrics import runs
from harness.words import listed

COLUMNS = ("row_id", "video_id", "agent_id", "target_id", "action", "start_frame", "stop_frame")

ITSELF = "self"


@label_writer("mabe2025", summary="submission.csv, as Kaggle's MABe challenge of 2025 takes it")
class Mabe2025:
    def __init__(self, asked: Asked) -> None:
        if nobodys := [name for name, scope in asked.scopes.items() if scope == SCENE]:
            raise HarnessError(
                f"format mabe2025: {listed(nobodys)} {'is' if len(nobodys) == 1 else 'are'} of the scene, and it wants "
                "acts of one mouse or of a pair; `harness import --scope NAME=pair` says of whom they are"
            )
        self.path, self.rows = asked.folder / "submission.csv", 0
        with open(self.path, "x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(COLUMNS)

    def add(self, one: Labelled) -> None:
        by_who: dict[tuple[str, str], list[Act]] = {}
        for act in one.acts:
            by_who.setdefault((act.agent, act.target), []).append(act)
        bouts = [
            (
                start,
                stop,
                _mouse(one.recording, agent),
                ITSELF if agent == target else _mouse(one.recording, target),
                name,
            )
            for (agent, target), acts in by_who.items()
            for name, stretches in _one_at_a_time(acts).items()
            for start, stop in stretches
        ]
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            for start, stop, agent, target, name in sorted(bouts):
                row = [self.rows, one.recording.id, agent, target, name, start, stop]
                csv.writer(file, lineterminator="\n").writerow(row)
                self.rows += 1

    def finish(self) -> None:
        pass


def _one_at_a_time(acts: list[Act]) -> dict[str, tuple[tuple[int, int], ...]]:
    """By behavior, the bouts of the same mice, of which no two are at once; of equal claims the first stands."""
    labels = np.stack([act.labels for act in acts])
    over = np.stack([act.probability / max(act.threshold, 1e-9) for act in acts])
    heard = np.argmax(np.where(labels == 1, over, -np.inf), axis=0)
    return {act.behavior: runs((labels[place] == 1) & (heard == place)) for place, act in enumerate(acts)}


def _mouse(recording: Recording, name: str) -> str:
    """As the challenge names mice, by their place where they are called otherwise."""
    names = recording.video.animal_names
    theirs = [f"mouse{place + 1}" for place in range(len(names))]
    return name if set(names) <= {f"mouse{number}" for number in range(1, 10)} else theirs[names.index(name)]
