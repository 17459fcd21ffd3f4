"""20,000 random keys, clicks and sizes from a seed; then every branch must be what a fresh run makes of it."""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pilot_app import SMALL, make_app, until
from textual.events import Key, MouseDown, MouseUp, Resize
from textual.geometry import Size
from textual.keys import _character_to_key
from textual.widgets import Input

from nnstep.architecture import build_network
from nnstep.branches import STEPS, Branch
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.layers import Array
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.stack import Parameters, Stack
from nnstep.stepping import run_steps
from nnstep_tui.app import NnstepApp
from nnstep_tui.keys import ELEMENT, STEPPING

EVENTS, BURST = 20_000, 20
SEED = int(os.environ.get("RANDOM_KEYS_SEED", "7"))
LEAVE = {"q", "W", "S", "x", "F"}  # three write files, the last one compiles; they have tests of their own
KEYS = [key for binding in [*STEPPING, *ELEMENT] for key in binding.key.split(",") if key not in LEAVE]
KEYS += ["up", "down", "enter", "escape", "escape", "space", "a", "1", "2", "3", "tab", "backspace"]
ANSWERS = ["label = 3", "η = 0.05", "W[3,2] = 0.5", "pixel[14,7] = 1", "b[0] = nan", "X[5] = 1"]
ANSWERS += ["loss > 0.2", "label == 7", "wrong", "affine 1 backward", "mean |0.dW|", "1.5", "2.3.4", "17", "nonsense"]
SIZES = [(80, 24), (120, 40), (200, 60), (40, 12), (20, 5), (1, 1)]


def send_random_event(app: NnstepApp, source: random.Random) -> None:
    assert app._driver is not None
    kind = source.random()
    if kind < 0.002:
        width, height = source.choice(SIZES)
        app._driver.send_message(Resize(Size(width, height), Size(width, height)))
    elif kind < 0.08:
        x, y = source.randrange(app.size.width), source.randrange(app.size.height)
        for event in (MouseDown, MouseUp):
            app._driver.send_message(event(None, x, y, 0, 0, 1, False, False, False, x, y))
    else:
        key = source.choice(KEYS)
        character = key if len(key) == 1 else None
        app._driver.send_message(Key(_character_to_key(key) if character else key, character))


async def settle(app: NnstepApp, pilot: Any, source: random.Random) -> None:
    await pilot.pause()
    if isinstance(app.focused, Input) and source.random() < 0.5:
        app.focused.value = source.choice(ANSWERS)
        await pilot.press("enter")
    assert app._exception is None and not app._exit


async def leave_all_dialogs(app: NnstepApp, pilot: Any) -> None:
    for _ in range(20):
        await pilot.press("escape")
    await until(pilot, lambda: len(app.screen_stack) == 2)


@pytest.mark.timeout(600)
async def test_random_keys_leave_every_branch_as_a_fresh_run_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source, app = random.Random(SEED), make_app(limit=20, epochs=1)
    async with app.run_test(size=(120, 40)) as pilot:
        for _ in range(EVENTS // BURST):
            for _ in range(BURST):
                send_random_event(app, source)
            await settle(app, pilot, source)
        await leave_all_dialogs(app, pilot)
        timeline = app.debugger.timeline
        assert timeline.branches["main"].head > 0 and len(timeline.branches) > 3
        for branch in timeline.branches.values():
            losses, parameters = fresh_run(branch, timeline.samples)
            np.testing.assert_array_equal(branch.log.losses[: len(losses)], losses)
            timeline.go_to(branch, branch.head)
            for ours, theirs in zip(timeline.stack.snapshot(), parameters, strict=True):
                for name in theirs:
                    np.testing.assert_array_equal(ours[name], theirs[name])


def fresh_run(branch: Branch, samples: Samples) -> tuple[list[float], Parameters]:
    """A branch's losses up to its head and its parameters there, by a program that keeps no checkpoints."""
    network = build_network(SMALL)
    stack = Stack(network.layers, network.loss)
    stack.learn_parameters(samples.inputs(slice(0, 1), stack.dtype))
    path, part = [(branch, branch.head)], branch
    while part.parent is not None:
        path.append((part.parent, part.origin))
        part = part.parent
    losses: list[float] = []
    for part, end in reversed(path):
        if part.changed and part.parent is not None:
            stack.restore(part.checkpoints[part.start])
        losses = train(part, end, stack, samples)
    return losses, stack.snapshot()


def train(branch: Branch, end: int, stack: Stack, samples: Samples) -> list[float]:
    losses, settings, n = [], branch.settings, len(samples)
    for count in range(branch.start, min(end, branch.head)):
        row = int(epoch_order(n, count // n + 1, settings.shuffle, settings.seed)[count % n])
        kind = next(part.engine for part in reversed(branch.stretches) if part.start <= count)
        if kind == STEPS:
            losses.append(step(branch, count, row, stack, samples))
        else:
            rows = np.array([row])
            losses.append(float(NumpyEngine().run(stack, samples, rows, settings.learning_rate, 1).losses[0]))
    return losses


def step(branch: Branch, count: int, row: int, stack: Stack, samples: Samples) -> float:
    edit = branch.edit_at(count)
    targets: Array = samples.targets(slice(row, row + 1))
    if edit and edit.label is not None:
        targets = np.eye(targets.shape[1])[[edit.label]]
    inputs = samples.inputs(slice(row, row + 1))
    frames = list(run_steps(stack, inputs, targets, branch.settings.learning_rate, edit=edit))
    return float(np.asarray(frames[len(stack.layers)].output))
