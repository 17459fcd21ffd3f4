"""The app on students' code: what raises, prints or loops is shown, and saving the file reloads it."""

import os
from pathlib import Path

import pytest
from pilot_app import notices, screen_text, text, until

from nnstep.adapting import HomeworkStack
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.base import choose_engine
from nnstep.errors import NnstepError
from nnstep.homework import load_homework
from nnstep.settings import Settings
from nnstep.student_code import running
from nnstep.student_errors import StudentError
from nnstep.timeline import Timeline
from nnstep_tui.app import NnstepApp
from nnstep_tui.screens.homework import WithHomework
from nnstep_tui.screens.run import RunScreen
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.screens.student import PrintsScreen, RunningScreen, StudentErrorScreen
from nnstep_tui.waiting import WaitingApp

SAMPLE = Path(__file__).parents[2] / "samples" / "homework.py"
FORWARD = "        self.output = np.tanh(input)\n"


def write(folder: Path, old: str = "", new: str = "") -> Path:
    path = folder / "hw.py"
    text = SAMPLE.read_text().replace("64", "16")
    assert old in text
    path.write_text(text.replace(old, new) if old else text)
    count = path.stat().st_mtime_ns + 1_000_000_000 * write_count()
    os.utime(path, ns=(count, count))
    return path


def write_count(counter: list[int] = [0]) -> int:  # noqa: B006
    counter[0] += 1
    return counter[0]


def make_app(path: Path, limit: float = 20) -> NnstepApp:
    data = load_data("samples", 60, 10)
    stack = HomeworkStack(load_homework(str(path), limit), data)
    timeline = Timeline(stack, data.train, choose_engine("auto", stack), Settings(0.1))
    return NnstepApp(Debugger(timeline), 1, {"seed": 0}, test=data.test)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_students_layers_are_stepped_like_others(size: tuple[int, int], tmp_path: Path) -> None:
    app = make_app(write(tmp_path))
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "FullyConnectedLayer 1" in text(app, "#position")
        assert "Y = X W + b   (1, 784) → (1, 16)" in text(app, "#rule")
        await pilot.press("n")
        await pilot.pause()
        assert "Y = tanh(X)" in text(app, "#rule")
        await pilot.press("o")
        await pilot.pause()
        if size[0] == 80:
            assert "self.output = np.tanh(input)" in screen_text(app)
        await pilot.press("f", "f", "n", "p", "]", "[")
        await pilot.pause()
        assert "sample 1/60" in text(app, "#position")


async def test_code_that_raises_is_shown_with_its_traceback_and_the_app_goes_on(tmp_path: Path) -> None:
    calls = "        self.n = getattr(self, 'n', 0) + 1\n        if self.n > 6: raise ValueError('my own words')\n"
    app = make_app(write(tmp_path, FORWARD, calls + FORWARD))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"]]]]]]")
        await until(pilot, lambda: app.debugger.failure is not None)
        await pilot.pause()
        await pilot.pause()
        assert "sample 7/60 · step 2/10" in text(app, "#position")
        shown = text(app, "#arithmetic")
        assert "forward_propagation of TanhLayer 2 raised ValueError: my own words" in shown
        assert 'File "hw.py", line' in shown
        assert "if self.n > 6: raise ValueError('my own words')" in shown
        assert "✗ 2 TanhLayer" in text(app, "#stack")
        await pilot.press("p")
        await pilot.pause()
        assert "sample 7/60 · step 1/10" in text(app, "#position")
        await pilot.press("n", "n")  # the sample cannot be trained: all of the traceback
        await until(pilot, lambda: isinstance(app.screen, StudentErrorScreen))
        assert "my own words" in text(app, "#said")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.press("v", "v", "v", "z", "D", "D", "D", "D", "k", "L", "e", "j", "down", "escape", "o", "o", "o")
        await pilot.press(*"[")
        await until(pilot, lambda: "sample 6/60" in text(app, "#position"))
        assert app.debugger.failure is None


