"""Checks each file in a process of its own, and tells what became of those that ended badly."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnstep.errors import NnstepError

POLL = 0.02
MOST_STARTS = 4
STARTING, WAKING = 20.0, 5.0
LONGEST_LOOK = 1.0  # what is longer is a computer that stood still
Report = dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        file: as it was named.
        report: for programs, as `FileReport.as_json` gives it.
        refused: the error where there was nothing to check: no such file, no network in it.
    """

    file: str
    report: Report
    refused: NnstepError | None = None

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return bool(self.report["ok"])


def check_in_process(file: str, time_limit: float, memory_limit: int) -> Outcome:
    """Checks one file in a process of its own.

    Args:
        file: a Python file or a notebook.
        time_limit: seconds for each call of the student's code.
        memory_limit: MiB that it may take.
    """
    fell: dict[int, dict[str, Any]] = {}
    alone = False
    for _ in range(MOST_STARTS):
        content, why = _start(file, time_limit, memory_limit, list(fell), alone)
        if "failed" in content:
            return _failed(file, content["failed"])
        report: Report | None = content.get("report")
        if content.get("stage") == "done" and report is not None:
            return Outcome(file, _with(report, fell))
        finding = _ended(why, time_limit)
        if report is None:
            return Outcome(file, _only_errors([finding]))
        if content.get("stage") == "together":
            break
        if not report["layers"]:  # it ended while the layers were tried together: once more, each alone
            if alone:
                return Outcome(file, _only_errors([finding]))
            alone = True
            continue
        current = report["layers"][-1]["index"]
        if current in fell:
            break
        fell[current] = finding
    assert report is not None
    report["errors"].append(finding)
    report["ok"] = False
    return Outcome(file, _with(report, fell))


def _start(
    file: str, time_limit: float, memory_limit: int, skip: Sequence[int], alone: bool
) -> tuple[dict[str, Any], str]:
    """Runs the process once: what it wrote last, and why it ended."""
    with tempfile.TemporaryDirectory(prefix="nnstep-check-") as folder:
        out = Path(folder) / "report.json"
        words = [
            sys.executable, "-X", "faulthandler=0", "-m", "nnstep.checking.child",
            "--time-limit", str(time_limit), "--memory-limit", str(memory_limit),
        ]  # fmt: skip
        words += ["--alone"] if alone else []
        for index in skip:
            words += ["--skip", str(index)]
        words += ["--", file, str(out)]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=_environment(), start_new_session=True,
        )  # fmt: skip
        try:
            why = _wait(process, out, time_limit)
        finally:
            _end(process)
        try:
            content: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            content = {}
        return content, why


def _environment() -> dict[str, str]:
    """One thread for numpy: enough for small layers, and the memory limit counts every thread's stack."""
    return os.environ | {
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "MPLBACKEND": "Agg", "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *_python_path()]),
    }  # fmt: skip


def _python_path() -> list[str]:
    path = os.environ.get("PYTHONPATH", "")
    return [path] if path else []


def _wait(process: subprocess.Popen[bytes], out: Path, time_limit: float) -> str:
    """Waits until it ends, or shows no life for too long."""
    # A call that does not come back is ended within the process; this is for code that even that cannot stop.
    patience = STARTING
    stamp, silent, looked = 0, 0.0, time.monotonic()
    while process.poll() is None:
        time.sleep(POLL)
        now = time.monotonic()
        silent += min(now - looked, LONGEST_LOOK)
        looked = now
        touched = out.stat().st_mtime_ns if out.exists() else 0
        if touched != stamp:
            stamp, silent, patience = touched, 0.0, time_limit + WAKING
        if silent > patience:
            return "timeout"
    if process.returncode < 0:
        return signal.Signals(-process.returncode).name
    return f"exit code {process.returncode}" if process.returncode else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process, and those that the student's code started in its group."""
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _ended(why: str, time_limit: float) -> dict[str, Any]:
    if why == "timeout":
        text = f"the process did not come back (limit {time_limit:g} s for each call) and was ended"
        return _finding("timeout", text)
    if why.startswith("SIG"):
        return _finding("raised", f"the process was ended by the signal {why}")
    return _finding("raised", f"the process ended by itself ({why or 'without a report'})")


def _failed(file: str, failed: dict[str, Any]) -> Outcome:
    id = "timeout" if failed["kind"] == "timeout" else "raised"
    finding = _finding(id, failed["message"], failed.get("line"))
    refused = NnstepError(failed["message"], failed["hint"]) if failed["kind"] in ("input", "network") else None
    return Outcome(file, _only_errors([finding]), refused)


def _finding(id: str, evidence: str, line: int | None = None) -> dict[str, Any]:
    return {"id": id, "tensor": None, "confidence": 0.99, "evidence": evidence, "line": line}


def _only_errors(errors: list[dict[str, Any]]) -> Report:
    return {
        "ok": False,
        "layers": [],
        "loss": {"name": "", "ok": True, "findings": [], "notes": []},
        "errors": errors,
        "notes": [],
    }


def _with(report: Report, fell: dict[int, dict[str, Any]]) -> Report:
    """The report with what happened to the layers that ended the process."""
    for layer in report["layers"]:
        if layer["index"] in fell:
            layer["findings"] = [fell[layer["index"]]]
            layer["ok"] = report["ok"] = False
    return report
