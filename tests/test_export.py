"""Trained networks as files of Keras, PyTorch and ONNX: each predicts what nnstep predicts, and two are read again."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnstep.cli import main
from nnstep.data import load_data

ROWS = "784,32,relu,16,leaky_relu,16,elu,12,gelu,10,sigmoid"
PICTURES = (
    "28x28,conv 4 3x3 pad same,relu,maxpool 2,batchnorm,conv 5 3x3 stride 2,tanh,dropout 0.3,"
    "avgpool 2,flatten,batchnorm,10,softmax"
)


def trained(folder: Path, layers: str) -> Path:
    """Weights after a short training, and nnstep's predictions of 1,000 digits beside them."""
    weights = folder / "weights.npz"
    how = ["--layers", layers, "--batch-size", "8", "--epochs", "1", "--limit", "160", "--engine", "numpy"]
    assert main(["train", *how, "--test-limit", "1", "--save", str(weights)]) == 0
    return weights


def predictions(weights: Path, *more: str) -> np.ndarray:
    report = weights.with_suffix(".json")
    assert main(["predict", "--weights", str(weights), *more, "--json", str(report)]) == 0
    return np.array([row["outputs"] for row in json.loads(report.read_text())["predictions"]])


@pytest.fixture(scope="module", params=[ROWS, PICTURES], ids=["rows", "pictures"])
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, np.ndarray]:
    folder = tmp_path_factory.mktemp("export")
    weights = trained(folder, request.param)
    return request.param, weights, predictions(weights)


def digits(layers: str, channels_first: bool) -> np.ndarray:
    X = load_data("samples").test.inputs(slice(0, 1000))
    if layers == ROWS:
        return X
    return X.reshape(-1, 1, 28, 28) if channels_first else X.reshape(-1, 28, 28, 1)


def test_pytorch_predicts_the_same_from_the_state_dict(network: tuple[str, Path, np.ndarray]) -> None:
    torch = pytest.importorskip("torch")
    layers, weights, expected = network
    file = weights.with_suffix(".pt")
    assert main(["export", str(weights), "--to", str(file)]) == 0
    nn = torch.nn
    if layers == ROWS:
        parts = [nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 16), nn.LeakyReLU(), nn.Linear(16, 16), nn.ELU()]
        theirs = nn.Sequential(*parts, nn.Linear(16, 12), nn.GELU(), nn.Linear(12, 10), nn.Sigmoid())
    else:
        parts = [nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(4)]
        parts += [nn.Conv2d(4, 5, 3, stride=2), nn.Tanh(), nn.Dropout(0.3), nn.AvgPool2d(2), nn.Flatten()]
        theirs = nn.Sequential(*parts, nn.BatchNorm1d(45), nn.Linear(45, 10), nn.Softmax(1))
    theirs.double().load_state_dict(torch.load(file, weights_only=True))
    output = theirs.eval()(torch.tensor(digits(layers, channels_first=True))).detach().numpy()
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-12)


def test_keras_predicts_the_same_from_the_model(network: tuple[str, Path, np.ndarray]) -> None:
    keras = pytest.importorskip("keras")
    layers, weights, expected = network
    file = weights.with_suffix(".keras")
    assert main(["export", str(weights), "--to", str(file)]) == 0
    model = keras.saving.load_model(file)
    output = model.predict(digits(layers, channels_first=False).astype(np.float32), verbose=0)
    np.testing.assert_allclose(output, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("dtype", "near"), [("float32", 1e-6), ("float64", 1e-8)])
def test_onnx_predicts_the_same(network: tuple[str, Path, np.ndarray], dtype: str, near: float) -> None:
    pytest.importorskip("onnx")
    from onnx.reference import ReferenceEvaluator

    layers, weights, expected = network
    file = weights.with_suffix(".onnx")
    assert main(["export", str(weights), "--to", str(file), "--dtype", dtype]) == 0
    few = digits(layers, channels_first=True).astype(dtype)
    (output,) = ReferenceEvaluator(str(file)).run(None, {"input": few})
    np.testing.assert_allclose(output, expected, rtol=0, atol=near)


