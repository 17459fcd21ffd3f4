import json
import random
import re
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from nnstep.alarms import findings, table
from nnstep.alarms.alarm import Alarm, alarm_from_json
from nnstep.alarms.findings import FINDERS, Finding
from nnstep.alarms.look import LayerLook, Look, activation_kind, look, mismatched
from nnstep.alarms.losses import BLOCK, Block, Losses, first_exploded
from nnstep.alarms.monitor import Monitor
from nnstep.alarms.probing import is_known, main_parameter, mean_loss
from nnstep.architecture import build_network
from nnstep.branches import Position
from nnstep.cli import main
from nnstep.data import load_data
from nnstep.debugger import Debugger
from nnstep.engines.base import Outcome, choose_engine
from nnstep.engines.numpy_engine import NumpyEngine
from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.limits import CALM, LIMITS, SOURCES, Limits
from nnstep.losses import LOSSES, Loss
from nnstep.network import Network
from nnstep.runs import notes_of, read_notes, read_run, save_run
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.statistics import saturated_share, update_ratio
from nnstep.timeline import Timeline
from nnstep.training import Progress, Trainer

DIGITS = load_data("samples").train
FIRST = DIGITS.first(1000)
USUAL = Settings(0.1)
RAW = Samples(FIRST.pixels.astype(float), FIRST.labels, FIRST.shape)
TANH = "784,128,tanh,64,tanh,10,tanh"
RELU = "784,128,relu,64,relu,10"
SIGMOID = "784,128,sigmoid,64,sigmoid,10,sigmoid"
DEEP = "784," + "64,sigmoid," * 11 + "10,sigmoid"


def negative_biases(network: Network) -> None:
    for layer in network.layers[:-1]:
        for name, array in layer.parameters.items():
            if name == "bias":
                array[...] = -10


def trainer_of(
    layers: str = TANH,
    init: str = "lecun",
    settings: Settings = USUAL,
    samples: Samples = FIRST,
    seed: int = 0,
    dtype: str = "float64",
    change: Callable[[Network], object] = lambda network: None,
    engine: str = "auto",
    record: bool = False,
) -> Trainer:
    network = build_network(layers, "mse", init, seed, dtype)
    change(network)
    stack = Stack(network.layers, network.loss)
    chosen = choose_engine(engine, stack)
    timeline = Timeline(stack, samples, chosen, settings) if record else None
    return Trainer(stack, samples, chosen, settings, timeline=timeline, monitor=Monitor(stack, samples))


def alarms_of(trainer: Trainer, epochs: int = 1) -> list[Alarm]:
    for _ in trainer.run(epochs):
        pass
    assert trainer.monitor and not trainer.monitor.trouble
    return trainer.monitor.alarms


SICK = [
    (dict(init="uniform01"), "saturation", "tanh 2"),
    (dict(settings=Settings(10)), "update-too-large", "affine 3"),
    (dict(samples=RAW), "inputs-not-scaled", "input"),
    (dict(layers=RELU, init="he", settings=Settings(0.05), change=negative_biases), "dead-relu", "relu 2"),
    (dict(layers=DEEP), "vanishing", "affine 1"),
    (dict(settings=Settings(0)), "parameters-unchanged", "affine 1"),
    (dict(settings=Settings(1e-8)), "update-too-small", "affine 1"),
]


@pytest.mark.parametrize(("options", "id", "name"), SICK, ids=[id for _, id, _ in SICK])
@pytest.mark.parametrize("how", [dict(), dict(seed=5, dtype="float32"), dict(engine="numpy")], ids=str)
def test_sick_training_raises_the_right_alarm_first_within_1000_samples(
    options: dict, id: str, name: str, how: dict
) -> None:
    alarms = alarms_of(trainer_of(**(options | how)))
    assert (alarms[0].id, alarms[0].follows) == (id, None)
    assert alarms[0].name == name or how
    assert alarms[0].position < Position(2, 1)
    assert all(alarm.follows for alarm in alarms[1:]), "what follows from it says so"


