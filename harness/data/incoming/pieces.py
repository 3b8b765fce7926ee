"""Tracks that are pieces of animals: where a tracker lost an animal and found it again, it began another track."""

from collections.abc import Sequence

import numpy as np

from harness.files.source import Source
from harness.recording import Array
from harness.words import counted


def refuse_pieces(source: Source, present: Sequence[Array], way_out: str) -> None:
    """Raise `DataError` where there are more tracks than ever at once, unless somebody has named those to take.

    `present` has of each track the frames on which it is, each once; a track that is nowhere is none.
    """
    tracks = sum(len(frames) > 0 for frames in present)
    if tracks < 2 or source.wanted:
        return
    at_once = int(np.unique(np.concatenate(present), return_counts=True)[1].max())
    if at_once < tracks:
        raise source.refusal(f"{counted(tracks, 'track')}, at most {at_once} at once: pieces of animals; {way_out}")
