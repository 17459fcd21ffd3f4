"""Words that the command does not know, options that contradict each other, and outputs that end early."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnstep.cli import main
from nnstep.training_table import USUAL_EPOCHS

SAMPLES = Path(__file__).parents[1] / "samples"


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("trian",), "did you mean train?"),
        (("homework.py",), "nnstep --net homework.py"),
        (("some.nnrun",), "nnstep --run some.nnrun"),
        (("train", "--learning_rate", "1"), "(did you mean --learning-rate?). See nnstep train --help"),
        (("train", "more"), "unrecognized arguments: more. See nnstep train --help"),
        (
            ("--run", "some.nnrun", "--learning-rate", "0.01"),
            "a run has its own network and settings; leave --learning",
        ),
        (("trace", "--run", "some.nnrun", "--at", "1.1", "--sample", "3"), "leave --sample out"),
        (("trace", "--branch", "main"), "--branch goes with --run"),
        (("train", "--net", "homework.py", "--loss", "cross_entropy", "--init", "he"), "leave --loss, --init out"),
        (("train", "--budget", "nan"), "--budget expected to be a number of MiB above 0, received nan"),
        (("train", "--budget", "-1"), "--budget"),
        (
            ("train", "--loss", "cross_entropy"),
            "layers '784,128,tanh,64,tanh,10,tanh' end with tanh, but cross_entropy takes shares from 0 to 1",
        ),
    ],
)
def test_what_is_not_known_or_contradicts_itself_is_one_line(words: tuple[str, ...], says: str, capsys) -> None:
    assert run(*words) == 2
    told = capsys.readouterr()
    assert says in told.err and told.err.count("\n") == 1 and not told.out


def test_options_that_go_with_a_run_or_a_net_are_taken(tmp_path: Path, capsys) -> None:
    saved = tmp_path / "a.nnrun"
    assert run("train", "--limit", 20, "--test-limit", 5, "--epochs", 1, "--save-run", saved) == 0
    assert run("evaluate", "--weights", saved) == 2
    assert "received a saved run. nnstep export" in capsys.readouterr().err
    assert run("trace", "--run", saved, "--at", "1.5", "--step", 2, "--data", "samples", "--limit", 20) == 0
    assert run("evaluate", "--net", SAMPLES / "homework.py", "--loss", "mse", "--seed", 3, "--test-limit", 5) == 0


def test_the_help_tells_how_many_epochs_compare_takes(capsys) -> None:
    assert run("compare", "--help") == 0
    assert f"default 20, with --train {USUAL_EPOCHS}" in capsys.readouterr().out


def test_untrained_weights_are_called_so(tmp_path: Path, capsys) -> None:
    assert run("train", "--limit", 20, "--test-limit", 5, "--epochs", 1, "--save", tmp_path / "w.npz") == 0
    capsys.readouterr()
    for command in ("evaluate", "predict"):
        assert run(command, "--test-limit", 5) == 0
        assert "weights are untrained" in capsys.readouterr().err
        assert run(command, "--test-limit", 5, "--weights", tmp_path / "w.npz") == 0
        assert not capsys.readouterr().err


def started(*words: object, **more: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "nnstep", *(str(word) for word in words)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload]


def test_a_reader_that_leaves_early_costs_no_file(tmp_path: Path) -> None:
    report, weights = tmp_path / "r.json", tmp_path / "w.npz"
    words = ("train", "--limit", 50, "--test-limit", 5, "--epochs", 3, "--engine", "numpy", "--no-alarms")
    process = started(*words, "--json", report, "--save", weights, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0 and not told
    assert len(json.loads(report.read_text())["epochs"]) == 3 and weights.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    for words in (("trace",), ("predict", "--test-limit", 5, "--json", "-")):
        with open("/dev/full", "w") as full:
            process = started(*words, stdout=full)
            _, told = process.communicate(timeout=60)
        assert process.returncode == 2
        assert told.splitlines()[-1] == "nnstep: standard output cannot be written (No space left on device)"
        assert "Traceback" not in told


@pytest.mark.parametrize("words", [("trace",), ("train", "--help")])
def test_a_terminal_without_unicode_shows_what_it_can(words: tuple[str, ...]) -> None:
    process = started(*words, stdout=subprocess.PIPE, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    out, told = process.communicate(timeout=60)
    assert process.returncode == 0 and not told and "?" in out


@pytest.mark.parametrize("ink", [0, 255])
def test_a_transparent_picture_is_read_by_its_strokes(tmp_path: Path, ink: int) -> None:
    image = pytest.importorskip("PIL.Image")
    from nnstep.image import load_image

    strokes = np.zeros((28, 28), np.uint8)
    strokes[4:24, 13:15] = 255
    picture = image.merge("LA", (image.new("L", (28, 28), ink), image.fromarray(strokes)))
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_image(str(tmp_path / "a.png")), strokes.reshape(1, -1))


def test_a_photograph_stands_as_the_camera_noted(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    from nnstep.image import load_image

    upright = np.zeros((28, 28), np.uint8)
    upright[2:8, 4:20] = 255
    exif = image.Exif()
    exif[0x0112] = 6  # orientation: to be shown turned a quarter to the right
    image.fromarray(np.rot90(upright)).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(load_image(str(tmp_path / "a.png")), upright.reshape(1, -1))
