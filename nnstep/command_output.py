"""What all commands print and write: lines, JSON reports, and the options that a run was made with."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from typing import Any

import numpy as np

from nnstep.architecture import describe_layers
from nnstep.storage import check_writable, write_text
from nnstep.streams import drop_output
from nnstep.workbench import Workbench


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any; a dash where it is not known."""
    if not np.isfinite(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def say_more(bench: Workbench, prints: bool = True) -> None:
    """Says what a student's code printed, and what was noticed about it, on standard error."""
    if bench.homework:
        from nnstep.student_report import report_homework

        report_homework(bench.stack, prints)


def config_of(options: Namespace, bench: Workbench) -> dict[str, Any]:
    """The options, as a run's file keeps them: JSON's own types."""
    known = {name: value for name, value in vars(options).items() if name not in ("command", "json")}
    known |= {"layers": describe_layers(bench.network), "data": bench.data.name}
    if bench.homework:
        known |= {"net": os.path.abspath(bench.homework.path), "net_digest": bench.homework.digest}
    return known


def say(line: str, options: Namespace) -> None:
    """Prints a line: to standard error where the JSON report goes to standard output.

    Where nobody takes the line, but files are still to be written, the command goes on without printing.
    """
    try:
        print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)
    except OSError as error:
        if options.json == "-" or not _writes_files(options):
            raise
        drop_output(error)


def _writes_files(options: Namespace) -> bool:
    return any(getattr(options, name, None) is not None for name in ("json", "save", "save_run", "autosave"))


def check_outputs(*paths: str | None) -> None:
    """Raises an NnstepError where a file that is to be written later cannot be."""
    for path in paths:
        if path and path != "-":
            check_writable(path)


def write_json(options: Namespace, report: dict[str, Any]) -> None:
    """Writes the report where `--json` says."""
    if options.json == "-":
        print(json.dumps(report))
    elif options.json:
        write_text(options.json, json.dumps(report) + "\n")
