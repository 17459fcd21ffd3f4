"""Libraries that are missing, refused or broken: a line that says what to install, and the rest goes on."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.cli import main
from nnstep.data import load_data
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.extras import are_installed
from nnstep.stack import Stack

BROKEN = "raise ImportError('it needs an older\\nnumpy')\n"
LAYERS = "784,4,tanh,10"


class Refusing:
    """A hook that refuses to import one library."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name == "refused":
            raise ModuleNotFoundError("No module named 'refused'", name=name)
        return None


def stack() -> Stack:
    network = build_network(LAYERS)
    return Stack(network.layers, network.loss)


def break_library(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be found, but raises when it is imported."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(folder)
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        monkeypatch.delitem(sys.modules, module)


def test_a_library_that_an_import_hook_refuses_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    assert are_installed("numpy") and not are_installed("numpy", "refused") and not are_installed("nowhere")


def test_auto_does_without_a_broken_numba_and_the_others_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_library("numba", tmp_path, monkeypatch)
    assert choose_engine("auto", stack()).name == "numpy"
    with pytest.raises(NnstepError, match="numba cannot be imported: it needs an older numpy"):
        choose_engine("numba", stack())
    late, digits = choose_engine("auto", stack(), at_once=False), load_data("samples", 4, 4).train
    with pytest.raises(NnstepError, match=r'pip install "nnstep\[fast\]"'):
        late.run(stack(), digits, np.arange(4), 0.1)


@pytest.mark.parametrize(
    ("library", "ending", "says"),
    [
        (
            "torch",
            ".pt",
            'PyTorch cannot be imported: it needs an older numpy. Install it anew: pip install "nnstep[torch',
        ),
        (
            "keras",
            ".keras",
            'Keras cannot be imported: it needs an older numpy. Install it anew: pip install "nnstep[keras',
        ),
        (
            "onnx",
            ".onnx",
            'onnx cannot be imported: it needs an older numpy. Install it anew: pip install "nnstep[onnx',
        ),
    ],
)
def test_files_of_a_broken_framework_cost_one_line(
    library: str,
    ending: str,
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if library == "keras":
        pytest.importorskip("jax")
    weights, file = tmp_path / "weights.npz", tmp_path / f"network{ending}"
    assert main(["train", "--layers", LAYERS, "--limit", "4", "--epochs", "1", "--save", str(weights)]) == 0
    break_library(library, tmp_path, monkeypatch)
    capsys.readouterr()
    assert main(["export", str(weights), "--to", str(file)]) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1 and not file.exists()
    if library != "onnx":
        file.write_bytes(b"")
        assert main(["evaluate", "--weights", str(file)]) == 2
        assert says in capsys.readouterr().err
