"""A small disk of a command's own: it runs there, gets more room, and runs again.

Run as a module it mounts that disk, in a namespace that nobody else sees.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.scene import LONGEST, ROOT, Command, LostError

PAGE = 4096
"""Bytes that a disk in memory is counted in."""

NAMESPACE = ["unshare", "--map-root-user", "--mount"]


@dataclass(frozen=True)
class Ended:
    """What came of a command, and a copy of the disk as it was then."""

    code: int
    said: list[str]
    disk: Path

    def refusal(self) -> str | None:
        """The one line in which it refuses; None where it had room enough. Raises `LostError` for all else."""
        lines = [line for line in self.said if line.startswith("harness: ")]
        if self.code == 0 and not lines:
            return None
        if self.code != 2 or len(lines) != 1 or self.said[-1] != lines[0]:
            raise LostError(f"exit code {self.code}, {self.said[-3:]}")
        return lines[0].rstrip("\n")

    def demand_nothing_hidden(self) -> None:
        if left := [path.name for path in self.disk.rglob(".*") if path.is_file()]:
            raise LostError(f"left behind: {left}")


def can_mount() -> bool:
    tried = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
    return tried.returncode == 0


def usage(folder: Path) -> int:
    """Bytes that the files in a folder take of a disk."""
    return sum(-(-path.stat().st_size // PAGE) * PAGE for path in folder.rglob("*") if path.is_file())


def run_twice(words: list[str], disk: Path, size: int, environment: dict[str, str]) -> tuple[Ended, Ended]:
    """Run a command while a disk of `size` bytes is mounted at `disk`, and again once it has 64 MB."""
    disk.mkdir()
    command = [*NAMESPACE, sys.executable, "-m", "tests.faults.disks", str(disk), str(size), json.dumps(words)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=3 * LONGEST,
    )
    if done.returncode:
        raise LostError(f"{words[0]} on {size:,} bytes: {done.stderr.strip().splitlines()[-1:]}")
    first, second = (
        Ended(code, said, _copy(disk, number)) for number, (code, said) in enumerate(json.loads(done.stdout))
    )
    return first, second


def _copy(disk: Path, number: int) -> Path:
    return disk.with_name(f"{disk.name}-{number}")


def _mounted(disk: Path, size: int, words: list[str]) -> None:
    ended = []
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size // PAGE * PAGE}", "tmpfs", str(disk)], check=True)
    for number in range(2):
        command = Command(words, disk.parent, os.environ)
        if not command.ended_within(LONGEST):
            command.kill()
        code = command.process.returncode
        ended.append((code, command.all_said()))
        shutil.copytree(disk, _copy(disk, number))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
    print(json.dumps(ended))


if __name__ == "__main__":
    _mounted(Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