@pytest.mark.parametrize(
    ("options", "id"),
    [
        (dict(init="uniform01", settings=Settings(0.5, 32)), "saturation"),
        (dict(settings=Settings(10, 32)), "update-too-large"),
        (dict(samples=RAW, settings=Settings(0.5, 32)), "inputs-not-scaled"),
        (dict(layers=RELU, init="he", settings=Settings(0.1, 32), change=negative_biases), "dead-relu"),
        (dict(layers=DEEP, settings=Settings(0.5, 32)), "vanishing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_sick_training_in_batches_raises_the_right_alarm_first(options: dict, id: str) -> None:
    assert alarms_of(trainer_of(**options))[0].id == id


@pytest.mark.parametrize(
    "options",
    [
        dict(),
        dict(seed=1),
        dict(dtype="float32"),
        dict(init="xavier"),
        dict(layers=RELU, init="he"),
        dict(layers=RELU, init="he", settings=Settings(0.05, 1, True, 3)),
        dict(layers="784,100,relu,10", init="he", settings=Settings(0.05)),
        dict(layers=SIGMOID, settings=Settings(1)),
        dict(layers=SIGMOID),
        dict(layers="784,10,sigmoid", settings=Settings(0.5)),
        dict(settings=Settings(0.5, 32)),
        dict(settings=Settings(0.5, 500)),
        dict(samples=DIGITS.first(10)),
        dict(layers="784,64,batchnorm,relu,32,batchnorm,relu,10", settings=Settings(0.1, 32)),
        dict(layers="784,32,batchnorm,relu,10,softmax", settings=Settings(0.1, 32)),
        dict(layers="784,64,relu,dropout 0.5,10,softmax", settings=Settings(0.1, 32)),
    ],
    ids=str,
)
def test_healthy_training_raises_no_alarm(options: dict) -> None:
    assert alarms_of(trainer_of(**(dict(samples=DIGITS) | options)), 5) == []


def test_a_loss_that_becomes_infinite_is_an_alarm_and_the_error_names_what_came_before() -> None:
    trainer = trainer_of("784,10", settings=Settings(1e9))
    with pytest.raises(NnstepError, match=r"diverged.* Before it, at 1\.2: updates are too large .*affine 1"):
        alarms_of(trainer)
    assert trainer.monitor
    large, loss = trainer.monitor.alarms
    assert (large.id, loss.id, loss.follows, loss.name) == ("update-too-large", "exploding-loss", large.id, "loss")


def test_a_student_may_hear_of_targets_that_are_not_the_labels() -> None:
    class Shifted(Samples):
        def targets(self, rows: object, dtype: object = np.float64) -> Array:
            return np.roll(super().targets(rows, dtype), 1, axis=1)  # type: ignore[arg-type]

    samples = Shifted(FIRST.pixels, FIRST.labels, FIRST.shape)
    alarm = alarms_of(trainer_of(samples=samples, engine="numpy"))[0]
    assert (alarm.id, alarm.evidence) == ("targets-not-one-hot", "128 of 128 targets that were looked at")


def test_targets_are_compared_with_their_labels() -> None:
    labels = np.array([0, 1, 1, 2], np.uint8)
    targets = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0.9, 0], [0, 1, 0]])  # right, right, not 1, another class
    assert mismatched(labels, targets) == 2


# What a monitor must not change


GENERATOR = np.random.default_rng(0)


class Momentum:
    """A student's layer that keeps state, draws random numbers in several ways, prints, and counts its calls."""

    shared = np.random.RandomState(0)
    plain = random.Random(0)

    def __init__(self, inputs: int, outputs: int) -> None:
        self.W = np.random.default_rng(3).normal(0, inputs**-0.5, (inputs, outputs))
        self.velocity = np.zeros_like(self.W)
        self.calls: list[int] = []

    def forward_propagation(self, X: Array) -> Array:
        assert len(X) == 1, "takes one sample at a time"
        self.calls.append(len(X))
        print("forward")
        chance = np.random.random(X.shape) * (0.5 + 0.5 * random.random()) * GENERATOR.random()
        self.X = X * (chance < 0.9 * self.shared.random_sample() + 0.1 * self.plain.random())
        return np.tanh(self.X @ self.W)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        gradient = dE_dY * (1 - np.tanh(self.X @ self.W) ** 2)
        dE_dX = gradient @ self.W.T
        self.velocity = 0.9 * self.velocity - learning_rate * self.X.T @ gradient
        self.W += self.velocity
        return dE_dX


