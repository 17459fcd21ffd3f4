"""Runs jobs on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from concurrent.futures import CancelledError
from typing import Any

from nnstep.errors import NnstepError
from nnstep.samples import Dataset
from nnstep.wars.contest import Job
from nnstep.wars.job import Result
from nnstep.wars.reports import TOPIC, ClusterReporter, FileReporter, Reports
from nnstep.wars.running import WorkerDied, in_parallel, quiet

CONNECT_SECONDS = 10


class ClusterBackend:
    """The workers of a Dask cluster.

    Args:
        address: of its scheduler, such as tcp://10.0.0.5:8786.
        reports: where what the workers report is written.
        dataset: what they all learn from; it is sent to them once.

    Raises:
        NnstepError: distributed is not installed, or no scheduler answers there.
    """

    def __init__(self, address: str, reports: Reports, dataset: Dataset) -> None:
        try:
            from distributed import Client
            from distributed.comm import get_address_host_port
        except ImportError:
            raise NnstepError(
                "--backend dask needs distributed, which is not installed",
                'Install it: pip install "nnstep[cluster]"',
            ) from None
        self.address, self.dataset = address, dataset
        reporter = FileReporter(str(reports.folder))
        try:
            get_address_host_port(address)  # a client with an address that is none would not let go for a while
            with quiet():
                self.client: Any = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
                self.client.subscribe_topic(TOPIC, lambda event: reporter(event[1]))
        except (OSError, ValueError, TimeoutError) as error:
            raise NnstepError(
                f"--scheduler {address}: no scheduler answers there ({' '.join(str(error).split())[:100]})",
                "Start one: dask scheduler",
            ) from None

    def run(self, jobs: list[Job], together: bool) -> Generator[Result]:
        """See `Backend.run`."""
        from distributed import KilledWorker
        from joblib import parallel_config

        from nnstep.wars.cluster_joblib import CarefulBackend

        calls: list[Any] = [((job, ClusterReporter(), self.dataset), {}) for job in jobs]
        try:
            with quiet(), parallel_config(backend=CarefulBackend(client=self.client, scatter=[self.dataset])):
                yield from in_parallel(calls, -1)
        except (KilledWorker, CancelledError):
            if self.client.status == "closed":
                raise self._scheduler_gone() from None
            raise WorkerDied from None
        except TimeoutError:
            raise NnstepError(
                "the cluster has no worker", "Start some, each with one thread: dask worker ADDRESS --nthreads 1"
            ) from None
        except ImportError as error:
            raise NnstepError(f"the cluster's workers lack a package: {error}", "Install nnstep on them") from None
        except OSError:
            raise self._scheduler_gone() from None

    def _scheduler_gone(self) -> NnstepError:
        return NnstepError(f"--scheduler {self.address}: it went away", "The same command goes on from here")

    def close(self) -> None:
        """Leaves the cluster; what runs there for this contest is dropped."""
        with contextlib.suppress(OSError, TimeoutError):
            self.client.close()
