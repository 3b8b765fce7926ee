"""Small files as trackers and annotators leave them in a lab: tracks of DeepLabCut, bouts of Caltech's annotator."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harness.recording import Array

PARTS = ("nose", "leftear", "tailbase")

NETWORK = "DLC_resnet50_cageSep24shuffle1_1000"


def tracks(frames: int = 120, animals: int = 2, *, seed: int = 0, parts: int = len(PARTS)) -> Array:
    """float32 (frames, animals, 2, parts) that a text of three decimals holds exactly."""
    steps = np.random.default_rng(seed).normal(0, 3, (frames, animals, 2, 1))
    offsets = np.linspace(0, 20, parts)
    return np.round(200 + np.cumsum(steps, axis=0) + offsets, 3).astype(np.float32)


def write_tracks(
    path: Path,
    keypoints: Array,
    animals: Sequence[str] = ("black", "white"),
    parts: Sequence[str] = PARTS,
    likelihood: float = 0.9,
) -> Path:
    """A csv of DeepLabCut; of one animal without a name where there are none. NaN is written as an empty cell."""
    names = [(animal, part) for animal in animals or ("",) for part in parts]
    rows = [["scorer"] + ["net"] * 3 * len(names)]
    rows += [["individuals", *(animal for animal, _ in names for _ in range(3))]] if animals else []
    rows += [["bodyparts", *(part for _, part in names for _ in range(3))]]
    rows += [["coords", *["x", "y", "likelihood"] * len(names)]]
    for frame, scene in enumerate(keypoints):
        points = [scene[animal, :, part] for animal in range(len(scene)) for part in range(len(parts))]
        cells = [["", "", ""] if np.isnan(x) else [f"{x:.3f}", f"{y:.3f}", f"{likelihood}"] for x, y in points]
        rows.append([str(frame), *(cell for three in cells for cell in three)])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    return path


def write_scored(path: Path, bouts: Sequence[tuple[str, int, int]], frames: int = 120) -> Path:
    """Text of Caltech's annotator of bouts in order (start, stop exclusive), none touching another."""
    names = dict.fromkeys(name for name, _, _ in bouts)
    lines = ["Caltech Behavior Annotator - Annotation File", "", "Configuration file:", "base\tz"]
    lines += [f"{name}\t{name[0]}" for name in names] + ["", "S1:\tstart\tend\ttype", "-----"]
    at = 0
    for name, start, stop in bouts:
        lines += [f"\t{at + 1}\t{start}\tbase"] if start > at else []
        lines.append(f"\t{start + 1}\t{stop}\t{name}")
        at = stop
    lines += [f"\t{at + 1}\t{frames}\tbase"] if at < frames else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def write_lab(folder: Path) -> tuple[list[Path], list[Path]]:
    """Tracks of three videos, two of which were scored."""
    poses = [write_tracks(folder / "tracks" / f"day{day}{NETWORK}_filtered.csv", tracks(seed=day)) for day in (1, 2, 3)]
    scored = [
        write_scored(folder / "scored" / "day1_annot.txt", [("groom", 10, 20), ("chase", 40, 60)]),
        write_scored(folder / "scored" / "day2_annot.txt", [("groom", 5, 30), ("chase", 70, 80)]),
    ]
    return poses, scored
