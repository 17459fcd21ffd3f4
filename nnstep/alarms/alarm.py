"""An alarm: what seems wrong in a run, in words and numbers, and where to look at it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nnstep.branches import Position, parse_position

WIDTH = 80


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a rule found.

    Attributes:
        id: which rule, such as `saturation`; these names stay as they are.
        title: the same for people.
        sentence: what is wrong, in one sentence.
        evidence: the numbers that show it, beside their limits.
        advice: what to try.
        doubt: when it may be a false alarm.
        source: where the limits come from.
        numbers: those of the evidence by name.
        position: where the debugger shows it.
        branch: on which branch of the run.
        step: at which step of that sample, from 1.
        layer: which layer, from 0; None where it is none of them.
        name: what that layer is called, or what else it is about: `input`, `loss`.
        file: where the code is that ran there, None where it cannot be found.
        line: its line, from 1.
        option: which option of the command has to do with it, such as `--learning-rate 10`.
        follows: the id of an alarm before it that explains this one.
        cleared: where it was over again, None where it still holds.
    """

    id: str
    title: str
    sentence: str
    evidence: str
    advice: str
    doubt: str
    source: str
    position: Position
    branch: str
    step: int
    layer: int | None
    name: str
    file: str | None = None
    line: int | None = None
    option: str | None = None
    follows: str | None = None
    cleared: Position | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The alarm in JSON's own types; a number that is not finite becomes a text: JSON has none."""
        finite = {name: value if abs(value) < float("inf") else str(value) for name, value in self.numbers.items()}
        place = {"epoch": self.position.epoch, "sample": self.position.sample, "at": str(self.position)}
        cleared = None if self.cleared is None else str(self.cleared)
        kept = {name: value for name, value in asdict(self).items() if name != "position"}
        return kept | place | {"numbers": finite, "cleared": cleared}

    def text(self, width: int = WIDTH) -> str:
        """A short block for people; one line or two where it follows from another alarm.

        Args:
            width: the longest line.
        """
        where = f"epoch {self.position.epoch}, sample {self.position.sample}   {self.name}"
        if self.follows:
            text = f"alarm: {self.title}   {where}   (follows from {self.follows}): {self.evidence}"
            return _wrapped(text, "  ", width)
        head = f"alarm: {self.title}   {where}"
        rows = [("evidence", self.evidence), ("try", self.advice), ("unless", self.doubt), ("limit", self.source)]
        code = "   ".join(part for part in (self.code, self.option) if part)
        rows += [("see", code)] if code else []
        lines = [_wrapped(f"  {word:<10}{text}", " " * 12, width) for word, text in rows]
        return "\n".join([_wrapped(head, "  ", width), _wrapped("  " + self.sentence, "  ", width), *lines])

    @property
    def code(self) -> str:
        """File and line, as editors take them; empty where they are not known."""
        return f"{self.file}:{self.line}" if self.file else ""


def alarm_from_json(known: dict[str, Any]) -> Alarm:
    """The alarm that `as_json` described; raises KeyError, TypeError, ValueError or NnstepError where it is damaged."""
    rest = {name: value for name, value in known.items() if name not in ("epoch", "sample", "at")}
    cleared = parse_position(known["cleared"]) if known["cleared"] is not None else None
    numbers = {name: float(value) for name, value in known["numbers"].items()}
    return Alarm(**(rest | {"position": parse_position(known["at"]), "cleared": cleared, "numbers": numbers}))


def _wrapped(text: str, indent: str, width: int) -> str:
    return textwrap.fill(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)
