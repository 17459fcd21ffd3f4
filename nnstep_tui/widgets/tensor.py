"""One tensor in a widget of its own."""

from __future__ import annotations

from textual.markup import escape
from textual.strip import Strip
from textual.widget import Widget

from nnstep_tui.widgets.palette import Palette, palette_of
from nnstep_tui.widgets.tensor_picture import TensorPicture, View


class TensorView(Widget):
    """Draws the view that it is given with `show`."""

    DEFAULT_CSS = """
    TensorView { border: round $foreground 25%; border-title-color: $text; border-subtitle-color: $text-muted; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._picture = TensorPicture()

    def show(self, view: View) -> None:
        """Shows a tensor."""
        if self._picture.show(view):
            self.border_title, self.border_subtitle = escape(self._picture.title), escape(self._picture.words)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        lines = self._picture.draw(self.size.height, self.size.width, palette_for(self))
        return lines[y] if y < len(lines) else Strip.blank(self.size.width)


def palette_for(widget: Widget) -> Palette:
    """The palette of the theme that a widget is drawn in."""
    theme = widget.app.current_theme
    if widget.app.no_color:
        kind = "plain"
    elif "ansi" in theme.name:
        kind = "ansi" if theme.dark else "ansi-light"
    else:
        kind = "dark" if theme.dark else "light"
    return palette_of(kind, widget.rich_style)
