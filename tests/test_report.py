import html.parser
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from nnstep.branches import Branch, Stretch
from nnstep.cli import main
from nnstep.commands import open_saved
from nnstep.png import png, tiles
from nnstep.repeat import repeat_command
from nnstep.report_page import section
from nnstep.runs import read_run, save_run
from nnstep.settings import Settings
from nnstep.svg import Line, chart, sparkline
from nnstep.training import begin_rate

LAYERS = "784,6,relu,10,tanh"
SMALL = ["--layers", LAYERS, "--limit", "60", "--test-limit", "30", "--engine", "numpy"]
VOID = {"meta", "input", "img", "br"}


class Page(html.parser.HTMLParser):
    """Reads a page strictly: each element is closed, and in its order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    path = str(tmp_path / "my run.nnrun")
    assert main(["train", *SMALL, "--epochs", "3", "--save-run", path]) == 0
    capsys.readouterr()
    return path


def test_a_page_says_what_the_run_was_and_needs_nothing_else(run: str, tmp_path: Path, capsys) -> None:
    assert main(["report", run]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "my run.html")
    text = (tmp_path / "my run.html").read_text()
    page = Page(text)
    assert "script" not in page.tags and "link" not in page.tags
    assert page.addresses and all(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "prefers-color-scheme: dark" in text and "svg" in page.tags
    report = tmp_path / "r.json"
    assert main(["train", *SMALL, "--epochs", "3", "--json", str(report)]) == 0
    told = json.loads(report.read_text())
    assert f"{told['epochs'][-1]['error']:.6f}" in page.text
    assert f"{told['test']['correct'] / 30:.2%}" in page.text and f"{told['test']['loss']:.6f}" in page.text
    for word in (
        "my run.nnrun",
        LAYERS,
        "180",
        "Confusion",
        "Worst mistakes",
        "First layer",
        "Configuration",
        "SHA-256",
    ):
        assert word in page.text
    # each wrong digit has a picture, 30 at most; 8 of the training digits; the weights and their scale
    mistakes = min(30, 30 - told["test"]["correct"])
    assert page.tags.count("img") == mistakes + 8 + 2


def test_the_commands_that_it_gives_make_the_same_run(run: str, tmp_path: Path, monkeypatch) -> None:
    main(["report", run, "-o", str(tmp_path / "r.html")])
    saved = read_run(run)
    page = Page((tmp_path / "r.html").read_text())
    command = repeat_command(saved.config, branch_of(run), 60)
    assert command in page.text
    monkeypatch.chdir(tmp_path)
    assert main(shlex.split(command)[1:]) == 0
    again = read_run("again.nnrun")
    np.testing.assert_array_equal(again.arrays["0.losses"], saved.arrays["0.losses"])


def branch_of(path: str) -> Branch:
    from nnstep.runs import restore_branches

    return restore_branches(read_run(path))[0]


def test_a_run_that_stopped_within_an_epoch_is_repeated_up_to_there(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        main(["train", *SMALL, "--epochs", "3", "--watch", "epoch == 2 and sample == 8", "--save-run", "a.nnrun"]) == 0
    )
    first = branch_of("a.nnrun")
    main(shlex.split(repeat_command(read_run("a.nnrun").config, first, 60))[1:])
    np.testing.assert_array_equal(branch_of("again.nnrun").log.losses[: len(first.log)], first.log.losses)


def test_the_command_names_what_was_not_usual() -> None:
    branch = Branch("main", Settings(0.05, 8, True, 3), None, 0, 0, 120, [Stretch(0, "numba")])
    config = {"data": "my digits.npz", "limit": 60, "seed": 3, "loss": "mse", "layers": "784,10,tanh", "init": "he"}
    assert repeat_command(config, branch, 60) == (
        "nnstep train --data 'my digits.npz' --limit 60 --layers 784,10,tanh --init he --seed 3 "
        "--learning-rate 0.05 --batch-size 8 --shuffle --epochs 2 --engine numba --save-run again.nnrun"
    )


def test_what_goes_beyond_plain_descent_is_in_the_command_and_on_the_page(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    ways = ["--optimizer", "adam", "--learning-rate", "0.01", "--weight-decay", "0.001", "--clip-norm", "0.5"]
    ways += ["--schedule", "step:1:0.5", "--augment", "shift:1", "--patience", "5", "--batch-size", "8", "--shuffle"]
    assert main(["train", *SMALL, *ways, "--epochs", "2", "--save-run", "a.nnrun"]) == 0
    assert main(["report", "a.nnrun"]) == 0 and main(["runs", "a.nnrun"]) == 0
    page, told = Page(Path("a.html").read_text()), capsys.readouterr().out
    for words in ("adam", "step:1:0.5", "shift:1", "weight decay 0.001", "clip norm 0.5"):
        assert words in page.text and words in told
    command = repeat_command(read_run("a.nnrun").config, branch_of("a.nnrun"), 54)
    assert command in page.text
    assert main(shlex.split(command)[1:]) == 0
    np.testing.assert_array_equal(branch_of("again.nnrun").log.losses, branch_of("a.nnrun").log.losses)


def test_the_command_has_the_optimizer_and_the_rest_of_the_settings() -> None:
    settings = Settings(
        0.01, optimizer="adamw", weight_decay=0.1, clip_norm=5.0, schedule="cosine:20", augment="shift:2"
    )
    branch = Branch("main", settings, None, 0, 0, 60, [Stretch(0, "numpy")])
    command = repeat_command({"layers": "784,10,tanh", "patience": 3}, branch, 60)
    assert command == (
        "nnstep train --layers 784,10,tanh --patience 3 --learning-rate 0.01 --optimizer adamw --weight-decay 0.1 "
        "--clip-norm 5.0 --schedule cosine:20 --augment shift:2 --epochs 1 --engine numpy --save-run again.nnrun"
    )


def test_a_homeworks_run_names_its_file_and_the_command_that_makes_it_again(
    tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    homework = str(Path(__file__).parent / "homework" / "row_vectors.py")
    monkeypatch.chdir(tmp_path)
    words = ["--net", homework, "--limit", "30", "--test-limit", "30", "--epochs", "1", "--save-run", "a.nnrun"]
    assert main(["train", *words]) == 0
    assert main(["report", "a.nnrun", "-o", "r.html"]) == 0
    text = Page(Path("r.html").read_text()).text
    assert f"Network {homework}, trained on" in text
    command = repeat_command(read_run("a.nnrun").config, branch_of("a.nnrun"), 30)
    assert command in text
    assert main(shlex.split(command)[1:]) == 0
    np.testing.assert_array_equal(branch_of("again.nnrun").log.losses, branch_of("a.nnrun").log.losses)
    capsys.readouterr()
    assert main(["runs", "a.nnrun"]) == 0
    assert f"  network {homework}   float64   seed 0\n" in capsys.readouterr().out


def test_the_filters_of_a_convolution_are_on_the_page(tmp_path: Path) -> None:
    path = str(tmp_path / "r.nnrun")
    layers = ["--layers", "28x28,conv 3 5x5,relu,flatten,10,tanh", "--limit", "20", "--test-limit", "10"]
    assert main(["train", *layers, "--engine", "numpy", "--epochs", "1", "--save-run", path]) == 0
    assert main(["report", path]) == 0
    assert "The filters of the first layer" in Page((tmp_path / "r.html").read_text()).text


def test_branches_are_on_the_page_and_names_are_no_markup(run: str, tmp_path: Path) -> None:
    from nnstep.cli import make_parser

    options = make_parser().parse_args(["report", run])
    bench, timeline = open_saved(options)
    assert len(bench.data.test) == 30
    timeline.go_to(timeline.branches["main"], 70)
    timeline.fork("<script>alert('&')</script>")
    timeline.train(20)
    begin_rate(timeline, 0.02)
    timeline.train(60)
    save_run(run, timeline, read_run(run).config | {"data": "samples", "note": "<i>"})
    for branch in ("main", "<script>alert('&')</script>", "η 0.02"):
        assert main(["report", run, "--branch", branch]) == 0
        page = Page((tmp_path / "my run.html").read_text())
        assert not {"script", "i "} & set(page.tags) and "Branches" in page.text
        assert "<script>alert('&')</script> at 2.31" in page.text and "main at 2.11" in page.text


def test_a_run_without_its_data_still_gets_a_page(run: str, tmp_path: Path, capsys) -> None:
    assert main(["report", run, "--limit", "59"]) == 0
    told = capsys.readouterr()
    assert "other data" in told.err and told.err.count("\n") == 1
    page = Page((tmp_path / "my run.html").read_text())
    assert "Without digits and weights" in page.text and "Confusion" not in page.text and "svg" in page.tags


def test_a_run_that_diverged_says_where(tmp_path: Path, capsys) -> None:
    run = str(tmp_path / "r.nnrun")
    bad = ["--layers", "784,8,identity,10,identity", "--limit", "60", "--test-limit", "30", "--learning-rate", "1e9"]
    assert main(["train", *bad, "--engine", "numpy", "--epochs", "1", "--save-run", run]) == 2
    assert main(["report", run]) == 0
    page = Page((tmp_path / "r.html").read_text())
    assert "The run diverged" in page.text and "began in" in page.text


def test_what_the_alarms_found_is_on_the_page(tmp_path: Path, capsys) -> None:
    run = str(tmp_path / "r.nnrun")
    bad = ["--layers", "784,8,relu,10,tanh", "--init", "uniform01", "--limit", "300", "--test-limit", "30"]
    assert main(["train", *bad, "--engine", "numpy", "--epochs", "1", "--autosave", run]) == 0
    alarms = read_run(run).meta["notes"]["alarms"]
    assert alarms and main(["report", run]) == 0
    page = Page((tmp_path / "r.html").read_text())
    for alarm in alarms:
        assert alarm["title"] in page.text and f"at {alarm['at']}, step {alarm['step']}" in page.text
        assert " ".join(alarm["evidence"].split()) in page.text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.nnrun"], "no such run file"),
        (["RUN", "--branch", "no"], "no branch 'no'"),
        (["RUN", "-o", "/nowhere/r.html"], "does not exist"),
    ],
)
def test_bad_input_is_one_line(words: list[str], says: str, run: str, capsys) -> None:
    assert main(["report", *[run if word == "RUN" else word for word in words]]) == 2
    told = capsys.readouterr()
    assert says in told.err and told.err.count("\n") == 1 and not told.out


def test_a_picture_is_what_pillow_reads() -> None:
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(image.open(io.BytesIO(png(pixels)))), pixels)
    palette = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 9)], axis=1).astype(np.uint8)
    read = image.open(io.BytesIO(png(pixels, palette)))
    np.testing.assert_array_equal(np.asarray(read.convert("RGB")), palette[pixels])


def test_tiles_stand_beside_each_other_with_gaps() -> None:
    pictures = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((3, 2, 2), np.uint8)
    expected = [[1, 1, 9, 2, 2], [1, 1, 9, 2, 2], [9, 9, 9, 9, 9], [3, 3, 9, 9, 9], [3, 3, 9, 9, 9]]
    np.testing.assert_array_equal(tiles(pictures, 2, 1, 9), expected)


def test_a_chart_puts_points_where_the_axes_say() -> None:
    line = Line(np.array([0.0, 5, 10]), np.array([1.0, np.nan, 100]), "s0", points=True, titles=["a", "b", "<c>"])
    drawn = chart([line], "x", "y", log=True, size=(180, 154), x_range=(0, 10))
    # 64 … 164 across, and from 114 up to 14; NaN is left out
    assert re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', drawn) == [("64.0", "114.0"), ("164.0", "14.0")]
    assert "&lt;c&gt;" in drawn and ">b<" not in drawn and ">10<" in drawn


def test_a_line_is_broken_where_a_number_is_missing() -> None:
    line = Line(np.arange(5.0), np.array([1, 2, np.nan, 4, 0.0]), "s0")
    assert len(re.findall("M", chart([line], "x", "y").split('class="line s0"')[1])) == 2
    # of a logarithm what is not above zero is missing too
    assert chart([Line(np.arange(3.0), np.zeros(3), "s0")], "x", "y", log=True) == ""
    assert sparkline(np.full(3, np.nan), "t") == "" and "<circle" in sparkline(np.array([np.nan, 2]), "t")


@pytest.mark.parametrize("high", [1e-300, 3.7, 20.0, 1e300])
def test_ticks_are_few_and_inside(high: float) -> None:
    for log in (False, True):
        drawn = chart([Line(np.array([0.0, high]), np.array([high / 3, high]), "s0")], "x", "y", log=log)
        assert 1 <= drawn.count('class="grid"') <= 9
        assert all(0 <= float(y) <= 340 for y in re.findall(r'class="grid" d="M64 ([\d.]+)', drawn))


def test_a_section_without_content_is_left_out() -> None:
    assert section("a", "b", "") == "" and "<h2>&lt;a&gt;</h2>" in section("<a>", "", "x")
