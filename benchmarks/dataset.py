"""How long a large dataset folder takes to load, and how much memory.

    python -m benchmarks.dataset [--recordings N] [--frames N] [--folder DIR]

Makes a folder of simulated walks, two animals of seven parts, half of it labelled for a behavior of one animal and for
one of a pair, and loads it in a process of its own. 100 recordings of 50,000 frames are 5 million frames, which should
take less than 2 GB. Prints a row of Markdown.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.runs import show_head, show_row
from harness.recording import CALMS21, Array

LOAD = "import sys; from benchmarks.dataset import load; load(sys.argv[1])"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=100, metavar="N", help="(100)")
    parser.add_argument("--frames", type=int, default=50_000, metavar="N", help="of each (50000)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to make it (a temporary folder)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        make(Path(folder), asked.recordings, asked.frames)
        show_head("recordings", "frames", "seconds", "GB at most", "GB that are not the files'")
        found = subprocess.run([sys.executable, "-c", LOAD, folder], capture_output=True, text=True, check=True)
        seconds, peak, own = map(float, found.stdout.split())
        show_row(asked.recordings, asked.recordings * asked.frames, round(seconds, 1), round(peak, 2), round(own, 2))


def load(folder: str) -> None:
    """Print the seconds that it takes, the most memory in GB, and how much is left without the files' pages."""
    import psutil

    import harness

    started = time.perf_counter()
    dataset = harness.load(folder)
    seconds = time.perf_counter() - started
    assert dataset.labelled
    now = psutil.Process().memory_info()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(seconds, peak / 1e9, (now.rss - now.shared) / 1e9)


def make(folder: Path, recordings: int, frames: int) -> None:
    for part in ("poses", "labels"):
        (folder / part).mkdir()
    names = ", ".join(f'"{name}"' for name in CALMS21.keypoints)
    behaviors = '[behaviors]\ngroom = "one"\nchase = "pair"\n'
    (folder / "dataset.toml").write_text(f"fps = 30\nkeypoints = [{names}]\n{behaviors}")
    (folder / "recordings.csv").write_text("id,animals\n" + "".join(f"r{n},a;b\n" for n in range(recordings)))
    for number in range(recordings):
        np.savez(folder / "poses" / f"r{number}.npz", keypoints=walks(number, frames))
        if number % 2 == 0:
            lines = [f"groom,a,,{start},{start + 60}" for start in range(0, frames - 100, 1000)]
            lines += [f"chase,b,a,{start},{start + 90}" for start in range(500, frames - 100, 1000)]
            head = "behavior,agent,target,start_frame,stop_frame"
            (folder / "labels" / f"r{number}.csv").write_text("\n".join([head, *lines, ""]))


def walks(seed: int, frames: int) -> Array:
    """float32 (frames, 2, 2, 7): two animals that walk about, their parts around them."""
    chance = np.random.default_rng(seed)
    turns = np.cumsum(chance.normal(0, 0.1, (frames, 2)), axis=0)
    speed = np.abs(chance.normal(3, 2, (frames, 2)))
    path = np.cumsum(np.stack([speed * np.cos(turns), speed * np.sin(turns)], axis=2), axis=0)
    inside = 250 + 200 * np.sin(path / 200)
    parts = chance.normal(0, 20, (1, 2, 2, 7)) + chance.normal(0, 0.5, (frames, 2, 2, 7))
    return np.asarray(inside[..., None] + parts, np.float32)


if __name__ == "__main__":
    main()
