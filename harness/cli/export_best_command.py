"""`harness export-best`."""

import argparse

import harness
from harness.cli.arguments import in_place_of, machine, named_run
from harness.labelling.export import Exported
from harness.showing.console import say
from harness.words import counted


def run(arguments: argparse.Namespace) -> int:
    if arguments.labels is None and (arguments.formats or arguments.bins):
        raise harness.HarnessError("--format and --bins are for --labels, which names the folder to make")
    older = in_place_of(arguments.out)
    export = harness.export_best(
        named_run(arguments),
        arguments.out,
        behaviors=arguments.behavior,
        models=arguments.models,
        labels=arguments.labels,
        formats=arguments.formats,
        bins=arguments.bins,
        **machine(arguments),
    )
    for behavior, one in export.behaviors.items():
        say(f"{behavior}: {_in_words(one)}")
    say(f"mean F1 {export.mean_f1:.3f}, each recording judged by members and a decision that were chosen without it")
    if export.submission is None:
        say("nothing to label, so no submission was written")
    else:
        sizes = f"{counted(len(export.behaviors), 'behavior')}, {counted(export.recordings, 'recording')}"
        say(f"wrote {export.submission} ({sizes}) and {export.manifest} (how it was made){older}")
    if export.labels is not None:
        say(f"wrote {export.labels}: events.csv, summary.csv and more")
    if export.models is not None:
        say(f"wrote {export.models} (the fitted models, for harness predict)")
    return 0


def _in_words(exported: Exported) -> str:
    selection = exported.selection
    best = selection.members[0].record
    first = f"{best.in_words}, trial {best.trial}"
    what = first if len(selection.members) == 1 else f"ensemble of {len(selection.members)} trials, first {first}"
    return f"F1 {selection.pooled.f1:.3f}, {what}; {counted(exported.claimed, 'frame')} claimed"
