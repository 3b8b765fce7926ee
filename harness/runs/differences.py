"""In which settings two searches of one run differ, as people say it, and what to do about that."""

from collections.abc import Iterator, Mapping
from typing import Any

from harness.words import listed, shown

MOST_NAMED = 4
"""Settings that a message names; of each, so many of its parts."""

PACKAGES = {"harness": "behavior-harness"}
"""What is installed under another name than the one it goes by."""


def refusal(
    there: Mapping[str, Any], new: Mapping[str, Any], of: Mapping[str, Any], now: Mapping[str, Any]
) -> str | None:
    """What keeps a search from going on with a run of another identity, with the way out; None where nothing does.

    `there` and `new` are identities, `of` and `now` what their descriptions say to the reader.
    """
    found = list(_differences(there, new, of, now))
    if not found:
        return None
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    ways = ["give this search a folder of its own with --results"]
    installed = there.get("versions", {}), new.get("versions", {})
    if installed[0] != installed[1]:
        ways.append(f"install what there was: {_command(*installed)}")
    if any(there.get(part) != new.get(part) for part in there.keys() | new.keys() if part != "versions"):
        ways.append("repeat the earlier settings")
    return (
        f"was searched with other settings, so that its trials cannot be continued: {', '.join(found[:MOST_NAMED])}"
        f"{more}; {', or '.join(ways)}"
    )


def versions_that_differ(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What was another version than now, each with both."""
    return [
        f"{shown(name)} {_version(before, name)}, now {_version(now, name)}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def reinstalling(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The words that bring back the versions before."""
    wanted = {name: version for name, version in before.items() if now.get(name) != version}
    packages = [f"'{PACKAGES.get(name, name)}=={version}'" for name, version in wanted.items() if name != "python"]
    ways = [f"`pip install {shown(' '.join(packages))}`"] if packages else []
    return " under ".join([*ways, *([f"Python {wanted['python']}"] if "python" in wanted else [])])


def _command(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    return reinstalling(before, now) or "the same packages"


def _version(versions: Mapping[str, str], name: str) -> str:
    return shown(str(versions.get(name, "not there")))


def _differences(
    there: Mapping[str, Any], new: Mapping[str, Any], of: Mapping[str, Any], now: Mapping[str, Any]
) -> Iterator[str]:
    """The weightier first."""
    if there.get("data") != new.get("data"):
        before, after = (shown(str(one.get("data"))) for one in (of, now))
        yield f"data {before}, now {after}" if before != after else f"data {before}, which has changed"
    yield from versions_that_differ(there.get("versions", {}), new.get("versions", {}))
    if there.get("arms") != new.get("arms"):
        yield "other feature sets or model families (--features, --model, --plugin)"
    else:
        for names in _names(_parts(there.get("plugins")), _parts(new.get("plugins"))):
            yield f"the code of {names}"
    for part in dict.fromkeys([*there, *new]):
        if part == "ranges":
            for names in _names(_parts(there.get(part)), _parts(new.get(part))):
                yield f"the ranges of {names} (--spaces)"
        elif part not in ("data", "versions", "arms", "plugins") and there.get(part) != new.get(part):
            plain = all(isinstance(one.get(part), int | str) for one in (there, new))
            yield f"{part} {there[part]}, now {new[part]}" if plain else shown(part)


def _parts(kinds: Any) -> dict[str, Any]:
    """By the plugin's name, of tables by kind and name."""
    parts: dict[str, Any] = {}
    for kind, table in kinds.items() if isinstance(kinds, dict) else ():
        parts |= table if isinstance(table, dict) else {kind: table}
    return parts


def _names(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Those that differ, the first of them, as one text; none where all are as they were."""
    names = [name for name in sorted(before.keys() | now.keys()) if before.get(name) != now.get(name)]
    if names:
        yield listed(names, MOST_NAMED)
