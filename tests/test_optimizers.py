"""Optimizers, weight decay and clipping against torch.optim over several updates, and numbers worked out by hand."""

import numpy as np
import pytest

from nnstep.architecture import build_network
from nnstep.engines.numpy_engine import LayerByLayer, NumpyEngine
from nnstep.errors import NnstepError
from nnstep.layers import ActivationLayer, AffineLayer
from nnstep.losses import LOSSES
from nnstep.network import Network
from nnstep.optimizers import OPTIMIZERS, Rule, clipping
from nnstep.samples import Dataset
from nnstep.settings import Settings
from nnstep.stack import Stack
from nnstep.stepping import run_steps, snapshot_after, snapshot_before

UPDATES = 5


def their_optimizer(torch: object, rule: Rule, parameters: list, rate: float) -> object:
    optim, decay = torch.optim, rule.weight_decay  # type: ignore[attr-defined]
    if rule.name in ("sgd", "momentum", "nesterov"):
        options = {"momentum": 0.0 if rule.name == "sgd" else 0.9, "nesterov": rule.name == "nesterov"}
        return optim.SGD(parameters, rate, weight_decay=decay, **options)
    kind = {"rmsprop": optim.RMSprop, "adam": optim.Adam, "adamw": optim.AdamW}[rule.name]
    return kind(parameters, rate, weight_decay=decay)


@pytest.mark.parametrize("clip_norm", [None, 0.05])
@pytest.mark.parametrize("decay", [0.0, 0.03])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_agree_with_torch_optim(
    name: str, decay: float, clip_norm: float | None, rng: np.random.Generator
) -> None:
    torch = pytest.importorskip("torch")
    rule, rate = Rule(name, decay, clip_norm), 0.02
    layers = [AffineLayer(5, 4, rng=rng), ActivationLayer("tanh"), AffineLayer(4, 3, rng=rng)]
    stack = Stack(layers, LOSSES["mse"])
    theirs = [torch.tensor(a, requires_grad=True) for layer in layers for a in layer.parameters.values()]
    w1, b1, w2, b2 = theirs
    optimizer = their_optimizer(torch, rule, theirs, rate)
    stack.use_rule(rule)
    for _ in range(UPDATES):
        X, y = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
        list(run_steps(stack, X, y, rate))
        optimizer.zero_grad()  # type: ignore[attr-defined]
        output = torch.tanh(torch.tensor(X) @ w1 + b1) @ w2 + b2
        torch.nn.functional.mse_loss(output, torch.tensor(y)).backward()
        if clip_norm:
            torch.nn.utils.clip_grad_norm_([w1, b1], clip_norm)
            torch.nn.utils.clip_grad_norm_([w2, b2], clip_norm)
        optimizer.step()  # type: ignore[attr-defined]
        ours = [array for layer in layers for array in layer.parameters.values()]
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine, other.detach().numpy(), rtol=1e-11, atol=1e-13)


def test_momentum_worked_out_by_hand() -> None:
    W = np.array([1.0])
    optimizer = Rule("momentum").begin({"weights": W})
    optimizer.update({"weights": W}, {"weights": np.array([2.0])}, 0.1)
    assert W.tolist() == pytest.approx([0.8])  # V = 2
    optimizer.update({"weights": W}, {"weights": np.array([1.0])}, 0.1)
    assert W.tolist() == pytest.approx([0.52])  # V = 0.9·2 + 1 = 2.8
    assert optimizer.state["weights.velocity"].tolist() == pytest.approx([2.8])


def test_the_first_update_of_adam_is_the_learning_rate() -> None:
    W = np.array([1.0, 1.0])
    # m̂ = g and √v̂ = |g|, so that W moves by η against the sign of its gradient
    Rule("adam").begin({"weights": W}).update({"weights": W}, {"weights": np.array([300.0, -0.002])}, 0.1)
    np.testing.assert_allclose(W, [0.9, 1.1], atol=1e-6)


