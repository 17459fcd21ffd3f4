"""Checks a student's file: every layer, the loss, and the network as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from nnstep.checking.copies import Path
from nnstep.checking.diagnosis import DERIVATIVE_IDS
from nnstep.checking.findings import FileReport, Finding, LayerReport
from nnstep.checking.layer_check import Result, check, raised
from nnstep.checking.lines import Source
from nnstep.checking.loss_check import ROWS, TENSOR, LossSubject, check_loss, rows_factor
from nnstep.checking.network_check import Whole, check_sharing, check_whole
from nnstep.checking.shapes import sample_shapes
from nnstep.checking.subject import Shape, Subject
from nnstep.homework import Homework
from nnstep.stack import kind_of
from nnstep.student_code import StudentCode, StudentError

SHORT = 1.0

Told = Callable[[FileReport], None]


def check_file(homework: Homework, told: Told | None = None, skip: frozenset[int] = frozenset()) -> FileReport:
    """Checks a loaded file.

    Args:
        homework: the file.
        told: is given the report as far as it goes, before each layer and at the end.
        skip: layers that are known to end the process.
    """
    checker = _FileCheck(homework, told or (lambda report: None), skip)
    return checker.run()


class _FileCheck:
    def __init__(self, homework: Homework, told: Told, skip: frozenset[int]) -> None:
        self.homework, self.told, self.skip = homework, told, skip
        self.code = homework.code
        self.report = FileReport(homework.path)
        self.source = Source(homework.text, homework.code)
        self.results: list[Result | None] = []

    def run(self) -> FileReport:
        layers = self.homework.layers
        shapes = self._shapes()
        late: set[type] = set()
        for index, layer in enumerate(layers):
            entry = LayerReport(index, kind_of(layer))
            self.report.layers.append(entry)
            self.told(self.report)
            result = Result() if index in self.skip else self._layer(index, layer, shapes, late)
            entry.findings = self._refined(result.findings, layer, result)
            entry.notes = result.notes
            self.results.append(result)
        if not self.skip:
            self._file(shapes)
        return self.report

    def _shapes(self) -> list[Shape]:
        """The sample shape of each layer; none where a call did not come back: its layer is found later."""
        if self.skip:
            return []
        limit = self.code.time_limit
        try:
            self.code.time_limit = min(limit, 2 * SHORT)
            return self.code.within(lambda: sample_shapes(self.homework.layers, self.code))
        except StudentError:
            return []
        finally:
            self.code.time_limit = limit

    def _layer(self, index: int, layer: Any, shapes: list[Shape], late: set[type]) -> Result:
        """The check of one layer; what does not come back in time is a finding of it."""
        name = self.homework.names[index]
        limit = self.code.time_limit
        try:
            if type(layer) in late:
                self.code.time_limit = min(limit, SHORT)
            return self.code.within(lambda: self._within(index, layer, name, shapes))
        except StudentError as error:
            if error.kind == "timeout":
                late.add(type(layer))
            return Result([raised(error)])
        except Exception as error:  # a layer of a kind that the check itself does not know how to handle
            return Result(notes=[f"the check could not go on: {type(error).__name__}: {error}"])
        finally:
            self.code.time_limit = limit

    def _within(self, index: int, layer: Any, name: str, shapes: list[Shape]) -> Result:
        shape = shapes[index] if index < len(shapes) else sample_shapes([layer], self.code)[0]
        return check(Subject(layer, name, self.code, shape))

    def _refined(self, findings: list[Finding], layer: Any, result: Result) -> list[Finding]:
        """The findings once each, with lines, and told apart by the source where the numbers fit two causes."""
        made: dict[tuple[str, str], Finding] = {}
        for finding in findings:
            finding = self._by_source(finding, layer, result)
            made.setdefault((finding.id, finding.tensor), self.source.placed(finding, layer))
        return list(made.values())

    def _by_source(self, finding: Finding, layer: Any, result: Result) -> Finding:
        activation = result.model.activation
        if finding.id == "missing-derivative" and activation and "relu" in activation.name:
            if result.model.kind == "elementwise" and not self.source.returns_given(layer):
                text = f"{finding.evidence}: the derivative of {activation.name} is taken as 1 for negative inputs too"
                return replace(finding, id="wrong-activation-derivative", evidence=text)
        elif finding.id == "wrong-activation-derivative" and result.model.kind == "softmax":
            if self.source.uses(layer, "axis"):
                return replace(finding, id="axis", confidence=0.8)
        elif finding.id == "derivative-at-output":
            line = self.source.overwrites(layer)
            if line is not None and not _keeps_input(layer):
                text = f"{finding.evidence}: forward writes its output over the array that it keeps for backward"
                return replace(finding, id="overwritten", evidence=text, line=line, confidence=0.8)
        return finding

    def _file(self, shapes: list[Shape]) -> None:
        """The loss, shared parameters, and the whole network."""
        homework = self.homework
        names: list[list[Path]] = [result.parameters if result else [] for result in self.results]
        self.report.loss.name = homework.loss.name
        try:
            self.code.within(lambda: self._together(shapes, names))
        except StudentError as error:
            self.report.errors.append(raised(error))
        except Exception as error:
            self.report.notes.append(f"the check could not go on: {type(error).__name__}: {error}")

    def _together(self, shapes: list[Shape], parameters: list[list[Path]]) -> None:
        homework, report = self.homework, self.report
        report.errors += check_sharing(homework.layers, homework.names, parameters)
        stopped = any(f.id in ("raised", "timeout") for layer in report.layers for f in layer.findings)
        output = None if stopped or len(shapes) != len(homework.layers) else self._output_shape(shapes)
        own = homework.loss_from != "nnstep"
        shape = output or (1, 4)
        if own:
            try:
                report.loss.findings += check_loss(homework.loss, self.code, shape, shape[0] == 1 and len(shape) == 2)
            except StudentError as error:
                report.loss.findings.append(raised(error))
            line = self.source.of_function(homework.loss.gradient)
            report.loss.findings = [f if f.line else replace(f, line=line) for f in report.loss.findings]
        if output is None:
            return
        loss = LossSubject(homework.loss, self.code, output)
        whole = Whole(homework.layers, homework.names, parameters, loss, self.code, shapes[0])
        try:
            if self._is_joint(whole):
                return
            self._whole(whole, own, output)
        except StudentError as error:
            if report.ok:
                report.errors.append(raised(error))
        except (TypeError, ValueError):
            return

    def _whole(self, whole: Whole, own: bool, output: Shape) -> None:
        """The network's gradient; a factor of the samples that is in the loss's gradient is a finding of the loss."""
        report, loss = self.report, self.homework.loss
        for finding in check_whole(whole, own, report.ok):
            factor = rows_factor(loss, self.code, output) if finding.id in ("sum-for-mean", "mean-for-sum") else None
            if factor is None or abs(factor - 1) < 1e-3:
                report.errors.append(finding)
                continue
            text = f"with {ROWS} samples at once your loss gradient is {factor:.4g} × the measured one"
            line = self.source.of_function(loss.gradient)
            report.loss.findings.append(replace(finding, tensor=TENSOR, evidence=text, line=line))

    def _output_shape(self, shapes: list[Shape]) -> Shape | None:
        """The shape of the network's output for one sample."""
        last = self.homework.layers[-1]
        subject = Subject(last, self.homework.names[-1], self.code, shapes[-1])
        try:
            shape: Shape = np.shape(subject.forward(subject.fresh(), subject.inputs(0, 1.0, shapes[-1])))
            return shape
        except StudentError:
            return None

    def _is_joint(self, whole: Whole) -> bool:
        """The last layer hands its gradient on as it is and the loss's gradient counts for both: right together."""
        report = self.report
        last, loss = report.layers[-1], report.loss
        others = [f for layer in report.layers[:-1] for f in layer.findings] + report.errors
        ids = {f.id for f in last.findings}
        if others or not loss.findings or not ids or not ids <= set(DERIVATIVE_IDS):
            return False
        if not all(s.factor is not None and abs(s.factor - 1) < 1e-2 for s in whole.shares(None)):
            return False
        note = f"{whole.names[-1]} leaves its derivative to the loss's gradient: together they are right"
        last.findings, loss.findings = [], []
        last.notes.append(note)
        return True


def _keeps_input(layer: Any) -> bool:
    """The layer has an attribute whose name says that it holds its input."""
    return any(name.lower().lstrip("_") in ("x", "input", "inputs", "z", "last_input") for name in vars(layer))


def check_layer(
    layer: Any, shape: Shape | None = None, time_limit: float = 10.0, code: StudentCode | None = None
) -> LayerReport:  # noqa: E501
    """Checks one layer object within this process.

    Args:
        layer: what keeps the layer protocol; it stays as it is.
        shape: of one sample as the layer takes it; found out by trying where it is None.
        time_limit: seconds for each call of its methods.
        code: the file that it comes from, for lines in errors.

    Returns:
        The findings, with a `timeout` where a call did not come back.
    """
    code = code or StudentCode("", time_limit)
    name = kind_of(layer)

    def run() -> Result:
        chosen = shape or sample_shapes([layer], code)[0]
        return check(Subject(layer, name, code, chosen))

    try:
        result = code.within(run)
    except StudentError as error:
        result = Result([raised(error)])
    return LayerReport(0, name, result.findings, result.notes)
