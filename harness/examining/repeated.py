"""The same footage more than once, be it shifted, cut, mirrored or exact."""

from collections.abc import Iterator, Mapping, Sequence

from harness.data.copies import near_copies
from harness.dataset import Dataset
from harness.examining.findings import NOTE, ODD, WRONG, Finding
from harness.recording import Recording
from harness.words import counted, listed, shown


def repeated(dataset: Dataset, videos: Mapping[str, Recording]) -> Iterator[Finding]:
    """Footage that is there twice: what is trained on then tells what the other should show."""
    yield from _exact(dataset)
    every = list(videos.values())
    trained = _trained(dataset)
    for copy in near_copies(every):
        one, other = every[copy.one], every[copy.other]
        shift = f", {counted(abs(copy.shift), 'frame')} apart" if copy.shift else ""
        text = f"{one.source_id} and {other.source_id} show the same footage for {copy.frames / one.fps:.1f} s{shift}"
        yield _judged(text, (one, other), trained, copy.frames)


def _exact(dataset: Dataset) -> Iterator[Finding]:
    """Recordings with the very same poses."""
    trained = _trained(dataset)
    learned: dict[str, dict[str, Recording]] = {}
    for one in (one.video for one in dataset.every_labelled):
        if one.seen:
            learned.setdefault(one.digest, {})[one.source_id] = one
    asked: dict[str, list[Recording]] = {}
    for one in dataset.unlabelled:
        if one.seen:
            asked.setdefault(one.digest, []).append(one)
    for same in learned.values():
        if len(same) > 1:
            some = tuple(same.values())
            yield _judged(f"{listed(same)} are the same recording", some, trained, some[0].frames)
    for digest, tests in asked.items():
        names = tuple(one.id for one in tests)
        if digest in learned:
            text = f"{listed(names)}, to be labelled, has the same poses as {listed(learned[digest])}"
            yield _memory(
                text, listed(learned[digest]), tuple(dict.fromkeys([*learned[digest], *names])), tests[0].frames
            )
        elif len(names) > 1:
            way = "all are only to be labelled"
            yield Finding(NOTE, "copies", f"{listed(names)} are the same recording", way, names, frames=tests[0].frames)


def _trained(dataset: Dataset) -> dict[str, dict[str, Recording]]:
    """Behavior to what it is learned from, by the id of the recording."""
    return {behavior: {one.source_id: one for one in group} for behavior, group in dataset.labelled.items()}


def _judged(
    text: str, some: Sequence[Recording], trained: Mapping[str, Mapping[str, Recording]], frames: int
) -> Finding:
    names = tuple(one.source_id for one in some)
    for behavior, known in trained.items():
        both = [known[name] for name in names if name in known]
        if len(both) > 1 and not _together(both):
            way = f'under {shown(behavior)} both; leave one out, or hold them out together with copies = "together"'
            return Finding(WRONG, "copies", text, way, names, behavior, frames)
    labelled = [name for name in names if any(name in known for known in trained.values())]
    if labelled and len(labelled) < len(names):
        return _memory(text, listed(labelled), names, frames)
    way = "they are never judged by each other" if labelled else "both are only to be labelled"
    return Finding(NOTE, "copies", text, way, names, frames=frames)


def _memory(text: str, learned: str, names: tuple[str, ...], frames: int) -> Finding:
    way = f"{learned} is trained on, so that a score on the other would be a memory; leave one out"
    return Finding(ODD, "copies", text, way, names, frames=frames)


def _together(some: Sequence[Recording]) -> bool:
    """Whether they are held out together."""
    first, *rest = (set(one.held_with) for one in some)
    return all(first & other for other in rest)
