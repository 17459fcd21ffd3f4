"""What the apps have in common: keys in the command palette, notices, and signals that end them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress

from textual.app import App, ReturnType, SystemCommand
from textual.binding import Binding
from textual.command import CommandPalette
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.theme import ThemeProvider

from nnstep.printed_text import plain_text
from nnstep_tui.screens.dialog import Dialog


class Palette(CommandPalette, Dialog[None]):
    """Textual's command palette; a second click beside it, or a page key where it has no room, ends no app here."""

    def _action_command_list(self, action: str) -> None:
        with suppress(LookupError):  # Textual 8.2 looks for lines that a list without room does not have
            super()._action_command_list(action)


class PlainNotices(App[ReturnType]):
    """An app whose notices say what they are given: a student's words, a file's name, are no markup."""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Shows a notice."""
        super().notify(plain_text(message), title=title, severity=severity, timeout=timeout, markup=False)

    def action_command_palette(self) -> None:
        """Every key by its name."""
        if self.use_command_palette and not isinstance(self.screen, CommandPalette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """The themes by their names."""
        self.push_screen(Palette(providers=[ThemeProvider], placeholder="Search for themes…"))


def key_commands(screen: Screen[object]) -> Iterable[SystemCommand]:
    """Every key of a screen, so that the command palette finds it by name."""
    for binding in screen.BINDINGS:
        if isinstance(binding, Binding) and not binding.action.startswith("app."):
            action = binding.action
            name = binding.tooltip[:1].upper() + binding.tooltip[1:]
            shown = binding.key_display or binding.key
            yield SystemCommand(
                f"{binding.description} ({shown})", name, lambda action=action: screen.run_action(action)
            )


def take_signals(take: Callable[[int], object]) -> None:
    """Calls something with the number of a SIGTERM or SIGHUP, on the thread of the running app."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, take, number)


def terminal_is_gone() -> bool:
    """The terminal was closed: nothing that is written to it arrives."""
    return not os.isatty(1)
