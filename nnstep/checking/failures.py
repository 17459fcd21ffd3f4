"""Findings about what ended a check: the student's code raised or hung, or the check itself could not go on."""

from __future__ import annotations

from nnstep.checking.findings import Finding
from nnstep.student_errors import StudentError


def raised(error: StudentError) -> Finding:
    """What an error of the student's code is called."""
    if "Cannot cast ufunc" in error.message:
        return Finding("integer", "", f"{error.message}: an integer array cannot take the update", 0.95, error.line)
    id = "timeout" if error.kind == "timeout" else "raised"
    return Finding(id, "", error.message, 0.99, error.line)


def unfinished(what: str, error: Exception) -> Finding:
    """A check that could not be finished says nothing about what it checks, so it counts as a finding.

    Args:
        what: was being done, such as `the check of Dense 1`.
        error: what kept it from going on.
    """
    text = f"{what} could not be finished"
    if isinstance(error, MemoryError):
        return Finding("raised", "", f"{text}: MemoryError: more memory is taken than the limit allows", 0.9)
    told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return Finding("unexplained", "", f"{text}, so it may be right or wrong: {told}", 0.5)
