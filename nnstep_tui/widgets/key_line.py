"""The keys at hand, in one line that is drawn at once: Textual's footer makes a widget of each, and keeps them all."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from rich.text import Text
from textual.binding import Binding
from textual.events import Click, Leave, MouseMove
from textual.screen import Screen
from textual.widget import Widget

HELP = "help"


class Shown(NamedTuple):
    """A key that stands in the line, from column `start` up to `stop`."""

    start: int
    stop: int
    binding: Binding


class KeyLine(Widget, can_focus=False):
    """What the screen's bindings with `show` say, as many as there is room for; a click presses a key."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--description"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        .key-line--key { color: $footer-key-foreground; text-style: bold; }
        .key-line--description { color: $footer-description-foreground; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Shown] = []

    def on_mount(self) -> None:
        """Draws anew whenever other keys are at hand."""
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def render(self) -> Text:
        """Keys and what they do: where the line is too short, the help is still there, and the last others are not."""
        entries = [(binding, self._entry(binding)) for binding in self._at_hand()]
        needed = [(binding, entry) for binding, entry in entries if binding.action == HELP]
        room = 1 + self.size.width - sum(entry.cell_len for _, entry in needed)
        text = Text(no_wrap=True, end="")
        self._shown = []
        for binding, entry in [pair for pair in entries if pair not in needed]:
            if text.cell_len + entry.cell_len > room:
                break
            self._append(text, binding, entry)
        for binding, entry in needed:
            self._append(text, binding, entry)
        return text

    def on_click(self, event: Click) -> None:
        """Presses the key that was clicked."""
        binding = self._at(event.x)
        if binding:
            self.app.simulate_key(binding.key)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Says more of the key below the mouse."""
        binding = self._at(event.x)
        self.tooltip = binding.tooltip or None if binding else None

    def on_leave(self, event: Leave) -> None:
        """Says no more."""
        self.tooltip = None

    def _entry(self, binding: Binding) -> Text:
        key_style = self.get_component_rich_style("key-line--key", partial=True)
        description_style = self.get_component_rich_style("key-line--description", partial=True)
        key = self.app.get_key_display(binding)
        return Text.assemble((key, key_style), " ", (binding.description, description_style), " ")

    def _append(self, text: Text, binding: Binding, entry: Text) -> None:
        start = text.cell_len
        text.append_text(entry)
        self._shown.append(Shown(start, text.cell_len - 1, binding))

    def _bindings_changed(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            self.refresh()

    def _at_hand(self) -> list[Binding]:
        """One for each action, in the order of the screen."""
        found: dict[str, Binding] = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show and active.enabled:
                found.setdefault(active.binding.action, active.binding)
        return list(found.values())

    def _at(self, x: int) -> Binding | None:
        return next((shown.binding for shown in self._shown if shown.start <= x < shown.stop), None)
