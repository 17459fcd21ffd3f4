"""Runs code that a student wrote: within a time limit, its prints kept, its errors told as the student's own."""

from __future__ import annotations

import contextvars
import ctypes
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, TypeVar

import numpy as np

from nnstep.errors import NnstepError
from nnstep.student_errors import GivenUp, StudentError
from nnstep.student_prints import Prints, divided_streams, kept_by, undo_other_streams

TIME_LIMIT = 10.0
GRACE = 1.0
POLL = 0.05
ASLEEP = 1.0

T = TypeVar("T")
Spot = tuple[str, int, str, str]


class Overtime(BaseException):
    """Ends a call that takes too long; no Exception, so that the code that runs does not handle it."""


class _Run:
    """One thread that runs student code: what it is in, since when, and how it ended."""

    def __init__(self) -> None:
        self.what, self.began, self.printed, self.calls = "", 0.0, 0, 0
        self.given_up = self.left_behind = False
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class StudentCode:
    """The code of one file, and the rules under which it runs.

    Args:
        path: the file.
        time_limit: seconds for each call.

    Attributes:
        files: the student's files: this one, and those that it imported from its folder.
        prints: what it has printed.
        place: names the place of a line in the file, for files whose lines are counted in another way.
        exhausted: the error of the last call that took more memory than there is.
    """

    def __init__(self, path: str, time_limit: float = TIME_LIMIT) -> None:
        self.path, self.time_limit = path, time_limit
        self.files: set[str] = {path}
        self.prints = Prints()
        self.place: Callable[[int], str] = lambda line: f"line {line}"
        self.exhausted: StudentError | None = None
        self._runs: dict[int, _Run] = {}

    @property
    def name(self) -> str:
        """The name of the file, without folders."""
        return Path(self.path).name.partition("#")[0]

    def call(self, what: str, function: Callable[..., T], *arguments: Any) -> T:
        """Calls a function of the student's.

        Args:
            what: the name of what is called, for errors: `forward_propagation of Dense 1`.
            function: what to call.
            arguments: what it is given.

        Raises:
            StudentError: it raised, or took longer than the time limit.
        """
        run = self._runs.get(threading.get_ident())
        if run is None:
            return self.within(lambda: self.call(what, function, *arguments))
        before = run.what, run.began
        run.what, run.began, run.printed = what, time.monotonic(), self.prints.count
        run.calls += 1
        try:
            result = function(*arguments)
            if run.left_behind:
                raise Overtime  # nobody waits for it any more, and nothing else of the network may run in its thread
            return result
        except (NnstepError, Overtime):
            raise
        except BaseException as error:
            told = self.told(what, error)
            told.printed = self.prints.since(run.printed)
            if isinstance(error, MemoryError):
                traceback.clear_frames(error.__traceback__)  # what they hold is what there was too much of
                self.exhausted = told.without_context()
            raise told from None
        finally:
            run.what, run.began = before

    def within(self, work: Callable[[], T]) -> T:
        """Does work that calls student code often, all of it in one thread; only the calls have a time limit."""
        if threading.get_ident() in self._runs:
            return work()
        run = _Run()
        context = contextvars.copy_context()
        thread = threading.Thread(target=lambda: context.run(self._run, run, work), daemon=True, name=self.name)
        with divided_streams():
            thread.start()
            self._watch(run, thread)
        if isinstance(run.error, Overtime):
            raise self._late(run, None)
        if run.error is not None:
            raise run.error
        result: T = run.result
        return result

    def told(self, what: str, error: BaseException) -> StudentError:
        """An error of the student's code, with the way to it through the student's files.

        Args:
            what: what was called.
            error: what it raised.
        """
        if isinstance(error, SyntaxError) and (not error.filename or error.filename in self.files):
            return self._syntax(error)
        kind, text = type(error).__name__, _one_line(error)
        if isinstance(error, MemoryError):
            text = text or "more memory than there is"
        spots = _spots(error.__traceback__, self.files)
        said = f"{kind}: {text}" if text else kind
        line = spots[-1][1] if spots and spots[-1][0] == self.path else None
        return StudentError(
            f"{self._where(spots)}: {what} raised {said}",
            traceback=self._written(spots, said),
            file=self.name,
            line=line,
        )

    def _run(self, run: _Run, work: Callable[[], Any]) -> None:
        identity = threading.get_ident()
        self._runs[identity] = _ACTIVE[identity] = run
        try:
            with np.errstate(all="ignore"), kept_by(self.prints):
                run.result = work()
        except BaseException as error:
            run.error = error
        finally:
            del self._runs[identity], _ACTIVE[identity]
            undo_other_streams()
            run.done.set()

    def _watch(self, run: _Run, thread: threading.Thread) -> None:
        """Waits for a thread; where a call takes too long, ends it or leaves it behind.

        Raises:
            StudentError: the thread had to be left behind.
        """
        idle = _idle_time()
        while not run.done.wait(POLL):
            now, idle, before = time.monotonic(), _idle_time(), idle
            if idle - before > ASLEEP and run.began:  # the whole computer stood still, which is no fault of the code
                run.began += idle - before
            began = run.began
            if not run.given_up and (not began or now - began <= self.time_limit):
                continue
            late = self._late(run, sys._current_frames().get(thread.ident or 0))
            end = time.monotonic() + GRACE
            while time.monotonic() < end:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Overtime)
                )
                if run.done.wait(POLL):
                    break
            run.left_behind = not run.done.is_set()
            undo_other_streams()
            raise late

    def _late(self, run: _Run, frame: FrameType | None) -> StudentError:
        what, given_up = run.what, run.given_up
        spots = _spots_of_frame(frame, self.files)
        said = "was given up" if given_up else f"did not come back within {self.time_limit:g} s"
        hint = "" if given_up else "Look for a loop that never ends; --time-limit SECONDS allows more"
        line = spots[-1][1] if spots and spots[-1][0] == self.path else None
        written = self._written(spots, f"Timeout: {what} {said}")
        kind = GivenUp if given_up else StudentError
        error = kind(f"{self._where(spots)}: {what} {said}", hint, written, self.name, line, "timeout")
        error.printed = self.prints.since(run.printed)
        return error

    def _syntax(self, error: SyntaxError) -> StudentError:
        line = error.lineno or 1
        shown = (error.text or "").rstrip("\n")
        mark = f"\n    {' ' * (max(error.offset or 1, 1) - 1 - (len(shown) - len(shown.lstrip())))}^" if shown else ""
        text = (
            f'  File "{self.name}", {self.place(line)}\n    {shown.strip()}{mark}\n{type(error).__name__}: {error.msg}'
        )
        message = f"{self.name}, {self.place(line)}: syntax error: {error.msg}"
        return StudentError(message, traceback=text, file=self.name, line=line, kind="loading")

    def _where(self, spots: list[Spot]) -> str:
        if not spots:
            return self.name
        file, line = spots[-1][:2]
        return f"{self.name}, {self.place(line)}" if file == self.path else f"{Path(file).name}, line {line}"

    def _written(self, spots: list[Spot], said: str) -> str:
        if not spots:
            return said
        lines = ["Traceback (most recent call last):"]
        shown = spots if len(spots) <= 12 else [*spots[:6], *spots[-6:]]
        for index, (file, line, function, text) in enumerate(shown):
            if len(spots) > len(shown) and index == 6:
                lines.append(f"  … {len(spots) - len(shown)} more calls …")
            place = self.place(line) if file == self.path else f"line {line}"
            name = self.name if file == self.path else Path(file).name
            lines.append(f'  File "{name}", {place}, in {function}')
            if text:
                lines.append(f"    {text}")
        return "\n".join([*lines, said])


