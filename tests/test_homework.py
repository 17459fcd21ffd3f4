"""Loading a homework file: which network and loss are found, and what is said of a file that has none."""

import inspect
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from nnstep.errors import NnstepError
from nnstep.homework import Homework, load_homework
from nnstep.losses import LOSSES
from nnstep.student_errors import StudentError

LAYERS = """\
import numpy as np

class Dense:
    def forward_propagation(self, X):
        return X
    def backward_propagation(self, dE_dY, learning_rate):
        return dE_dY

class Tanh(Dense):
    pass

class Net:
    def __init__(self, layers=None):
        self.layers = layers or []
    def add(self, layer):
        self.layers.append(layer)

"""


def load(folder: Path, text: str, name: str = "hw.py", limit: float = 5) -> Homework:
    path = folder / name
    path.write_text(LAYERS + text)
    return load_homework(str(path), limit)


FOUND = {
    "network = Net([Dense(), Tanh()])": "network",
    "network = [Dense(), Tanh()]": "network",
    "network = (Dense(), Tanh)": "network",
    "network = {'first': Dense(), 'second': Tanh()}": "network",
    "class My:\n    layers = [Dense, Tanh]\nnetwork = My": "network",
    "def network():\n    return [Dense(), Tanh()]": "network",
    "def build_network():\n    return Net([Dense(), Tanh()])": "build_network()",
    "def build_network():\n    return [Dense, Tanh]": "build_network()",
    "def build_network(seed=3):\n    yield Dense()\n    yield Tanh()": "build_network()",
    "network = (kind() for kind in (Dense, Tanh))": "network",
    "from collections import deque\nnetwork = Net(deque([Dense(), Tanh()]))": "network",
    "network = Net(map(lambda kind: kind(), (Dense, Tanh)))": "network",
    "import numpy as np\nnetwork = Net()\nnetwork.layers = np.array([Dense(), Tanh()], dtype=object)": "network",
    "class My:\n    def layers(self):\n        yield Dense()\n        yield Tanh()\nnn = My()": "nn",
    "class My:\n    __slots__ = ()\n    def __iter__(self):\n        yield Dense()\n        yield Tanh()\n"
    "network = My()": "network",
    "def make_model():\n    return Net([Dense(), Tanh()])": "make_model()",
    "nn = Net([Dense(), Tanh()])": "nn",
    "whatever = Net([Dense(), Tanh()])": "whatever",
    "layers = [Dense(), Tanh()]": "layers",
    "parts = [Dense(), Tanh()]": "parts",
    "class My:\n    layers = [Dense(), Tanh()]": "class My",
    "class My:\n    def __init__(self):\n        self.layers = [Dense(), Tanh()]": "class My",
    "class My:\n    def __init__(self):\n        self.steps = (Dense(), Tanh())": "class My",
    "class My:\n    def __init__(self):\n        self.a, self.b = Dense(), Tanh()": "class My",
    "class My(Net):\n    @property\n    def layers(self):\n        return [Dense(), Tanh()]\n"
    "    @layers.setter\n    def layers(self, new): pass": "class My",
    "if __name__ == '__main__':\n    net = Net()\n    net.add(Dense())\n    net.add(Tanh())\n    net.fit()": "net",
    "empty = Net()\nif __name__ == '__main__':\n    empty.add(Dense())\n    empty.add(Tanh())": "empty",
}


@pytest.mark.parametrize("text", FOUND)
def test_a_network_is_found_wherever_it_stands(text: str, tmp_path: Path) -> None:
    homework = load(tmp_path, text)
    assert homework.names == ["Dense 1", "Tanh 2"]
    assert homework.origin == FOUND[text]
    assert homework.loss is LOSSES["mse"]
    assert homework.loss_from == "nnstep"


def test_batches_without_an_end_are_not_gone_through(tmp_path: Path) -> None:
    batches = "class Batches:\n    seen = 0\n    def __iter__(self):\n        while True:\n"
    batches += "            Batches.seen += 1\n            yield [0.0]\n"
    homework = load(tmp_path, f"{batches}\ndata = Batches()\nwhatever = Net([Dense(), Tanh()])")
    assert homework.origin == "whatever" and homework.module.Batches.seen < 3


