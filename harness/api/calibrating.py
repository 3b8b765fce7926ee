"""Kept detectors for another rig: cut anew on a few recordings that were labelled there."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.api.datasets import load
from harness.api.detectors import Detectors, open_detectors
from harness.api.places import silently
from harness.choosing.recalibration import Recalibrated, recalibrated
from harness.choosing.reliability import moved
from harness.dataset import Dataset
from harness.errors import HarnessError
from harness.files.outputs import made_whole, refuse_taken, unwritable_folder
from harness.fitting.decisions import candidates_of
from harness.labelling.detectors import FILE, described, ready_for, reliability_in
from harness.labelling.matching import OF_RIG, body_of
from harness.plugins.spaces import load_spaces
from harness.recording import Array, Recording
from harness.showing.steps import reading
from harness.words import html_table, listed, named, shown


@dataclass(frozen=True)
class Calibration:
    """Detectors that were cut anew, and what that was worth."""

    folder: Path
    """The kept models."""
    behaviors: Mapping[str, Recalibrated]
    """Those that the new recordings say something of."""
    left: tuple[str, ...]
    """Behaviors whose detectors are as they were."""

    def rows(self) -> list[dict[str, Any]]:
        """A line for each behavior: F1 and precision before and after, and the decision."""
        return [
            {
                "behavior": name,
                "f1_before": one.before.f1,
                "precision_before": one.before.precision,
                "f1_after": one.after.f1,
                "precision_after": one.after.precision,
                "optimistic": one.blocked,
                "changed": one.changed,
                "decision": one.decision.in_words,
            }
            for name, one in self.behaviors.items()
        ]

    def _repr_html_(self) -> str:
        rows = [
            [row["behavior"], f"{row['f1_before']:.3f}", f"{row['f1_after']:.3f}", row["decision"]]
            for row in self.rows()
        ]
        return html_table(("behavior", "F1 before", "F1 after", "decision"), rows, str(self.folder))


def calibrate(
    models: Detectors | Path | str,
    data: Dataset | Path | str,
    out: Path | str,
    *,
    workers: int | None = None,
    dask: str | None = None,
    plugins: Sequence[Path | str] = (),
    say: Callable[[str], object] | None = None,
    progress: bool = False,
) -> Calibration:
    """Fit threshold, smoothing and bout rules of kept detectors anew, on labelled recordings of another rig.

    Each new recording is judged by what the others would choose; where one alone shows a behavior, parts of it. The
    decision of a behavior is replaced only where that is better by far. Probabilities are calibrated anew, too.

    Args:
        models: Detectors, or the folder that they were kept in.
        data: The recordings, labelled for some of the behaviors; one or two are enough. They should have had no part in
            what the detectors were fitted on.
        out: The folder to make for the new ones.
        workers, dask, plugins, say, progress: See `label`.

    Raises:
        HarnessError: Models or data cannot be read or do not go together, no behavior of the models was labelled, or
            `out` is there or cannot be written.
    """
    folder = named(out)
    refuse_taken(folder)
    detectors = models if isinstance(models, Detectors) else open_detectors(models, plugins=plugins, say=say)
    with reading(shown=progress) as told, made_whole(folder, partial(unwritable_folder, folder)) as place:
        dataset = data if isinstance(data, Dataset) else load(data)
        labelled = {name: theirs for name, theirs in dataset.labelled.items() if name in detectors}
        if not labelled:
            there, known = listed(dataset.labelled, 10) or "none", listed(detectors.behaviors, 10)
            raise HarnessError(f"{shown(dataset.name)}: has labels of {there}, and the models know {known}")
        videos = ready_for(detectors.folder, _videos(labelled), say, other_rig=True)
        said: dict[tuple[str, str], Array] = {}
        before = reliability_in(detectors.folder)
        for one in detectors.label(videos, workers=workers, dask=dask, told=told):
            for act in one.acts:
                shift = before[act.behavior].shift if act.behavior in before else 0.0
                said[act.behavior, act.id_in(one.recording)] = moved(act.probability, -shift)
        candidates = candidates_of(load_spaces())
        found = {
            name: recalibrated(
                detectors[name].decision, theirs, {one.id: said[name, one.id] for one in theirs}, candidates
            )
            for name, theirs in labelled.items()
        }
        fitted = {name: one for name, one in found.items() if one is not None}
        left = tuple(name for name in detectors.behaviors if name not in fitted)
        if left:
            (say or silently)(f"note: left as they were, as no new recording shows them: {listed(left, 10)}")
        try:
            shutil.copytree(detectors.folder, place, dirs_exist_ok=True)
            (place / FILE).write_text(json.dumps(_changed(detectors.folder, fitted, dataset), indent=1) + "\n")
        except OSError as error:
            raise unwritable_folder(folder, error) from error
    return Calibration(folder, fitted, left)


def _videos(labelled: Mapping[str, Sequence[Recording]]) -> list[Recording]:
    """Each recording once. Raises `HarnessError` where two are called alike."""
    found: dict[str, Recording] = {}
    for theirs in labelled.values():
        for one in theirs:
            video = found.setdefault(one.video.id, one.video)
            if video is not one.video and video.digest != one.video.digest:
                raise HarnessError(f"{shown(video.id)}: two recordings have this name, expected another for each")
    return list(found.values())


def _changed(folder: Path, fitted: Mapping[str, Recalibrated], dataset: Dataset) -> dict[str, Any]:
    """What `models.json` says from now on."""
    plain = described(folder)
    plain["body"] |= {key: value for key, value in body_of(dataset).items() if key in OF_RIG}
    for one in plain["behaviors"]:
        if (new := fitted.get(one["behavior"])) is not None:
            one["decision"], one["reliability"] = new.decision.as_json(), new.reliability.as_json()
            one["calibrated"] = {
                "on": dataset.name,
                "recordings": sorted({held.source_id for held in dataset.labelled[one["behavior"]]}),
                "f1_before": new.before.f1,
                "f1_after": new.after.f1,
                "optimistic": new.blocked,
                "changed": new.changed,
            }
    return plain
