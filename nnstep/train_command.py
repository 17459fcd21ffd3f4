"""`nnstep train`: epochs without a screen, with all that can be kept of them."""

from __future__ import annotations

import errno
import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

from nnstep.alarms.monitor import Monitor
from nnstep.alarms.printing import printed
from nnstep.autosave import Autosave, default_autosave_path
from nnstep.command_output import check_outputs, clock, config_of, say, say_more, write_json
from nnstep.commands import test_set
from nnstep.early_stopping import EarlyStopping
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout
from nnstep.network import loss_text, training_line
from nnstep.runs import save_run
from nnstep.scoring import score
from nnstep.signals import Interrupted, exit_code, leave_closed_terminal, stop_requests
from nnstep.storage import save_weights
from nnstep.timeline import Timeline
from nnstep.training import Progress, Trainer
from nnstep.watching import read_conditions, stop_at
from nnstep.workbench import Workbench, check_batches, set_up, settings_of

NOTICE_SECONDS = 1.5


def train(options: Namespace) -> int:
    """Trains, prints a line for each epoch and the test line, and writes what was asked for."""
    if options.epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {options.epochs}")
    if not 0 < options.budget < 1e9:
        raise NnstepError(f"--budget expected to be a number of MiB above 0, received {options.budget:g}")
    settings = settings_of(options)
    check_outputs(options.save, options.json, options.save_run)
    stopping = EarlyStopping(options.patience) if options.patience is not None else None
    bench = set_up(options)
    check_batches(bench.network, settings)
    engine = choose_engine(options.engine, bench.stack)
    timeline, lookout, saver = None, None, None
    if options.save_run or options.watch or options.autosave is not None:
        timeline = Timeline(bench.stack, bench.data.train, engine, settings, round(options.budget * 2**20))
        if options.watch:
            lookout = Lookout(timeline, read_conditions(options.watch, timeline))
    monitor = Monitor(bench.stack, bench.data.train) if options.alarms else None
    trainer = Trainer(
        bench.stack, bench.data.train, engine, settings, timeline=timeline, lookout=lookout, monitor=monitor
    )
    began = time.perf_counter()
    report: dict[str, Any] = {"epochs": []}
    kept = _Kept()
    with stop_requests() as stop:  # what comes while files are written waits for them
        with _compiling_notice():
            engine.prepare(bench.stack, bench.data.train)
        if stop:  # nothing is trained yet
            raise Interrupted(stop[0])
        if options.autosave is not None:
            saver = _autosave(options, bench, monitor)
        stopped = None
        try:
            signal_number = _run_epochs(trainer, options, report["epochs"], saver, stopping, bench, stop)
            if saver:
                saver.wait()
            if timeline and lookout and lookout.hit is not None:
                stopped = stop_at(timeline, lookout.breakpoints, lookout.hit)
            elif timeline and not signal_number:
                timeline.branch.scores[timeline.count] = score(bench.stack, bench.data.test, timeline.count)
        except NnstepError:
            say_more(bench, prints=False)
            raise
        finally:
            alarms = [alarm.as_json() for alarm in monitor.alarms] if monitor else []
            if saver:
                saver.close(timeline)
            if timeline and options.save_run:
                notes = {"alarms": alarms}
                kept.attempt(lambda: save_run(options.save_run, timeline, config_of(options, bench), notes=notes))
            if sys.exc_info()[0]:  # what ended the training is told last
                kept.say()
        if stopping and stopping.errors:
            bench.stack.restore(stopping.best)
            report["best_epoch"] = stopping.best_epoch
            say(f"The weights are those of epoch {stopping.best_epoch}, with the least held-out error", options)
        if stopped:
            say(str(stopped), options)
        elif signal_number:
            say(_where(trainer), options)
        else:
            test = bench.stack.guard(lambda: test_set(bench.network, bench.data.test))
            say(str(test), options)
            report["test"] = asdict(test)
            if options.watch:
                say("No condition held", options)
        report |= {
            "engine": engine.name,
            "seconds": time.perf_counter() - began,
            "interrupted": signal_number != 0,
            "stopped": stopped.as_json() if stopped else None,
            "alarms": alarms,
            "config": config_of(options, bench),
        }
        if options.save:
            if not bench.stack.canonical_parameters():
                print(f"nnstep: no layer has parameters that nnstep finds: {options.save} holds none", file=sys.stderr)
            kept.attempt(lambda: save_weights(options.save, bench.stack, _meta(options, bench, trainer)))
        kept.attempt(lambda: write_json(options, report))
        say_more(bench)
        kept.tell()
        if signal_number and not stopped:
            return exit_code(signal_number)
        return 1 if options.watch and not stopped else 0


