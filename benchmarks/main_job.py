"""How long the main job takes and how much memory it needs: a search of the demo, whole processes, all together.

    python -m benchmarks.main_job [TRIALS]

Prints wall seconds, the peak of resident memory summed over all processes (shared pages counted once, as PSS), and the
mean F1 on the demo's test truth.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def resident_bytes(root: int) -> int:
    """Proportional set size of a process and its descendants, which is what they take from the machine together."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, parent = int(status.parent.name), int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(pid)
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return total


def main(trials: str = "200") -> None:
    harness = [sys.executable, "-m", "harness"]
    with tempfile.TemporaryDirectory() as place:
        began, peak = time.monotonic(), 0
        search = subprocess.Popen(
            [*harness, "search", "--trials", trials, "--cache", "cache"], cwd=place, stderr=subprocess.DEVNULL
        )
        while search.poll() is None:
            peak = max(peak, resident_bytes(search.pid))
            time.sleep(0.5)
        seconds = time.monotonic() - began
        subprocess.run([*harness, "export-best", "--cache", "cache"], cwd=place, check=True, stderr=subprocess.DEVNULL)
        score = [*harness, "score", "submission.npy", "demo-data/test_labels.npy", "--format", "json"]
        scored = json.loads(subprocess.run(score, cwd=place, check=True, capture_output=True, text=True).stdout)
        print(f"{trials} trials a behavior: {seconds:.0f} s, peak {peak / 1e9:.2f} GB, test mean F1 {scored['f1']:.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
