"""A network from one line or a TOML file: what is understood, and how what is wrong is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnstep.architecture import build_network, describe_layers
from nnstep.cli import main
from nnstep.convolution import ConvLayer
from nnstep.errors import NnstepError
from nnstep.layers import Layer
from nnstep.network import Network
from nnstep.network_file import read_network_file

LINE = "28x28,conv 8 3x3,relu,maxpool 2,flatten,64,relu,dropout 0.2,10,softmax"


def test_one_line_describes_a_convolutional_network() -> None:
    network = build_network(LINE)
    assert [repr(layer) for layer in network.layers] == [
        "conv 28×28×1 → 26×26×8",
        "relu",
        "maxpool 26×26×8 → 13×13×8",
        "flatten",
        "affine 1352 → 64",
        "relu",
        "dropout 0.2",
        "affine 64 → 10",
        "softmax",
    ]
    assert network.forward(np.zeros((2, 784))).shape == (2, 10)


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        "784,128,tanh,64,tanh,10,tanh",
        "784,dropout 0.1,30,batchnorm,leaky_relu,10",
        "32x30x3,conv 4 5x3 stride 2 pad 1,elu,avgpool 3x2,maxpool 3 stride 1,batchnorm,flatten,10,gelu",
        "28x28,conv 10 28x28,flatten",
    ],
)
def test_a_network_can_be_described_and_built_again(line: str) -> None:
    network = build_network(line, seed=4)
    assert describe_layers(network) == line
    again = build_network(str(describe_layers(network)), seed=4)
    for one, other in zip(network.layers, again.layers, strict=True):
        assert all(np.array_equal(one.parameters[name], other.parameters[name]) for name in one.parameters)


def test_short_forms_mean_what_they_say() -> None:
    assert describe_layers(build_network("28x28x1, CONV 4, maxpool, flatten, 10")) == (
        "28x28,conv 4 3x3,maxpool 2,flatten,10"
    )
    same = build_network("9x9,conv 2 5x5 pad same,flatten,3").layers[0]
    assert isinstance(same, ConvLayer) and same.padding == 2 and same.output_picture == (9, 9, 2)


def test_a_layer_of_ones_own_has_no_description() -> None:
    assert describe_layers(Network([Layer()])) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("28x28,conv 8 3y3,flatten,10", r"part 2 'conv 8 3y3' expected as: conv FILTERS HEIGHTxWIDTH"),
        ("28x28,conv 8 3x3 stride,flatten,10", r"part 2 'conv 8 3x3 stride' expected as"),
        ("28x28,conv 8 3x3 pad 1 pad 1,flatten,10", r"part 2 .* expected as"),
        ("28x28,conv x,flatten,10", r"part 2 'conv x' expected as"),
        ("28x28,conv 8 3x3,10", r"part 3 '10': an affine layer takes rows, received pictures of 26×26×8. Put flatten"),
        ("28x28,conv 8 3x3,softmax,flatten,10", r"part 3 'softmax': softmax takes rows"),
        ("784,maxpool 2,10", r"part 2 'maxpool 2': maxpool takes pictures, received rows of 784. Begin with a size"),
        ("28x28,conv 8 4x4 pad same,flatten,10", r"part 2 .*'pad same' needs a square filter of odd size"),
        ("28x28,maxpool 30,flatten,10", r"part 2 .*a window of 30 × 30 is larger than the picture of 28 × 28"),
        ("28x28,batchnorm,flatten,10", r"part 2 'batchnorm': batchnorm of pictures needs conv"),
        ("784,10,swish", r"part 3 'swish': unknown activation or layer 'swish'. Choose one of: tanh, .*, softmax"),
        ("784,10,dropout 1", r"part 3 'dropout 1': dropout expected a rate from 0 to below 1"),
        ("784,10,flatten 2", r"part 3 'flatten 2' expected as: flatten"),
        ("784,0", r"expected sizes from 1 to 1,000,000, received 0"),
        ("784,-3", r"expected sizes from 1 to 1,000,000, received -3"),
        ("28x28x1x1,10", r"expected to begin with the number of inputs, received '28x28x1x1'"),
        ("28x28,maxpool 2", r"end in pictures, expected rows. Put flatten"),
        ("784,relu", r"hold no affine layer"),
        ("784,,10", r"expected a size or an activation, received ''"),
        ("28x28,conv 8 3x3 pad -1,flatten,10", r"part 2 'conv 8 3x3 pad -1' expected as: conv"),
        ("28x28,conv 8 3x3 pad 100000000000000,flatten,10", r"part 2 .* expected as: conv"),
        ("28x28,conv 1000001 3x3,flatten,10", r"part 2 'conv 1000001 3x3' expected as: conv"),
    ],
)
def test_the_part_that_is_wrong_is_named(line: str, message: str) -> None:
    with pytest.raises(NnstepError, match=message):
        build_network(line)


@pytest.mark.parametrize(
    "line", ["1000000x1000000x1000000,flatten,10", "1x1x1000000,conv 1000000 9999x9999 pad 99999,flatten,10"]
)
def test_a_network_too_large_to_count_does_not_fit_into_memory(line: str, capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", "--layers", line]) == 2
    assert capsys.readouterr().err.startswith("nnstep: this does not fit into memory")


TOML = """
# the same network
input = [28, 28]
loss = "cross_entropy"
init = "he"

[[layer]]
kind = "conv"
filters = 8
kernel = 3

[[layer]]
kind = "relu"

