"""Libraries that only some commands need: whether they are installed, and what is wrong where one is broken."""

from __future__ import annotations

import importlib
import importlib.util


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
        return " ".join(str(error).split())[:200] or type(error).__name__
    return ""
