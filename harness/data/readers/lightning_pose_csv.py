"""Tables of Lightning Pose as csv: as DeepLabCut writes them of one animal, with a likelihood for every point.

Its smoother (EKS) adds columns of variances, which are left out.
"""

from collections.abc import Iterator

from harness.data.incoming.deeplabcut_table import is_lightning, is_table, is_training, read_table
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader

TOOL = "Lightning Pose"


def _knows(source: Source) -> bool:
    return is_table(source) and not is_training(source) and is_lightning(source)


@pose_reader("lightning_pose_csv", tool=TOOL, endings=(".csv",), recognises=_knows)
def lightning_pose_csv(source: Source) -> Iterator[Tracks]:
    yield read_table(source, TOOL)
