"""What all parts of the run screen share: the run, what is seen of it, and how to do what needs it to stand still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.screen import Screen

from nnstep.debugger import Debugger
from nnstep.errors import NnstepError
from nnstep.run_cursor import RunCursor
from nnstep.run_curves import RunCurves
from nnstep.scoring import Mistake
from nnstep.student_errors import StudentError
from nnstep_tui.screens.student import StudentErrorScreen

if TYPE_CHECKING:
    from nnstep_tui.app import NnstepApp


@dataclass(slots=True)
class RunLooks:
    """What is seen of a run.

    Attributes:
        part: the counts from which and up to which the curve is shown; None for the whole run.
        log: a logarithmic error.
        highest: the largest loss of each column too.
        single: the curve alone.
        leaf: which mistake or weight the gallery begins with.
        alarm: which alarm is shown, −1 before the first.
        cell: label and class of the mistakes that are shown; None for all.
        overlays: curves of saved runs by the names of their files.
    """

    part: tuple[int, int] | None = None
    log: bool = False
    highest: bool = False
    single: bool = False
    leaf: int = 0
    alarm: int = -1
    cell: tuple[int, int] | None = None
    overlays: dict[str, RunCurves] = field(default_factory=dict)


class RunScreenBase(Screen[None]):
    """The state of the run screen; its parts add the actions."""

    app: NnstepApp

    def __init__(self, debugger: Debugger) -> None:
        super().__init__()
        self.debugger, self.timeline = debugger, debugger.timeline
        self.cursor = RunCursor(self.timeline)
        self.curves = RunCurves(self.timeline.branches, len(self.timeline.samples))
        self.looks = RunLooks()

    @property
    def extent(self) -> tuple[int, int]:
        """The counts from which and up to which all curves go."""
        ends = [self.curves.extent(name) for name in list(self.timeline.branches)]
        for overlay in self.looks.overlays.values():
            ends += [overlay.extent(name) for name in overlay.branches]
        return min(start for start, _ in ends), max(max(stop for _, stop in ends), 1)

    @property
    def shown(self) -> tuple[int, int]:
        """The counts from which and up to which the curve is shown."""
        return self.looks.part or self.extent

    def show(self) -> None:
        """Draws everything anew, when the keys at hand are done."""
        raise NotImplementedError

    def show_upper(self) -> None:
        """Draws all but the pages anew, which do not depend on where the cursor is."""
        raise NotImplementedError

    def halt(self, then: Callable[[], object] | None = None) -> None:
        """Ends the training, after the samples at hand; does something when the run stands still."""
        raise NotImplementedError

    def mistakes(self) -> list[Mistake]:
        """The held-out digits that the gallery shows, worst first."""
        raise NotImplementedError

    def move(self, action: Callable[[], object], then: Callable[[], object] | None = None) -> None:
        """Moves the debugger or its run: in a thread where a student's layers run.

        Args:
            action: moves it; touches no widget.
            then: what to do after it, unless it failed.
        """

        def finish(error: NnstepError | None) -> None:
            if error is not None:
                self.tell(error)
            elif then:
                then()
            self.show()

        self.app.apart.run(self.debugger.stack, action, finish)

    def tell(self, error: NnstepError) -> None:
        """Says why something was not possible."""
        if isinstance(error, StudentError):
            self.app.push_screen(StudentErrorScreen(error))
        else:
            self.notify(str(error), severity="warning")

    def attempt(self, action: Callable[[], object]) -> bool:
        """Does something that may not be possible: then says why; draws anew in any case."""
        try:
            action()
        except NnstepError as error:
            self.tell(error)
            return False
        finally:
            self.show()
        return True
