"""A dataset folder from the files of trackers and annotators, and what one such file holds."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harness.data.incoming.films import Whose
from harness.data.incoming.found import Found, Imported
from harness.data.incoming.importing import Wishes, look, write
from harness.data.incoming.keys import Pattern, video_of, video_of_file
from harness.data.incoming.recognising import load_readers, read_annotations, read_poses
from harness.data.incoming.roles import skeleton_of
from harness.data.incoming.scoring import LOOKED_AT, POINTS, UNPAIRED, Rules
from harness.errors import DataError, HarnessError
from harness.files.outputs import refuse_taken
from harness.files.source import Source
from harness.plugins.readers import ANNOTATION_READERS, POSE_READERS, Annotations, Reader, Tracks
from harness.recording import Recording
from harness.words import counted, html_table, listed, named, shown

Say = Callable[[str], object]

Content = TypeVar("Content", Tracks, Annotations)

HEADER = ("recording", "poses", "annotations", "clock", "trimmed")

LEFTOVERS = (".", "~$", "Thumbs.db", "desktop.ini")


@dataclass(frozen=True, repr=False)
class Import:
    """What the files of trackers and annotators come to."""

    found: Found
    folder: Path | None
    """The dataset folder that was made; None where nothing was written."""
    left_out: tuple[str, ...] = ()
    """Files of folders that no reader knows."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What keeps it from being written, a line each."""
        return self.found.problems

    @property
    def behaviors(self) -> Mapping[str, str]:
        """Name to whom it is of: `one` animal, a `pair`, or the `scene`."""
        return self.found.scopes

    @property
    def roles(self) -> Mapping[str, str]:
        """Role to the part that plays it."""
        return {role: self.found.skeleton.keypoints[index] for role, index in self.found.skeleton.roles.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody should know of how the files were taken, a line each."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.left_out:
            yield f"{counted(len(self.left_out), 'file')} that no reader knows, not read ({listed(self.left_out)})"
        yield from self.found.notes
        by_note: dict[str, list[str]] = {}
        for one in self.found.videos:
            for note in one.notes:
                by_note.setdefault(note, []).append(one.film.id)
        for note, names in by_note.items():
            yield f"{listed(names)}: {note}"
        if self.found.unmatched:
            what = counted(len(self.found.unmatched), "video")
            yield f"{what} of annotations have no tracks ({listed(self.found.unmatched)})"
        without = [one.film.id for one in self.found.videos if not one.sheets]
        if without and len(without) < len(self.found.videos):
            yield f"{counted(len(without), 'recording')} without annotations, to be labelled ({listed(without)})"

    def as_json(self) -> list[dict[str, Any]]:
        """A list of recordings, as docs/formats.md has it."""
        return [_as_json(one) for one in self.found.videos]

    def table(self) -> list[list[str]]:
        """A row of text for each recording, below `HEADER`."""
        return [_row(one) for one in self.found.videos]

    def __repr__(self) -> str:
        where = f" in {self.folder}" if self.folder else ""
        return f"<Import: {counted(len(self.found.videos), 'recording')}{where}>"

    def _repr_html_(self) -> str:
        return html_table(HEADER, self.table(), repr(self)[1:-1])


class ImportRefused(DataError):  # noqa: N818 - what happened, not what is wrong with the program
    """Files that come to no dataset, with every problem, and what they come to beside these."""

    def __init__(self, problems: Sequence[str], found: Import) -> None:
        super().__init__(problems)
        self.found = found


def import_files(
    poses: Iterable[Path | str] | Path | str,
    annotations: Iterable[Path | str] | Path | str = (),
    out: Path | str | None = None,
    *,
    fps: float | None = None,
    match: Iterable[str] = (),
    subjects: Mapping[str, str] | None = None,
    scopes: Mapping[str, str] | None = None,
    animals: Sequence[str] = (),
    prefixes: Mapping[str, str] | None = None,
    suffixes: Mapping[str, str] | None = None,
    min_likelihood: float = 0.0,
    looked_at: str = "whole",
    points: str = "frame",
    unpaired: str = "close",
    plugins: Iterable[Path | str] = (),
) -> Import:
    """Make a dataset folder from the files of trackers and annotators.

    Args:
        poses: Files of trackers; a folder stands for all that are in it, and `*` in a name for anything.
        annotations: Files of annotators, likewise.
        out: The folder to make; None only looks at the files, whose problems are then returned and not raised.
        fps: Frames a second, where no file says it.
        match: What belongs together, `TRACKS=ANNOTATIONS`, where names do not tell it; a `*` in both stands for the
            same.
        subjects: What an annotator calls an animal, to what its tracks are called.
        scopes: Behavior to whom it is of: `one`, `pair` or `scene`.
        animals: Which tracks to take, where there are others.
        prefixes: What the names of an animal's parts begin with, to the animal, where a file does not tell its animals
            apart.
        suffixes: The same of their ends.
        min_likelihood: Points of which the tracker was less sure are taken for not seen.
        looked_at: What was looked at where the file does not say it: the `whole` video, its `span` from the first bout
            to the last, or nothing but `bouts`.
        points: Whether a point event gets one `frame` or is left `out`.
        unpaired: Whether a bout that is never stopped goes on to the end (`close`), or is an error (`refuse`).
        plugins: Python files with readers.

    Raises:
        HarnessError: With every problem of all files (`ImportRefused`), or as `out` is there or cannot be written.
            Nothing is written then.
    """
    folder = None if out is None else named(out)
    if folder is not None:
        refuse_taken(folder)
    load_readers(map(named, plugins))
    for value, known, option in ((looked_at, LOOKED_AT, "looked_at"), (points, POINTS, "points")):
        if value not in known:
            raise HarnessError(f"{option} = {value!r} should be one of {', '.join(known)}")
    if unpaired not in UNPAIRED:
        raise HarnessError(f"unpaired = {unpaired!r} should be one of {', '.join(UNPAIRED)}")
    check_rate(fps)
    try:
        patterns = tuple(map(Pattern.of, match))
    except ValueError as error:
        raise HarnessError(f"match: {error}") from error
    wishes = Wishes(
        fps=fps,
        patterns=patterns,
        scopes=scopes or {},
        whose=Whose(
            animals=tuple(animals), prefixes=prefixes or {}, suffixes=suffixes or {}, min_likelihood=min_likelihood
        ),
        rules=Rules(subjects=subjects or {}, looked_at=looked_at, points=points, unpaired=unpaired),
    )
    left_out: list[str] = []
    tracks = files_of(poses, POSE_READERS, left_out)
    scored = files_of(annotations, ANNOTATION_READERS, left_out)
    if not tracks:
        raise HarnessError("no files of poses; name some, such as tracks/*.csv")
    if folder is None:
        return Import(look(tracks, scored, wishes), None, tuple(left_out))
    found = write(tracks, scored, wishes, folder)
    if found.problems:
        raise ImportRefused(found.problems, Import(found, None, tuple(left_out)))
    return Import(found, folder, tuple(left_out))


def check_rate(fps: float | None) -> None:
    """Raise `HarnessError` where it is no rate of frames."""
    if fps is not None and not 0 < fps < 1e6:
        raise HarnessError(f"fps = {fps!r} should be a number above 0")


def load_poses(file: Path | str, *, fps: float | None = None, video: str = "") -> Recording:
    """The tracks in one file of a tracker's, as a recording to be labelled.

    Args:
        file: The file.
        fps: Frames a second, where the file does not say it.
        video: Which of the videos in the file, where it is of several.

    Raises:
        HarnessError: It cannot be read, with every problem, or it does not say what is not given.
    """
    path = named(file)
    load_readers()
    tracks = _one(list(read_poses(path)), video, path)
    rate = fps if tracks.fps is None else tracks.fps
    if rate is None:
        raise HarnessError(f"{path}: does not say how many frames a second; give fps")
    if fps is not None and tracks.fps is not None and abs(fps / tracks.fps - 1) > 1e-3:
        raise HarnessError(f"{path}: says {tracks.fps:g} frames a second, fps = {fps:g}; leave one of them out")
    return Recording(
        video_of(tracks.video) if tracks.video else video_of_file(path),
        tracks.keypoints,
        skeleton_of(tracks.parts),
        fps=rate,
        confidence=tracks.confidence,
        image_size=tracks.image_size,
        names=tracks.animals,
        pixels_per_cm=tracks.pixels_per_cm,
    )


def load_annotations(file: Path | str, *, video: str = "") -> Annotations:
    """The bouts in one file of an annotator's, and what was looked at.

    Args:
        file: The file.
        video: Which of the videos in the file, where it is of several.

    Raises:
        HarnessError: It cannot be read, with every problem.
    """
    path = named(file)
    load_readers()
    return _one(list(read_annotations(path)), video, path)


def _one(every: Sequence[Content], video: str, path: Path) -> Content:
    """The content that is of the video, or all there is."""
    names = [one.video for one in every]
    found = [one for one in every if video in (one.video, video_of(one.video))] if video else every
    if len(found) == 1:
        return found[0]
    asked = f"no video {shown(repr(video))}" if video and not found else f"{counted(len(found), 'video')} in it"
    raise HarnessError(f"{path}: {asked}; there are {listed(names, 10)}; video says which")


def files_of(
    given: Iterable[Path | str] | Path | str, readers: Mapping[str, Reader], left_out: list[str]
) -> list[Path]:
    """The files that are meant: what is in a folder, and what fits a `*`, in order.

    Files in a folder that no reader knows are added to `left_out`.
    """
    found: list[Path] = []
    for one in [given] if isinstance(given, Path | str) else given:
        path = named(one)
        if os.path.isdir(path):
            inside = [path / name for name in sorted(os.listdir(path)) if not name.startswith(LEFTOVERS)]
            files = [file for file in inside if os.path.isfile(file)]
            known = [file for file in files if _is_known(file, readers)]
            if not known:
                raise HarnessError(f"{path}: holds no file that is read here; it has {listed(files, 5) or 'nothing'}")
            found += known
            left_out += [str(file) for file in files if file not in known]
        elif not os.path.lexists(path) and glob.has_magic(str(path)):
            fitting = sorted(map(Path, glob.glob(str(path))))
            if not fitting:
                raise HarnessError(f"{path}: no file fits")
            found += fitting
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _is_known(file: Path, readers: Mapping[str, Reader]) -> bool:
    try:
        source = Source.at(file)
        return any(not reader.only_refuses and reader.knows(source) for reader in readers.values())
    except DataError:
        return True  # so that what is wrong with it is said


def _behaviors(one: Imported) -> list[str]:
    return list(dict.fromkeys(behavior for behavior, *_ in [*one.scored.bouts, *one.scored.looked_at]))


def _row(one: Imported) -> list[str]:
    film, scored, time = one.film, one.scored, one.clock
    poses = f"{film.tool}: {counted(len(film.animals), 'animal')}, {counted(len(film.parts), 'part')}, "
    poses += f"{counted(film.frames, 'frame')}, {film.missing:.1%} missing"
    annotations = "none: to be labelled"
    if one.sheets:
        files = listed(list(dict.fromkeys(sheet.path.name for sheet in one.sheets)))
        annotations = f"{files}: {counted(len(_behaviors(one)), 'behavior')}, {counted(scored.count, 'bout')}, "
        annotations += f"{one.looked_at:.0%} looked at"
    told = "not said"
    if time is not None:
        by = os.path.basename(time.by)
        told = f"{time.fps:g} ({by})" + (f", off by {time.drift:.1f} frames at the end" if time.drift else "")
    return [film.id, poses, annotations, told, f"{scored.trimmed:,}" if scored.trimmed else ""]


def _as_json(one: Imported) -> dict[str, Any]:
    film, scored, time = one.film, one.scored, one.clock
    return {
        "recording": film.id,
        "poses": [str(path) for path in film.files],
        "tool": film.tool,
        "animals": list(film.animals),
        "parts": list(film.parts),
        "frames": scored.frames,
        "missing": film.missing,
        "annotations": list(dict.fromkeys(str(sheet.path) for sheet in one.sheets)),
        "behaviors": _behaviors(one),
        "bouts": scored.count,
        "looked_at": one.looked_at if one.sheets else 0.0,
        "fps": None if time is None else time.fps,
        "fps_by": None if time is None else time.by,
        "drift_frames": None if time is None else time.drift,
        "trimmed_frames": scored.trimmed,
        "notes": list(one.notes),
    }
