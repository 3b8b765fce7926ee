"""Training labels of DeepLabCut and Lightning Pose (`CollectedData_...csv`): laid out as tracks, of images."""

from collections.abc import Iterator

from harness.data.incoming.deeplabcut_table import header_rows, is_table, is_training
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader
from harness.words import counted


@pose_reader(
    "deeplabcut_training",
    tool="DeepLabCut",
    endings=(".csv",),
    recognises=lambda source: is_table(source) and is_training(source),
    only_refuses=True,
)
def deeplabcut_training(source: Source) -> Iterator[Tracks]:
    """Refused, as it holds no tracks."""
    images = sum(bool(line.strip()) for line in source.text().split("\n")[len(header_rows(source)) :])
    way = "give what analyzing the video has written, VIDEODLC_..."
    raise source.refusal(f"training labels of {counted(images, 'image')}, not tracks of a video; {way}")
