"""Presses the keys of both screens and looks at what stands there."""

from pathlib import Path

import numpy as np
import pytest
from pilot_app import make_app, notices, screen_text, text, until
from rich.console import Console
from textual.command import CommandPalette
from textual.events import Key, MouseDown, MouseUp
from textual.widgets import Input, Static

from nnstep.runs import read_run
from nnstep_tui.keys import FOCUSED, RUN, STEPPING
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.welcome import first_start
from nnstep_tui.widgets.tensors import TensorPanes

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])


@SIZES
async def test_every_key_that_moves_does_what_the_help_says(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:

        async def press(*keys: str) -> str:
            await pilot.press(*keys)
            await pilot.pause()
            return text(app, "#position")

        assert "sample 1/60 · step 1/10 ▶ forward affine 1" in await press()
        assert "step 2/10 ▶ forward tanh 2" in await press("n")
        assert "step 3/10" in await press("right")
        assert "step 2/10" in await press("p")
        assert "step 1/10" in await press("left")
        assert "step 4/10 ▶ forward tanh 4" in await press("f")
        assert "label 5, says" in await press("n")
        assert "step 10/10 ◀ backward affine 1" in await press("f")
        assert "step 5/10 ● loss" in await press("s")
        assert "step 1/10" in await press("s")
        assert "sample 2/60 · step 1/10" in await press("]")
        assert "sample 1/60 · step 1/10" in await press("[")
        await press("f", "f")
        assert "sample 2/60 · step 1/10" in await press("n")
        assert "sample 1/60 · step 10/10" in await press("p")
        assert "12" in await press("1", "2")
        assert "sample 3/60 · step 2/10" in await press("n")
        assert "sample 1/60 · step 10/10" in await press("1", "2", "p")
        assert "step 3/10" in await press("s", "s", "3", "r")
        assert "step 8/10 ◀ backward affine 3" in await press("r")
        assert "sample 6/60 · step 1/10" in await press("5", "]")
        assert "sample 1/60 · step 1/10" in await press("R")
        assert "sample 4/60 · step 7/10" in await press("g", *"1.4.7", "enter")
        assert "sample 2/60 · step 1/10" in await press("colon", *"1.2", "enter")
        assert "sample 2/60" in await press("g", *"9.9", "enter", "escape")
        assert "sample 3/60 · step 5/10" in await press("m")
        assert "✗" in text(app, "#position")
        assert "sample 2/60 · step 5/10" in await press("M")


@SIZES
async def test_the_tensors_of_the_step_are_on_screen(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("f", "f")
        await pilot.pause()
        panes = app.screen.query_one(TensorPanes)
        assert "dE/dX = dE/dY Wᵀ" in text(app, "#rule")
        for symbol in ("dE/dY", "dE/dX", "dE/dW", "ΔW"):
            assert symbol in screen_text(app)
        assert len(panes.tiles) == (1 if size == (80, 24) else 12)
        await pilot.press("tab")
        await pilot.pause()
        assert app.screen.key == "input_gradient"
        await pilot.press("shift+tab", "shift+tab")
        await pilot.pause()
        assert app.screen.key == "output"
        await pilot.press("z")
        await pilot.pause()
        assert [tile.number for tile in panes.tiles] == [11]
        await pilot.press("v")
        await pilot.pause()
        expected = f"{app.debugger.frame.output[0, 0]:.4f}".replace("-", "−")
        assert expected in screen_text(app).replace("-", "−")


@SIZES
async def test_an_update_can_be_read_from_its_factors_to_the_pixel(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("f", "f", "tab", "tab", "tab", "e")
        await pilot.pause()
        assert app.screen.key == "update.weights"
        i, j = app.screen.place().index
        update = app.debugger.frame.after["weights"][i, j] - app.debugger.frame.before["weights"][i, j]
        assert app.screen.arithmetic().value == pytest.approx(update)
        assert f"ΔW[{i},{j}]" in screen_text(app)
        while app.screen.key != "gradients.weights":
            assert f"dE/dW[{i},{j}]" in str(app.screen.query_one("#arithmetic").border_subtitle)
            await pilot.press("enter")
            await pilot.pause()
        assert f"X[{i}]" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.key in ("input", "output_gradient")
        await pilot.press("backspace")
        await pilot.pause()
        assert app.screen.key == "gradients.weights"
        await pilot.press("j", "enter")
        await pilot.pause()
        assert app.screen.key in ("input", "output_gradient")
        await pilot.press("backspace", "backspace")
        await pilot.pause()
        assert app.screen.key == "update.weights"


async def test_the_backward_chain_is_walked_from_the_loss_to_a_pixel_and_back() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f", "n", "e")
        await pilot.pause()
        assert app.debugger.frame.step.phase == "loss"
        while app.screen.key != "output":
            await pilot.press("tab")
            await pilot.pause()
        for _ in range(20):
            if (app.debugger.cursor, app.screen.key) == (0, "input"):
                break
            if app.debugger.frame.step.phase == "loss" and app.screen.key == "output":
                await pilot.press("j")  # of (y − ŷ)² the ŷ
            await pilot.press("enter")
            await pilot.pause()
        assert (app.debugger.cursor, app.screen.key) == (0, "input")
        pixel = app.screen.place().index
        assert app.screen.arithmetic().value == app.debugger.frames[0].input[pixel]
        for _ in range(20):
            await pilot.press("backspace")
        await pilot.pause()
        assert (app.debugger.frame.step.phase, app.screen.key) == ("loss", "output")
        await pilot.press("escape", "n", "n", "f", "tab", "e")
        for _ in range(20):
            if app.debugger.frame.step.phase == "loss":
                break
            await pilot.press("k", "enter")
            await pilot.pause()
        assert app.debugger.frame.step.phase == "loss" or app.screen.key.startswith("before")


@SIZES
async def test_a_change_is_shown_beside_what_was_before_and_undone(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("f", "n")
        before = app.debugger.loss
        await pilot.press("equals_sign", *"label=3", "enter")
        await pilot.pause()
        assert app.debugger.label == 3 and "label 3" in text(app, "#position")
        assert f"loss before {before:.6f}, after {app.debugger.loss:.6f}" in text(app, "#arithmetic")
        await pilot.press("s", "equals_sign", *"W[17,3]=0.5", "enter")
        await pilot.pause()
        assert app.debugger.frame.before["weights"][17, 3] == 0.5
        await pilot.press("equals_sign", *"pixel[14,7]=1", "enter")
        await pilot.pause()
        assert app.debugger.frames[0].input[0, 14 * 28 + 7] == 1
        await pilot.press("equals_sign", *"η=0.5", "enter")
        await pilot.pause()
        assert app.debugger.frame.learning_rate == 0.5
        await pilot.press("u", "u", "u", "u")
        await pilot.pause()
        assert app.debugger.branch.name == "main" and app.debugger.loss == before
        await pilot.press("u")
        await pilot.pause()
        assert "Nothing was changed" in notices(app)
        await pilot.press("s")
        for wrong, said in (("W[999,3]=1", "no element"), ("nonsense", "WHAT = NUMBER"), ("W=3", "which element")):
            await pilot.press("equals_sign")
            app.screen.query_one(Input).value = wrong
            await pilot.press("enter")
            await pilot.pause()
            assert said in text(app, "#said")
            await pilot.press("escape")


async def test_the_element_under_the_cursor_is_offered_for_a_change() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("tab", "tab", "e", "equals_sign")
        await pilot.pause()
        i, j = app.screen_stack[-2].place().index
        weight = app.debugger.frame.before["weights"][i, j]
        assert app.screen.query_one(Input).value == f"W[{i},{j}] = {weight:.6g}"


@SIZES
async def test_breakpoints_are_listed_edited_and_stop(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert "no breakpoint" in notices(app)
        await pilot.press("b", *"los", "enter")
        await pilot.pause()
        assert "loss" in text(app, "#said")
        app.screen.query_one(Input).value = "label == 9"
        await pilot.press("enter")
        await pilot.pause()
        assert "● label == 9   0 hits" in screen_text(app)
        await pilot.press("space")
        await pilot.pause()
        assert "○ label == 9" in screen_text(app)
        await pilot.press("space", "e")
        app.screen.query_one(Input).value = "label == 4"
        await pilot.press("enter", "a", *"affine 3 backward", "enter", "x", "escape")
        await pilot.pause()
        assert [b.text for b in app.debugger.breakpoints] == ["label == 4"]
        await pilot.press("c")
        await until(pilot, lambda: app.debugger.label == 4 and isinstance(app.screen, SteppingScreen))
        assert "sample 3/60" in text(app, "#position")  # the third digit of MNIST is a 4
        await pilot.press("c")
        await until(pilot, lambda: app.debugger.timeline.count == 9 and isinstance(app.screen, SteppingScreen))
        await pilot.press("C")
        await until(pilot, lambda: app.debugger.timeline.count == 2)
        assert app.debugger.breakpoints[0].hits == 3


async def test_a_breakpoint_on_the_layer_under_the_cursor_is_marked_and_stops() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("l", "down", "down", "b")
        await pilot.pause()
        assert "3 affine 16 → 10 ●" in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        assert "step 3/10" in text(app, "#position")
        await pilot.press("escape", "c")
        await pilot.pause()
        assert "step 8/10 ◀ backward affine 3" in text(app, "#position")
        await pilot.press("B")
        await pilot.pause()
        assert [b.text for b in app.debugger.breakpoints] == ["affine 3", "affine 3 backward"]
        await pilot.press("B")
        await pilot.pause()
        assert [b.text for b in app.debugger.breakpoints] == ["affine 3"]


@pytest.mark.parametrize("condition", ["loss > 0.15", "affine 1 backward if |dW| > 1.5"])
async def test_training_stops_at_the_sample_that_hit(condition: str) -> None:
    app = make_app(breakpoints=(condition,))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        frame = app.debugger.frame
        if "loss" in condition:
            assert frame.step.phase == "loss" and app.debugger.loss > 0.15
        else:
            assert frame.step.phase == "backward" and np.linalg.norm(frame.gradients["weights"]) > 1.5
        assert "Breakpoint" in notices(app)
        where = app.debugger.timeline.count
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen) and app.debugger.timeline.count > where)


@SIZES
async def test_watches_show_value_and_course(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("w", *"mean |0.dW|", "enter", "escape", "5", "]", "f", "f")
        await pilot.pause()
        assert app.screen.query_one("#watches").display
        shown = text(app, "#watches")
        expected = float(np.abs(app.debugger.frames[-1].gradients["weights"]).mean())
        assert f"mean |0.dW| {expected:.5g}" in shown
        assert sum(shown.count(bar) for bar in "▁▂▃▄▅▆▇█") == 6
        await pilot.press("s", "s", "tab", "tab", "e", "w")
        await pilot.pause()
        assert len(app.debugger.watches.texts) == 2 and "0.weights[" in app.debugger.watches.texts[1]


@SIZES
async def test_the_source_of_the_step_is_on_screen_with_the_lines_that_ran(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        if size == (80, 24):
            await pilot.press("o")
        await pilot.pause()
        shown = text(app, "#source")
        ran = [line for line in shown.splitlines() if line.startswith("▶")]
        assert any(line.endswith("self.input = X") for line in ran)
        assert "return X @ self.weights + self.bias" in " ".join(shown.split())  # a narrow pane folds it
        assert not any("raise NnstepError" in line for line in ran) and "raise NnstepError" in shown


async def test_views_scales_and_differences_change_at_a_key() -> None:
    app = make_app()
    async with app.run_test(size=(160, 50)) as pilot:
        await pilot.press("3", "]", "f", "f", "z", "tab", "tab")
        await pilot.pause()
        seen = {screen_text(app)}
        for key in ("v", "v", "v", "v", "L", "L", "k", "k", "h", "h"):
            before = screen_text(app)
            await pilot.press(key)
            await pilot.pause()
            seen.add(screen_text(app))
            assert (screen_text(app) != before) or key in "Lkh"
        assert len(seen) >= 4
        await pilot.press("D", "D")
        await pilot.pause()
        assert app.screen.looks.since == "sample"
        assert "difference since 1 sample" in screen_text(app)
        await pilot.press("z")
        await pilot.pause()
        assert "dE/dY since 1 sample" in screen_text(app)


async def test_copy_picture_export_and_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("y")
        await pilot.pause()
        rows = np.array([float(value) for value in app.clipboard.split()])
        np.testing.assert_array_equal(rows, app.debugger.frame.input.ravel())
        await pilot.press("tab", "e", "y", "escape")
        await pilot.pause()
        assert "Y[" in app.clipboard and "Σ" in app.clipboard
        await pilot.press("S", "x", "x")
        await pilot.pause()
        assert "<svg" in (tmp_path / "nnstep-1.1-step1.svg").read_text()
        for name in ("nnstep-1.1-step1.npz", "nnstep-1.1-step1-2.npz"):
            with np.load(tmp_path / name) as file:
                np.testing.assert_array_equal(file["output"], app.debugger.frame.output)
        app.debugger.watches.add(app_watch(app))
        await pilot.press("W", "enter")
        await pilot.pause()
        assert read_run(str(tmp_path / "run.nnrun")).meta["notes"]["watches"] == ["loss"]


def app_watch(app: object) -> object:
    from nnstep.watches import parse_watch

    return parse_watch("loss", ())


async def test_the_loss_has_room_at_80_columns() -> None:
    app = make_app(limit=6000)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f", "n", "f")
        await pilot.pause()
        first = screen_text(app).splitlines()[0]
        assert "backward affine 1" in first and f"loss {app.debugger.loss:.4f}" in first


def printed(content: object, width: int) -> str:
    console = Console(width=width, force_terminal=False)
    with console.capture() as capture:
        console.print(content)
    return capture.get()


@SIZES
async def test_help_lists_every_key(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        shown = printed(app.screen.query_one(Static).content, 200)
        focused = [binding for bindings in FOCUSED.values() for binding in bindings]
        for binding in [*STEPPING, *focused, *RUN]:
            assert binding.tooltip and binding.tooltip in shown
        narrow = printed(app.screen.query_one(Static).content, 60).splitlines()
        assert next(line for line in narrow if "EPOCH.SAMPLE.STEP" in line).startswith(" " * 10)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, SteppingScreen)


@pytest.mark.parametrize("opens", [("question_mark",), ("g",), ("d",), ("b",), ("w",), ("equals_sign",), ("W",)])
async def test_escape_pressed_twice_closes_one_screen(opens: tuple[str, ...]) -> None:
    app = make_app(breakpoints=("wrong",))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*opens)
        await pilot.pause()
        assert app._driver is not None and not isinstance(app.screen, SteppingScreen)
        for _ in range(6):
            app._driver.send_message(Key("escape", None))  # without waiting for the first one's effect
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.press("n")
        await pilot.pause()
        assert "step 2/10" in text(app, "#position")


async def test_the_palette_finds_each_key_by_name() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        found = [command.title for command in app.get_system_commands(app.screen)]
        for binding in STEPPING:
            if binding.key != "q":
                assert any(title.startswith(f"{binding.description} (") for title in found)
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"finish")
        await until(pilot, lambda: "finish (f)" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen) and app.debugger.cursor == 3)


@SIZES
async def test_the_welcome_goes_at_the_first_key(size: tuple[int, int]) -> None:
    app = make_app(welcome=True)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert "n steps forward" in screen_text(app) and "? lists every key" in screen_text(app)
        await pilot.press("n")
        await pilot.pause()
        assert "? lists every key" not in screen_text(app)
        assert "step 2/10" in text(app, "#position")


def test_nobody_is_welcomed_twice(tmp_path: Path) -> None:
    assert first_start(tmp_path / "state")
    assert not first_start(tmp_path / "state")
    (tmp_path / "file").write_text("")
    assert not first_start(tmp_path / "file")


async def test_a_click_chooses_a_layer_a_tensor_an_element_and_a_bar() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.click("#stack", offset=(4, 3))
        await pilot.pause()
        assert "step 3/10" in text(app, "#position")
        tile = app.screen.query_one(TensorPanes).tiles[1].region
        await pilot.click("#tensors", offset=(tile.x + 6, tile.y + 2))
        await pilot.pause()
        assert app.screen.key == "output" and app.screen.query_one(TensorPanes).has_focus
        assert app.screen.place().key == "output"
        await pilot.press("escape", "f")
        await pilot.click("#outputs", offset=(4, 4))
        await pilot.pause()
        assert app.screen.place().index == (0, 3)
        await pilot.press("z")
        await pilot.pause()
        await pilot.click("#tensors", offset=(2, 0))
        await pilot.pause()
        assert app.screen.key == "input"


async def test_a_digit_is_chosen_by_its_number() -> None:
    app = make_app(digit=4)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "sample 5/60" in text(app, "#position") and app.debugger.label == 9
        await pilot.press("d", "7", "enter")
        await pilot.pause()
        assert "sample 8/60" in text(app, "#position")
        await pilot.press("d", "9", "9", "enter")
        await pilot.pause()
        assert "expected from 0 to 59" in text(app, "#said")
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, SteppingScreen) and "sample 8/60" in text(app, "#position")


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (200, 60), (1, 1)])
async def test_any_size_of_terminal_is_survived(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.resize_terminal(*size)
        await pilot.press("n", "f", "v", "tab", "z", "e", "left", "j", "D", "v", "o", "escape", "t")
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))


async def test_light_and_ansi_themes_draw_every_frame() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        for theme in ("textual-light", "textual-ansi" if "textual-ansi" in app.available_themes else "ansi-dark"):
            if theme not in app.available_themes:
                continue
            app.theme = theme
            await pilot.press("n", "f")
            await pilot.pause()
            assert "stack" in screen_text(app)


async def test_clicks_beside_the_command_palette_close_it_once() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert app._driver is not None and isinstance(app.screen, CommandPalette)
        for event in (MouseDown, MouseUp) * 3:
            app._driver.send_message(event(None, 1, 38, 0, 0, 1, False, False, False, 1, 38))
        await until(pilot, lambda: not isinstance(app.screen, CommandPalette))
        assert isinstance(app.screen, SteppingScreen)


async def test_a_page_key_in_a_command_palette_without_room_ends_nothing() -> None:
    app = make_app()
    async with app.run_test(size=(10, 3)) as pilot:
        await pilot.press("ctrl+p", "pagedown", "pageup", "escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
