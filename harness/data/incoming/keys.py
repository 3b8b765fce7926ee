"""What a video is called, whatever trackers, annotators and editors have put before and behind its name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_NETWORKS = "resnet|rnet|mobnet|mobilenet|effnet|efficientnet|hrnet|rtmpose|shuffle|snapshot"

_TRACKED = re.compile(rf"(?:DLC|DeepCut)_(?=.*(?:{_NETWORKS})).*|_superanimal_.*", re.DOTALL | re.IGNORECASE)
"""DeepLabCut: the network, the project, the date, and how far it was trained."""

_SLEAP = re.compile(r"^.+?\.\d{3}_(?=.)", re.DOTALL)
"""SLEAP's labels file and the number of the video in it, which stand before the name of the video."""

_VIDEO = r"\.(?:mp4|avi|mov|mkv|mpg|mpeg|wmv|m4v|mts|webm|seq|tif|tiff|npy|h264)"

_ENDINGS = tuple(
    re.compile(rf"(?:{ending})$", re.IGNORECASE)
    for ending in (
        r"\.(?:csv|tsv|txt|xlsx|h5|hdf5|json|npz|npy|nwb|slp|nc|parquet|boris|gz|annot|eaf|dlc|tracks|tracking|poses)",
        r"\.(?:analysis|predictions|predicted|tracked|proofread|cleaned|labels|aggregated|tabular|binary|events|frames)",
        r"\.v\d+(?:\.\d+)*",
        _VIDEO,
        r"_pose_est_v\d+",
        r"_pose_(?:top|front|topfront|top_front)(?:_v\d+(?:_\d+)*)?",
        r"_(?:el|sk|bx|filtered|full|tracked|tracking|tracks|trajectories|poses?|keypoints)",
        r"_(?:annot|annots|annotated|annotations?|labels?|scored|scoring|scores|events|bouts|behaviou?rs?|boris)",
        r"_(?:targets_inserted|features_extracted|outlier_corrected)",
        r"_(?:re-?encoded?|compressed|converted|h264|copy)",
        r"[-.](?:targets_inserted|simba|boris|asoid|deepethogram|jabs|bento|truth|annot|labels|multiple)",
    )
)
"""What is taken off the end, again and again."""

_WINDOWS = re.compile(r"^.*[\\/]", re.DOTALL)


def video_of(name: str) -> str:
    """The name of the video in the name of a file, or in a path that a file holds."""
    key = _WINDOWS.sub("", name.strip())
    before = None
    while key and key != before:
        before = key
        for ending in _ENDINGS:
            key = ending.sub("", key) or key
        key = _TRACKED.sub("", key) or key
    if ".analysis" in name:
        key = _SLEAP.sub("", key) or key
    return key.strip(" ._-") or name


def video_of_file(path: Path) -> str:
    """The name of the video in the name of a file, whatever that ends in."""
    return video_of(path.stem)


@dataclass(frozen=True, slots=True)
class Pattern:
    """That a video is called one thing by its tracks and another by its annotations.

    A `*` in each stands for what both have there.
    """

    tracks: str
    annotations: str

    @classmethod
    def of(cls, text: str) -> "Pattern":
        """From `TRACKS=ANNOTATIONS`. Raises `ValueError`, in words."""
        tracks, equals, annotations = text.partition("=")
        if not equals or not tracks.strip() or not annotations.strip():
            raise ValueError(f"{text!r} should be TRACKS=ANNOTATIONS, such as mouse7=scored-07 or 'cam1_*=*-scored'")
        if tracks.count("*") != annotations.count("*") or tracks.count("*") > 1:
            raise ValueError(f"{text!r} should have one * on either side, or none")
        return cls(tracks.strip(), annotations.strip())

    def renamed(self, annotations: str) -> str | None:
        """What the tracks are called of a video whose annotations are called so; None where it does not fit."""
        before, star, after = self.annotations.partition("*")
        if not star:
            return self.tracks if annotations == self.annotations else None
        inner = annotations.removeprefix(before).removesuffix(after)
        fits = len(annotations) > len(before) + len(after) and before + inner + after == annotations
        return self.tracks.replace("*", inner) if fits else None


@dataclass(frozen=True, slots=True)
class Matches:
    """Which annotations are of which tracks, by their keys."""

    tracks: Mapping[str, str]
    """Key of annotations to that of their tracks."""
    unmatched: tuple[str, ...]
    """Annotations of which there are no tracks."""
    ambiguous: Mapping[str, tuple[str, ...]]
    """Annotations to the tracks that they may be of."""


def match(tracks: Iterable[str], annotations: Iterable[str], patterns: Sequence[Pattern] = ()) -> Matches:
    """Match by pattern, else by the same name, else by the same but for case, else by a beginning that only one has.

    Never by order.
    """
    known = dict.fromkeys(tracks)
    folded: dict[str, list[str]] = {}
    for key in known:
        folded.setdefault(key.casefold(), []).append(key)
    found: dict[str, str] = {}
    unmatched: list[str] = []
    ambiguous: dict[str, tuple[str, ...]] = {}
    wanted = list(dict.fromkeys(annotations))
    for key in wanted:
        named = [new for one in patterns if (new := one.renamed(key)) is not None]
        candidates = [video_of(name) if name not in known else name for name in named] or (
            [key] if key in known else folded.get(key.casefold(), [])
        )
        candidates = [one for one in dict.fromkeys(candidates) if one in known]
        if not candidates and not named:
            candidates = [one for one in known if _begins(one, key) or _begins(key, one)]
        if len(candidates) == 1:
            found[key] = candidates[0]
        elif candidates:
            ambiguous[key] = tuple(candidates)
        else:
            unmatched.append(key)
    return Matches(found, tuple(unmatched), ambiguous)


def _begins(name: str, beginning: str) -> bool:
    """Whether `name` begins so and goes on with something that is neither a letter nor a digit."""
    return len(name) > len(beginning) and name.startswith(beginning) and not name[len(beginning)].isalnum()
