"""Libraries that only some commands need: whether they are installed, and what is wrong where one is broken."""

from __future__ import annotations

import importlib
import importlib.util

from nnstep.errors import NnstepError, reason


def are_installed(*modules: str) -> bool:
    """Whether all of these can be found; none is imported, unless it lies within a package."""
    try:
        return all(importlib.util.find_spec(module) is not None for module in modules)
    except (ImportError, ValueError):  # an import hook refuses it, or it has no specification
        return False


def import_error(module: str) -> str:
    """Imports a module; what is wrong where that fails, in a line, such as a shared library that is missing."""
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a library raises that does not fit the rest of the installation
        return reason(error, 200)
    return ""


def import_extra(name: str, extra: str, *modules: str) -> None:
    """Imports what an extra installs; raises an NnstepError with its name where it is not there, or is broken."""
    if not are_installed(*modules):
        raise not_installed(name, extra)
    for module in modules:
        if error := import_error(module):
            raise not_importable(name, extra, error)


def not_installed(name: str, extra: str) -> NnstepError:
    """What to say where an extra is not installed."""
    return NnstepError(f"{name} is not installed", f'Install it: pip install "nnstep[{extra}]"')


def not_importable(name: str, extra: str, error: str) -> NnstepError:
    """What to say where an extra is installed, but importing it fails."""
    return NnstepError(f"{name} cannot be imported: {error}", f'Install it anew: pip install "nnstep[{extra}]"')
