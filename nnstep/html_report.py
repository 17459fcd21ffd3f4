"""A saved run as one HTML page: what it learned, where it fails, and how to make it again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from html import escape
from pathlib import Path

from nnstep import __version__
from nnstep.alarms.alarm import alarm_from_json
from nnstep.branches import Branch, Position, mebibytes
from nnstep.repeat import repeat_command, versions
from nnstep.report_curves import COLOURS, accuracies, loss_charts, number_or_dash, pulse_about, pulse_table
from nnstep.report_digits import confusion, confusion_about, hard_gallery, mistake_gallery, weight_pictures
from nnstep.report_page import page, section, table
from nnstep.run_curves import RunCurves
from nnstep.run_findings import Findings
from nnstep.run_report import training_words
from nnstep.runs import SavedRun


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
        section("Alarms", "What the rules that watch a run have found, the first at the top.", _alarms(run), "remark"),
        section("Remarks", "", _remarks(found, bool(_alarms(run))), "remark"),
        section(
            "Loss",
            "The mean loss of each stretch of samples as they were trained, and that of each epoch in its middle.",
            loss_charts(curves, branches),
        ),
        section("Branches", "", _branches(run, branches, per_epoch, curves)),
    ]
    if found:
        parts += [
            section(
                "Accuracy on held-out digits",
                "Accuracy counts a digit where the largest output is the right one; strict accuracy only where every "
                "output rounds to its target.",
                accuracies(found.scores, per_epoch),
            ),
            section("Confusion", confusion_about(found.scores[-1]), confusion(found.scores[-1])),
            section(
                "Worst mistakes",
                "Held-out digits that it gets wrong, the largest loss first: what it says, the largest output, and the "
                "loss.",
                mistake_gallery(found),
            ),
            section(
                "Hardest to learn",
                f"Samples of the last epoch with the largest loss. nnstep trace --run {run.path} --at POSITION shows "
                "each step of one, with the weights of then.",
                hard_gallery(found),
            ),
            section(
                "First layer",
                found.weights.about if found.weights else "",
                weight_pictures(found),
            ),
            section("Layers over the run", pulse_about(found.pulse), pulse_table(found)),
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
    more = "".join(f", {text}" for text in training_words(asdict(settings)))
    digits = f"{per_epoch:,} digit{'s' if per_epoch > 1 else ''}"
    return (
        f"Network {config.get('net') or config.get('layers')}, trained on {digits} of '{config.get('data')}' "
        f"{batches}, {order}, learning rate {settings.learning_rate:g}{more}, seed {config.get('seed')}. "
        f"Branch '{branch.name}'."
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


def _remarks(found: Findings | None, alarmed: bool) -> str:
    """Where it diverged; and what is remarkable of the layers, where no alarm has said so already."""
    if not found:
        return ""
    texts = ([found.diverged] if found.diverged else []) + ([] if alarmed else found.remarks)
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>" if texts else ""


def _alarms(run: SavedRun) -> str:
    found = [alarm_from_json(known) for known in run.meta.get("notes", {}).get("alarms", [])]
    entries = []
    for alarm in found:
        branch = f", {alarm.branch}" if len(run.meta["branches"]) > 1 else ""
        place = f"{alarm.position}, step {alarm.step}, {alarm.name}{branch}"
        over = f" Over at {alarm.cleared}." if alarm.cleared else ""
        if alarm.follows:
            text = f"Follows from {alarm.follows}: {alarm.evidence}"
        else:
            text = f"{alarm.sentence} {alarm.evidence}"
        advice = "" if alarm.follows else f"<small>Try: {escape(alarm.advice)}</small>"
        title = f"<b>{escape(alarm.title)}</b> at {escape(place)}"
        entries.append(f"<li>{title}<br>{escape(text)}{escape(over)}{advice}</li>")
    return f'<ul class="alarms">{"".join(entries)}</ul>' if entries else ""


def _branches(run: SavedRun, branches: list[Branch], per_epoch: int, curves: RunCurves) -> str:
    if len(branches) == 1:
        return ""
    rows = []
    for number, one in enumerate(branches):
        means, settings = curves.epoch_means(one.name), one.settings
        batches = f", batches of {settings.batch_size}" if settings.batch_size > 1 else ""
        rows.append(
            [
                f'<i class="swatch s{number % COLOURS}"></i>',
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


def _again(run: SavedRun, branches: list[Branch], per_epoch: int) -> str:
    text = f"<pre>{escape(repeat_command(run.config, branches[0], per_epoch))}</pre>"
    if len(branches) > 1 or any(stretch.engine == "steps" for stretch in branches[0].stretches):
        name = escape(branches[0].name)
        text += f"<p>That is '{name}'. Branches, and samples that were stepped by hand, are in the file:</p>"
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
