"""A line for each bout, as `harness import` reads it and any spreadsheet opens it."""

import csv

from harness.plugins.writers import Asked, Labelled, label_writer

COLUMNS = (
    "recording",
    "behavior",
    "agent",
    "target",
    "start_frame",
    "stop_frame",
    "start_s",
    "stop_s",
    "probability",
)


@label_writer("events", summary="events.csv, a line for each bout, in frames and seconds")
class Events:
    """Frames count from 0, and the stop is the first without the behavior; the probability is the mean over a bout."""

    def __init__(self, asked: Asked) -> None:
        self.path = asked.folder / "events.csv"
        with open(self.path, "x", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(COLUMNS)

    def add(self, one: Labelled) -> None:
        fps = one.recording.fps
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(
                [
                    *(one.recording.id, act.behavior, act.agent, act.receiver, start, stop),
                    *(f"{start / fps:.4f}", f"{stop / fps:.4f}", f"{act.certainty(start, stop):.3f}"),
                ]
                for start, stop, act in one.bouts
            )

    def finish(self) -> None:
        pass