[[layer]]
kind = "maxpool"
window = [2, 2]
stride = 2

[[layer]]
kind = "flatten"

[[layer]]
kind = "affine"
outputs = 10

[[layer]]
kind = "dropout"
rate = 0.5

[[layer]]
kind = "softmax"
"""


def test_a_toml_file_says_the_same_as_a_line(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(TOML)
    file = read_network_file(str(path))
    line = "28x28,conv 8 3,relu,maxpool 2x2 stride 2,flatten,10,dropout 0.5,softmax"
    assert (file.layers, file.loss, file.init) == (line, "cross_entropy", "he")
    path.write_text(f'layers = "{LINE}"\n')
    assert read_network_file(str(path)).layers == LINE and read_network_file(str(path)).loss is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "filters = 8",
            "filter = 8",
            r"line 9: layer 1 \(conv\): unknown key 'filter'. Possible: kind, filters, kernel",
        ),
        (
            "outputs = 10",
            'outputs = "10"',
            r"line 25: layer 5 \(affine\): outputs expected a whole number, received '10'",
        ),
        ("rate = 0.5", "rate = true", r"line 29: layer 6 \(dropout\): rate expected a number, received True"),
        ('kind = "relu"', 'kind = "rule"', r"line 13: layer 2: unknown kind 'rule'. Possible: affine, conv"),
        ("filters = 8\n", "", r"line 8: layer 1 \(conv\): filters is missing"),
        (
            'init = "he"',
            "inti = 3",
            r"line 5: the file: unknown key 'inti'. Possible: input, layers, layer, loss, init",
        ),
        ("input = [28, 28]", "", r"input is missing"),
        ("input = [28, 28]", 'layers = "784,10"', r"expected either layers, the one line, or"),
        ("kernel = 3", "kernel = ", r"no TOML: .*line 10"),
        ("filters = 8", "filters = 0", r"line 9: layer 1 \(conv\): filters expected a whole number from 1 to"),
        ("kernel = 3", "kernel = []", r"line 10: layer 1 \(conv\): kernel expected a size .* received \[\]"),
        ("kernel = 3", 'padding = "1,relu"', r"line 10: layer 1 \(conv\): padding expected .* or \"same\", received"),
        ("kernel = 3", "padding = -1", r"line 10: layer 1 \(conv\): padding expected a whole number from 0"),
        ("kernel = 3", "kernel = 30", r"line 8: layer 1 \(conv\): .*30 × 30 is larger than the picture of 28 × 28"),
        ("window = [2, 2]", "window = [2, 0]", r"line 17: layer 3 \(maxpool\): window expected a size"),
        ("stride = 2", "stride = -1", r"line 18: layer 3 \(maxpool\): stride expected a whole number from 1"),
        ("rate = 0.5", "rate = 1", r"line 29: layer 6 \(dropout\): rate expected a number from 0 to below 1"),
        ('kind = "relu"', 'kind = "softmax"', r"line 13: layer 2 \(softmax\): softmax takes rows.* Put flatten"),
        ('kind = "relu"', "", r"line 12: layer 2: kind is missing"),
        ("outputs = 10", "outputs = 1000001", r"line 25: layer 5 \(affine\): outputs expected .* received 1000001"),
        ("input = [28, 28]", "input = [28, 0]", r"line 3: the file: input expected sizes from 1 to 1,000,000"),
        ("input = [28, 28]", 'input = "28x28,2"', r"line 3: the file: input expected sizes"),
        (
            '"cross_entropy"',
            '"hinge"',
            r"line 4: the file: loss expected one of mse, cross_entropy, .* received 'hinge'",
        ),
        ('"he"', '"zeros"', r"line 5: the file: init expected one of lecun, xavier, he, uniform01, received 'zeros'"),
    ],
)
def test_what_is_wrong_in_a_toml_file_is_named_with_its_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    assert old in TOML
    path.write_text(TOML.replace(old, new, 1))
    with pytest.raises(NnstepError, match=message):
        read_network_file(str(path))


def test_the_one_line_in_a_file_is_tried_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('loss = "mse"\nlayers = "784,10,tnh"\n')
    with pytest.raises(NnstepError, match=r"net.toml, line 2: layers '784,10,tnh', part 3 'tnh': unknown activation"):
        read_network_file(str(path))
    path.write_text('input = 784\nlayers = "784,10"\n')
    with pytest.raises(NnstepError, match=r"line 1: input beside layers, the one line"):
        read_network_file(str(path))


def test_a_loss_that_cannot_take_the_outputs_is_said_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('loss = "cross_entropy"\nlayers = "784,10,tanh"\n')
    with pytest.raises(NnstepError, match=r"net.toml, line 2: layers '784,10,tanh' end with tanh, but cross_entropy"):
        read_network_file(str(path))


def test_the_init_of_a_network_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text('init = "uniform01"\nlayers = "784,10"\n')

    def weights_of(*options: str) -> Any:
        saved = tmp_path / "weights.npz"
        assert main(["train", *options, "--limit", "1", "--epochs", "1", "--save", str(saved)]) == 0
        return np.load(saved)["0.weights"]

    as_line = weights_of("--layers", "784,10", "--init", "uniform01")
    np.testing.assert_array_equal(weights_of("--layers", str(path)), as_line)
    assert not np.array_equal(weights_of("--layers", str(path), "--init", "he"), as_line)


def test_a_network_file_that_cannot_be_read_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", "--layers", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NnstepError, match="it is no text"):
        read_network_file(str(binary))
