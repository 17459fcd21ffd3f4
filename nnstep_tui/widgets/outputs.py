"""The ten outputs as bars, with the label and the class that the network says."""

from __future__ import annotations

from rich.text import Text
from textual.events import Click
from textual.message import Message
from textual.widgets import Static

from nnstep.layers import Array
from nnstep.statistics import output_text


class OutputBars(Static):
    """Draws a bar for each output; the label's is marked, the largest is what the network says."""

    class Clicked(Message):
        """A bar was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "outputs"
        self._classes_shown = 0

    def show(self, outputs: Array | None, label: int) -> None:
        """Shows outputs (1, classes), or none while forward has not come to the end."""
        self.border_subtitle = f"label {label}"
        if outputs is None:
            self.update(Text(f"label {label}\nnot computed yet:\nfinish the pass (f)", style="dim"), layout=False)
            return
        values = outputs.ravel()
        self._classes_shown = values.size
        best, room = int(values.argmax()), max(4, self.size.width - 13)
        self.border_subtitle = f"label {label}, says {best} {'✓' if best == label else '✗'}"
        text = Text(no_wrap=True)
        for index, value in enumerate(values.tolist()):
            bar = "█" * round(room * min(1.0, max(0.0, value)))
            mark = "◀" if index == label else " "
            style = "bold" if index == best else ""
            text.append(f"{index} {bar:{room}} {output_text(value):>6} {mark}\n", style)
        text.rstrip()
        self.update(text, layout=False)

    def on_click(self, event: Click) -> None:
        """Tells which bar was clicked."""
        place = event.get_content_offset(self)
        if place and place.y < self._classes_shown:
            self.post_message(self.Clicked(place.y))
