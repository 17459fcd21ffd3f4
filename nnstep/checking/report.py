"""A check's report as text for a terminal of 80 columns, and as JUnit XML."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import Any
from xml.etree import ElementTree

from nnstep.checking.hints import LESSONS
from nnstep.checking.processes import Outcome

WIDTH = 80
GREEN, RED, YELLOW, DIM, PLAIN = "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[0m"


class Writer:
    """Writes reports.

    Args:
        hint: how much the hints give away, 0 to 3.
        teacher: all hints, and how the fault is mended.
        colour: whether the text goes to a terminal that takes colours.
    """

    def __init__(self, hint: int, teacher: bool, colour: bool) -> None:
        self.hint, self.teacher, self.colour = hint, teacher, colour

    def file(self, outcome: Outcome) -> str:
        """The report of one file."""
        report = outcome.report
        lines = [readable(outcome.file)]
        for layer in report["layers"]:
            lines += self._part(f"layer {layer['index']}  {layer['name']}", layer)
        if report["layers"]:
            lines += self._part(f"loss  {report['loss']['name']}", report["loss"])
        if report["errors"]:
            lines += self._part("the file as a whole", {"ok": False, "findings": report["errors"], "notes": []})
        lines += [text for note in report["notes"] for text in _wrapped(note, "  · ")]
        return "\n".join([*lines, self._summary(outcome)])

    def table(self, outcomes: list[Outcome]) -> str:
        """A line for each of several files."""
        names = [readable(outcome.file) for outcome in outcomes]
        width = min(max(map(len, names)), 38)
        lines = []
        for outcome, name in zip(outcomes, names, strict=True):
            name = name if len(name) <= width else "…" + name[1 - width :]
            what = ", ".join(dict.fromkeys(f["id"] for f in findings_of(outcome.report))) or "–"
            mark = self._mark(outcome.ok)
            lines.append(f"{mark} {name:{width}}  {textwrap.shorten(what, WIDTH - width - 6, placeholder=' …')}")
        right = sum(outcome.ok for outcome in outcomes)
        return "\n".join([*lines, f"{right} of {len(outcomes)} files are right"])

    def _part(self, title: str, part: dict[str, Any]) -> list[str]:
        title = readable(title)
        title = title if len(title) <= WIDTH - 2 else title[: WIDTH - 3] + "…"
        lines = [f"{self._mark(part['ok'])} {title}"]
        for finding in part["findings"]:
            lines += self._finding(finding)
        return lines + [text for note in part["notes"] for text in _wrapped(note, "    · ")]

    def _finding(self, finding: dict[str, Any]) -> list[str]:
        lesson = LESSONS[finding["id"]]
        where = f"{finding.get('place') or 'line ' + str(finding['line'])}: " if finding["line"] else ""
        sure = f"{finding['confidence']:.0%} sure"
        about = f"{finding['tensor']}: " if finding["tensor"] else ""
        lines = [self._paint(YELLOW, text) for text in _wrapped(f"{finding['id']}  {about}{lesson.title}", "    ")]
        lines += _wrapped(f"{where}{finding['evidence']} ({sure})", "      ")
        hints = lesson.hints if self.teacher else lesson.hints[self.hint - 1 : self.hint] if self.hint else ()
        lines += [text for hint in hints for text in _wrapped(hint, "      → ")]
        if self.teacher:
            lines += _wrapped(f"To mend it: {lesson.fix}", "      = ")
        return lines

    def _summary(self, outcome: Outcome) -> str:
        count = len(findings_of(outcome.report))
        if outcome.ok:
            return self._paint(GREEN, "All gradients are right.")
        return self._paint(RED, f"{count} finding{'s' if count > 1 else ''}.")

    def _mark(self, ok: bool) -> str:
        return self._paint(GREEN, "✓") if ok else self._paint(RED, "✗")

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self.colour else text


def findings_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """All findings of a file."""
    layers = [finding for layer in report["layers"] for finding in layer["findings"]]
    return [*layers, *report["loss"]["findings"], *report["errors"]]


def junit(outcomes: list[Outcome]) -> bytes:
    """JUnit XML: a suite for each file, a case for each layer, for the loss and for the file as a whole."""
    root = ElementTree.Element("testsuites", name="nnstep check")
    total = failed = 0
    for outcome in outcomes:
        report = outcome.report
        parts = [(f"layer {layer['index']} {layer['name']}", layer["findings"]) for layer in report["layers"]]
        parts += [("loss", report["loss"]["findings"]), ("network", report["errors"])]
        bad = sum(bool(findings) for _, findings in parts)
        suite = ElementTree.SubElement(
            root, "testsuite", name=readable(outcome.file), tests=str(len(parts)), failures=str(bad), errors="0"
        )
        for name, findings in parts:
            case = ElementTree.SubElement(suite, "testcase", classname=readable(outcome.file), name=readable(name))
            if findings:
                ids = ", ".join(finding["id"] for finding in findings)
                failure = ElementTree.SubElement(case, "failure", message=ids, type=findings[0]["id"])
                failure.text = "\n".join(f"{f['id']}: {_in_one_line(f['evidence'])}" for f in findings)
        total, failed = total + len(parts), failed + bad
    root.set("tests", str(total))
    root.set("failures", str(failed))
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def readable(text: str) -> str:
    """With control characters and half characters, for which XML has no room either, as Python writes them."""
    escaped = (c if unicodedata.category(c) not in ("Cc", "Cs", "Cn") else ascii(c)[1:-1] for c in text.strip())
    return "".join(escaped)


def _in_one_line(text: str) -> str:
    return readable(re.sub(r"[\t\n\v\f\r]+", " ", text))


def _wrapped(text: str, before: str) -> list[str]:
    return textwrap.wrap(_in_one_line(text), WIDTH, initial_indent=before, subsequent_indent=" " * len(before))
