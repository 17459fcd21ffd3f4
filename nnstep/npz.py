"""Reads .npz files that may be anything: plain arrays come out, or one line says why not."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnstep.errors import NnstepError, reason

BROKEN = (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)
ZIP, PICKLE = b"PK", b"\x80"


def read_npz(path: str | Path, names: Sequence[str] = ()) -> dict[str, Any]:
    """The arrays of an .npz file that are named, or all of them; pickles are refused.

    Raises:
        NnstepError: it is no .npz file, a damaged one, or one of the arrays is missing.
    """
    try:
        with open(path, "rb") as raw:
            start = raw.read(6)
            raw.seek(0)
            if start == np.lib.format.MAGIC_PREFIX:
                raise NnstepError(
                    f"{path}: expected an .npz file, received a single array (.npy)",
                    "numpy.savez writes several arrays, each with its name",
                )
            if start[:1] == PICKLE:
                raise NnstepError(f"{path}: is a pickle, which is not read; expected an .npz file of plain arrays")
            if start[:2] != ZIP:
                raise NnstepError(f"{path}: not an .npz file, or a damaged one")
            with np.load(raw, allow_pickle=False) as file:
                missing = [name for name in names if name not in file]
                if missing:
                    raise NnstepError(f"{path}: expected the arrays {', '.join(names)}, {missing[0]} is missing")
                return {name: file[name] for name in names or file.files}
    except (*BROKEN, MemoryError) as error:
        if "Object arrays" in str(error):
            raise NnstepError(f"{path}: holds pickled objects, which are not read; expected plain arrays") from None
        raise NnstepError(f"{path}: not an .npz file, or a damaged one ({reason(error)})") from None
