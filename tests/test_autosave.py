import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from nnstep import autosave as module
from nnstep.architecture import build_network
from nnstep.autosave import Autosave, default_autosave_path, remove_leftovers
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.runs import open_run, read_run
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import begin_rate

SAMPLES = load_data("samples", 30).train
LAYERS = "784,5,tanh,10,tanh"


def new_stack() -> Stack:
    network = build_network(LAYERS)
    return Stack(network.layers, network.loss)


@pytest.fixture
def timeline() -> Timeline:
    return Timeline(new_stack(), SAMPLES, NumpyEngine(), Settings(0.1))


def saved_losses(path: Path) -> np.ndarray:
    return read_run(str(path)).arrays["0.losses"]


def test_an_epochs_end_is_on_disk_and_its_line_comes_after_it(timeline: Timeline, tmp_path: Path) -> None:
    path, said = tmp_path / "a.nnrun", []
    saver = Autosave(str(path), {"layers": LAYERS}, pytest.fail)
    for epoch in range(1, 6):
        timeline.train(30)
        assert saver.follow(timeline, True, lambda epoch=epoch: said.append((epoch, len(saved_losses(path)))))
    saver.wait()
    assert [epoch for epoch, _ in said] == [1, 2, 3, 4, 5]
    assert all(on_disk >= 30 * epoch for epoch, on_disk in said) and saver.saved == 150
    timeline.train(7)
    saver.close(timeline)
    opened = open_run(read_run(str(path)), new_stack(), SAMPLES, NumpyEngine())
    np.testing.assert_array_equal(opened.branch.log.losses, timeline.branch.log.losses)
    np.testing.assert_array_equal(opened.stack.snapshot()[0]["weights"], timeline.stack.snapshot()[0]["weights"])
    assert list(tmp_path.iterdir()) == [path]


def test_between_epochs_it_saves_only_after_its_time(timeline: Timeline, tmp_path: Path) -> None:
    saver, said = Autosave(str(tmp_path / "a.nnrun"), {}, pytest.fail), []
    timeline.train(3)
    assert not saver.follow(timeline, False, lambda: said.append("at once")) and said == ["at once"]
    saver.seconds = 0
    assert saver.follow(timeline, False)
    saver.close()
    assert len(saved_losses(tmp_path / "a.nnrun")) == 3


def test_after_a_long_save_the_next_epochs_wait_and_their_lines_too(timeline: Timeline, tmp_path: Path) -> None:
    path, said = tmp_path / "a.nnrun", []
    saver = Autosave(str(path), {}, pytest.fail)
    saver._took = 60.0
    for epoch in (1, 2, 3):
        timeline.train(30)
        assert not saver.follow(timeline, True, lambda epoch=epoch: said.append(epoch))
    assert not said and not path.exists()
    saver._took = 0.0
    timeline.train(5)
    assert saver.follow(timeline, False)
    saver.wait()
    assert said == [1, 2, 3] and len(saved_losses(path)) == 95
    saver._took = 60.0
    timeline.train(25)
    assert not saver.follow(timeline, True, lambda: said.append(4))
    saver.close()
    assert said == [1, 2, 3, 4]


def test_what_is_written_is_the_moment_of_the_snapshot(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on, write = threading.Event(), threading.Event(), module.write_snapshot

    def slow(*arguments: object) -> None:
        writing.set()
        go_on.wait()
        write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "write_snapshot", slow)
    saver, path = Autosave(str(tmp_path / "a.nnrun"), {}, pytest.fail), tmp_path / "a.nnrun"
    timeline.train(10)
    lengths: list[int] = []
    saver.save(timeline, lambda: lengths.append(len(saved_losses(path))))
    writing.wait()
    timeline.train(20)  # goes on while the thread waits to write
    begin_rate(timeline, 0.01)
    timeline.train(30)
    saver.save(timeline)
    saver.save(timeline, lambda: lengths.append(len(saved_losses(path))))
    go_on.set()
    saver.close()
    assert lengths == [10, 30]
    assert [branch["name"] for branch in read_run(str(path)).meta["branches"]] == ["main", "η 0.01"]


def test_nothing_new_is_not_written_again(timeline: Timeline, tmp_path: Path) -> None:
    path, said = tmp_path / "a.nnrun", []
    saver = Autosave(str(path), {}, pytest.fail)
    timeline.train(10)
    saver.save(timeline)
    saver.wait()
    path.unlink()
    saver.save(timeline, lambda: said.append(1))
    saver.close()
    assert not path.exists() and said == [1]


def test_a_full_disk_is_told_once_and_training_goes_on(
    timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, told, called = tmp_path / "a.nnrun", [], []
    saver = Autosave(str(path), {}, told.append)
    timeline.train(10)
    saver.save(timeline)
    saver.wait()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for _ in range(3):
        timeline.train(5)
        saver.save(timeline, lambda: called.append(1))
        saver.wait()
    assert len(told) == 1 and "No space left" in told[0] and "Training goes on" in told[0] and len(called) == 3
    assert len(saved_losses(path)) == 10 and [p.name for p in tmp_path.iterdir()] == ["a.nnrun"]
    monkeypatch.undo()
    saver.close(timeline)
    assert len(told) == 2 and "works again" in told[1] and len(saved_losses(path)) == 25


def test_a_folder_that_is_missing_is_told_at_once(timeline: Timeline, tmp_path: Path) -> None:
    told: list[str] = []
    saver = Autosave(str(tmp_path / "no" / "a.nnrun"), {}, told.append)
    assert len(told) == 1 and "does not exist" in told[0]
    timeline.train(30)
    saver.close(timeline)
    assert len(told) == 1
    (tmp_path / "no").mkdir()
    saver = Autosave(str(tmp_path / "no" / "a.nnrun"), {}, pytest.fail)
    saver.close(timeline)
    saver.discard()
    assert not list((tmp_path / "no").iterdir())


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.nnrun.abcd1234", "a.nnrun", ".a.nnrun.backup-of-mine", ".b.nnrun.abcd1234"):
        (tmp_path / name).touch()
    remove_leftovers(str(tmp_path / "a.nnrun"))
    assert sorted(p.name for p in tmp_path.iterdir()) == [".a.nnrun.backup-of-mine", ".b.nnrun.abcd1234", "a.nnrun"]


def test_the_default_place_keeps_the_newest_runs(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for number in range(12):
        path = Path(default_autosave_path(folder))
        path = path.with_name(f"autosave-2020-01-{number:02}-000000-1.nnrun")
        path.touch()
        os.utime(path, (number, number))
    (folder / "mine.nnrun").touch()
    default_autosave_path(folder)
    kept = sorted(p.name for p in folder.iterdir())
    assert "mine.nnrun" in kept and len(kept) == 10 and kept[0] == "autosave-2020-01-03-000000-1.nnrun"
