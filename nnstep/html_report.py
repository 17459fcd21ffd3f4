"""A saved run as one HTML page: what it learned, where it fails, and how to make it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnstep import __version__
from nnstep.branches import Branch, Position, mebibytes
from nnstep.layers import Array
from nnstep.png import data_address, png, tiles
from nnstep.pulse import MEASURES, Pulse
from nnstep.repeat import repeat_command, versions
from nnstep.report_page import page, section, table
from nnstep.run_curves import RunCurves
from nnstep.run_findings import Findings
from nnstep.runs import SavedRun
from nnstep.samples import Samples
from nnstep.scoring import Score
from nnstep.statistics import number_text, share_text
from nnstep.svg import Line, chart, sparkline

COLUMNS = 700
TITLES = dict(zip(MEASURES, ("update ratio", "mean |dE/dW|", "saturated", "dead"), strict=True))
COLOURS = 8
MISTAKES = 30
UNITS = 128
ORANGE, WHITE, BLUE = (178, 74, 0), (255, 255, 255), (0, 78, 158)


def report_html(run: SavedRun, branches: list[Branch], branch: Branch, found: Findings | None, obstacle: str) -> str:
    """The page.

    Args:
        run: the file.
        branches: all of the run.
        branch: the one that it is about.
        found: what network and data say; None where they could not be had.
        obstacle: why not.
    """
    per_epoch = int(run.meta["samples"])
    curves = RunCurves({one.name: one for one in branches}, per_epoch)
    means = curves.epoch_means(branch.name)
    parts = [
        _tiles(branch, per_epoch, means, found),
        section("Without digits and weights", "", f"<p>{escape(obstacle)}</p>" if obstacle else "", "remark"),
        section("Remarks", "", _remarks(found), "remark"),
        section(
            "Loss",
            "The mean loss of each stretch of samples as they were trained, and of whole epochs.",
            _loss_charts(curves, branches, branch, means),
        ),
        section("Branches", "", _branches(run, branches, per_epoch, curves)),
    ]
    if found:
        parts += [
            section(
                "Accuracy on held-out digits",
                "Accuracy counts a digit where the largest output is the right one; strict accuracy only where every "
                "output rounds to its target.",
                _accuracies(found.scores, per_epoch),
            ),
            section("Confusion", _confusion_about(found.scores[-1]), _confusion(found.scores[-1])),
            section(
                "Worst mistakes",
                "Held-out digits that it gets wrong, the largest loss first: what it says, the largest output, and the "
                "loss.",
                _mistakes(found),
            ),
            section(
                "Hardest to learn",
                f"Samples of the last epoch with the largest loss. nnstep trace --run {run.path} --at POSITION shows each "
                "step of one, with the weights of then.",
                _hard(found),
            ),
            section(
                "First layer",
                "What each output of the first layer looks for: its weights, one for each pixel.",
                _weights(found),
            ),
            section("Layers over the run", _pulse_about(found.pulse), _pulse(found)),
        ]
    parts += [
        section("Make it again", "", _again(run, branches, per_epoch)),
        section("Configuration", "", _configuration(run)),
    ]
    title = f"{Path(run.path).name}"
    subtitle = f"<p>{escape(_subtitle(run, branch, per_epoch))}</p>"
    return page(title, subtitle, "".join(parts), __version__, f"{datetime.now():%Y-%m-%d %H:%M}")


def _subtitle(run: SavedRun, branch: Branch, per_epoch: int) -> str:
    config, settings = run.config, branch.settings
    order = "shuffled each epoch" if settings.shuffle else "in the order of the data"
    batches = "one sample at a time" if settings.batch_size == 1 else f"in batches of {settings.batch_size}"
    return (
        f"Network {config.get('layers')}, trained on {per_epoch:,} digits of '{config.get('data')}' "
        f"{batches}, {order}, learning rate {settings.learning_rate:g}, seed {config.get('seed')}. Branch '{branch.name}'."
    )


def _tiles(branch: Branch, per_epoch: int, means: list[tuple[int, float]], found: Findings | None) -> str:
    whole = [error for epoch, error in means if epoch * per_epoch <= branch.head] or [error for _, error in means]
    tiles_ = [("samples trained", f"{branch.head:,}")]
    if whole:
        tiles_.append(("error of the last whole epoch", number_or_dash(whole[-1])))
    if found:
        last = found.scores[-1]
        tiles_ += [
            ("test accuracy", f"{last.correct / last.samples:.2%}"),
            ("strict accuracy", f"{last.strict_correct / last.samples:.2%}"),
            ("test loss", number_or_dash(last.loss)),
        ]
    inside = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for name, value in tiles_
    )
    return f'<div class="tiles">{inside}</div>\n'


def number_or_dash(value: float) -> str:
    """A loss as tables show it."""
    return f"{value:.6f}" if np.isfinite(value) else "not finite"


def _remarks(found: Findings | None) -> str:
    if not found or not found.remarks:
        return ""
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in found.remarks) + "</ul>"


def _loss_charts(curves: RunCurves, branches: list[Branch], branch: Branch, means: list[tuple[int, float]]) -> str:
    per_epoch = curves.per_epoch
    end = max(curves.extent(one.name)[1] for one in branches)
    unit, label = (per_epoch, "epochs") if end > 2 * per_epoch else (1, "samples")
    lines, legend = [], []
    for number, one in enumerate(branches):
        start = min(one.start, one.origin) if one.parent else one.start
        columns = max(2, round(COLUMNS * (one.head - start) / max(end, 1)))
        window = curves.window(one.name, start, one.start + len(one.log), columns, min(200, end // 50))
        kind = f"s{number % COLOURS}"
        lines.append(Line(window.x / unit, window.mean, f"raw {kind}"))
        legend.append(f'<li class="{kind}"><i></i>{escape(one.name)}</li>')
    kind = f"s{branches.index(branch) % COLOURS}"
    if len(means) > 1:
        titles = [f"epoch {epoch}: {number_or_dash(error)}" for epoch, error in means]
        x = np.array([(epoch - 0.5) * per_epoch / unit for epoch, _ in means])
        y = np.array([error for _, error in means])
        lines += [Line(x, y, f"mean {kind}"), Line(x, y, kind, True, titles)]
        legend.append(f'<li class="{kind}"><i class="dot"></i>epochs of {escape(branch.name)}</li>')
    linear, log = (chart(lines, label, "loss", log, x_range=(0, end / unit)) for log in (False, True))
    if not linear or not log:
        return linear
    return (
        '<div class="scale"><input type="radio" name="scale" id="linear" checked><input type="radio" name="scale" id="log">'
        '<label for="log">logarithmic</label><label for="linear">linear</label>'
        f'<div class="linear">{linear}</div><div class="log">{log}</div></div><ul class="legend">{"".join(legend)}</ul>'
    )


def _branches(run: SavedRun, branches: list[Branch], per_epoch: int, curves: RunCurves) -> str:
    if len(branches) == 1:
        return ""
    rows = []
    for number, one in enumerate(branches):
        means, settings = curves.epoch_means(one.name), one.settings
        batches = f", batches of {settings.batch_size}" if settings.batch_size > 1 else ""
        rows.append(
            [
                f'<span class="legend"><span class="s{number % COLOURS}"><i></i></span></span>',
                escape(one.name),
                escape(f"{one.parent.name} at {_position(one.origin, per_epoch)}") if one.parent else "",
                f"{_position(one.start, per_epoch)} to {_position(one.head, per_epoch)}",
                escape(f"η {settings.learning_rate:g}{batches}" + (", shuffled" if settings.shuffle else "")),
                number_or_dash(means[-1][1]) if means else "",
                "diverged" if one.diverged else "",
            ]
        )
    head = ["", "name", "left", "from … to", "settings", "error of its last epoch", ""]
    return table(rows, head, numbers=(5,))


def _accuracies(scores: Sequence[Score], per_epoch: int) -> str:
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


def _confusion_about(score: Score) -> str:
    return (
        f"{score.correct:,} of {score.samples:,} held-out digits are right. A row is what a digit is, a column what the "
        "network says."
    )


def _confusion(score: Score) -> str:
    counts = score.confusion
    wrong = counts - np.diag(np.diag(counts))
    most = max(1, int(wrong.max()))
    head = "".join(f"<th>{said}</th>" for said in range(len(counts)))
    rows = []
    for label, row in enumerate(counts.tolist()):
        cells, total = [], sum(row)
        for said, count in enumerate(row):
            share = (count / max(total, 1)) ** 2 if label == said else (count / most) ** 0.5
            kind = "right" if label == said else "wrong" if count else "wrong none"
            title = f"{count} of {total} with label {label} are said to be {said}"
            cells.append(f'<td class="{kind}" style="--share:{share:.3f}" title="{title}">{count}</td>')
        rate = f"{row[label] / total:.1%}" if total else "–"
        rows.append(f'<tr><th>{label}</th>{"".join(cells)}<td class="rate">{rate}</td></tr>')
    return (
        '<div class="beside"><div class="scroll"><table class="confusion"><thead><tr><th class="corner">label</th>'
        f'{head}<th class="corner">right</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>{_pairs(wrong)}</div>'
    )


def _pairs(wrong: NDArray[np.int64]) -> str:
    """The pairs of classes that are mixed up most."""
    order = np.argsort(-wrong, axis=None, kind="stable")[:8]
    found = [(*divmod(int(place), len(wrong)), int(wrong.flat[place])) for place in order if wrong.flat[place]]
    if not found:
        return ""
    rows = [[f"<b>{label}</b>, says <span class=said>{said}</span>", str(count)] for label, said, count in found]
    return f"<div><h3>Mixed up most</h3>{table(rows, [], numbers=(1,))}</div>"


def _mistakes(found: Findings) -> str:
    entries = []
    for mistake in found.answers.mistakes(MISTAKES):
        text = (
            f'<b>{mistake.label}</b>, says <span class="said">{mistake.said}</span>'
            f"<small>output {mistake.confidence:.2f}<br>loss {number_text(mistake.loss)}<br>test digit {mistake.row}</small>"
        )
        entries.append(f"<li>{_digit(found.test, mistake.row)}{text}</li>")
    return f'<ul class="gallery">{"".join(entries)}</ul>' if entries else "<p>There are none.</p>"


def _hard(found: Findings) -> str:
    entries = []
    for sample in found.hard:
        said = f'<span class="said">{sample.said}</span>' if sample.said != sample.label else str(sample.said)
        text = (
            f"<b>{sample.label}</b>, says {said}"
            f"<small>at {sample.position}<br>loss {number_text(sample.loss)}<br>digit {sample.row}</small>"
        )
        entries.append(f"<li>{_digit(found.train, sample.row)}{text}</li>")
    return f'<ul class="gallery">{"".join(entries)}</ul>' if entries else ""


def _digit(samples: Samples, row: int) -> str:
    if samples.pixels.dtype != np.uint8 or samples.shape[0] == 1:
        return ""
    address = data_address(png(np.asarray(samples.pixels[row], np.uint8).reshape(samples.shape)))
    return f'<img src="{address}" alt="digit {row}" width="{samples.shape[1]}" height="{samples.shape[0]}">'


def _weights(found: Findings) -> str:
    weights, shape = found.weights, found.test.shape
    if weights is None or shape[0] == 1 or not np.isfinite(weights).all():
        return ""
    shown = weights[:, :UNITS]
    bound = float(np.percentile(np.abs(shown), 99.5)) or 1.0
    units = shown.shape[1]
    columns = min(16, units)
    pictures = _levels(shown.T.reshape(units, *shape), bound)
    image = data_address(png(tiles(pictures, columns, 2, 128), _palette()))
    ramp = data_address(png(np.arange(256, dtype=np.uint8)[None], _palette()))
    more = f", the first {UNITS} of {weights.shape[1]:,}" if weights.shape[1] > UNITS else ""
    return (
        f'<img class="weights diverging" src="{image}" alt="weights of the first layer">'
        f'<div class="key">{escape(number_text(-bound))}<img class="diverging" src="{ramp}" alt="">'
        f"{escape(number_text(bound))}{escape(more)}</div>"
    )


def _levels(values: Array, bound: float) -> NDArray[np.uint8]:
    """Palette indices: 128 is zero, 1 and 255 are −bound and bound and what lies beyond."""
    return np.clip(np.round(128 + 127 * values / bound), 1, 255).astype(np.uint8)


def _palette() -> NDArray[np.uint8]:
    """256 colours: blue below zero, white at it, orange above."""
    share = np.clip((np.arange(256) - 128) / 127, -1, 1)[:, None]
    towards = np.where(share < 0, BLUE, ORANGE)
    return np.round(np.array(WHITE) + np.abs(share) ** 0.8 * (towards - np.array(WHITE))).astype(np.uint8)


def _pulse_about(pulse: Pulse) -> str:
    return (
        f"Measured with one sample at {len(pulse)} places along the run. The update ratio is ‖ΔW‖/‖W‖; saturated outputs "
        "of tanh and sigmoid lie where the curve is almost flat, dead ones of relu are zero. The number is the last one."
    )


def _pulse(found: Findings) -> str:
    if len(found.pulse) < 2:
        return ""
    rows, known_measures = [], np.isfinite(found.pulse.values).any(axis=(0, 1))
    shown = [measure for measure, known in zip(MEASURES, known_measures.tolist(), strict=True) if known]
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


def _again(run: SavedRun, branches: list[Branch], per_epoch: int) -> str:
    text = f"<pre>{escape(repeat_command(run.config, branches[0], per_epoch))}</pre>"
    if len(branches) > 1 or any(stretch.engine == "steps" for stretch in branches[0].stretches):
        text += f"<p>That is '{escape(branches[0].name)}'. Branches, and samples that were stepped by hand, are in the file:</p>"
    else:
        text += "<p>The run itself, at any sample:</p>"
    return f"{text}<pre>nnstep --run {escape(run.path)}</pre>"


def _configuration(run: SavedRun) -> str:
    options = {
        name: value
        for name, value in run.config.items()
        if value not in (None, False, "", []) and name not in ("save", "save_run", "autosave", "output", "run")
    }
    left = [[escape(str(name)), f"<code>{escape(str(value))}</code>"] for name, value in sorted(options.items())]
    right = [[escape(name), f"<code>{escape(value)}</code>"] for name, value in versions().items()]
    right += [
        ["file", f"<code>{escape(mebibytes(Path(run.path).stat().st_size))}</code>"],
        ["format", f"<code>version {int(run.meta['version'])}</code>"],
        ["data (SHA-256)", f"<code>{escape(str(run.meta['fingerprint']))}</code>"],
    ]
    return f'<div class="columns">{table(left, [])}{table(right, [])}</div>'


def _position(count: int, per_epoch: int) -> str:
    return str(Position(count // per_epoch + 1, count % per_epoch + 1))
