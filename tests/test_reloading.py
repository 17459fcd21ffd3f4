"""A file that was saved is taken anew at the same position; what was recorded before keeps the code of then."""

import os
from pathlib import Path

import numpy as np
import pytest

from nnstep.adapting import HomeworkStack
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.homework import load_homework
from nnstep.reloading import Watcher, changes, reload
from nnstep.runs import open_run, read_run, save_run
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.source import running_source
from nnstep.stepping import Frame
from nnstep.timeline import Timeline
from nnstep.watches import parse_watch

SAMPLE = Path(__file__).parents[1] / "samples" / "homework.py"
RIGHT, DOUBLED = "(1 - self.output**2)", "2 * (1 - self.output**2)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "hw.py"
    path.write_text(SAMPLE.read_text().replace("64", "12"))
    return path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def debugger_of(path: Path, digits: Dataset) -> Debugger:
    stack = HomeworkStack(load_homework(str(path)), digits)
    return Debugger(Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1)))


def same(a: tuple[Frame, ...], b: tuple[Frame, ...]) -> bool:
    return all(
        np.array_equal(x.output, y.output) and all(np.array_equal(v, y.after[name]) for name, v in x.after.items())
        for x, y in zip(a, b, strict=True)
    )


def test_new_code_goes_on_here_and_old_samples_keep_the_old_code(path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    debugger.timeline.train(10)
    debugger.enter()
    old = []
    for _ in range(3):
        old.append(debugger.frames)
        debugger.next_sample()
    debugger.cursor = 6
    here = debugger.frames
    replace(path, RIGHT, DOUBLED)
    said = reload(debugger, digits).said
    assert debugger.cursor == 6
    assert debugger.position.sample == 14
    assert "changed TanhLayer.backward_propagation" in said
    assert "others from step 7 on (backward TanhLayer 4)" in said
    expected = 2 * np.asarray(here[6].input_gradient)
    assert np.allclose(debugger.frames[6].input_gradient, expected, rtol=1e-12)  # type: ignore[arg-type]
    assert all(np.array_equal(a.output, b.output) for a, b in zip(here[:6], debugger.frames[:6], strict=True))
    new = debugger.frames
    debugger.next_sample()
    later = debugger.frames
    debugger.previous_sample()
    assert same(debugger.frames, new)
    debugger.previous_sample()
    debugger.cursor = 0
    for frames in reversed(old):
        if not same(debugger.frames, frames):
            debugger.previous_sample()
        assert same(debugger.frames, frames)
    debugger.timeline.visit(debugger.timeline.position_of(14), next(reversed(debugger.timeline.branches)))
    debugger.enter()
    assert same(debugger.frames, later)


def test_the_source_shown_is_that_of_the_code_that_runs(path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    debugger.next_sample()
    debugger.cursor = 6
    replace(path, "class TanhLayer:", "# one\n# two\n# three\nclass TanhLayer:")
    replace(path, RIGHT, DOUBLED)

    def shown() -> tuple[str, str, int]:
        function = running_source(debugger.stack, debugger.frame, debugger.frames)[0]
        return function.file, function.lines[-1][1].strip(), function.first

    file, line, first = shown()
    assert (file, line) == ("hw.py", f"return output_error * {RIGHT}")
    reload(debugger, digits)
    assert shown() == ("hw.py", f"return output_error * {DOUBLED}", first + 3)
    debugger.previous_sample()
    debugger.previous_sample()
    debugger.cursor = 6
    assert shown() == ("hw.py", f"return output_error * {RIGHT}", first)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("def add(self, layer):", "def add(self, layer:"),
        ("network = Network()", "network = None"),
        ("self.output = np.tanh(input)", "self.output = None"),
        (RIGHT, "None"),
        ("return input_error", "return"),
        ("(64, 10)".replace("64", "12"), "(12, 9)"),
    ],
)
def test_code_that_cannot_be_used_leaves_everything_as_it_was(old: str, new: str, path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    debugger.next_sample()
    debugger.cursor = 7
    frames, stack = debugger.frames, debugger.stack
    replace(path, old, new)
    with pytest.raises(NnstepError):
        reload(debugger, digits)
    assert debugger.cursor == 7
    assert debugger.stack is stack
    assert same(debugger.frames, frames)
    assert list(debugger.timeline.branches) == ["main"]
    debugger.next_sample()
    debugger.previous_sample()
    assert same(debugger.frames, frames)


def test_other_shapes_begin_the_run_anew_with_the_same_watches(path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    debugger.watches.add(parse_watch("loss", debugger.stack.names))
    debugger.next_sample()
    path.write_text(path.read_text().replace("12", "8"))
    reloaded = reload(debugger, digits)
    assert (
        "FullyConnectedLayer 1: weights (784, 12), bias (1, 12) then, weights (784, 8), bias (1, 8) now"
        in reloaded.said
    )
    assert reloaded.debugger.position.sample == 1
    assert reloaded.debugger.watches.texts == ["loss"]


def test_another_layer_begins_the_run_anew(path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    replace(path, "network.use(", "network.add(TanhLayer())\nnetwork.use(")
    assert "4 layers then, 5 now" in reload(debugger, digits).said


def test_a_save_without_another_number_says_so(path: Path, digits: Dataset) -> None:
    debugger = debugger_of(path, digits)
    replace(path, "def mse(", "# only a comment\ndef mse(")
    assert reload(debugger, digits).said == "hw.py was reloaded.\nThis sample's numbers are the same as before."


def test_a_run_with_reloaded_code_can_be_saved_and_opened_where_the_code_is_the_same(
    path: Path, tmp_path: Path, digits: Dataset
) -> None:
    debugger = debugger_of(path, digits)
    replace(path, RIGHT, DOUBLED)
    reload(debugger, digits)
    debugger.timeline.train(20)
    saved = str(tmp_path / "r.nnrun")
    save_run(saved, debugger.timeline, {})
    stack = HomeworkStack(load_homework(str(path)), digits)
    again = open_run(read_run(saved), stack, digits.train, choose_engine("auto", stack))
    assert again.count == 20
    again.go_to(again.branch, 7)


def test_changes_are_told_by_function() -> None:
    before = "import a\nclass A:\n    x = 1\n    def f(self): return 1\n    def g(self): return 2\ndef h(): pass\n"
    after = (
        "import a\nclass A:\n    x = 2\n    def f(self):\n        return 1\n    def g(self): return 3\ndef k(): pass\n"
    )
    assert changes(before, after) == ["changed A.g", "changed class A", "added k", "removed h"]
    assert changes(before, before + "# text\n") == []
    assert changes(before, before + "y = 1\n") == ["changed other statements"]


def test_a_watcher_notices_each_save_once(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("1")
    watcher = Watcher([str(path), str(tmp_path / "missing.py")])
    assert not watcher.changed()
    path.write_text("22")
    os.utime(path, ns=(1, 1))
    assert watcher.changed()
    assert not watcher.changed()
    path.unlink()
    assert not watcher.changed()
    path.write_text("333")
    assert watcher.changed()


def test_a_save_by_rename_and_two_saves_in_a_row_are_noticed(tmp_path: Path) -> None:
    file, new = tmp_path / "hw.py", tmp_path / "hw.py.new"
    file.write_text("x = 1\n")
    watcher = Watcher([str(file)])
    new.write_text("x = 22\n")
    os.replace(new, file)
    assert watcher.changed()
    file.write_text("x = 333\n")
    file.write_text("x = 4444\n")
    assert watcher.changed()
    assert not watcher.changed()


MOMENTUM = """\
import numpy as np

SLOPE = 1.0

class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).uniform(-1, 1, (n, m)) / np.sqrt(n)
        self.momentum, self.velocity = 0.9, {}
    def forward_propagation(self, X):
        self.X = X
        return SLOPE * (X @ self.W)
    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = SLOPE * dE_dY @ self.W.T
        self.velocity["W"] = self.momentum * self.velocity.get("W", 0) + SLOPE * self.X.T @ dE_dY
        self.W -= learning_rate * self.velocity["W"]
        return dE_dX

layers = [Dense(784, 10)]
"""


def test_momenta_go_on_after_a_reload_and_edited_constants_are_the_new_ones(tmp_path: Path, digits: Dataset) -> None:
    path = tmp_path / "hw.py"
    path.write_text(MOMENTUM)
    stack = HomeworkStack(load_homework(str(path)), digits)
    debugger = Debugger(Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.01)))
    for _ in range(3):
        debugger.next_sample()
    frames = debugger.frames
    path.write_text(MOMENTUM + "# nothing new\n")
    assert reload(debugger, digits).said.endswith("This sample's numbers are the same as before.")
    assert np.array_equal(debugger.frames[-1].after["W"], frames[-1].after["W"])
    path.write_text(MOMENTUM.replace("0.9", "0.5").replace("SLOPE = 1.0", "SLOPE = 2.0"))
    reload(debugger, digits)
    layer, module = debugger.stack.homework.layers[0], debugger.stack.homework.module  # type: ignore[attr-defined]
    assert layer.momentum == 0.5 and module.SLOPE == 2.0 and "W" in layer.velocity
