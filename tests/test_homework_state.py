"""What a homework keeps beside its weights is the run's, wherever it is kept: replayed exactly, or said to be lost."""

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from nnstep.adapting import HomeworkStack
from nnstep.alarms.monitor import Monitor
from nnstep.branches import Position
from nnstep.cli import main
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.homework import load_homework
from nnstep.runs import open_run, read_run, save_run
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.student_errors import StudentError
from nnstep.student_state import state_from_array
from nnstep.timeline import Timeline
from nnstep.training import Trainer

LAYERS = """\
import numpy as np

class Dense:
    def __init__(self, n, m):
        self.W = np.random.default_rng(n).uniform(-0.05, 0.05, (n, m))
        self.b = np.zeros((1, m))
    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        self.W -= learning_rate * self.X.T @ dE_dY
        self.b -= learning_rate * dE_dY
        return dE_dX

class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        return self.Y
    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY * (1 - self.Y ** 2)
"""
NETWORK = "layers = [Dense(784, 12), Middle(), Dense(12, 10), Tanh()]\n"
MIDDLE = """
class Middle(Tanh):
    def forward_propagation(self, X):
        return super().forward_propagation(X) * self.factor()
"""
FUNCTIONS = """
import numpy as np

class Layer:
    pass

def dense(n, m):
    W = np.random.default_rng(n).uniform(-0.05, 0.05, (n, m))
    b = np.zeros((1, m))
    velocity = {}
    X = None
    def forward(given):
        nonlocal X
        X = given
        return X @ W + b
    def backward(dE_dY, learning_rate):
        dE_dX = dE_dY @ W.T
        for name, array, gradient in (("W", W, X.T @ dE_dY), ("b", b, dE_dY)):
            velocity[name] = 0.5 * velocity.get(name, 0) + gradient
            array -= learning_rate * velocity[name]
        return dE_dX
    layer = Layer()
    layer.forward_propagation, layer.backward_propagation = forward, backward
    return layer

layers = [dense(784, 12), dense(12, 10)]
"""
KEPT = {
    "layers that are closures": FUNCTIONS,
    "a variable of the function around": LAYERS
    + """
def counting():
    n = 0
    def count():
        nonlocal n
        n += 1
        return n
    return count
class Middle(Tanh):
    def __init__(self):
        self.count = counting()
    def forward_propagation(self, X):
        return super().forward_propagation(X) / self.count()
"""
    + NETWORK,
    "the class around": LAYERS
    + """
def middle():
    n = 0
    class Middle(Tanh):
        def forward_propagation(self, X):
            nonlocal n
            n += 1
            return super().forward_propagation(X) / n
    return Middle
Middle = middle()
"""
    + NETWORK,
    "a default value": LAYERS
    + MIDDLE
    + "    def factor(self, seen=[]):\n        seen.append(1)\n        return 1 / len(seen)\n"
    + NETWORK,
    "an attribute of a function": LAYERS
    + "def count():\n    count.n = getattr(count, 'n', 0) + 1\n    return count.n\n"
    + MIDDLE
    + "    def factor(self):\n        return 1 / count()\n"
    + NETWORK,
    "another class": LAYERS
    + "class Clock:\n    time = 0\n"
    + MIDDLE
    + "    def factor(self):\n        Clock.time += 1\n        return 1 / Clock.time\n"
    + NETWORK,
    "a set": LAYERS
    + "seen = set()\n"
    + MIDDLE
    + "    def factor(self):\n        seen.add(float(self.Y[0, 0]))\n        return 1 / len(seen)\n"
    + NETWORK,
    "a list of pairs": LAYERS
    + "past = []\n"
    + MIDDLE
    + "    def factor(self):\n        past.append((1, self.Y))\n        return 1 / len(past)\n"
    + NETWORK,
    "a mapping of the module": LAYERS
    + "past = {}\n"
    + MIDDLE
    + "    def factor(self):\n        past[len(past)] = 1\n        return 1 / len(past)\n"
    + NETWORK,
    "momenta that are made when first needed": LAYERS.replace(
        "        self.W -= learning_rate * self.X.T @ dE_dY\n",
        "        if not hasattr(self, 'past'):\n            self.past = {'v': {}}\n"
        "        v = self.past['v']\n"
        "        v[0] = v.get(0, 0) * 0.5 + self.X.T @ dE_dY\n        self.W -= learning_rate * v[0]\n",
    )
    + "class Middle(Tanh): pass\n"
    + NETWORK,
    "momenta by name in the module": LAYERS.replace(
        "        self.W -= learning_rate * self.X.T @ dE_dY\n",
        "        v[len(self.W)] = v.get(len(self.W), 0) * 0.5 + self.X.T @ dE_dY\n"
        "        self.W -= learning_rate * v[len(self.W)]\n",
    )
    + "v = {}\nclass Middle(Tanh): pass\n"
    + NETWORK,
    "momenta by pairs and by words with a slash": LAYERS.replace(
        "        self.W -= learning_rate * self.X.T @ dE_dY\n",
        "        for name in ((len(self.W), 'W'), f'{len(self.W)}/W'):\n"
        "            optimizer.v[name] = optimizer.v.get(name, 0) * 0.5 + self.X.T @ dE_dY\n"
        "            self.W -= learning_rate * optimizer.v[name]\n",
    )
    + "class Optimizer:\n    def __init__(self):\n        self.v = {}\n"
    "optimizer = Optimizer()\nclass Middle(Tanh): pass\n" + NETWORK,
}
ENDLESS = (
    LAYERS
    + "def one_by_one():\n    n = 0\n    while True:\n        n += 1\n        yield n\nnumbers = one_by_one()\n"
    + MIDDLE
    + "    def factor(self):\n        return 1 / next(numbers)\n"
    + NETWORK
)


