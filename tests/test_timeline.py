from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnstep.architecture import build_network
from nnstep.branches import Position, parse_position, size_of, with_rate
from nnstep.data import load_data
from nnstep.edits import Edit
from nnstep.engines.base import Engine, choose_engine
from nnstep.errors import NnstepError
from nnstep.layers import AffineLayer
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack
from nnstep.stepping import run_steps
from nnstep.timeline import Timeline
from nnstep.training import Trainer

SAMPLES = load_data("samples", 30).train
LAYERS = "784,5,tanh,10,sigmoid"
CHECKPOINT = (784 * 5 + 5 + 5 * 10 + 10) * 8
ENGINES = ["numpy"]
try:
    import numba  # noqa: F401

    ENGINES.append("numba")
except ImportError:
    pass
BOTH = pytest.mark.parametrize("engine", ENGINES)


def new_stack() -> Stack:
    network = build_network(LAYERS, seed=5)
    return Stack(network.layers, network.loss)


def new_timeline(engine: str = "numpy", budget: int = 100 * CHECKPOINT, **options: object) -> Timeline:
    stack = new_stack()
    return Timeline(stack, SAMPLES, choose_engine(engine, stack), Settings(**{"learning_rate": 0.5, **options}), budget)


def equal(one: Parameters, other: Parameters) -> bool:
    return all(
        np.array_equal(a[name], b[name]) for a, b in zip(one, other, strict=True) for name in a.keys() | b.keys()
    )


