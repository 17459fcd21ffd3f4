"""The same contest on a real scheduler with two worker processes."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from contest_runs import LONG, SMALL, finish, kill_one_worker, outcomes, report_of, start

import nnstep
from nnstep.cli import main

pytestmark = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs distributed")


@pytest.fixture
def scheduler(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a scheduler that has two workers with one thread each; the parameter is how many may die."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    told = folder / "scheduler.json"
    usual = ("--no-dashboard", "--scheduler-file", str(told))
    started = [begin(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", *usual, failures=request.param)]
    try:
        while not told.exists():
            assert started[0].poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        worker = ("--nthreads", "1", "--no-nanny", *usual)
        started += [begin(folder, "worker", *worker) for _ in range(2)]
        yield json.loads(told.read_text())["address"]
    finally:
        for process in started:
            process.kill()
            process.wait()


def begin(folder: Path, what: str, *words: str, failures: int = 3) -> subprocess.Popen[bytes]:
    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(failures)}
    environment["PYTHONPATH"] = os.pathsep.join([str(Path(nnstep.__file__).parents[1]), *sys.path])
    with open(folder / "log", "ab") as log:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)


def on_cluster(folder: Path, text: str, scheduler: str) -> subprocess.Popen[str]:
    (folder / "c.toml").write_text(text)
    words = ("--backend", "dask", "--scheduler", scheduler, "--json", folder / "cluster.json")
    return start(folder / "c.toml", *words)


def here(folder: Path) -> dict[tuple[str, int], tuple[object, ...]]:
    code, _, err = finish(start(folder / "c.toml", "--results", folder / "l.sqlite", "--json", folder / "l.json"))
    assert code == 0, err
    return outcomes(report_of(folder / "l.json"))


@pytest.mark.parametrize("scheduler", [3], indirect=True)
def test_the_cluster_gives_the_same_results_as_this_machine(tmp_path: Path, scheduler: str) -> None:
    code, out, err = finish(on_cluster(tmp_path, SMALL, scheduler))
    assert code == 0, err
    assert "lost: wild: seed 0: training diverged" in out and "8/8 " in err
    assert outcomes(report_of(tmp_path / "cluster.json")) == here(tmp_path)


@pytest.mark.parametrize("scheduler", [0, 3], indirect=True, ids=["nnstep tries again", "Dask tries again"])
def test_a_worker_that_dies_costs_only_a_retry(tmp_path: Path, scheduler: str) -> None:
    process = on_cluster(tmp_path, LONG, scheduler)
    kill_one_worker(tmp_path / "c.sqlite", process)
    code, _, err = finish(process)
    assert code == 0, err
    report = report_of(tmp_path / "cluster.json")
    assert len(report["leaderboard"]) == 6 and not report["lost"]
    assert outcomes(report) == here(tmp_path)


@pytest.mark.parametrize("scheduler", [3], indirect=True)
def test_a_contest_that_is_stopped_leaves_the_workers_free(tmp_path: Path, scheduler: str) -> None:
    from distributed import Client

    process = on_cluster(tmp_path, LONG.replace("epochs = 25", "epochs = 1000"), scheduler)
    running = tmp_path / "c.sqlite.running"
    while not (running.exists() and list(running.glob("*.json"))):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    code, _, err = finish(process)
    assert code == 143 and err == "Stopped; the same command goes on from here\n"
    with Client(scheduler, set_as_default=False) as client:
        deadline = time.monotonic() + 20
        while any(client.run(lambda dask_worker: len(dask_worker.state.executing)).values()):
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.parametrize("scheduler", [3], indirect=True)
def test_a_scheduler_that_goes_away_ends_the_contest_in_one_line(tmp_path: Path, scheduler: str) -> None:
    from distributed import Client

    with Client(scheduler, set_as_default=False) as client:
        number = client.run_on_scheduler(os.getpid)
    process = on_cluster(tmp_path, LONG.replace("epochs = 25", "epochs = 1000"), scheduler)
    running = tmp_path / "c.sqlite.running"
    while not (running.exists() and list(running.glob("*.json"))):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(number, signal.SIGKILL)
    code, _, err = finish(process)
    assert code == 2 and f"nnstep: --scheduler {scheduler}: it went away" in err and "Traceback" not in err


def test_what_is_no_address_is_one_line(tmp_path: Path) -> None:
    code, _, err = finish(on_cluster(tmp_path, SMALL, "nonsense"))
    assert code == 2 and err.startswith("nnstep: --scheduler nonsense: ") and err.count("\n") == 1


def test_no_scheduler_there_is_one_line(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("nnstep.wars.cluster.CONNECT_SECONDS", 0.5)
    (tmp_path / "c.toml").write_text(SMALL)
    code = main(["wars", str(tmp_path / "c.toml"), "--backend", "dask", "--scheduler", "tcp://127.0.0.1:9"])
    told = capsys.readouterr().err
    assert code == 2 and "no scheduler answers there" in told and "Traceback" not in told
    assert not (tmp_path / "c.sqlite.running").exists()
