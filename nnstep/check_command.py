"""The command `check`: the gradients and contracts of students' layers."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace

from nnstep.checking.processes import Outcome, check_in_process
from nnstep.checking.report import Writer, junit
from nnstep.errors import NnstepError
from nnstep.storage import check_writable, write_text, write_whole


def check(options: Namespace) -> int:
    """Checks files, each in a process of its own; 1 where something is wrong with one."""
    _check_options(options)
    several = len(options.files) > 1
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    writer = Writer(options.hint, options.teacher, colour)
    outcomes: list[Outcome] = []
    for number, file in enumerate(options.files, 1):
        if several and sys.stderr.isatty():
            print(f"\r\033[K{number}/{len(options.files)} {file}", end="", file=sys.stderr, flush=True)
        outcomes.append(check_in_process(file, options.time_limit, options.memory_limit))
    if several and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if not several and outcomes[0].refused:
        _write(options, outcomes)
        raise outcomes[0].refused
    _write(options, outcomes)
    if "-" not in (options.json, options.junit):
        if several:
            if options.teacher:
                print("\n\n".join(writer.file(outcome) for outcome in outcomes if not outcome.ok))
            print(writer.table(outcomes))
        else:
            print(writer.file(outcomes[0]))
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _check_options(options: Namespace) -> None:
    """Finds out early what cannot work."""
    if not 0 < options.time_limit < 1e6:
        text = "--time-limit expected to be a number of seconds above 0 and below a million"
        raise NnstepError(f"{text}, received {options.time_limit:g}")
    if options.memory_limit < 16:
        raise NnstepError(f"--memory-limit expected to be 16 (MiB) or more, received {options.memory_limit}")
    if options.json and options.json == options.junit:
        raise NnstepError(f"--json and --junit cannot both go to {options.json}", "Name another file for one of them")
    for path in (options.json, options.junit):
        if path and path != "-":
            check_writable(path)


def _write(options: Namespace, outcomes: list[Outcome]) -> None:
    """The reports for programs."""
    if options.json:
        reports = [{"file": outcome.file, **outcome.report} for outcome in outcomes]
        report = reports if len(reports) > 1 else reports[0]
        if options.json == "-":
            print(json.dumps(report, indent=2))  # whatever the terminal's encoding
        else:
            write_text(options.json, json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    if options.junit:
        content = junit(outcomes)
        if options.junit == "-":
            print(content.decode("utf-8"))
        else:
            write_whole(options.junit, lambda file: file.write(content))
