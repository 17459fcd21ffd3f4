"""The arithmetic of one number of softmax, convolution, pooling, flatten, dropout and batch normalisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nnstep.batchnorm import EPSILON, MOMENTUM, BatchNormLayer
from nnstep.convolution import ConvLayer, Picture
from nnstep.dropout import DropoutLayer
from nnstep.layers import Array, SoftmaxLayer
from nnstep.pooling import AveragePoolLayer, FlattenLayer, MaxPoolLayer, PoolingLayer
from nnstep.stepping import Frame
from nnstep.tensors import tensor_of
from nnstep.terms import Factor, Index, Place, Sum, Term, factor_of, in_product, short, term_of

Pair = tuple[tuple[str, Index], ...]


def formula(frame: Frame, layer: object, place: Place) -> Sum | None:
    """The sum that a number is, or None where it is none of these layers', or no formula is known."""
    rule = next((rule for kind, rule in RULES.items() if isinstance(layer, kind)), None)
    return rule(frame, layer, place) if rule else None


def _conv(frame: Frame, layer: ConvLayer, place: Place) -> Sum | None:
    index, key = place.index, place.key
    if key == "output":
        row, y, x, k = index
        pairs: list[Pair] = [
            (("input", _pixel(frame.input, row, at, layer.picture)), ("before.weights", (i, j, at[2], k)))
            for i, j, at in _under(layer, y, x)
        ]
        text = f"Σ X[y,x,c]·W[i,j,c,{k}] + b[{k}], y = {_at(y, layer, 'i')}, x = {_at(x, layer, 'j')}"
        return _sum_of(text, frame, place, [*pairs, (("before.bias", (k,)),)])
    if key == "gradients.bias":
        (k,) = index
        assert frame.output_gradient is not None
        places = np.ndindex(frame.output_gradient.shape[:3])
        return _sum_of(f"Σ dE/dY[y,x,{k}]", frame, place, [(("output_gradient", (*at, k)),) for at in places])
    if key == "gradients.weights":
        i, j, c, k = index
        return _sum_of(
            f"Σ X[{_at('y', layer, i)},{_at('x', layer, j)},{c}]·dE/dY[y,x,{k}]",
            frame,
            place,
            list(_windows_through(frame, layer, (i, j, c, k))),
        )
    if key == "input_gradient":
        row, pixel = _place_of(index, layer.picture)
        pairs = [
            (("output_gradient", (row, y, x, k)), ("before.weights", (i, j, pixel[2], k)))
            for y, x, i, j in _windows_over(layer, layer.kernel, layer.padding, pixel)
            for k in range(len(layer.bias))
        ]
        return _sum_of(f"Σ dE/dY[y,x,k]·W[i,j,{pixel[2]},k] over all windows with this pixel", frame, place, pairs)
    return None


def _pooling(frame: Frame, layer: PoolingLayer, place: Place) -> Sum | None:
    n = layer.window[0] * layer.window[1]
    share = Factor(f"1/{n}", 1 / n, None)
    if place.key == "output":
        row, y, x, c = place.index
        pixels = [_pixel(frame.input, row, at, layer.picture) for at in _in_window(layer, y, x, c)]
        if isinstance(layer, MaxPoolLayer):
            largest = int(np.argmax([frame.input[pixel] for pixel in pixels]))
            return _sum_of(f"the largest of {n} X", frame, place, [(("input", pixels[largest]),)])
        return _sum_of(f"Σ X[y,x,{c}]/{n}", frame, place, [(("input", pixel),) for pixel in pixels], share)
    if place.key != "input_gradient":
        return None
    row, pixel = _place_of(place.index, layer.picture)
    windows = [(y, x) for y, x, _, _ in _windows_over(layer, layer.window, 0, pixel)]
    if isinstance(layer, AveragePoolLayer):
        pairs: list[Pair] = [(("output_gradient", (row, y, x, pixel[2])),) for y, x in windows]
        return _sum_of(f"Σ dE/dY[y,x,{pixel[2]}]/{n} over all windows with this pixel", frame, place, pairs, share)
    pairs = []
    for y, x in windows:
        inside = list(_in_window(layer, y, x, pixel[2]))
        values = [frame.input[_pixel(frame.input, row, at, layer.picture)] for at in inside]
        if inside[int(np.argmax(values))] == pixel:
            pairs.append((("output_gradient", (row, y, x, pixel[2])),))
    return _sum_of(f"Σ dE/dY[y,x,{pixel[2]}] of windows where this X is the largest", frame, place, pairs)


