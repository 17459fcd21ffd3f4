"""A screen that lists lines, such as breakpoints or watches, and lets them be added, edited and removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.dialog import Dialog
from nnstep_tui.widgets.key_line import KeyLine


@dataclass(frozen=True, slots=True)
class Items:
    """What a list screen shows, and what its keys do.

    Attributes:
        title: what they are.
        examples: what can be written, for the question.
        lines: each item as it is listed.
        texts: each item as it is edited.
        add: takes the text of a new one; raises NnstepError where it cannot be understood.
        edit: takes a number and a new text.
        remove: takes a number.
        toggle: switches one on or off; None where they have no such state.
    """

    title: str
    examples: str
    lines: Callable[[], list[str]]
    texts: Callable[[], list[str]]
    add: Callable[[str], object]
    edit: Callable[[int, str], object]
    remove: Callable[[int], object]
    toggle: Callable[[int], object] | None = None


class ItemsScreen(Dialog[None]):
    """Lists items; opens the question for a new one at once where there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a,n", "add", "add", key_display="a"),
        Binding("e,enter", "edit", "edit", key_display="e"),
        Binding("space", "switch", "on / off"),
        Binding("x,delete", "remove", "remove", key_display="x"),
        Binding("escape,q", "dismiss", "close", key_display="Esc"),
    ]

    def __init__(self, items: Items, ask: bool = False) -> None:
        super().__init__()
        self._items, self._ask = items, ask

    def compose(self) -> ComposeResult:
        """The title, the list, and the keys."""
        with Vertical(id="dialog"):
            yield Label(self._items.title, id="title", markup=False)
            yield OptionList(markup=False)
            yield Label(self._items.examples, classes="hint", markup=False)
            yield KeyLine()

    def on_mount(self) -> None:
        """Fills the list."""
        self._fill(0)
        if self._ask:
            self.action_add()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hides the key for switching on and off where there is no such state."""
        known = action != "switch" or self._items.toggle is not None
        return known and super().check_action(action, parameters)

    def on_option_list_option_selected(self) -> None:
        """Enter edits, unless Escape closed the screen meanwhile."""
        if self.is_current:
            self.action_edit()

    def action_add(self) -> None:
        """Asks for a new one."""

        def add(text: str) -> None:
            self._items.add(text)
            self._fill(len(self._items.texts()) - 1)

        self.app.push_screen(Ask(f"New in {self._items.title}", add, hint=self._items.examples))

    def action_edit(self) -> None:
        """Asks for the new text of the chosen one."""
        number = self._chosen()
        if number is None:
            self.action_add()
            return

        def edit(text: str) -> None:
            self._items.edit(number, text)
            self._fill(number)

        self.app.push_screen(Ask(self._items.title, edit, self._items.texts()[number], self._items.examples))

    def action_switch(self) -> None:
        """Switches the chosen one on or off."""
        number = self._chosen()
        if number is not None and self._items.toggle:
            self._items.toggle(number)
            self._fill(number)

    def action_remove(self) -> None:
        """Removes the chosen one."""
        number = self._chosen()
        if number is not None:
            self._items.remove(number)
            self._fill(number)

    def _chosen(self) -> int | None:
        chosen = self.query_one(OptionList).highlighted
        return chosen if chosen is not None and chosen < len(self._items.texts()) else None

    def _fill(self, chosen: int) -> None:
        listed = self.query_one(OptionList)
        listed.clear_options()
        lines = self._items.lines()
        listed.add_options([Option(line) for line in lines] or [Option("none yet: press a", disabled=True)])
        if lines:
            listed.highlighted = min(chosen, len(lines) - 1)
        listed.focus()