def test_a_monitor_changes_nothing_of_a_layer_that_keeps_state_and_draws_random_numbers(capsys) -> None:
    def train(watch: bool) -> tuple[Array, list[float], int, str]:
        np.random.seed(1)
        random.seed(1)
        GENERATOR.bit_generator.state = np.random.default_rng(5).bit_generator.state
        Momentum.shared.seed(2)
        Momentum.plain.seed(3)
        layers = [Momentum(784, 20), Momentum(20, 10)]
        stack, samples = Stack(layers, LOSSES["mse"]), FIRST.first(100)
        stack.learn_parameters(samples.inputs(slice(0, 1)))
        capsys.readouterr()
        monitor = Monitor(stack, samples) if watch else None
        losses = [
            loss
            for progress in Trainer(stack, samples, NumpyEngine(), Settings(0.05), monitor=monitor).run(2)
            for loss in progress.losses
        ]
        assert not monitor or (not monitor.trouble and monitor._number > 10)
        return layers[0].W, losses, len(layers[0].calls), capsys.readouterr().out

    plain, watched = train(False), train(True)
    assert np.array_equal(plain[0], watched[0]) and plain[1:] == watched[1:]


@pytest.mark.parametrize("engine", ["numpy", "auto"])
@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("record", [False, True])
def test_a_run_has_the_same_bits_with_and_without_a_monitor(engine: str, batch_size: int, record: bool) -> None:
    watched = trainer_of(
        engine=engine, settings=Settings(0.1, batch_size, True, 2), samples=DIGITS.first(300), record=record
    )
    plain = trainer_of(engine=engine, settings=Settings(0.1, batch_size, True, 2), samples=DIGITS.first(300))
    plain.monitor = None
    losses = [np.concatenate([p.losses for p in trainer.run(3)]) for trainer in (watched, plain)]
    assert np.array_equal(*losses)
    for a, b in zip(watched.stack.snapshot(), plain.stack.snapshot(), strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)


def test_alarms_do_not_depend_on_how_a_run_is_cut_into_reports() -> None:
    def alarms(chunk: int) -> list[Alarm]:
        trainer = trainer_of(settings=Settings(2), samples=DIGITS)
        trainer._next_chunk = lambda done, took: chunk  # type: ignore[method-assign]
        return alarms_of(trainer)

    assert alarms(13) == alarms(977) != []


def test_a_layer_that_fails_in_a_look_does_not_stop_training() -> None:
    class Failing(Momentum):
        def __deepcopy__(self, memo: dict) -> None:
            raise TypeError("cannot be copied")

    stack = Stack([Failing(784, 10)], LOSSES["mse"])
    stack._parameter_names = [("W",)]
    monitor = Monitor(stack, FIRST)
    progress = list(Trainer(stack, FIRST, NumpyEngine(), Settings(0.01), monitor=monitor).run(1))
    assert progress[-1].epoch_ended and monitor.trouble == "TypeError: cannot be copied"


# Where an alarm leads


@pytest.mark.parametrize(
    "options", [dict(settings=Settings(10)), dict(init="uniform01"), dict(layers=DEEP), dict(samples=RAW)]
)
def test_each_alarm_opens_the_debugger_at_its_position(options: dict) -> None:
    trainer = trainer_of(**options, record=True)
    alarms = alarms_of(trainer, 2)
    assert trainer.timeline and len(alarms) > 2
    debugger = Debugger(trainer.timeline, alarms=alarms)
    for alarm in debugger.alarms:
        debugger.go_to_alarm(alarm)
        frame = debugger.frame
        assert debugger.position == alarm.position
        assert alarm.layer is None or (frame.step.layer, frame.step.name) == (alarm.layer, alarm.name)
        assert alarm.layer is not None or frame.step.name == (
            "mean squared error" if alarm.name == "loss" else "affine 1"
        )
        if "in one update" in alarm.evidence:
            assert update_ratio(frame, "weights") == pytest.approx(alarm.numbers["ratio"], rel=1e-12)
        if alarm.id == "saturation" and not alarm.follows:
            assert saturated_share(frame) == alarm.numbers["share"] == 1


def test_an_alarm_of_a_branch_opens_on_that_branch() -> None:
    trainer = trainer_of(record=True, samples=DIGITS.first(200))
    assert alarms_of(trainer) == [] and trainer.timeline and trainer.monitor
    timeline = trainer.timeline
    timeline.visit(Position(1, 101))
    timeline.fork("fast", Settings(10))
    second = Trainer(
        timeline.stack, trainer.samples, trainer.engine, Settings(10), 1, 100, timeline, monitor=trainer.monitor
    )
    alarm = alarms_of(second)[0]
    assert (alarm.branch, alarm.id) == ("fast", "update-too-large") and Position(1, 101) < alarm.position
    debugger = Debugger(timeline)
    debugger.timeline.visit(Position(1, 1), "main")
    debugger.go_to_alarm(alarm)
    assert (debugger.branch.name, debugger.position) == ("fast", alarm.position)