def _flatten(frame: Frame, layer: FlattenLayer, place: Place) -> Sum | None:
    other = {"output": "input", "input_gradient": "output_gradient"}.get(place.key)
    here, there = tensor_of(frame, place.key), tensor_of(frame, other or "")
    if other is None or here is None or there is None:
        return None
    flat = int(np.ravel_multi_index(place.index, here.shape))
    index = tuple(int(i) for i in np.unravel_index(flat, there.shape))
    term = term_of(place, (other, index, frame))
    return Sum(term.factors[0].text, np.array([term.value]), lambda _: term)


def _dropout(frame: Frame, layer: DropoutLayer, place: Place) -> Sum | None:
    if place.key == "details.evaluation":
        return _sum_of("X", frame, place, [(("input", place.index),)])
    if place.key == "state_after.drawn":
        one = Term((Factor("1", 1.0, None),), 1.0, "1")
        terms = (term_of(place, ("state.drawn", place.index, frame)), one)
        return Sum("one more", np.array([term.value for term in terms]), lambda number: terms[number])
    source = {"output": "input", "input_gradient": "output_gradient"}.get(place.key)
    if source is None:
        return None
    scale = Factor(f"1/(1 − {layer.rate:g})", 1 / (1 - layer.rate), None)
    pairs: list[Pair] = [((source, place.index), ("details.mask", place.index))]
    text = "X" if source == "input" else "dE/dY"
    return _sum_of(f"{text}·mask/(1 − {layer.rate:g})", frame, place, pairs, scale)


def _batchnorm(frame: Frame, layer: BatchNormLayer, place: Place) -> Sum | None:
    """Every number of a batch normalisation; `c` is its feature."""
    group, _, name = place.key.partition(".")
    c, index, details = place.index[-1:], place.index, frame.details
    m, alike = frame.input.size // frame.input.shape[-1], [(*at, *c) for at in np.ndindex(frame.input.shape[:-1])]
    root = float(np.sqrt(details["variance"][c] + EPSILON))
    one_root = Factor("1/√(variance + 1e−5)", 1 / root, Place(place.step, "details.variance", c))
    if place.key == "output":
        pairs: list[Pair] = [(("before.gamma", c), ("details.normalised", index)), (("before.beta", c),)]
        return _sum_of("γ·x̂ + β", frame, place, pairs)
    if place.key == "details.normalised":
        return _difference("(X − mean)/√(variance + 1e−5)", frame, place, index, c, "details.mean", one_root)
    if place.key == "details.evaluation":
        return _in_evaluation(frame, place)
    if place.key == "details.mean":
        return _sum_of(f"Σ X/{m}", frame, place, [(("input", at),) for at in alike], Factor(f"1/{m}", 1 / m, None))
    if place.key == "details.variance":
        return _squares(f"Σ (X − mean)²/{m}", frame, place, alike, m)
    if place.key == "gradients.beta":
        return _sum_of("Σ dE/dY", frame, place, [(("output_gradient", at),) for at in alike])
    if place.key == "gradients.gamma":
        pairs = [(("output_gradient", at), ("details.normalised", at)) for at in alike]
        return _sum_of("Σ dE/dY·x̂", frame, place, pairs)
    if group == "state_after":
        batch = f"details.{name.removeprefix('running_')}"
        weight = MOMENTUM * (m / max(m - 1, 1) if name == "running_variance" else 1)
        text = f"{1 - MOMENTUM:g}·before + {short(weight)}·{batch.partition('.')[2]} of the batch"
        kept = _scaled(frame, place, (f"state.{name}", index), 1 - MOMENTUM)
        new = _scaled(frame, place, (batch, index), weight)
        return Sum(text, np.array([kept.value, new.value]), lambda number: (kept, new)[number])
    if place.key == "input_gradient":
        return _batchnorm_back(frame, place, m, one_root)
    return None


