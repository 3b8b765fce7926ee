"""Feed every reader broken and hostile files for a while, and count what became of them.

    python -m benchmarks.fuzz --minutes 5

Half of each reader's time goes to bytes, guided by coverage where `atheris` is installed (the extra `fuzz`), else
changed at random; the other half to values: a right file in which something is replaced, taken away or called
otherwise. Each half is a process of its own with a limit on its memory, in which Python's audit events tell whether
anything was run or written. A crash is any exception but `HarnessError`, an input that takes longer than `SLOWEST`
seconds of the processor, and an audit event other than of reading; the smallest input of each kind is kept.
"""

import argparse
import gc
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from types import FrameType

from harness.files.atomic import write_text
from tests.fuzz.formats import FORMATS
from tests.fuzz.readers import READERS, Reader, attempt, outcome, spoil_bytes
from tests.fuzz.watch import watching

EVERY_READER = READERS | FORMATS

SLOWEST = 5
"""Seconds of the processor that an input of a few kilobytes may take."""

MEMORY = 4_000_000_000
"""Bytes of address space of a process, most of them taken by libraries."""

LONGEST = 20_000
"""Bytes of an input that is made of bytes."""

EVERY = 0.2
"""Seconds between two reports: a process may die, and libFuzzer ends its own without a word to Python."""


@dataclass
class Tally:
    """What became of the inputs of one process."""

    reader: str
    kind: str
    tried: int = 0
    refused: int = 0
    accepted: int = 0
    slowest: float = 0.0
    """Seconds of the processor."""
    grown: float = 0.0
    """Megabytes by which the peak of memory rose from the first input on."""
    crashes: dict[str, str] = field(default_factory=dict)
    """What was raised and where, to the smallest input, in hexadecimal digits."""


class TooSlowError(Exception):
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="for all readers together (5)")
    parser.add_argument("--reader", action="append", default=[], choices=list(EVERY_READER), help="only this one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the inputs of crashes")
    parser.add_argument("--child", nargs=2, metavar=("KIND", "REPORT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chosen = [EVERY_READER[name] for name in arguments.reader or EVERY_READER]
    if arguments.child:
        fuzz(chosen[0], arguments.child[0], arguments.minutes * 60, arguments.seed, Path(arguments.child[1]))
        return
    halves = [(reader, kind) for reader in chosen for kind in ("bytes", "values") if kind == "bytes" or reader.spoil]
    tallies = []
    for reader, kind in halves:
        tally = in_child(reader, kind, arguments.minutes / len(halves), arguments.seed)
        tallies.append(tally)
        print(row(tally), file=sys.stderr, flush=True)
        for number, (what, content) in enumerate(tally.crashes.items()):
            print(f"    CRASH {what}: {len(content) // 2} bytes", file=sys.stderr, flush=True)
            if arguments.keep:
                arguments.keep.mkdir(parents=True, exist_ok=True)
                name = f"{reader.name} {kind} {number}".replace(" ", "_")
                (arguments.keep / name).write_bytes(bytes.fromhex(content))
    show(tallies)


def in_child(reader: Reader, kind: str, minutes: float, seed: int) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["--reader", reader.name, "--minutes", str(minutes), "--seed", str(seed), "--child", kind, str(report)]
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.fuzz", *words],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        tally = Tally(**json.loads(report.read_text())) if report.exists() else Tally(reader.name, kind)
    if ended.returncode:
        tally.crashes[f"the process ended with {ended.returncode}: {ended.stderr.strip().splitlines()[-1:]}"] = ""
    return tally


def fuzz(reader: Reader, kind: str, seconds: float, seed: int, report: Path) -> None:
    """Try inputs until the time is up. With `atheris` this does not return: its loop ends the process."""
    tally = Tally(reader.name, kind)
    guided = kind == "bytes" and find_spec("atheris") is not None
    if guided:
        instrument()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, too_slow)
    folder = Path(tempfile.mkdtemp(dir=report.parent))
    reader.prepare(folder)
    for content in reader.seeds:  # whatever is imported on the way is imported now
        attempt(reader, folder, content)
    gc.collect()
    before, written = peak(), time.monotonic()

    def try_out(content: bytes) -> None:
        nonlocal written
        one_input(tally, reader, folder, bytes(content))
        tally.grown = max(tally.grown, peak() - before)
        if time.monotonic() > written + EVERY:
            write(tally, report)
            written = time.monotonic()

    if guided:
        guided_by_coverage(try_out, reader, seconds, seed, report.parent)
        return
    chance, end = Random(seed), time.monotonic() + seconds
    while time.monotonic() < end:
        content = chance.choice(reader.seeds)
        spoil = spoil_bytes if kind == "bytes" or reader.spoil is None else reader.spoil
        try_out(spoil(content, chance))
    write(tally, report)


def one_input(tally: Tally, reader: Reader, folder: Path, content: bytes) -> None:
    tally.tried += 1
    (folder / reader.file).write_bytes(content)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SLOWEST)
    try:
        with watching() as events, warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # NumPy's, which nobody would have asked for
            became = outcome(reader, folder)
        if events and not reader.writes:
            crash(tally, f"did {events[0][:100]}", content)
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        at = traceback.extract_tb(error.__traceback__)[-1]
        crash(tally, f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno} ({str(error)[:80]!r})", content)
    else:
        tally.accepted += became == "accepted"
        tally.refused += became == "refused"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    tally.slowest = max(tally.slowest, time.process_time() - began)