def stack_of(path: Path, digits: Dataset, time_limit: float = 10) -> HomeworkStack:
    return HomeworkStack(load_homework(str(path), time_limit), digits)


def timeline_of(folder: Path, text: str, digits: Dataset, time_limit: float = 10) -> Timeline:
    path = folder / "hw.py"
    path.write_text(text)
    stack = stack_of(path, digits, time_limit)
    return Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1))


def losses_alone(text: str, digits: Dataset, count: int) -> list[float]:
    """What a student's own loop computes: mean squared error and its gradient, one sample at a time."""
    module: dict[str, object] = {"__name__": "alone"}
    exec(text, module)
    layers = module["layers"]
    assert isinstance(layers, list)
    losses = []
    for X, y in zip(digits.train.inputs(slice(0, count)), digits.train.targets(slice(0, count)), strict=True):
        Y = X.reshape(1, -1)
        for layer in layers:
            Y = layer.forward_propagation(Y)
        losses.append(float(np.mean((y - Y) ** 2)))
        gradient = -2 * (y - Y) / y.size
        for layer in reversed(layers):
            gradient = layer.backward_propagation(gradient, 0.1)
    return losses


@pytest.mark.parametrize("kind", KEPT)
def test_training_gives_what_the_code_gives_alone(kind: str, tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(tmp_path, KEPT[kind], digits)
    timeline.train(15)
    np.testing.assert_allclose(timeline.branch.log.losses, losses_alone(KEPT[kind], digits, 15), rtol=1e-9)


def trained(folder: Path, text: str, digits: Dataset) -> Timeline:
    """Twenty samples on, with a checkpoint halfway."""
    timeline = timeline_of(folder, text, digits)
    timeline.train(10)
    timeline.branch.checkpoints[10] = timeline.stack.snapshot()
    timeline.train(10)
    return timeline


def check_visits(timeline: Timeline) -> None:
    """Positions before and behind the checkpoint, in any order."""
    debugger = Debugger(timeline)
    for sample in (1, 11, 4, 16, 12, 1):
        debugger.go_to(Position(1, sample))
        assert debugger.loss == timeline.branch.log.losses[sample - 1]


@pytest.mark.parametrize("kind", KEPT)
def test_any_position_can_be_visited_in_any_order(kind: str, tmp_path: Path, digits: Dataset) -> None:
    timeline = trained(tmp_path, KEPT[kind], digits)
    check_visits(timeline)


@pytest.mark.parametrize("kind", KEPT)
def test_a_saved_run_goes_on_from_its_checkpoints(kind: str, tmp_path: Path, digits: Dataset) -> None:
    timeline = trained(tmp_path, KEPT[kind], digits)
    save_run(str(tmp_path / "r.nnrun"), timeline, {})
    stack = stack_of(tmp_path / "hw.py", digits)
    reopened = open_run(read_run(str(tmp_path / "r.nnrun")), stack, digits.train, choose_engine("auto", stack))
    reopened.visit(Position(1, 14))
    for run in (reopened, timeline):
        run.go_to_head()
        run.train(5)
    assert np.array_equal(reopened.branch.log.losses, timeline.branch.log.losses)


def test_momenta_in_a_module_that_the_homework_imports_are_the_runs(
    tmp_path: Path, digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    optimizer = "v = {}\ndef step(name, g):\n    v[name] = v.get(name, 0) * 0.5 + g\n    return v[name]\n"
    (tmp_path / "momenta_beside.py").write_text(optimizer)
    text = "import momenta_beside\n" + LAYERS.replace(
        "self.W -= learning_rate * self.X.T @ dE_dY",
        "self.W -= learning_rate * momenta_beside.step(len(self.W), self.X.T @ dE_dY)",
    ).replace("class Tanh", "class Middle")
    text += "layers = [Dense(784, 12), Middle(), Dense(12, 10), Middle()]\n"
    timeline = trained(tmp_path, text, digits)
    check_visits(timeline)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("momenta_beside")
    np.testing.assert_allclose(timeline.branch.log.losses, losses_alone(text, digits, 20), rtol=1e-9)


def test_weights_in_closures_are_parameters(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(tmp_path, FUNCTIONS, digits)
    parameters = timeline.stack.parameters_of(0)
    assert {name: array.shape for name, array in parameters.items()} == {"W": (784, 12), "b": (1, 12)}
    frame = timeline.frames()[-1]
    X = digits.train.inputs(slice(0, 1))
    np.testing.assert_allclose(frame.gradients["W"], X.T @ frame.output_gradient, rtol=1e-6, atol=1e-12)


def test_a_recorded_sample_is_not_shown_with_other_numbers(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(tmp_path, ENDLESS, digits)
    debugger = Debugger(timeline)
    debugger.next_sample()
    debugger.next_sample()
    shown = debugger.frames
    debugger._kept.clear()
    with pytest.raises(NnstepError, match=r"cannot be replayed: the loss of 1.1 was .* and is .* when it runs again"):
        debugger.restart()
    assert debugger.position == Position(1, 3) and debugger.frames is shown


def test_a_run_with_state_out_of_sight_opens_where_it_was_left(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(tmp_path, ENDLESS, digits)
    timeline.train(20)
    weights = timeline.stack.snapshot()
    save_run(str(tmp_path / "r.nnrun"), timeline, {})
    stack = stack_of(tmp_path / "hw.py", digits)
    reopened = open_run(read_run(str(tmp_path / "r.nnrun")), stack, digits.train, choose_engine("auto", stack))
    assert reopened.count == 20
    assert np.array_equal(reopened.stack.snapshot()[0]["W"], weights[0]["W"])
    reopened.train(5)
    with pytest.raises(NnstepError, match="cannot be replayed"):
        reopened.visit(Position(1, 5))


def test_a_call_that_was_left_behind_trains_nothing_afterwards(tmp_path: Path, digits: Dataset) -> None:
    gate = "\nimport time\narmed, opened = [], []\n"
    stuck = """
class Middle(Tanh):
    def forward_propagation(self, X):
        while armed and not opened:
            try:
                while not opened:
                    time.sleep(0.01)
            except BaseException:
                pass
        return super().forward_propagation(X)
"""
    timeline = timeline_of(tmp_path, LAYERS + gate + stuck + NETWORK, digits, time_limit=0.3)
    module = timeline.stack.homework.module  # type: ignore[attr-defined]
    module.armed.append(1)
    others = threading.enumerate()
    with pytest.raises(StudentError, match="did not come back"):
        timeline.train(10)
    weights = timeline.stack.snapshot()[2]["W"]
    behind = next(thread for thread in threading.enumerate() if thread not in others)
    module.opened.append(1)  # a way out of the loop, as going to another position may be
    behind.join(20)
    assert not behind.is_alive()
    assert np.array_equal(timeline.stack.snapshot()[2]["W"], weights)


def test_a_look_sees_the_next_sample_as_training_will(tmp_path: Path, digits: Dataset) -> None:
    late = (
        MIDDLE + "    n = 0\n    def factor(self):\n        self.n += 1\n        return np.nan if self.n > 12 else 1\n"
    )
    timeline = timeline_of(tmp_path, LAYERS + late + NETWORK, digits)
    monitor = Monitor(timeline.stack, timeline.samples)
    trainer = Trainer(timeline.stack, timeline.samples, timeline.engine, timeline.branch.settings, timeline=timeline,
                      monitor=monitor)  # fmt: skip
    list(trainer.run(1, 12))
    assert monitor.alarms == []


def test_the_tests_of_an_epoch_leave_the_state_alone(tmp_path: Path) -> None:
    (tmp_path / "hw.py").write_text(KEPT["another class"])
    run = str(tmp_path / "r.nnrun")
    assert main(["train", "--net", str(tmp_path / "hw.py"), "--limit", "20", "--test-limit", "10", "--epochs", "1",
                 "--save-run", run]) == 0  # fmt: skip
    state = read_run(run).arrays
    assert max(int(name.rpartition(".")[2]) for name in state if ".state." in name) == 1
    assert state_from_array(state["0.state.1"])["class/Clock/time"] == 20


CLASS_WIDE = """
import numpy as np

class First:
    W = np.random.default_rng(1).uniform(-0.05, 0.05, (784, 10))
    b = np.zeros((1, 10))
    def forward_propagation(self, X):
        self.X = X
        return np.tanh(X @ First.W + First.b)
    def backward_propagation(self, dE_dY, learning_rate):
        slope = 1 - np.tanh(self.X @ First.W + First.b) ** 2
        dE_dX = (dE_dY * slope) @ First.W.T
        First.W = First.W - learning_rate * self.X.T @ (dE_dY * slope)
        First.b = First.b - learning_rate * dE_dY * slope
        return dE_dX

layers = [First()]
"""
CUT = """
class Cut:
    def forward_propagation(self, X):
        return X[:, 400:410]
    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY.repeat(79)[None, :784]

layers = [Cut()]
"""


def test_weights_of_a_class_that_are_bound_anew_are_saved_and_taken_back(tmp_path: Path) -> None:
    (tmp_path / "hw.py").write_text(CLASS_WIDE)
    words = ["--net", str(tmp_path / "hw.py"), "--limit", "40", "--test-limit", "20"]
    weights, reports = str(tmp_path / "w.npz"), [str(tmp_path / "train.json"), str(tmp_path / "evaluate.json")]
    assert main(["train", *words, "--epochs", "1", "--save", weights, "--json", reports[0]]) == 0
    assert main(["evaluate", *words, "--weights", weights, "--json", reports[1]]) == 0
    trained, evaluated = (json.loads(Path(report).read_text()) for report in reports)
    assert evaluated["test"]["loss"] == trained["test"]["loss"]


def test_a_bias_that_grows_a_row_for_each_sample_is_run_one_sample_at_a_time(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(tmp_path, CLASS_WIDE, digits)
    stack = timeline.stack
    assert sorted(stack.parameters_of(0)) == ["W", "b"]
    batches = Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1, batch_size=8))
    batches.train(20)  # the last batch has fewer
    assert stack.parameters_of(0)["b"].shape == (1, 10)


def test_weights_are_not_saved_in_silence_where_there_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hw.py").write_text(CUT)
    words = ["--net", str(tmp_path / "hw.py"), "--limit", "5", "--test-limit", "5", "--epochs", "1"]
    assert main(["train", *words, "--save", str(tmp_path / "w.npz")]) == 0
    assert "no layer has parameters that nnstep finds" in capsys.readouterr().err
