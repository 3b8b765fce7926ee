"""Faults for real: processes killed, disks full, a server restarted, a clock set back, files damaged.

Each function injects one kind of fault into searches of a scene, at moments that follow from its `chance`, and counts.
"""

import json
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np

from harness.runs.storage import WAY_OUT
from harness.runs.store import Run
from tests.dask_cluster import made_cluster
from tests.faults import disks
from tests.faults.scene import BEHAVIOR, CACHED, Command, LostError, Outcome, Scene, search_words, surroundings
from tests.postgres import Cluster

KILLS_OF_A_RUN = 8
"""How often a run is killed before it is left in peace and looked at."""

A_TRIAL_SECONDS = 0.3
"""About what a trial takes: most of a search's seconds are those of its beginning."""

IN_FLIGHT = 4
"""Trials that a search of two workers has asked for at once."""


RUNS_FOR_EACH = 10
"""So many runs are tried at most for each fault, since moments can miss."""


def runs(outcome: Outcome, wanted: int) -> Iterator[None]:
    """One after the other, until so many faults were injected; that too few could be is a loss."""
    for _ in range(RUNS_FOR_EACH * wanted):
        if outcome.injected >= wanted:
            return
        yield
    outcome.lose(1, f"{outcome.injected} of {wanted} could be injected")


# Kills


def kill_coordinators(scene: Scene, chance: Random, kills: int, url: str | None = None) -> Outcome:
    """SIGKILL for the process that searches, at any moment from its start to when it should be over."""
    storage = {"HARNESS_STORAGE": url} if url else {}
    outcome = Outcome("coordinator killed, " + ("PostgreSQL" if url else "SQLite"))
    for _ in runs(outcome, kills):
        results, killed = scene.unused("killed"), 0
        try:
            while killed < min(KILLS_OF_A_RUN, kills - outcome.injected):
                command = scene.search(results, **storage)
                if command.ended_within(chance.uniform(0.0, scene.seconds)):
                    command.end()
                    break
                command.kill()
                killed += 1
            scene.finish(results, **storage)
            scene.demand_undisturbed(results, **storage)
            outcome.injected += killed
        except LostError as error:
            outcome.lose(max(killed, 1), str(error))
    return outcome


def kill_workers(scene: Scene, chance: Random, kills: int) -> Outcome:
    """SIGKILL for a worker, sometimes for the server that workers are forked from, while trials run."""
    outcome = Outcome("worker killed")
    for _ in runs(outcome, kills):
        results, killed = scene.unused("killed"), 0
        command = scene.search(results)
        try:
            while killed < kills - outcome.injected:
                # Once the next few trials are told, so is the one that the last kill broke off: none is hit twice.
                if not command.tells(command.told + (IN_FLIGHT if killed else 1)):
                    break
                time.sleep(chance.uniform(0.0, A_TRIAL_SECONDS))
                server, workers = family(command.process.pid)
                victims = [server] if server and chance.random() < 0.2 else workers
                killed += bool(victims) and killed_one(chance.choice(victims))
            command.end()
            scene.demand_undisturbed(results)
            outcome.injected += killed
        except LostError as error:
            outcome.lose(max(killed, 1), str(error))
    return outcome


