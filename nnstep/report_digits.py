"""The digits and the weights of a report, as pictures, and the confusion matrix."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from nnstep.layers import Array
from nnstep.png import data_address, png, tiles
from nnstep.report_page import table
from nnstep.run_findings import Findings
from nnstep.samples import Samples
from nnstep.scoring import Score
from nnstep.statistics import number_text, output_text

MISTAKES = 30
UNITS = 128
LEAST_SIDE = 28
ORANGE, WHITE, BLUE = (178, 74, 0), (255, 255, 255), (0, 78, 158)


def confusion_about(score: Score) -> str:
    """What the confusion matrix shows."""
    return (
        f"{score.correct:,} of {score.samples:,} held-out digits are right. "
        "A row is what a digit is, a column what the network says."
    )


def confusion(score: Score) -> str:
    """The confusion matrix, and the pairs that are mixed up most."""
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
    table_ = (
        '<div class="scroll"><table class="confusion"><thead><tr><th class="corner">label</th>'
        f'{head}<th class="corner">right</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    return f'<div class="beside">{table_}{_pairs(wrong)}</div>'


def _pairs(wrong: NDArray[np.int64]) -> str:
    """The pairs of classes that are mixed up most."""
    order = np.argsort(-wrong, axis=None, kind="stable")[:8]
    found = [(*divmod(int(place), len(wrong)), int(wrong.flat[place])) for place in order if wrong.flat[place]]
    if not found:
        return ""
    rows = [[f"<b>{label}</b>, says <span class=said>{said}</span>", str(count)] for label, said, count in found]
    return f"<div><h3>Mixed up most</h3>{table(rows, [], numbers=(1,))}</div>"


def mistake_gallery(found: Findings) -> str:
    """The worst mistakes, as pictures."""
    entries = []
    for mistake in found.answers.mistakes(MISTAKES):
        output, loss = output_text(mistake.confidence), _loss(mistake.loss)
        text = (
            f'<b>{mistake.label}</b>, says <span class="said">{mistake.said}</span>'
            f"<small>output {output}<br>loss {loss}<br>test digit {mistake.row}</small>"
        )
        entries.append(f"<li>{_digit(found.test, mistake.row)}{text}</li>")
    return f'<ul class="gallery">{"".join(entries)}</ul>' if entries else "<p>There are none.</p>"


def hard_gallery(found: Findings) -> str:
    """The training samples with the largest losses, as pictures."""
    entries = []
    for sample in found.hard:
        said = f'<span class="said">{sample.said}</span>' if sample.said != sample.label else str(sample.said)
        text = (
            f"<b>{sample.label}</b>, says {said}"
            f"<small>at {sample.position}<br>loss {_loss(sample.loss)}<br>digit {sample.row}</small>"
        )
        entries.append(f"<li>{_digit(found.train, sample.row)}{text}</li>")
    return f'<ul class="gallery">{"".join(entries)}</ul>' if entries else ""


def _loss(loss: float) -> str:
    return f"{loss:.3f}" if 0.001 <= loss < 100 else number_text(loss)


def _digit(samples: Samples, row: int) -> str:
    if samples.pixels.dtype != np.uint8 or samples.shape[0] == 1:
        return ""
    address = data_address(png(np.asarray(samples.pixels[row], np.uint8).reshape(samples.shape)))
    return f'<img src="{address}" alt="digit {row}" width="{samples.shape[1]}" height="{samples.shape[0]}">'


def weight_pictures(found: Findings) -> str:
    """The weights of the first layer: a picture for each unit or filter."""
    first = found.weights
    if first is None or first.shape[0] == 1 or not np.isfinite(first.pictures).all():
        return ""
    shown = first.pictures[:UNITS]
    bound = float(np.percentile(np.abs(shown), 99.5)) or 1.0
    columns, larger = min(16, len(shown)), max(1, LEAST_SIDE // max(first.shape))
    pictures = _levels(shown.reshape(-1, *first.shape), bound).repeat(larger, axis=1).repeat(larger, axis=2)
    image = data_address(png(tiles(pictures, columns, 2, 128), _palette()))
    ramp = data_address(png(np.arange(256, dtype=np.uint8)[None], _palette()))
    more = f", the first {UNITS} of {len(first.pictures):,}" if len(first.pictures) > UNITS else ""
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
    colours = np.array(WHITE) + np.abs(share) ** 0.8 * (towards - np.array(WHITE))
    return np.asarray(np.round(colours), np.uint8)