async def test_code_that_raises_while_training_is_shown_and_the_app_goes_on(tmp_path: Path) -> None:
    calls = "        self.n = getattr(self, 'n', 0) + 1\n        if self.n > 40: raise ValueError('in training')\n"
    app = make_app(write(tmp_path, FORWARD, calls + FORWARD))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, StudentErrorScreen))
        assert "in training" in text(app, "#said")
        for _ in range(10):  # where the sample at the head raises again, that is shown again
            if isinstance(app.screen, SteppingScreen):
                break
            await pilot.press("escape")
            await pilot.pause()
        assert isinstance(app.screen, SteppingScreen)
        await pilot.press("n")
        await pilot.pause()


async def test_what_the_code_prints_is_kept_and_shown(tmp_path: Path) -> None:
    app = make_app(write(tmp_path, FORWARD, "        print('shape', input.shape)\n" + FORWARD))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]")
        await until(pilot, lambda: "hw.py prints: shape (1, 16)" in notices(app))
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, PrintsScreen))
        assert "shape (1, 10)" in text(app, "#said")


async def test_a_loop_that_never_ends_can_be_given_up_while_the_app_answers(tmp_path: Path) -> None:
    loop = "        self.n = getattr(self, 'n', 0) + 1\n        while self.n > 6: pass\n"
    app = make_app(write(tmp_path, FORWARD, loop + FORWARD), 60)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"]]]")
        await pilot.pause()
        await pilot.press(*"]]]]")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
        await until(pilot, lambda: "forward_propagation of TanhLayer" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen) and app.debugger.failure is not None)
        await pilot.pause()
        await pilot.pause()
        assert "was given up" in text(app, "#arithmetic")
        assert "while self.n > 6: pass" in text(app, "#arithmetic")


def look(app: NnstepApp) -> None:
    assert isinstance(app.screen, WithHomework)
    app.screen.look_at_file()


async def test_saving_the_file_reloads_it_at_the_same_position(tmp_path: Path) -> None:
    app = make_app(write(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "]", *"nnnnnn")
        await pilot.pause()
        before = text(app, "#position")
        weights = app.debugger.frame.output
        write(tmp_path, "(1 - self.output**2)", "(1 - self.output**2) * 2")
        look(app)
        await pilot.pause()
        await until(pilot, lambda: "hw.py was reloaded" in notices(app))
        assert "changed TanhLayer.backward_propagation" in notices(app)
        assert "numbers are others from step 7 on (backward TanhLayer 4)" in notices(app)
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen) and bool(app.screen.query("#position")))
        await pilot.pause()
        assert text(app, "#position").split("loss")[0] == before.split("loss")[0]
        assert weights is not None
        await pilot.press("]", "[", "[", "[")
        await pilot.pause()
        assert "sample 2/60" in text(app, "#position") or "sample 1/60" in text(app, "#position")


async def test_a_broken_save_shows_its_error_and_keeps_the_old_code_running(tmp_path: Path) -> None:
    app = make_app(write(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "n")
        await pilot.pause()
        before = app.debugger.frames
        for old, new, said in (
            ("def add(self, layer):", "def add(self, layer:", "syntax error"),
            ("network = Network()", "network = Network(1)", "TypeError"),
            (FORWARD, "        self.output = None\n", "received None"),
            ("(1 - self.output**2)", "(1 - self.missing**2)", "AttributeError"),
        ):
            write(tmp_path, old, new)
            look(app)
            await until(pilot, lambda: isinstance(app.screen, StudentErrorScreen))
            assert said in text(app, "#said")
            assert "The code of before goes on running" in text(app, "#said")
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        assert app.debugger.frames[-1].gradients.keys() == before[-1].gradients.keys()
        await pilot.press("]")
        await until(pilot, lambda: "sample 3/60" in text(app, "#position"))
        write(tmp_path)
        look(app)
        await until(pilot, lambda: "hw.py was reloaded" in notices(app))


async def test_a_save_with_other_shapes_begins_the_run_anew_and_says_so(tmp_path: Path) -> None:
    app = make_app(write(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "]")
        await pilot.pause()
        write(tmp_path, "28, 16", "28, 12")
        (tmp_path / "hw.py").write_text((tmp_path / "hw.py").read_text().replace("(16, 10)", "(12, 10)"))
        look(app)
        await until(pilot, lambda: "the run begins anew" in notices(app))
        assert "weights (784, 16), bias (1, 16) then, weights (784, 12), bias (1, 12) now" in notices(app)
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen) and bool(app.screen.query("#position")))
        await pilot.pause()
        await pilot.pause()
        assert "sample 1/60 · step 1/10" in text(app, "#position")


