"""Tries a layer on several samples at once, where it takes them."""

from __future__ import annotations

import numpy as np

from nnstep.checking.findings import Finding
from nnstep.checking.measuring import measure_input, measure_parameter
from nnstep.checking.places import Path, name_of
from nnstep.checking.subject import Floats, Probe, Run, Subject
from nnstep.checking.views import as_gradient
from nnstep.student_errors import StudentError

RATE = 0.5


def check_rows(subject: Subject, parameters: list[Path], biases: set[Path], before: list[Finding]) -> list[Finding]:
    """What goes wrong with several rows only.

    A layer that raises, or gives for several rows something else than for each alone, takes one sample at a time,
    which is no fault; nor is it one to average parameter gradients over the rows instead of summing them.

    Args:
        subject: the layer.
        parameters: its parameters.
        biases: those of them that are added to the output.
        before: what is known to be wrong with one sample; not said again.
    """
    tried = _run(subject)
    if tried is None:
        return []
    probe, run = tried
    known = {finding.tensor for finding in before}
    found = _check_input(subject, probe, run) if "dE/dX" not in known else []
    shares: dict[Path, float] = {}
    one_at_a_time = any(_of_one_row(subject, path, probe, run) is not None for path in parameters if path not in biases)
    for path in parameters:
        if name_of(path) in known:
            continue
        if path in biases:
            finding = _not_summed(subject, path, probe, run)
            if finding and one_at_a_time and "shape" not in finding.evidence:
                continue
            if finding:
                found.append(finding)
                continue
        share = _share(subject, path, probe, run)
        if share:
            shares[path] = share
    return found + _unequal(shares, biases)


def rows_probe(subject: Subject) -> Probe | None:
    """Several rows that the layer takes as it takes each alone; None where it does not."""
    shape = subject.shape
    if len(shape) != 2 or shape[0] != 1:
        return None
    taken = {shape[1], subject.output(subject.fresh(), subject.inputs(0, 1.0, shape)).size}
    rows = next(k for k in (3, 5, 7, 4) if k not in taken)
    try:
        probe = subject.probe(21, 1.0, rows)
        Y = subject.output(subject.fresh(), probe.X)
        singles = [subject.output(subject.fresh(), row[None, :]) for row in probe.X]
    except (StudentError, TypeError, ValueError):
        return None
    if Y.ndim != 2 or len(Y) != rows or any(s.shape != (1, Y.shape[1]) for s in singles):
        return None
    return probe if np.allclose(Y, np.concatenate(singles), rtol=1e-4, atol=1e-6) else None


def _run(subject: Subject) -> tuple[Probe, Run] | None:
    probe = rows_probe(subject)
    if probe is None:
        return None
    try:
        run = subject.run(probe, RATE)
    except StudentError:
        return None
    return (probe, run) if isinstance(run.dX, np.ndarray) and run.dX.shape == probe.X.shape else None


def _check_input(subject: Subject, probe: Probe, run: Run) -> list[Finding]:
    """dE/dX of several rows, where a usual mistake explains what it is."""
    dX = np.asarray(run.dX, dtype=np.float64)
    measured = measure_input(subject, probe.X, probe.G)
    if not measured.wrong(dX).any():
        return []
    rows = len(probe.X)
    for factor, id in ((1 / rows, "mean-for-sum"), (rows, "sum-for-mean")):
        if not measured.differs(measured.of(dX), factor * measured.values, 1e-4).any():
            text = f"with {rows} samples at once your dE/dX is {factor:.4g} × the measured one; each sample has its own"
            return [Finding(id, "dE/dX", text, 0.95)]
    for words, made in _reductions(subject, probe):
        if not measured.differs(measured.of(dX), measured.of(made), 1e-4).any():
            return [Finding("axis", "dE/dX", f"with {rows} samples at once your dE/dX is {words}", 0.95)]
    return []


def _reductions(subject: Subject, probe: Probe) -> list[tuple[str, Floats]]:
    """dE/dX of a softmax-like layer whose sum runs over the wrong elements."""
    Y = subject.output(subject.fresh(), probe.X)
    if Y.shape != probe.X.shape:
        return []
    product = probe.G * Y
    return [
        ("made with a sum over all samples instead of one for each", Y * (probe.G - product.sum())),
        ("made with a sum over the samples instead of one over the outputs", Y * (probe.G - product.sum(axis=0))),
    ]


def _not_summed(subject: Subject, path: Path, probe: Probe, run: Run) -> Finding | None:
    """The bias keeps a row for each sample, or uses one row alone."""
    name, rows = name_of(path), len(probe.X)
    before, after = run.before.get(path), run.after.get(path)
    if before is None or after is None:
        return None
    if after.size != before.size:
        if len(after) == rows and after.size == rows * before.size:
            text = f"with {rows} samples at once {name} changes its shape from {before.shape} to {after.shape}"
            return Finding("bias-not-summed", name, text, 0.98)
        return None
    row = _of_one_row(subject, path, probe, run)
    if row is None or _share(subject, path, probe, run) == 1.0:
        return None
    text = f"with {rows} samples at once your dE/d({name}) is the row of sample {row + 1} alone"
    return Finding("bias-not-summed", name, text, 0.97)


def _of_one_row(subject: Subject, path: Path, probe: Probe, run: Run) -> int | None:
    """The row whose gradient this is: the layer is written for one sample, and takes more without a word."""
    gradient = as_gradient(run, path)
    if gradient is None:
        return None
    for row in range(len(probe.X)):
        measured = measure_parameter(subject, path, probe.X[row : row + 1], probe.G[row : row + 1])
        if not measured.differs(measured.of(gradient), measured.values, 1e-3).any():
            return row
    return None


def _share(subject: Subject, path: Path, probe: Probe, run: Run) -> float | None:
    """1 where the gradients of all rows are summed, 1 / rows where they are averaged, None for something else."""
    gradient = as_gradient(run, path)
    if gradient is None:
        return None
    measured = measure_parameter(subject, path, probe.X, probe.G)
    for share in (1.0, 1 / len(probe.X)):
        if not measured.differs(measured.of(gradient), share * measured.values, 1e-3).any():
            return share
    return None


def _unequal(shares: dict[Path, float], biases: set[Path]) -> list[Finding]:
    """Parameters of one layer of which some are summed over the rows and others averaged."""
    weights = [share for path, share in shares.items() if path not in biases]
    found = []
    for path, share in shares.items():
        if path in biases and weights and share != weights[0]:
            id, word, other = (
                ("sum-for-mean", "summed", "averaged") if share == 1 else ("mean-for-sum", "averaged", "summed")
            )
            text = f"dE/d({name_of(path)}) is {word} over the samples while the weights' gradient is {other}"
            found.append(Finding(id, name_of(path), text, 0.9))
    return found
