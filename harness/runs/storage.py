"""Where trials are stored: an Optuna storage, a SQLite file or a PostgreSQL database.

Both are opened through connections made here, so that no URL with a password in it reaches a library, and whatever
goes wrong in them later is told in one line.
"""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.server import Server

if TYPE_CHECKING:
    import psycopg
    from optuna.storages import RDBStorage

PATIENCE_SECONDS = 60.0
"""How long a search waits for a server that has gone away, such as for a restart."""

PAUSE_SECONDS = 0.5
"""Between two attempts to reach it."""

HOLD_SECONDS = 5.0
"""How long a server may take to notice that the process that held a run is dead."""

SETTINGS: Mapping[str, Any] = {
    "connect_timeout": 10,
    # Both sides then notice within a minute or so that the other's machine is gone, which nobody has told them.
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}
"""What a connection is made with where its URL does not say otherwise."""

ASKED_OF_SERVER = "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"

FULL_BYTES = 100_000
"""A disk with less room than this is full."""

PASSING = ("BUSY", "CANTOPEN", "FULL", "IOERR", "LOCKED", "NOMEM", "PERM", "READONLY")
"""SQLite's words for what says nothing against the content of a file."""

WAY_OUT = "restore it, or search into another --results"

T = TypeVar("T")


class ServerAwayError(HarnessError):
    """A server that cannot be reached now, and perhaps can be soon."""

    def __init__(self, server: Server, reason: str) -> None:
        self.server, self.reason = server, reason
        super().__init__(
            f"{server}: cannot be opened ({reason}); "
            "--storage or HARNESS_STORAGE should name a server that runs, a database that it has, and who may use it"
        )


def patiently(work: Callable[[], T]) -> T:
    """What `work` returns, which is called again while its server is away, or knows of this process's earlier hold.

    Raises `HarnessError` where it stays so for `PATIENCE_SECONDS`.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return work()
        except HeldError:
            if time.monotonic() >= deadline:
                raise
        except ServerAwayError as error:
            if time.monotonic() >= deadline:
                raise HarnessError(
                    f"{error.server}: away for {PATIENCE_SECONDS:.0f} seconds now ({error.reason}); "
                    "all finished trials are kept, and once it is back the same command goes on from them"
                ) from error
        time.sleep(PAUSE_SECONDS)


# SQLite


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

    return _storage("sqlite://", prepared, partial(_sqlite_error, path))


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


# PostgreSQL


def reach_postgres(server: Server) -> None:
    """Raise `HarnessError` where the database cannot be used, `ServerAwayError` where it does not answer."""
    _connect(server, "harness").close()


def open_postgres(server: Server) -> "RDBStorage | None":
    """The storage in a PostgreSQL database, to be read; None where none was made there yet.

    Raises `HarnessError`, `ServerAwayError` where the server cannot be reached.
    """

    def connect() -> "psycopg.Connection[Any]":
        connection = _connect(server, "harness")
        connection.read_only = True
        return connection

    with connect() as connection:
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if found == (None,):
        return None
    return _storage("postgresql+psycopg://", connect, partial(_postgres_error, server))


def hold_postgres(server: Server, run: str, who: str) -> "RDBStorage":
    """The storage in a PostgreSQL database for the one process, `who`, that writes to `run`.

    It has a single connection, which takes an advisory lock before all else, again after a reconnection. So whatever
    is written is written by the holder, and when a lost connection is replaced, nothing of it is still under way. The
    server drops the lock with the connection; no clock decides. Raises `HeldError` where another has the lock.
    """

    def connect() -> "psycopg.Connection[Any]":
        connection = _connect(server, who)
        try:
            _take(connection, server, _key(run))
        except BaseException:
            connection.close()
            raise
        return connection

    _make_tables(server, who)
    return _storage("postgresql+psycopg://", connect, partial(_postgres_error, server), connections=1)


def _make_tables(server: Server, who: str) -> None:
    with _connect(server, who) as alone:
        # Two searches that are the first in a database would both make its tables.
        alone.execute("SELECT pg_advisory_lock(%s)", [_key("harness")])
        if alone.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            explain = partial(_postgres_error, server)
            _storage("postgresql+psycopg://", lambda: _connect(server, who), explain).engine.dispose()


def _connect(server: Server, name: str) -> "psycopg.Connection[Any]":
    try:
        import psycopg
    except ImportError as error:
        raise HarnessError(
            f"{server}: PostgreSQL needs psycopg; pip install 'behavior-harness[postgres]' installs it"
        ) from error
    try:
        given = psycopg.conninfo.conninfo_to_dict(server.url)
        # PostgreSQL keeps 63 letters of a name.
        settings = {**SETTINGS, "application_name": name[:63], **given, **server.secrets}
        connection = psycopg.connect(**settings)
        connection.execute(ASKED_OF_SERVER)
        connection.commit()
        return connection
    except psycopg.OperationalError as error:
        if error.pgconn is not None and error.pgconn.needs_password:
            raise HarnessError(
                f"{server}: asks for a password; it can be given in PGPASSWORD, ~/.pgpass, HARNESS_STORAGE or --storage"
            ) from error
        raise ServerAwayError(server, _unsecret(server, error)) from error
    except (psycopg.Error, UnicodeError) as error:  # such as a setting that there is not
        raise HarnessError(f"{server}: not a usable storage URL ({_unsecret(server, error)})") from error


def _take(connection: "psycopg.Connection[Any]", server: Server, key: int) -> None:
    """Make the connection the holder of `key`."""
    deadline = time.monotonic() + HOLD_SECONDS
    while True:
        taken = connection.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
        connection.commit()
        if taken == (True,):
            return
        if time.monotonic() >= deadline:
            break
        time.sleep(PAUSE_SECONDS / 2)
    holder = connection.execute(
        "SELECT application_name, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')"
        " FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint << 32 | objid::bigint = %s"
        " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        [key],
    ).fetchone()
    name, since = holder or ("", None)
    raise HeldError(server, f"{name or 'of another user of the database'}" + (f", since {since}" if since else ""))


def _key(text: str) -> int:
    """A lock's number, of 63 bits."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def _postgres_error(server: Server, error: BaseException, away: bool = False) -> HarnessError:
    if away:
        return ServerAwayError(server, _unsecret(server, error))
    return HarnessError(f"{server}: {_unsecret(server, error)}; finished trials are kept")


