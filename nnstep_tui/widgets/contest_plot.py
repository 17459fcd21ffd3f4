"""The curve plot with one colour more: grey, for the curves that are there beside those of interest."""

from __future__ import annotations

from rich.style import Style

from nnstep_tui.widgets.curve_plot import CurvePlot, Series

GREY = 99


class ContestPlot(CurvePlot):
    """Draws errors of contenders above each other."""

    def line_style(self, colour: int) -> Style:
        """The style of a curve."""
        return self._line(colour)

    def _has_name(self, series: Series) -> bool:
        return series.colour != GREY

    def _line(self, colour: int) -> Style:
        return self._style("axis") if colour == GREY else super()._line(colour)
