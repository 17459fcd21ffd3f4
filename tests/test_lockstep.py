"""nnstep in lockstep with PyTorch and Keras: every tensor of every step agrees, and a fault is found where it is."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstep.adapting import HomeworkStack
from nnstep.cli import main
from nnstep.frameworks.beside import Beside
from nnstep.homework import load_homework
from nnstep.samples import Dataset
from nnstep.stepping import run_steps

SAMPLES = Path(__file__).parents[1] / "samples"
ACTIVATIONS = "784,12,tanh,11,relu,10,sigmoid,9,leaky_relu,8,elu,9,gelu,10,identity"
PICTURES = "28x28,conv 3 3x3 pad same,relu,maxpool 2,conv 4 3x3 stride 2,tanh,avgpool 2,flatten,10"
NORMALISED = "28x28,conv 3 3x3 pad same,batchnorm,relu,avgpool 2,flatten,12,batchnorm,tanh,10"
DROPPED = "784,16,tanh,dropout 0.4,10,tanh"
RULES = (
    ["--optimizer", "momentum"],
    ["--optimizer", "nesterov"],
    ["--optimizer", "adam"],
    ["--optimizer", "adamw"],
    ["--weight-decay", "0.01"],
    ["--clip-norm", "0.05"],
    ["--optimizer", "adam", "--weight-decay", "0.01", "--clip-norm", "0.05"],
)


def lockstep(folder: Path, framework: str, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a lockstep."""
    pytest.importorskip(framework)
    file = folder / "report.json"
    code = main(["compare", "--framework", framework, *options, "--json", str(file)])
    return code, json.loads(file.read_text())


def tensors(report: dict[str, Any], framework: str) -> set[tuple[str, str]]:
    return {(found["phase"], found["tensor"]) for found in report["frameworks"][framework]["tensors"]}


@pytest.fixture(params=["torch", "keras"])
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("layers", "options"),
    [
        (ACTIVATIONS, []),
        (ACTIVATIONS, ["--batch-size", "4"]),
        ("784,12,relu,10", ["--loss", "softmax_cross_entropy", "--batch-size", "3"]),
        ("784,12,relu,10,softmax", ["--loss", "cross_entropy"]),
        (PICTURES, ["--loss", "softmax_cross_entropy", "--batch-size", "4"]),
        (DROPPED, ["--batch-size", "3"]),
    ],
    ids=["activations", "batches", "softmax cross-entropy", "softmax layer", "pictures", "dropout"],
)
def test_every_tensor_of_every_layer_agrees(tmp_path: Path, framework: str, layers: str, options: list[str]) -> None:
    code, report = lockstep(tmp_path, framework, "--layers", layers, *options, "--samples", "24")
    found = report["frameworks"][framework]
    assert code == 0 and report["agree"] and found["agree"]
    assert found["tolerance"] == 1e-9 and found["ended"] is None
    assert found["ties"] <= (2 if "pool" in layers else 0)  # of zeros behind relu each may take another for the largest
    assert found["steps"] == report["steps"] == 24 // report["batch_size"]
    wanted = {("forward", "output"), ("loss", "output"), ("loss", "input_gradient"), ("backward", "input_gradient")}
    wanted |= {
        ("backward", f"{group}.{name}") for group in ("gradients", "update", "after") for name in ("weights", "bias")
    }
    assert wanted <= tensors(report, framework)
    # Float64 keeps 16 digits: sums of 784 terms in another order differ from about the 14th on.
    assert max(tensor["relative"] for tensor in found["tensors"] if not tensor["tensor"].startswith("update")) < 1e-12


def test_batch_normalisation_agrees(tmp_path: Path, framework: str) -> None:
    how = ["--layers", NORMALISED, "--loss", "softmax_cross_entropy", "--batch-size", "6", "--samples", "30"]
    code, report = lockstep(tmp_path, framework, *how)
    found = report["frameworks"][framework]
    assert code == 0 and found["steps"] == 5
    assert found["tolerance"] == (1e-4 if framework == "keras" else 1e-9)  # Keras normalises in float32
    assert {("backward", "gradients.gamma"), ("backward", "gradients.beta")} <= tensors(report, framework)


