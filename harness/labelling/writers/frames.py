"""A line for each frame, with label and probability of every behavior: a table for each recording."""

from typing import TYPE_CHECKING

import numpy as np

from harness.plugins.writers import Act, Asked, Labelled, label_writer

if TYPE_CHECKING:
    import pandas as pd


def table_of(one: Labelled) -> "pd.DataFrame":
    """Columns `frame` (from 0), `time_s`, `agent` and `target` (empty where nobody in particular is meant), and for
    each behavior its name (0 or 1) and `NAME probability`; empty where it cannot be of these animals.
    """
    import pandas as pd

    by_who: dict[tuple[str, str], list[Act]] = {}
    for act in one.acts:
        by_who.setdefault((act.agent, act.receiver), []).append(act)
    frames = np.arange(one.recording.frames)
    behaviors = list(dict.fromkeys(act.behavior for act in one.acts))
    parts = []
    for (agent, target), acts in by_who.items():
        part = pd.DataFrame({"frame": frames, "time_s": (frames / one.recording.fps).round(4)})
        part["agent"], part["target"] = agent, target
        for act in acts:
            part[act.behavior] = act.labels
            part[f"{act.behavior} probability"] = act.probability
        parts.append(part)
    columns = ["frame", "time_s", "agent", "target"]
    columns += [column for name in behaviors for column in (name, f"{name} probability")]
    labels = dict.fromkeys(behaviors, "Int8")
    return pd.concat(parts, ignore_index=True).reindex(columns=columns).astype(labels)


@label_writer("frames", summary="ID.frames.csv, a line for each frame, with labels and probabilities")
class FramesCsv:
    """Probabilities have four digits."""

    def __init__(self, asked: Asked) -> None:
        self.folder = asked.folder

    def add(self, one: Labelled) -> None:
        path = self.folder / f"{one.recording.id}.frames.csv"
        table_of(one).to_csv(path, index=False, float_format="%.4f", lineterminator="\n")

    def finish(self) -> None:
        pass


@label_writer("parquet", summary="ID.frames.parquet, the same as frames, smaller", needs=("pyarrow",), extra="parquet")
class FramesParquet:
    """Probabilities are in single precision."""

    def __init__(self, asked: Asked) -> None:
        self.folder = asked.folder

    def add(self, one: Labelled) -> None:
        path = self.folder / f"{one.recording.id}.frames.parquet"
        table_of(one).to_parquet(path, engine="pyarrow", index=False)

    def finish(self) -> None:
        pass
