"""`harness predict`."""

import argparse
from pathlib import Path

from harness.cli.arguments import engine_for
from harness.cli.console import counted, say
from harness.cli.outputs import make_room, unwritable
from harness.data.challenge import load_recordings
from harness.detectors import refuse_other_bodies
from harness.export import label_recordings
from harness.registry import PluginFile, load_plugins
from harness.submission import write_submission


def run(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    make_room(out, ".npy")
    plugins, engine = [PluginFile.read(file) for file in arguments.plugin], engine_for(arguments)
    load_plugins(plugins)
    recordings = load_recordings(arguments.data)
    behaviors = refuse_other_bodies(arguments.models, recordings)
    found = label_recordings(arguments.models, recordings, engine=engine, plugins=plugins)
    labels = {behavior: {name: by_behavior[behavior] for name, by_behavior in found.items()} for behavior in behaviors}
    try:
        write_submission(out, labels)
    except OSError as error:
        raise unwritable(out, error) from error
    for behavior, theirs in labels.items():
        say(f"{behavior}: {counted(sum(int(one.sum()) for one in theirs.values()), 'frame')} claimed")
    say(f"wrote {out} ({counted(len(labels), 'behavior')}, {counted(len(recordings), 'recording')})")
    return 0
