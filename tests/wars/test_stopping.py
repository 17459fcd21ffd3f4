"""Signals to a real contest: it ends with all its processes, and keeps what is finished."""

import json
import os
import signal
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest
from contest_runs import LONG, finish, start

from nnstep.cli import make_parser
from nnstep.wars.child import ContestProcess
from nnstep.wars.results import Results

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs POSIX signals")
ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    path = tmp_path / "long.toml"
    path.write_text(LONG)
    return path


def workers(contest: Path, count: int = 1) -> set[int]:
    """The processes of the jobs that report themselves, when there are so many."""
    found: set[int] = set()
    deadline = time.monotonic() + 60
    while len(found) < count and time.monotonic() < deadline:
        for path in contest.with_suffix(".sqlite.running").glob("*.json"):
            try:
                found.add(json.loads(path.read_text())["pid"])
            except (OSError, ValueError):
                continue
        time.sleep(0.005)
    assert len(found) >= count
    return found


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def all_end(pids: set[int]) -> bool:
    deadline = time.monotonic() + 20
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


def options(*words: object) -> Namespace:
    return make_parser().parse_args(["wars", *map(str, words)])


@pytest.mark.parametrize("to_all", [False, True], ids=["to the contest", "to its whole group"])
@pytest.mark.parametrize("number", ENDS, ids=lambda number: signal.Signals(number).name)
def test_a_signal_ends_the_contest_with_its_processes_and_keeps_what_is_finished(contest, number, to_all) -> None:
    process = start(contest, "--jobs", 2, start_new_session=True)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("1/6 ")
    running = workers(contest, 2)
    (os.killpg if to_all else os.kill)(process.pid, number)
    code, _, err = finish(process)
    assert code == ENDS[number]
    assert err.endswith("Stopped; the same command goes on from here\n")
    assert "Traceback" not in err and "lost" not in err and "Warning" not in err
    assert all_end(running)
    assert 1 <= len(Results(str(contest.with_suffix(".sqlite"))).rows()) < 6
    assert not contest.with_suffix(".sqlite.running").exists()


def test_ctrl_c_while_the_processes_begin_is_as_quiet(contest: Path) -> None:
    process = start(contest, "--jobs", 2, start_new_session=True)
    while not contest.with_suffix(".sqlite.running").exists():
        time.sleep(0.005)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130 and err == "Stopped; the same command goes on from here\n"


def test_a_pool_ends_without_a_word_just_after_a_job_was_handed_in() -> None:
    code = (
        "import time; from joblib.externals.loky import get_reusable_executor as pool\n"
        "from nnstep.wars.local_joblib import end_processes\n"
        "for _ in range(5):\n"
        "    pool(2).submit(abs, -3).result(); [pool(2).submit(time.sleep, 600) for _ in range(3)]\n"
        "    end_processes(pool(2))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_under_nohup_a_closed_terminal_stops_nothing(contest: Path) -> None:
    contest.write_text(LONG)
    process = start(contest, before="trap '' HUP")
    workers(contest)
    process.send_signal(signal.SIGHUP)
    code, _, err = finish(process)
    assert code == 0 and "6/6 " in err


def test_processes_of_a_contest_that_was_killed_end_by_themselves(contest: Path) -> None:
    process = start(contest, "--jobs", 2)
    running = workers(contest, 2)
    process.kill()
    finish(process)
    assert all_end(running)


def test_a_contest_in_a_process_of_its_own_is_stopped_and_goes_on(contest: Path) -> None:
    process = ContestProcess(options(contest, "--jobs", 2))
    process.start()
    running = workers(contest, 2)
    assert process.running and not process.stopping and not process.stopped
    process.stop()
    assert process.stopping or not process.running
    process.close()
    assert process.stopped and not process.failure and all_end(running)
    process.start()
    assert workers(contest) and process.running
    process.close()
    assert process.stopped


def test_it_tells_why_it_failed(contest: Path) -> None:
    process = ContestProcess(options(contest, "--backend", "dask"))
    process.start()
    while process.running:
        time.sleep(0.01)
    assert process.failure.startswith("nnstep: --backend dask and --scheduler go together")
    process.close()


def test_it_stops_when_whoever_watches_it_is_killed(contest: Path) -> None:
    code = (
        "import sys, time; from nnstep.cli import make_parser; from nnstep.wars.child import ContestProcess\n"
        "ContestProcess(make_parser().parse_args(['wars', sys.argv[1], '--jobs', '2'])).start(); time.sleep(600)"
    )
    watcher = subprocess.Popen([sys.executable, "-c", code, str(contest)])
    running = workers(contest, 2)
    watcher.kill()
    watcher.wait()
    assert all_end(running)
