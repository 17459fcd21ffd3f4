"""Homework that raises, loops, prints, keeps state or returns the wrong thing is named, and harms nothing."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from nnstep.adapting import HomeworkStack
from nnstep.cli import main
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.homework import load_homework
from nnstep.runs import open_run, read_run, save_run
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.source import running_source
from nnstep.student_code import give_up
from nnstep.student_errors import StudentError
from nnstep.timeline import Timeline

HOMEWORK = """\
import numpy as np

class Dense:
    def __init__(self, n, m):
        rng = np.random.default_rng(n)
        self.W = rng.uniform(-0.05, 0.05, (n, m))
        self.b = np.zeros(m)
        self.calls = 0
    def forward_propagation(self, X):
        self.X = X
        # FORWARD
        return X @ self.W + self.b
    def backward_propagation(self, dE_dY, learning_rate):
        dE_dX = dE_dY @ self.W.T
        # BACKWARD
        self.W -= learning_rate * self.X.T @ dE_dY
        self.b -= learning_rate * dE_dY.sum(axis=0)
        return dE_dX

class Tanh:
    def forward_propagation(self, X):
        self.Y = np.tanh(X)
        # TANH
        return self.Y
    def backward_propagation(self, dE_dY, learning_rate):
        # TANH BACK
        return dE_dY * (1 - self.Y ** 2)

