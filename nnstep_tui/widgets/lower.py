"""The pane below the tensors: an element's arithmetic or a tensor's statistics, the source, watches and breakpoints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.markup import escape
from textual.widgets import Static

from nnstep.run_text import sparkline
from nnstep.source import Function
from nnstep_tui.widgets.pages import Pages

PAGES = ("arithmetic", "source", "watches")


class LowerPanes(Pages):
    """Arithmetic, source and watches."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(PAGES, least=42, id=id)
        self._failure: Text | None = None

    def compose(self) -> ComposeResult:
        """The three pages."""
        for name in PAGES:
            page = Static(id=name, markup=False)
            page.border_title = name
            yield page

    def show_failure(self, text: Text | None) -> None:
        """Shows what a student's code raised in this step, in place of the arithmetic; None where it raised nothing."""
        if text is not None and self._failure is None:
            self.show_page("arithmetic")
        self._failure = text

    def show_arithmetic(self, title: str, lines: Sequence[str], hint: str) -> None:
        """Shows an element's arithmetic, or what else there is to say of the selected tensor."""
        pane = self.query_one("#arithmetic")
        pane.set_class(self._failure is not None, "-failed")
        if self._failure is not None:
            pane.border_title, pane.border_subtitle = "your code raised", "n: all of it · o: the source"
            self._put("arithmetic", self._failure)
            return
        pane.border_title, pane.border_subtitle = escape(title), escape(hint)
        self._put("arithmetic", Text("\n".join(lines)))

    def show_source(self, functions: Sequence[Function]) -> None:
        """Shows functions with their line numbers; ▶ stands before each line that ran, and the first is in sight."""
        lines: list[Text] = []
        first_ran, width = 0, max(20, self.size.width // self.room - 8)
        for function in functions:
            lines.append(Text(function.name, "bold"))
            where = function.note or function.file
            if len(function.name) + len(where) + 2 <= width + 6:
                lines[-1].append(f"  {where}", "not bold dim")
            for number, line in function.lines:
                ran = number in function.ran
                first_ran = first_ran or (len(lines) if ran else 0)
                mark = (f"{'▶' if ran else ' '}{number:4} ", "bold" if ran else "dim")
                for piece in folded(line, width):
                    lines.append(Text.assemble(mark, (piece, "" if ran else "dim")))
                    mark = ("      ", "")
        room = max(1, self.query_one("#source").size.height)
        start = max(0, min(first_ran - 2, len(lines) - room)) if first_ran >= room else 0
        self._put("source", Text("\n", no_wrap=True, overflow="ellipsis").join(lines[start:]))

    def show_watches(
        self, watches: Sequence[tuple[str, float | None, list[float]]], breakpoints: Sequence[str]
    ) -> None:
        """Shows each watch with its value and course, then the breakpoints."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for name, value, course in watches:
            shown = "–" if value is None else f"{value:.5g}"
            text.append(f"{name} ", "bold")
            text.append(f"{shown} {sparkline(course)}\n")
        for line in breakpoints:
            text.append(f"{line}\n")
        if not watches and not breakpoints:
            text.append("w watches a number, b sets a breakpoint", "dim")
        text.rstrip()
        self._put("watches", text)

    def _put(self, name: str, text: Text) -> None:
        self.query_one(f"#{name}", Static).update(text, layout=False)


def folded(line: str, width: int) -> list[str]:
    """A line of code in as many lines as it needs, the further ones farther in."""
    indent = len(line) - len(line.lstrip())
    return textwrap.wrap(line, width, subsequent_indent=" " * min(indent + 6, width // 2)) or [""]