def _batchnorm_back(frame: Frame, place: Place, m: int, scale: Factor) -> Sum:
    """γ/√(variance + 1e−5) · (dE/dY − Σ dE/dY/m − x̂ Σ dE/dY x̂/m)."""
    c, index = place.index[-1:], place.index
    gamma = ("before.gamma", c, frame)
    m_th = Factor(f"−1/{m}", -1 / m, None)
    terms = (
        _with(term_of(place, gamma, ("output_gradient", index, frame)), scale),
        _with(term_of(place, gamma, ("gradients.beta", c, frame)), scale, m_th),
        _with(term_of(place, gamma, ("details.normalised", index, frame), ("gradients.gamma", c, frame)), scale, m_th),
    )
    text = f"γ/√(variance + 1e−5)·(dE/dY − dE/dβ/{m} − x̂·dE/dγ/{m})"
    return Sum(text, np.array([term.value for term in terms]), lambda number: terms[number])


def _in_evaluation(frame: Frame, place: Place) -> Sum:
    """γ (X − running mean)/√(running variance + 1e−5) + β, as three terms."""
    c, index = place.index[-1:], place.index
    root = float(np.sqrt(frame.state_after["running_variance"][c] + EPSILON))
    seen, gamma = Place(place.step, "state_after.running_variance", c), ("before.gamma", c, frame)
    scale = Factor("1/√(running variance + 1e−5)", 1 / root, seen)
    minus = Factor("−1", -1.0, None)
    terms = (
        _with(term_of(place, gamma, ("input", index, frame)), scale),
        _with(term_of(place, gamma, ("state_after.running_mean", c, frame)), scale, minus),
        term_of(place, ("before.beta", c, frame)),
    )
    text = "γ·(X − running mean)/√(running variance + 1e−5) + β"
    return Sum(text, np.array([term.value for term in terms]), lambda number: terms[number])


def _softmax(frame: Frame, layer: SoftmaxLayer, place: Place) -> Sum | None:
    row, j = place.index
    X, Y = frame.input, frame.output
    assert Y is not None
    if place.key == "output":
        x = factor_of(place, ("input", place.index, frame))
        total = float(np.exp(X[row] - X[row].max()).sum())
        text = f"e^({short(float(X[row, j] - X[row].max()))})/{short(total)}"
        term = Term((x,), float(Y[row, j]), text)
        return Sum(
            "e^(X[j] − max X)/Σₖ e^(X[k] − max X)".replace("[j]", f"[{j}]", 1), np.array([term.value]), lambda _: term
        )
    if place.key != "input_gradient" or frame.output_gradient is None:
        return None
    mine = ("output", (row, j), frame)
    terms = [term_of(place, mine, ("output_gradient", (row, j), frame))]
    minus = Factor("−1", -1.0, None)
    for k in range(Y.shape[1]):
        other = term_of(place, mine, ("output", (row, k), frame), ("output_gradient", (row, k), frame))
        terms.append(_with(other, minus))
    text = f"Y[{j}]·(dE/dY[{j}] − Σₖ dE/dY[k]·Y[k])"
    return Sum(text, np.array([term.value for term in terms]), lambda number: terms[number])


RULES: dict[type, Callable[..., Sum | None]] = {
    ConvLayer: _conv,
    PoolingLayer: _pooling,
    FlattenLayer: _flatten,
    DropoutLayer: _dropout,
    BatchNormLayer: _batchnorm,
    SoftmaxLayer: _softmax,
}


def _sum_of(text: str, frame: Frame, place: Place, pairs: list[Pair], *scale: Factor) -> Sum:
    """A sum of products of numbers of the frame, each multiplied with the same constants."""
    constant = float(np.prod([factor.value for factor in scale]))
    arrays = {key: tensor_of(frame, key) for pair in pairs[:1] + pairs[-1:] for key, _ in pair}
    values = np.array([constant * np.prod([arrays[key][at] for key, at in pair]) for pair in pairs])  # type: ignore[index]

    def term(number: int) -> Term:
        return _with(term_of(place, *((key, at, frame) for key, at in pairs[number])), *scale)

    return Sum(text, values, term)


def _with(term: Term, *more: Factor) -> Term:
    """A term multiplied with constants."""
    if not more:
        return term
    text = "·".join([term.text, *(in_product(factor.value) for factor in more)])
    return Term((*term.factors, *more), term.value * float(np.prod([factor.value for factor in more])), text)


