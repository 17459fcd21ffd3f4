"""The pane below the tensors: an element's arithmetic or a tensor's statistics, the source, watches and breakpoints."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from nnstep.source import Function

PAGES = ("arithmetic", "source", "watches")
BARS = "▁▂▃▄▅▆▇█"


class LowerPanes(Horizontal):
    """Shows as many of its three pages side by side as there is room for; a narrow one shows one, by `page`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.page = PAGES[0]

    def compose(self) -> ComposeResult:
        """The three pages."""
        for name in PAGES:
            page = Static(id=name, markup=False)
            page.border_title = name
            yield page

    def on_resize(self) -> None:
        """Fits the pages to the room."""
        self.fit_pages()

    def show_page(self, name: str) -> None:
        """Shows a page, where it is not on screen already."""
        if not self.shows(name):
            self.page = name
            self.fit_pages()

    def next_page(self) -> None:
        """Shows the next page."""
        self.page = PAGES[(PAGES.index(self.page) + 1) % len(PAGES)]
        self.fit_pages()

    def shows(self, name: str) -> bool:
        """Whether a page is on screen."""
        return bool(self.query_one(f"#{name}").display)

    @property
    def _room(self) -> int:
        """How many pages stand side by side."""
        return 1 if self.size.width < 84 else 2 if self.size.width < 124 else 3

    def fit_pages(self) -> None:
        """Shows one, two or all pages, `page` always."""
        first = PAGES.index(self.page)
        shown = {PAGES[(first + i) % len(PAGES)] for i in range(self._room)}
        for name in PAGES:
            self.query_one(f"#{name}").display = name in shown

    def show_arithmetic(self, title: str, lines: Sequence[str], hint: str) -> None:
        """Shows an element's arithmetic, or what else there is to say of the selected tensor."""
        pane = self.query_one("#arithmetic")
        pane.border_title, pane.border_subtitle = title, hint
        self._put("arithmetic", Text("\n".join(lines)))

    def show_source(self, functions: Sequence[Function]) -> None:
        """Shows functions with their line numbers; ▶ stands before each line that ran, and the first is in sight."""
        lines: list[Text] = []
        first_ran, width = 0, max(20, self.size.width // self._room - 8)
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


def sparkline(values: Sequence[float]) -> str:
    """A course in one line of eighth blocks; a blank where it is not finite."""
    finite = [value for value in values if value - value == 0]
    if not finite:
        return ""
    low, span = min(finite), (max(finite) - min(finite)) or 1.0
    return "".join(BARS[round(7 * (v - low) / span)] if v - v == 0 else " " for v in values)
