"""Whether the app was never opened before on this account."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_state_path


def first_start(folder: Path | None = None) -> bool:
    """True once: it leaves a mark, and where none can be left nobody is welcomed again and again."""
    mark = (folder or user_state_path("nnstep")) / "welcomed"
    try:
        if mark.exists():
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        return False
    return True
