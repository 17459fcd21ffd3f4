"""The command that writes a saved run as a page."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from nnstep.commands import open_saved
from nnstep.errors import NnstepError
from nnstep.html_report import report_html
from nnstep.run_findings import find_out
from nnstep.runs import read_run, restore_branches
from nnstep.storage import check_writable, write_text


def report(options: Namespace) -> int:
    """Writes a saved run as one HTML page that needs no network."""
    output = options.output or str(Path(options.run).with_suffix(".html"))
    run = read_run(options.run)
    check_writable(output)
    found, obstacle = None, ""
    try:
        bench, timeline = open_saved(options)
        branches = list(timeline.branches.values())
    except NnstepError as error:
        obstacle, branches = str(error), restore_branches(run)
        print(f"nnstep: the report lacks what needs network and data: {error}", file=sys.stderr)
    name = options.branch or run.meta["at"]["branch"]
    branch = next((one for one in branches if one.name == name), None)
    if branch is None:
        raise NnstepError(f"there is no branch '{name}'", f"There are: {', '.join(one.name for one in branches)}")
    if not obstacle:
        found = find_out(timeline, branch, bench.data.test)
    write_text(output, report_html(run, branches, branch, found, obstacle))
    print(output)
    return 0
