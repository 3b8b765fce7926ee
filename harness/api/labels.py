"""A folder of labels of whatever poses there are: a tracker's files, a dataset, or recordings of a program's own."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from harness.api.datasets import load_recordings
from harness.api.detectors import Detectors, open_detectors
from harness.api.importing import Import, check_rate, files_of
from harness.api.places import loaded, silently
from harness.data.challenge import files_of_recordings
from harness.data.incoming.films import Whose
from harness.data.incoming.importing import Wishes, write
from harness.data.incoming.recognising import load_readers
from harness.data.layouts import is_dataset_folder
from harness.data.settled import blind_lines
from harness.errors import DataError, HarnessError
from harness.files.outputs import made_whole, refuse_taken, unwritable_folder
from harness.labelling.detectors import described, ready_for, reliability_in, scopes_of
from harness.labelling.writing import check_bins, formats_named, write_labels
from harness.plugins.readers import POSE_READERS
from harness.recording import Recording, Skeleton
from harness.showing.steps import reading
from harness.words import counted, html_table, named

Poses = Iterable[Path | str] | Path | str | Sequence[Recording]


@dataclass(frozen=True)
class Written:
    """What was written."""

    folder: Path
    recordings: int
    bouts: Mapping[str, int]
    """By behavior."""
    frames: Mapping[str, int]
    """Claimed, by behavior."""

    def _repr_html_(self) -> str:
        rows = [[name, f"{bouts:,}", f"{self.frames[name]:,}"] for name, bouts in self.bouts.items()]
        return html_table(
            ("behavior", "bouts", "frames"), rows, f"{counted(self.recordings, 'recording')}: {self.folder}"
        )


def label(
    models: Detectors | Path | str,
    poses: Poses,
    out: Path | str = "labels",
    *,
    formats: Sequence[str] = (),
    bins: float | None = None,
    fps: float | None = None,
    animals: Sequence[str] = (),
    prefixes: Mapping[str, str] | None = None,
    suffixes: Mapping[str, str] | None = None,
    min_likelihood: float = 0.0,
    renamed: Mapping[str, str] | None = None,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Written:
    """Label whatever poses there are, and write what was found, with its numbers, into a folder.

    One recording is in memory at a time in each worker. Tracks of trackers' files are put into a temporary folder
    first, so that all that is wrong with all of them is said before anything is labelled.

    Args:
        models: Detectors, or the folder that they were kept in.
        poses: Files of trackers, or folders of them, as `import_files` takes them; a dataset folder, or one with
            `test.npy`; or recordings, as `load_recordings` gives them.
        out: The folder to make. `events.csv`, `summary.csv`, `transitions.csv` and `recordings.csv` are always in it.
        formats: What else to write, such as `boris`; `harness list` names all.
        bins: Seconds of time of which the summary has lines of their own, besides those of whole recordings.
        fps, animals, prefixes, suffixes, min_likelihood: How trackers' files are taken, see `import_files`.
        renamed: A part as the files call it, to what the models call it.
        workers: Processes of this machine; by default one a core.
        dask: The address of a Dask scheduler to work on instead.
        plugins: Python files with the plugins that the models were fitted with, with readers or with formats.
        say: Called with a line on what is odd about the poses, and on each library of another version.
        progress: Whether to show how far it has come once it takes more than two seconds.

    Raises:
        HarnessError: Models or poses cannot be read or do not go together, a format cannot hold what was found or is
            not known, a recording cannot be labelled, or `out` is there or cannot be written. Nothing is written then.
    """
    folder = named(out)
    refuse_taken(folder)
    loaded(plugins)
    wanted = formats_named(formats)
    check_rate(fps)
    check_bins(bins)
    detectors = models if isinstance(models, Detectors) else open_detectors(models, plugins=plugins, say=say)
    body = described(detectors.folder)["body"]
    whose = Whose(
        animals=tuple(animals),
        prefixes=prefixes or {},
        suffixes=suffixes or {},
        min_likelihood=min_likelihood,
        renamed=renamed or {},
        parts=tuple(body["keypoints"]),
    )
    with (
        reading(shown=progress) as told,
        _recordings(poses, Wishes(fps=fps, whose=whose), body["roles"], say or silently) as found,
        made_whole(folder, partial(unwritable_folder, folder)) as place,
    ):
        recordings = ready_for(detectors.folder, found, say)
        for line in blind_lines(recordings):
            (say or silently)(f"note: {line}")
        scopes = scopes_of(detectors.folder)
        bouts, frames = dict.fromkeys(scopes, 0), dict.fromkeys(scopes, 0)
        for one in write_labels(
            place,
            wanted,
            scopes,
            recordings,
            detectors.label(recordings, workers=workers, dask=dask, told=told),
            bins=bins,
            reliability=reliability_in(detectors.folder),
            made={"models": str(detectors.folder)},
        ):
            for act in one.acts:
                bouts[act.behavior] += len(act.bouts)
                frames[act.behavior] += int(act.labels.sum())
    return Written(folder, len(recordings), bouts, frames)


@contextmanager
def _recordings(
    poses: Poses, wishes: Wishes, roles: Mapping[str, int], say: Callable[[str], object]
) -> Iterator[tuple[Recording, ...]]:
    """What there is to label; of trackers' files, with parts in these `roles`, for as long as it is needed."""
    given = [poses] if isinstance(poses, Path | str) else list(poses)
    recordings = tuple(one for one in given if isinstance(one, Recording))
    paths = [named(one) for one in given if not isinstance(one, Recording)]
    if recordings and paths:
        raise HarnessError("poses are recordings or files, not some of both")
    load_readers()
    if len(paths) == 1 and _is_data(paths[0]):
        recordings, paths = load_recordings(paths[0]), []
    if not paths:
        if not recordings:
            raise HarnessError("no files of poses; name some, such as tracks/*.csv, or a dataset folder")
        yield recordings
        return
    left_out: list[str] = []
    files = files_of(paths, POSE_READERS, left_out)
    with tempfile.TemporaryDirectory(prefix="harness-poses-") as temporary:
        folder = Path(temporary) / "poses"
        found = write(files, (), wishes, folder)
        if found.problems:
            raise DataError(found.problems)
        for note in Import(found, None, tuple(left_out)).notes:
            say(f"note: {note}")
        skeleton = Skeleton(wishes.whose.parts, dict(roles))
        yield tuple(replace(one, skeleton=skeleton) for one in load_recordings(folder))


def _is_data(path: Path) -> bool:
    """Whether it is the folder of a dataset, in either layout."""
    return os.path.isdir(path) and (is_dataset_folder(path) or bool(files_of_recordings(path)))
