"""Checks a student's file: every layer, the loss, and the network as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nnstep.checking.failures import raised, unfinished
from nnstep.checking.file_together import check_together
from nnstep.checking.findings import FileReport, Finding, LayerReport
from nnstep.checking.integer_data import check_inputs, integer_arrays
from nnstep.checking.layer_check import Result, check
from nnstep.checking.lines import Source
from nnstep.checking.outside import Outside
from nnstep.checking.shapes import sample_shapes
from nnstep.checking.subject import Shape, Subject
from nnstep.checking.untrained import never_change
from nnstep.homework import Homework
from nnstep.stack import kind_of
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

SHORT = 1.0

Told = Callable[[FileReport, str], None]


def check_file(
    homework: Homework, told: Told | None = None, skip: frozenset[int] = frozenset(), alone: bool = False
) -> FileReport:
    """Checks a loaded file.

    Args:
        homework: the file.
        told: is given the report as far as it goes and what comes next: `layers`, one by one, then all `together`.
        skip: layers that are known to end the process.
        alone: each layer is tried by itself only: together they end the process.
    """
    checker = _FileCheck(homework, told or (lambda report, stage: None), skip, alone or bool(skip))
    return checker.run()


class _FileCheck:
    def __init__(self, homework: Homework, told: Told, skip: frozenset[int], alone: bool) -> None:
        self.homework, self.told, self.skip, self.alone = homework, told, skip, alone
        self.code = homework.code
        self.report = FileReport(homework.path)
        self.source = Source(homework.text, homework.code)
        self.results: list[Result | None] = []
        self.outside = Outside(homework.layers)

    def run(self) -> FileReport:
        layers = self.homework.layers
        self.told(self.report, "layers")
        shapes = self._shapes()
        late: set[type] = set()
        for index, layer in enumerate(layers):
            entry = LayerReport(index, self.homework.names[index].rpartition(" ")[0])
            self.report.layers.append(entry)
            self.told(self.report, "layers")
            result = Result() if index in self.skip else self._layer(index, layer, shapes, late)
            self._take(entry, result, layer)
            self.results.append(result)
        if not self.alone:
            self.told(self.report, "together")
            self.outside.restore()
            results = [result or Result() for result in self.results]
            check_together(self.homework, self.report, self.source, shapes, results)
        return self.report

    def _shapes(self) -> list[Shape]:
        """The sample shape of each layer; none where a call did not come back: its layer is found later."""
        if self.alone:
            return []
        limit = self.code.time_limit
        try:
            self.code.time_limit = min(limit, 2 * SHORT)
            return self.code.within(lambda: sample_shapes(self.homework.layers, self.code))
        except Exception:
            return []
        finally:
            self.code.time_limit = limit

    def _layer(self, index: int, layer: Any, shapes: list[Shape], late: set[type]) -> Result:
        """The check of one layer; what does not come back in time is a finding of it."""
        name = self.homework.names[index]
        limit = self.code.time_limit
        self.code.exhausted = None
        try:
            if type(layer) in late:
                self.code.time_limit = min(limit, SHORT)
            result = self.code.within(lambda: self._within(index, layer, name, shapes))
            if self.code.exhausted and not any(f.id == "raised" for f in result.findings):
                result.findings.append(raised(self.code.exhausted))
            return result
        except StudentError as error:
            if error.kind == "timeout":
                late.add(type(layer))
            return Result([raised(error)])
        except MemoryError as error:
            return Result([unfinished(f"the check of {name}", error)])
        except Exception as error:  # a layer of a kind that the check itself does not know how to handle
            self.report.errors.append(unfinished(f"the check of {name}", error))
            return Result(finished=False)
        finally:
            self.code.time_limit = limit

    def _take(self, entry: LayerReport, result: Result, layer: Any) -> None:
        """Puts what was found in a layer into its report."""
        entry.findings, entry.notes, entry.finished = result.findings, result.notes, result.finished
        try:
            entry.findings = self._refined(result.findings, layer, result)
        except Exception as error:
            self.report.errors.append(unfinished(f"the check of {entry.name}", error))

    def _within(self, index: int, layer: Any, name: str, shapes: list[Shape]) -> Result:
        self.outside.restore()
        shape = shapes[index] if index < len(shapes) else sample_shapes([layer], self.code)[0]
        result = check(Subject(layer, name, self.code, shape))
        if not result.findings and self.source.updates_always(layer):
            result.findings += never_change(result.untrained)
        if index == 0 and not result.findings:
            data = integer_arrays(self.homework.module)
            result.findings += check_inputs(Subject(layer, name, self.code, shape), data)
        return result

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
            line = self.source.overwrites_kept(layer)
            if line is not None and not _keeps_input(layer):
                text = f"{finding.evidence}: forward writes its output over the array that it keeps for backward"
                return replace(finding, id="overwritten", evidence=text, line=line, confidence=0.8)
        return finding


def _keeps_input(layer: Any) -> bool:
    """The layer has an attribute whose name says that it holds its input."""
    return any(name.lower().lstrip("_") in ("x", "input", "inputs", "z", "last_input") for name in vars(layer))


def check_layer(
    layer: Any, shape: Shape | None = None, time_limit: float = 10.0, code: StudentCode | None = None
) -> LayerReport:
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
