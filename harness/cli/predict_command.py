"""`harness predict`."""

import argparse

import harness
from harness.cli.arguments import in_place_of, labour
from harness.showing.console import say
from harness.words import counted


def run(arguments: argparse.Namespace) -> int:
    if arguments.out.suffix == ".npy":
        return _submission(arguments)
    if arguments.data is not None and arguments.poses:
        raise harness.HarnessError(f"--data {arguments.data}: leave it out where files of poses are named, or these")
    made = harness.label(
        arguments.models,
        arguments.poses if arguments.data is None else harness.load_recordings(arguments.data),
        arguments.out,
        formats=arguments.formats,
        bins=arguments.bins,
        fps=arguments.fps,
        animals=arguments.animals,
        prefixes=dict(arguments.prefix),
        suffixes=dict(arguments.suffix),
        min_likelihood=arguments.min_likelihood,
        renamed=dict(arguments.rename),
        **labour(arguments),
    )
    for behavior, bouts in made.bouts.items():
        say(f"{behavior}: {counted(bouts, 'bout')}, {counted(made.frames[behavior], 'frame')} claimed")
    say(f"wrote {made.folder} ({counted(made.recordings, 'recording')}): events.csv, summary.csv and more")
    say(f"next: harness summary {made.folder}")
    return 0


def _submission(arguments: argparse.Namespace) -> int:
    """The challenge's labels, in a file."""
    if arguments.data is None or arguments.poses or arguments.formats:
        raise harness.HarnessError(
            f"--out {arguments.out}: a file is for --data alone; name a folder for labels of trackers' files"
        )
    older = in_place_of(arguments.out)
    labels = harness.predict(
        arguments.models,
        arguments.data,
        arguments.out,
        **labour(arguments),
    )
    for behavior, theirs in labels.items():
        say(f"{behavior}: {counted(sum(int(one.sum()) for one in theirs.values()), 'frame')} claimed")
    size = sum(len(one) for theirs in labels.values() for one in theirs.values())
    say(f"wrote {arguments.out} ({counted(len(labels), 'behavior')}, {counted(size, 'label')}){older}")
    return 0