def test_training_that_goes_on_where_it_stopped_does_not_repeat_its_alarms() -> None:
    trainer = trainer_of(init="uniform01", samples=DIGITS.first(200))
    known = list(alarms_of(trainer))
    again = Trainer(trainer.stack, trainer.samples, trainer.engine, trainer.settings, 2, monitor=trainer.monitor)
    assert alarms_of(again, 2)[: len(known)] == known
    ids = [alarm.id for alarm in alarms_of(again, 2)]
    assert len(ids) == len(set(ids))


def test_reports_bring_each_alarm_once() -> None:
    trainer = trainer_of(init="uniform01")
    reports: list[Progress] = list(trainer.run(1))
    assert trainer.monitor
    assert [alarm for report in reports for alarm in report.alarms] == trainer.monitor.alarms


def test_alarms_are_saved_with_a_run(tmp_path) -> None:
    trainer = trainer_of(init="uniform01", record=True)
    debugger = Debugger(trainer.timeline, alarms=alarms_of(trainer))  # type: ignore[arg-type]
    save_run(str(tmp_path / "a.nnrun"), debugger.timeline, {}, notes=notes_of(debugger))
    notes = read_run(str(tmp_path / "a.nnrun")).meta["notes"]
    assert read_notes(notes, debugger.stack)["alarms"] == debugger.alarms
    notes["alarms"][0].pop("title")
    with pytest.raises(NnstepError, match="alarms of this run are damaged"):
        read_notes(notes, debugger.stack)


# The command


def test_the_command_prints_each_alarm_once_and_reports_them(tmp_path, capsys) -> None:
    words = ["train", "--epochs", "1", "--limit", "300", "--init", "uniform01"]
    run = str(tmp_path / "a.nnrun")
    assert main([*words, "--json", str(tmp_path / "a.json"), "--save-run", run]) == 0
    told = capsys.readouterr()
    alarms = json.loads((tmp_path / "a.json").read_text())["alarms"]
    first = alarms[0]
    assert (first["id"], first["at"], first["epoch"], first["sample"], first["branch"]) == (
        "saturation",
        "1.1",
        1,
        1,
        "main",
    )
    assert (first["layer"], first["name"], first["option"]) == (1, "tanh 2", "--init")
    assert first["file"].endswith("nnstep/activations.py") and first["line"] > 0
    assert told.err.count("alarm: Saturated outputs") == 1 and told.err.count("alarm: ") == len(alarms)
    assert "alarm" not in told.out and max(map(len, told.err.splitlines())) <= 80
    assert main(["runs", run]) == 0
    assert "alarm   1.1   main   tanh 2: Saturated outputs" in capsys.readouterr().out


def test_a_healthy_run_prints_none_and_no_alarms_turns_them_off(tmp_path, capsys) -> None:
    report = tmp_path / "a.json"
    assert main(["train", "--epochs", "1", "--limit", "300", "--json", str(report)]) == 0
    assert not capsys.readouterr().err and json.loads(report.read_text())["alarms"] == []
    words = ["train", "--epochs", "1", "--limit", "100", "--init", "uniform01", "--no-alarms"]
    assert main([*words, "--json", str(report)]) == 0
    assert not capsys.readouterr().err and json.loads(report.read_text())["alarms"] == []


def test_forgotten_scaling_is_found_from_the_command_line(tmp_path, capsys) -> None:
    path = tmp_path / "raw.npz"
    data = load_data("samples", 500, 50)
    arrays = {
        f"{kind}_{name}": array
        for name, part in (("train", data.train), ("test", data.test))
        for kind, array in (("x", part.pixels.astype(np.float32)), ("y", part.labels))
    }
    np.savez(path, **arrays)
    assert main(["train", "--data", str(path), "--epochs", "1", "--json", str(tmp_path / "a.json")]) == 0
    first = json.loads((tmp_path / "a.json").read_text())["alarms"][0]
    assert (first["id"], first["at"], first["numbers"]["largest"]) == ("inputs-not-scaled", "1.1", 255)


# The words


