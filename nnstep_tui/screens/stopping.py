"""The keys for breakpoints and watches, and those that run until one stops."""

from __future__ import annotations

from nnstep.breakpoints import Breakpoint, parse_breakpoint
from nnstep.lookout import Search, enabled
from nnstep.watches import parse_watch
from nnstep_tui.screens.base import DebuggerScreen
from nnstep_tui.screens.items import Items, ItemsScreen
from nnstep_tui.widgets.lower import LowerPanes
from nnstep_tui.widgets.stack import StackView

BREAK_EXAMPLES = (
    "nan · wrong · loss > 0.5 · label == 7 · |dX| < 1e-7 · max |W| > 3 · dead > 50% · affine 3 backward if nan"
)
WATCH_EXAMPLES = "loss · 2.weights[17,3] · mean |0.dW| · max |4.W|"


class Stopping(DebuggerScreen):
    """Breakpoints and watches."""

    def action_continue(self) -> None:
        """On to the next breakpoint: in what was passed already, then by training."""
        debugger = self.debugger
        if not enabled(debugger.breakpoints):
            self.notify("There is no breakpoint: b adds one, B breaks on this layer. t trains.")
            return
        search = Search(debugger, debugger.breakpoints)

        def then() -> None:
            if search.found:
                self._say(search.found)
            else:
                self.app.train(looked_at=True)

        self.travel(search.run(), then)

    def action_reverse_continue(self) -> None:
        """Back to the breakpoint before."""
        debugger = self.debugger
        if not enabled(debugger.breakpoints):
            self.notify("There is no breakpoint: b adds one, B breaks on this layer.")
            return
        search = Search(debugger, debugger.breakpoints, forward=False)

        def then() -> None:
            if search.found:
                self._say(search.found)
            else:
                self.notify("No breakpoint stops before: this is where the run begins.")

        self.travel(search.run(), then)

    def action_breakpoints(self) -> None:
        """Lists the breakpoints."""
        breakpoints, names = self.debugger.breakpoints, self.debugger.stack.names

        def edit(number: int, text: str) -> None:
            breakpoints[number] = parse_breakpoint(text, names, self._parameters())

        self.app.push_screen(
            ItemsScreen(
                Items(
                    "breakpoints",
                    BREAK_EXAMPLES,
                    lambda: [self.line_of(breakpoint) for breakpoint in breakpoints],
                    lambda: [breakpoint.text for breakpoint in breakpoints],
                    lambda text: breakpoints.add(parse_breakpoint(text, names, self._parameters())),
                    edit,
                    breakpoints.remove,
                    breakpoints.toggle,
                ),
                ask=not len(breakpoints),
            ),
            lambda _: self.show(),
        )

    def action_break_here(self) -> None:
        """Breakpoint on the current layer and phase, on or off."""
        step = self.debugger.frame.step
        text = "loss" if step.layer is None else f"{step.name} {step.phase}"
        self._break_or_not(text)

    def action_break_on_chosen(self) -> None:
        """Breakpoint on the layer that is chosen in the stack, on or off."""
        self._break_or_not(self.debugger.stack.names[self.query_one(StackView).chosen])

    def action_watches(self) -> None:
        """Lists the watches."""
        watches, names = self.debugger.watches, self.debugger.stack.names

        def add(text: str) -> None:
            watches.add(parse_watch(text, names, self._parameters()))
            self.query_one(LowerPanes).show_page("watches")
            self.debugger.watch_again()

        def edit(number: int, text: str) -> None:
            watches[number] = parse_watch(text, names, self._parameters())
            self.debugger.watch_again()

        self.app.push_screen(
            ItemsScreen(
                Items(
                    "watches", WATCH_EXAMPLES, lambda: watches.texts, lambda: watches.texts, add, edit, watches.remove
                ),
                ask=not len(watches),
            ),
            lambda _: self.show(),
        )

    def action_train(self) -> None:
        """Runs epochs from here."""
        self.app.train()

    def action_run(self) -> None:
        """The whole run."""
        self.app.show_run()

    def line_of(self, breakpoint: Breakpoint) -> str:
        """A breakpoint for people: on or off, what it is, how often it stopped."""
        hits = f"   {breakpoint.hits} hit{'s' if breakpoint.hits != 1 else ''}"
        return f"{'●' if breakpoint.enabled else '○'} {breakpoint.text}{hits}"

    def _break_or_not(self, text: str) -> None:
        breakpoints = self.debugger.breakpoints
        known = [breakpoint.text for breakpoint in breakpoints]
        wanted = parse_breakpoint(text, self.debugger.stack.names)
        if wanted.text in known:
            breakpoints.remove(known.index(wanted.text))
        else:
            breakpoints.add(wanted)
        self.show()

    def _parameters(self) -> set[str]:
        stack = self.debugger.stack
        return {name for index in range(len(stack.layers)) for name in stack.parameters_of(index)}

    def _say(self, breakpoint: Breakpoint) -> None:
        self.notify(f"Breakpoint: {breakpoint.text}")
