"""The commands that look at a network or a run: evaluate, predict, trace, runs, report; and the debugger."""

from __future__ import annotations

import io
import shlex
import sys
from argparse import Namespace
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.autosave import default_autosave_path
from nnstep.branches import Position, parse_position
from nnstep.command_output import check_outputs, config_of, say, say_more, write_json
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.layers import evaluating
from nnstep.network import Evaluation, Network, epoch_order, loss_text
from nnstep.network import evaluate as evaluate_outputs
from nnstep.run_config import check_config
from nnstep.run_report import describe_run, run_text
from nnstep.runs import open_run, read_notes, read_run
from nnstep.samples import Dataset, Samples
from nnstep.stepping import Frame, run_steps
from nnstep.storage import write_whole
from nnstep.student_code import TIME_LIMIT
from nnstep.student_errors import StudentError
from nnstep.timeline import Timeline
from nnstep.tracing import as_arrays, as_json, as_text
from nnstep.workbench import Workbench, check_sample, set_up, settings_of


def evaluate(options: Namespace) -> int:
    """Prints the test line."""
    check_outputs(options.json)
    bench = set_up(options)
    test = bench.stack.guard(lambda: test_set(bench.network, bench.data.test))
    say(str(test), options)
    write_json(options, {"test": asdict(test), "config": config_of(options, bench)})
    _say_untrained(options, bench)
    say_more(bench)
    return 0


def predict(options: Namespace) -> int:
    """Prints the class of each image: of files, or of the test set."""
    check_outputs(options.json)
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
        say(f"{row['image']}: {row['prediction']}   output {row['confidence']:.3f}{truth}{wrong}", options)
    write_json(options, {"predictions": rows_out})
    _say_untrained(options, bench)
    say_more(bench)
    return 0


def trace(options: Namespace) -> int:
    """Runs one training sample forward, through the loss and backward, and writes its frames."""
    check_outputs(options.json, options.npz)
    if (options.run is None) != (options.at is None):
        raise NnstepError("--run and --at go together", "Such as --run FILE.nnrun --at 7.31415")
    if options.branch and not options.run:
        raise NnstepError("--branch goes with --run", "Such as --run FILE.nnrun --at 7.31415 --branch main")
    options.batch_size, options.shuffle = 1, False
    report: dict[str, Any] = {}
    if options.run:
        position, options.step = _position_and_step(options.at, options.step)
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
        said = f"label {report['label']}, says {report['prediction']}, loss {loss_text(report['loss'])}"
        print(f"{where}digit {row}: {said}")
        print("\n".join("\n" + as_text(frame) for frame in frames))
    if options.npz:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **as_arrays(frames))  # type: ignore[arg-type]
        write_whole(options.npz, lambda file: file.write(buffer.getvalue()))
    if options.json:
        write_json(options, report | {"frames": [as_json(frame) for frame in frames]})
    say_more(bench)
    return 0


def runs(options: Namespace) -> int:
    """Says what is inside run files: network, data, settings, and each branch with its errors."""
    check_outputs(options.json)
    reports = [describe_run(read_run(path)) for path in options.files]
    for report in reports:
        say(run_text(report), options)
    write_json(options, {"runs": reports})
    return 0


def report(options: Namespace) -> int:
    """Writes a saved run as one HTML page that needs no network."""
    from nnstep.report_command import report

    return report(options)


def open_saved(options: Namespace) -> tuple[Workbench, Timeline]:
    """Loads a saved run with the network and the data that it was made with; --data and --limit name others."""
    run = read_run(options.run)
    check_config(run.path, run.config)
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
    engine = choose_engine(run.meta["engine"], bench.stack, at_once=False)
    return bench, open_run(run, bench.stack, bench.data.train, engine)


def open_debugger(options: Namespace) -> int:
    """Opens the app; homework that cannot be opened yet is waited for."""
    if options.epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {options.epochs}")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        made: Opened | None = make_debugger(options)
    except StudentError as error:
        if not terminal or not options.net:
            raise
        from nnstep_tui.waiting import WaitingApp

        made = WaitingApp(lambda: make_debugger(options), error, [options.net]).run()
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


def make_debugger(options: Namespace) -> Opened:
    """Loads or sets up what the options name, for the app."""
    if options.run:
        bench, timeline = open_saved(options)
        notes = read_run(options.run).meta.get("notes", {})
        config = read_run(options.run).config
    else:
        settings = settings_of(options)
        bench = set_up(options)
        train_set, start = bench.data.train, 0
        if options.sample is not None:
            check_sample(options.sample, len(train_set), "of the training set")
            order = epoch_order(len(train_set), 1, settings.shuffle, settings.seed)
            start = int(np.flatnonzero(order == options.sample)[0])
        engine = choose_engine(options.engine, bench.stack, at_once=False)
        timeline = Timeline(bench.stack, train_set, engine, settings, start=start)
        notes, config = {}, config_of(options, bench)
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


def _say_untrained(options: Namespace, bench: Workbench) -> None:
    """Says so where what was judged has not learned anything."""
    if not options.weights and not bench.homework:
        print("note: the weights are untrained; --weights FILE.npz loads those of nnstep train --save", file=sys.stderr)


def _position_and_step(at: str, step: int | None) -> tuple[Position, int | None]:
    """Reads EPOCH.SAMPLE, or EPOCH.SAMPLE.STEP, which the debugger takes as well."""
    place, _, last = at.rpartition(".")
    if step is None and "." in place and last.isdecimal():
        return parse_position(place), int(last)
    return parse_position(at), step


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
