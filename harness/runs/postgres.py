"""Trials in a PostgreSQL database, which runs share: connections, the lock of who writes, and secrets that stay so."""

import hashlib
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.runs.storage import PAUSE_SECONDS, ServerAwayError, in_one_line, storage_over
from harness.server import Server

if TYPE_CHECKING:
    import psycopg
    from optuna.storages import RDBStorage

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
    return storage_over("postgresql+psycopg://", connect, partial(_postgres_error, server))


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
    return storage_over("postgresql+psycopg://", connect, partial(_postgres_error, server), connections=1)


def _make_tables(server: Server, who: str) -> None:
    with _connect(server, who) as alone:
        # Two searches that are the first in a database would both make its tables.
        alone.execute("SELECT pg_advisory_lock(%s)", [_key("harness")])
        if alone.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            explain = partial(_postgres_error, server)
            storage_over("postgresql+psycopg://", lambda: _connect(server, who), explain).engine.dispose()


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