NONE = {
    "": "no network found: looked for `network`, `build_network()`, an object or class with `layers`",
    "network = 3": "network is an object of type int; expected an object with `layers`",
    "network = []": "network is a list of 0 values",
    "network = [Dense(), 5]": "layer 2 (int) has no method forward_propagation",
    "network = Net()": "network has no layers",
    "def build_network():\n    return None": "build_network() is nothing; expected an object with `layers`",
    "class Sized(Dense):\n    def __init__(self, n, m): pass\nnetwork = [Dense(), Sized]": (
        "layer 2 of network is the class Sized itself, whose constructor needs n, m"
    ),
    "class My:\n    def __init__(self, depth): self.layers = []\nnetwork = My": (
        "network is the class My itself, whose constructor needs depth"
    ),
    "class Forward:\n    def forward(self, X): return X\nnetwork = Net([Dense(), Forward()])": (
        "layer 2 (Forward) has no method forward_propagation. It has forward: call it forward_propagation"
    ),
}


@pytest.mark.parametrize("text", NONE)
def test_a_file_without_a_usable_network_says_what_was_looked_for(text: str, tmp_path: Path) -> None:
    with pytest.raises(StudentError) as caught:
        load(tmp_path, text)
    assert NONE[text] in str(caught.value)
    assert str(caught.value).startswith("hw.py")
    assert "\n" not in str(caught.value)


def both(y: np.ndarray, p: np.ndarray, homework: Homework) -> tuple[float, float]:
    return float(homework.loss.function(y, p)), float(homework.loss.gradient(y, p)[0])


ABS = "lambda y, p: np.abs(y - p).sum()"
SIGN = "lambda y, p: np.sign(p - y)"
LOSS = {
    f"loss = {ABS}\nloss_prime = {SIGN}": "module",
    f"mse = {ABS}\nmse_prime = {SIGN}": "module",
    f"mse = {ABS}\nmse_derivative = {SIGN}": "module",
    f"mae = {ABS}\nd_mae = {SIGN}": "module",
    f"mae = {ABS}\nmae_gradient = {SIGN}": "module",
    "def cost(y_true, y_pred, scale=1):\n    return np.abs(y_true - y_pred).sum()\n"
    "def cost_grad(y_true, y_pred):\n    return np.sign(y_pred - y_true)": "module",
    f"network.loss = {ABS}\nnetwork.loss_prime = {SIGN}": "network",
    f"network.loss_function = {ABS}\nnetwork.loss_function_prime = {SIGN}": "network",
    f"network._loss, network._loss_gradient = {ABS}, {SIGN}": "network",
    f"Net.mse = staticmethod({ABS})\nNet.mse_prime = staticmethod({SIGN})": "network",
    f"class L:\n    f = staticmethod({ABS})\n    def loss(self, y, p): return self.f(y, p)\n"
    "    def gradient(self, y, p): return np.sign(p - y)\nnetwork.loss = L()": "network",
    f"import nnstep\nnetwork.loss = nnstep.losses.Loss('mae', {ABS}, {SIGN})": "network",
}


@pytest.mark.parametrize("text", LOSS)
def test_the_files_own_loss_is_found(text: str, tmp_path: Path) -> None:
    homework = load(tmp_path, f"network = Net([Dense()])\n{text}")
    assert homework.loss_from == LOSS[text]
    assert both(np.array([1.0, 0.0]), np.array([4.0, 2.0]), homework) == (5.0, 1.0)


def test_a_loss_without_a_gradient_and_functions_of_other_kinds_are_no_loss(tmp_path: Path) -> None:
    text = "layers = [Dense()]\ndef mse(y, p): return 0\ndef tanh(x): return x\ndef tanh_prime(x): return 1"
    assert load(tmp_path, text).loss is LOSSES["mse"]


def test_errors_while_loading_carry_the_students_own_traceback(tmp_path: Path) -> None:
    with pytest.raises(StudentError) as caught:
        load(tmp_path, "def deep(n):\n    return 1 / n\nnetwork = deep(0)")
    error = caught.value
    assert error.message == "hw.py, line 19: loading hw.py raised ZeroDivisionError: division by zero"
    assert error.traceback.splitlines() == [
        "Traceback (most recent call last):",
        '  File "hw.py", line 20, in <module>',
        "    network = deep(0)",
        '  File "hw.py", line 19, in deep',
        "    return 1 / n",
        "ZeroDivisionError: division by zero",
    ]
    assert (error.line, error.file, error.kind) == (19, "hw.py", "raised")