def test_pytorch_says_that_it_normalises_no_batch_of_one_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--layers", "784,8,batchnorm,10", "--batch-size", "4", "--limit", "5", "--samples", "5"]
    code, report = lockstep(tmp_path, "torch", *how)
    found = report["frameworks"]["torch"]
    assert code == 0 and found["steps"] == 1 and "takes no batch of one row" in found["ended"]
    assert "goes no further: PyTorch's batch normalisation takes no batch of one row" in capsys.readouterr().out


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_adam_behind_batch_normalisation_agrees(tmp_path: Path, framework: str, optimizer: str) -> None:
    # The gradient of a bias in front of a batch normalisation is nothing but rounding, and Adam divides by its size.
    how = ["--layers", NORMALISED, "--loss", "softmax_cross_entropy", "--batch-size", "6", "--samples", "60"]
    code, report = lockstep(tmp_path, framework, *how, "--optimizer", optimizer, "--learning-rate", "0.01")
    found = report["frameworks"][framework]
    if framework == "torch":
        assert code == 0 and found["steps"] >= 2 and "what rounding leaves of a gradient" in found["ended"]
    else:
        assert (code, found["steps"]) == (1, 0) and "Keras" in found["ended"]


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
def test_every_optimizer_updates_alike(tmp_path: Path, framework: str, rule: list[str]) -> None:
    how = ["--layers", "784,8,tanh,10,tanh", "--learning-rate", "0.01", *rule, "--samples", "20"]
    code, report = lockstep(tmp_path, framework, *how)
    assert code == 0 and report["frameworks"][framework]["steps"] == 20


