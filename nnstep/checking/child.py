"""The process in which one file is checked: reads its order from the command line, writes the report as it grows."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from nnstep.checking.file_check import check_file
from nnstep.checking.findings import FileReport, with_places
from nnstep.errors import NnstepError
from nnstep.homework import load_homework
from nnstep.student_code import pulse, running
from nnstep.student_errors import StudentError

HEARTBEAT = 0.5
LONGEST_PAUSE = 30.0  # between two calls of the student's code


def main() -> None:
    """Checks a file and writes what it found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("out")
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--memory-limit", type=int, default=1024)
    parser.add_argument("--skip", type=int, action="append", default=[])
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    limit_memory(options.memory_limit)
    _write(options.out, {"stage": "loading"})
    threading.Thread(target=_show_life, args=(options.out,), daemon=True).start()
    try:
        homework = load_homework(options.file, options.time_limit)
    except StudentError as error:
        _write(options.out, {"stage": "done", "failed": _as_failure(error)})
    except NnstepError as error:
        _write(
            options.out, {"stage": "done", "failed": {"kind": "input", "message": error.message, "hint": error.hint}}
        )
    except Exception as error:  # code that is stranger than the loading expects
        text = f"{options.file} could not be loaded: {' '.join(f'{type(error).__name__}: {error}'.split())}"
        _write(options.out, {"stage": "done", "failed": {"kind": "raised", "message": text, "hint": ""}})
    else:

        def told(report: FileReport, stage: str) -> None:
            _write(options.out, {"stage": stage, "report": with_places(report.as_json(), homework.place)})

        report = check_file(homework, told, frozenset(options.skip), options.alone)
        told(report, "done")
    sys.stdout.flush()
    os._exit(0)  # a thread that never ended does not hold the process


def _as_failure(error: StudentError) -> dict[str, Any]:
    """What kept a file from being loaded: an error of its own, or that there is no network in it."""
    kind = "timeout" if error.kind == "timeout" else "raised"
    if error.kind in ("loading", "protocol") and not error.traceback:
        kind = "network"
    return {"kind": kind, "message": error.message, "hint": error.hint, "line": error.line}


def limit_memory(mebibytes: int) -> None:
    """Lets this process take so much more memory than it has now, where the system can do that."""
    try:
        import resource
    except ImportError:
        return
    used = 0
    with contextlib.suppress(OSError, ValueError):
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    if used:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (used + mebibytes * 2**20, resource.RLIM_INFINITY))


def _show_life(path: str) -> None:
    """Touches the report as long as Python runs and the check goes on.

    Code that holds the interpreter's lock for ever stops it. So does code that never ends where no call of it is timed,
    such as a `__del__`.
    """
    parent = os.getppid()
    last, still = pulse(), 0
    while still < LONGEST_PAUSE / HEARTBEAT:
        time.sleep(HEARTBEAT)
        now = pulse()
        still = still + 1 if now == last and not running()[0] else 0
        last = now
        if os.getppid() != parent:  # it was killed: nobody waits for the report
            os._exit(1)
        with contextlib.suppress(OSError):
            os.utime(path)


def _write(path: str, content: dict[str, Any]) -> None:
    beside = f"{path}.new"
    Path(beside).write_text(json.dumps(content), encoding="utf-8")
    os.replace(beside, path)


if __name__ == "__main__":
    main()