def test_a_syntax_error_shows_its_line(tmp_path: Path) -> None:
    with pytest.raises(StudentError) as caught:
        load(tmp_path, "network = [Dense()\nx = 1")
    assert caught.value.message == "hw.py, line 18: syntax error: '[' was never closed"
    assert "    network = [Dense()" in caught.value.traceback
    assert caught.value.line == 18


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("x")
    (tmp_path / "latin.py").write_bytes(b"x = '\xe4'\n")
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "empty.ipynb").write_text(json.dumps({"cells": []}))
    (tmp_path / "folder.py").mkdir()
    for name, said in (
        ("missing.py", "there is no such file"),
        ("text.txt", "expected a Python file (.py) or a notebook (.ipynb)"),
        ("latin.py", "is no text in UTF-8"),
        ("broken.ipynb", "not a notebook, or a damaged one"),
        ("empty.ipynb", "the notebook has no code cells"),
        ("folder.py", "is a folder"),
    ):
        with pytest.raises(NnstepError, match=said.replace("(", r"\(").replace(")", r"\)").replace(".", r"\.")):
            load_homework(str(tmp_path / name))


def test_a_file_may_import_its_siblings_and_each_load_reads_them_anew(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / "parts.py").write_text(f"SIZE = {number}\nprint('parts', SIZE)\n")
        homework = load(tmp_path, "import parts\nnetwork = [Dense() for _ in range(parts.SIZE)]")
        assert len(homework.layers) == number
        assert homework.printed == f"parts {number}\n"
        assert homework.watched == (str(tmp_path / "hw.py"), str(tmp_path / "parts.py"))


def test_two_loads_draw_the_same_global_random_numbers(tmp_path: Path) -> None:
    text = "import random\nlayers = [Dense()]\nlayers[0].W = np.random.rand(3) + random.random()"
    first, second = load(tmp_path, text), load(tmp_path, text)
    assert np.array_equal(first.layers[0].W, second.layers[0].W)


def test_a_plotting_library_that_is_not_installed_is_noted_and_no_obstacle(tmp_path: Path) -> None:
    homework = load(tmp_path, "import seaborn as sns\nfrom google.colab import drive\nlayers = [Dense()]")
    assert "seaborn is not installed: what it would show is left out" in homework.notes
    with pytest.raises(StudentError, match="No module named 'pandas'"):
        load(tmp_path, "import pandas as pd\npd.read_csv('digits.csv')\nlayers = [Dense()]")
    with pytest.raises(StudentError, match="No module named 'my_missing_module'"):
        load(tmp_path, "import my_missing_module\nlayers = [Dense()]")


def test_what_a_missing_library_would_draw_is_left_out(tmp_path: Path) -> None:
    text = (
        "import matplotlib.pyplot as plt, seaborn as sns\nfrom tqdm import tqdm\n"
        "sns.set_theme()\nplt.rcParams['figure.figsize'] = 1, 2\nplt.style.use('ggplot')\n"
        "fig, axes = plt.subplots(1, 2)\naxes[0].plot([1, 2])\nfor ax in axes.flat:\n    ax.axis('off')\n"
        "with plt.xkcd():\n    plt.show()\nlayers = [Dense() for _ in tqdm(range(2))]"
    )
    assert load(tmp_path, text).names == ["Dense 1", "Dense 2"]


def test_a_name_that_an_installed_library_no_longer_has_is_no_obstacle(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    homework = load(tmp_path, "from scipy.special import gone\nlayers = [Dense()]")
    assert homework.notes == ("scipy.special.gone is not installed: what uses it does not work",)


def test_keras_takes_jax_where_tensorflow_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    found = {"jax": object()}
    monkeypatch.setattr("importlib.util.find_spec", found.get)
    text = "import os\nbackend = os.environ.get('KERAS_BACKEND')\nlayers = [Dense()]"
    assert load(tmp_path, text).module.backend == "jax"
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    found["tensorflow"] = object()
    assert load(tmp_path, text).module.backend is None


def test_a_file_finds_no_arguments_of_a_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["nnstep", "check", "--json"])
    text = "import argparse, sys\nwords = sys.argv\nargparse.ArgumentParser().parse_args()\nlayers = [Dense()]"
    assert load(tmp_path, text).module.words == [str(tmp_path / "hw.py")]
    assert sys.argv == ["nnstep", "check", "--json"]