async def test_homework_that_cannot_be_opened_is_waited_for(tmp_path: Path) -> None:
    path = write(tmp_path, "network = Network()", "network = Network(1)")

    def make() -> NnstepApp:
        return make_app(path)

    with pytest.raises(StudentError) as caught:
        make()
    assert isinstance(caught.value, NnstepError)
    waiting: WaitingApp[NnstepApp] = WaitingApp(make, caught.value, [str(path)])
    async with waiting.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "TypeError" in str(waiting.query_one("#said").content)  # type: ignore[attr-defined]
        write(tmp_path, "def add(self, layer):", "def add(self, layer:")
        waiting._look()
        await until(pilot, lambda: "syntax error" in str(waiting.query_one("#said").content))  # type: ignore[attr-defined]
        write(tmp_path)
        waiting._look()
        await until(pilot, lambda: waiting.return_value is not None)
    assert isinstance(waiting.return_value, NnstepApp)


ODD = "print('[/x] [red]array [0. 1.]', '\\x1b[2J\\x1b[?1049l\\x1b]0;title\\x07', 'a\\tb', '1/9\\r2/9')\n"


async def test_what_the_code_prints_is_neither_markup_nor_orders_to_the_terminal(tmp_path: Path) -> None:
    app = make_app(write(tmp_path, FORWARD, f"        {ODD}{FORWARD}"))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("n", "]")
        await until(pilot, lambda: "[/x] [red]array [0. 1.]" in notices(app))
        await until(pilot, lambda: "[/x] [red]array" in screen_text(app))
        await pilot.press("P")
        await until(pilot, lambda: isinstance(app.screen, PrintsScreen))
        shown = text(app, "#said")
        assert shown.splitlines()[0].split() == ["[/x]", "[red]array", "[0.", "1.]", "a", "b", "1/9"]
        assert shown.splitlines()[1] == "2/9"
        assert not any(character < " " and character != "\n" for character in shown)


async def test_an_error_is_neither_markup_nor_orders_to_the_terminal(tmp_path: Path) -> None:
    raising = "        if hasattr(self, 'armed'): raise ValueError('[/x] [red]no\\x1b[2J')\n        self.armed = True\n"
    app = make_app(write(tmp_path, FORWARD, raising + FORWARD))
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, StudentErrorScreen))
        assert "[/x] [red]no" in text(app, "#said")
        assert "\x1b" not in text(app, "#said") and "\x1b" not in notices(app)
        await until(pilot, lambda: "[/x] [red]no" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, StudentErrorScreen))


async def test_a_layer_that_loops_while_training_is_named_and_can_be_given_up(tmp_path: Path) -> None:
    stuck = "        while hasattr(self, 'armed'): __import__('time').sleep(0.01)\n        self.armed = True\n"
    app = make_app(write(tmp_path, FORWARD, stuck + FORWARD), limit=600)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        said = "forward_propagation of TanhLayer 2 has been running for"
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and said in text(app, "#progress"))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunningScreen))
        await pilot.press("escape")  # once is enough, also where it was a look at the network that looped
        await until(pilot, lambda: not isinstance(app.screen, RunningScreen))
        assert running() == ("", 0.0)
        assert app.debugger.timeline.count == 0


async def test_alarms_after_a_reload_are_about_the_new_layers(tmp_path: Path) -> None:
    app = make_app(write(tmp_path))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("]", "]")
        path = tmp_path / "hw.py"
        path.write_text(path.read_text().replace("28 * 28, 16", "28 * 28, 20").replace("(16, 10)", "(20, 10)"))
        await until(pilot, lambda: "the run begins anew" in notices(app))
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.last is not None)
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and not app.screen.busy)
        assert app.monitor.stack is app.debugger.timeline.stack
        assert app.monitor.alarms is app.debugger.alarms and app.debugger.alarms == []