def test_rmsprop_agrees_with_pytorch_and_keras_says_why_it_is_not_compared(
    tmp_path: Path, framework: str, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--layers", "784,8,tanh,10,tanh", "--learning-rate", "0.01", "--optimizer", "rmsprop", "--samples", "20"]
    code, report = lockstep(tmp_path, framework, *how)
    found = report["frameworks"][framework]
    if framework == "torch":
        assert code == 0 and found["steps"] == 20
        return
    assert code == 1 and found["steps"] == 0 and not found["agree"]
    assert "ε under the root" in found["ended"]
    assert "not compared. Keras computes RMSprop in another way" in capsys.readouterr().out


def test_float32_agrees_within_what_float32_can_hold(tmp_path: Path, framework: str) -> None:
    code, report = lockstep(tmp_path, framework, "--dtype", "float32", "--samples", "20")
    found = report["frameworks"][framework]
    assert code == 0 and report["dtype"] == "float32" and found["tolerance"] == 1e-4
    largest = max(tensor["relative"] for tensor in found["tensors"])
    assert 1e-9 < largest < 1e-4  # it is really float32, and it has room left


def test_a_tighter_tolerance_than_float32_holds_is_missed(tmp_path: Path, framework: str) -> None:
    code, report = lockstep(tmp_path, framework, "--dtype", "float32", "--samples", "5", "--tolerance", "1e-12")
    parted = report["frameworks"][framework]["parted"]
    assert code == 1 and parted["step"] == 1 and parted["difference"] > parted["allowed"]


def test_a_students_right_network_agrees(tmp_path: Path, framework: str) -> None:
    code, report = lockstep(tmp_path, framework, "--net", str(SAMPLES / "homework.py"), "--samples", "20")
    found = report["frameworks"][framework]
    assert code == 0 and found["steps"] == 20 and report["notes"] == []
    assert ("backward", "after.bias") in tensors(report, framework)


def test_a_students_fault_is_named_with_layer_tensor_and_element(
    tmp_path: Path, framework: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # The sample's tanh takes its derivative at the output; the last layer shows that first.
    code, report = lockstep(tmp_path, framework, "--net", str(SAMPLES / "homework_broken.py"), "--samples", "20")
    parted = report["frameworks"][framework]["parted"]
    assert code == 1 and not report["agree"]
    assert (parted["step"], parted["samples"], parted["phase"], parted["layer"]) == (1, [0], "backward", 3)
    assert (parted["name"], parted["tensor"], parted["symbol"]) == ("TanhLayer 4", "input_gradient", "dE/dX")
    assert len(parted["element"]) == 2 and parted["difference"] == abs(parted["mine"] - parted["theirs"])
    said = capsys.readouterr().out
    assert f"parts in step 1 (digit 0), backward, TanhLayer 4, dE/dX[0, {parted['element'][1]}]" in said


FAULTS = {
    "forward": ("self.output = np.tanh(input)", "self.output = np.tanh(input) * 1.001", ("forward", 1, "output")),
    "loss gradient": ("return 2 * (", "return (", ("loss", None, "input_gradient")),
    "weights": ("self.input.T @ output_error", "self.input.T @ output_error * 2", ("backward", 2, "gradients.weights")),
    "bias": ("self.bias -= learning_rate * ", "self.bias += learning_rate * ", ("backward", 2, "gradients.bias")),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_in_the_tensor_that_it_is_in(tmp_path: Path, fault: str) -> None:
    old, new, where = FAULTS[fault]
    text = (SAMPLES / "homework.py").read_text()
    assert old in text
    file = tmp_path / "hw.py"
    file.write_text(text.replace(old, new))
    code, report = lockstep(tmp_path, "torch", "--net", str(file), "--samples", "3")
    parted = report["frameworks"]["torch"]["parted"]
    assert code == 1 and (parted["phase"], parted["layer"], parted["tensor"]) == where


@pytest.mark.parametrize("begin", ["np.zeros((1, outputs))", "rng.normal(0, 0.1, (1, outputs))"])
def test_a_bias_that_is_added_but_never_learns_is_found(
    tmp_path: Path, digits: Dataset, begin: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (SAMPLES / "homework.py").read_text()
    old = ("        self.bias -= learning_rate * bias_error\n", "self.bias = np.zeros((1, outputs))")
    assert all(part in text for part in old)
    file = tmp_path / "hw.py"
    file.write_text(text.replace(old[0], "").replace(old[1], f"self.bias = {begin}"))
    code, report = lockstep(tmp_path, "torch", "--net", str(file), "--samples", "3")
    parted = report["frameworks"]["torch"]["parted"]
    assert code == 1 and (parted["layer"], parted["tensor"], parted["mine"]) == (2, "update.bias", 0)
    assert "FullyConnectedLayer 1 adds its bias, but never updates it" in capsys.readouterr().err
    stack = HomeworkStack(load_homework(str(file), 10, 0), digits)
    frames = tuple(run_steps(stack, digits.train.inputs(slice(0, 1)), digits.train.targets(slice(0, 1)), 0.1))
    first = Beside("torch", stack, 784).go_along(frames).first
    assert first is not None and (first.step.name, first.tensor) == ("FullyConnectedLayer 3", "update.bias")


def test_a_layer_without_any_bias_agrees(tmp_path: Path) -> None:
    text = (SAMPLES / "homework.py").read_text()
    file = tmp_path / "hw.py"
    file.write_text(text.replace(" + self.bias\n", "\n").replace("self.bias -= ", "unused = "))
    code, report = lockstep(tmp_path, "torch", "--net", str(file), "--samples", "3")
    assert code == 0 and "has no bias that learns" in report["notes"][0]


ODD = """
import numpy as np
class Dense:
    def __init__(self, n, m):
        self.w = np.random.default_rng(n).normal(0, 0.1, (m, n)){type}
        self.b = np.zeros((m, 1)){type}
    def forward_propagation(self, x):
        self.x = x
        return self.w @ x + self.b
    def backward_propagation(self, d, rate):
        back = self.w.T @ d
        self.w -= rate * d @ self.x.T
        self.b -= rate * d
        return back
class Act:
    def __init__(self, f, df): self.f, self.df = f, df
    def forward_propagation(self, x):
        self.x = x
        return self.f(x)
    def backward_propagation(self, d, rate): return d * self.df(self.x)
def relu(x): return np.maximum(x, 0)
def relu_prime(x): return (x > 0) * 1.0
def loss(y, p): return 0.5 * np.sum((y - p) ** 2)
def loss_prime(y, p): return p - y
network = [Dense(784, 9), Act(relu, relu_prime), Dense(9, 10)]
"""


@pytest.mark.parametrize("kind", ["", ".astype(np.float32)"], ids=["float64", "float32"])
def test_columns_other_names_and_a_loss_of_another_factor_are_matched(
    tmp_path: Path, framework: str, kind: str
) -> None:
    file = tmp_path / "odd.py"
    file.write_text(ODD.replace("{type}", kind))
    how = ["--net", str(file), "--learning-rate", "0.01", "--samples", "10"]
    code, report = lockstep(tmp_path, framework, *how)
    found = report["frameworks"][framework]
    assert code == 0 and found["steps"] == 10 and found["tolerance"] == (1e-4 if kind else 1e-9)
    assert any("5 times mean squared error" in note for note in report["notes"])  # Σ / 2 is 10 / 2 times the mean
    shapes = {tensor["tensor"] for tensor in found["tensors"]}
    assert {"gradients.w", "gradients.b", "after.w"} <= shapes


def test_a_layer_that_no_framework_has_costs_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "odd.py"
    file.write_text(ODD.replace("{type}", "").replace("np.maximum(x, 0)", "np.sin(x)").replace("relu", "wave"))
    assert main(["compare", "--net", str(file), "--samples", "2"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nnstep: Act 2 computes nothing that a framework's layer") and said.count("\n") == 1


def test_a_missing_framework_costs_one_line_and_the_other_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("keras")
    monkeypatch.setattr("nnstep.frameworks.base.is_installed", lambda framework: framework == "keras")
    file = tmp_path / "report.json"
    assert main(["compare", "--layers", "784,8,tanh,10", "--samples", "2", "--json", str(file)]) == 0
    said = capsys.readouterr()
    assert said.err.count("PyTorch is not installed") == 1 and 'pip install "nnstep[torch]"' in said.err
    report = json.loads(file.read_text())
    assert list(report["frameworks"]) == ["keras"] and list(report["missing"]) == ["torch"]


def test_a_framework_that_breaks_while_it_is_imported_costs_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("keras")
    folder = tmp_path / "torch"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('libtorch.so cannot be opened')\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "torch" or name.endswith("torch_network")]:
        monkeypatch.delitem(sys.modules, name)
    assert main(["compare", "--layers", "784,8,tanh,10", "--samples", "2"]) == 0
    said = capsys.readouterr()
    assert "PyTorch cannot be imported: libtorch.so cannot be opened" in said.err and said.err.count("nnstep:") == 1
    assert "Keras" in said.out and "agrees in 2 steps" in said.out


def test_no_framework_at_all_is_bad_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("nnstep.frameworks.base.is_installed", lambda framework: False)
    assert main(["compare", "--layers", "784,8,tanh,10", "--samples", "2"]) == 2
    said = capsys.readouterr().err
    assert "PyTorch is not installed" in said and "Keras is not installed" in said
    assert "no framework to compare with" in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--framework", "tensorflow"], "tensorflow"),
        (["--tolerance", "0"], "--tolerance"),
        (["--tolerance", "nan"], "--tolerance"),
        (["--tolerance", "small"], "--tolerance"),
        (["--samples", "0"], "--samples"),
        (["--weights", "nowhere.npz"], "nowhere.npz"),
        (["--net", "nowhere.py"], "nowhere.py"),
        (["--layers", "784,12,banana"], "banana"),
        (["--layers", "784,8,batchnorm,10"], "--batch-size 2"),
        (["--contender", "rate=0.1"], "--train"),
        (["--train", "--contender", "speed=1"], "speed=1"),
        (["--train", "--contender", "framework=jax"], "jax"),
        (["--train", "--contender", "optimizer=magic"], "magic"),
        (["--train", "--contender", "engine=warp"], "warp"),
        (["--train", "--engine", "warp"], "warp"),
        (["--train", "--contender", "layers=784,12"], "12 outputs"),
        (["--train", "--contender", "loss=l3"], "l3"),
        (["--train", "--net", str(SAMPLES / "homework.py")], "--net"),
        (["--train", "--epochs", "0"], "--epochs"),
        (["--schedule", "step:5:0.5"], "--schedule"),
        (["--train", "--augment", "shift:2"], "--augment"),
        (["--json", "/nowhere/report.json"], "/nowhere/report.json"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--limit", "50", "--test-limit", "50", *options]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert says in said and "Traceback" not in said


def test_equal_values_decided_in_another_way_are_no_fault() -> None:
    from nnstep.frameworks.ties import is_tie
    from nnstep.stepping import Frame, Step

    step = Step(5, "backward", 1, "relu 2")
    X, here, there = np.array([[1e-17, 2.0]]), np.array([[0.0, 1.0]]), np.array([[1.0, 1.0]])
    mine, theirs = (Frame(step, 6, 0.1, X, input_gradient=gradient) for gradient in (here, there))
    assert is_tie(mine, theirs, "input_gradient", 1e-9)
    far = Frame(step, 6, 0.1, np.array([[0.5, 2.0]]), input_gradient=here)
    assert not is_tie(far, theirs, "input_gradient", 1e-9)


def test_float64_in_keras_leaves_other_models_of_the_process_in_float32() -> None:
    pytest.importorskip("keras")
    program = (
        "import keras, numpy as np\n"
        "from nnstep.frameworks.keras_import import precision\n"
        "with precision(np.float64): keras.layers.Dense(1)\n"
        "print(keras.layers.Dense(1).dtype, keras.config.floatx())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["float32", "float32"]
