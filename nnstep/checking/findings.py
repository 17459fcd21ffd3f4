"""What a check found: findings of layers, of the loss and of the file as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

IDS = (
    "factor", "transposed", "missing-derivative", "doubled-derivative", "derivative-at-output", "derivative-at-input",
    "wrong-activation-derivative", "bias-missing", "bias-not-summed", "bias-sign", "updated-too-early",
    "learning-rate", "stale-input", "overwritten", "sum-for-mean", "mean-for-sum", "broadcast", "integer", "overflow",
    "axis", "shared-parameters", "wrong-shape", "wrong-type", "impure", "raised", "timeout", "unexplained",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        id: one of IDS.
        tensor: what it is about: `dE/dX`, `X`, `Y`, `dE/dY`, or the attribute that holds a parameter; empty for none.
        evidence: the numbers that show it, in one sentence.
        confidence: between 0 and 1, how sure it is that the id names the cause.
        line: the student's line that most likely makes it, from 1.
        fits: what else the numbers say, for hints: such as the factor.
    """

    id: str
    tensor: str
    evidence: str
    confidence: float = 0.95
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "id": self.id,
            "tensor": self.tensor or None,
            "confidence": round(self.confidence, 3),
            "evidence": self.evidence,
            "line": self.line,
        }


@dataclass(slots=True)
class LayerReport:
    """What was found in one layer.

    Attributes:
        index: its place in the network, from 0.
        name: its kind, such as the name of its class.
        findings: what is wrong.
        notes: what is no fault, but worth knowing.
        finished: the check came to its end; where it did not, an error of the file says why.
    """

    index: int
    name: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finished: bool = True

    @property
    def ok(self) -> bool:
        """Nothing is wrong, and all was checked."""
        return self.finished and not self.findings

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "index": self.index,
            "name": self.name,
            "ok": self.ok,
            "findings": [finding.as_json() for finding in self.findings],
            "notes": self.notes,
        }


@dataclass(slots=True)
class FileReport:
    """What was found in one file."""

    file: str
    layers: list[LayerReport] = field(default_factory=list)
    loss: LayerReport = field(default_factory=lambda: LayerReport(-1, "loss"))
    errors: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.errors and self.loss.ok and all(layer.ok for layer in self.layers)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        loss = self.loss.as_json()
        del loss["index"]
        return {
            "ok": self.ok,
            "layers": [layer.as_json() for layer in self.layers],
            "loss": loss,
            "errors": [finding.as_json() for finding in self.errors],
            "notes": self.notes,
        }


def with_places(report: dict[str, Any], place: Callable[[int], str]) -> dict[str, Any]:
    """Adds to each finding of a report that has a line where that stands, such as `cell 3, line 5` of a notebook."""
    parts = [*report["layers"], report["loss"], {"findings": report["errors"]}]
    for finding in (finding for part in parts for finding in part["findings"]):
        if finding["line"]:
            finding["place"] = place(finding["line"])
    return report
