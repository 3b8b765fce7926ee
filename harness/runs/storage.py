"""Where trials are stored: an Optuna storage, over a SQLite file (`runs.sqlite`) or PostgreSQL (`runs.postgres`).

Both are opened through connections made there, so that no URL with a password in it reaches a library, and whatever
goes wrong in them later is told in one line.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from harness.errors import HarnessError
from harness.files.hold import HeldError
from harness.server import Server

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

PATIENCE_SECONDS = 60.0
"""How long a search waits for a server that has gone away, such as for a restart."""

PAUSE_SECONDS = 0.5
"""Between two attempts to reach it."""

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


def storage_over(
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
