"""What a check does with files that no student should hand in, and with what they leave behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from nnstep.checking import child, processes
from nnstep.checking.file_check import check_file
from nnstep.checking.processes import check_in_process
from nnstep.cli import main
from nnstep.copies import copied
from nnstep.homework import load_homework

RIGHT = str(Path(__file__).parents[1] / "homework" / "check" / "right_rows.py")
DENSE = """\
import os, signal, subprocess, time
import numpy as np

class Dense:
    def __init__(self, n, m):
        self.W = np.random.randn(n, m) / np.sqrt(n)
        self.b = np.zeros((1, m))
    def forward_propagation(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward_propagation(self, dY, rate):
        dX = dY @ self.W.T
        self.W -= rate * self.X.T @ dY
        self.b -= rate * dY
        return dX

"""


def written(folder: Path, text: str, name: str = "homework.py") -> str:
    path = folder / name
    path.write_text(DENSE + text)
    return str(path)


def findings_of(path: str, limit: float = 10.0) -> list[tuple[str, str]]:
    report = check_in_process(path, limit, 1024).report
    parts = [*report["layers"], report["loss"], {"findings": report["errors"]}]
    return [(f["id"], f["evidence"]) for part in parts for f in part["findings"]]


def test_control_and_half_characters_spoil_no_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    strange = written(tmp_path, "network = [Dense(3, 2)]", "a\n\x1b[31mb.py")
    raises = written(tmp_path, "raise ValueError('\\x00\\x1b[31m \\ud800 \\uffff')", "c.py")
    named = written(tmp_path, "Dense.__name__ = '\\x1b<&' * 200\nnetwork = [Dense(3, 2)]", "d.py")
    out, xml = tmp_path / "out.json", tmp_path / "out.xml"
    assert main(["check", strange, raises, named, "--json", str(out), "--junit", str(xml)]) == 1
    first, second, third = json.loads(out.read_bytes())
    assert (first["file"], first["ok"], third["ok"]) == (strange, True, True)
    assert "\ud800" in second["errors"][0]["evidence"]
    cases = list(ElementTree.parse(xml).getroot().iter("testcase"))
    assert len(cases) == 3 + 2 + 3  # each file has one for its loss and one for itself as a whole
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4
    assert main(["check", named]) == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert all(len(line) <= 80 for line in text.splitlines()[1:])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/bad\xff.py"
    with open(path, "w") as file:
        file.write(DENSE + "network = [Dense(3, 2)]")
    out = tmp_path / "out.json"
    assert main(["check", os.fsdecode(path), "--json", str(out), "--junit", str(tmp_path / "out.xml")]) == 0
    assert os.fsencode(json.loads(out.read_bytes())["file"]) == path
    ElementTree.parse(tmp_path / "out.xml")


def test_output_without_unicode_is_no_obstacle() -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    for more in ([], ["--json", "-"]):
        words = [sys.executable, "-m", "nnstep", "check", RIGHT, *more]
        done = subprocess.run(words, capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_junit_report_goes_to_standard_output_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", RIGHT, "--junit", "-"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out.encode()).get("failures") == "0"
    assert main(["check", RIGHT, "--junit", "-", "--json", "-"]) == 2
    assert not list(tmp_path.iterdir())


def test_a_refused_file_leaves_no_report_of_an_earlier_run(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    assert main(["check", RIGHT, "--json", str(out)]) == 0
    assert main(["check", str(tmp_path / "missing.py"), "--json", str(out)]) == 2
    report = json.loads(out.read_bytes())
    assert not report["ok"]
    assert [f["id"] for f in report["errors"]] == ["raised"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files")
def test_pipes_devices_and_loops_of_links_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "device.py").symlink_to("/dev/zero")
    (tmp_path / "loop.py").symlink_to("loop.py")
    for name in ("pipe.py", "device.py", "loop.py"):
        assert main(["check", str(tmp_path / name)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "no regular file" in line or "cannot be read" in line


def test_a_file_whose_name_looks_like_an_option_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, "network = [Dense(3, 2)]", "-x.py")
    monkeypatch.chdir(tmp_path)
    assert main(["check", "--", "-x.py"]) == 0


STRANGE = {
    "class L:\n    def __getattribute__(self, name): raise RuntimeError\nnetwork = [Dense(3, 2), L()]": "RuntimeError",
    "d = Dense(3, 2)\nd.W.flags.writeable = False\nnetwork = [d]": "read-only",
    "def loss(y_true, y_pred): return float('nan')\ndef loss_prime(y_true, y_pred): return y_pred\n"
    "network = [Dense(3, 2)]": "the loss gives nan",
}


@pytest.mark.parametrize("text", STRANGE, ids=STRANGE.values())
def test_what_is_strange_is_named(text: str, tmp_path: Path) -> None:
    ((_, evidence),) = findings_of(written(tmp_path, text))
    assert STRANGE[text] in evidence


MATRICES = """\
class Matrices(Dense):
    def __init__(self, n, m):
        self.W = np.matrix(np.random.randn(n, m))
        self.b = np.matrix(np.zeros((1, m)))
    def forward_propagation(self, X):
        self.X = np.matrix(X)
        return self.X * self.W + self.b
    def backward_propagation(self, dY, rate):
        dX = dY * self.W.T
        self.W = self.W - FACTOR * rate * (self.X.T * dY)
        self.b = self.b - FACTOR * rate * dY.sum(axis=0)
        return dX

network = [Matrices(6, 4), Matrices(4, 3)]
"""


def test_matrices_are_judged_as_arrays_are(tmp_path: Path) -> None:
    assert findings_of(written(tmp_path, "FACTOR = 1\n" + MATRICES)) == []
    assert [id for id, _ in findings_of(written(tmp_path, "FACTOR = 2\n" + MATRICES))] == ["factor"] * 4


@pytest.mark.skipif(os.name != "posix", reason="other signals elsewhere")
def test_a_signal_that_ends_the_process_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "os.kill(os.getpid(), signal.SIGKILL)")
    assert findings_of(path) == [("raised", "the process was ended by the signal SIGKILL")]


def test_a_repr_that_gives_no_text_is_no_fault(tmp_path: Path) -> None:
    text = "Dense.__repr__ = lambda self: 5\nnetwork = [Dense(3, 2)]"
    report = check_file(load_homework(written(tmp_path, text)))
    assert report.ok
    assert report.layers[0].name == "Dense"


def test_gradients_that_are_lost_in_the_last_digits_of_the_loss_are_not_judged(tmp_path: Path) -> None:
    text = "np.random.seed(1)\nnetwork = [Dense(4, 4) for _ in range(120)]\nfor d in network:\n    d.W *= 0.5"
    report = check_file(load_homework(written(tmp_path, text)))
    assert not report.errors


def test_a_copy_of_a_read_only_array_is_read_only() -> None:
    class Layer:
        W = None

    layer = Layer()
    layer.alone, layer.view = np.ones(3), np.broadcast_to(np.ones(1), 3)  # type: ignore[attr-defined]
    layer.alone.flags.writeable = False  # type: ignore[attr-defined]
    copy = copied(layer)
    assert not copy.alone.flags.writeable
    assert not copy.view.flags.writeable


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: object, *arguments: object) -> None:
    for _ in range(6000):
        if condition(*arguments):  # type: ignore[operator]
            return
        time.sleep(0.01)
    pytest.fail(f"{condition} did not come true")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
def test_processes_that_a_file_started_end_with_its_check(tmp_path: Path) -> None:
    note = tmp_path / "process"
    text = (
        f"process = subprocess.Popen(['sleep', '600'])\nopen({str(note)!r}, 'w').write(str(process.pid))\n"
        "network = [Dense(3, 2)]"
    )
    assert check_in_process(written(tmp_path, text), 10.0, 1024).ok
    wait_until(lambda: not is_running(int(note.read_text())))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_check_that_is_ended_leaves_no_process(number: signal.Signals, tmp_path: Path) -> None:
    note = tmp_path / "process"
    path = written(tmp_path, f"open({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)")
    words = [sys.executable, "-m", "nnstep", "check", path, RIGHT, "--time-limit", "600"]
    command = subprocess.Popen(
        words,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    )
    wait_until(lambda: note.exists() and note.read_text())
    command.send_signal(number)
    error = command.communicate()[1]
    if number == signal.SIGINT:
        assert (command.returncode, error) == (130, "nnstep: interrupted\n")
    wait_until(lambda: not is_running(int(note.read_text())))


def test_a_loop_outside_of_all_timed_calls_is_ended(tmp_path: Path) -> None:
    endless = written(
        tmp_path,
        "class Endless(Dense):\n    def __del__(self):\n        while True: pass\n"
        "network = [Endless(3, 2), Dense(2, 2)]",
    )
    text = Path(child.__file__).read_text().replace("LONGEST_PAUSE = 30.0", "LONGEST_PAUSE = 1.0")
    quick = tmp_path / "quick.py"
    quick.write_text(text)
    words = [sys.executable, str(quick), "--time-limit", "1", endless, str(tmp_path / "report.json")]
    process = subprocess.Popen(words)
    try:
        assert processes._wait(process, tmp_path / "report.json", 1.0) == "timeout"
    finally:
        process.kill()
        process.wait()


def test_a_file_that_changes_the_folder_is_checked_under_its_own_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    written(tmp_path, "os.chdir('data')\nnetwork = [Dense(3, 2)]")
    monkeypatch.chdir(tmp_path)
    homework = load_homework("homework.py")
    assert homework.watched == (str(tmp_path.resolve() / "homework.py"),)
    os.chdir(tmp_path)
    os.rmdir("data")
    gone = written(tmp_path, "os.mkdir('d')\nos.chdir('d')\nos.rmdir('../d')\nnetwork = [Dense(3, 2)]", "gone.py")
    assert findings_of(gone) == []