class _Kept:
    """Files that are written one after the other: each is tried, whatever became of those before it."""

    def __init__(self) -> None:
        self.failures: list[NnstepError] = []

    def attempt(self, write: Callable[[], object]) -> None:
        """Writes one; that it failed is told at the end."""
        try:
            write()
        except NnstepError as error:
            self.failures.append(error)

    def say(self) -> None:
        """Prints each failure."""
        for error in self.failures:
            print(f"nnstep: {error.message}", file=sys.stderr)

    def tell(self) -> None:
        """Raises an NnstepError that names each failure."""
        if self.failures:
            raise NnstepError("; ".join(error.message for error in self.failures), self.failures[0].hint)


def _run_epochs(
    trainer: Trainer,
    options: Namespace,
    epochs: list[dict[str, Any]],
    saver: Autosave | None,
    stopping: EarlyStopping | None,
    bench: Workbench,
    stop: list[int],
) -> int:
    """Trains to the end, to a condition, or to the first signal that asks to stop, whose number it returns; else 0.

    What is saved at an epoch's end is on disk before the epoch's line is printed. Early stopping is an end too.
    """
    with _though_closed(stop), _bar(trainer) as bar, printed(trainer.monitor) as print_alarms:
        for progress in trainer.run(options.epochs):
            bar(progress)
            print_alarms(progress.epoch_ended)
            tell: Callable[[], object] | None = None
            if progress.epoch_ended:
                line = training_line(progress.epoch, options.epochs, progress.error)
                tell = partial(say, line, options)
                row = {"epoch": progress.epoch, "error": progress.error, "seconds": progress.seconds}
                epochs.append(row)
            if saver and trainer.timeline:
                saver.follow(trainer.timeline, progress.epoch_ended, tell)
            elif tell:
                tell()
            if progress.epoch_ended and stopping and bench.held_out:
                epochs[-1]["held_out"] = test_set(bench.network, bench.held_out).loss
                if stopping.after_epoch(epochs[-1]["held_out"], bench.stack):
                    say(f"Stopped: the held-out error has not fallen for {stopping.patience} epochs", options)
                    return 0
            if stop and trainer.epoch <= options.epochs:
                return stop[0]
    return stop[0] if stop and trainer.epoch <= options.epochs else 0


@contextmanager
def _though_closed(stop: list[int]) -> Iterator[None]:
    """A line that finds the terminal closed, before its signal has come, asks to stop as that does."""
    try:
        yield
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        leave_closed_terminal()
        if not stop:
            stop.append(signal.SIGHUP)


def _autosave(options: Namespace, bench: Workbench, monitor: Monitor | None) -> Autosave:
    if not options.autosave:
        options.autosave = default_autosave_path()
        print(f"Autosave: {options.autosave}", file=sys.stderr)
    return Autosave(
        options.autosave,
        config_of(options, bench),
        lambda text: print(f"nnstep: {text}", file=sys.stderr, flush=True),
        lambda: {"alarms": [alarm.as_json() for alarm in monitor.alarms] if monitor else []},
    )


@contextmanager
def _compiling_notice() -> Iterator[None]:
    """Says that the engine is being compiled, where that takes longer than loading it would."""
    notice = "Compiling the engine; that is needed once and takes a few seconds"
    timer = threading.Timer(NOTICE_SECONDS, lambda: print(notice, file=sys.stderr, flush=True))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def _bar(trainer: Trainer) -> Iterator[Any]:
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


def _where(trainer: Trainer) -> str:
    return f"Interrupted at epoch {trainer.epoch}, sample {trainer.sample} of {len(trainer.samples)}"


def _meta(options: Namespace, bench: Workbench, trainer: Trainer) -> dict[str, Any]:
    return config_of(options, bench) | {"epoch": trainer.epoch, "sample": trainer.sample}
