"""The key that shows PyTorch's or Keras's numbers beside those of the current sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual import on, work
from textual.message import Message

from nnstep.errors import NnstepError
from nnstep.frameworks.base import FRAMEWORKS, check_installed
from nnstep.frameworks.beside import Along, Beside
from nnstep.shown import SINCE, Compared, Shown
from nnstep.stepping import Frame
from nnstep_tui.screens.looking import Looking
from nnstep_tui.widgets.tensors import TensorPanes

KEYS = (None, *FRAMEWORKS)


class BesideFramework(Looking):
    """A framework goes along in a thread; where it has not arrived yet, that is said."""

    _beside: Beside | None = None
    _along: Along | None = None
    _going = False
    _was_single = False

    class Arrived(Message):
        """The framework has done a sample, or cannot do it."""

        def __init__(self, beside: Beside, along: Along | None, error: str) -> None:
            super().__init__()
            self.beside, self.along, self.error = beside, along, error

    def on_mount(self) -> None:
        """Goes on beside layers whose code was reloaded."""
        if self.looks.framework:
            self.call_after_refresh(self._prepare)

    def action_framework(self) -> None:
        """The next framework that is installed, or none."""
        before, wanted = self.looks.framework, None
        for key in KEYS[KEYS.index(before) + 1 :]:
            try:
                check_installed(str(key))
            except NnstepError as error:
                self.notify(str(error), severity="warning")
                continue
            wanted = key
            break
        panes = self.query_one(TensorPanes)
        if before is None and wanted:
            self._was_single, panes.single, self.looks.since = panes.single, True, None
        if wanted:
            self.looks.framework = wanted
            self.notify(f"{FRAMEWORKS[wanted]}: loading …", timeout=3)
            self._prepare()
        elif before:
            self._leave_framework()
            self.show()

    def follow_framework(self) -> None:
        """Lets the framework do the sample at hand, where it has not."""
        beside = self._beside
        if beside is None or self.looks.framework is None or self._going:
            return
        if beside.stack is not self.debugger.stack:
            self._prepare()
        elif self._along is None or self._along.mine is not self.debugger.frames:
            self._going = True
            self._go_along(beside, self.debugger.frames)

    def beside_framework(self, known: Shown) -> Shown:
        """What is shown of the current frame, its tensors compared with the framework's where there is one."""
        if self.looks.framework is None:
            return known
        along = self._along
        if along is not None and along.mine is self.debugger.frames:
            return replace(known, compared=list(along.compared[self.debugger.cursor]))
        waiting = f"{FRAMEWORKS[self.looks.framework]}: loading …"
        return replace(known, compared=[Compared(tensor, why_not=waiting) for tensor in self.tensors()])

    def title_of_change(self, symbol: str) -> str:
        """What the change of a tensor is called."""
        if self.looks.framework:
            return f"{symbol} − {FRAMEWORKS[self.looks.framework]}"
        return f"{'' if symbol.startswith('Δ') else 'Δ '}{symbol} since {SINCE[self.looks.since or 'step']}"

    def titles_beside(self, symbol: str) -> tuple[str, str]:
        """What a tensor is called that another one is compared with, and what their difference is."""
        if self.looks.framework:
            return f"{symbol} in {FRAMEWORKS[self.looks.framework]}", "difference"
        since = SINCE[self.looks.since or "step"]
        return f"{symbol} before: {since}", f"difference since {since}"

    def framework_lines(self, chosen: Compared) -> list[str]:
        """How far the framework's tensor is from this one, or why that is not known."""
        return [words for words in (chosen.why_not, chosen.said) if words and self.looks.framework]

    def element_beside(self, chosen: Compared) -> list[str]:
        """The element under the cursor in the framework."""
        if not self.looks.framework or chosen.then is None or chosen.change is None:
            return []
        index, name = self.index_in(chosen.tensor), FRAMEWORKS[self.looks.framework]
        return [f"{name}: {float(chosen.then[index]):.10g}, difference {float(chosen.change[index]):.3g}"]

    def _leave_framework(self) -> None:
        """The tensors alone again, as they were shown before."""
        self.looks.framework = self._beside = self._along = None
        self.query_one(TensorPanes).single = self._was_single

    def _prepare(self) -> None:
        """Finds out what the network is like; a student's code runs for that."""
        key, stack, inputs = self.looks.framework, self.debugger.stack, self.debugger.samples.pixels.shape[1]

        def prepare() -> None:
            assert key is not None
            try:
                self._beside = Beside(key, stack, inputs)
            except NnstepError:
                self._leave_framework()
                raise

        self._beside = self._along = None
        self.move(prepare)

    @work(thread=True, exit_on_error=False, group="framework")
    def _go_along(self, beside: Beside, frames: Sequence[Frame]) -> None:
        along, error = None, ""
        try:
            along = beside.go_along(frames)
        except NnstepError as found:
            error = str(found)
        except Exception as found:  # a framework raises what it likes; the app goes on without it
            error = f"{beside.name}: {type(found).__name__}: {' '.join(str(found).split())[:200]}"
        self.post_message(self.Arrived(beside, along, error))

    @on(Arrived)
    def _take(self, event: Arrived) -> None:
        self._going = False
        if event.beside is self._beside and event.error:
            self.notify(event.error, severity="warning")
            self._leave_framework()
        elif event.beside is self._beside and event.along:
            self._tell(event.beside, self._along, event.along)
            self._along = event.along
        self.show()

    def _tell(self, beside: Beside, before: Along | None, along: Along) -> None:
        """Says whether the framework agrees, once; then where it parts, where that is another place."""
        if before is None:
            for note in beside.notes:
                self.notify(note, timeout=10)
        if before is None or (along.first and along.parts_at != before.parts_at):
            self.notify(along.verdict, severity="warning" if along.first else "information", timeout=10)
