"""Takes a student's file anew after it was saved, at the same position of the run, and says what changed."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nnstep.adapting import HomeworkStack
from nnstep.debugger import Debugger
from nnstep.homework import load_homework
from nnstep.network import loss_text
from nnstep.samples import Dataset
from nnstep.stack import Stack
from nnstep.stepping import Frame
from nnstep.timeline import Timeline


@dataclass(frozen=True, eq=False, slots=True)
class Reloaded:
    """What came of a reload.

    Attributes:
        debugger: stands where the one before stood; another one where the run had to begin anew.
        said: what changed, one sentence a line.
    """

    debugger: Debugger
    said: str


class Watcher:
    """Notices when one of some files is saved."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = tuple(files)
        self._seen = self._stamps()

    def changed(self) -> bool:
        """One was saved since this was asked last; one that is missing for the moment does not count."""
        stamps = self._stamps()
        fresh = any(now is not None and now != then for now, then in zip(stamps, self._seen, strict=True))
        self._seen = [now or then for now, then in zip(stamps, self._seen, strict=True)]
        return fresh

    def _stamps(self) -> list[tuple[int, int] | None]:
        found: list[tuple[int, int] | None] = []
        for file in self.files:
            try:
                status = os.stat(file)
                found.append((status.st_mtime_ns, status.st_size))
            except OSError:
                found.append(None)
        return found


def reload(debugger: Debugger, data: Dataset, seed: int = 0) -> Reloaded:
    """Loads the file of the debugger's network again.

    Where its layers have parameters of the same shapes as before, a branch with the new code begins at the present
    position, with the weights of there; what was recorded before keeps the old code. Otherwise the run begins anew.

    Args:
        debugger: what is stepped; its stack is a `HomeworkStack`.
        data: the samples.
        seed: as the file was loaded with.

    Raises:
        NnstepError: the new code cannot be used; then the debugger goes on with the old one.
    """
    old = debugger.stack
    assert isinstance(old, HomeworkStack)
    before = old.homework
    homework = load_homework(before.path, before.code.time_limit, seed, before.version + 1)
    stack = HomeworkStack(homework, data)
    lines = [f"{homework.code.name} was reloaded."]
    changed = changes(before.text, homework.text)
    if changed:
        lines[0] = f"{homework.code.name} was reloaded: {', '.join(changed[:6])}{' …' if len(changed) > 6 else ''}."
    if _shapes(old) != _shapes(stack):
        lines.append(f"Its layers hold other parameters than before ({_difference(old, stack)}): the run begins anew.")
        anew = _begin_anew(debugger, stack)
        if anew.failure and not debugger.failure:
            raise anew.failure
        return Reloaded(anew, "\n".join(lines))
    frames = debugger.frames
    debugger.change_code(stack, f"{homework.code.name} at {time.strftime('%H:%M:%S')}")
    lines.append(compare(frames, debugger.frames))
    return Reloaded(debugger, "\n".join(lines))


def changes(before: str, after: str) -> list[str]:
    """Which functions, classes and other statements are not the same in two programs: `changed Dense.backward`."""
    old, new = _pieces(before), _pieces(after)
    said = [f"changed {name}" for name in new if name in old and old[name] != new[name]]
    said += [f"added {name}" for name in new if name not in old]
    return said + [f"removed {name}" for name in old if name not in new]


def compare(before: tuple[Frame, ...], after: tuple[Frame, ...]) -> str:
    """In one sentence, from which step on the numbers of a sample are others."""
    if len(before) != len(after):
        frame = min(before, after, key=len)[-1]
        word = "now runs" if len(after) > len(before) else "now fails"
        return f"This sample {word} at step {frame.step.index + 1} ({frame.step.phase} {frame.step.name})."
    for old, new in zip(before, after, strict=True):
        pairs = [(old.output, new.output), (old.input_gradient, new.input_gradient)]
        pairs += [(old.after[name], new.after.get(name)) for name in old.after]
        if not all(np.array_equal(a, b, equal_nan=True) for a, b in pairs if a is not None and b is not None):
            layers = len(before) // 2 - 1
            losses = [float(np.asarray(frames[layers].output)) for frames in (before, after)]
            loss = f"; the loss was {loss_text(losses[0])}, is {loss_text(losses[1])}" if losses[0] != losses[1] else ""
            where = f"step {old.step.index + 1} on ({old.step.phase} {old.step.name})"
            return f"This sample's numbers are others from {where}{loss}."
    return "This sample's numbers are the same as before."


def _pieces(text: str) -> dict[str, str]:
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    found: dict[str, str] = {}
    rest: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            inner = []
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    found[f"{node.name}.{part.name}"] = ast.dump(part)
                else:
                    inner.append(ast.dump(part))
            found[f"class {node.name}"] = "".join(inner) + "".join(map(ast.dump, node.bases))
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = ast.dump(node)
        else:
            rest.append(ast.dump(node))
    return found | {"other statements": "".join(rest)}


def _shapes(stack: Stack) -> list[dict[str, tuple[int, ...]]]:
    return [
        {name: array.shape for name, array in stack.parameters_of(index).items()} for index in range(len(stack.layers))
    ]


def _difference(old: Stack, new: Stack) -> str:
    if len(old.layers) != len(new.layers):
        return f"{len(old.layers)} layers then, {len(new.layers)} now"
    for name, then, now in zip(new.names, _shapes(old), _shapes(new), strict=True):
        if then != now:
            return f"{name}: {_text(then)} then, {_text(now)} now"
    return "none"


def _text(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no parameters"


def _begin_anew(debugger: Debugger, stack: HomeworkStack) -> Debugger:
    old = debugger.timeline
    first = next(iter(old.branches.values()))
    timeline = Timeline(stack, old.samples, old.engine, first.settings, old.budget, first.start)
    return Debugger(timeline, debugger.breakpoints, debugger.watches)