def _scaled(frame: Frame, place: Place, source: tuple[str, Index], constant: float) -> Term:
    return _with(term_of(place, (*source, frame)), Factor(f"{constant:g}", constant, None))


def _difference(text: str, frame: Frame, place: Place, index: Index, c: Index, key: str, scale: Factor) -> Sum:
    """X·scale − mean·scale."""
    plus = _with(term_of(place, ("input", index, frame)), scale)
    minus = _with(term_of(place, (key, c, frame)), scale, Factor("−1", -1.0, None))
    return Sum(text, np.array([plus.value, minus.value]), lambda number: (plus, minus)[number])


def _squares(text: str, frame: Frame, place: Place, alike: list[Index], m: int) -> Sum:
    mean = factor_of(place, ("details.mean", place.index, frame))
    values = np.array([(float(frame.input[at]) - mean.value) ** 2 / m for at in alike])

    def term(number: int) -> Term:
        x = factor_of(place, ("input", alike[number], frame))
        return Term((x, mean), float(values[number]), f"({short(x.value)} − {in_product(mean.value)})²/{m}")

    return Sum(text, values, term)


def _pixel(X: Array, row: int, at: Picture, picture: Picture) -> Index:
    """The index in X of a pixel (y, x, c), also where X came as rows."""
    y, x, c = at
    return (row, (y * picture[1] + x) * picture[2] + c) if X.ndim == 2 else (row, y, x, c)


def _place_of(index: Index, picture: Picture) -> tuple[int, Picture]:
    """The row and the pixel (y, x, c) of an index of X."""
    if len(index) == 4:
        return index[0], (index[1], index[2], index[3])
    y, x, c = np.unravel_index(index[1], picture)
    return index[0], (int(y), int(x), int(c))


def _under(layer: ConvLayer, y: int, x: int) -> Iterator[tuple[int, int, Picture]]:
    """Place i, j of the filter, and the pixel there, for all pixels of the picture in the window at y, x."""
    height, width, channels = layer.picture
    for i in range(layer.kernel[0]):
        for j in range(layer.kernel[1]):
            py, px = y * layer.stride + i - layer.padding, x * layer.stride + j - layer.padding
            if 0 <= py < height and 0 <= px < width:
                yield from ((i, j, (py, px, c)) for c in range(channels))


def _in_window(layer: PoolingLayer, y: int, x: int, c: int) -> Iterator[Picture]:
    for i in range(layer.window[0]):
        for j in range(layer.window[1]):
            yield y * layer.stride + i, x * layer.stride + j, c


def _windows_over(
    layer: ConvLayer | PoolingLayer, window: tuple[int, int], padding: int, pixel: Picture
) -> Iterator[tuple[int, int, int, int]]:
    """All windows y, x that a pixel is in, and its place i, j there."""
    for i in range(window[0]):
        for j in range(window[1]):
            y, rest_y = divmod(pixel[0] + padding - i, layer.stride)
            x, rest_x = divmod(pixel[1] + padding - j, layer.stride)
            if not rest_y and not rest_x and 0 <= y < layer.output_picture[0] and 0 <= x < layer.output_picture[1]:
                yield y, x, i, j


def _windows_through(frame: Frame, layer: ConvLayer, weight: Index) -> Iterator[Pair]:
    """For each window with a pixel under this weight: that pixel and the window's gradient."""
    i, j, c, k = weight
    for row in range(len(frame.input)):
        for y in range(layer.output_picture[0]):
            for x in range(layer.output_picture[1]):
                py, px = y * layer.stride + i - layer.padding, x * layer.stride + j - layer.padding
                if 0 <= py < layer.picture[0] and 0 <= px < layer.picture[1]:
                    pixel = _pixel(frame.input, row, (py, px, c), layer.picture)
                    yield ("input", pixel), ("output_gradient", (row, y, x, k))


def _at(place: int | str, layer: ConvLayer, within: int | str) -> str:
    """Where a filter's place falls: `2·y + 1`, or in numbers `5 + i`."""
    if isinstance(place, int):
        start = place * layer.stride - layer.padding
        return f"{short(start)} + {within}"
    start = int(within) - layer.padding
    text = place if layer.stride == 1 else f"{layer.stride}·{place}"
    return text if start == 0 else f"{text} {'+' if start > 0 else '−'} {abs(start)}"