def test_every_alarm_speaks_in_the_same_form() -> None:
    assert len({rule.id for rule in table.RULES}) == len(table.RULES)
    for rule in table.RULES:
        assert re.fullmatch("[a-z-]+", rule.id) and rule.title[0].isupper() and not rule.title.endswith(".")
        for text in (rule.sentence, rule.advice, rule.doubt):
            assert text.endswith(".") and "  " not in text
        assert rule.sentence.count(".") == 1, "one sentence"
        assert set(rule.limits) <= set(SOURCES) and rule.source
        order = [other.id for other in table.RULES]
        assert set(rule.follows) <= set(order) - {rule.id}


def test_every_limit_has_a_source_and_a_calmer_value_to_clear_at() -> None:
    assert all(SOURCES.values()) and len(SOURCES) == len(fields(Limits))
    below = ("smallest_update", "vanishing_ratio", "vanishing_gradient", "same_outputs", "smallest_input")
    for name in SOURCES:
        limit, calm = getattr(LIMITS, name), getattr(CALM, name)
        assert calm >= limit if name in below else calm <= limit
    assert (LIMITS.smallest_update, LIMITS.largest_update) == (1e-6, 0.1)
    assert (LIMITS.vanishing_ratio, LIMITS.vanishing_gradient, LIMITS.exploding_ratio) == (1e-3, 1e-4, 70)
    assert (LIMITS.largest_loss, LIMITS.loss_rise, LIMITS.dead, LIMITS.active) == (1e3, 3, 0.5, 0.01)
    assert (LIMITS.flat_tanh, LIMITS.flat_sigmoid, LIMITS.saturated) == (0.97, 0.03, 0.5)


def test_an_alarm_survives_json() -> None:
    alarm = alarms_of(trainer_of(samples=DIGITS.first(20), init="uniform01"))[0]
    changed = replace(alarm, cleared=Position(1, 9), numbers={"loss": float("inf")}, follows="vanishing")
    for one in (alarm, changed):
        assert alarm_from_json(json.loads(json.dumps(one.as_json(), allow_nan=False))) == one


# The rules alone, on numbers made by hand


def layer_of(name: str = "affine 1", **known: object) -> LayerLook:
    kind = name.partition(" ")[0] if not name.startswith("affine") else ""
    empty = dict(name=name, kind=kind, saturated=None, active=None, gradient=None, update=None, before={})
    return LayerLook(**(empty | known))  # type: ignore[arg-type]


def look_of(*layers: LayerLook, **known: object) -> Look:
    empty = dict(
        count=100, rows=128, layers=layers, loss=1.0, loss_of_mean=1.0, loss_gradient=1.0, spread=1.0, input_size=1.0,
        largest_input=1.0, mismatched=0, updates=100, untrained=1.0,
    )  # fmt: skip
    return Look(**(empty | known))  # type: ignore[arg-type]


def gradients(first: float, last: float, **known: object) -> list[Look]:
    return 5 * [look_of(layer_of(gradient=first), layer_of("affine 3", gradient=last), **known)]


def ids(looks: list[Look], limits: Limits = LIMITS) -> list[str]:
    return [rule.id for rule, finder in FINDERS if finder(looks, limits)]


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        (gradients(9e-5, 0.091), ["vanishing"]),  # ratio 9.9e−4, just below 1e−3
        (gradients(9e-5, 0.089), []),  # ratio 1.01e−3
        (gradients(1.1e-4, 1.0), []),  # the ratio is small enough, the gradient is not
        (gradients(0.0, 0.0), ["vanishing"]),
        (gradients(0.0, 0.0, loss_gradient=0.0), []),  # nothing to learn
        (gradients(9e-9, 1.0, loss=0.2), []),  # learned already
        (gradients(9e-9, 1.0)[:4], []),  # too few looks
        (gradients(71.0, 1.0), ["exploding"]),
        (gradients(69.0, 1.0), []),
        (gradients(float("nan"), 1.0), ["exploding"]),
    ],
)
def test_gradients_vanish_or_explode_beyond_the_limits(looks: list[Look], found: list[str]) -> None:
    assert ids(looks) == found


def updates(*ratios: float, **known: object) -> list[Look]:
    return [look_of(layer_of(gradient=1.0, update=x), count=10 * i, **known) for i, x in enumerate(ratios)]


@pytest.mark.parametrize(
    ("looks", "found"),
    [
        (updates(*[0.11] * 8), ["update-too-large"]),
        (updates(*[0.2] * 3, *[0.01] * 5), []),  # median 0.01
        (updates(*[0.11] * 8, updates=29), []),  # it may settle yet
        (updates(1.1), ["update-too-large"]),  # 10 times the limit in one update
        (updates(*[9e-7] * 8), ["update-too-small"]),
        (updates(*[9e-7] * 7, 2e-6), []),
        (updates(*[9e-7] * 8, loss=0.2), []),  # learned already: small updates are right
    ],
)
def test_updates_are_too_large_or_too_small_beyond_the_limits(looks: list[Look], found: list[str]) -> None:
    assert ids(looks) == found


