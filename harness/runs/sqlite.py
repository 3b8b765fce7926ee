"""Trials in a SQLite file, a run's own: how it is opened, set up for kills, and what may be wrong with it."""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.errors import HarnessError
from harness.runs.storage import WAY_OUT, in_one_line, storage_over

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

FULL_BYTES = 100_000
"""A disk with less room than this is full."""

PASSING = ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOMEM", "PERM", "READONLY")
"""SQLite's words for what says nothing against the content of a file."""


def open_sqlite(path: Path) -> "RDBStorage":
    """The storage in a SQLite file, which is made where it is not there and its folder can be written to.

    Raises `HarnessError` where the file is damaged.
    """
    writable = os.access(path.parent, os.W_OK)

    def connect() -> sqlite3.Connection:
        # Any thread: the pool lends a connection to one at a time.
        return sqlite3.connect(_uri(path, writable), uri=True, timeout=60, check_same_thread=False)

    try:
        with_checks = connect()
        try:
            _demand_whole(path, with_checks)
            if writable:
                keep_a_journal(with_checks)
        finally:
            with_checks.close()
    except sqlite3.Error as error:
        raise _sqlite_error(path, error) from error

    def prepared() -> sqlite3.Connection:
        connection = connect()
        # Each commit is on the disk before it returns. That is the default of most builds, but not of all.
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    return storage_over("sqlite://", prepared, partial(_sqlite_error, path))


def laid_out(path: Path) -> bool:
    """Whether the file has its tables. A reader that opened it before would make them beside the search."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            # Optuna writes this one last.
            return connection.execute("SELECT 1 FROM alembic_version").fetchone() is not None
    except sqlite3.DatabaseError as error:
        return not str(error).startswith("no such table")  # anything else is said by who opens it


def keep_a_journal(connection: sqlite3.Connection) -> str:
    """Let readers never block the writer, where the file system allows; returns the kind of journal that is kept.

    The file remembers it. With any other kind, trials are as safe, and a reader may have to wait for the writer.
    """
    with suppress(sqlite3.OperationalError):  # such as on a network file system that shares no memory
        connection.execute("PRAGMA journal_mode=WAL")
    (kind,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(kind)


def _uri(path: Path, writable: bool) -> str:
    place = f"file:{quote(str(path.resolve()))}"
    if writable:
        return f"{place}?mode=rwc"
    # Such a file needs others beside it even to be read, unless it is said that nobody is writing.
    alone = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    return f"{place}?mode=ro{alone}"


def _demand_whole(path: Path, connection: sqlite3.Connection) -> None:
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise HarnessError(f"{path}: a damaged SQLite file ({in_one_line(found)}); {WAY_OUT}")


def _sqlite_error(path: Path, error: BaseException, away: bool = False) -> HarnessError:
    name = str(getattr(error, "sqlite_errorname", "")).removeprefix("SQLITE_")
    if name.startswith(PASSING):
        # What a full disk keeps from growing is told as any other error where SQLite maps it into memory.
        full = name.startswith("IOERR") and shutil.disk_usage(path.parent).free < FULL_BYTES
        reason = "the disk is full" if full else in_one_line(error)
        return HarnessError(f"{path}: cannot be used ({reason}); put that right, and the same command goes on")
    return HarnessError(f"{path}: not a usable SQLite file ({in_one_line(error)}); {WAY_OUT}")
