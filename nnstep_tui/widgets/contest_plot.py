"""The curve plot with one colour more: grey, for the curves that are there beside those of interest."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text

from nnstep_tui.widgets.curve_plot import CurvePlot

GREY = 99


class ContestPlot(CurvePlot):
    """Draws errors of contenders above each other."""

    def line_style(self, colour: int) -> Style:
        """The style of a curve."""
        return self._line(colour)

    def legend(self) -> Text:
        """The names of the curves that are not grey, the last one first."""
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        for series in reversed([one for one in self._view.series if one.colour != GREY]):
            text.append("━━ ", self._line(series.colour))
            text.append(f"{series.name}   ")
        return text

    def _line(self, colour: int) -> Style:
        return self._style("axis") if colour == GREY else super()._line(colour)
