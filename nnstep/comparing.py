"""The command `nnstep compare`: in lockstep with frameworks, or in a table of training."""

from __future__ import annotations

import sys
from argparse import Namespace

import numpy as np
from numpy.typing import NDArray

from nnstep.bars import progress_bar
from nnstep.command_output import write_json
from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS, open_framework
from nnstep.frameworks.twin import Twin, twin_of
from nnstep.lockstep import TOLERANCES, Companion, Lockstep
from nnstep.lockstep_report import as_json, table, verdict
from nnstep.network import batches as cut
from nnstep.network import epoch_order
from nnstep.settings import Settings
from nnstep.storage import check_writable
from nnstep.workbench import Workbench, check_batches, set_up, settings_of

USUAL_EPOCHS = 20


def compare(options: Namespace) -> int:
    """Compares with frameworks; 1 where a tensor parts from one of them."""
    if options.json and options.json != "-":
        check_writable(options.json)
    if options.schedule != "constant" or options.augment:
        given = "--augment" if options.augment else "--schedule"
        raise NnstepError(f"{given} is nnstep's own: frameworks would not go along", f"Leave {given} out")
    if options.curves or options.show:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise NnstepError("curves need a terminal", "Without one: nnstep compare --train --json FILE.json")
        if options.curves and not options.train:
            raise NnstepError("--curves goes with --train", "A table that was saved: nnstep compare --show FILE.json")
    if options.show:
        return _show(options)
    if options.train:
        from nnstep.training_table import train_table

        return train_table(options)
    return _lockstep(options)


def _show(options: Namespace) -> int:
    """Draws the curves of a saved table in the app."""
    from nnstep.training_curves import read_courses

    if options.train:
        raise NnstepError("--show and --train exclude each other", "--train --curves draws what was just trained")
    courses = read_courses(options.show)
    from nnstep_tui.curves_app import CurvesApp

    CurvesApp(courses, options.show).run()
    return 0


def _lockstep(options: Namespace) -> int:
    if options.samples < 1:
        raise NnstepError(f"--samples expected to be 1 or more, received {options.samples}")
    if options.tolerance is not None and not 0 < options.tolerance < 1:
        raise NnstepError(f"--tolerance expected to be a number between 0 and 1, received {options.tolerance:g}")
    if options.epochs is not None and options.epochs < 1:
        raise NnstepError(f"--epochs expected to be 1 or more, received {options.epochs}")
    if options.contender:
        raise NnstepError("--contender goes with --train")
    settings = settings_of(options)
    bench = set_up(options)
    check_batches(bench.network, settings)
    first = bench.data.train.inputs(slice(0, 1), bench.stack.dtype)
    bench.stack.learn_parameters(first)
    bench.stack.use_rule(settings.rule)
    twin = twin_of(bench.stack, first, settings.batch_size)
    for note in twin.notes:
        print(f"note: {note}", file=sys.stderr)
    companions, missing = open_companions(options, twin)
    batches = batches_of(bench, settings, options)
    lockstep = Lockstep(bench.stack, twin, companions, settings.learning_rate)
    with progress_bar("sample steps", len(batches)) as show:
        for done in lockstep.run(bench.data.train, batches):
            show(done)
    mine = mine_of(options)
    agree = all(c.parted is None for c in companions) and any(c.steps for c in companions)
    report = {
        "agree": agree,
        "mine": mine,
        "dtype": np.dtype(bench.stack.dtype).name,
        "batch_size": settings.batch_size,
        "steps": len(batches),
        "frameworks": {c.key: as_json(c, batches) for c in companions},
        "missing": missing,
        "notes": list(twin.notes),
        "config": {name: value for name, value in vars(options).items() if name not in ("command", "json")},
    }
    write_json(options, report)
    _print(options, mine, settings, companions, batches, bench)
    return 0 if agree else 1


def open_companions(options: Namespace, twin: Twin) -> tuple[list[Companion], dict[str, str]]:
    """Builds the network in each framework that was asked for; one that is missing costs a line.

    Raises:
        NnstepError: none can be had.
    """
    companions, missing = [], {}
    wanted = options.framework or list(FRAMEWORKS)
    usual = TOLERANCES[np.dtype(twin.blueprint.dtype).name]
    for key in dict.fromkeys(wanted):
        try:
            network = open_framework(key, twin.blueprint)
        except NnstepError as error:
            missing[key] = str(error)
            print(f"nnstep: {error}", file=sys.stderr)
            continue
        tolerance = options.tolerance or (TOLERANCES["float32"] if network.single else usual)
        if network.single and tolerance > usual and not options.tolerance:
            print(f"note: {network.name} normalises batches in float32: tolerance {tolerance:g}", file=sys.stderr)
        companions.append(Companion(key, network, tolerance))
    if not companions:
        raise NnstepError("there is no framework to compare with", 'Install one: pip install "nnstep[torch]"')
    return companions, missing


def batches_of(bench: Workbench, settings: Settings, options: Namespace) -> list[NDArray[np.int64]]:
    """Which samples each step takes: through the epochs, until there were as many as --samples says."""
    found: list[NDArray[np.int64]] = []
    count = len(bench.data.train)
    for epoch in range(1, (options.epochs or USUAL_EPOCHS) + 1):
        order = epoch_order(count, epoch, settings.shuffle, settings.seed)
        for rows in cut(order, settings.batch_size):
            if len(found) * settings.batch_size >= options.samples:
                return found
            found.append(rows)
    return found


def mine_of(options: Namespace) -> str:
    """What the network is called that is compared."""
    return str(getattr(options, "net", None) or "nnstep")


def _print(
    options: Namespace,
    mine: str,
    settings: Settings,
    companions: list[Companion],
    batches: list[NDArray[np.int64]],
    bench: Workbench,
) -> None:
    out = sys.stderr if options.json == "-" else sys.stdout
    size = "one sample" if settings.batch_size == 1 else f"{settings.batch_size} samples"
    names = " and ".join(c.network.name for c in companions)
    print(f"{mine} beside {names}: {size} a step, {np.dtype(bench.stack.dtype).name}", file=out)
    print(f"\n{table(companions)}\n", file=out)
    for companion in companions:
        print(verdict(companion, mine, batches), file=out)
