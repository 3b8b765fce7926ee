"""Read files in a process of its own, with limits, and say of each what became of it, what it did and what it took.

python -m tests.fuzz.child bombs FOLDER
python -m tests.fuzz.child hostile FOLDER
"""

import json
import re
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.fuzz.bombs import BOMBS
from tests.fuzz.readers import READERS, attempt, outcome
from tests.fuzz.watch import watching
from tests.hostile_pickles import BLUNT, HOSTILE, npy

SECONDS = 60
"""Of the processor, for everything: a process that hangs is killed by the system."""

MEMORY = 3_000_000_000
"""Bytes of address space, of which the libraries take most."""


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sentinel = folder / "sentinel"
    files = BOMBS if what == "bombs" else {
        f"{kind} for {name}": (name, lambda write=write: npy(write(sentinel)))
        for kind, write in (HOSTILE | BLUNT).items()
        for name in ("train.npy", "submission", "truth")
    }  # fmt: skip
    for kind, (name, make) in files.items():
        reader, place = READERS[name], folder / name.replace(" ", "_")
        if not place.exists():
            place.mkdir()
            reader.prepare(place)
            attempt(reader, place, reader.seeds[0])  # whatever is imported on the way is imported now
        (place / reader.file).write_bytes(make())
        forget_peak()
        before, began = peak(), time.process_time()
        try:
            with watching() as events:
                became = outcome(reader, place)
        except Exception as error:  # noqa: BLE001 - said instead
            became = f"{type(error).__name__}: {error}"
        took = time.process_time() - began
        told = {"kind": kind, "became": became, "did": events, "megabytes": round(peak() - before), "seconds": took}
        print(json.dumps(told), flush=True)
    assert not sentinel.exists()


def forget_peak() -> None:
    """From here on the peak is counted anew, where the system can do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak() -> float:
    """The most memory that the process has had, in megabytes."""
    with suppress(OSError):
        status = Path("/proc/self/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