def family(coordinator: int) -> tuple[int | None, list[int]]:
    """The process that forks the workers of a search, and the workers."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if rest[0] != "Z":
            children.setdefault(int(rest[1]), []).append(int(status.parent.name))
    for child in children.get(coordinator, []):
        if workers := children.get(child, []):
            return child, workers
    return None, []


def killed_one(process: int) -> bool:
    """Whether there was anything to kill."""
    try:
        os.kill(process, 9)
    except ProcessLookupError:
        return False
    return True


def restart_servers(scene: Scene, chance: Random, restarts: int, server: Cluster) -> Outcome:
    """A PostgreSQL server that restarts, or dies and comes back, while a search writes to it."""
    outcome, storage = Outcome("PostgreSQL restarted"), {"HARNESS_STORAGE": server.url()}
    for _ in runs(outcome, restarts):
        results, restarted = scene.unused("restarted"), 0
        command = scene.search(results, **storage)
        try:
            going = command.tells(1)
            while going and restarted < min(KILLS_OF_A_RUN, restarts - outcome.injected):
                if command.ended_within(chance.uniform(0.0, A_TRIAL_SECONDS)):
                    break
                server.stop(chance.choice(["fast", "immediate"]))
                time.sleep(chance.uniform(0.0, 2.0))
                server.start()
                restarted += 1
            command.end()
            scene.demand_undisturbed(results, **storage)
            outcome.injected += restarted
        except LostError as error:
            outcome.lose(max(restarted, 1), str(error))
    return outcome


def kill_schedulers(scene: Scene, chance: Random, kills: int) -> Outcome:
    """SIGKILL for the scheduler of a Dask cluster while trials run: one line, and the same search goes on elsewhere."""
    outcome = Outcome("Dask: scheduler killed")
    for _ in runs(outcome, kills):
        results = scene.unused("scheduler")
        (folder := scene.at / f"{results}.cluster").mkdir()
        try:
            with made_cluster(folder) as cluster:
                cluster.worker("--nthreads", "2")
                command = scene.search(results, "--dask", cluster.address)
                going = command.tells(1) and not command.ended_within(chance.uniform(0.0, A_TRIAL_SECONDS))
                cluster.scheduler.kill()
                if not going:
                    command.end()
                    continue
                line = command.refusal()
            if not line.startswith(f"--dask {cluster.address}: the scheduler is gone; "):
                raise LostError(f"{results}: {line}")
            scene.finish(results)
            scene.demand_undisturbed(results)
            outcome.injected += 1
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome


# Disks


def fill_results(scene: Scene, chance: Random, fills: int) -> Outcome:
    """Disks that are too small for what a search writes."""
    outcome, most = Outcome("disk full: results"), disks.usage(scene.at / "undisturbed")
    for _ in range(fills):
        disk, size = scene.at / scene.unused("disk"), chance.randrange(disks.PAGE, most)
        try:
            words = search_words(scene.trials, f"{disk.name}/run")
            full, roomy = disks.run_twice(words, disk, size, surroundings(scene.at))
            line = full.refusal()
            if line is not None and "No space left on device" not in line and "disk is full" not in line:
                raise LostError(f"{size:,} bytes: {line}")
            demand_whole(full.disk / "run")
            if roomy.refusal():
                raise LostError(f"{size:,} bytes: {roomy.said[-1]}")
            full.demand_nothing_hidden()
            scene.demand_undisturbed(f"{roomy.disk.name}/run")
            outcome.injected += line is not None
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome


def demand_whole(run: Path) -> None:
    """Raise `LostError` where a file of a run is there in part."""
    frames = {np.load(path).shape for path in run.rglob("*.npy")}
    for path in run.glob("*.json"):
        json.loads(path.read_text())
    if len(frames) > 1:
        raise LostError(f"{run}: out-of-fold files of {frames} frames")
    if (run / "run.json").exists():
        stored = {record.trial for record in Run(run).records() if record.complete}
        there = {int(path.stem) for path in run.rglob("*.npy")}
        if not stored <= there:
            raise LostError(f"{run}: trials {stored - there} without probabilities")


def fill_caches(scene: Scene, chance: Random, fills: int) -> Outcome:
    """Disks that are too small for the cache: the search goes on without, and says so once."""
    outcome, most = Outcome("disk full: cache"), disks.usage(scene.at / CACHED)
    for _ in range(fills):
        disk, size = scene.at / scene.unused("disk"), chance.randrange(disks.PAGE, most // 2)
        results = scene.unused("uncached")
        try:
            words = search_words(scene.trials, results, "--cache", disk.name)
            full, _ = disks.run_twice(words, disk, size, surroundings(scene.at))
            if full.refusal():
                raise LostError(f"{size:,} bytes: {full.said[-1]}")
            notes = [line for line in full.said if line.startswith(f"note: {disk.name}: No space left on device; ")]
            if len(notes) != 1:
                raise LostError(f"{size:,} bytes: {len(notes)} notes")
            full.demand_nothing_hidden()
            scene.demand_undisturbed(results)
            outcome.injected += 1
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome


def fill_exports(scene: Scene, chance: Random, fills: int) -> Outcome:
    """Disks that are too small for a submission and what goes beside it."""
    outcome = Outcome("disk full: export")
    for number in range(fills):
        disk = scene.at / scene.unused("disk")
        try:
            words = ["export-best", "--results", "undisturbed", "--out", f"{disk.name}/out.npy", "--workers", "1"]
            full, roomy = disks.run_twice(words, disk, disks.PAGE * (1 + number % 3), surroundings(scene.at))
            line = full.refusal()
            if line is not None and not line.endswith("; name another file with --out"):
                raise LostError(line)
            full.demand_nothing_hidden()
            for one in (full, roomy):
                out = one.disk / "out.npy"
                if (one is roomy or out.exists()) and out.read_bytes() != scene.undisturbed.submission:
                    raise LostError(f"{out}: not the submission of the undisturbed run")
            outcome.injected += line is not None
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome


# The clock


def step_clocks(scene: Scene, chance: Random, steps: int, library: Path) -> Outcome:
    """The wall clock steps back or ahead by up to ten days while a search with limits of time runs."""
    outcome = Outcome("clock stepped")
    for _ in runs(outcome, steps):
        results, stepped = scene.unused("stepped"), 0
        offset = scene.at / f"{results}.offset"
        offset.write_text("+0\n")
        clock = stepping_clock(library, offset)
        command = scene.search(results, "--timeout", "1h", "--trial-timeout", "30m", **clock)
        try:
            while stepped < min(KILLS_OF_A_RUN, steps - outcome.injected) and command.tells(command.told + 1):
                step_to(offset, chance.uniform(-10, 10) if stepped else -10.0)
                stepped += 1
            command.end()
            scene.demand_undisturbed(results)
            demand_plausible_seconds(scene.at / results, command)
            outcome.injected += stepped
        except LostError as error:
            outcome.lose(max(stepped, 1), str(error))
    return outcome


def stepping_clock(library: Path, offset: Path) -> dict[str, str]:
    """The environment of a process whose wall clock is off by what the file `offset` says at that moment."""
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


def step_to(offset: Path, days: float) -> None:
    beside = offset.with_suffix(".new")
    beside.write_text(f"{days:+.3f}d\n")
    beside.replace(offset)


def demand_plausible_seconds(folder: Path, command: Command) -> None:
    seconds = [record.seconds for record in Run(folder).records()]
    if not all(0 <= one < 3600 for one in seconds):
        raise LostError(f"{folder.name}: trials that took {min(seconds)} to {max(seconds)} s")
    if strange := [line for line in command.said if re.search(r"[ :]-\d", line)]:
        raise LostError(f"{folder.name}: told {strange[0]}")


def faketime() -> Path | None:
    """The library that steps a process's clock, where it is installed."""
    found = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib/faketime").glob("libfaketime.so.1")]
    return found[0] if found else None