def notebook(folder: Path, *cells: str) -> str:
    path = folder / "hw.ipynb"
    known = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "# text"}, *known], "nbformat": 4}))
    return str(path)


def test_only_definitions_of_a_notebook_run(tmp_path: Path) -> None:
    path = notebook(
        tmp_path,
        "%matplotlib inline\n!ls\nimport numpy as np\nrng = np.random.default_rng(2)\nn = 3 * 4",
        LAYERS,
        "x = np.load('missing.npy')\ny = x / 255\nprint('not printed')\nassert False",
        "net = Net()\nnet.add(Dense())\nfor _ in range(2):\n    net.add(Tanh())\nnet.sizes = [n, n]",
        "%%bash\nexit 1",
        "losses = net.fit(x, y)\nnet.add(losses)\nwhile True:\n    pass",
        "z = [net for net in y]\nplt.plot(losses)\n%timeit 1\nx?",
    )
    homework = load_homework(path)
    assert homework.names == ["Dense 1", "Tanh 2", "Tanh 3"]
    assert homework.printed == ""
    assert not hasattr(homework.module, "x")
    assert homework.network.sizes == [12, 12]  # type: ignore[attr-defined]


def test_help_on_an_entry_and_await_are_no_syntax_errors_in_a_notebook(tmp_path: Path) -> None:
    asking = "network = [Dense()]\nnetwork[0].W?\nnp.*load*?"
    path = notebook(tmp_path, "import numpy as np", LAYERS, "await prepare()\nx = await rows()", asking)
    assert load_homework(path).names == ["Dense 1"]


def test_lines_of_a_notebook_are_told_by_cell(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import numpy as np", LAYERS, "network = Net([Dense(),\n    Tanh(1)])")
    with pytest.raises(StudentError) as caught:
        load_homework(path)
    assert caught.value.message.startswith("hw.ipynb, cell 3, line 2: loading hw.ipynb raised TypeError")
    path = notebook(tmp_path, "import numpy as np", LAYERS + "class Broken(:\n    pass")
    with pytest.raises(StudentError, match="hw.ipynb, cell 2, line 18: syntax error"):
        load_homework(path)
    homework = load_homework(notebook(tmp_path, "import numpy as np\n", LAYERS, "network = [Dense()]"))
    source, line = inspect.getsourcelines(type(homework.layers[0]).backward_propagation)
    assert source[0].strip() == "def backward_propagation(self, dE_dY, learning_rate):"
    assert homework.place(line) == "cell 2, line 6"


def test_a_loaded_file_leaves_streams_and_random_numbers_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homework = load(tmp_path, "import sys\nprint('out')\nprint('err', file=sys.stderr)\nlayers = [Dense()]")
    print("mine")
    assert capsys.readouterr() == ("mine\n", "")
    assert homework.printed == "out\nerr\n"
    assert not (tmp_path / "__pycache__" / "hw.cpython-311.pyc").exists()


def test_a_layer_whose_repr_raises_is_called_by_its_class(tmp_path: Path) -> None:
    text = "class Odd(Dense):\n    def __repr__(self): raise ValueError\nlayers = [Odd()]"
    assert load(tmp_path, text).names == ["Odd 1"]


def test_dataclasses_and_postponed_annotations_work(tmp_path: Path) -> None:
    text = "from dataclasses import dataclass, field\n@dataclass\nclass Data:\n    layers: 'list[Dense]' = field("
    homework = load(tmp_path, text + "default_factory=lambda: [Dense(), Tanh()])")
    assert homework.names == ["Dense 1", "Tanh 2"]


def test_the_digest_follows_the_file_and_its_siblings(tmp_path: Path) -> None:
    (tmp_path / "parts.py").write_text("A = 1\n")
    text = "import parts\nlayers = [Dense()]"
    first, same = load(tmp_path, text).digest, load(tmp_path, text).digest
    (tmp_path / "parts.py").write_text("A = 2\n")
    assert first == same != load(tmp_path, text).digest
    assert load(tmp_path, text + "\n").digest != load(tmp_path, text).digest
    assert os.path.isabs(load(tmp_path, text).watched[0])
