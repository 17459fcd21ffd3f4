"""What is inside a saved run, for people and for programs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from nnstep.branches import Position, mebibytes
from nnstep.network import loss_text
from nnstep.runs import SavedRun


def describe_run(run: SavedRun) -> dict[str, Any]:
    """A report as JSON's own types: the file, its configuration, and each branch."""
    config, per_epoch = run.config, int(run.meta["samples"])
    branches = []
    for number, known in enumerate(run.meta["branches"]):
        losses = run.arrays[f"{number}.losses"]
        epochs = (known["start"] + np.arange(len(losses))) // per_epoch
        errors = {int(epoch) + 1: float(losses[epochs == epoch].mean()) for epoch in np.unique(epochs)}
        finite = bool(len(losses) == 0 or np.isfinite(losses[-1]))
        branches.append(
            {
                "name": known["name"],
                "settings": known["settings"],
                "parent": known["parent"],
                "left_at": _position(known["origin"], per_epoch) if known["parent"] else None,
                "from": _position(known["start"], per_epoch),
                "to": _position(known["head"], per_epoch),
                "diverged": not finite,
                "engines": sorted({stretch["engine"] for stretch in known["stretches"]}),
                "checkpoints": len(run.arrays[f"{number}.checkpoints"]),
                "scores": [
                    {name: value for name, value in score.items() if name != "confusion"}
                    for score in known.get("scores", [])
                ],
                "errors": [
                    {"epoch": epoch, "error": error if np.isfinite(error) else None} for epoch, error in errors.items()
                ],
            }
        )
    return {
        "file": run.path,
        "bytes": os.path.getsize(run.path),
        "version": run.meta["version"],
        "config": config,
        "samples": per_epoch,
        "fingerprint": run.meta["fingerprint"],
        "branches": branches,
        "alarms": run.meta.get("notes", {}).get("alarms", []),
    }


def run_text(report: dict[str, Any]) -> str:
    """A few lines for a person."""
    config = report["config"]
    lines = [
        f"{report['file']}   {mebibytes(report['bytes'])}",
        f"  network {network_text(config)}   {config.get('dtype')}   seed {config.get('seed')}",
        f"  data    {config.get('data')}   {report['samples']:,} samples   {report['fingerprint'][:12]}",
    ]
    for branch in report["branches"]:
        settings = branch["settings"]
        came = f"   left {branch['parent']} at {branch['left_at']}" if branch["parent"] else ""
        order = "   shuffled" if settings["shuffle"] else ""
        order += "".join(f"   {text}" for text in training_words(settings))
        lines.append(
            f"  {branch['name']}   {branch['from']} to {branch['to']}   η {settings['learning_rate']:g}   "
            f"batches of {settings['batch_size']}{order}   {', '.join(branch['engines'])}   "
            f"{branch['checkpoints']} checkpoints{came}" + ("   diverged" if branch["diverged"] else "")
        )
        for row in branch["errors"]:
            error = "not finite" if row["error"] is None else loss_text(row["error"])
            lines.append(f"    epoch {row['epoch']:3}   error {error}")
        for score in branch["scores"]:
            lines.append(
                f"    test set at {_position(score['count'], report['samples'])}   "
                f"accuracy {score['correct']}/{score['samples']}, strict {score['strict_correct']}"
            )
    for alarm in report["alarms"]:
        lines.append(f"  alarm   {alarm['at']}   {alarm['branch']}   {alarm['name']}: {alarm['title']}")
    return "\n".join(lines)


def network_text(config: dict[str, Any]) -> str:
    """The layers and the loss of a run, or the file that defines both."""
    return f"{config.get('net') or config.get('layers')}" + ("" if config.get("net") else f"   {config.get('loss')}")


def _position(count: int, per_epoch: int) -> str:
    return str(Position(count // per_epoch + 1, count % per_epoch + 1))


def training_words(settings: dict[str, Any]) -> list[str]:
    """What is not plain descent at one learning rate: optimizer, weight decay, clipping, schedule, augmentation."""
    named = [settings.get(name) for name in ("optimizer", "schedule", "augment")]
    words = [str(name) for name in named if name not in (None, "", "sgd", "constant")]
    for name in ("weight_decay", "clip_norm"):
        if settings.get(name) is not None:
            words.append(f"{name.replace('_', ' ')} {settings[name]:g}")
    return words
