"""Tables of DeepLabCut as csv: three rows of names, or four where there are several animals, then a row for each frame.

x, y and likelihood in pixels from the top left; rows are numbered from 0. A file of several animals ends with the last
frame on which one was seen.
"""

from collections.abc import Iterator

from harness.data.incoming.deeplabcut_table import is_lightning, is_table, is_training, read_table
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader

TOOL = "DeepLabCut"


def _knows(source: Source) -> bool:
    return is_table(source) and not is_training(source) and not is_lightning(source)


@pose_reader("deeplabcut_csv", tool=TOOL, endings=(".csv",), recognises=_knows)
def deeplabcut_csv(source: Source) -> Iterator[Tracks]:
    yield read_table(source, TOOL)
