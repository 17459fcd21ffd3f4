"""The part of the stepping screen for students' code: reloads it, shows its errors and prints."""

from __future__ import annotations

from collections.abc import Callable

from nnstep.adapting import HomeworkStack
from nnstep.errors import NnstepError
from nnstep.printed_text import plain_text
from nnstep.reloading import Reloaded, Watcher, reload
from nnstep.samples import Dataset
from nnstep.student_errors import StudentError
from nnstep_tui.screens.base import DebuggerScreen
from nnstep_tui.screens.student import PrintsScreen, StudentErrorScreen

LOOK_SECONDS = 1.0
GOES_ON = "The code of before goes on running. Save the file again to try again."


class WithHomework(DebuggerScreen):
    """What a student's code does is shown, and their file is read again when it is saved."""

    _watcher: Watcher | None = None
    _printed = ""

    @property
    def homework(self) -> HomeworkStack | None:
        """The student's layers, where they are a student's."""
        stack = self.debugger.stack
        return stack if isinstance(stack, HomeworkStack) else None

    def on_mount(self) -> None:
        """Looks every second whether the file was saved."""
        if self.homework:
            self._watcher = Watcher(self.homework.homework.watched)
            self.set_interval(LOOK_SECONDS, self.look_at_file)
            self.call_after_refresh(self.tell)

    def attempt(self, action: Callable[[], object]) -> bool:
        """Does something that may not be possible; a student's error is shown with its traceback."""

        def watched() -> None:
            try:
                action()
            except StudentError as error:
                self.show_error(error)

        done = super().attempt(watched)
        self.tell()
        return done

    def show_error(self, error: NnstepError, after: str = "") -> None:
        """Shows an error of the student's code."""
        self.app.push_screen(StudentErrorScreen(error, after))

    def tell(self) -> None:
        """Says in a notice that the code printed something, and what is new about it."""
        stack = self.homework
        if stack is None:
            return
        printed = stack.take_prints()
        if printed:
            first = plain_text(printed).strip().splitlines()[:1]
            if not self._printed and first:
                self.notify(f"{stack.homework.code.name} prints: {first[0][:60]}  (P shows all)")
            self._printed = (self._printed + printed)[-65_536:]
        for note in stack.take_notes():
            self.notify(note, severity="warning", timeout=10)

    def action_prints(self) -> None:
        """What the code printed, and the notes on it."""
        stack = self.homework
        if stack is None:
            self.notify("This network is nnstep's own: --net FILE.py loads yours.")
            return
        self.tell()
        self.app.push_screen(PrintsScreen(self._printed, list(stack.notes.values())))

    def look_at_file(self) -> None:
        """Reloads the file where it was saved since."""
        stack = self.homework
        if stack is None or self._watcher is None or not self.is_current or not self._watcher.changed():
            return
        samples, seed = self.debugger.samples, int(self.app.config.get("seed", 0))
        data = Dataset(str(self.app.config.get("data", "samples")), samples, self.app.test or samples)
        found: list[Reloaded] = []

        def finish(error: NnstepError | None) -> None:
            if error is not None:
                self.show_error(error, GOES_ON)
                self.show()
                return
            self.app.show_reloaded(found[0].debugger)
            self.notify(found[0].said, timeout=10)

        self._apart(lambda: found.append(reload(self.debugger, data, seed)), finish)