def _unsecret(server: Server, error: BaseException) -> str:
    text = in_one_line(error)
    for secret in server.secrets.values():
        for form in (secret, quote(secret, safe="")):
            text = text.replace(form, "***") if form else text
    return text


# Both


def _storage(
    dialect: str, connect: Callable[[], Any], explain: Callable[..., HarnessError], *, connections: int = 2
) -> "RDBStorage":
    """The Optuna storage over what `connect` returns; `explain(error, away)` puts what goes wrong in words.

    Optuna wants two connections where tables are still to be made.
    """
    import optuna
    from sqlalchemy import event
    from sqlalchemy.engine import ExceptionContext
    from sqlalchemy.exc import DBAPIError, IntegrityError
    from sqlalchemy.pool import QueuePool

    def explained(context: ExceptionContext) -> HarnessError | None:
        error = context.sqlalchemy_exception
        if error is None or isinstance(error, IntegrityError) or context.is_pre_ping:
            return None  # no error of the database, or one that Optuna or the pool knows what to do about
        # An error that is not SQLAlchemy's is one that Optuna does not meet with attempts of its own, which would not
        # look whether the server has kept the trial.
        return explain(context.original_exception, context.is_disconnect)

    made: list[Any] = []

    def connected() -> Any:
        made.append(connect())
        return made[-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pool = {"poolclass": QueuePool, "pool_size": connections, "max_overflow": 0, "pool_pre_ping": True}
    engine = {"creator": connected, **pool}
    try:
        # Its own check of the tables' version, too, would want two connections.
        storage = optuna.storages.RDBStorage(dialect, engine, skip_compatibility_check=True)
        event.listen(storage.engine, "handle_error", explained)
        there, ours = storage.get_current_version(), storage.get_head_version()
        if there != ours:
            raise explain(ValueError(f"its tables are those of Optuna's version {there}, and this Optuna has {ours}"))
    except BaseException as error:
        for connection in made:
            connection.close()
        if isinstance(error, DBAPIError | optuna.exceptions.StorageInternalError):
            raise explain(_original(error)) from error
        raise
    return storage


def _original(error: BaseException) -> BaseException:
    """What the database's own library raised."""
    while not hasattr(error, "orig") and error.__cause__ is not None:
        error = error.__cause__
    return getattr(error, "orig", None) or error


def in_one_line(error: object) -> str:
    """What an error says, or the beginning of it: some repeat what they could not read."""
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else f"{text[:400]}..."
