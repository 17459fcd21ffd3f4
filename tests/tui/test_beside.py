"""PyTorch and Keras beside a frame: their numbers, the difference, and what is said of it."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pilot_app import SMALL, make_app, notices, screen_text, text, until
from test_homework_screen import make_app as make_students_app
from test_homework_screen import write

from nnstep.frameworks.beside import Beside
from nnstep_tui.app import NnstepApp
from nnstep_tui.screens.beside import BesideFramework
from nnstep_tui.widgets.tensors import TensorPanes

KEYS = {"torch": ["F"], "keras": ["F", "F"]}
NAMES = {"torch": "PyTorch", "keras": "Keras"}


@pytest.fixture(params=["torch", "keras"])
def framework(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The one that is installed; the other one is not, so that F reaches it at once."""
    pytest.importorskip(request.param)
    only(monkeypatch, request.param)
    return str(request.param)


def only(monkeypatch: pytest.MonkeyPatch, *installed: str) -> None:
    monkeypatch.setattr("nnstep.frameworks.base.is_installed", lambda framework: framework in installed)


async def arrived(app: NnstepApp, pilot: Any) -> None:
    def there() -> bool:
        screen = app.screen
        assert isinstance(screen, BesideFramework)
        return screen._along is not None and screen._along.mine is app.debugger.frames

    await until(pilot, there)
    await pilot.pause()


async def test_the_frameworks_value_and_the_difference_stand_beside_each_tensor(framework: str) -> None:
    name, app = NAMES[framework], make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "F")
        await arrived(app, pilot)
        assert "agrees in all 10 steps of this sample" in notices(app)
        await pilot.press("tab")
        await pilot.pause()
        shown = screen_text(app)
        assert "Y (1, 16)" in shown and f"Y in {name} (1, 16)" in shown and "difference (1, 16)" in shown
        said = text(app, "#arithmetic")
        assert name in said and ("rounding" in said or "the same to the last bit" in said) and "≠" not in shown
        await pilot.press("f", "n", "n", "n", "n")  # backward affine 3: its tensors too
        await pilot.pause()
        for symbol in ("dE/dX", "dE/dW", "ΔW", "W after", "dE/db"):
            while f"─ {symbol} (" not in screen_text(app):
                await pilot.press("tab")
                await pilot.pause()
            assert f"{symbol} in {name}" in screen_text(app)


async def test_it_follows_to_the_next_sample_with_the_weights_of_then(framework: str) -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("F")
        await arrived(app, pilot)
        first = app.screen._along  # type: ignore[attr-defined]
        await pilot.press(*"]]]")
        await arrived(app, pilot)
        along = app.screen._along  # type: ignore[attr-defined]
        assert along is not first and along.first is None
        weights = next(one for one in along.compared[0] if one.tensor.key == "before.weights")
        np.testing.assert_array_equal(weights.then, app.debugger.frames[0].before["weights"])
        assert not np.array_equal(weights.then, first.compared[0][2].then)


async def test_the_key_goes_from_pytorch_to_keras_to_none() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("keras")
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        for key, name in NAMES.items():
            await pilot.press("F")
            await arrived(app, pilot)
            assert app.screen.looks.framework == key and f"X in {name}" in screen_text(app)  # type: ignore[attr-defined]
        await pilot.press("F")
        await pilot.pause()
        assert app.screen.looks.framework is None  # type: ignore[attr-defined]
        assert " in Keras" not in screen_text(app)
        assert not app.screen.query_one(TensorPanes).single


async def test_the_app_answers_while_the_framework_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    go_on, go_along = threading.Event(), Beside.go_along

    def slow(self: Beside, frames: Any) -> Any:
        go_on.wait(20)
        return go_along(self, frames)

    monkeypatch.setattr(Beside, "go_along", slow)
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("F")
        await pilot.press("n", "n")
        await pilot.pause()
        assert "step 3/10" in text(app, "#position") and "PyTorch: loading …" in text(app, "#arithmetic")
        await pilot.press("]")
        go_on.set()
        await arrived(app, pilot)
        assert "sample 2/60" in text(app, "#position") and "loading" not in text(app, "#arithmetic")


