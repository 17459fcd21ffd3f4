"""Keeps code that asks for ever more memory from taking the whole machine: it gets a MemoryError instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARE = 0.75
LEAST, MOST = 512 * 2**20, 8 * 2**30


@contextmanager
def limited_memory() -> Iterator[None]:
    """While it lasts, this process can take most of the memory that is free now, 8 GiB at most, and no more.

    On systems other than Linux there is no limit.
    """
    try:
        import resource

        before, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = _taken() + max(LEAST, min(MOST, int(SHARE * _free())))
        if before != resource.RLIM_INFINITY:
            limit = min(limit, before)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (ImportError, OSError, ValueError, AttributeError):
        yield
        return
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))


def _taken() -> int:
    """Bytes of address space that this process has."""
    import resource

    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _free() -> int:
    """Bytes that can be had without swapping: of the machine, or of the container where that has less."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    try:
        most = int(Path("/sys/fs/cgroup/memory.max").read_text())
        free = min(free, most - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return free
