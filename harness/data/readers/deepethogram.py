"""Labels of DeepEthogram (`VIDEO_labels.csv`): a row for each frame, numbered in the first column, then `background`
and a column for each behavior. -1 stands where nobody scored; behaviors may overlap, background is none of them.
"""

from collections.abc import Iterator

from harness.data.incoming.framewise import bouts_of, check_order, labels_in, looked_at
from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, annotation_reader

TOOL = "DeepEthogram"

BACKGROUND = "background"


def _knows(source: Source) -> bool:
    cells = [cell.strip().strip('"') for cell in source.top_lines[0].split(",")]
    return len(cells) > 1 and cells[0] in ("", "Unnamed: 0") and cells[1] == BACKGROUND


@annotation_reader("deepethogram", tool=TOOL, endings=(".csv",), recognises=_knows)
def deepethogram(source: Source) -> Iterator[Annotations]:
    first, *rows = source.table(",").rows
    names = first.cells
    for name in dict.fromkeys(names[1:]):
        if names.count(name) > 1 or not name:
            source.report(f"column {name!r} is there {names.count(name)} times, expected once", line=first.number)
    behaviors = names[2:]
    if not behaviors:
        source.report("has no column of a behavior", line=first.number)
    if not rows:
        source.report("has no frames")
    source.settle()
    check_order(source, rows, 0)
    labels = labels_in(source, names, rows, range(2, len(names)))
    yield Annotations(
        tool=TOOL,
        unit=FRAMES,
        bouts=tuple(bout for at, name in enumerate(behaviors) for bout in bouts_of(name, labels[:, at] == 1, rows)),
        length=len(rows),
        behaviors=behaviors,
        looked_at=looked_at(behaviors, labels),
    )
