"""What is installed here."""

from importlib.util import find_spec


def installed(package: str) -> bool:
    """Whether it can be imported with all that is in it; the folder that an uninstalled one has left behind cannot."""
    spec = find_spec(package)
    return spec is not None and spec.origin is not None
