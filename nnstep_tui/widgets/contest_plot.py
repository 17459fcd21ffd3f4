"""The curve plot with one colour more: grey, for the curves that are there beside those of interest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.style import Style

from nnstep.plotting import Floats
from nnstep_tui.widgets.curve_plot import CurvePlot, Series

GREY = 99
FAR = 3


class ContestPlot(CurvePlot):
    """Draws errors of contenders above each other."""

    def _has_name(self, series: Series) -> bool:
        return series.colour != GREY

    def _deciding(self, values: Sequence[Floats]) -> Floats:
        """A grey curve that leaves the others far below does not press them flat: it is cut at the upper end."""
        pairs = list(zip(self._view.series, values, strict=True))
        named = np.concatenate([np.zeros(0), *(y for one, y in pairs if self._has_name(one))])
        named = named[np.isfinite(named)]
        every = super()._deciding(values)
        return every[every <= FAR * named.max()] if named.size and named.max() > 0 else every

    def _line(self, colour: int) -> Style:
        return self._style("axis") if colour == GREY else super()._line(colour)
