"""Any name as the name of a file that all disks take, and that tell no two of them for one."""

import hashlib
import re
from urllib.parse import quote

LONGEST = 150
"""Characters; the systems in use allow 255, and Windows 260 for a whole path."""

RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
"""What Windows takes for a device, with any ending too."""

_DIGEST = 32
"""Hexadecimal digits that stand for what a long name was cut of."""


def file_name(name: str) -> str:
    """The name of the file or folder that belongs to `name`: another for every name, on a disk that folds case as well.

    Small Latin letters, digits, `_`, `-` and dots between them are left as they are; whatever else is in a name is
    written as `%` and the hexadecimal digits of its bytes, capital letters too. What is then longer than `LONGEST` ends
    in a digest of it, after a `%-`, which nothing else holds.
    """
    safe = quote(name, safe="", errors="surrogatepass").replace("~", "%7E")  # `near~1` is short for a long name
    safe = re.sub(r"(?<!%)(?<!%.)[A-Z]", _escaped, safe)
    safe = re.sub(r"^\.|\.$", _escaped, safe)
    if safe.partition(".")[0] in RESERVED:
        safe = _escaped(safe[0]) + safe[1:]
    if len(safe) <= LONGEST:
        return safe or "%"
    whole = re.compile(r"(?:%..|[^%])*")  # no escape is cut in two
    head = whole.match(safe[: LONGEST - _DIGEST - 2])
    assert head is not None
    return f"{head[0]}%-{hashlib.sha256(safe.encode()).hexdigest()[:_DIGEST]}"


def _escaped(found: "re.Match[str] | str") -> str:
    return f"%{ord(found if isinstance(found, str) else found[0]):02X}"
