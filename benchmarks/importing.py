"""How long and how much memory the import of a large lab takes.

    python -m benchmarks.importing

Writes 300 csv of DeepLabCut (20,000 frames, two animals of seven parts each), a tenth of them scored, to a temporary
folder, and imports them in a process of its own. `--videos` and `--frames` say how many.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harness.words import size_in_words
from tests.lab_files import write_scored

ANIMALS, PARTS = ("black", "white"), ("nose", "leftear", "rightear", "neck", "lefthip", "righthip", "tailbase")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=300)
    parser.add_argument("--frames", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        size = write(folder, arguments.videos, arguments.frames)
        words = ["import", "tracks", "--annotations", "scored", "--fps", "30", "--out", "lab", "--format", "json"]
        start = time.monotonic()
        subprocess.run([sys.executable, "-m", "harness", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    print(f"{arguments.videos} files of {arguments.frames:,} frames, {size_in_words(size)}:", end=" ")
    print(f"{seconds:.0f} s, peak of memory {size_in_words(peak)}")


def write(folder: Path, videos: int, frames: int) -> int:
    """The bytes of the tracks written. Every file has the digits of real ones; their numbers differ."""
    names = [(animal, part) for animal in ANIMALS for part in PARTS]
    header = "".join(
        ",".join([word, *(cell for cell in cells for _ in range(3))]) + "\n"
        for word, cells in (
            ("scorer", ["net"] * len(names)),
            ("individuals", [animal for animal, _ in names]),
            ("bodyparts", [part for _, part in names]),
        )
    )
    header += ",".join(["coords", *["x", "y", "likelihood"] * len(names)]) + "\n"
    steps = np.random.default_rng(0).normal(0, 2, (frames, 2 * len(names)))
    walk = 500 + np.cumsum(steps, axis=0)
    rows = []
    for frame, row in enumerate(walk):
        points = (f"{x:.3f},{y:.3f},0.99{frame % 1000:03}0082015991" for x, y in row.reshape(-1, 2))
        rows.append(",".join(points))
    (folder / "tracks").mkdir()
    size = 0
    for video in range(videos):
        path = folder / "tracks" / f"day{video}DLC_resnet50_cageSep24shuffle1_1000_filtered.csv"
        with open(path, "w") as file:
            file.write(header)
            file.writelines(f"{frame},{rows[(frame + 7 * video) % frames]}\n" for frame in range(frames))
        size += path.stat().st_size
        if video % 10 == 0:
            write_scored(
                folder / "scored" / f"day{video}_annot.txt", [("groom", 100, 900), ("chase", 2000, 2100)], frames
            )
    return size


if __name__ == "__main__":
    main()
