"""Checks one layer: what it promises, then each of its gradients against the measured one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from nnstep.checking import contract
from nnstep.checking.diagnosis import DERIVATIVE_IDS, diagnose
from nnstep.checking.failures import raised
from nnstep.checking.findings import Finding
from nnstep.checking.held import is_added, parameters, used_by_forward, vary_constants
from nnstep.checking.integers import check_output, cut_updates
from nnstep.checking.measuring import measure_input, measure_parameter
from nnstep.checking.model import Model, find_model
from nnstep.checking.places import Path, at, name_of
from nnstep.checking.probes import SCALES, first_probe, probes_after, seconds
from nnstep.checking.randomness import check_pure
from nnstep.checking.rows import check_rows
from nnstep.checking.sequence import check_second_sample
from nnstep.checking.strays import with_strays
from nnstep.checking.subject import BACKWARD, FORWARD, Probe, Run, Subject
from nnstep.checking.unchanged import check_arguments, check_returned
from nnstep.checking.untrained import meant_to_learn, never_change, untrained
from nnstep.checking.update_rules import update_rule
from nnstep.checking.views import Case, View, as_gradient
from nnstep.student_errors import StudentError

RATES = (0.5, 0.25)
VAGUE = ("unexplained", "factor", "bias-missing")
NO_SECOND = ("broadcast", "wrong-shape", "wrong-type", "impure")
COARSE = 1e-5
SLOW = 0.02
WIDE = 8.0  # for activations, which may bend far from zero


@dataclass(slots=True)
class Result:
    """What a check of one layer gave.

    Attributes:
        findings: what is wrong.
        notes: what is worth a word and not wrong.
        model: what the layer computes.
        parameters: where its parameters are.
        ruled: those of them whose right gradient goes through an optimizer in the layer.
        finished: the check came to its end.
    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    model: Model = field(default_factory=lambda: Model("other"))
    parameters: list[Path] = field(default_factory=list)
    ruled: list[Path] = field(default_factory=list)
    finished: bool = True
    untrained: list[Path] = field(default_factory=list)

    @property
    def judged(self) -> list[Path]:
        """The parameters whose update is −η times the gradient, if it is right."""
        return [path for path in self.parameters if path not in self.ruled]


def check(subject: Subject) -> Result:
    """Checks a layer, whose sample shape is known."""
    result = Result()
    try:
        _check(subject, result)
    except StudentError as error:
        result.findings.append(raised(error))
    return result


def _check(subject: Subject, result: Result) -> None:
    first = first_probe(subject)
    Y = subject.forward(subject.fresh(), first.X.copy())
    subject.slow = min(seconds(subject, first), seconds(subject, first)) > SLOW
    faults = contract.check_array(Y, FORWARD, "Y") or contract.check_output_shape(subject, first, Y)
    result.findings += faults
    if faults:
        return
    if not np.all(np.isfinite(np.asarray(Y, dtype=np.float64))):
        text = (
            f"forward gives values that are not finite for inputs between {first.X.min():.2g} and {first.X.max():.2g}"
        )
        result.findings.append(Finding("overflow", "Y", text, 0.9))
        return
    cut = [] if subject.slow else check_output(subject, first)
    result.findings += cut
    if cut:
        return
    impure = check_pure(subject, first, subject.probe(1, SCALES[1]))
    result.findings += impure or []
    subject.pure = impure is not None and not impure
    probes = probes_after(subject, first)
    held = used_by_forward(subject, probes)
    vary_constants(subject, held)
    if not held:
        probes.append(subject.probe(len(SCALES), WIDE))
    result.findings += contract.check_softmax_axis(subject)
    runs = _runs(subject, probes, held, result)
    if runs is None:
        return
    result.findings += check_arguments(runs) or check_returned(subject, probes[0], held)
    result.findings += contract.check_parameter_shapes(runs[0], held)
    result.findings += contract.check_array(runs[0].dX, BACKWARD, "dE/dX")
    if isinstance(runs[0].dX, np.ndarray | np.generic):
        result.findings += contract.check_input_gradient_shape(probes[0], runs[0].dX)
    later = _second_run(subject, probes)
    result.parameters = parameters(subject, held, [*runs, *later])
    result.model = find_model(
        subject, held, [p.X for p in probes] + [subject.inputs(s, 2.0, subject.shape) for s in (31, 32, 33)]
    )
    _check_gradients(subject, result, probes, runs, held)
    _check_untrained(result, runs[0])
    result.findings += check_rows(
        subject,
        result.parameters,
        {p for p in result.parameters if _is_bias(subject, result.model, p, probes)},
        result.findings,
    )  # noqa: E501
    if not any(f.id == "axis" and f.tensor == "Y" for f in result.findings):
        result.findings += contract.check_overflow(subject, result.model)


def _check_untrained(result: Result, run: Run) -> None:
    """Weights that never change: a finding where the layer was meant to learn; else the source has to tell."""
    result.untrained = untrained(result.model, result.parameters, run)
    if meant_to_learn(result.untrained, result.parameters, run):
        result.findings += never_change(result.untrained)
        result.untrained = []


def _runs(subject: Subject, probes: list[Probe], held: list[Path], result: Result) -> list[Run] | None:
    """All probes with all learning rates; None where backward raised."""
    try:
        return [subject.run(probe, rate) for probe in probes for rate in RATES]
    except StudentError as error:
        try:
            subject.run(probes[1], RATES[0], warm=(probes[0],))
        except StudentError:
            result.findings += contract.check_column(subject, held) or [_of_array(raised(error), subject, held)]
            return None
        stale = check_second_sample(subject, probes[0], probes[1], [], set())
        later = _second_run(subject, probes, trained=False)
        stale += check_second_sample(subject, probes[0], probes[1], parameters(subject, held, later), set())
        result.findings += list({f.tensor: f for f in stale}.values()) or [raised(error)]
        return None


