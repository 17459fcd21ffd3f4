"""Runs on disk: a whole timeline in one .nnrun file. `docs/nnrun.md` describes the format."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.alarms.alarm import alarm_from_json
from nnstep.branches import Branch, Stretch, thin
from nnstep.breakpoints import Breakpoints
from nnstep.debugger import Debugger
from nnstep.edits import edit_from_json
from nnstep.engines.base import Engine
from nnstep.errors import NnstepError
from nnstep.history import Log
from nnstep.layers import Array
from nnstep.pulse import MEASURES, Pulse
from nnstep.run_config import config_fits
from nnstep.samples import Samples
from nnstep.scoring import score_from_json
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack, frozen_copies
from nnstep.stack import Snapshot as StackSnapshot
from nnstep.storage import read_arrays, read_meta, write_arrays, write_whole
from nnstep.student_state import state_as_array, state_from_array
from nnstep.timeline import BUDGET, Timeline
from nnstep.watches import Watches

FORMAT, VERSION = "nnrun", 4
FILE_BUDGET = 64 * 2**20


@dataclass(frozen=True, eq=False, slots=True)
class SavedRun:
    """What a run file holds, before it is put together with its data and network.

    Attributes:
        path: the file.
        meta: configuration, data fingerprint and branches, as `docs/nnrun.md` says.
        arrays: logs and checkpoints by name.
    """

    path: str
    meta: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    @property
    def config(self) -> dict[str, Any]:
        """The options that the run was made with."""
        config: dict[str, Any] = self.meta["config"]
        return config


@lru_cache(maxsize=1)
def fingerprint(samples: Samples) -> str:
    """SHA-256 of the pixels and labels, and of their shape and type: equal only for equal data."""
    digest = hashlib.sha256(f"{samples.pixels.dtype} {samples.pixels.shape} {samples.shape}".encode())
    digest.update(np.ascontiguousarray(samples.pixels).data)
    digest.update(np.ascontiguousarray(samples.labels).data)
    return digest.hexdigest()


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """A run as it is at one moment: taken in no time, it can be written while the run goes on.

    Attributes:
        meta: as `SavedRun` has it, all but the fingerprint.
        branches: copies that share logs and parameters, which never change.
        samples: what the run learns from.
        checkpoint_bytes: what one checkpoint takes.
        here: the parameters where it stands, None where they may be replayed.
    """

    meta: dict[str, Any]
    branches: list[Branch]
    samples: Samples
    checkpoint_bytes: int
    here: Parameters | None = None

    @property
    def reached(self) -> int:
        """How many samples the longest branch has come."""
        return max(branch.head for branch in self.branches)


def take_snapshot(timeline: Timeline, config: dict[str, Any], notes: dict[str, Any] | None = None) -> Snapshot:
    """Takes what a run file holds; the timeline must stand still meanwhile.

    Args:
        timeline: the run.
        config: the options that it was made with.
        notes: breakpoints and watches, as `notes_of` gives them.
    """
    branches = [
        replace(
            branch,
            stretches=list(branch.stretches),
            log=branch.log.shared(),
            checkpoints=dict(branch.checkpoints),
            scores={at: score for at, score in branch.scores.copy().items() if at <= branch.head},
            pulse=branch.pulse.copy(),
        )
        for branch in timeline.branches.values()
    ]
    meta = {
        "format": FORMAT,
        "version": VERSION,
        "config": config,
        "samples": len(timeline.samples),
        "engine": timeline.engine.name,
        "layers": len(timeline.stack.layers),
        "notes": notes or {},
        "branches": [_describe(branch) for branch in branches],
        "at": {"branch": timeline.branch.name, "count": timeline.count},
    }
    return Snapshot(meta, branches, timeline.samples, timeline.checkpoint_bytes, _here(timeline))


def _here(timeline: Timeline) -> Parameters | None:
    """The parameters where a timeline stands, for students' layers: to open there, nothing must be replayed."""
    if not timeline.stack.keeper or not (timeline.at_head or timeline.branch.settings.batch_size == 1):
        return None
    with suppress(NnstepError):  # code that fails must not keep its run from being saved
        return timeline.stack.snapshot()
    return None