def test_relu_units_are_dead_that_are_active_on_fewer_than_one_sample_in_100() -> None:
    # Of 128 samples 1 % is 1.28: a unit that is active once is dead, one that is active twice is not.
    assert ids([look_of(layer_of("relu 1", active=np.array([1, 0, 2])))]) == ["dead-relu"]  # 2 of 3
    assert ids([look_of(layer_of("relu 1", active=np.array([1, 0, 2, 9])))]) == []  # just half
    few = look_of(layer_of("relu 1", active=np.array([0, 0])), rows=16)
    assert ids([few] * 6) == [] and ids([few] * 7) == ["dead-relu"]  # 96 samples, 112


def test_saturation_needs_more_than_half_of_the_outputs_and_clears_at_less() -> None:
    looks = [look_of(layer_of("tanh 1", saturated=share), layer_of("tanh 2", saturated=1.0)) for share in (0.4, 0.45)]
    assert ids(looks[:1]) == ["saturation"]  # tanh 2
    alone = [look_of(layer_of("tanh 1", saturated=share)) for share in (0.51, 0.5, 0.45, 0.4)]
    assert [ids([one]) for one in alone] == [["saturation"], [], [], []]
    assert [ids([one], CALM) for one in alone] == [["saturation"], ["saturation"], ["saturation"], []]
    assert ids([replace(alone[0], loss=0.2)]) == []  # learned already


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (dict(input_size=10.1), ["inputs-not-scaled"]),
        (dict(input_size=9.9), []),
        (dict(largest_input=0.0099), ["inputs-not-scaled"]),  # divided twice: 1/255 = 0.0039
        (dict(spread=9e-6), ["outputs-same"]),
        (dict(spread=float("nan")), []),  # one class alone
        (dict(mismatched=1), ["targets-not-one-hot"]),
    ],
)
def test_inputs_outputs_and_targets_have_limits(known: dict, found: list[str]) -> None:
    assert ids([look_of(layer_of(), **known)]) == found


def test_parameters_are_unchanged_after_three_updates_and_not_before() -> None:
    same, other = {"W": np.array([1.0, 2.0])}, {"W": np.array([1.0, 2.5])}

    def looks(*parameters: dict) -> list[Look]:
        return [look_of(layer_of(gradient=1.0, before=p), updates=i) for i, p in enumerate(parameters)]

    assert ids(looks(same, same, same)) == []
    assert ids(looks(same, same, same, dict(same))) == ["parameters-unchanged"]
    assert ids(looks(other, same, same, same)) == []
    assert ids([replace(one, loss_gradient=0.0) for one in looks(same, same, same, same)]) == []


def blocks(*means: float, right: float = 0.1) -> Losses:
    losses = Losses(0.1)
    for number, mean in enumerate(means):
        losses.append(Block(number * BLOCK, mean, right, 0))
        losses.found = losses.rising(LIMITS), losses.stuck(LIMITS)  # type: ignore[attr-defined]
    return losses


def test_the_loss_rises_above_three_times_its_best() -> None:
    # Means of two blocks: 1, then 0.25 at best, then (0.25 + x)/2.
    def found(last: float) -> Finding | None:
        return blocks(1, 1, 0.25, 0.25, last).found[0]  # type: ignore[attr-defined, no-any-return]

    assert found(1.225) is None  # 0.7375, 2.95 times
    risen = found(1.275)  # 0.7625, 3.05 times
    assert risen and risen.numbers == {"loss": 0.7625, "best": 0.25}


def test_a_rise_that_is_small_beside_the_first_loss_is_none() -> None:
    assert blocks(1, 1, 1, 1, *[0.01] * 4, *[0.19] * 4).found[0] is None  # type: ignore[attr-defined]
    assert blocks(1, 1, 1, 1, *[0.01] * 4, *[0.21] * 4).found[0]  # type: ignore[attr-defined]


def test_a_best_loss_of_zero_or_below_is_no_obstacle() -> None:
    found = blocks(1, 1, 0, 0, 1, 1).found[0]  # type: ignore[attr-defined]
    assert found and found.evidence == "mean loss of 1,000 samples 1, best so far 0"
    assert blocks(0.5, 0.5, -3, -3, -0.5, 1).found[0] is None  # type: ignore[attr-defined]


