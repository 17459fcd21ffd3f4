"""Keeps code that asks for ever more memory from taking the whole machine: it gets a MemoryError instead."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARE = 0.75
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
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


def keep_freed_memory() -> None:
    """Lets the C library keep up to 256 MiB that is freed, for the next array of that size.

    Otherwise it gives the memory of every temporary matrix back to the system and asks for it again, which can take
    longer than the arithmetic. On other C libraries than glibc nothing changes.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(TRIM_THRESHOLD, 256 * 2**20)
        mallopt(MMAP_THRESHOLD, 32 * 2**20)
    except (OSError, AttributeError, TypeError):
        pass


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
