"""Standard output and standard error, whatever they are connected to: a pipe, a full disk, nothing at all."""

from __future__ import annotations

import errno
import io
import os
import sys

UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def make_writable() -> None:
    """Lets any text be printed: characters that the encoding lacks become `?`, a closed stream takes everything."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")


def drop_output(error: OSError) -> None:
    """Throws away what is printed from now on, since standard output takes no more; says so, but of a closed pipe."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        print(f"nnstep: standard output cannot be written ({error.strerror})", file=sys.stderr)