def test_the_loss_is_stuck_when_30000_samples_bring_nothing() -> None:
    assert blocks(*[0.09] * 60).found[1]  # type: ignore[attr-defined]
    assert blocks(*[0.09] * 59).found[1] is None  # type: ignore[attr-defined]
    assert blocks(*[0.09] * 30, *[0.0885] * 30).found[1] is None  # type: ignore[attr-defined]
    assert blocks(*[0.09] * 60, right=0.2).found[1] is None  # type: ignore[attr-defined]


def test_losses_make_the_same_blocks_however_they_come(rng: np.random.Generator) -> None:
    values, right = rng.uniform(size=1000), rng.uniform(size=1000) < 0.5
    cuts = [0, 1, 7, 249, 251, 700, 1000]
    losses = Losses(0.1)
    found = []
    for a, b in zip(cuts, cuts[1:], strict=False):
        losses.add(5000 + a, values[a:b], right[a:b])
        found += losses.filled()
    assert [block.start for block in found] == [5000, 5000 + BLOCK] and BLOCK == 500
    assert found[0].mean == pytest.approx(values[:500].mean(), rel=1e-15)
    assert found[1].worst == 5500 + values[500:].argmax() and found[1].right == right[500:].mean()


def test_the_first_huge_loss_is_found() -> None:
    def index(*losses: float) -> int | None:
        found = first_exploded(np.array(losses), LIMITS)
        return found[0] if found else None

    assert index() is None and index(1, 999) is None
    assert index(1, 1000, 5000) == 1 and index(1, 2, float("nan")) == 2 and index(float("inf")) == 0


def test_an_alarm_is_held_cleared_and_raised_again() -> None:
    trainer = trainer_of()
    monitor = trainer.monitor
    assert monitor
    rule, here = replace(table.SATURATION, hold=2), Finding("so much", layer=1)
    judge = [here, None, here, here, here, *[None] * 7, here, *[None] * 8, here, here]
    for count, found in enumerate(judge, 1):
        monitor._judge(rule, found, count, count)
    first, second = monitor.alarms
    # The first alarm at the second of two findings in a row; cleared after eight looks in a row without one.
    assert (str(first.position), str(first.cleared)) == ("1.5", "1.22")
    assert (str(second.position), second.cleared) == ("1.24", None)
    assert monitor.active == [second]


# What a look measures


def test_activations_of_other_hands_are_known_by_their_numbers(rng: np.random.Generator) -> None:
    X = rng.normal(size=(8, 5))
    for kind, Y in (("tanh", np.tanh(X)), ("relu", X * (X > 0)), ("sigmoid", 1 / (1 + np.exp(-X))), ("identity", X)):
        assert activation_kind("MyLayer 3", False, X, Y) == kind
        assert activation_kind("MyLayer 3", True, X, Y) == ""
    assert activation_kind("Leaky 3", False, X, np.where(X > 0, X, 0.1 * X)) == ""
    assert activation_kind("MyLayer 3", False, np.abs(X), np.abs(X)) == "", "relu and identity look alike there"


class Dense:
    def __init__(self, inputs: int, outputs: int, bias: float) -> None:
        self.w = np.random.default_rng(0).normal(0, (2 / inputs) ** 0.5, (outputs, inputs))
        self.b = np.full((outputs, 1), bias)

    def forward_propagation(self, X: Array) -> Array:
        self.X = X.reshape(-1, 1)
        return (self.w @ self.X + self.b).T

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        column = dE_dY.reshape(-1, 1)
        dE_dX = self.w.T @ column
        self.w = self.w - learning_rate * column @ self.X.T
        self.b = self.b - learning_rate * column
        return dE_dX.T


class MyRelu:
    def forward_propagation(self, X: Array) -> Array:
        self.X = X
        return np.maximum(X, 0)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        return dE_dY * (self.X > 0)


