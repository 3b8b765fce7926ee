"""What DeepLabCut keeps on the way to tracks, as pickles: known by their names, and never read."""

from collections.abc import Iterator

from harness.data.incoming.deeplabcut import PICKLES
from harness.files.source import Source
from harness.plugins.readers import Tracks, pose_reader

WHAT = {
    "full": "detections of DeepLabCut before they are assembled to animals",
    "meta": "what DeepLabCut notes of a video that it analyzes",
    "assemblies": "animals that DeepLabCut has assembled on each frame, not tracked",
}


@pose_reader("deeplabcut_pickles", tool="DeepLabCut", endings=PICKLES, only_refuses=True)
def deeplabcut_pickles(source: Source) -> Iterator[Tracks]:
    """Refused, as pickles can run anything, and hold no tracks."""
    mark = source.path.stem.rpartition("_")[2].lower()
    what = WHAT.get(mark, "pieces of tracks of DeepLabCut, not stitched")
    raise source.refusal(f"{what}; give the csv or h5 of the tracks (stitch_tracklets in DeepLabCut writes it)")
