"""A PostgreSQL server of our own: made in a temporary folder, started, restarted, and gone with the tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PASSWORD = "ein/Gehe1mnis@%:x"  # with letters that a URL has other uses for
USER = "mouse"


def programs() -> Path | None:
    """Where the server's programs are; Debian keeps them out of the PATH."""
    found = [Path(one).parent for one in [shutil.which("initdb")] if one]
    return next(
        (folder for folder in [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), *found]
         if (folder / "initdb").exists() and (folder / "pg_ctl").exists()),
        None,
    )  # fmt: skip


@dataclass(frozen=True)
class Cluster:
    folder: Path
    bin: Path
    port: int
    user: str | None
    """The user of the system to run as, for a server refuses to run as root."""

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,  # a server that inherits a pipe would keep it open
            stderr=subprocess.DEVNULL,
            user=self.user,
            group=None if self.user is None else pwd.getpwnam(self.user).pw_gid,
            extra_groups=None if self.user is None else [],
        )

    def start(self) -> None:
        self.run("pg_ctl", "start", "-w", "-D", str(self.folder / "data"), "-l", str(self.folder / "log"))

    def stop(self, how: str = "fast") -> None:
        self.run("pg_ctl", "stop", "-w", "-D", str(self.folder / "data"), "-m", how)

    def url(self, database: str = "postgres", *, password: str | None = PASSWORD, port: int | None = None) -> str:
        secret = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql://{USER}{secret}@127.0.0.1:{port or self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running server that wants a password."""
    bin_folder = programs()
    assert bin_folder is not None
    user = None
    if os.geteuid() == 0:
        known = {one.pw_name for one in pwd.getpwall()}
        user = "postgres" if "postgres" in known else "nobody"
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # the path of a socket has to be short
    try:
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            made = Cluster(folder, bin_folder, free.getsockname()[1], user)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        how = ["--auth=scram-sha-256", f"--username={USER}", "--pwfile=password", "--encoding=UTF8", "--no-locale"]
        made.run("initdb", "-D", "data", "--no-sync", *how)
        with (folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"port = {made.port}\nlisten_addresses = '127.0.0.1'\nfsync = off\n")
            settings.write(f"unix_socket_directories = '{folder}'\nmax_connections = 30\nshared_buffers = 16MB\n")
        made.start()
        try:
            yield made
        finally:
            if (folder / "data" / "postmaster.pid").exists():
                made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Proxy:
    """Stands between a client and a server, and can swallow the server's answer to a commit, cutting the line then."""

    def __init__(self, port: int) -> None:
        self.behind = port
        self.swallow = False
        self.swallowed = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *ending: object) -> None:
        for line in [self._listening, *self._lines]:
            _cut(line)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self.behind))
                self._lines += [client, server]
                deaf = threading.Event()
                threading.Thread(target=self._ask, args=(client, server, deaf), daemon=True).start()
                threading.Thread(target=self._answer, args=(client, server, deaf), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while asked := client.recv(1 << 16):
                if self.swallow and b"COMMIT" in asked:
                    self.swallow = False
                    deaf.set()
                server.sendall(asked)
        _cut(server)

    def _answer(self, client: socket.socket, server: socket.socket, deaf: threading.Event) -> None:
        with suppress(OSError):
            while answered := server.recv(1 << 16):
                if deaf.is_set():
                    self.swallowed += 1
                    break
                client.sendall(answered)
        _cut(client)
        _cut(server)


def _cut(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
    line.close()