def fresh_run(plan: list[tuple[str, int]], run: Settings, engine: Engine, count: int) -> Parameters:
    """The parameters after `count` samples of a plan, by a program that knows nothing of checkpoints."""
    from nnstep.network import epoch_order

    stack, at, n = new_stack(), 0, len(SAMPLES)
    for kind, size in plan:
        stop = at + size
        while at < stop:
            order = epoch_order(n, at // n + 1, run.shuffle, run.seed)
            if kind == "steps":
                row = slice(order[at % n], order[at % n] + 1)
                if at == count:
                    return stack.snapshot()
                list(run_steps(stack, SAMPLES.inputs(row), SAMPLES.targets(row), run.learning_rate))
                at += 1
            else:
                end = min(at + run.batch_size, (at // n + 1) * n)
                if count < end:
                    return stack.snapshot()
                engine.run(stack, SAMPLES, order[at % n : at % n + end - at], run.learning_rate, run.batch_size)
                at = end
    return stack.snapshot()


PLANS = st.lists(st.tuples(st.sampled_from(["train", "steps"]), st.integers(1, 25)), min_size=1, max_size=5)


@BOTH
@settings(max_examples=40, deadline=None)
@given(
    plan=PLANS,
    picks=st.lists(st.integers(0, 200), min_size=1, max_size=8),
    batch=st.sampled_from([1, 3]),
    shuffle=st.booleans(),
    room=st.integers(2, 6),
    closest=st.sampled_from([1, 3, 1000]),
)
def test_any_position_of_any_run_is_a_fresh_run_that_stopped_there(
    engine: str, plan: list[tuple[str, int]], picks: list[int], batch: int, shuffle: bool, room: int, closest: int
) -> None:
    timeline = new_timeline(engine, room * CHECKPOINT, batch_size=batch, shuffle=shuffle)
    done = []
    for kind, size in plan:
        before = timeline.count
        if kind == "steps":
            for _ in range(size):
                timeline.step_sample()
        else:
            while timeline.count < before + size:
                timeline.train(before + size - timeline.count)
        done.append((kind, timeline.count - before))
    assert timeline.checkpoints_bytes <= room * CHECKPOINT
    for pick in picks:
        count = pick % (timeline.branch.head + 1)
        with mock.patch("nnstep.timeline.CLOSEST", closest):
            found = timeline.visit(timeline.position_of(count))
        assert equal(found, fresh_run(done, timeline.branch.settings, timeline.engine, count))
        assert timeline.checkpoints_bytes <= room * CHECKPOINT
    timeline.go_to_head()
    assert equal(timeline.stack.snapshot(), fresh_run(done, timeline.branch.settings, timeline.engine, 10**6))


@BOTH
def test_a_branch_keeps_the_old_future(engine: str) -> None:
    timeline = new_timeline(engine)
    timeline.train(20)
    end = timeline.stack.snapshot()
    timeline.visit(Position(1, 11))
    slower = timeline.fork("slow", with_rate(timeline.branch.settings, 0.01))
    timeline.train(15)
    assert (slower.start, slower.head) == (10, 25)
    np.testing.assert_array_equal(timeline.history("slow").losses[:10], timeline.history("main").losses[:10])
    assert not np.array_equal(timeline.history("slow").losses[11:20], timeline.history("main").losses[11:20])
    assert equal(timeline.visit(Position(1, 21), "main"), end)
    inherited = timeline.visit(Position(1, 5), "slow")
    assert timeline.branch.name == "main" and equal(timeline.visit(Position(1, 5), "main"), inherited)


def test_a_branch_with_a_changed_parameter_goes_its_own_way_from_there() -> None:
    timeline = new_timeline()
    timeline.train(8)
    before = timeline.visit(Position(1, 5))

    def change(stack: Stack) -> None:
        stack.parameters_of(0)["bias"][2] = 7.0

    timeline.fork(change=change)
    assert timeline.branch.name == "branch 1"
    timeline.train(3)
    changed = timeline.visit(Position(1, 5))
    assert changed[0]["bias"][2] == 7.0 and before[0]["bias"][2] != 7.0
    assert np.array_equal(changed[0]["weights"], before[0]["weights"])
    assert equal(timeline.visit(Position(1, 5), "main"), before)


def test_a_branch_can_leave_samples_out() -> None:
    timeline = new_timeline()
    timeline.train(4)
    timeline.fork("digit 20", start=20)
    timeline.step_sample()
    assert timeline.history().counts.tolist() == [0, 1, 2, 3, 20]
    with pytest.raises(NnstepError, match=r"1\.10 is not in this run; 'digit 20' has 1\.1 to 1\.5 and 1\.21 to 1\.22"):
        timeline.visit(Position(1, 10))


def test_the_past_cannot_be_trained_and_positions_out_of_range_say_the_range() -> None:
    timeline = new_timeline()
    timeline.train(40)
    with pytest.raises(NnstepError, match=r"3\.1 is not in this run; 'main' has 1\.1 to 2\.1"):
        timeline.visit(Position(3, 1))
    with pytest.raises(NnstepError, match="sample from 1 to 30"):
        timeline.visit(Position(1, 31))
    timeline.visit(Position(1, 3))
    with pytest.raises(NnstepError, match="in the past of 'main'"):
        timeline.train(1)
    with pytest.raises(NnstepError, match="no branch 'x'.*main"):
        timeline.visit(Position(1, 1), "x")
    with pytest.raises(NnstepError, match="a branch 'main' already"):
        timeline.fork("main")


def test_a_budget_too_small_says_what_is_needed() -> None:
    assert size_of(new_stack().snapshot()) == CHECKPOINT
    with pytest.raises(NnstepError, match=r"31\.1 KiB is too small.*2 checkpoints.*62\.3 KiB"):
        new_timeline(budget=CHECKPOINT)
    timeline = new_timeline(budget=2 * CHECKPOINT)
    timeline.fork(change=lambda stack: None)
    with pytest.raises(NnstepError, match="3 checkpoints"):
        timeline.fork(change=lambda stack: None)


def test_the_gaps_between_checkpoints_stay_even_as_the_run_grows() -> None:
    timeline = new_timeline(budget=8 * CHECKPOINT)
    for _ in range(300):
        timeline.train(1)
    counts = sorted(timeline.branch.checkpoints)
    assert 4 <= len(counts) <= 8
    assert max(np.diff([*counts, 300])) <= 128


@BOTH
@pytest.mark.parametrize("batch", [1, 4])
def test_a_run_that_diverges_can_be_visited_up_to_the_sample_that_did_it(engine: str, batch: int) -> None:
    network = build_network("784,10,identity")
    stack = Stack(network.layers, network.loss)
    timeline = Timeline(stack, SAMPLES, choose_engine(engine, stack), Settings(1e60, batch), 10**8)
    while not timeline.branch.diverged:
        timeline.train(6)
    bad = timeline.history().first_not_finite()
    assert bad == len(timeline.branch.log) - 1
    parameters = timeline.visit(timeline.position_of(bad))
    assert all(np.isfinite(array).all() for arrays in parameters for array in arrays.values())
    timeline.go_to_head()
    with pytest.raises(NnstepError, match="has diverged"):
        timeline.train(1)


def test_a_trainer_records_what_it_trains() -> None:
    timeline, plain = new_timeline(), new_stack()
    errors = [
        p.error
        for p in Trainer(timeline.stack, SAMPLES, timeline.engine, timeline.branch.settings, timeline=timeline).run(3)
        if p.epoch_ended
    ]
    same = [p.error for p in Trainer(plain, SAMPLES, timeline.engine, timeline.branch.settings).run(3) if p.epoch_ended]
    assert errors == same and equal(timeline.stack.snapshot(), plain.snapshot())
    np.testing.assert_allclose([error for _, error in timeline.history().epoch_errors()], errors)


def test_layers_of_ones_own_are_replayed_too() -> None:
    class Scale:
        def __init__(self) -> None:
            self.weight = np.array([2.0])

        def forward_propagation(self, X: np.ndarray) -> np.ndarray:
            self.X = X
            return X * self.weight

        def backward_propagation(self, dE_dY: np.ndarray, learning_rate: float) -> np.ndarray:
            back = dE_dY * self.weight
            self.weight = self.weight - learning_rate * np.sum(dE_dY * self.X)
            return back

    def build() -> Stack:
        return Stack([AffineLayer(784, 10), Scale()], build_network().loss)

    stack = build()
    timeline = Timeline(stack, SAMPLES, choose_engine("auto", stack), Settings(0.1))
    timeline.train(12)
    other = build()
    reference = Timeline(other, SAMPLES, choose_engine("auto", other), Settings(0.1))
    reference.train(7)
    assert equal(timeline.visit(Position(1, 8)), other.snapshot())
    assert timeline.stack.snapshot()[1]["weight"] != 2.0


def test_positions_are_read_from_text() -> None:
    assert parse_position("7.31415") == Position(7, 31415) and str(Position(7, 3)) == "7.3"
    for text in ("7", "7.", "a.b", "-1.2", "1.2.3", ""):
        with pytest.raises(NnstepError, match="EPOCH.SAMPLE"):
            parse_position(text)


def test_a_branch_without_a_change_needs_no_checkpoint_and_is_replayed_from_its_parent() -> None:
    timeline = new_timeline()
    for _ in range(12):
        timeline.step_sample()
    timeline.visit(Position(1, 8))
    branch = timeline.fork("other", with_rate(timeline.branch.settings, 0.25))
    assert not branch.checkpoints
    for _ in range(4):
        timeline.step_sample()
    at_end = timeline.stack.snapshot()
    timeline.go_to(timeline.branches["main"], 0)
    timeline.go_to(branch, branch.head)
    assert equal(timeline.stack.snapshot(), at_end)


def test_a_changed_pixel_is_replayed_with_its_change() -> None:
    timeline = new_timeline()
    timeline.train(5)
    plain = timeline.frames()
    edit = Edit(inputs={(0, (0, 100)): 0.75})
    branch = timeline.fork(edit=edit)
    assert timeline.frames()[0].input[0, 100] == 0.75 and plain[0].input[0, 100] != 0.75
    timeline.step_sample()
    timeline.train(4)
    at_end = timeline.stack.snapshot()
    timeline.go_to(branch, 7)
    timeline.go_to(branch, branch.head)
    assert equal(timeline.stack.snapshot(), at_end)
    timeline.go_to(branch, branch.start)
    assert timeline.frames()[0].input[0, 100] == 0.75
    assert timeline.frames(1)[0].input[0, 100] == SAMPLES.inputs(slice(6, 7))[0, 100]


def test_a_branch_is_forgotten_only_where_no_other_begins_on_it() -> None:
    timeline = new_timeline()
    timeline.train(6)
    before = timeline.visit(Position(1, 4))
    one = timeline.fork("one")
    two = timeline.fork("two")
    with pytest.raises(NnstepError, match="'one' cannot be forgotten"):
        timeline.drop(one)
    timeline.drop(two)
    timeline.drop(one)
    assert list(timeline.branches) == ["main"] and timeline.branch.name == "main"
    assert timeline.count == 3 and equal(timeline.stack.snapshot(), before)
    with pytest.raises(NnstepError, match="'main' cannot be forgotten"):
        timeline.drop(timeline.branch)


def test_a_cut_run_goes_on_as_if_it_had_never_been_longer() -> None:
    timeline, other = new_timeline(), new_timeline()
    timeline.train(20)
    timeline.cut(9)
    assert timeline.branch.head == timeline.count == 9 == len(timeline.branch.log)
    other.train(9)
    assert equal(timeline.stack.snapshot(), other.stack.snapshot())
    timeline.train(15)
    other.train(15)
    assert equal(timeline.stack.snapshot(), other.stack.snapshot())


def test_an_index_of_the_history_leads_to_its_branch_and_back() -> None:
    timeline = new_timeline()
    timeline.train(8)
    timeline.visit(Position(1, 6))
    timeline.fork("on", start=15)
    timeline.train(4)
    for index, expected in ((0, ("main", 0)), (4, ("main", 4)), (5, ("on", 15)), (8, ("on", 18))):
        branch, count = timeline.place_at(index)
        assert (branch.name, count) == expected
    timeline.go_to(timeline.branches["on"], 17)
    assert timeline.index() == 7


def test_a_long_replay_leaves_checkpoints_where_there_is_room() -> None:
    timeline = new_timeline(budget=20 * CHECKPOINT)
    for _ in range(4):
        timeline.train(30)
    end = timeline.stack.snapshot()
    timeline.branch.checkpoints = {0: timeline.branch.checkpoints[0]}
    with mock.patch("nnstep.timeline.CLOSEST", 20):
        timeline.visit(Position(4, 20))
        # 109 samples were replayed, one checkpoint after each 20
        assert sorted(timeline.branch.checkpoints) == [0, 20, 40, 60, 80, 100]
        timeline.budget = 6 * CHECKPOINT
        timeline.visit(Position(5, 1))
    assert len(timeline.branch.checkpoints) == 6 and equal(timeline.stack.snapshot(), end)
