import threading

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.background import Latest
from nnstep.data import load_data
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.scorer import Scorer
from nnstep.scoring import score
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline

DATA = load_data("samples", 60, 40)


def new_timeline() -> Timeline:
    network = build_network("784,5,tanh,10,tanh")
    return Timeline(Stack(network.layers, network.loss), DATA.train, NumpyEngine(), Settings(0.1))


def test_what_is_measured_is_the_moment_that_it_was_asked_for() -> None:
    timeline, told = new_timeline(), []
    timeline.train(30)
    then = score(timeline.stack, DATA.test, 30)
    scorer = Scorer(DATA.test, lambda branch, found: told.append((branch.name, found.as_json())))
    scorer.measure(timeline)
    timeline.train(30)
    scorer.close()
    assert told == [("main", then.as_json())] and timeline.branch.scores[30].as_json() == then.as_json()
    assert scorer.last and scorer.last[1] == 30 and len(scorer.last[2].classes) == 40


def test_the_same_place_is_not_measured_twice(monkeypatch) -> None:
    timeline, told = new_timeline(), []
    timeline.train(30)
    scorer = Scorer(DATA.test, lambda branch, found: told.append(found.count))
    scorer.measure(timeline)
    scorer.wait()
    monkeypatch.setattr("nnstep.scorer.answers", None)
    scorer.measure(timeline)
    scorer.close()
    assert told == [30, 30]


def test_a_score_of_what_was_cut_is_not_kept() -> None:
    timeline, go_on = new_timeline(), threading.Event()
    timeline.train(30)
    scorer = Scorer(DATA.test)
    scorer._worker.submit(go_on.wait)
    scorer.measure(timeline)
    timeline.cut(20)
    go_on.set()
    scorer.close()
    assert not timeline.branch.scores and scorer.last


def test_of_the_jobs_that_wait_the_last_is_done_and_all_are_told() -> None:
    worker, go_on, begun, did = Latest("test"), threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        go_on.wait()
        did.append(1)

    worker.submit(first)
    begun.wait()
    worker.after(lambda: did.append("after 1"))
    for number in (2, 3, 4):
        worker.submit(lambda number=number: did.append(number), lambda number=number: did.append(f"after {number}"))
    worker.after(lambda: did.append("last"))
    go_on.set()
    worker.wait()
    worker.after(lambda: did.append("at once"))
    worker.close()
    assert did == [1, "after 1", 4, "after 2", "after 3", "after 4", "last", "at once"]


def test_what_a_job_raises_is_raised_where_one_waits_for_it() -> None:
    worker = Latest("test")
    worker.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.wait()
    did: list[int] = []
    worker.submit(lambda: did.append(1))
    worker.close()
    assert did == [1]


def test_a_copy_of_a_stack_goes_its_own_way() -> None:
    timeline = new_timeline()
    stack, before = timeline.stack.copy(), timeline.stack.snapshot()
    timeline.train(10)
    np.testing.assert_array_equal(stack.snapshot()[0]["weights"], before[0]["weights"])
    assert stack.names == timeline.stack.names and stack.layers[0] is not timeline.stack.layers[0]
