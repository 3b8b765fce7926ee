"""A dataset folder of what files of trackers and annotators came to; the poses are in it already."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.data.dataset_toml import SETUP_FILE, Setup, toml_text
from harness.data.folder.bouts import COLUMNS as BOUT_COLUMNS
from harness.data.folder.layout import ANNOTATED, LABELS, POSES, REGISTER
from harness.data.folder.register import COLUMNS
from harness.data.folder.write import write_poses, write_rows
from harness.data.incoming.films import Film, longer
from harness.data.incoming.found import Found, Imported
from harness.plugins.readers import EVERY

PIECE = 1 << 20
"""Bytes of a file that are looked at at once."""


def write_found(place: Path, found: Found) -> None:
    """Write all but the poses."""
    videos = found.videos
    rates = {one.clock.fps for one in videos if one.clock is not None}
    scales = {one.film.pixels_per_cm for one in videos}
    sizes = {one.film.image_size for one in videos}
    tools = list(
        dict.fromkeys([one.film.tool for one in videos] + [s.annotations.tool for v in videos for s in v.sheets])
    )
    setup = Setup(
        found.skeleton,
        next(iter(rates)) if len(rates) == 1 else None,
        next(iter(sizes)) if len(sizes) == 1 else None,
        pixels_per_cm=next(iter(scales)) if len(scales) == 1 else None,
        behaviors=found.scopes,
        source=f"imported from {', '.join(tools)}"[:1000],
    )
    (place / SETUP_FILE).write_text(toml_text(setup), encoding="utf-8")
    rows = [_row(one, setup) for one in videos]
    more = dict.fromkeys(column for row in rows for column in row if column not in COLUMNS)
    used = [column for column in (*COLUMNS, *more) if any(row.get(column) for row in rows)]
    write_rows(place / REGISTER, used, ([row.get(column, "") for column in used] for row in rows))
    for one in videos:
        _write_video(place, one, found)


def _row(one: Imported, setup: Setup) -> dict[str, str]:
    film = one.film
    row = {
        "id": film.id,
        "animals": ";".join(film.animals),
        "source": ";".join(path.name for path in film.files),
        "digest": _digest(film.files),
        "annotations": ";".join(dict.fromkeys(sheet.path.name for sheet in one.sheets)),
    }
    if setup.fps is None and one.clock is not None:
        row["fps"] = f"{one.clock.fps:.15g}"
    if setup.image_size is None and film.image_size is not None:
        row["width"], row["height"] = map(str, film.image_size)
    if setup.pixels_per_cm is None and film.pixels_per_cm is not None:
        row["pixels_per_cm"] = f"{film.pixels_per_cm:.15g}"
    for name, (x, y) in film.places.items():
        row[f"{name}_x"], row[f"{name}_y"] = f"{x:.2f}", f"{y:.2f}"
    return row


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of the files, one after the other."""
    found = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            while piece := file.read(PIECE):
                found.update(piece)
    return found.hexdigest()


def _write_video(place: Path, one: Imported, found: Found) -> None:
    film, scored = one.film, one.scored
    if scored.frames > film.frames:
        _lengthen(place, film, scored.frames)
    if not one.sheets:
        return
    bouts = [(*who, str(start), str(stop)) for who, runs in scored.bouts.items() for start, stop in runs]
    write_rows(place / LABELS / f"{film.id}.csv", BOUT_COLUMNS, sorted(bouts, key=lambda row: (int(row[3]), row)))
    whole = [(0, scored.frames)]
    everybody = {name for (name, agent, _), runs in scored.looked_at.items() if runs == whole and agent in ("", EVERY)}
    if everybody == set(found.scopes):
        return
    seen = [(*who, str(start), str(stop)) for who, runs in scored.looked_at.items() for start, stop in runs]
    write_rows(place / ANNOTATED / f"{film.id}.csv", BOUT_COLUMNS, seen)


def _lengthen(place: Path, film: Film, frames: int) -> None:
    """Frames at the end on which nothing is seen."""
    with np.load(place / POSES / f"{film.id}.npz", allow_pickle=False) as stored:
        arrays = dict(stored)
    confidence = longer(arrays["confidence"], frames) if "confidence" in arrays else None
    write_poses(place, film.id, longer(arrays["keypoints"], frames), confidence, film.parts)