def crash(tally: Tally, what: str, content: bytes) -> None:
    place = what.partition(" (")[0]
    known = next((one for one in tally.crashes if one.startswith(place)), None)
    if known is None or len(content.hex()) < len(tally.crashes[known]):
        if known is not None:
            del tally.crashes[known]
        tally.crashes[what] = content.hex()


def too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"took more than {SLOWEST} s")


def peak() -> float:
    """The most memory that the process has had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def write(tally: Tally, report: Path) -> None:
    write_text(report, json.dumps(asdict(tally)))


# Coverage


def instrument() -> None:
    """Have the code of our readers, and of the libraries that they read with, tell where it has been."""
    atheris = import_module("atheris")
    modules = [import_module("pickletools"), import_module("tomllib._parser")]
    modules += [module for name, module in sys.modules.items() if name.startswith("harness.")]
    with_code: dict[Callable[..., object], None] = {}
    for module in modules:
        for value in list(vars(module).values()):
            members = list(vars(value).values()) if isinstance(value, type) else [value]
            for member in members:
                if getattr(member, "__module__", None) == module.__name__ and hasattr(member, "__code__"):
                    with_code[member] = None
    for function in with_code:
        atheris.instrument_func(function)


def guided_by_coverage(
    try_out: Callable[[bytes], None], reader: Reader, seconds: float, seed: int, folder: Path
) -> None:
    atheris = import_module("atheris")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(reader.seeds):
        (corpus / str(number)).write_bytes(content)
    options = [f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST}", f"-seed={seed + 1}", "-timeout=60"]
    options += ["-rss_limit_mb=0", "-len_control=0", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], try_out)
    atheris.Fuzz()


# The table


HEADER = ("reader", "input", "tried", "refused", "accepted", "crashed", "slowest (ms)", "memory (MB)")


def row(tally: Tally) -> str:
    numbers = [f"{number:,}" for number in (tally.tried, tally.refused, tally.accepted, len(tally.crashes))]
    cells = [tally.reader, tally.kind, *numbers, f"{1000 * tally.slowest:.0f}", f"{tally.grown:.0f}"]
    return f"| {' | '.join(cells)} |"


def show(tallies: Sequence[Tally]) -> None:
    print(f"| {' | '.join(HEADER)} |")
    print("|---|---|" + "---:|" * (len(HEADER) - 2))
    for tally in tallies:
        print(row(tally))
    tried, crashed = sum(one.tried for one in tallies), sum(len(one.crashes) for one in tallies)
    print(f"\n{tried:,} inputs, {crashed} crashes.")


if __name__ == "__main__":
    main()