def give_up() -> None:
    """Ends all calls of students' code that run now, as if their time were over."""
    for run in list(_ACTIVE.values()):
        run.given_up = True


def running() -> tuple[str, float]:
    """What runs now, such as `forward_propagation of Dense 1`, and for how many seconds; empty between two calls."""
    for run in list(_ACTIVE.values()):
        what, began = run.what, run.began
        if what and began and not run.left_behind:
            return what, time.monotonic() - began
    return "", 0.0


def pulse() -> tuple[tuple[int, int], ...]:
    """Something else after each call of students' code; it stays where code outside of all calls never ends."""
    return tuple((id(run), run.calls) for run in list(_ACTIVE.values()))


def _idle_time() -> float:
    """Seconds that went by without this process computing."""
    return time.monotonic() - time.process_time()


def _spots(trace: TracebackType | None, files: set[str]) -> list[Spot]:
    return [_spot(s) for s in traceback.extract_tb(trace) if s.filename in files]


def _spots_of_frame(frame: FrameType | None, files: set[str]) -> list[Spot]:
    return [_spot(s) for s in traceback.extract_stack(frame) if s.filename in files] if frame else []


def _spot(summary: traceback.FrameSummary) -> Spot:
    return summary.filename, summary.lineno or 1, summary.name, summary.line or ""


def _one_line(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:300]
    except Exception:
        return ""


_ACTIVE: dict[int, _Run] = {}