def write_snapshot(path: str, snapshot: Snapshot, budget: int = FILE_BUDGET) -> None:
    """Writes a run, whole or not at all.

    Args:
        path: the file.
        snapshot: the run.
        budget: bytes for checkpoints; more of them are thinned out, in the file alone.

    Raises:
        NnstepError: the file cannot be written; what was there before still is.
    """
    branches = snapshot.branches
    spacing, kept = 1, [dict(branch.checkpoints) for branch in branches]
    limit = max(sum(branch.changed for branch in branches), budget // snapshot.checkpoint_bytes)
    while sum(map(len, kept)) > limit:
        spacing *= 2
        for branch, checkpoints in zip(branches, kept, strict=True):
            thin(branch, checkpoints, spacing)
    if snapshot.here is not None:
        at = snapshot.meta["at"]
        number = [branch.name for branch in branches].index(at["branch"])
        kept[number].setdefault(at["count"], snapshot.here)
    named: dict[str, Any] = {}
    for number, (branch, checkpoints) in enumerate(zip(branches, kept, strict=True)):
        counts = sorted(checkpoints)
        named[f"{number}.losses"], named[f"{number}.classes"] = branch.log.losses, branch.log.classes
        named[f"{number}.pulse_counts"], named[f"{number}.pulse"] = branch.pulse.counts, branch.pulse.values
        named[f"{number}.checkpoints"] = np.array(counts, np.int64)
        for layer, arrays in enumerate(checkpoints[counts[0]] if counts else ()):
            for name in arrays:
                named[f"{number}.{layer}.{name}"] = [checkpoints[count][layer][name] for count in counts]
        for index, count in enumerate(counts):
            kept_there = checkpoints[count]
            if isinstance(kept_there, StackSnapshot):
                named[f"{number}.state.{index}"] = state_as_array(kept_there.state)
    named["meta"] = np.array(json.dumps(snapshot.meta | {"fingerprint": fingerprint(snapshot.samples)}))
    write_whole(path, lambda file: write_arrays(file, named))


def save_run(
    path: str,
    timeline: Timeline,
    config: dict[str, Any],
    budget: int = FILE_BUDGET,
    notes: dict[str, Any] | None = None,
) -> None:
    """Writes a run as it is now; see `take_snapshot` and `write_snapshot`."""
    write_snapshot(path, take_snapshot(timeline, config, notes), budget)


def read_run(path: str) -> SavedRun:
    """Reads a run file; pickles are refused.

    Raises:
        NnstepError: it is missing, damaged, of a later version, or no run file.
    """
    arrays = read_arrays(path, "run")
    meta = read_meta(path, arrays.pop("meta", None))
    if not meta or meta.get("format") != FORMAT:
        raise NnstepError(f"{path}: not a run file", "Runs are written by nnstep train --save-run")
    if meta.get("version") not in range(1, VERSION + 1):
        raise NnstepError(
            f"{path}: written in version {meta.get('version')} of the format; this nnstep reads up to {VERSION}",
            "Install a newer nnstep",
        )
    run = SavedRun(path, meta, arrays)
    try:
        if not config_fits(meta):
            raise ValueError
        restore_branches(run)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise NnstepError(f"{path}: damaged: its parts do not fit each other") from None
    return run


def open_run(run: SavedRun, stack: Stack, samples: Samples, engine: Engine, budget: int = BUDGET) -> Timeline:
    """Makes a saved run a timeline again, on a stack and samples like those it was made with.

    Raises:
        NnstepError: the samples are others, or the stack does not fit.
    """
    if run.meta["fingerprint"] != fingerprint(samples):
        raise NnstepError(
            f"{run.path}: was trained on other data ('{run.config.get('data')}', {run.meta['samples']:,} samples)",
            "Give the same --data and --limit",
        )
    branches = restore_branches(run)
    stack.learn_parameters(samples.inputs(slice(0, 1), stack.dtype))
    first = branches[0].checkpoints[branches[0].start]
    stack.use_rule(branches[0].settings.rule)
    live = stack.snapshot()
    shapes = [{name: (a.shape, a.dtype) for name, a in arrays.items()} for arrays in live]
    if shapes != [{name: (a.shape, a.dtype) for name, a in arrays.items()} for arrays in first]:
        raise NnstepError(f"{run.path}: its parameters do not fit this network", "Give the same --layers and --dtype")
    stack.restore(first)
    timeline = Timeline(stack, samples, engine, branches[0].settings, budget, branches[0].start)
    timeline.adopt(branches)
    at = run.meta["at"]
    timeline.go_to(timeline.branches[at["branch"]], at["count"])
    return timeline


def notes_of(debugger: Debugger) -> dict[str, Any]:
    """A debugger's breakpoints, watches and alarms as JSON's own types."""
    return {
        "breakpoints": debugger.breakpoints.as_json(),
        "watches": debugger.watches.as_json(),
        "alarms": [alarm.as_json() for alarm in debugger.alarms],
    }


def read_notes(notes: dict[str, Any], stack: Stack) -> dict[str, Any]:
    """Breakpoints, watches and alarms as `Debugger` takes them, from what `notes_of` gave.

    Raises:
        NnstepError: they are damaged, or do not fit the network.
    """
    parameters = {name for index in range(len(stack.layers)) for name in stack.parameters_of(index)}
    try:
        alarms = [alarm_from_json(known) for known in notes.get("alarms", [])]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NnstepError("the alarms of this run are damaged") from None
    return {
        "alarms": alarms,
        "breakpoints": Breakpoints.from_json(notes.get("breakpoints", []), stack.names, parameters),
        "watches": Watches.from_json(notes.get("watches", []), stack.names, parameters),
    }


def _describe(branch: Branch) -> dict[str, Any]:
    return {
        "name": branch.name,
        "settings": asdict(branch.settings),
        "parent": branch.parent.name if branch.parent else None,
        "origin": branch.origin,
        "start": branch.start,
        "head": branch.head,
        "changed": branch.changed,
        "edit": branch.edit.as_json() if branch.edit else None,
        "stretches": [asdict(stretch) for stretch in branch.stretches],
        "scores": [branch.scores[count].as_json() for count in sorted(branch.scores)],
    }


def restore_branches(run: SavedRun) -> list[Branch]:
    """All branches of a run file, as `read_run` has checked them; their curves need neither network nor data.

    Raises:
        KeyError, TypeError, ValueError: its parts do not fit each other.
    """
    branches: dict[str, Branch] = {}
    layers = int(run.meta["layers"])
    for number, known in enumerate(run.meta["branches"]):
        log = Log(run.arrays[f"{number}.losses"], run.arrays[f"{number}.classes"])
        parent = branches[known["parent"]] if known["parent"] is not None else None
        branch = Branch(
            known["name"], Settings(**known["settings"]), parent, known["origin"], known["start"], known["head"]
        )
        branch.changed = known.get("changed", True)
        branch.edit = edit_from_json(known["edit"]) if known.get("edit") else None
        branch.log, branch.stretches = log, [Stretch(**stretch) for stretch in known["stretches"]]
        branch.scores = {score.count: score for score in map(score_from_json, known.get("scores", []))}
        branch.pulse = _pulse(run, number, layers)
        counts = run.arrays[f"{number}.checkpoints"].tolist()
        branch.checkpoints = {count: _checkpoint(run, number, i, layers) for i, count in enumerate(counts)}
        _check(branch, len(branches) == 0, run.arrays[f"{number}.losses"], run.arrays[f"{number}.classes"])
        branches[branch.name] = branch
    at = run.meta["at"]
    reached = branches[at["branch"]]
    if len(branches) != len(run.meta["branches"]) or not reached.start <= at["count"] <= reached.end:
        raise ValueError
    return list(branches.values())


def _check(branch: Branch, first: bool, losses: Array, classes: Array) -> None:
    trained = branch.head - branch.start
    settings = branch.settings
    fits = (
        (losses.dtype.kind, classes.dtype.kind in "ui") == ("f", True)
        and isinstance(branch.changed, bool)
        and (type(settings.shuffle), type(settings.seed)) == (bool, int)
        and all(isinstance(stretch.engine, str) for stretch in branch.stretches)
        and first == (branch.parent is None)
        and (branch.start in branch.checkpoints or not (first or branch.changed))
        and all(branch.start <= count <= branch.head for count in branch.checkpoints)
        and all(branch.start <= count <= branch.head for count in branch.scores)
        and 0 <= trained <= len(losses) == len(classes)
        and (trained == len(losses) or branch.diverged)
        and bool(branch.stretches) == (trained > 0 or len(losses) > 0)
        and [stretch.start for stretch in branch.stretches] == sorted({s.start for s in branch.stretches})
        and (not branch.stretches or branch.stretches[0].start == branch.start)
    )
    if not fits or (branch.parent and not branch.parent.start <= branch.origin <= branch.parent.end):
        raise ValueError(branch.name)


def _pulse(run: SavedRun, number: int, layers: int) -> Pulse:
    pulse, counts = Pulse(), run.arrays.get(f"{number}.pulse_counts")
    if counts is not None and len(counts):
        values = run.arrays[f"{number}.pulse"].reshape(len(counts), layers, len(MEASURES))
        for count, measured in zip(counts.tolist(), values, strict=True):
            pulse.add(int(count), measured)
    return pulse


def _checkpoint(run: SavedRun, number: int, index: int, layers: int) -> Parameters:
    found = []
    for layer in range(layers + 1):  # the last one is what is kept beside the parameters, if anything is
        prefix = f"{number}.{layer}."
        arrays = {key.removeprefix(prefix): a for key, a in run.arrays.items() if key.startswith(prefix)}
        found.append(frozen_copies({name: array[index] for name, array in arrays.items()}))
    parameters = tuple(found if found[-1] else found[:-1])
    state = run.arrays.get(f"{number}.state.{index}")
    return parameters if state is None else StackSnapshot(parameters, state_from_array(state))
