"""What training without a screen shows on a terminal while it runs: a progress bar, and why it is late to begin."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from nnstep.command_output import clock
from nnstep.network import loss_text
from nnstep.training import Progress, Trainer

NOTICE_SECONDS = 1.5


@contextmanager
def compiling_notice() -> Iterator[None]:
    """Says that the engine is being compiled, where that takes longer than loading it would."""
    notice = "Compiling the engine; that is needed once and takes a few seconds"
    timer = threading.Timer(NOTICE_SECONDS, lambda: print(notice, file=sys.stderr, flush=True))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def training_bar(trainer: Trainer) -> Iterator[Callable[[Progress], object]]:
    """A progress bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[rate]:,.0f} samples/s  error={task.fields[error]}  {task.fields[left]} left"),
        TextColumn("{task.fields[engine]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task(
            "", total=len(trainer.samples), epoch="", rate=0.0, error="", left="", engine=trainer.engine.name
        )

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.sample,
                epoch=f"{progress.epoch}/{progress.epochs}",
                rate=progress.rate,
                error=loss_text(progress.error),
                left=clock(progress.seconds_left),
            )

        yield show
