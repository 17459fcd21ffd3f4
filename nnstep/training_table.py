"""Trains contenders one after the other in one run, and compares errors, accuracies and times."""

from __future__ import annotations

import math
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nnstep.architecture import DEFAULT_LAYERS, build_network, input_shape
from nnstep.bars import progress_bar
from nnstep.command_output import write_json
from nnstep.contenders import NAMES, OURS, Contender, installed, parse_contender, usual_contenders
from nnstep.data import load_data
from nnstep.engines.base import check_engine, choose_engine
from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS, Blueprint, open_framework
from nnstep.layers import evaluating
from nnstep.network import Evaluation, Network, epoch_order, evaluate, loss_text
from nnstep.network_file import read_network_file
from nnstep.samples import Dataset
from nnstep.stack import Stack
from nnstep.training import Trainer
from nnstep.workbench import check_batches, check_fit, settings_of

USUAL_EPOCHS = 5
SHOWN_ERRORS = 6
Report = Callable[[int], object]


@dataclass(eq=False, slots=True)
class Row:
    """How a contender did.

    Attributes:
        contender: who.
        name: what trained it, with its version or engine.
        epochs: of each epoch its number, error, seconds, and the evaluation on the test set after it.
        failure: why it ended early; empty where it did not.
    """

    contender: Contender
    name: str
    epochs: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""

    def seconds_per_epoch(self) -> float:
        """The median; NaN where there is no epoch."""
        return float(np.median([epoch["seconds"] for epoch in self.epochs])) if self.epochs else math.nan


def train_table(options: Namespace) -> int:
    """Trains all contenders, prints the table and writes the report."""
    epochs = USUAL_EPOCHS if options.epochs is None else options.epochs
    if epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {epochs}")
    if options.weights or getattr(options, "net", None):
        raise NnstepError("--train begins with fresh weights of --layers; leave --weights and --net out")
    data = load_data(options.data, options.limit, options.test_limit)
    contenders, missing = contenders_of(options)
    for contender in contenders:
        network = network_of(contender)
        check_fit(network, data)
        check_batches(network, contender.settings)
    for line in missing.values():
        print(f"nnstep: {line}", file=sys.stderr)
    rows = []
    for contender in contenders:
        rows.append(_trained(contender, data, epochs))
        print(f"{_title(rows[-1])}: {_ending(rows[-1])}", file=sys.stderr, flush=True)
    report = report_of(rows, data, missing, options)
    write_json(options, report)
    print(table(rows, len(data.train)), file=sys.stderr if options.json == "-" else sys.stdout)
    if options.curves:
        from nnstep.training_curves import courses_of
        from nnstep_tui.curves_app import CurvesApp

        CurvesApp(courses_of(report), f"{len(data.train):,} samples of {data.name}").run()
    return 0


def contenders_of(options: Namespace) -> tuple[list[Contender], dict[str, str]]:
    """The usual ones and those of --contender, as far as they can run here; and what is missing."""
    layers, loss, init = options.layers or DEFAULT_LAYERS, options.loss, options.init
    if layers.lower().endswith(".toml"):
        file = read_network_file(layers)
        layers, loss, init = file.layers, loss or file.loss, init or file.init
    check_engine(options.engine)
    base = Contender(OURS, layers, loss or "mse", init or "lecun", settings_of(options), options.dtype, options.engine)
    wanted = usual_contenders(base, options.framework or list(FRAMEWORKS))
    return installed([*wanted, *(parse_contender(text, base) for text in options.contender or ())])


def network_of(contender: Contender) -> Network:
    """Its network with fresh weights, the same for all contenders with these layers and seed."""
    return build_network(contender.layers, contender.loss, contender.init, contender.settings.seed, contender.dtype)


def _trained(contender: Contender, data: Dataset, epochs: int) -> Row:
    """Trains a contender to the end; one that diverges or raises ends early, and the others go on."""
    row = Row(contender, NAMES[contender.framework])
    try:
        with progress_bar(f"{contender.name or row.name}", epochs * len(data.train)) as show:
            run = _by_nnstep if contender.framework == OURS else _by_framework
            for epoch in run(row, data, epochs, show):
                row.epochs.append({"epoch": len(row.epochs) + 1, **epoch})
                if not math.isfinite(epoch["error"]):
                    row.failure = f"diverged in epoch {len(row.epochs)}"
                    break
    except (NnstepError, ArithmeticError, ValueError, RuntimeError) as error:
        row.failure = " ".join(str(error).split())[:200]
    return row


def _by_nnstep(row: Row, data: Dataset, epochs: int, show: Report) -> Iterator[dict[str, Any]]:
    contender = row.contender
    network = network_of(contender)
    stack = Stack(network.layers, network.loss)
    stack.learn_parameters(data.train.inputs(slice(0, 1), stack.dtype))
    stack.use_rule(contender.settings.rule)
    engine = choose_engine(contender.engine, stack)
    row.name = f"nnstep ({engine.name})"
    engine.prepare(stack, data.train)
    trainer = Trainer(stack, data.train, engine, contender.settings)
    for progress in trainer.run(epochs):
        show((progress.epoch - 1) * progress.samples + progress.sample)
        if progress.epoch_ended:
            test = _evaluated(lambda X: _outputs(network, X), data, network, contender)
            yield {"error": progress.error, "seconds": progress.seconds, **test}