def test_clipping_shortens_all_gradients_of_a_layer_together() -> None:
    # ‖(3, 4)‖ = 5
    gradients = {"weights": np.array([3.0]), "bias": np.array([4.0])}
    assert clipping(gradients, 10.0) == 1 and clipping(gradients, None) == 1
    assert clipping(gradients, 1.0) == pytest.approx(0.2, rel=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_layer_that_names_no_gradients_learns_as_one_that_does(name: str, rng: np.random.Generator) -> None:
    class Mine:
        def __init__(self, layer: AffineLayer) -> None:
            self.w, self.b = layer.weights.copy(), layer.bias.copy()

        def forward_propagation(self, X: np.ndarray) -> np.ndarray:
            self.x = X
            return X @ self.w + self.b

        def backward_propagation(self, dE_dY: np.ndarray, learning_rate: float) -> np.ndarray:
            back = dE_dY @ self.w.T
            self.w -= learning_rate * self.x.T @ dE_dY
            self.b -= learning_rate * dE_dY.sum(axis=0)
            return back

    named = AffineLayer(3, 2, rng=rng)
    own = Mine(named)
    stacks = [Stack([named], LOSSES["mse"]), Stack([own], LOSSES["mse"])]
    for _ in range(3):
        X, y = rng.normal(size=(1, 3)), rng.normal(size=(1, 2))
        for stack in stacks:
            stack.learn_parameters(X)
            stack.use_rule(Rule(name, 0.01 * (name == "adamw")))
            last = list(run_steps(stack, X, y, 0.05))[-1]
    np.testing.assert_allclose(own.w, named.weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(own.b, named.bias, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(last.gradients["w"], named.gradients["weights"], atol=1e-14)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_engine_and_stepping_agree_bit_for_bit_with_a_snapshot_between(name: str, digits: Dataset) -> None:
    settings, samples = Settings(0.01, optimizer=name), digits.train
    stack = stack_of("784,8,relu,10,softmax")
    stack.use_rule(settings.rule)
    LayerByLayer().run(stack, samples, np.arange(5), 0.01)
    middle = stack.snapshot()
    LayerByLayer().run(stack, samples, np.arange(5, 12), 0.01)
    expected = stack.snapshot()
    stack.restore(middle)
    for row in range(5, 12):
        X, y = samples.inputs(slice(row, row + 1)), samples.targets(slice(row, row + 1))
        before = stack.snapshot()
        frames = list(run_steps(stack, X, y, 0.01))
        for ours, held in ((before, snapshot_before(frames)), (stack.snapshot(), snapshot_after(frames))):
            assert [sorted(arrays) for arrays in ours] == [sorted(arrays) for arrays in held]
            assert all(np.array_equal(a[key], b[key]) for a, b in zip(ours, held, strict=True) for key in a)
    for ours, theirs in zip(stack.snapshot(), expected, strict=True):
        assert all(np.array_equal(ours[key], theirs[key]) for key in theirs)


def stack_of(layers: str) -> Stack:
    network = build_network(layers, "cross_entropy", seed=2)
    return Stack(network.layers, network.loss)


def test_another_rule_of_the_same_name_keeps_what_was_gathered(digits: Dataset) -> None:
    stack = stack_of("784,8,relu,10,softmax")
    stack.use_rule(Rule("adam"))
    NumpyEngine().run(stack, digits.train, np.arange(3), 0.01)
    stack.use_rule(Rule("adam", weight_decay=0.1))
    assert stack.state()["0.updates"] == 3
    stack.use_rule(Rule("momentum"))
    assert not np.any(stack.state()["0.weights.velocity"])
    stack.use_rule(Rule())
    assert not stack.state() and len(stack.snapshot()) == len(stack.layers)


def test_what_makes_no_sense_is_named() -> None:
    with pytest.raises(NnstepError, match="unknown optimizer 'adagrad'.*adamw"):
        Settings(optimizer="adagrad")
    with pytest.raises(NnstepError, match="weight decay"):
        Settings(weight_decay=-1)
    with pytest.raises(NnstepError, match="clip norm"):
        Settings(clip_norm=0)
    assert Settings(optimizer="adamw").rule.weight_decay == 0.01 and Settings(optimizer="adam").rule.weight_decay == 0


def test_a_network_of_the_library_takes_an_optimizer(rng: np.random.Generator) -> None:
    X, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    plain, adam = (Network([AffineLayer(3, 1)]).fit(X, y, 3, 0.05, report=len, optimizer=o) for o in ("sgd", "adam"))
    assert plain != adam and adam[-1] < adam[0]
