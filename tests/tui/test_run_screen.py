"""Presses the keys of the run screen and looks at what stands there."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pilot_app import make_app, notices, plot_text, screen_text, text, until
from textual.widgets import Input

from nnstep.architecture import build_network
from nnstep.cli import main, make_parser
from nnstep.commands import make_debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.runs import read_run, restore_branches
from nnstep.stack import Stack
from nnstep_tui.app import NnstepApp
from nnstep_tui.screens.help import HelpScreen
from nnstep_tui.screens.leaving import LeavingScreen
from nnstep_tui.screens.run import RunScreen
from nnstep_tui.screens.stepping import SteppingScreen
from nnstep_tui.widgets.confusion import ConfusionView
from nnstep_tui.widgets.curve_plot import CurvePlot
from nnstep_tui.widgets.gallery import Gallery

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])


def run_screen(app: NnstepApp) -> RunScreen:
    assert isinstance(app.screen, RunScreen)
    return app.screen


async def trained(app: NnstepApp, pilot: Any) -> RunScreen:
    """Presses t, and waits until all epochs are done."""
    await pilot.press("t")
    await until(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.state == "finished")
    await pilot.pause()
    return run_screen(app)


async def page(app: NnstepApp, pilot: Any, name: str) -> None:
    for _ in range(5):
        if app.screen.query_one(f"#{name}").display and app.screen.query_one("#pages").display:
            break
        await pilot.press("v")
        await pilot.pause()
    await pilot.pause()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
async def test_a_shuffled_run_with_further_options_equals_the_command_of_the_same_options(
    engine: str, tmp_path: Path
) -> None:
    if engine == "numba":
        pytest.importorskip("numba")
    options = ["--limit", "70", "--test-limit", "10", "--layers", "784,16,tanh,10,tanh", "--engine", engine]
    options += ["--batch-size", "16", "--shuffle", "--optimizer", "adam", "--learning-rate", "0.01", "--epochs", "2"]
    options += ["--schedule", "cosine:3", "--augment", "shift:1", "--dtype", "float32"]
    made = make_debugger(make_parser().parse_args(["debug", *options]))
    app = NnstepApp(made.debugger, 2, made.config, False, made.data.test)
    async with app.run_test(size=(80, 24)) as pilot:
        await trained(app, pilot)
    assert main(["train", *options, "--save", str(tmp_path / "w.npz")]) == 0
    ours = [array for arrays in app.debugger.stack.snapshot()[:4] for array in arrays.values()]
    with np.load(tmp_path / "w.npz") as file:
        theirs = [file[f"{number}.{name}"] for number in (0, 1) for name in ("weights", "bias")]
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@SIZES
async def test_training_runs_to_its_end_and_equals_training_without_a_screen(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await trained(app, pilot)
        assert "epoch 2/2 · sample 60/60" in text(app, "#progress") and "samples/s" in text(app, "#progress")
        assert "error" in screen_text(app) and "epoch 2 · sample 60 · loss" in text(app, "#readout")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert "epoch 3 · sample 1/60" in text(app, "#position")
        network = build_network("784,16,tanh,10,tanh")
        stack = Stack(network.layers, network.loss)
        for _ in range(2):
            NumpyEngine().run(stack, app.debugger.samples, np.arange(60), 0.1)
        for ours, theirs in zip(app.debugger.stack.snapshot(), stack.snapshot(), strict=True):
            for name in ours:
                np.testing.assert_array_equal(ours[name], theirs[name])
        await pilot.press("[")
        await pilot.pause()
        assert "epoch 2 · sample 60/60" in text(app, "#position")


async def test_training_pauses_goes_on_and_stops_at_a_sample() -> None:
    app = make_app(limit=2000, epochs=200, layers="784,128,tanh,64,tanh,10,tanh")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "epoch" in text(app, "#progress"))
        await pilot.press("space")
        await pilot.pause()
        assert "paused" in text(app, "#progress")
        await asyncio.sleep(0.3)
        await pilot.pause()
        held = app.debugger.timeline.count
        await asyncio.sleep(0.2)
        assert app.debugger.timeline.count == held
        await pilot.press("space")
        await until(pilot, lambda: app.debugger.timeline.count != held)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        assert app.debugger.timeline.count > 1
        await pilot.press("R")
        await pilot.pause()
        assert "epoch 1 · sample 1/2,000" in text(app, "#position")


async def test_one_sample_and_one_epoch_more_are_a_key_each() -> None:
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await trained(app, pilot)
        await pilot.press("n")
        await until(pilot, lambda: app.debugger.timeline.count == 121 and not run_screen(app).busy)
        assert "paused" in text(app, "#progress")
        await pilot.press("E")
        await until(pilot, lambda: app.debugger.timeline.count == 180 and not run_screen(app).busy)
        assert "epoch 3/3" in text(app, "#progress")
        await pilot.press("space")
        await until(pilot, lambda: app.debugger.timeline.count == 300 and not run_screen(app).busy)


@SIZES
async def test_scores_stand_for_every_epoch_as_they_are_worked_out(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        await page(app, pilot, "scores")
        last = app.debugger.branch.scores[120]
        shown = text(app, "#scores")
        assert f"{last.correct / last.samples:.2%}" in shown and f"{last.strict_correct / last.samples:.2%}" in shown
        error = dict(screen.curves.epoch_means("main"))[2]
        assert f"{error:.6f}" in shown
        await pilot.press("n")
        await until(pilot, lambda: not screen.busy and app.debugger.timeline.count == 121)
        await pilot.press("c")
        await until(pilot, lambda: 121 in app.debugger.branch.scores)
        await pilot.pause()
        assert " 3.2 " in text(app, "#scores")


@SIZES
async def test_the_layers_pulse_is_on_screen(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await trained(app, pilot)
        await page(app, pilot, "layers")
        shown = text(app, "#layers")
        assert "affine 1" in shown and "‖ΔW‖/‖W‖" in shown and "|dE/dW|" in shown and "saturated" in shown


@SIZES
async def test_a_cell_of_the_confusion_matrix_opens_its_digits(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        assert app.answers is not None and app.test is not None
        await page(app, pilot, "mistakes")
        worst = app.answers.mistakes()[0]
        assert f"{worst.label} said {worst.said}" in screen_text(app)
        matrix = app.answers.score().confusion
        off = matrix - np.diag(np.diag(matrix))
        label, said = np.unravel_index(off.argmax(), off.shape)
        await pilot.press("e")
        await pilot.press(*["down"] * int(label), *["right"] * int(said))
        await pilot.pause()
        assert screen.query_one(ConfusionView).cell == (label, said)
        assert str(matrix[label, said]) in screen_text(app)
        await pilot.press("enter")
        await pilot.pause()
        await pilot.pause()
        assert len(screen.mistakes()) == matrix[label, said]
        assert {(one.label, one.said) for one in screen.mistakes()} == {(label, said)}
        assert f"label {label}, said {said}" in str(screen.query_one("#mistakes").border_title)
        await pilot.press("escape")
        await pilot.pause()
        assert len(screen.mistakes()) == app.answers.score().samples - app.answers.score().correct


@SIZES
async def test_the_first_layers_weights_are_pictures_that_can_be_leafed_through(size: tuple[int, int]) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        screen.query_one("#pages").page = "weights"
        screen.query_one("#pages").fit_pages()
        screen.show()
        await pilot.pause()
        await pilot.pause()
        assert "unit 0" in screen_text(app)
        places = screen.query_one("#weights", Gallery).places
        await pilot.press("pagedown")
        await pilot.pause()
        assert f"unit {places}" in screen_text(app)
        await pilot.press("pageup")
        await pilot.pause()
        assert "unit 0" in screen_text(app)


@SIZES
async def test_from_a_spike_to_its_arithmetic_is_two_keys(size: tuple[int, int]) -> None:
    app = make_app(limit=3000, epochs=1)
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        history = app.debugger.timeline.history()
        spike = history.next_spike(-1)
        assert spike is not None
        await pilot.press("s")
        await pilot.pause()
        assert f"sample {spike + 1:,}" in text(app, "#readout") and f"loss {history.losses[spike]:.4f}" in screen_text(
            app
        )
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert f"sample {spike + 1:,}/3,000" in text(app, "#position")
        assert app.debugger.frame.step.phase == "loss" and app.debugger.loss == history.losses[spike]
        await pilot.press("G")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.pause()
        assert run_screen(app) is screen and run_screen(app).cursor.here == spike
        assert "Space trains" in text(app, "#progress")


async def test_look_ups_go_to_mistakes_the_worst_sample_and_where_a_digit_came_right() -> None:
    app = make_app(limit=60, epochs=4)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await trained(app, pilot)
        history = app.debugger.timeline.history()
        wrong = np.flatnonzero(history.wrong)

        async def at(*keys: str) -> int:
            await pilot.press(*keys)
            await pilot.pause()
            return screen.cursor.here

        assert await at("m") == wrong[0] and await at("m", "m") == wrong[2] and await at("M") == wrong[1]
        assert await at("o") == int(np.argmax(history.losses))
        assert await at("end") == 239
        assert await at("comma") == 238 and await at("full_stop") == 239 and await at("home") == 0
        digit = next(d for d in range(60) if history.wrong[d] and not history.wrong[d + 180])
        screen.cursor.put(digit)
        first = next(e for e in range(4) if not history.wrong[digit + 60 * e])
        assert await at("f") == digit + 60 * first
        assert await at("N") == digit + 60 * first and "There is no NaN" in notices(app)
        before = await at("end", "S")
        assert before == history.previous_spike(239) or "no spike" in notices(app)
        assert await at("home", "s") == (history.next_spike(0) or 0)


async def test_the_curve_zooms_pans_and_changes_its_scale() -> None:
    app = make_app(limit=400, epochs=2)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await trained(app, pilot)
        assert screen.shown == (0, 800)
        await pilot.press("home", "plus", "plus")
        await pilot.pause()
        assert screen.shown == (0, 200)
        await pilot.press("greater_than_sign")
        await pilot.pause()
        assert screen.shown == (100, 300)
        await pilot.press("less_than_sign", "minus")
        await pilot.pause()
        assert screen.shown == (0, 400)
        await pilot.press("w")
        await pilot.pause()
        assert screen.shown == (0, 800)
        linear = screen_text(app)
        await pilot.press("L")
        await pilot.pause()
        assert screen_text(app) != linear
        await pilot.press("h")
        await pilot.pause()
        assert "largest" in screen_text(app)
        await pilot.press("z")
        await pilot.pause()
        assert not screen.query_one("#pages").display
        await pilot.press("home", "right")
        await pilot.pause()
        assert screen.cursor.here == 800 // screen.query_one(CurvePlot).columns
        await pilot.click("#curve", offset=(60, 5))
        await pilot.pause()
        part = (60 - 8 - 0.5) / screen.query_one(CurvePlot).columns
        assert abs(screen.cursor.here - part * 800) < 5
        await pilot.press("left")
        await pilot.pause()
        assert screen.cursor.here < part * 800


@SIZES
async def test_the_means_of_the_epochs_are_marked_at_their_ends_and_named(size: tuple[int, int]) -> None:
    app = make_app(limit=100, epochs=4)
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        await pilot.press("z")
        await until(pilot, lambda: "● mean of an epoch" in screen_text(app))
        columns = screen.query_one(CurvePlot).columns
        lines = screen_text(app).replace("● mean", "  mean").splitlines()
        marked = sorted(column - 9 for line in lines for column, sign in enumerate(line) if sign == "●")
        assert marked == [min(columns - 1, columns * epoch // 4) for epoch in (1, 2, 3, 4)]


async def test_another_learning_rate_while_it_trains_is_a_branch_and_both_stand_on_the_curve() -> None:
    app = make_app(limit=500, epochs=3000)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: app.debugger.timeline.count > 100)
        await pilot.press("slash")
        await until(pilot, lambda: app.debugger.branch.settings.learning_rate == 0.05)
        await pilot.press("asterisk")
        await until(pilot, lambda: app.debugger.branch.settings.learning_rate == 0.1)
        await pilot.press("r")
        await pilot.pause()
        app.screen.query_one(Input).value = "much"
        await pilot.press("enter")
        await pilot.pause()
        assert "expected a number" in text(app, "#said")
        app.screen.query_one(Input).value = "0.02"
        await pilot.press("enter")
        await until(pilot, lambda: app.debugger.branch.settings.learning_rate == 0.02)
        await pilot.press("space")
        await until(pilot, lambda: "η 0.02" in text(app, "#progress"))
        await pilot.press("home", "equals_sign")
        await until(pilot, lambda: len(app.screen_stack) == 4)
        app.screen.query_one(Input).value = "init = he"
        await pilot.press("enter")
        await until(pilot, lambda: app.debugger.branch.name == "init = he")
        await pilot.press("n")
        await until(pilot, lambda: app.debugger.timeline.count == 1 and not run_screen(app).busy)
        await pilot.pause()
        assert "init = he" in text(app, "#legend") and "main" in text(app, "#legend")
        await pilot.press("b")
        await until(pilot, lambda: app.debugger.branch.name == "main")
        await pilot.press("equals_sign")
        await pilot.pause()
        app.screen.query_one(Input).value = "W[3,2] = 0.5"
        await pilot.press("enter")
        await until(pilot, lambda: app.debugger.branch.name == "W[3,2] of affine 1 = 0.5")
        await pilot.press("equals_sign")
        await pilot.pause()
        app.screen.query_one(Input).value = "2.b[3] = 0.25"
        await pilot.press("enter")
        await until(pilot, lambda: app.debugger.branch.name == "b[3] of affine 3 = 0.25")
        assert app.debugger.stack.layers[2].bias[3] == 0.25


async def test_a_run_is_saved_asked_about_and_laid_above_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await trained(app, pilot)
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, LeavingScreen) and "not saved" in screen_text(app)
        await pilot.press("escape", "W", "enter")
        await pilot.pause()
        assert not app.unsaved
        run = read_run(str(tmp_path / "run.nnrun"))
        assert set(restore_branches(run)[0].scores) == {60, 120}
        await pilot.press("E")
        await until(pilot, lambda: app.debugger.timeline.count == 180 and not run_screen(app).busy)
        assert app.unsaved
        await pilot.press("O", *"nothing.nnrun", "enter")
        await pilot.pause()
        assert "nothing.nnrun" in text(app, "#said")
        app.screen.query_one(Input).value = "run.nnrun"
        await pilot.press("enter")
        await pilot.pause()
        assert "a━━ main" in text(app, "#legend") and "b━━ run.nnrun main" in text(app, "#legend")
        assert {"a", "b"} <= set(plot_text(app).replace("mean of an epoch", ""))
        await pilot.press("O")
        await pilot.pause()
        assert not app.screen.query_one("#legend").display
        assert not {"a", "b"} & set(plot_text(app).replace("mean of an epoch", ""))
        await pilot.press("q")
        await pilot.pause()
        await pilot.press("s", "enter")
        await pilot.pause()
    assert read_run(str(tmp_path / "run.nnrun")).meta["branches"][0]["head"] == 180
    assert app.return_value == 0


@pytest.mark.parametrize("keys", [("q",), ("t", "q", "l"), ("t", "space", "q", "l"), ("t", "ctrl+c")])
async def test_leaving_ends_the_app_and_its_training_and_keeps_the_run(keys: tuple[str, ...], tmp_path: Path) -> None:
    app = make_app(limit=2000, epochs=200)
    app._autosave_path = str(tmp_path / "kept.nnrun")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            if key == "t":
                await until(pilot, lambda: app.debugger.timeline.count > 50)
        await until(pilot, lambda: app._exit)
    assert app.return_value == (130 if "ctrl+c" in keys else 0)
    assert all(worker.is_finished for worker in app.workers)
    if "t" in keys:
        assert app.kept == str(tmp_path / "kept.nnrun")
        branch = restore_branches(read_run(app.kept))[0]
        np.testing.assert_array_equal(branch.log.losses, app.debugger.branch.log.losses)


async def test_an_unwritable_place_is_said_and_training_goes_on(tmp_path: Path) -> None:
    app = make_app()
    app._autosave_path = str(tmp_path / "missing" / "kept.nnrun")
    async with app.run_test(size=(120, 40)) as pilot:
        await trained(app, pilot)
        await until(pilot, lambda: "autosave failed" in notices(app))
        assert app.debugger.timeline.count == 120


async def test_diverging_names_the_layer_and_can_be_opened() -> None:
    app = make_app(layers="784,10,identity", learning_rate=1e9)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "diverged" in text(app, "#progress"))
        assert "infinity began in E of mean squared error" in text(app, "#progress")
        await pilot.press("N")
        await pilot.pause()
        at = run_screen(app).cursor.here
        assert not np.isfinite(app.debugger.timeline.history().losses[at])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert f"sample {at + 1}/60" in text(app, "#position")
        await pilot.press("]")
        await pilot.pause()
        assert "NaN or infinite" in notices(app)
        await pilot.press("[", "p", "n", "t")
        await pilot.pause()
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and "diverged" in notices(app))


async def test_the_first_nan_is_where_infinity_began_not_where_the_loss_shows_it() -> None:
    # the backward pass of the last sample of epoch 1 overflows; the loss of the next one is the first that is NaN
    app = make_app(layers="784,32,relu,10", learning_rate=50)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "diverged" in text(app, "#progress"))
        trouble = text(app, "#progress")
        assert "infinity began in dE/dX of affine 3, step 6 of 8 (backward) at 1.60" in trouble
        assert ". N and Enter open where it began" in notices(app)
        await pilot.press("N")
        await until(pilot, lambda: run_screen(app).cursor.here == 59)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert "sample 60/60" in text(app, "#position") and app.debugger.cursor == 5


@pytest.mark.parametrize(
    ("layers", "seen"),
    [
        ("28x28,conv 3 5x5,relu,flatten,10,tanh", "filter 2"),
        ("28x28,maxpool 2,flatten,10,tanh", "do not stand for pixels"),
    ],
)
async def test_the_weights_of_a_convolution_are_pictures_and_a_pane_without_any_says_why(
    layers: str, seen: str
) -> None:
    app = make_app(limit=10, epochs=1, layers=layers)
    async with app.run_test(size=(120, 40)) as pilot:
        await trained(app, pilot)
        await page(app, pilot, "weights")
        await until(pilot, lambda: seen in screen_text(app))


async def test_a_screen_without_a_run_says_what_to_press() -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert "Space trains" in text(app, "#progress") and "nothing is trained yet" in text(app, "#readout")
        await pilot.press("s", "m", "enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.press("G", "c")
        await until(pilot, lambda: app.answers is not None)


@SIZES
async def test_an_alarm_is_told_and_opens_the_debugger_where_it_shows(size: tuple[int, int]) -> None:
    app = make_app(limit=400, epochs=1, learning_rate=10)
    async with app.run_test(size=size) as pilot:
        screen = await trained(app, pilot)
        alarm = app.debugger.alarms[0]
        assert f"alarm: {alarm.title}" in {note.title for note in app._notifications}
        assert "(A)" in text(app, "#progress")
        await pilot.press("A")
        await pilot.pause()
        await pilot.pause()
        assert alarm.title in text(app, "#alarms") and screen.query_one("#alarms").display
        assert screen.cursor.place()[1] == app.debugger.timeline.count_of(alarm.position)
        width = screen.query_one("#alarms").size.width
        assert all(len(line) <= width or " " not in line.strip() for line in text(app, "#alarms").splitlines())
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.pause()
        assert f"sample {alarm.position.sample}/400" in text(app, "#position")


async def test_leaving_at_once_trains_nothing_out_of_sight() -> None:
    app = make_app(limit=300, epochs=50)
    async with app.run_test(size=(80, 24)) as pilot:
        app.train()
        screen = run_screen(app)
        screen.action_stop()
        assert isinstance(app.screen, SteppingScreen)
        await pilot.pause(0.2)
        assert not screen.busy and app.debugger.timeline.branch.head == 0


async def test_a_key_that_comes_twice_trains_once() -> None:
    app = make_app(limit=300, epochs=2)
    async with app.run_test(size=(80, 24)) as pilot:
        app.train()
        app.train()
        app.show_run()
        assert app.screen_stack.count(run_screen(app)) == 1
        await until(pilot, lambda: run_screen(app).state == "finished")
        assert app.debugger.timeline.branch.head == 600
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))


async def test_the_run_screen_fits_a_terminal_that_was_resized_meanwhile() -> None:
    app = make_app(epochs=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await trained(app, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, SteppingScreen))
        await pilot.resize_terminal(120, 40)
        await pilot.press("G")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        await pilot.pause(0.2)
        assert run_screen(app).query_one(CurvePlot).size.width == 120
        assert run_screen(app).has_class("-wide") and run_screen(app).query_one("#scores").display
        lines = screen_text(app).splitlines()
        assert len(lines) == 40 and lines[-1].rstrip().endswith("? help")