def _outputs(network: Network, X: Any) -> Any:
    with np.errstate(over="ignore", invalid="ignore"), evaluating(network.layers):
        return np.concatenate([network.forward(X[i : i + 1000]) for i in range(0, len(X), 1000)])


def _by_framework(row: Row, data: Dataset, epochs: int, show: Report) -> Iterator[dict[str, Any]]:
    contender, settings = row.contender, row.contender.settings
    network = network_of(contender)
    size = input_shape(network)
    shape = (size,) if isinstance(size, int) else tuple(size or ())
    blueprint = Blueprint(network.layers, contender.loss, shape, settings.rule, np.dtype(contender.dtype))
    theirs = open_framework(contender.framework, blueprint)
    row.name = theirs.name
    X, y = (part(slice(None), np.dtype(contender.dtype)) for part in (data.train.inputs, data.train.targets))
    theirs.prepare(X, y, settings.batch_size)
    for epoch in range(1, epochs + 1):
        done = (epoch - 1) * len(X)
        inputs, targets = X, y
        if settings.shuffle:
            order = epoch_order(len(X), epoch, True, settings.seed)
            inputs, targets = X[order], y[order]
        began = time.perf_counter()
        error = theirs.epoch(inputs, targets, settings.learning_rate, settings.batch_size, _after(done, show))
        seconds = time.perf_counter() - began
        yield {"error": error, "seconds": seconds, **_evaluated(theirs.predict, data, network, contender)}


def _after(done: int, show: Report) -> Report:
    return lambda count: show(done + count)


def _evaluated(predict: Callable[[Any], Any], data: Dataset, network: Network, contender: Contender) -> dict[str, Any]:
    outputs = predict(data.test.inputs(slice(None), np.dtype(contender.dtype)))
    with np.errstate(over="ignore", invalid="ignore"):
        found: Evaluation = evaluate(outputs, data.test.targets(slice(None)), network.loss)
    return {"test": asdict(found)}


def ratios(rows: Sequence[Row]) -> list[float]:
    """How many samples each trains a second, as a multiple of the first one of its group."""
    first: dict[str, float] = {}
    return [first.setdefault(row.contender.group, row.seconds_per_epoch()) / row.seconds_per_epoch() for row in rows]


def table(rows: Sequence[Row], samples: int) -> str:
    """The table for a person: a block for each way of training."""
    lines: list[str] = []
    group = ""
    for row, ratio in zip(rows, ratios(rows), strict=True):
        if row.contender.group != group:
            group = row.contender.group
            head = f"{'accuracy':>10}{'strict':>9}{'s/epoch':>10}{'samples/s':>12}{'ratio':>8}   error by epoch"
            lines += [*([""] if lines else []), group, f"  {'':24}{head}"]
        lines.append(f"  {_title(row):24}{_cells(row, ratio, samples)}")
    return "\n".join(lines)


def _cells(row: Row, ratio: float, samples: int) -> str:
    if not row.epochs:
        return f"  {row.failure}"
    test, seconds = row.epochs[-1]["test"], row.seconds_per_epoch()
    errors = [loss_text(epoch["error"]) for epoch in row.epochs]
    if len(errors) > SHOWN_ERRORS:
        errors = [*errors[: SHOWN_ERRORS // 2], "…", *errors[-SHOWN_ERRORS // 2 :]]
    shares = f"{test['correct'] / test['samples']:>10.1%}{test['strict_correct'] / test['samples']:>9.1%}"
    times = f"{seconds:>10.3f}{samples / seconds:>12,.0f}{ratio:>8.2f}"
    return f"{shares}{times}   {' '.join(errors)}{f'  {row.failure}' if row.failure else ''}"


def _title(row: Row) -> str:
    return row.contender.name or row.name


def _ending(row: Row) -> str:
    if not row.epochs:
        return row.failure
    last = row.epochs[-1]
    test = last["test"]
    ended = f", {row.failure}" if row.failure else ""
    return f"error {loss_text(last['error'])}, accuracy {test['correct']}/{test['samples']}{ended}"


def report_of(rows: Sequence[Row], data: Dataset, missing: dict[str, str], options: Namespace) -> dict[str, Any]:
    """All of it in full precision; the epochs are the points of the curves."""
    return {
        "contenders": [
            {
                "name": _title(row),
                "by": row.name,
                "framework": row.contender.framework,
                "layers": row.contender.layers,
                "loss": row.contender.loss,
                "init": row.contender.init,
                "optimizer": row.contender.settings.optimizer,
                "learning_rate": row.contender.settings.learning_rate,
                "batch_size": row.contender.settings.batch_size,
                "dtype": row.contender.dtype,
                "group": row.contender.group,
                "epochs": [_finite(epoch) for epoch in row.epochs],
                "test": _finite(row.epochs[-1]["test"]) if row.epochs else None,
                "seconds_per_epoch": _or_none(row.seconds_per_epoch()),
                "samples_per_second": _or_none(len(data.train) / row.seconds_per_epoch()),
                "ratio": _or_none(ratio),
                "failure": row.failure or None,
            }
            for row, ratio in zip(rows, ratios(rows), strict=True)
        ],
        "missing": missing,
        "samples": len(data.train),
        "config": {name: value for name, value in vars(options).items() if name not in ("command", "json")},
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _finite(value) if isinstance(value, dict) else _or_none(value) if isinstance(value, float) else value
        for key, value in values.items()
    }


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