async def test_a_students_fault_is_marked_and_named(framework: str, tmp_path: Path) -> None:
    path = write(tmp_path, "(1 - self.output**2)", "(1 - np.tanh(self.output) ** 2)")
    app = make_students_app(path)
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("F")
        await arrived(app, pilot)
        assert "parts in step 7, backward TanhLayer 4, dE/dX[0, " in notices(app)
        await pilot.press("f")
        await pilot.pause()
        assert "beyond rounding" not in text(app, "#arithmetic")
        await pilot.press("n", "n", "n", "tab")
        await pilot.pause()
        assert "largest difference" in text(app, "#arithmetic") and "beyond rounding" in text(app, "#arithmetic")
        assert f"≠ {NAMES[framework]}" in screen_text(app)
        await pilot.press("e")
        await pilot.pause()
        assert f"{NAMES[framework]}: " in text(app, "#arithmetic") and "difference" in text(app, "#arithmetic")


async def test_a_saved_file_is_taken_along_again(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    app = make_students_app(write(tmp_path, "(1 - self.output**2)", "(1 - np.tanh(self.output) ** 2)"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("F")
        await arrived(app, pilot)
        assert "parts in step 7" in notices(app)
        write(tmp_path)
        app.screen.look_at_file()  # type: ignore[attr-defined]
        await pilot.pause()
        await arrived(app, pilot)
        assert "agrees in all 10 steps" in notices(app)


async def test_a_students_layer_that_no_framework_has_costs_one_line(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = write(tmp_path, "        self.output = np.tanh(input)\n", "        self.output = np.sin(input) * 2\n")
    path.write_text(path.read_text().replace("TanhLayer", "Wave"))
    app = make_students_app(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("F")
        await until(
            pilot, lambda: "Wave 2 computes nothing that a framework's layer is known to compute" in notices(app)
        )
        assert app.screen.looks.framework is None  # type: ignore[attr-defined]
        await pilot.press("n")
        await pilot.pause()
        assert "step 2/10" in text(app, "#position")


async def test_missing_frameworks_cost_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("z", "F", "n")
        await pilot.pause()
        assert app.screen.query_one(TensorPanes).single  # as it was
        assert "PyTorch is not installed" in notices(app) and "Keras is not installed" in notices(app)
        assert 'pip install "nnstep[torch]"' in notices(app)
        assert "step 2/10" in text(app, "#position")


async def test_what_a_framework_raises_is_said_and_the_app_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, "torch")

    def broken(framework: str, blueprint: object) -> None:
        raise RuntimeError("no kernel\nfor this machine")

    monkeypatch.setattr("nnstep.frameworks.beside.open_framework", broken)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("F")
        await until(pilot, lambda: "PyTorch: RuntimeError: no kernel for this machine" in notices(app))
        assert app.screen.looks.framework is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "layers",
    [
        "28x28,conv 2 3x3,relu,maxpool 2,dropout 0.5,flatten,10",
        "28x28,conv 2 3x3,batchnorm,tanh,avgpool 2,flatten,10,softmax",
        SMALL,
    ],
    ids=["conv and dropout", "batchnorm and softmax", "small"],
)
async def test_every_layer_agrees_beside_a_frame(framework: str, layers: str) -> None:
    app = make_app(layers=layers, learning_rate=0.01)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "]", "F")
        await arrived(app, pilot)
        assert "agrees in all" in notices(app)


async def test_a_changed_input_in_the_middle_is_no_fault() -> None:
    pytest.importorskip("torch")
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("n", "equals_sign", *"X[3] = 1", "enter")
        await pilot.pause()
        await pilot.press("F")
        await until(pilot, lambda: "was changed by hand here" in notices(app))
