"""joblib's processes of this machine, which end cleanly at any moment.

loky's own `shutdown(kill_workers=True)` fails in its thread where a job was handed in just before: it forgets the
job, but not its number. A pool whose processes went away ends without that.
"""

from __future__ import annotations

from joblib import register_parallel_backend
from joblib._parallel_backends import LokyBackend
from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.process_executor import ProcessPoolExecutor

BACKEND = "careful loky"


class CarefulLoky(LokyBackend):  # type: ignore[misc]
    """joblib's usual backend, but for how it is stopped."""

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """Ends the processes, and begins new ones where there is more to do."""
        end_processes(self._workers)
        super().abort_everything(ensure_ready)


def end_processes(executor: ProcessPoolExecutor) -> None:
    """Ends a pool at once, whatever it is doing."""
    for process in list(executor._processes.values()):
        process.terminate()
    executor.shutdown(wait=True)


def dismiss() -> None:
    """Lets the idle processes go that joblib keeps for the next call."""
    get_reusable_executor(reuse=True).shutdown(wait=True)


register_parallel_backend(BACKEND, CarefulLoky)
