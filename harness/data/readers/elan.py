"""Annotation documents of ELAN (`.eaf`): XML with time slots in milliseconds, and tiers of annotations between two.

What is written in an annotation is the behavior, or the name of its tier where nothing is written; who does it is the
tier's participant. Tiers that depend on others are not read.
"""

from collections.abc import Iterator
from pathlib import PureWindowsPath
from xml.etree import ElementTree

from harness.files.source import Source
from harness.plugins.readers import SECONDS, Annotations, Bout, annotation_reader
from harness.words import counted, shown

TOOL = "ELAN"

ROOT = "ANNOTATION_DOCUMENT"

DECLARATIONS = ("<!DOCTYPE", "<!ENTITY")
"""What an XML file can do harm with; ELAN writes none of it."""

Slots = dict[str, float | None]
"""Id of a time slot to its seconds; None where it has none."""


@annotation_reader("elan", tool=TOOL, endings=(".eaf",), recognises=lambda source: ROOT in source.top[:5000])
def elan(source: Source) -> Iterator[Annotations]:
    document = _parsed(source)
    slots = _slots(source, document)
    bouts: list[Bout] = []
    depending = unaligned = 0
    for tier in document.iter("TIER"):
        depending += tier.find("ANNOTATION/REF_ANNOTATION") is not None
        for one in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION"):
            times = [_time(source, slots, one.get(f"TIME_SLOT_REF{end}", "")) for end in (1, 2)]
            start, stop = times
            if start is None or stop is None:
                unaligned += 1
                continue
            text = (one.findtext("ANNOTATION_VALUE") or "").strip() or tier.get("TIER_ID", "").strip()
            bouts.append(Bout(" ".join(text.split()), start, stop, tier.get("PARTICIPANT", "").strip()))
    source.settle()
    notes = [f"{counted(depending, 'dependent tier')} not read"] if depending else []
    notes += [f"{counted(unaligned, 'annotation')} without a time, left out"] if unaligned else []
    yield Annotations(tool=TOOL, unit=SECONDS, bouts=tuple(bouts), video=_video(document), notes=tuple(notes))


def _parsed(source: Source) -> ElementTree.Element:
    text = source.text()
    if any(one in text for one in DECLARATIONS):
        raise source.refusal("declares a document type or entities, which ELAN does not; save it anew with ELAN")
    try:
        # What could do harm was refused above.
        document = ElementTree.fromstring(text.encode())  # noqa: S314
    except ElementTree.ParseError as error:
        line, _ = error.position
        raise source.refusal(f"no XML, or cut short ({shown(str(error))})", line=line) from error
    except (LookupError, ValueError) as error:  # an encoding that it says and Python does not know
        raise source.refusal(f"no XML ({shown(str(error))})") from error
    if document.tag != ROOT:
        raise source.refusal(f"is a document {shown(document.tag)}, expected {ROOT}")
    return document


def _slots(source: Source, document: ElementTree.Element) -> Slots:
    header = document.find("HEADER")
    units = "milliseconds" if header is None else header.get("TIME_UNITS", "milliseconds")
    if units != "milliseconds":
        raise source.refusal(f"its times are {shown(units)}, expected milliseconds")
    found: Slots = {}
    for slot in document.iterfind("TIME_ORDER/TIME_SLOT"):
        name, value = slot.get("TIME_SLOT_ID", ""), slot.get("TIME_VALUE")
        if value is not None and not (value.isascii() and value.isdigit() and len(value) < 13):
            source.report(f"time slot {shown(name)}: {shown(repr(value), 40)}, expected milliseconds")
            continue
        found[name] = None if value is None else int(value) / 1000
    return found


def _time(source: Source, slots: Slots, name: str) -> float | None:
    if name not in slots:
        source.report(f"an annotation refers to the time slot {shown(repr(name), 40)}, which is not there")
        return None
    return slots[name]


def _video(document: ElementTree.Element) -> str:
    """The name of the first video's file; empty where none is said."""
    for one in document.iterfind("HEADER/MEDIA_DESCRIPTOR"):
        url = one.get("RELATIVE_MEDIA_URL") or one.get("MEDIA_URL") or ""
        if url:
            return PureWindowsPath(url).name
    return ""
