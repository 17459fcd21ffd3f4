"""The line that a finding names is the one that makes what it is about."""

from pathlib import Path

import pytest

from nnstep.checking.file_check import check_file
from nnstep.homework import load_homework

FOLDER = Path(__file__).parents[1] / "homework" / "check"


@pytest.mark.parametrize(
    ("name", "tensor", "text"),
    [
        ("wrong_list_transposed", "arrays.0", "gW = np.outer(self.x, g)"),
        ("wrong_f32_rate_missing", "p.1", "self.p[1] = self.p[1] - db"),
        ("wrong_integer_bias_flat", "bias", "self.bias -= lr * db"),
        ("wrong_overflow_softmax", "Y", "np.exp"),
        ("wrong_backward_changes_output", "Y", "self."),
    ],
)
def test_a_finding_names_the_line_that_makes_it(name: str, tensor: str, text: str) -> None:
    path = FOLDER / f"{name}.py"
    report = check_file(load_homework(str(path)))
    (line,) = (f.line for layer in report.layers for f in layer.findings if f.tensor == tensor)
    assert line is not None
    assert text in path.read_text().splitlines()[line - 1]


def test_an_output_that_forward_keeps_is_made_where_it_is_computed(tmp_path: Path) -> None:
    path = tmp_path / "sigmoid.py"
    path.write_text(
        "import numpy as np\n"
        "class Sigmoid:\n"
        "    def forward_propagation(self, x):\n"
        "        self.y = np.exp(x) / (1 + np.exp(x))\n"
        "        return self.y\n"
        "    def backward_propagation(self, g, lr):\n"
        "        return g * self.y * (1 - self.y)\n"
        "network = [Sigmoid()]\n"
    )
    (finding,) = check_file(load_homework(str(path))).layers[0].findings
    assert (finding.id, finding.line) == ("overflow", 4)


def test_an_array_that_backward_changes_by_more_than_a_step_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tanh.py"
    path.write_text(
        "import numpy as np\n"
        "class Tanh:\n"
        "    def forward_propagation(self, x):\n"
        "        self.y = np.tanh(x)\n"
        "        return self.y\n"
        "    def backward_propagation(self, g, lr):\n"
        "        self.y **= 2\n"
        "        return g * (1 - self.y)\n"
        "network = [Tanh()]\n"
    )
    (finding,) = check_file(load_homework(str(path))).layers[0].findings
    assert (finding.id, finding.tensor, finding.line) == ("overwritten", "Y", 7)
