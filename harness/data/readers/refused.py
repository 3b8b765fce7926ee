"""Files that are given by mistake, and are refused by what they are."""

import re
from collections.abc import Callable, Iterator, Sequence

from harness.data.incoming.deeplabcut import PICKLES
from harness.files.source import Source
from harness.plugins.readers import Annotations, Tracks, annotation_reader, pose_reader

TABLE = "a table of bouts with columns behavior, start_s and stop_s"
"""What is read of any program."""

_DEEPLABCUT = re.compile(r"^\s*(?:bodyparts|multianimalbodyparts|project_path|numframes2pick)\s*:", re.MULTILINE)
_SOLOMON = re.compile(r'\s*"?time"?\s*[,;\t]\s*"?behaviou?r"?\s*', re.IGNORECASE)


def _anything(source: Source) -> bool:
    return True


def _refused(
    name: str,
    tool: str,
    endings: Sequence[str],
    says: Callable[[Source], str],
    recognises: Callable[[Source], bool] = _anything,
) -> None:
    """Register, as a reader of both kinds, what is said of such files."""

    def tracks(source: Source) -> Iterator[Tracks]:
        raise source.refusal(says(source))

    def annotations(source: Source) -> Iterator[Annotations]:
        raise source.refusal(says(source))

    pose_reader(name, tool=tool, endings=endings, recognises=recognises, only_refuses=True)(tracks)
    annotation_reader(name, tool=tool, endings=endings, recognises=recognises, only_refuses=True)(annotations)


_refused(
    "videos",
    "a camera",
    (".mp4", ".avi", ".mov", ".mkv", ".mpg", ".mpeg", ".wmv", ".m4v", ".webm", ".mts", ".seq", ".h264"),
    lambda source: "a video; give the tracks that a tracker has written of it, or the annotations of an annotator",
)

_refused(
    "images",
    "a camera",
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif"),
    lambda source: "an image; give the tracks that a tracker has written of a video, or its annotations",
)


def _settings(source: Source) -> str:
    if _DEEPLABCUT.search(source.top):
        return (
            "the settings of a project of DeepLabCut; give the csv or h5 that analyze_videos has written, VIDEODLC_..."
        )
    return "settings (YAML), not tracks or annotations; give what the program has written of a video"


_refused("settings", "DeepLabCut", (".yaml", ".yml"), _settings)


_refused(
    "matlab",
    "MATLAB",
    (".mat",),
    lambda source: (
        "variables of MATLAB; of BENTO save the annotations as .annot; else write tracks as csv in DeepLabCut's "
        f"layout, and annotations as {TABLE}"
    ),
)

_refused(
    "jaaba",
    "JAABA",
    (".jab",),
    lambda source: (
        "a project of JAABA; in MATLAB, load(file, '-mat') has labels with t0s, t1s and names: write a table of bouts "
        "with columns behavior, agent, start_frame (t0s - 1) and stop_frame (t1s - 1)"
    ),
)


def _pickled(source: Source) -> str:
    way = "have the program that made it write csv, or in pandas to_csv"
    if source.path.stem.lower().startswith(("trajectories", "with_gaps", "without_gaps", "validated")):
        way = "if it is of idtracker.ai, idtrackerai_format --formats h5 writes an h5 file of it, which is read"
    return f"a pickle, which can run anything when it is opened, and never is; {way}"


_refused(
    "pickles",
    "Python",
    (".pkl", ".pickle", ".pckl", ".joblib", ".pkl.gz"),
    _pickled,
    lambda source: not source.name.lower().endswith(PICKLES),
)

_refused(
    "old_spreadsheets",
    "a spreadsheet",
    (".xls", ".xlsb", ".ods"),
    lambda source: f"a spreadsheet that is not xlsx ({source.path.suffix.lower()}); save it as .xlsx, or as .csv",
)

_refused(
    "via_projects",
    "VIA",
    (".json",),
    lambda source: f"a project of VIA (VGG Image Annotator); write its segments as {TABLE}",
    lambda source: (
        source.top.lstrip().startswith("{")
        and ('"data_format_version"' in source.top or '"_via_settings"' in source.top)
        and ('"project"' in source.top or '"_via_settings"' in source.top)
    ),
)

_refused(
    "solomon",
    "Solomon Coder",
    (".csv", ".txt"),
    lambda source: (
        f"what Solomon Coder has at regular moments; write it as {TABLE}, or as one with a row for each frame"
    ),
    lambda source: _SOLOMON.fullmatch(source.top_lines[0].rstrip("\r")) is not None,
)
