"""Runs what may call a student's code in a thread: the app answers meanwhile, and a key gives the call up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from textual.app import App

from nnstep.errors import NnstepError
from nnstep.stack import Stack
from nnstep_tui.screens.student import RunningScreen

PATIENCE = 0.15
"""For so many seconds the screen waits for the thread; a longer wait is shown, and can be ended."""

Finish: TypeAlias = Callable[[NnstepError | None], object]


class Apart:
    """Runs one action at a time in a thread of its own, where the layers are a student's; else at once.

    Args:
        app: what shows the wait.

    Attributes:
        running: an action runs; meanwhile nobody else may look at what it moves.
    """

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self.running = False

    def run(
        self, stack: Stack, action: Callable[[], object], finish: Finish, stop: threading.Event | None = None
    ) -> None:
        """Runs an action.

        Args:
            stack: whose layers it may call.
            action: must not touch widgets.
            finish: is called on the app's thread, with the NnstepError that the action raised, or None.
            stop: is set first where the wait is ended, for actions that can stop between two calls.
        """
        if stack.keeper is None:
            finish(_error_of(action))
            return
        errors: list[BaseException] = []
        done = threading.Event()

        def work() -> None:
            try:
                action()
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()

        def end(_: object = None) -> None:
            self.running = False
            error = errors[0] if errors else None
            if error is not None and not isinstance(error, NnstepError):
                raise error
            finish(error)

        self.running = True
        threading.Thread(target=work, daemon=True, name="apart").start()
        if done.wait(PATIENCE):
            end()
        else:
            self._app.push_screen(RunningScreen(done, stop), end)


def _error_of(action: Callable[[], object]) -> NnstepError | None:
    try:
        action()
    except NnstepError as error:
        return error
    return None
