"""The URL of a PostgreSQL database: what of it may be shown, and what is secret."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

from harness.errors import HarnessError

SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")

LONGEST = 500
"""Letters of a URL: it is repeated in messages."""

SECRETS = ("password", "sslpassword")
"""Parameters of a URL that are nobody else's business."""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database and who asks for it."""

    url: str
    """Without any secret: it may be shown and kept."""
    secrets: Mapping[str, str] = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.url


HOST = r"(?:\[[\w:.%]+\]|[\w.%~-]*)(?::\d+)?"

URL = re.compile(
    r"\w[\w+]*://(?:(?P<user>[^:@/?#\s]*)(?::(?P<password>[^@/?#\s]*))?@)?"
    rf"(?P<hosts>{HOST}(?:,{HOST})*)(?:/(?P<database>[^@/?#\s]*))?(?:\?(?P<query>[^#\s]*))?"
)


def server_of(url: str, where: str = "--storage") -> Server:
    """The database that a URL names. Raises `HarnessError`, which shows nothing of the URL, where it is malformed."""
    scheme, mark, _ = url.partition("://")
    if mark and re.fullmatch(r"[a-z][a-z0-9+]{0,29}", scheme) and scheme not in SCHEMES:
        raise HarnessError(
            f"{where}: nothing can be stored in {scheme}://; it takes postgresql://, "
            "and without it trials are kept as SQLite in the run's folder"
        )
    match = URL.fullmatch(url) if len(url) <= LONGEST else None
    if not match or scheme not in SCHEMES or re.search(r"%(?![0-9a-fA-F]{2})", url):
        raise HarnessError(
            f"{where}: not a URL such as postgresql://user@host:5432/database; "
            "in a user name or password, letters such as @ : / ? # % stand as %40 %3A %2F %3F %23 %25"
        )
    secrets = {"password": match["password"]} if match["password"] else {}
    shown = []
    for setting in filter(None, (match["query"] or "").split("&")):
        name, _, value = setting.partition("=")
        if name in SECRETS:
            secrets[name] = value
        else:
            shown.append(setting)
    user = f"{match['user']}@" if match["user"] else ""
    database = f"/{match['database']}" if match["database"] is not None else ""
    query = f"?{'&'.join(shown)}" if shown else ""
    return Server(
        f"postgresql://{user}{match['hosts']}{database}{query}",
        {name: unquote(value) for name, value in secrets.items()},
    )


def without_secrets(text: str) -> str:
    """`text`, such as a word of a command, less what may be a password in it.

    A storage URL stays usable where the password can be had elsewhere; of anything else that looks like a URL with a
    password, only the beginning is left.
    """
    with suppress(HarnessError):
        return server_of(text).url
    option, equals, value = text.partition("=")
    if equals and option.startswith("--"):
        return f"{option}={without_secrets(value)}"
    text = re.sub(r"([A-Za-z][\w+.-]*:/*)\S[^\n]*@\S*", r"\1***", text)
    return re.sub(r"(password=)[^&\s]+", r"\1***", text)