# Files

Damage = Callable[[bytes, Random], bytes | None]


def cut(content: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content))]


def flip(content: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << chance.randrange(8))]) + content[place + 1 :]


def zero(content: bytes, chance: Random) -> bytes:
    """A page that never reached the disk."""
    place = chance.randrange(len(content))
    return content[:place] + bytes(len(content[place : place + 4096])) + content[place + 4096 :]


def lack(content: bytes, chance: Random) -> bytes:
    """Another archive, in which something is missing."""
    with np.load(BytesIO(content)) as stored:
        names = sorted(stored)
        lost = chance.choice(names)
        left = BytesIO()
        np.savez(left, **{name: stored[name] for name in names if name != lost})
    return left.getvalue()


def gone(content: bytes, chance: Random) -> None:
    return None


def damage(path: Path, how: Damage, chance: Random) -> None:
    content = how(path.read_bytes(), chance)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def damage_blocks(scene: Scene, chance: Random, injections: int) -> Outcome:
    """Files of the cache that are cut, changed, or lack an array; a search of a new folder then reads them."""
    outcome = Outcome("cache block damaged")
    while outcome.injected < injections:
        results = scene.unused("blocks")
        cache = scene.at / f"{results}.cache"
        shutil.copytree(scene.at / CACHED, cache)
        blocks = sorted(cache.rglob("*.np[yz]"))
        chosen = chance.sample(blocks, min(len(blocks) // 2, injections - outcome.injected))
        for path in chosen:
            damage(path, chance.choice([cut, flip, zero] + [lack] * (path.suffix == ".npz")), chance)
        try:
            scene.finish(results, HARNESS_CACHE=str(cache))
            scene.demand_undisturbed(results)
            # What was learned is not read where all that follows from it is there.
            for path in chosen:
                whole = scene.at / CACHED / path.relative_to(cache)
                if path.suffix == ".npy" and path.read_bytes() != whole.read_bytes():
                    raise LostError(f"{path.name}: damaged, and not written anew")
            outcome.injected += len(chosen)
        except LostError as error:
            outcome.lose(len(chosen), str(error))
    return outcome


def damage_predictions(scene: Scene, chance: Random, injections: int) -> Outcome:
    """A trial's out-of-fold file is cut or gone: an export and a longer search name it, and go on once it is back."""
    outcome = Outcome("prediction file damaged")
    results = scene.unused("predictions")
    shutil.copytree(scene.at / "undisturbed", scene.at / results)
    files = sorted((scene.at / results / "out_of_fold").rglob("*.npy"))
    for number in range(injections):
        path = chance.choice(files)
        whole = path.read_bytes()
        damage(path, chance.choice([cut, gone]), chance)
        (scene.at / results / "ensembles.json").unlink(missing_ok=True)
        try:
            export = ["export-best", "--results", results, "--out", "x.npy", "--workers", "1"]
            line = scene.refusal(*(search_words(scene.trials, results) if number % 2 else export))
            place = path.relative_to(scene.at)
            if f"{place}: " not in line or not line.endswith(WAY_OUT) or (scene.at / "x.npy").exists():
                raise LostError(f"{place}: {line}")
            path.write_bytes(whole)
            scene.finish(results)
            scene.demand_undisturbed(results)
            outcome.injected += 1
        except LostError as error:
            path.write_bytes(whole)
            outcome.lose(1, str(error))
    return outcome


def damage_databases(scene: Scene, damages: Mapping[Callable[[Path], None], str]) -> Outcome:
    """`studies.db` is cut, overwritten, emptied or gone: it is named, and a copy put back is all that is needed."""
    outcome = Outcome("SQLite file damaged")
    for how in damages:
        results = scene.unused("database")
        shutil.copytree(scene.at / "undisturbed", scene.at / results)
        with closing(sqlite3.connect(scene.at / results / "studies.db")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        file = scene.at / results / "studies.db"
        whole = file.read_bytes()
        how(file)
        try:
            line = scene.refusal("leaderboard", "--results", results)
            if not line.startswith(f"{results}/studies.db: ") or not line.endswith(WAY_OUT):
                raise LostError(f"{how.__name__}: {line}")
            file.write_bytes(whole)
            scene.demand_undisturbed(results)
            outcome.injected += 1
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome


# Plugins

HANGING_SECONDS = 20
"""What is given to a trial that hangs."""


def break_models(scene: Scene, faults: str, reasons: Mapping[str, str | None], rounds: int) -> Outcome:
    """Model families that raise, hang, crash, give no probabilities, or take all memory: their trials fail alone."""
    outcome = Outcome("model family fails")
    hangs = f"took longer than {HANGING_SECONDS} s (--trial-timeout)"
    reasons = {**reasons, "b_sleeps": hangs, "c_computes": hangs}
    (scene.at / "faults.py").write_text(faults.replace("{pid}", str(os.getpid())))
    models = [word for name in reasons if name != "logistic_regression" for word in ("--model", name)]
    limits = ["--trial-timeout", f"{HANGING_SECONDS}s", "--trial-memory", "1GB", "--trials", str(2 * len(reasons))]
    for number in range(rounds):
        results = scene.unused("models")
        try:
            scene.search(
                results, *models, "--seed", str(number), "--plugin", "faults.py", *limits, PYTHONWARNINGS="ignore"
            ).end()
            records = Run(scene.at / results).records()
            for record in records:
                name = record.spec.model.name
                expected = reasons.get(name)
                if record.error != expected:
                    outcome.lose(1, f"{name}: {record.error}, expected {expected}")
                elif expected is not None:
                    outcome.injected += 1
            if not any(record.complete and record.behavior == BEHAVIOR for record in records):
                raise LostError(f"{results}: no trial of another family")
        except LostError as error:
            outcome.lose(1, str(error))
    return outcome
