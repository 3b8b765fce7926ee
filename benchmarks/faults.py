"""Inject faults into searches for real, and count what was survived and what was lost.

    python -m benchmarks.faults --kills 50

Every run that was disturbed has to come to the leaderboard, the stored trials and the submission of one that was not;
all but seconds. What is injected, and when, follows from the seed. What cannot be injected here is left out, with the
reason on standard error.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from random import Random

from benchmarks.runs import show_head, show_row
from tests.engines.test_limits import FAULTS, REASONS
from tests.faults import disks, injections
from tests.faults.scene import Outcome, Scene, make_scene
from tests.postgres import cluster, programs
from tests.runs.test_sqlite import DAMAGES

Injection = Callable[[], Outcome]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, metavar="N", help="of a coordinator, and of workers (50)")
    parser.add_argument("--others", type=int, default=20, metavar="N", help="of every other fault (20)")
    parser.add_argument("--trials", type=int, default=24, metavar="N", help="of the search that is disturbed (24)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="those that begin so (all)")
    arguments = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as open_until_the_end:
        scene = make_scene(Path(folder), arguments.trials)
        show_head("fault", "injected", "survived", "lost", "minutes")
        outcomes = []
        for name, inject in faults(scene, arguments, open_until_the_end):
            if arguments.only and not name.startswith(tuple(arguments.only)):
                continue
            started = time.monotonic()
            outcome = inject()
            outcomes.append(outcome)
            row(name, [outcome], started)
            for loss in outcome.losses:
                print(f"lost: {name}: {loss}", file=sys.stderr, flush=True)
        row("all", outcomes, began)
    sys.exit(any(outcome.losses for outcome in outcomes))


def row(name: str, outcomes: list[Outcome], since: float) -> None:
    injected, lost = sum(one.injected for one in outcomes), sum(len(one.losses) for one in outcomes)
    show_row(name, injected, injected - lost, lost, f"{(time.monotonic() - since) / 60:.1f}")


def faults(
    scene: Scene, arguments: argparse.Namespace, open_until_the_end: ExitStack
) -> Iterator[tuple[str, Injection]]:
    """Every fault that can be injected here, and what injects it."""
    chance, kills, others = Random(arguments.seed), arguments.kills, arguments.others
    yield "coordinator killed", lambda: injections.kill_coordinators(scene, chance, kills)
    yield "worker killed", lambda: injections.kill_workers(scene, chance, kills)
    if programs() is None or find_spec("psycopg") is None:
        leave_out("PostgreSQL", "its server programs and psycopg: apt-get install postgresql, the extra `postgres`")
    elif not arguments.only or any(name.startswith("PostgreSQL") for name in arguments.only):
        server = open_until_the_end.enter_context(cluster())
        url = server.url()
        yield "PostgreSQL: coordinator killed", lambda: injections.kill_coordinators(scene, chance, kills, url)
        yield "PostgreSQL: server restarted", lambda: injections.restart_servers(scene, chance, others, server)
    if find_spec("distributed") is None:
        leave_out("Dask", "distributed: the extra `dask`")
    else:
        yield "Dask: scheduler killed", lambda: injections.kill_schedulers(scene, chance, others)
    rounds = -(-others // len(REASONS))
    yield "model family fails", lambda: injections.break_models(scene, FAULTS, REASONS, rounds)
    if disks.can_mount():
        yield "disk full: results", lambda: injections.fill_results(scene, chance, others)
        yield "disk full: cache", lambda: injections.fill_caches(scene, chance, others)
        yield "disk full: export", lambda: injections.fill_exports(scene, chance, others)
    else:
        leave_out("disk full", "unshare and user namespaces, to mount a small disk")
    yield "cache block damaged", lambda: injections.damage_blocks(scene, chance, 5 * others)
    yield "prediction file damaged", lambda: injections.damage_predictions(scene, chance, others)
    yield "SQLite file damaged", lambda: injections.damage_databases(scene, DAMAGES)
    library = injections.faketime()
    if library is None:
        leave_out("clock stepped", "libfaketime: apt-get install faketime")
    else:
        yield "clock stepped", lambda: injections.step_clocks(scene, chance, others, library)


def leave_out(name: str, needed: str) -> None:
    print(f"left out: {name}, which needs {needed}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