@pytest.mark.parametrize(("suffix", "near"), [(".pt", 1e-12), (".keras", 1e-6)])
def test_weights_are_read_again(network: tuple[str, Path, np.ndarray], suffix: str, near: float) -> None:
    pytest.importorskip("torch" if suffix == ".pt" else "keras")
    _, weights, expected = network
    file = weights.with_suffix(suffix)
    assert main(["export", str(weights), "--to", str(file)]) == 0
    np.testing.assert_allclose(predictions(file), expected, rtol=0, atol=near)


def test_a_state_dict_of_a_module_of_ones_own_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Mine(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = torch.nn.Linear(784, 20), torch.nn.Linear(20, 10)

        def forward(self, X: object) -> object:
            return self.last(torch.relu(self.first(X)))

    mine = Mine().double()
    file = tmp_path / "mine.pth"
    torch.save(mine.state_dict(), file)
    expected = mine(torch.tensor(digits(ROWS, True))).detach().numpy()
    np.testing.assert_allclose(predictions(file, "--layers", "784,20,relu,10"), expected, rtol=0, atol=1e-12)


def test_a_keras_model_of_ones_own_is_read_with_its_layers(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    kinds = keras.layers
    parts = [kinds.Conv2D(3, 3, padding="same", activation="relu"), kinds.MaxPooling2D(), kinds.Flatten()]
    model = keras.Sequential([keras.Input((28, 28, 1)), *parts, kinds.Dense(10, "softmax")])
    file = tmp_path / "mine.keras"
    model.save(file)
    expected = model.predict(digits(PICTURES, False), verbose=0)
    np.testing.assert_allclose(predictions(file), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shared", [True, False], ids=["one layer twice", "two outputs"])
def test_a_keras_model_that_is_no_chain_is_refused(
    tmp_path: Path, shared: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    keras = pytest.importorskip("keras")
    inputs, dense = keras.Input((784,)), keras.layers.Dense(784, "relu")
    last = keras.layers.Dense(10)
    outputs = last(dense(dense(inputs))) if shared else [dense(inputs), last(inputs)]
    file = tmp_path / "other.keras"
    keras.Model(inputs, outputs).save(file)
    assert main(["predict", "--weights", str(file)]) == 2
    assert "layers come one after the other" in capsys.readouterr().err
    keras.Model(inputs, last(dense(inputs))).save(file)
    assert main(["evaluate", "--weights", str(file), "--test-limit", "1"]) == 0


def test_an_activation_that_nnstep_has_not_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras = pytest.importorskip("keras")
    file = tmp_path / "other.keras"
    keras.Sequential([keras.Input((784,)), keras.layers.Dense(10, "softplus", name="last")]).save(file)
    assert main(["predict", "--weights", str(file)]) == 2
    assert "no counterpart of the activation softplus of the Keras layer last" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_outputs_that_would_come_in_another_order_are_refused(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # A picture of 1 × 2 with 5 channels: flattened, output 1 is the second channel here, the second pixel there.
    pytest.importorskip("torch" if suffix == ".pt" else "onnx")
    weights = trained(tmp_path, "28x28,conv 5 28x27,flatten")
    assert main(["export", str(weights), "--to", str(tmp_path / f"a{suffix}")]) == 2
    assert "would come in another order" in capsys.readouterr().err
    assert main(["export", str(trained(tmp_path, "28x28,conv 10 28x28,flatten")), "--to", str(tmp_path / "a.pt")]) == 0


def test_the_code_that_is_printed_makes_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    layers = "28x28,conv 2 5x5 stride 4,batchnorm,relu,flatten,batchnorm,12,batchnorm,tanh,10"
    weights, file = trained(tmp_path, layers), tmp_path / "a.pt"
    capsys.readouterr()
    assert main(["export", str(weights), "--to", str(file)]) == 0
    code = capsys.readouterr().out.partition("a state dict of\n")[2]
    theirs = eval(code, {"nn": torch.nn}).double()
    theirs.load_state_dict(torch.load(file, weights_only=True))
    output = theirs.eval()(torch.tensor(digits(layers, channels_first=True))).detach().numpy()
    np.testing.assert_allclose(output, predictions(weights), rtol=0, atol=1e-12)


def test_a_run_is_exported_as_it_stood_at_a_position(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    run, weights, file = tmp_path / "a.nnrun", tmp_path / "a.npz", tmp_path / "a.pt"
    how = ["train", "--layers", "784,8,tanh,10", "--limit", "40", "--test-limit", "1", "--engine", "numpy"]
    assert main([*how, "--epochs", "2", "--save-run", str(run)]) == 0
    assert main([*how, "--epochs", "1", "--save", str(weights)]) == 0
    assert main(["export", str(run), "--to", str(file), "--at", "2.1"]) == 0
    state = torch.load(file, weights_only=True)
    np.testing.assert_array_equal(state["0.weight"].numpy().T, np.load(weights)["0.weights"])


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "not a PyTorch state dict"), (b"PK\x03\x04 nothing", "not a PyTorch state dict")],
)
def test_a_damaged_state_dict_costs_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, says: str
) -> None:
    pytest.importorskip("torch")
    file = tmp_path / "bad.pt"
    file.write_bytes(content)
    assert main(["predict", "--weights", str(file)]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_a_whole_pickled_module_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch")
    file = tmp_path / "module.pt"
    torch.save(torch.nn.Linear(784, 10), file)
    assert main(["predict", "--weights", str(file)]) == 2
    assert "state_dict()" in capsys.readouterr().err


def test_a_keras_model_with_something_unknown_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keras = pytest.importorskip("keras")
    file = tmp_path / "other.keras"
    model = keras.Sequential([keras.Input((784,)), keras.layers.LayerNormalization(), keras.layers.Dense(10)])
    model.save(file)
    assert main(["predict", "--weights", str(file)]) == 2
    assert "LayerNormalization" in capsys.readouterr().err


def test_an_unknown_ending_is_refused_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.h5"
    assert main(["export", "nothing.npz", "--to", str(file)]) == 2
    assert ".onnx" in capsys.readouterr().err and not file.exists()


def test_a_homeworks_run_is_exported_as_the_network_that_it_computes(tmp_path: Path, capsys) -> None:
    homework, run = str(Path(__file__).parent / "homework" / "row_vectors.py"), str(tmp_path / "r.nnrun")
    words = ["--net", homework, "--limit", "30", "--test-limit", "5", "--epochs", "1"]
    assert main(["train", *words, "--save-run", run, "--save", str(tmp_path / "w.npz")]) == 0
    assert main(["export", run, "--to", str(tmp_path / "model.keras"), "--dtype", "float64"]) == 0
    layers = capsys.readouterr().out.splitlines()[-1].partition(": ")[2].partition(", float64")[0]
    theirs = predictions(tmp_path / "w.npz", "--net", homework, "--test-limit", "5")
    ours = predictions(tmp_path / "model.keras", "--layers", layers, "--test-limit", "5")
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_a_homework_that_no_framework_knows_and_its_bare_weights_are_refused(tmp_path: Path, capsys) -> None:
    text = (Path(__file__).parent / "homework" / "row_vectors.py").read_text()
    (tmp_path / "hw.py").write_text(text.replace("np.tanh(", "0.9 * np.tanh("))
    words = ["--net", str(tmp_path / "hw.py"), "--limit", "30", "--test-limit", "5", "--epochs", "1"]
    run, weights = str(tmp_path / "r.nnrun"), str(tmp_path / "w.npz")
    assert main(["train", *words, "--save-run", run, "--save", weights]) == 0
    assert main(["export", run, "--to", str(tmp_path / "m.onnx")]) == 2
    assert main(["export", weights, "--to", str(tmp_path / "m.onnx")]) == 2
    said = capsys.readouterr().err
    assert "this homework computes something else" in said
    assert "but not which layers these are. Export a run" in said


def test_an_onnx_file_is_not_read_and_that_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "network.onnx"
    file.write_bytes(b"onnx")
    assert main(["evaluate", "--weights", str(file)]) == 2
    said = capsys.readouterr().err
    assert "network.onnx: ONNX files are written, not read" in said and said.count("\n") == 1
