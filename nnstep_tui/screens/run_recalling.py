"""The keys that go back in time: a cursor on the curve, look-ups, the debugger at any sample, another future."""

from __future__ import annotations

from collections.abc import Callable

from nnstep.branches import Branch
from nnstep.change_text import EXAMPLES, apply_change
from nnstep.divergence import Divergence, find_divergence, first_not_finite
from nnstep.errors import NnstepError
from nnstep.history import History
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.run_base import RunScreenBase
from nnstep_tui.widgets.curve_plot import CurvePlot


class RunRecalling(RunScreenBase):
    """The cursor, and what can be done where it is."""

    def action_cursor(self, columns: int) -> None:
        """The cursor along the curve."""
        start, stop = self.shown
        self._move(columns * max(1, (stop - start) // self.query_one(CurvePlot).columns))

    def action_cursor_sample(self, samples: int) -> None:
        """The cursor by single samples."""
        self._move(samples)

    def action_cursor_to(self, index: int) -> None:
        """The cursor to a sample."""
        self.cursor.put(index)
        self._keep_in_sight()

    def action_follow(self) -> None:
        """The cursor follows the last sample."""
        self.cursor.index = None
        self.show_upper()

    def action_spike(self) -> None:
        """The next spike."""
        self._seek(lambda history, index: history.next_spike(index), "spike after this sample")

    def action_spike_before(self) -> None:
        """The spike before."""
        self._seek(lambda history, index: history.previous_spike(index), "spike before this sample", False)

    def action_mistake(self) -> None:
        """The next mistake."""
        self._seek(lambda history, index: history.next_wrong(index), "mistake after this sample")

    def action_mistake_before(self) -> None:
        """The mistake before."""
        self._seek(lambda history, index: history.previous_wrong(index), "mistake before this sample", False)

    def action_worst(self) -> None:
        """The worst sample of the run."""
        self._seek(lambda history, index: history.worst(), "sample yet")

    def action_not_finite(self) -> None:
        """Where NaN or infinity began, which may be before the loss shows it."""
        if self.timeline.history().first_not_finite() is None:
            self.tell(NnstepError("There is no NaN and nothing infinite in this run"))
            return
        found: list[Divergence | None] = []

        def put() -> None:
            first = self.timeline.history().first_not_finite()
            if found[0]:
                self.cursor.put_count(found[0].count)
            elif first is not None:
                self.cursor.put(first)
            self._keep_in_sight()

        self.halt(lambda: self.move(lambda: found.append(find_divergence(self.timeline)), put))

    def action_first_right(self) -> None:
        """Where the digit at the cursor first came out right."""

        def seek() -> None:
            row = self.cursor.seek_first_right()
            self.notify(f"Digit {row} first came out right here.", timeout=3)

        if self.attempt(seek):
            self._keep_in_sight()

    def action_open(self) -> None:
        """The debugger at the sample under the cursor."""
        branch, count = self.cursor.place()
        self.halt(lambda: self.app.to_stepping(lambda: self._enter(branch, count)))

    def action_branch_off(self) -> None:
        """Asks what to change at the cursor; the new future stands on the curve beside the old one."""
        branch, count = self.cursor.place()

        def accept(text: str) -> None:
            self._enter(branch, count)
            self.debugger.cursor = 0  # W, b and X without a layer's number are the first layer's
            apply_change(self.debugger, text)

        def then() -> None:
            self.cursor.index = None
            self.notify(f"{self.timeline.branch.name}: Space trains it.")
            self.show()

        position = self.timeline.position_of(count)
        question = Ask(f"Change one thing at {position}, on a branch of its own:", accept, "", EXAMPLES, then)
        self.halt(lambda: self.app.push_screen(question))

    def action_branch(self) -> None:
        """The next branch."""
        names = list(self.timeline.branches)
        if len(names) == 1:
            self.notify("There is one branch only: = makes another one at the cursor.")
            return
        chosen = names[(names.index(self.timeline.branch.name) + 1) % len(names)]

        def go() -> None:
            branch = self.timeline.branches[chosen]
            self.timeline.go_to(branch, branch.end)
            self.debugger.enter()

        self.halt(lambda: self.move(go, self.action_follow))

    def action_zoom(self, factor: float) -> None:
        """Shows fewer or more samples, around the cursor."""
        start, stop = self.shown
        first, last = self.extent
        width = max(20, round((stop - start) * factor))
        if width >= last - first:
            self.looks.part = None
        else:
            middle = self.cursor.place()[1]
            begin = min(max(first, middle - width // 2), max(first, last - width))
            self.looks.part = (begin, begin + width)
        self.show_upper()

    def action_pan(self, direction: int) -> None:
        """Shows the samples before or after."""
        start, stop = self.shown
        first, last = self.extent
        width = stop - start
        begin = min(max(first, start + direction * width // 2), max(first, last - width))
        if self.looks.part is not None:
            self.looks.part = (begin, begin + width)
        self.show_upper()

    def action_whole(self) -> None:
        """Shows the whole run."""
        self.looks.part = None
        self.show_upper()

    def _move(self, samples: int) -> None:
        self.cursor.move(samples)
        self._keep_in_sight()

    def _seek(self, look_up: Callable[[History, int], int | None], what: str, forward: bool = True) -> None:
        try:
            self.cursor.seek(look_up, what, forward)
        except NnstepError as error:
            self.tell(error)
        else:
            self._keep_in_sight()

    def _keep_in_sight(self) -> None:
        if self.looks.part is not None:
            (start, stop), count = self.looks.part, self.cursor.place()[1]
            if not start <= count < stop:
                first, last = self.extent
                width = stop - start
                begin = min(max(first, count - width // 2), max(first, last - width))
                self.looks.part = (begin, begin + width)
        self.show_upper()

    def _enter(self, branch: Branch, count: int) -> None:
        if count > branch.end:
            raise NnstepError("There is no such sample any more")
        self.timeline.go_to(branch, count)
        self.debugger.enter(len(self.debugger.stack.layers))
        began = first_not_finite(self.debugger.frames)
        if began:
            self.debugger.cursor = began[0].step.index
