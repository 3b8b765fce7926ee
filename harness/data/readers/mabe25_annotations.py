"""Annotations of Kaggle's MABe challenge of 2025: a row for each bout, the frames from 0, the end excluded.

What was annotated at all is a whitelist in `train.csv`: whatever else somebody may have done is unknown.
"""

from collections.abc import Iterator

import numpy as np

from harness.data.incoming.mabe25 import ITSELF, TOOL, about, mouse
from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, Bout, annotation_reader
from harness.words import counted

COLUMNS = ("agent_id", "target_id", "action", "start_frame", "stop_frame")

MOST = 1 << 31
"""Of frames, and of numbers of mice."""

OUT_OF_STEP = ("1596473327", "878123481", "1212811043", "143861384")
"""Videos at 25 frames a second whose annotations count frames as if there were 30, as those who took part found."""


def _knows(source: Source) -> bool:
    return set(COLUMNS) <= set(source.columns)


@annotation_reader("mabe25_annotations", tool=TOOL, endings=(".parquet",), recognises=_knows)
def mabe25_annotations(source: Source) -> Iterator[Annotations]:
    """Bouts of one mouse to another, or to itself."""
    with source.parquet() as table:
        numbers = {name: table.numbers(name) for name in COLUMNS if name != "action"}
        actions, action = table.words("action")
    for name, values in numbers.items():
        wrong = ~((values >= 0) & (values < MOST) & (values == np.floor(values)))
        if wrong.any():
            row = int(wrong.argmax())
            source.report(f"row {row + 1}: {name} is {values[row]:g}, expected a whole number from 0 on")
    ends = numbers["stop_frame"] <= numbers["start_frame"]
    if ends.any():
        row = int(ends.argmax())
        start, stop = numbers["start_frame"][row], numbers["stop_frame"][row]
        source.report(f"row {row + 1}: stops on frame {stop:g}, expected one after {start:g}, on which it starts")
    if (action < 0).any():
        source.report(f"row {int((action < 0).argmax()) + 1}: has no action")
    source.settle()
    agents, targets, starts, stops = (values.astype(np.int64).tolist() for values in numbers.values())
    bouts = tuple(
        Bout(actions[which], start, stop, mouse(agent), mouse(target))
        for agent, target, which, start, stop in zip(agents, targets, action.tolist(), starts, stops, strict=True)
    )
    said = about(source)
    notes = [said.note] if said.note else []
    looked_at = None
    if said.labelled is not None:
        looked_at = tuple(
            Bout(act, 0, None, agent, agent if target == ITSELF else target) for agent, target, act in said.labelled
        )
        known = {(one.behavior, one.agent, one.target) for one in looked_at}
        if others := sum((one.behavior, one.agent, one.target) not in known for one in bouts):
            notes.append(f"{counted(others, 'bout')} of what behaviors_labeled does not name")
    if source.path.stem in OUT_OF_STEP:
        notes.append("its bouts are known to be out of step with its frames: counted at 30 a second, filmed at 25")
    every = (*bouts, *(looked_at or ()))
    yield Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=bouts,
        fps=said.fps,
        behaviors=tuple(dict.fromkeys(one.behavior for one in every)),
        subjects=tuple(sorted({name for one in every for name in (one.agent, one.target)})),
        looked_at=looked_at,
        notes=tuple(notes),
    )
