"""`nnstep train`: epochs without a screen, with all that can be kept of them."""

from __future__ import annotations

import errno
import signal
import sys
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
from nnstep.command_output import check_outputs, config_of, say, say_more, write_json
from nnstep.commands import test_set
from nnstep.early_stopping import EarlyStopping
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.lookout import Lookout
from nnstep.network import training_line
from nnstep.runs import save_run
from nnstep.samples import Samples
from nnstep.scoring import answers, score
from nnstep.settings import Settings
from nnstep.signals import Interrupted, exit_code, leave_closed_terminal, stop_requests
from nnstep.storage import save_weights
from nnstep.timeline import Timeline
from nnstep.training import Trainer
from nnstep.training_bar import compiling_notice, training_bar
from nnstep.watching import Stop, read_conditions, stop_at
from nnstep.workbench import Workbench, check_batches, set_up, settings_of


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
    training = _Training(options, bench, _trainer(options, bench, settings), stopping)
    with stop_requests() as stop:  # what comes while files are written waits for them
        training.run(stop)
        training.tell_results()
        training.write_files()
    return training.exit_code


def _trainer(options: Namespace, bench: Workbench, settings: Settings) -> Trainer:
    """What trains; it keeps a timeline where something that is asked for needs one."""
    stack, samples = bench.stack, bench.data.train
    engine = choose_engine(options.engine, stack)
    timeline, lookout = None, None
    if options.save_run or options.watch or options.autosave is not None:
        timeline = Timeline(stack, samples, engine, settings, round(options.budget * 2**20))
        if options.watch:
            lookout = Lookout(timeline, read_conditions(options.watch, timeline))
    monitor = Monitor(stack, samples) if options.alarms else None
    return Trainer(stack, samples, engine, settings, timeline=timeline, lookout=lookout, monitor=monitor)


class _Training:
    """One training, from its first sample to the files that it leaves.

    Args:
        options: the command's.
        bench: network and data.
        trainer: what trains.
        stopping: watches the held-out error, or None.
    """

    def __init__(self, options: Namespace, bench: Workbench, trainer: Trainer, stopping: EarlyStopping | None) -> None:
        self.options, self.bench, self.trainer, self.stopping = options, bench, trainer, stopping
        self._began = time.perf_counter()
        self._report: dict[str, Any] = {"epochs": []}
        self._alarms: list[dict[str, Any]] = []
        self._signal = 0
        self._stop: Stop | None = None
        self._files = _Files()

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        if self._signal and not self._stop:
            return exit_code(self._signal)
        return 1 if self.options.watch and not self._stop else 0

    def run(self, stop: list[int]) -> None:
        """Trains; the run is on disk when this is over, however it ended."""
        options, bench, trainer = self.options, self.bench, self.trainer
        with compiling_notice():
            trainer.engine.prepare(bench.stack, bench.data.train)
        if stop:  # nothing is trained yet
            raise Interrupted(stop[0])
        saver = _autosave(options, bench, trainer.monitor) if options.autosave is not None else None
        try:
            self._signal = self._train(saver, stop)
            if saver:
                saver.wait()
            self._look_at_the_end()
        except NnstepError:
            say_more(bench, prints=False)
            raise
        finally:
            self._alarms = [alarm.as_json() for alarm in trainer.monitor.alarms] if trainer.monitor else []
            if saver:
                saver.close(trainer.timeline)
            self._save_run()
            if sys.exc_info()[0]:  # what ended the training is told last
                self._files.say()

    def tell_results(self) -> None:
        """Says where it stopped, or how it does on the test set."""
        options, bench, stopping = self.options, self.bench, self.stopping
        if stopping and stopping.errors:
            bench.stack.restore(stopping.best)
            self._report["best_epoch"] = stopping.best_epoch
            say(f"The weights are those of epoch {stopping.best_epoch}, with the least held-out error", options)
        if self._stop:
            say(str(self._stop), options)
        elif self._signal:
            say(_where(self.trainer), options)
        else:
            test = bench.stack.guard(lambda: test_set(bench.network, bench.data.test))
            say(str(test), options)
            self._report["test"] = asdict(test)
            if options.watch:
                say("No condition held", options)

    def write_files(self) -> None:
        """Writes weights and report; raises an NnstepError that names each file that could not be written."""
        options, bench = self.options, self.bench
        self._report |= {
            "engine": self.trainer.engine.name,
            "seconds": time.perf_counter() - self._began,
            "interrupted": self._signal != 0,
            "stopped": self._stop.as_json() if self._stop else None,
            "alarms": self._alarms,
            "config": config_of(options, bench),
        }
        if options.save:
            if not bench.stack.canonical_parameters():
                print(f"nnstep: no layer has parameters that nnstep finds: {options.save} holds none", file=sys.stderr)
            self._files.attempt(lambda: save_weights(options.save, bench.stack, _meta(options, bench, self.trainer)))
        self._files.attempt(lambda: write_json(options, self._report))
        say_more(bench)
        self._files.tell()

    def _train(self, saver: Autosave | None, stop: list[int]) -> int:
        """Trains to the end, to a condition, or to the first signal that asks to stop, whose number it returns; else 0.

        What is saved at an epoch's end is on disk before the epoch's line is printed. Early stopping is an end too.
        """
        trainer, options, bench, stopping = self.trainer, self.options, self.bench, self.stopping
        epochs = self._report["epochs"]
        with _though_closed(stop), training_bar(trainer) as bar, printed(trainer.monitor) as print_alarms:
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
                    epochs[-1]["held_out"] = self._held_out_error(bench.held_out)
                    if stopping.after_epoch(epochs[-1]["held_out"], bench.stack):
                        say(f"Stopped: the held-out error has not fallen for {stopping.patience} epochs", options)
                        return 0
                if stop and trainer.epoch <= options.epochs:
                    return stop[0]
        return stop[0] if stop and trainer.epoch <= options.epochs else 0

    def _held_out_error(self, samples: Samples) -> float:
        """What a homework remembers, counts or draws stays as it was."""
        if self.bench.homework:
            return answers(self.bench.stack, samples).score().loss
        return test_set(self.bench.network, samples).loss

    def _look_at_the_end(self) -> None:
        """Finds which condition held, or scores the run at its end."""
        timeline, lookout = self.trainer.timeline, self.trainer.lookout
        if timeline and lookout and lookout.hit is not None:
            self._stop = stop_at(timeline, lookout.breakpoints, lookout.hit)
        elif timeline and not self._signal:
            timeline.branch.scores[timeline.count] = score(self.bench.stack, self.bench.data.test, timeline.count)

    def _save_run(self) -> None:
        timeline, options = self.trainer.timeline, self.options
        if timeline and options.save_run:
            config, notes = config_of(options, self.bench), {"alarms": self._alarms}
            self._files.attempt(lambda: save_run(options.save_run, timeline, config, notes=notes))


class _Files:
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


def _where(trainer: Trainer) -> str:
    return f"Interrupted at epoch {trainer.epoch}, sample {trainer.sample} of {len(trainer.samples)}"


def _meta(options: Namespace, bench: Workbench, trainer: Trainer) -> dict[str, Any]:
    return config_of(options, bench) | {"epoch": trainer.epoch, "sample": trainer.sample}
