"""Events in projects of SLEAP (`.slp` of format 2.6 on): the group `events` with a dataset for each column.

Frames are counted from 0, and the last belongs to an event. Subject and target are of a kind (1: a track, 2: an
identity) and refer to its place; what a model predicted is nobody's annotation, and left out.
"""

from collections.abc import Iterator, Mapping, Sequence

from harness.data.incoming.sleap import TOOL, texts_in, track_name, video_name
from harness.files.source import Source
from harness.plugins.readers import FRAMES, Annotations, Bout, annotation_reader
from harness.words import counted

COLUMNS = ("video", "start_frame", "end_frame", "type", "subject_kind", "subject_idx", "target_kind", "target_idx")

TRACK, IDENTITY = 1, 2


@annotation_reader(
    "slp_events", tool=TOOL, endings=(".slp",), recognises=lambda source: "events/start_frame" in source.shapes
)
def slp_events(source: Source) -> Iterator[Annotations]:
    with source.hdf5() as file:
        columns = {name: file.array(f"events/{name}", 1) for name in COLUMNS}
        predicted = file.array("events/is_predicted", 1) if "events/is_predicted" in file else None
        types = texts_in(file, "event_types/name")
        videos = [video_name(text) for text in texts_in(file, "videos_json")]
        names = {
            TRACK: [track_name(source, text) for text in texts_in(file, "tracks_json")],
            IDENTITY: texts_in(file, "identity/name"),
        }
    lengths = {len(values) for values in columns.values()} | ({len(predicted)} if predicted is not None else set())
    if len(lengths) > 1:
        raise source.refusal(f"the columns of its events are of different lengths ({min(lengths)} to {max(lengths)})")
    left_out = 0 if predicted is None else int((predicted != 0).sum())
    by_video: dict[int, list[Bout]] = {}
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    for number, row in enumerate(rows, start=1):
        if predicted is not None and predicted[number - 1]:
            continue
        video, start, end, kind, *who = row
        if not 0 <= kind < len(types):
            source.report(f"event {number}: is of type {kind}, but there are {counted(len(types), 'type')}")
        elif not 0 <= start <= end < 2**40:
            source.report(f"event {number}: goes from frame {start} to {end}, expected frames from 0 on, in order")
        else:
            agent, target = (_name(source, number, names, *pair) for pair in (who[:2], who[2:]))
            by_video.setdefault(video, []).append(Bout(types[kind], start, end + 1, agent, target))
    source.settle()
    notes = (f"{counted(left_out, 'event')} that a model predicted, left out",) if left_out else ()
    for video, bouts in (by_video or {0: []}).items():
        yield Annotations(
            tool=TOOL,
            unit=FRAMES,
            bouts=tuple(bouts),
            video=videos[video] if 0 <= video < len(videos) else "",
            behaviors=tuple(dict.fromkeys(types)),
            notes=notes,
        )


def _name(source: Source, number: int, names: Mapping[int, Sequence[str]], kind: int, place: int) -> str:
    """Who takes part in an event; empty where nobody is said to."""
    if kind not in names:
        return ""
    if not 0 <= place < len(names[kind]):
        source.report(f"event {number}: refers to an animal that is not there")
        return ""
    return str(names[kind][place])
