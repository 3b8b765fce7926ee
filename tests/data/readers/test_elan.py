"""Annotation documents of ELAN."""

from pathlib import Path

from harness.data.incoming.recognising import load_readers, read_annotations
from harness.plugins.readers import Bout
from tests.data.readers.examples import broken, edit, example

load_readers()

TEXT = """\
<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/videos/day1.mp4" MIME_TYPE="video/mp4"/>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="780"/>
        <TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="1590"/>
        <TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2000"/>
        <TIME_SLOT TIME_SLOT_ID="ts4"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default" TIER_ID="social" PARTICIPANT="black">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
                <ANNOTATION_VALUE>chase</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="default" TIER_ID="groom">
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
                <ANNOTATION_VALUE></ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
                <ANNOTATION_VALUE></ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="notes" PARENT_REF="groom" TIER_ID="notes">
        <ANNOTATION>
            <REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a2">
                <ANNOTATION_VALUE>x</ANNOTATION_VALUE>
            </REF_ANNOTATION>
        </ANNOTATION>
    </TIER>
</ANNOTATION_DOCUMENT>
"""


@example("elan", "day1.eaf")
def right(path: Path) -> None:
    path.write_text(TEXT)


@broken(right, "line 5: no XML, or cut short (mismatched tag: line 5, column 6)")
def damaged(path: Path) -> None:
    edit(path, '"video/mp4"/>', '"video/mp4">')


@broken(right, "declares a document type or entities, which ELAN does not; save it anew with ELAN")
def entities(path: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'
    edit(path, "<ANNOTATION_DOCUMENT", f"{laughs}<ANNOTATION_DOCUMENT")


@broken(right, "declares a document type or entities, which ELAN does not; save it anew with ELAN")
def another_file(path: Path) -> None:
    edit(path, "<ANNOTATION_DOCUMENT", '<!DOCTYPE x SYSTEM "file:///etc/passwd">\n<ANNOTATION_DOCUMENT')


@broken(right, "time slot ts1: '7s', expected milliseconds")
def no_time(path: Path) -> None:
    edit(path, '"780"', '"7s"')
    path.write_text(path.read_text().replace('TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts4"'))


@broken(right, "time slot ts1: '-5', expected milliseconds")
def before_the_video(path: Path) -> None:
    edit(path, '"780"', '"-5"')
    path.write_text(path.read_text().replace('TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts4"'))


@broken(right, "an annotation refers to the time slot 'ts9', which is not there")
def no_slot(path: Path) -> None:
    edit(path, 'TIME_SLOT_REF1="ts1"', 'TIME_SLOT_REF1="ts9"')


@broken(right, "day1.mp4: chase ends at 0.78 before it starts at 1.59")
def backwards(path: Path) -> None:
    edit(path, 'REF1="ts1" TIME_SLOT_REF2="ts2"', 'REF1="ts2" TIME_SLOT_REF2="ts1"')


@broken(right, "its times are frames, expected milliseconds")
def other_units(path: Path) -> None:
    edit(path, '"milliseconds"', '"frames"')


@broken(right, "is a document OTHER, expected ANNOTATION_DOCUMENT")
def another_document(path: Path) -> None:
    path.write_text("<OTHER><ANNOTATION_DOCUMENT/></OTHER>")


def test_annotations_are_behaviors_and_participants_agents(tmp_path: Path) -> None:
    right.write(tmp_path / "a.eaf")
    (found,) = read_annotations(tmp_path / "a.eaf")
    assert found.bouts == (Bout("chase", 0.78, 1.59, "black"), Bout("groom", 0.78, 2.0))
    assert (found.unit, found.video) == ("seconds", "day1.mp4")
    assert found.notes == ("1 dependent tier not read", "1 annotation without a time, left out")
