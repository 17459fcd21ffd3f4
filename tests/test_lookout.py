import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.breakpoints import Breakpoints, parse_breakpoint
from nnstep.debugger import Debugger
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.lookout import Lookout, Search, next_mistakes, previous_mistakes
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.timeline import Timeline
from nnstep.training import Trainer


def new_debugger(digits: Dataset, *breakpoints: str, batch_size: int = 1) -> Debugger:
    network = build_network("784,8,tanh,10,tanh", seed=3)
    stack = Stack(network.layers, network.loss)
    found = Breakpoints([parse_breakpoint(text, stack.names) for text in breakpoints])
    return Debugger(Timeline(stack, digits.train, NumpyEngine(), Settings(0.1, batch_size)), found)


def train(debugger: Debugger, epochs: int = 1, begun: bool = False) -> int | None:
    timeline = debugger.timeline
    debugger.start_training()
    lookout = Lookout(timeline, debugger.breakpoints, begun)
    start = timeline.position
    trainer = Trainer(
        debugger.stack,
        debugger.samples,
        timeline.engine,
        timeline.branch.settings,
        start.epoch,
        start.sample - 1,
        timeline,
        lookout,
    )
    list(trainer.run(epochs))
    return lookout.hit


def run_all(debugger: Debugger, forward: bool = True) -> list[tuple[str, int]]:
    """Every place where continuing stops."""
    places = []
    while True:
        search = Search(debugger, debugger.breakpoints, forward)
        list(search.run())
        if not search.found:
            return places
        places.append((str(debugger.position), debugger.cursor))


@pytest.mark.parametrize("batch_size", [1, 4])
def test_training_stops_at_the_first_sample_with_such_a_loss(digits: Dataset, batch_size: int) -> None:
    free = new_debugger(digits, batch_size=batch_size)
    free.timeline.train(300)
    losses = free.timeline.history().losses
    bound = float(np.sort(losses[100:])[-3])
    first = int(np.flatnonzero(losses > bound)[0])
    debugger = new_debugger(digits, f"loss > {bound!r}", batch_size=batch_size)
    assert train(debugger) == first
    assert debugger.timeline.branch.head <= first + batch_size
    np.testing.assert_array_equal(debugger.timeline.history().losses[: first + 1], losses[: first + 1])


@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_condition_on_frames_stops_before_the_sample_is_trained_and_changes_nothing(
    digits: Dataset, batch_size: int
) -> None:
    free = new_debugger(digits, batch_size=batch_size)
    free.timeline.train(100)
    norms = []
    for count in range(100):
        frames = free.timeline.frames_at(free.branch, count)
        norms.append(float(np.sqrt((frames[-1].gradients["weights"] ** 2).sum())))
    bound = sorted(norms)[-2]
    first = int(np.argmax(np.array(norms) > bound))
    debugger = new_debugger(digits, f"affine 1 backward if |dW| > {bound!r}", batch_size=batch_size)
    assert train(debugger) == first
    assert debugger.timeline.branch.head == first // batch_size * batch_size
    expected = free.timeline.frames_at(free.branch, debugger.timeline.branch.head)[0].before["weights"]
    np.testing.assert_array_equal(debugger.timeline.stack.snapshot()[0]["weights"], expected)


def test_training_goes_on_after_the_sample_that_hit(digits: Dataset) -> None:
    debugger = new_debugger(digits, "label == 5")
    fives = np.flatnonzero(digits.train.labels == 5).tolist()[:4]
    hits = []
    for _ in fives:
        hits.append(train(debugger, begun=bool(hits)))
        assert hits[-1] is not None
        debugger.timeline.go_to(debugger.branch, hits[-1])
        debugger.enter()
    assert hits == fives


def test_continue_and_reverse_continue_stop_at_the_same_steps(digits: Dataset) -> None:
    for text, expected in (("label == 5", 1), ("wrong", 1), ("tanh 2 backward if max Y > 0.5", None), ("affine 3", 2)):
        debugger = new_debugger(digits, text)
        debugger.timeline.train(120)
        debugger.restart()
        places = run_all(debugger)
        assert len(places) > 3, text
        debugger.timeline.go_to_head()
        debugger.enter()
        back = run_all(debugger, forward=False)
        own_start = [place for place in places if place[0] != "1.121"]
        assert back[::-1] == own_start or back[::-1] == [("1.1", 0), *own_start], text
        if expected:
            per_sample = max(sum(p[0] == place for p in places) for place, _ in places)
            assert per_sample == expected
        assert debugger.breakpoints[0].hits == len(places) + len(back)


def test_a_breakpoint_that_is_off_stops_nothing(digits: Dataset) -> None:
    debugger = new_debugger(digits, "affine 1")
    debugger.timeline.train(50)
    debugger.restart()
    debugger.breakpoints.toggle(0)
    assert run_all(debugger) == []


def test_reverse_continue_goes_back_past_the_start_of_a_branch(digits: Dataset) -> None:
    debugger = new_debugger(digits, "label == 5")
    debugger.timeline.train(30)
    debugger.enter()
    debugger.go_to_digit(200)
    debugger.next_sample()
    list((search := Search(debugger, debugger.breakpoints, forward=False)).run())
    assert search.found and debugger.branch.name == "main" and debugger.label == 5


def test_the_next_mistake_is_looked_up_or_trained_up_to(digits: Dataset) -> None:
    free = new_debugger(digits)
    free.timeline.train(300)
    free.timeline.train(300)
    wrong = np.flatnonzero(free.timeline.history().wrong)
    debugger = new_debugger(digits)
    debugger.enter(len(debugger.frames) - 1)
    counts = []
    for _ in range(5):
        list(next_mistakes(debugger, 1))
        counts.append(debugger.timeline.count)
        assert debugger.says != debugger.label
    assert counts == [count for count in wrong.tolist() if count > 0][:5]
    list(previous_mistakes(debugger, 2))
    assert debugger.timeline.count == counts[2]
    list(next_mistakes(debugger, 1))
    assert debugger.timeline.count == counts[3]
