"""A thread that does one job after the other; of those that wait, the last one alone is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable

Job = Callable[[], object]


class Latest:
    """Does jobs in the background, each of which makes those before it that were not begun needless.

    Args:
        name: what the thread is called.
    """

    def __init__(self, name: str) -> None:
        self._waiting: tuple[Job, list[Job]] | None = None
        self._running: list[Job] | None = None
        self._closed = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job, then: Job | None = None) -> None:
        """Has a job done next, in place of one that waits.

        Args:
            job: what to do; what it raises is raised again by the next `submit`, `wait` or `close`.
            then: is called after it, by the thread; so is what was to be called after the jobs that it replaces.
        """
        with self._changed:
            self._raise()
            after = self._waiting[1] if self._waiting else []
            self._waiting = (job, [*after, *([then] if then else [])])
            self._changed.notify_all()

    def after(self, then: Job) -> None:
        """Calls something when the last job is done; at once where none waits or runs."""
        with self._changed:
            busy = self._waiting[1] if self._waiting else self._running
            if busy is not None:
                busy.append(then)
                return
        then()

    def wait(self) -> None:
        """Waits until no job waits or runs."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is None and self._running is None)
            self._raise()

    def close(self) -> None:
        """Waits until all is done, and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._raise()

    def _raise(self) -> None:
        error, self._error = self._error, None
        if error:
            raise error

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                if self._waiting is None:
                    return
                (job, self._running), self._waiting = self._waiting, None
            self._attempt(job)
            while calls := self._calls():
                for then in calls:
                    self._attempt(then)

    def _calls(self) -> list[Job]:
        """What is to be called after the job at hand; where that is nothing more, the job is over."""
        with self._changed:
            calls = self._running or []
            self._running = [] if calls else None
            self._changed.notify_all()
            return calls

    def _attempt(self, job: Job) -> None:
        try:
            job()
        except BaseException as error:
            self._error = error
