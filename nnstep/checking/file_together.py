"""Checks what a file's layers do together: the loss, what layers share, and the network's gradient as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnstep.checking.crossing import check_crossing
from nnstep.checking.diagnosis import DERIVATIVE_IDS
from nnstep.checking.failures import raised, unfinished
from nnstep.checking.findings import FileReport, Finding
from nnstep.checking.integer_data import check_targets, integer_arrays
from nnstep.checking.layer_check import Result
from nnstep.checking.lines import Source
from nnstep.checking.loss_check import check_loss, rows_factor
from nnstep.checking.loss_joint import check_joint
from nnstep.checking.loss_subject import ROWS, TENSOR, LossSubject
from nnstep.checking.model import Model
from nnstep.checking.network_check import Whole, check_whole
from nnstep.checking.outside import Outside
from nnstep.checking.sharing import check_sharing
from nnstep.checking.subject import Shape, Subject
from nnstep.homework import Homework
from nnstep.student_errors import StudentError

ENDED = ("raised", "timeout")


def check_together(
    homework: Homework, report: FileReport, source: Source, shapes: list[Shape], results: list[Result]
) -> None:
    """Adds to a report what is found in the loss and in the layers together.

    Args:
        homework: the file.
        report: with what was found in each layer.
        source: the file's text.
        shapes: of one sample, as each layer takes it.
        results: what the check of each layer gave.
    """
    _Together(homework, report, source, shapes, results).run()


class _Together:
    def __init__(
        self, homework: Homework, report: FileReport, source: Source, shapes: list[Shape], results: list[Result]
    ) -> None:
        self.homework, self.report, self.source, self.shapes = homework, report, source, shapes
        self.parameters, self.judged = [r.parameters for r in results], [r.judged for r in results]
        self.last = results[-1].model if results else Model("other")
        self.code = homework.code
        self.own_loss = homework.loss_from != "nnstep"
        self.outside = Outside(homework.layers)

    def run(self) -> None:
        self.report.loss.name = self.homework.loss.name
        if self.own_loss:
            self._safely("the check of the loss", self._loss, self.report.loss.findings)
        self._safely("the check of the network as a whole", self._layers, self.report.errors)

    def _safely(self, what: str, work: Callable[[], None], findings: list[Finding]) -> None:
        """Does work with student code; what that raises, or that it does not come back, is a finding."""
        self.code.exhausted = None
        try:
            self.code.within(work)
        except StudentError as error:
            findings.append(raised(error))
        except Exception as error:
            finding = unfinished(what, error)
            if self.report.ok:
                self.report.errors.append(finding)
            else:  # what is wrong already may well be why
                self.report.notes.append(finding.evidence)
        if self.code.exhausted and not any(f.id == "raised" for f in findings):
            findings.append(raised(self.code.exhausted))

    def _loss(self) -> None:
        """The loss, where it is the file's own."""
        shape = self._output_shape() or (1, 4)
        subject = LossSubject(self.homework.loss, self.code, shape)
        findings = check_loss(self.homework.loss, self.code, shape)
        findings = findings or check_targets(subject, integer_arrays(self.homework.module))
        if [f.id for f in findings] == ["unexplained"] and not self.report.layers[-1].findings:
            findings = check_joint(subject, self.last) or findings
        line = self.source.of_function(self.homework.loss.gradient)
        value = self.source.of_function(self.homework.loss.function)
        self.report.loss.findings += [
            f if f.line else replace(f, line=value if f.tensor == "E" else line) for f in findings
        ]

    def _layers(self) -> None:
        homework, report = self.homework, self.report
        report.errors += check_sharing(homework.layers, homework.names, self.parameters)
        output = self._output_shape()
        if output is None:
            return
        if not report.errors:
            self.outside.restore()
            report.errors += check_crossing(homework.layers, homework.names, self.parameters, self.shapes, self.code)
        if any(f.id in ENDED for f in report.loss.findings):
            return
        self.outside.restore()
        loss = LossSubject(homework.loss, self.code, output)
        whole = Whole(homework.layers, homework.names, self.judged, loss, self.code, self.shapes[0])
        try:
            if not self._is_joint(whole):
                self._whole(whole, output)
        except StudentError as error:
            if report.ok and self._fit():
                report.notes.append(f"the layers were not run one after the other: {error.message}")
            elif report.ok:
                report.errors.append(raised(error))
        except (TypeError, ValueError) as error:
            if report.ok:
                report.errors.append(unfinished("the check of the network as a whole", error))

    def _fit(self) -> bool:
        """Each layer gives as many numbers as the next one takes, so that only their arrangement can differ.

        A network may reshape what goes from one layer to the next by itself.
        """
        rearranged = False
        for index, layer in enumerate(self.homework.layers[:-1]):
            subject = Subject(layer, self.homework.names[index], self.code, self.shapes[index])
            shape = np.shape(subject.forward(subject.fresh(), subject.inputs(0, 1.0, self.shapes[index])))
            if np.prod(shape) != np.prod(self.shapes[index + 1]):
                return False
            rearranged |= shape != self.shapes[index + 1]
        return rearranged

    def _whole(self, whole: Whole, output: Shape) -> None:
        """The network's gradient; a factor of the samples that is in the loss's gradient is a finding of the loss."""
        report, loss = self.report, self.homework.loss
        for finding in check_whole(whole, self.own_loss, report.ok):
            factor = rows_factor(loss, self.code, output) if finding.id in ("sum-for-mean", "mean-for-sum") else None
            if factor is None or abs(factor - 1) < 1e-3:
                report.errors.append(finding)
                continue
            text = f"with {ROWS} samples at once your loss gradient is {factor:.4g} × the measured one"
            line = self.source.of_function(loss.gradient)
            report.loss.findings.append(replace(finding, tensor=TENSOR, evidence=text, line=line))

    def _output_shape(self) -> Shape | None:
        """The shape of the network's output for one sample; None where a layer does not come so far."""
        stopped = any(f.id in ENDED for layer in self.report.layers for f in layer.findings)
        if stopped or len(self.shapes) != len(self.homework.layers):
            return None
        last = self.homework.layers[-1]
        subject = Subject(last, self.homework.names[-1], self.code, self.shapes[-1])
        try:
            shape: Shape = np.shape(subject.forward(subject.fresh(), subject.inputs(0, 1.0, self.shapes[-1])))
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