def _of_array(finding: Finding, subject: Subject, held: list[Path]) -> Finding:
    """The finding with the name of the integer array that it is about."""
    if finding.id != "integer":
        return finding
    trial = subject.fresh()
    names = [name_of(path) for path in held if np.asarray(at(trial, path)).dtype.kind in "iu"]
    return replace(finding, tensor=names[0]) if names else finding


def _second_run(subject: Subject, probes: list[Probe], trained: bool = True) -> list[Run]:
    """A second sample, after a first one went through."""
    try:
        if not trained:
            return [subject.run(probes[1], RATES[0], warm=(probes[0],))]
        trial = subject.run(probes[0], RATES[0]).layer
        return [subject.go_on(trial, probes[1], RATES[0])]
    except StudentError:
        return []


def _check_gradients(subject: Subject, result: Result, probes: list[Probe], runs: list[Run], held: list[Path]) -> None:
    views = [with_strays(subject, result.model, view) for view in _views(subject, result, probes, runs)]
    views = _without_rules(subject, result, views)
    wrong = {view.path for view in views if view.wrong}
    right: set[Path | None] = {view.path for view in views} - wrong
    stale: dict[str, Finding] = {}
    if not any(f.id in NO_SECOND for f in result.findings):
        second = check_second_sample(subject, probes[0], probes[1], result.judged, right, result.model)
        stale = {finding.tensor: finding for finding in second}
    changed = any(f.id == "overwritten" and f.tensor == "X" for f in result.findings)
    for view in views:
        findings = diagnose(subject, result.model, view)
        if view.tensor in stale and all(f.id in VAGUE for f in findings):
            findings = [stale[view.tensor]]
        if changed:
            findings = [f for f in findings if f.id not in (*DERIVATIVE_IDS, "unexplained")]
        result.findings += findings
        if view.doubtful and view.cases[0].measured.floor < COARSE:
            result.notes.append(f"{view.label} is doubtful: {_error_range(view)}")
    result.findings += _missing_biases(subject, result, probes, held)


def _without_rules(subject: Subject, result: Result, views: list[View]) -> list[View]:
    """The gradients that an update shows as they are; for the others a note says what the layer does with them."""
    kept = []
    for view in views:
        rule = update_rule(subject, view) if view.wrong else None
        if rule is None or view.path is None:
            kept.append(view)
            continue
        result.ruled.append(view.path)
        result.notes.append(f"{view.label} is right; before the update it {rule}")
    return kept


def _error_range(view: View) -> str:
    worst = 0.0
    for case in view.cases:
        a, n = case.measured.of(case.got), case.measured.values
        with np.errstate(all="ignore"):
            error = np.abs(a - n) / np.maximum(np.abs(a), np.abs(n))
        worst = max(worst, float(np.nanmax(error[case.measured.doubtful(case.got)], initial=0)))
    return f"relative error up to {worst:.1e}"


def _views(subject: Subject, result: Result, probes: list[Probe], runs: list[Run]) -> list[View]:
    pairs = [(probes[k // len(RATES)], run) for k, run in enumerate(runs)]
    views = []
    X_measured = [measure_input(subject, probe.X, probe.G) for probe in probes]
    cases = []
    for k, (probe, run) in enumerate(pairs):
        dX = np.asarray(run.dX, dtype=np.float64) if isinstance(run.dX, np.ndarray | np.generic) else None
        if dX is not None and dX.size == probe.X.size:
            cases.append(Case(probe, run, dX.reshape(-1), X_measured[k // len(RATES)]))
    if len(cases) == len(pairs):
        views.append(View(None, tuple(cases)))
    for path in result.parameters:
        measured = [measure_parameter(subject, path, probe.X, probe.G) for probe in probes]
        gradients = [as_gradient(run, path) for run in runs]
        cases = [
            Case(probe, run, gradient, measured[k // len(RATES)])
            for k, ((probe, run), gradient) in enumerate(zip(pairs, gradients, strict=True))
            if gradient is not None
        ]
        if len(cases) == len(pairs):
            views.append(View(path, tuple(cases), _is_bias(subject, result.model, path, probes)))
    return views


def _is_bias(subject: Subject, model: Model, path: Path, probes: list[Probe]) -> bool:
    return path == model.bias or (path != model.weights and is_added(subject, path, probes[0], probes[1]))


def _missing_biases(subject: Subject, result: Result, probes: list[Probe], held: list[Path]) -> list[Finding]:
    """Arrays that forward adds to its output and that never change, beside weights that do."""
    if any(f.id == "impure" for f in result.findings):
        return []
    if not any(not _is_bias(subject, result.model, path, probes) for path in result.parameters):
        return []
    found = []
    for path in held:
        array: Any = at(subject.fresh(), path)
        if path in result.parameters or not _is_bias(subject, result.model, path, probes):
            continue
        name = name_of(path)
        if array.dtype.kind != "f":
            found += cut_updates(subject, path, probes[0])
            continue
        text = f"{name} {array.shape} is added to the output and no backward call changes it, while other arrays learn"
        found.append(Finding("bias-missing", name, text, 0.95))
    return found
