"""What the challenge of 2021 takes: the labels of all frames by behavior and recording."""

from harness.data.submission import write_submission
from harness.plugins.writers import Asked, Labelled, label_writer
from harness.recording import Array


@label_writer("mabe2021", summary="submission.npy, as the challenge of 2021 takes it")
class Mabe2021:
    def __init__(self, asked: Asked) -> None:
        self.path = asked.folder / "submission.npy"
        self.labels: dict[str, dict[str, Array]] = {behavior: {} for behavior in asked.scopes}

    def add(self, one: Labelled) -> None:
        for act in one.acts:
            self.labels[act.behavior][act.id_in(one.recording)] = act.labels

    def finish(self) -> None:
        write_submission(self.path, self.labels)
