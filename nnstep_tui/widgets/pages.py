"""Pages in a row: as many side by side as there is room for."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Horizontal


class Pages(Horizontal):
    """Shows some of its pages, `page` always; the others follow it in their order.

    Args:
        names: the ids of the pages, which `compose` makes.
        least: how many characters wide a page is at least.
    """

    def __init__(self, names: Sequence[str], least: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names, self._least = tuple(names), least
        self.page = self._names[0]

    @property
    def room(self) -> int:
        """How many pages stand side by side."""
        return max(1, min(len(self._names), self.size.width // self._least))

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
        self.page = self._names[(self._names.index(self.page) + 1) % len(self._names)]
        self.fit_pages()

    def shows(self, name: str) -> bool:
        """Whether a page is on screen."""
        return bool(self.query_one(f"#{name}").display)

    def fit_pages(self) -> None:
        """Shows as many pages as there is room for."""
        first = self._names.index(self.page)
        shown = {self._names[(first + i) % len(self._names)] for i in range(self.room)}
        for name in self._names:
            self.query_one(f"#{name}").display = name in shown
