"""A Dask scheduler and its workers, real processes of this machine that tests start and kill."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


class Cluster:
    """A scheduler and its workers, each a process of its own; all are killed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self._file = folder / "scheduler.json"
        self.scheduler = self._run("scheduler", "--port", "0", "--scheduler-file", str(self._file))
        self._wait(lambda: self._file.exists() and bool(self._file.read_text()))
        self.address: str = json.loads(self._file.read_text())["address"]

    def worker(self, *options: str, **environment: str) -> "subprocess.Popen[bytes]":
        """One more worker, once it is there."""
        there = self.threads()
        process = self._run("worker", self.address, "--nthreads", "1", "--no-nanny", *options, **environment)
        self._wait(lambda: self.threads() > there)
        return process

    def end(self, process: "subprocess.Popen[bytes]") -> None:
        there = self.threads()
        process.kill()
        process.wait()
        self._wait(lambda: self.threads() < there)

    def threads(self) -> int:
        import distributed

        with distributed.Client(self.address, set_as_default=False) as client:
            return sum(client.nthreads().values())

    def _run(self, *words: str, **environment: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:], "--host", "127.0.0.1"]
        python = os.pathsep.join([environment.pop("BEFORE", str(ROOT)), str(ROOT)])
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--no-dashboard"],
                cwd=self.folder,
                env={
                    **os.environ,
                    "OMP_NUM_THREADS": "2",  # so that trials show that they keep to one thread by themselves
                    "PYTHONPATH": python,
                    "HARNESS_CACHE": str(self.folder / "cache"),
                    **environment,
                },
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def _wait(self, until: Any) -> None:
        limit = time.monotonic() + 60
        while not until():
            assert time.monotonic() < limit, (self.folder / "log").read_text()
            time.sleep(0.1)


@contextmanager
def made_cluster(folder: Path) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        yield cluster
    finally:
        for process in cluster.processes:
            process.kill()
            process.wait()
