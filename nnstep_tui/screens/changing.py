"""The keys that change one thing and take it back."""

from __future__ import annotations

from nnstep import trying
from nnstep.change_text import EXAMPLES, apply_change
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.looking import Looking
from nnstep_tui.widgets.tensors import TensorPanes


class Changing(Looking):
    """Change and undo."""

    def action_change(self) -> None:
        """Asks what to change; with the cursor on an element, that element."""
        answer = ""
        if self.query_one(TensorPanes).has_focus:
            tensor, index = self.tensor(), self.index_in(self.tensor())
            symbol = {"input": "X", **{f"{g}.{n}": s for g in ("before", "after") for n, s in _parameters(self)}}.get(
                tensor.key
            )
            if symbol and self.debugger.frame.step.layer is not None:
                shown = index[1:] if tensor.key == "input" else index
                answer = f"{symbol}[{','.join(map(str, shown))}] = {tensor.array[index]:.6g}"
        self.app.push_screen(
            Ask("Change one thing, and see what it does:", self._change, answer, EXAMPLES, self._changed)
        )

    def action_undo(self) -> None:
        """Takes the change back."""
        undone: list[str] = []

        def then() -> None:
            self.looks.since = None
            self.notify(f"Undone: {undone[0]}")

        self.move(lambda: undone.append(trying.undo(self.debugger)), then)

    def _change(self, text: str) -> None:
        apply_change(self.debugger, text)

    def _changed(self) -> None:
        self.looks.since = "change"
        self.show()


def _parameters(screen: Looking) -> list[tuple[str, str]]:
    symbols = {"weights": "W", "bias": "b"}
    return [(name, symbols.get(name, name)) for name in screen.debugger.frame.before]