# MODULE
layers = [Dense(784, 12), Tanh(), Dense(12, 10), Tanh()]
"""


def write(folder: Path, **pieces: str) -> str:
    text = HOMEWORK
    for name, code in pieces.items():
        mark = f"# {name.replace('_', ' ')}\n"
        line = next(line for line in text.splitlines(keepends=True) if line.strip() == mark.strip())
        indent = line[: len(line) - len(line.lstrip())]
        text = text.replace(line, "".join(f"{indent}{part}\n" for part in code.splitlines()), 1)
    path = folder / "hw.py"
    path.write_text(text)
    return str(path)


def stack_of(path: str, digits: Dataset, limit: float = 5.0) -> HomeworkStack:
    return HomeworkStack(load_homework(path, limit), digits)


def timeline_of(path: str, digits: Dataset, limit: float = 5.0) -> Timeline:
    stack = stack_of(path, digits, limit)
    return Timeline(stack, digits.train, choose_engine("auto", stack), Settings(0.1))


def fails(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """Runs a command that must exit with 2; the lines before the last one of its errors, and the last."""
    assert main([*words, "--limit", "20", "--test-limit", "10"]) == 2
    *before, last = capsys.readouterr().err.splitlines()
    assert last.startswith("nnstep: ")
    assert not any("student_" in line or "nnstep/" in line for line in before)
    return before, last


RAISING = {
    "FORWARD": ("forward_propagation of Dense 1", 11),
    "BACKWARD": ("backward_propagation of Dense 3", 15),
    "TANH": ("forward_propagation of Tanh 2", 23),
    "TANH_BACK": ("backward_propagation of Tanh 4", 26),
}


@pytest.mark.parametrize("where", RAISING)
@pytest.mark.parametrize("command", ["train --epochs 1", "trace"])
def test_code_that_raises_ends_a_command_with_its_own_traceback(
    where: str, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, **{where: "print('before')\nraise ValueError('my own words')"})
    before, last = fails([*command.split(), "--net", path], capsys)
    what, line = RAISING[where]
    assert last == f"nnstep: hw.py, line {line + 1}: {what} raised ValueError: my own words"
    assert before[0] == "before"
    assert before[1] == "Traceback (most recent call last):"
    assert before[2].startswith(f'  File "hw.py", line {line + 1}, in ')
    assert before[-1] == "ValueError: my own words"
    if where in ("BACKWARD", "TANH_BACK"):
        assert main(["evaluate", "--net", path, "--test-limit", "10"]) == 0


def test_exit_and_keyboard_interrupt_in_a_layer_are_errors_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for code in ("exit()", "raise KeyboardInterrupt", "import sys; sys.exit(0)", "assert False", "input()"):
        _, last = fails(["train", "--net", write(tmp_path, FORWARD=code)], capsys)
        assert "forward_propagation of Dense 1 raised" in last


@pytest.mark.parametrize(
    "code", ["while True: pass", "while True:\n    try: 1 / 0\n    except: pass", "import time; time.sleep(60)"]
)
@pytest.mark.parametrize("where", ["FORWARD", "BACKWARD", "MODULE"])
def test_a_loop_that_never_ends_is_given_up_at_the_time_limit(
    code: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.perf_counter()
    path = write(tmp_path, **{where: code})
    before, last = fails(["trace", "--net", path, "--time-limit", "0.3"], capsys)
    assert "did not come back within 0.3 s" in last
    assert "hw.py, line" in last
    assert any("pass" in line or "while" in line or "sleep" in line or "1 / 0" in line for line in before)
    assert time.perf_counter() - began < 15


def test_the_time_limit_is_for_each_call_and_not_for_the_whole_run(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(write(tmp_path, FORWARD="import time; time.sleep(0.02)"), digits, 0.5)
    assert len(timeline.train(20).losses) == 20  # 40 calls of 0.02 s


def test_a_call_can_be_given_up_from_another_thread(tmp_path: Path, digits: Dataset) -> None:
    path = write(tmp_path, FORWARD="while self.calls > 3: pass\nself.calls += 1")
    timeline = timeline_of(path, digits, 60)
    timer = threading.Timer(0.5, give_up)
    timer.start()
    with pytest.raises(StudentError, match="was given up"):
        timeline.train(50)
    timer.join()
    assert timeline.count == 0


WRONG = {
    "return None": "forward_propagation expected to return one array, received None",
    "return (X @ self.W).tolist()": "forward_propagation expected to return one array, received a list",
    "return 'text'": "forward_propagation expected to return one array, received a str",
    "return (X @ self.W).astype(complex)": "expected to return float64, received complex128",
    "return X @ self.W + np.zeros((self.b.size, 1))": "expected to return one row of 12 numbers, received (12, 12)",
}


@pytest.mark.parametrize("code", ["np.ones((10**6, 10**6))", "held = []\nwhile True: held.append(bytearray(2**26))"])
def test_code_that_asks_for_more_memory_than_there_is_gets_an_error(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnstep.memory.MOST", 2**30)
    _, last = fails(["train", "--time-limit", "90", "--net", write(tmp_path, FORWARD=code)], capsys)
    assert "forward_propagation of Dense 1 raised" in last
    assert "MemoryError" in last


@pytest.mark.parametrize("code", WRONG)
def test_what_forward_returns_wrongly_is_named_with_layer_expected_and_received(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, last = fails(["train", "--net", write(tmp_path, FORWARD=code)], capsys)
    assert "Dense 1" in last
    assert WRONG[code] in last


BACK = {
    "return None": "expected to return dE/dX as an array of shape (1, 12), received None",
    "return list(dE_dX[0])": "expected to return dE/dX as an array of shape (1, 12), received a list",
    "return dE_dY": "expected to return an array of shape (1, 12), received (1, 10)",
    "return dE_dX.astype(object)": "expected to return float64, received object",
}


@pytest.mark.parametrize("code", BACK)
def test_what_backward_returns_wrongly_is_named_with_layer_expected_and_received(
    code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, last = fails(["train", "--net", write(tmp_path, BACKWARD=code)], capsys)
    assert f"hw.py, line 13: Dense 3: backward_propagation {BACK[code]}" in last


def test_a_column_added_to_a_vector_is_said_to_make_a_square(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hw.py"
    path.write_text("""\
import numpy as np
class Dense:
    def __init__(self):
        self.W, self.b = np.ones((10, 784)) / 784, np.zeros((10, 1))
    def forward_propagation(self, x):
        self.x = x.ravel()
        return self.W @ self.x + self.b
    def backward_propagation(self, d, lr):
        self.W -= lr * np.outer(d.sum(axis=1), self.x)
        self.b -= lr * d
        return self.W.T @ d
