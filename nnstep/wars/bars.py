"""Live bars of a contest on a terminal; a line for each result elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nnstep.network import loss_text
from nnstep.wars.job import Result
from nnstep.wars.reports import Reports

POLL_SECONDS = 0.2

Shown = Callable[[Result], object]


@contextmanager
def watching(reports: Reports, total: int, done: int) -> Iterator[Shown]:
    """What to call with each result, while it shows how far all are.

    Args:
        reports: of the running jobs.
        total: how many jobs the contest has.
        done: how many were done before.
    """
    if not sys.stderr.isatty():
        yield _Lines(total, done)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        bars = _Bars(progress, reports, total, done)
        bars.start()
        try:
            yield bars
        finally:
            bars.stop()


def result_line(result: Result) -> str:
    """One line on a job that is done."""
    job, test = result.job, result.test
    if test is None:
        return f"{job.name}, seed {job.seed}: lost: {result.why}"
    share = 100 * test.correct / test.samples
    ended = f", {result.why}" if result.why else ""
    return f"{job.name}, seed {job.seed}: {share:.2f} % in {result.seconds:.1f} s{ended}"


class _Lines:
    def __init__(self, total: int, done: int) -> None:
        self.total, self.done = total, done

    def __call__(self, result: Result) -> None:
        self.done += 1
        print(f"{self.done}/{self.total} {result_line(result)}", file=sys.stderr, flush=True)


class _Bars(threading.Thread):
    """Reads the reports a few times a second and draws them."""

    def __init__(self, progress: Any, reports: Reports, total: int, done: int) -> None:
        super().__init__(daemon=True)
        self.progress, self.reports = progress, reports
        self.over = threading.Event()
        self.all = progress.add_task("contest", total=total, completed=done, text=f"{done}/{total}")
        self.done, self.total = done, total
        self.tasks: dict[str, Any] = {}

    def __call__(self, result: Result) -> None:
        self.done += 1
        self.progress.update(self.all, completed=self.done, text=f"{self.done}/{self.total}")
        self.progress.console.print(result_line(result), markup=False, highlight=False)

    def run(self) -> None:
        while not self.over.wait(POLL_SECONDS):
            self._draw(self.reports.read())

    def stop(self) -> None:
        self.over.set()
        self.join()

    def _draw(self, running: dict[str, dict[str, Any]]) -> None:
        for key in self.tasks.keys() - running.keys():
            self.progress.remove_task(self.tasks.pop(key))
        for key, report in running.items():
            if key not in self.tasks:
                name = f"{report['name']}, seed {report['seed']}"
                self.tasks[key] = self.progress.add_task(name, total=1, text="")
            self.progress.update(self.tasks[key], completed=share_done(report), text=_text(report))


def share_done(report: Mapping[str, Any]) -> float:
    """How much of a job is done, 0 to 1, by whichever budget is nearer to its end."""
    samples = (report["epoch"] - 1) * report["samples"] + report["sample"]
    shares = [samples / (report["epochs"] * report["samples"])] if report["epochs"] else []
    shares += [report["seconds"] / report["budget"]] if report["budget"] else []
    return min(1.0, max(shares, default=0.0))


def _text(report: dict[str, Any]) -> str:
    epochs = f"/{report['epochs']}" if report["epochs"] else ""
    error = f"  error={loss_text(report['errors'][-1])}" if report["errors"] else ""
    return f"epoch {report['epoch']}{epochs}{error}"
