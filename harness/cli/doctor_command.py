"""`harness doctor`."""

import argparse
from collections import Counter

import harness
from harness.cli.console import show_csv, show_json, show_markdown
from harness.showing.console import say
from harness.words import counted, escaped


def run(arguments: argparse.Namespace) -> int:
    examination = harness.doctor(arguments.data, progress=True)
    found = examination.findings
    if arguments.format == "json":
        show_json(examination.as_json())
    elif arguments.format == "csv":
        show_csv(examination.as_json())
    elif arguments.format == "markdown":
        show_markdown(["grade", "kind", "found", "what to do"], [[f.grade, f.kind, f.text, f.way] for f in found])
    else:
        for one in found:
            print(escaped(f"{one.grade}: {one.line}"))
    grades = Counter(one.grade for one in found)
    amounts = ", ".join(f"{grades[grade]} {grade}" for grade in ("wrong", "odd") if grades[grade])
    say(f"{arguments.data}: {counted(len(found), 'finding')}{f', {amounts}' if amounts else ', nothing wrong or odd'}")
    return int(examination.wrong)