network = [Dense()]
""")
    _, last = fails(["train", "--net", str(path)], capsys)
    assert "Dense 1: forward_propagation expected to return one row of 10 numbers, received (10, 10)" in last
    assert "Adding (10, 1) and (10,) gives (10, 10)" in last


def test_float32_layers_are_taken_as_they_are(tmp_path: Path, digits: Dataset) -> None:
    code = "old = Dense.__init__\ndef new(self, *sizes):\n    old(self, *sizes)\n"
    code += "    self.W, self.b = self.W.astype(np.float32), self.b.astype(np.float32)\nDense.__init__ = new"
    path = write(tmp_path, MODULE=code)
    timeline = timeline_of(path, digits)
    assert np.isfinite(timeline.train(20).losses).all()
    assert timeline.stack.parameters_of(0)["W"].dtype == np.float32
    timeline.go_to(timeline.branch, 3)


def test_integer_outputs_are_noted(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(write(tmp_path, TANH="return (X > 0).astype(int)"), digits)
    stack = timeline.stack
    timeline.frames()
    assert any(
        "Tanh 2: forward_propagation expected to return float64, received int64" in n for n in stack.take_notes()
    )


def test_integer_weights_raise_in_numpys_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, MODULE="Dense.__init__ = lambda self, n, m: vars(self).update(\n"
                 "    W=np.ones((n, m), int), b=np.zeros(m, int), calls=0)")  # fmt: skip
    before, last = fails(["train", "--net", path], capsys)
    assert "Cannot cast" in last
    assert "self.W -=" in "\n".join(before)


def test_an_input_that_is_changed_in_place_is_noted_and_harms_no_frame(tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(write(tmp_path, TANH="X *= 0", TANH_BACK="dE_dY *= 2"), digits)
    frames = timeline.frames()
    assert np.array_equal(frames[0].output, frames[1].input)
    assert np.any(frames[1].input != 0)
    assert np.array_equal(frames[5].input_gradient, frames[6].output_gradient)
    notes = timeline.stack.take_notes()  # type: ignore[attr-defined]
    assert any(note.startswith("Tanh 2: forward_propagation changes the X that it was given") for note in notes)
    assert any(note.startswith("Tanh 4: backward_propagation changes the dE/dY") for note in notes)


def test_nan_stops_training_where_it_came_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, TANH="self.n = getattr(self, 'n', 0) + 1\nif self.n == 5: self.Y = self.Y * np.nan")
    before, last = fails(["train", "--net", path], capsys)
    assert "became NaN" in last
    note = "note: Tanh 2: forward_propagation expected to return finite numbers, received NaN for inputs from "
    assert any(line.startswith(note) for line in before)
    path = write(tmp_path, TANH="self.Y = self.Y / 0")
    assert main(["trace", "--net", path, "--json", "-"]) == 0
    assert "note: Tanh 2: forward_propagation expected to return finite numbers" in capsys.readouterr().err


STATEFUL = {
    "momentum": {
        "BACKWARD": "self.v = 0.9 * getattr(self, 'v', 0) + self.X.T @ dE_dY\nself.W -= learning_rate * self.v"
    },
    "a counter": {"BACKWARD": "self.calls += 1\nlearning_rate = learning_rate / (1 + self.calls)"},
    "numpy's global random numbers": {"TANH": "self.Y = self.Y * (np.random.rand(*X.shape) > 0.2)"},
    "Python's random numbers": {"MODULE": "import random", "TANH": "self.Y = self.Y * random.random()"},
    "a generator of its own": {
        "MODULE": "rng = np.random.default_rng(5)",
        "TANH": "self.Y = self.Y * (rng.random(X.shape) > 0.2)",
    },
    "a variable of the module": {
        "MODULE": "seen = {'n': 0}",
        "TANH": "seen['n'] += 1\nself.Y = self.Y * (1 + seen['n'] / 100)",
    },
    "an attribute of the class": {"TANH": "Tanh.n = getattr(Tanh, 'n', 0) + 1\nself.Y = self.Y / Tanh.n"},
    "a list that grows": {"FORWARD": "self.all = getattr(self, 'all', []) + [X.sum()]\nX = X * len(self.all)"},
    "a list that grows long": {
        "FORWARD": "self.all = getattr(self, 'all', [0.0] * 990)\nself.all.append(X.sum())\nX = X / len(self.all)",
    },
    "large arrays of the module": {
        "MODULE": "bank = np.ones((784, 12))",
        "FORWARD": "if X.shape[1] == 784:\n    X = X * bank[:, 0]\n    bank[:] = bank * 0.99",
    },
    "what cannot be copied": {
        "MODULE": "import threading",
        "FORWARD": "self.lock = getattr(self, 'lock', None) or threading.Lock()\nself.calls += 1\nX = X / self.calls",
    },
    "arrays in a list": {
        "BACKWARD": "self.past = getattr(self, 'past', [])\nself.past.append(dE_dX)\ndE_dX = sum(self.past)"
    },
}


@pytest.mark.parametrize("kind", STATEFUL)
def test_state_that_is_kept_across_samples_is_replayed_bit_for_bit(kind: str, tmp_path: Path, digits: Dataset) -> None:
    timeline = timeline_of(write(tmp_path, **STATEFUL[kind]), digits)
    debugger = Debugger(timeline)
    for _ in range(4):
        debugger.next_sample()
    frames = debugger.frames
    debugger.start_training()
    timeline.train(30)
    debugger.enter()
    later = debugger.frames
    for count, expected in ((4, frames), (34, later)):
        timeline.go_to(timeline.branch, count)
        again = timeline.frames()
        assert all(np.array_equal(a.output, b.output) for a, b in zip(expected, again, strict=True))
        for a, b in zip(expected, again, strict=True):
            assert all(np.array_equal(array, b.after[name]) for name, array in a.after.items())


@pytest.mark.parametrize("kind", STATEFUL)
def test_a_saved_run_replays_with_the_state_that_was_kept(kind: str, tmp_path: Path, digits: Dataset) -> None:
    path = write(tmp_path, **STATEFUL[kind])
    timeline = timeline_of(path, digits)
    timeline.train(25)
    timeline.train(25)
    timeline.go_to(timeline.branch, 20)
    frames = timeline.frames()
    saved = str(tmp_path / "r.nnrun")
    save_run(saved, timeline, {})
    stack = stack_of(path, digits)
    reopened = open_run(read_run(saved), stack, digits.train, choose_engine("auto", stack))
    reopened.go_to(reopened.branch, 20)
    assert all(np.array_equal(a.output, b.output) for a, b in zip(frames, reopened.frames(), strict=True))


def test_weights_of_a_class_are_parameters_and_trials_leave_them_alone(tmp_path: Path, digits: Dataset) -> None:
    path = tmp_path / "hw.py"
    write(tmp_path)
    first = (
        "class First(Dense):\n    W = np.full((784, 12), 0.01)\n    b = np.zeros(12)\n    def __init__(self): pass\n"
    )
    text = path.read_text().replace("layers = [Dense(784, 12)", f"{first}layers = [First()")
    path.write_text(text)
    timeline = timeline_of(str(path), digits)
    parameters = timeline.stack.parameters_of(0)
    assert sorted(parameters) == ["W", "b"]
    assert np.all(parameters["W"] == 0.01)
    frames = timeline.frames()
    timeline.train(20)
    timeline.go_to(timeline.branch, 0)
    again = timeline.frames()
    assert all(np.array_equal(a.output, b.output) for a, b in zip(frames, again, strict=True))


HIDDEN = {
    "a fresh generator each time": {"TANH": "self.Y = self.Y * np.random.default_rng().random(X.shape)"},
    "a closure": {
        "MODULE": "import itertools\ncount = itertools.count(1)",
        "TANH": "self.Y = self.Y / next(count)",
    },
    "the clock": {"MODULE": "import time", "TANH": "self.Y = self.Y * (time.perf_counter_ns() % 997)"},
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_state_that_cannot_be_seen_is_named_instead_of_showing_something_false(
    kind: str, tmp_path: Path, digits: Dataset
) -> None:
    timeline = timeline_of(write(tmp_path, **HIDDEN[kind]), digits)
    timeline.train(30)
    timeline.checkpoints_bytes  # noqa: B018
    timeline.branch.checkpoints = {0: timeline.branch.checkpoints[0]}
    with pytest.raises(NnstepError, match="this homework cannot be replayed: the loss of 1.1 was"):
        timeline.go_to(timeline.branch, 10)
    assert timeline.count == 30


def test_prints_are_kept_and_said_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, MODULE="print('loading')", TANH="print('tanh', X.shape)")
    assert main(["trace", "--net", path, "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("{")
    assert "hw.py prints: loading" in captured.err
    assert "hw.py prints: tanh (1, 12)" in captured.err


EIGHTH = "self.n = getattr(self, 'n', 0) + 1\nif self.n == 8: raise ValueError('eighth')"


@pytest.mark.parametrize(
    ("where", "step", "name"),
    [("TANH", 1, "Tanh 2"), ("FORWARD", 0, "Dense 1"), ("TANH BACK", 6, "Tanh 4"), ("BACKWARD", 7, "Dense 3")],
)
def test_a_sample_that_fails_shows_its_steps_up_to_that(
    where: str, step: int, name: str, tmp_path: Path, digits: Dataset
) -> None:
    debugger = Debugger(timeline_of(write(tmp_path, **{where: EIGHTH}), digits))
    for _ in range(6):
        debugger.next_sample()
    assert debugger.failure is None
    debugger.next_sample()
    assert debugger.failure is not None
    assert "ValueError: eighth" in debugger.failure.message
    frame = debugger.frame
    assert (debugger.position.sample, len(debugger.frames)) == (8, step + 1)
    assert (frame.step.name, frame.step.index, frame.failed) == (name, step, True)
    if step in (1, 6, 7):
        made = debugger.frames[step - 1]
        given = (made.output, frame.input) if step == 1 else (made.input_gradient, frame.output_gradient)
        np.testing.assert_array_equal(*given)
    with pytest.raises(StudentError, match="eighth"):
        debugger.next_sample()
    assert debugger.position.sample == 8
    debugger.step_back()
    assert debugger.position.sample == (7 if step == 0 else 8)
    debugger.go_to_digit(3)
    assert debugger.digit == 3
    while debugger.digit == 3 or debugger.position.sample > 7:
        debugger.previous_sample()
    assert (debugger.position.sample, debugger.failure, len(debugger.frames)) == (7, None, 10)


def test_a_run_that_is_being_saved_survives_code_that_raises(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, BACKWARD="self.calls += 1\nif self.calls == 30: raise ValueError('thirty')")
    run = str(tmp_path / "r.nnrun")
    assert main(["train", "--net", path, "--limit", "100", "--epochs", "1", "--save-run", run]) == 2
    assert "thirty" in capsys.readouterr().err
    assert main(["runs", run]) == 0


def test_a_run_of_changed_code_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, run = write(tmp_path), str(tmp_path / "r.nnrun")
    assert main(["train", "--net", path, "--limit", "20", "--test-limit", "5", "--epochs", "1", "--save-run", run]) == 0
    capsys.readouterr()
    assert main(["trace", "--run", run, "--at", "1.5"]) == 0
    assert "has changed" not in capsys.readouterr().err
    write(tmp_path, TANH="# another line")
    assert main(["trace", "--run", run, "--at", "1.5"]) == 0
    assert f"{path} has changed since this run was made" in capsys.readouterr().err
    write(tmp_path, TANH="self.Y = self.Y * 0.5")
    assert main(["trace", "--run", run, "--at", "1.5"]) == 2
    assert "cannot be replayed" in capsys.readouterr().err


def test_a_network_for_other_data_is_named_with_both_sizes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "hw.py"
    write(tmp_path)
    path.write_text(path.read_text().replace("784", "4"))
    _, last = fails(["train", "--net", str(path)], capsys)
    assert "28 × 28 = 784 pixels" in last
    path.write_text(path.read_text().replace("(4,", "(784,").replace("12, 10", "12, 7"))
    _, last = fails(["train", "--net", str(path)], capsys)
    assert "the network gives 7 outputs, but there are 10 classes" in last


def test_a_wrong_time_limit_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for limit in ("0", "-1", "nan"):
        _, last = fails(["train", "--net", write(tmp_path), "--time-limit", limit], capsys)
        assert "--time-limit expected to be a number of seconds above 0" in last


def test_alarms_look_at_a_homework_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, MODULE="LIMIT = 3")
    assert main(["train", "--net", path, "--limit", "20", "--test-limit", "10", "--epochs", "1"]) == 0
    assert "no more alarms" not in capsys.readouterr().err


def test_streams_that_the_code_takes_away_are_put_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, TANH="import sys\nsys.stdout = None")
    assert main(["evaluate", "--net", path, "--test-limit", "10"]) == 0
    assert "Test set" in capsys.readouterr().out


def test_prints_of_the_codes_own_threads_and_long_ones_stay_out_of_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import threading\nt = threading.Thread(target=print, args=('x' * 9000,))\nt.start(); t.join()"
    assert main(["evaluate", "--net", write(tmp_path, TANH=code), "--test-limit", "3"]) == 0
    out, err = capsys.readouterr()
    assert "xxx" not in out
    assert max(map(len, err.splitlines())) < 400


def test_showing_the_source_leaves_the_modules_random_numbers_alone(tmp_path: Path, digits: Dataset) -> None:
    drawn = "self.Y = self.Y * (RNG.random(self.Y.shape) > 0.2)"
    debugger = Debugger(timeline_of(write(tmp_path, MODULE="RNG = np.random.default_rng(3)", TANH=drawn), digits))
    loss = debugger.loss
    for cursor in range(4):
        debugger.cursor = cursor
        running_source(debugger.stack, debugger.frame, debugger.frames)
    debugger.next_sample()
    assert debugger.branch.log.losses[0] == loss


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ({"TANH": "return np.float64(1)"}, "Tanh 2: forward_propagation expected to return a row of numbers"),
        ({"TANH": "return np.zeros((0, 0))"}, "Tanh 2: forward_propagation expected to return a row of numbers"),
        (
            {"MODULE": "def mse(a, b): return 1j\ndef mse_prime(a, b): return b - a"},
            "mse: the loss expected to return one number, received a complex one",
        ),
    ],
)
def test_what_is_no_number_or_row_is_named(
    pieces: dict[str, str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, last = fails(["trace", "--net", write(tmp_path, **pieces)], capsys)
    assert said in last


def test_a_layer_that_refuses_every_unknown_attribute_is_copied_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(write(tmp_path))
    path.write_text(path.read_text() + "def refuse(self, name): raise RuntimeError(name)\nTanh.__getattr__ = refuse\n")
    assert main(["train", "--net", str(path), "--limit", "20", "--test-limit", "10", "--epochs", "1"]) == 0


def test_what_a_command_says_of_an_error_holds_no_orders_to_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, TANH="print('\\x1b[2Jprinted')\nraise ValueError('\\x1b]0;title\\x07[red]no')")
    assert main(["train", "--net", path, "--limit", "20", "--test-limit", "10"]) == 2
    said = capsys.readouterr().err
    assert "printed" in said and "ValueError: [red]no" in said and "\x1b" not in said
