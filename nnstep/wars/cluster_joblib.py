"""joblib's Dask backend, which hears as well of tasks that failed outside their own code.

Imported where a contest runs on a cluster alone: it needs joblib and distributed.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from joblib._dask import DaskDistributedBackend


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands for the result of a task that gave none."""

    error: BaseException


class CarefulBackend(DaskDistributedBackend):  # type: ignore[misc]
    """Tells joblib of a task whose workers died or could not load it; joblib would wait for its result for ever."""

    def submit(self, func: Any, callback: Callable[[Any], object] | None = None) -> Any:
        """Sends a task; what becomes of it comes to the callback in every case."""
        future = super().submit(func, callback)

        def done(future: Future[Any]) -> None:
            if callback and (error := future.exception()):
                callback(Failure(error))

        future.add_done_callback(done)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """The result; raises what a task failed by."""
        if isinstance(out, Failure):
            raise out.error
        return super().retrieve_result_callback(out)
