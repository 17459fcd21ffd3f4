"""The commands that need no screen: train, evaluate, predict, trace and runs."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.alarms.monitor import Monitor
from nnstep.alarms.printing import printed
from nnstep.architecture import describe_layers
from nnstep.autosave import Autosave, default_autosave_path
from nnstep.branches import parse_position
from nnstep.debugger import Debugger
from nnstep.early_stopping import EarlyStopping
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.layers import evaluating
from nnstep.lookout import Lookout
from nnstep.network import Evaluation, Network, epoch_order, training_line
from nnstep.network import evaluate as evaluate_outputs
from nnstep.run_report import describe_run, run_text
from nnstep.runs import open_run, read_notes, read_run, save_run
from nnstep.samples import Dataset, Samples
from nnstep.scoring import score
from nnstep.signals import exit_code, stop_requests
from nnstep.stepping import Frame, run_steps
from nnstep.storage import check_writable, save_weights, write_text, write_whole
from nnstep.student_code import TIME_LIMIT, StudentError
from nnstep.timeline import Timeline
from nnstep.tracing import as_arrays, as_json, as_text
from nnstep.training import Progress, Trainer
from nnstep.watching import read_conditions, stop_at
from nnstep.workbench import Workbench, check_batches, check_sample, set_up, settings_of

NOTICE_SECONDS = 1.5


def train(options: Namespace) -> int:
    """Trains, prints a line for each epoch and the test line, and writes what was asked for."""
    if options.epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {options.epochs}")
    settings = settings_of(options)
    _check_outputs(options.save, options.json, options.save_run)
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
    with _compiling_notice():
        engine.prepare(bench.stack, bench.data.train)
    if options.autosave is not None:
        saver = _autosave(options, bench)
    stopped = None
    try:
        signal_number = _run_epochs(trainer, options, report["epochs"], saver, stopping, bench)
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
            save_run(options.save_run, timeline, _config(options, bench), notes={"alarms": alarms})
    if stopping and stopping.errors:
        bench.stack.restore(stopping.best)
        report["best_epoch"] = stopping.best_epoch
        _say(f"The weights are those of epoch {stopping.best_epoch}, with the least held-out error", options)
    if stopped:
        _say(str(stopped), options)
    elif signal_number:
        _say(_where(trainer), options)
    else:
        test = bench.stack.guard(lambda: test_set(bench.network, bench.data.test))
        _say(str(test), options)
        report["test"] = _scores(test)
        if options.watch:
            _say("No condition held", options)
    report |= {
        "engine": engine.name,
        "seconds": time.perf_counter() - began,
        "interrupted": signal_number != 0,
        "stopped": stopped.as_json() if stopped else None,
        "alarms": alarms,
        "config": _config(options, bench),
    }
    if options.save:
        save_weights(options.save, bench.stack, _meta(options, bench, trainer))
    _write_json(options, report)
    say_more(bench)
    if signal_number and not stopped:
        return exit_code(signal_number)
    return 1 if options.watch and not stopped else 0


def evaluate(options: Namespace) -> int:
    """Prints the test line."""
    _check_outputs(options.json)
    bench = set_up(options)
    test = bench.stack.guard(lambda: test_set(bench.network, bench.data.test))
    _say(str(test), options)
    _write_json(options, {"test": _scores(test), "config": _config(options, bench)})
    say_more(bench)
    return 0


def predict(options: Namespace) -> int:
    """Prints the class of each image: of files, or of the test set."""
    _check_outputs(options.json)
    bench = set_up(options)
    test = bench.data.test
    if options.images:
        from nnstep.image import load_image

        names = list(options.images)
        pixels = np.concatenate([load_image(name, test.shape) for name in names])
        samples, labelled = Samples(pixels, np.zeros(len(names), np.uint8), test.shape), False
    else:
        chosen = range(len(test))
        if options.sample is not None:
            check_sample(options.sample, len(test), "of the test set")
            chosen = range(options.sample, options.sample + 1)
        names = [str(index) for index in chosen]
        rows = slice(chosen.start, chosen.stop)
        samples, labelled = Samples(test.pixels[rows], test.labels[rows], test.shape), True
    outputs = bench.stack.guard(lambda: forward(bench.network, samples))
    rows_out = [
        _prediction(name, output, int(label) if labelled else None)
        for name, output, label in zip(names, outputs, samples.labels, strict=True)
    ]
    for row in rows_out:
        truth = f"   label {row['label']}" if labelled else ""
        wrong = "   wrong" if labelled and row["label"] != row["prediction"] else ""
        _say(f"{row['image']}: {row['prediction']}   output {row['confidence']:.3f}{truth}{wrong}", options)
    _write_json(options, {"predictions": rows_out})
    say_more(bench)
    return 0


def trace(options: Namespace) -> int:
    """Runs one training sample forward, through the loss and backward, and writes its frames."""
    _check_outputs(options.json, options.npz)
    if (options.run is None) != (options.at is None):
        raise NnstepError("--run and --at go together", "Such as --run FILE.nnrun --at 7.31415")
    options.batch_size, options.shuffle = 1, False
    report: dict[str, Any] = {}
    if options.run:
        position = parse_position(options.at)
        bench, timeline = open_saved(options)
        timeline.visit(position, options.branch)
        row, frames = timeline.row_at(timeline.count), list(timeline.frames())
        report = {"run": options.run, "branch": timeline.branch.name, "epoch": position.epoch, "at": str(position)}
    else:
        settings = settings_of(options)
        bench = set_up(options)
        check_sample(options.sample, len(bench.data.train), "of the training set")
        row, dtype = options.sample, bench.stack.dtype
        X, y = (part(slice(row, row + 1), dtype) for part in (bench.data.train.inputs, bench.data.train.targets))
        bench.stack.learn_parameters(X)
        bench.stack.use_rule(settings.rule)
        with np.errstate(over="ignore", invalid="ignore"):
            frames = bench.stack.guard(lambda: list(run_steps(bench.stack, X, y, settings.learning_rate)))
    outputs = [frame.output for frame in frames[: len(bench.stack.layers) + 1] if frame.output is not None]
    if not np.isfinite(outputs[-1]):
        bench.stack.look_at_outputs([frames[0].input, *outputs[:-1]])
    loss_frame = frames[len(bench.stack.layers)]
    frames = _only(options.step, frames)
    assert loss_frame.output is not None
    report |= {
        "sample": row,
        "label": int(bench.data.train.labels[row]),
        "prediction": int(np.argmax(loss_frame.input)),
        "loss": float(loss_frame.output),
        "learning_rate": loss_frame.learning_rate,
    }
    if not (options.json or options.npz):
        where = f"{options.run} at {report['at']}, {report['branch']}\n" if options.run else ""
        print(f"{where}digit {row}: label {report['label']}, says {report['prediction']}, loss {report['loss']:.6f}")
        print("\n".join("\n" + as_text(frame) for frame in frames))
    if options.npz:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **as_arrays(frames))  # type: ignore[arg-type]
        write_whole(options.npz, lambda file: file.write(buffer.getvalue()))
    if options.json:
        _write_json(options, report | {"frames": [as_json(frame) for frame in frames]})
    say_more(bench)
    return 0


def runs(options: Namespace) -> int:
    """Says what is inside run files: network, data, settings, and each branch with its errors."""
    _check_outputs(options.json)
    reports = [describe_run(read_run(path)) for path in options.files]
    for report in reports:
        _say(run_text(report), options)
    _write_json(options, {"runs": reports})
    return 0


def report(options: Namespace) -> int:
    """Writes a saved run as one HTML page that needs no network."""
    from nnstep.report_command import report

    return report(options)


def open_saved(options: Namespace) -> tuple[Workbench, Timeline]:
    """Loads a saved run with the network and the data that it was made with; --data and --limit name others."""
    run = read_run(options.run)
    known = dict(run.config)
    if options.data != "samples":
        known["data"] = options.data
    for name in ("limit", "test_limit"):
        if getattr(options, name, None) is not None:
            known[name] = getattr(options, name)
    if getattr(options, "net", None):
        known["net"] = options.net
    if known.get("net"):
        known |= {"layers": None, "time_limit": getattr(options, "time_limit", TIME_LIMIT)}
    bench = set_up(Namespace(**({"test_limit": None} | known | {"weights": None})))
    if isinstance(bench.stack, HomeworkStack) and bench.homework and bench.homework.digest != known.get("net_digest"):
        bench.stack.notes["changed"] = f"{run.path}: {bench.homework.path} has changed since this run was made"
    engine = choose_engine(run.meta["engine"], bench.stack)
    return bench, open_run(run, bench.stack, bench.data.train, engine)


def open_debugger(options: Namespace) -> int:
    """Opens the app; homework that cannot be opened yet is waited for."""
    if options.epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {options.epochs}")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        made: Opened | None = _make_debugger(options)
    except StudentError as error:
        if not terminal or not options.net:
            raise
        from nnstep_tui.waiting import WaitingApp

        made = WaitingApp(lambda: _make_debugger(options), error, [options.net]).run()
        if made is None:
            raise
    if not terminal:
        raise NnstepError("the debugger needs a terminal", "Without one: nnstep train, evaluate, predict or trace")
    assert made is not None
    from nnstep_tui.app import NnstepApp
    from nnstep_tui.welcome import first_start

    autosave = default_autosave_path() if options.autosave else None
    app = NnstepApp(made.debugger, options.epochs, made.config, first_start(), made.data.test, autosave)
    code = app.run()
    if app.kept:
        print(f"The run is kept: nnstep --run {shlex.quote(app.kept)} opens it", file=sys.stderr)
    return code or 0


@dataclass(frozen=True, eq=False, slots=True)
class Opened:
    """What the app is opened with."""

    debugger: Debugger
    config: dict[str, Any]
    data: Dataset


def _make_debugger(options: Namespace) -> Opened:
    if options.run:
        bench, timeline = open_saved(options)
        notes = read_run(options.run).meta.get("notes", {})
        config = read_run(options.run).config
    else:
        settings = settings_of(options)
        bench = set_up(options)
        train_set = bench.data.train
        check_sample(options.sample, len(train_set), "of the training set")
        engine = choose_engine(options.engine, bench.stack)
        order = epoch_order(len(train_set), 1, settings.shuffle, settings.seed)
        start = int(np.flatnonzero(order == options.sample)[0])
        timeline = Timeline(bench.stack, train_set, engine, settings, start=start)
        notes, config = {}, _config(options, bench)
    return Opened(Debugger(timeline, **read_notes(notes, bench.stack)), config, bench.data)


def test_set(network: Network, samples: Samples) -> Evaluation:
    """Evaluates a network on samples."""
    return evaluate_outputs(forward(network, samples), samples.targets(slice(None)), network.loss)


def forward(network: Network, samples: Samples) -> Any:
    """ŷ (samples, classes), computed 1,000 samples at a time to keep memory small."""
    dtype = next((a.dtype for layer in network.layers for a in layer.parameters.values()), np.dtype(np.float64))
    dtype = dtype if dtype.kind == "f" else np.dtype(np.float64)
    parts = range(0, len(samples), 1000)
    with np.errstate(over="ignore", invalid="ignore"), evaluating(network.layers):
        return np.concatenate([network.forward(samples.inputs(slice(i, i + 1000), dtype)) for i in parts])


def _run_epochs(
    trainer: Trainer,
    options: Namespace,
    epochs: list[dict[str, Any]],
    saver: Autosave | None,
    stopping: EarlyStopping | None,
    bench: Workbench,
) -> int:
    """Trains to the end, to a condition, or to the first signal that asks to stop, whose number it returns; else 0.

    What is saved at an epoch's end is on disk before the epoch's line is printed. Early stopping is an end too.
    """
    with stop_requests() as stop, _bar(trainer) as bar, printed(trainer.monitor) as print_alarms:
        for progress in trainer.run(options.epochs):
            bar(progress)
            print_alarms(progress.epoch_ended)
            say: Callable[[], object] | None = None
            if progress.epoch_ended:
                line = training_line(progress.epoch, options.epochs, progress.error)
                say = partial(_say, line, options)
                row = {"epoch": progress.epoch, "error": progress.error, "seconds": progress.seconds}
                epochs.append(row)
            if saver and trainer.timeline:
                saver.follow(trainer.timeline, progress.epoch_ended, say)
            elif say:
                say()
            if progress.epoch_ended and stopping and bench.held_out:
                epochs[-1]["held_out"] = test_set(bench.network, bench.held_out).loss
                if stopping.after_epoch(epochs[-1]["held_out"], bench.stack):
                    _say(f"Stopped: the held-out error has not fallen for {stopping.patience} epochs", options)
                    return 0
            if stop and trainer.epoch <= options.epochs:
                return stop[0]
    return 0


def _autosave(options: Namespace, bench: Workbench) -> Autosave:
    if not options.autosave:
        options.autosave = default_autosave_path()
        print(f"Autosave: {options.autosave}", file=sys.stderr)
    return Autosave(
        options.autosave,
        _config(options, bench),
        lambda text: print(f"nnstep: {text}", file=sys.stderr, flush=True),
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
        TextColumn("{task.fields[rate]:,.0f} samples/s  error={task.fields[error]:.6f}  {task.fields[left]} left"),
        TextColumn("{task.fields[engine]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True, expand=True) as bar:
        task = bar.add_task(
            "", total=len(trainer.samples), epoch="", rate=0.0, error=0.0, left="", engine=trainer.engine.name
        )

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.sample,
                epoch=f"{progress.epoch}/{progress.epochs}",
                rate=progress.rate,
                error=progress.error,
                left=clock(progress.seconds_left),
            )

        yield show


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any; a dash where it is not known."""
    if not np.isfinite(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _where(trainer: Trainer) -> str:
    return f"Interrupted at epoch {trainer.epoch}, sample {trainer.sample} of {len(trainer.samples)}"


def _only(number: int | None, frames: list[Frame]) -> list[Frame]:
    """All frames, or the one of a step, counted from 1."""
    if number is None:
        return frames
    if not 1 <= number <= len(frames):
        raise NnstepError(f"--step expected from 1 to {len(frames)}, received {number}")
    return [frames[number - 1]]


def _prediction(name: str, output: Any, label: int | None) -> dict[str, Any]:
    best = int(output.argmax())
    row = {"image": name, "prediction": best, "confidence": float(output[best]), "outputs": output.tolist()}
    return row if label is None else row | {"label": label}


def say_more(bench: Workbench, prints: bool = True) -> None:
    """Says what a student's code printed, and what was noticed about it, on standard error."""
    if bench.homework:
        from nnstep.student_report import report_homework

        report_homework(bench.stack, prints)


def _scores(test: Evaluation) -> dict[str, Any]:
    return asdict(test)


def _config(options: Namespace, bench: Workbench) -> dict[str, Any]:
    known = {name: value for name, value in vars(options).items() if name not in ("command", "json")}
    known |= {"layers": describe_layers(bench.network), "data": bench.data.name}
    if bench.homework:
        known |= {"net": os.path.abspath(bench.homework.path), "net_digest": bench.homework.digest}
    return known


def _meta(options: Namespace, bench: Workbench, trainer: Trainer) -> dict[str, Any]:
    return _config(options, bench) | {"epoch": trainer.epoch, "sample": trainer.sample}


def _say(line: str, options: Namespace) -> None:
    print(line, file=sys.stderr if options.json == "-" else sys.stdout, flush=True)


def _check_outputs(*paths: str | None) -> None:
    for path in paths:
        if path and path != "-":
            check_writable(path)


def _write_json(options: Namespace, report: dict[str, Any]) -> None:
    if options.json == "-":
        print(json.dumps(report))
    elif options.json:
        write_text(options.json, json.dumps(report) + "\n")
