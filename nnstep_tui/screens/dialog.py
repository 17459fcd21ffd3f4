"""What every screen on top of another one has in common: it closes itself, and never another one."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


class Dialog(ModalScreen[ScreenResultType]):
    """A small screen on top; a second Escape that was pressed before it was gone leaves what is below it alone."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes this screen where it is the one on top, and gives its result to whoever opened it.

        It is current below another dialog too, which shines through; closing it there would close that one.
        """
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Its keys do nothing once it is closed."""
        return self.is_current
