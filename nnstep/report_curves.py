"""The curves of a report: loss, accuracy, and the layers over the run."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from nnstep.branches import Branch
from nnstep.network import loss_text
from nnstep.pulse import MEASURES, Pulse
from nnstep.report_page import table
from nnstep.run_curves import RunCurves
from nnstep.run_findings import Findings
from nnstep.scoring import Score
from nnstep.statistics import number_text, share_text
from nnstep.svg import Line, chart, sparkline

COLUMNS = 700
COLOURS = 8
TITLES = dict(zip(MEASURES, ("update ratio", "mean |dE/dW|", "saturated", "dead"), strict=True))


def loss_charts(curves: RunCurves, branches: list[Branch]) -> str:
    """The loss of all branches, and the means of their epochs; linear, and logarithmic at a click."""
    per_epoch = curves.per_epoch
    end = max(curves.extent(one.name)[1] for one in branches)
    unit, label = (per_epoch, "epochs") if end > 2 * per_epoch else (1, "samples")
    raw, lines, legend = [], [], []
    for number, one in enumerate(branches):
        start = min(one.start, one.origin) if one.parent else one.start
        columns = max(2, round(COLUMNS * (one.head - start) / max(end, 1)))
        window = curves.window(one.name, start, one.start + len(one.log), columns, min(200, end // 50))
        kind = f"s{number % COLOURS}"
        raw.append(Line(window.x / unit, window.mean, f"raw {kind}"))
        means = [(epoch, error) for epoch, error in curves.epoch_means(one.name) if epoch * per_epoch > start]
        if len(means) > 1:
            titles = [f"{one.name}, epoch {epoch}: {number_or_dash(error)}" for epoch, error in means]
            x = np.array([(epoch - 0.5) * per_epoch / unit for epoch, _ in means])
            y = np.array([error for _, error in means])
            lines += [Line(x, y, f"mean {kind}"), Line(x, y, kind, True, titles)]
        legend.append(f'<li class="{kind}"><i></i>{escape(one.name)}</li>')
    linear, log = (chart([*raw, *lines], label, "loss", log, x_range=(0, end / unit)) for log in (False, True))
    if not linear or not log:
        return linear
    return (
        '<div class="scale"><input type="radio" name="scale" id="linear" checked>'
        '<input type="radio" name="scale" id="log">'
        '<label for="log">logarithmic</label><label for="linear">linear</label>'
        f'<div class="linear">{linear}</div><div class="log">{log}</div></div><ul class="legend">{"".join(legend)}</ul>'
    )


def accuracies(scores: Sequence[Score], per_epoch: int) -> str:
    """Both accuracies over the run."""
    if len(scores) < 2:
        return ""
    x = np.array([score.count / per_epoch for score in scores])
    plain = np.array([score.correct / score.samples for score in scores])
    strict = np.array([score.strict_correct / score.samples for score in scores])
    lines = []
    for values, kind, name in ((strict, "s1", "strict accuracy"), (plain, "s0", "accuracy")):
        titles = [
            f"{name} after {a:g} epochs: {value:.2%}" for a, value in zip(x.tolist(), values.tolist(), strict=True)
        ]
        lines += [Line(x, values, kind), Line(x, values, kind, True, titles)]
    low = max(0.0, float(min(strict.min(), plain.min())) - 0.02)
    drawn = chart(lines, "epochs", "", size=(960, 240), y_text=_percent, y_range=(low, 1.0), x_range=(0, float(x[-1])))
    return (
        f'{drawn}<ul class="legend"><li class="s0"><i></i>accuracy</li><li class="s1"><i></i>strict accuracy</li></ul>'
    )


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def pulse_about(pulse: Pulse) -> str:
    """What the table of the layers shows."""
    return (
        f"Measured at {len(pulse)} places along the run, with one sample, or with those of an update where there is "
        "batch normalisation. The update ratio is ‖ΔW‖/‖W‖; saturated outputs of tanh and sigmoid lie where the curve "
        "is almost flat, dead ones of relu are zero. The number is the last one."
    )


def pulse_table(found: Findings) -> str:
    """A small curve for each layer and measure."""
    if len(found.pulse) < 2:
        return ""
    rows, known_measures = [], np.isfinite(found.pulse.values)
    shown = [measure for index, measure in enumerate(MEASURES) if known_measures[:, :, index].any()]
    for layer, name in enumerate(found.names):
        row = [escape(name)]
        for measure in shown:
            curve = found.pulse.curve(layer, measure)
            known = curve[np.isfinite(curve)]
            if not len(known):
                row.append("")
                continue
            last = share_text(known[-1]) if measure in ("saturated", "dead") else number_text(known[-1])
            row.append(f"{sparkline(curve, f'{name}: {measure}')}<small>{escape(last)}</small>")
        rows.append(row)
    return table(rows, ["layer", *(TITLES[measure] for measure in shown)], kind="list pulse")


def number_or_dash(value: float) -> str:
    """A loss as tables show it."""
    return loss_text(value) if np.isfinite(value) else "not finite"