@pytest.mark.parametrize(("bias", "found"), [(-20.0, True), (0.0, False)])
def test_dead_units_are_found_in_a_network_of_other_hands_with_the_line_in_its_file(bias: float, found: bool) -> None:
    stack = Stack([Dense(784, 30, bias), MyRelu(), Dense(30, 10, 0)], LOSSES["mse"])
    samples = FIRST.first(200)
    monitor = Monitor(stack, samples)
    list(Trainer(stack, samples, NumpyEngine(), Settings(0.05), monitor=monitor).run(1))
    assert not monitor.trouble and bool(monitor.alarms) == found
    if found:
        alarm = monitor.alarms[0]
        assert (alarm.id, alarm.name) == ("dead-relu", "MyRelu 2")
        assert alarm.file and alarm.file.endswith("test_alarms.py")
        assert alarm.line == MyRelu.forward_propagation.__code__.co_firstlineno


def test_the_mean_loss_takes_rows_alone_where_the_loss_is_a_students() -> None:
    summed = Loss("sum", lambda y, p: float(np.sum((y - p) ** 2)), lambda y, p: 2 * (p - y))
    y, p = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 2.0]])
    assert mean_loss(summed, y, p) == 3  # (1 + 5)/2
    assert mean_loss(LOSSES["mse"], y, p) == 1.5  # (0.5 + 2.5)/2


def test_the_weights_of_a_layer_are_its_largest_array_of_two_axes() -> None:
    assert main_parameter({"b": np.zeros((1, 3)), "kernel": np.zeros((2, 3))}) == "kernel"
    assert main_parameter({"b": np.zeros((3, 1)), "W": np.zeros((3, 1))}) == "W"
    assert main_parameter({"bias": np.zeros(9)}) is None


@pytest.mark.parametrize("layers", [TANH, RELU, SIGMOID])
def test_a_look_at_known_layers_measures_what_the_frames_of_the_same_sample_hold(layers: str) -> None:
    network = build_network(layers)
    stack = Stack(network.layers, network.loss)
    before = stack.snapshot()
    seen = look(stack, FIRST, np.array([7]), 0, 7, 0.3)
    assert is_known(stack)
    assert all(np.array_equal(a[name], b[name]) for a, b in zip(before, stack.snapshot(), strict=True) for name in a)
    timeline = Timeline(stack, FIRST, NumpyEngine(), Settings(0.3), start=7)
    frames = timeline.frames()
    for index, layer in seen.with_weights:
        backward = frames[-1 - index]
        gradient = backward.gradients["weights"]
        assert layer.gradient == pytest.approx(np.sqrt(np.mean(gradient**2)), rel=1e-12)
        assert layer.update == pytest.approx(update_ratio(backward, "weights"), rel=1e-9)
        assert all(np.array_equal(array, layer.before[name]) for name, array in backward.before.items())
    loss_gradient = frames[len(stack.layers) + 1].input_gradient
    assert loss_gradient is not None
    assert seen.loss_gradient == pytest.approx(np.sqrt(np.mean(loss_gradient**2)), rel=1e-12)


def test_looks_are_dense_at_first_and_rare_later() -> None:
    trainer = trainer_of()
    monitor = trainer.monitor
    assert monitor
    counts, count = [], 0
    while count < 1_200_000:
        counts.append(count)
        count += monitor._spacing(count, False)
    assert sum(at < 1000 for at in counts) > 30 and len(counts) < 180
    assert monitor._spacing(500_000, True) == 50
    assert findings.ENOUGH_ROWS == 100


def test_samples_of_a_whole_batch_are_fed_as_they_were_trained() -> None:
    monitor = Monitor(trainer_of().stack, FIRST)
    monitor.begin(Settings(0.1, 32), "main", 64)
    assert monitor.room(64) == 32
    monitor.feed(64, np.arange(64, 1000), Outcome(np.full(32, 0.1), np.zeros(32, np.uint8)))
    monitor.begin(Settings(0.1, 32), "main", 96)
    assert monitor._start == 64, "it goes on"
    monitor.begin(Settings(0.1, 32), "main", 500)
    assert monitor._start == 500, "it begins anew"


def test_an_alarm_that_holds_is_not_raised_again_after_a_few_steps_by_hand() -> None:
    trainer = trainer_of(init="uniform01", samples=DIGITS.first(300))
    known = [alarm.id for alarm in alarms_of(trainer)]
    monitor = trainer.monitor
    assert monitor
    later = Trainer(trainer.stack, trainer.samples, trainer.engine, trainer.settings, 2, 7, monitor=monitor)
    assert [alarm.id for alarm in alarms_of(later, 2)] == known
    earlier = Trainer(trainer.stack, trainer.samples, trainer.engine, trainer.settings, 1, 7, monitor=monitor)
    assert [alarm.id for alarm in alarms_of(earlier, 1)][len(known)] == "saturation"
