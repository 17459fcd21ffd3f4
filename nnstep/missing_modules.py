"""Lets a homework be loaded where a library that it only plots or loads data with is not installed."""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

from nnstep.extras import are_installed

PROGRESS_BAR = "tqdm"
PLOTTING = {"matplotlib", "seaborn", "plotly", "graphviz", "IPython", "ipywidgets", PROGRESS_BAR, "wandb"}
DATA = {"keras", "tensorflow", "tensorflow_datasets", "torch", "torchvision", "mnist", "pandas", "sklearn", "scipy"}
SPARE = PLOTTING | DATA | {"google", "cv2", "PIL", "requests", "h5py"}
COLAB = "google.colab"  # where other parts of google, such as protobuf, are installed, this one alone is missing


class Absent:
    """Stands for a name of a library that is not installed; what uses it raises, importing it does not."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *arguments: object, **named: object) -> Any:
        """Says which library is missing."""
        library = self._name.partition(".")[0]
        raise ModuleNotFoundError(f"No module named '{library}' (needed for {self._name})", name=library)


class NotDrawn(Absent):
    """Stands for a library that draws, or a part of it: nothing that is done with it shows anything, or raises."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return NotDrawn(f"{self._name}.{name}")

    def __call__(self, *arguments: object, **named: object) -> Any:
        """What draws gives something to draw on; what decorates or counts gives back what it was given."""
        if self._name.endswith(".subplots"):
            return NotDrawn(self._name), NotDrawn(self._name)
        given = arguments[0] if arguments else None
        wraps = self._name.partition(".")[0] == PROGRESS_BAR and hasattr(given, "__iter__")
        return given if wraps or callable(given) else NotDrawn(self._name)

    def __getitem__(self, key: object) -> Any:
        return self

    def __setitem__(self, key: object, value: object) -> None:
        """A setting of something that is not there."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to close."""


def _absent(name: str) -> Absent:
    return (NotDrawn if name.partition(".")[0] in PLOTTING else Absent)(name)


class _Finder:
    """Finds stand-ins for libraries that no other finder found, where a file of one folder asks for them."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.missing: list[str] = []

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        top = COLAB if name.startswith(COLAB) and "google" not in self.missing else name.partition(".")[0]
        if top not in SPARE | {COLAB} or os.path.dirname(_importer()) != self.folder:
            return None
        if not any(name.startswith(f"{library}.") for library in self.missing):  # of an installed one: what it had once
            self.missing.append(name)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        module.__getattr__ = _absent(spec.name).__getattr__  # type: ignore[method-assign]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


def _importer() -> str:
    """The file whose import statement is at work."""
    frame: FrameType | None = sys._getframe(2)
    while frame and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == __file__):
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""


@contextmanager
def stand_ins(folder: str) -> Iterator[list[str]]:
    """While it lasts, files of a folder can import libraries for plots and data that are not installed; their names."""
    finder = _Finder(folder)
    _choose_backend()
    sys.meta_path.append(finder)
    try:
        yield finder.missing
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_part_of(name, finder.missing)]:
            del sys.modules[name]


def absence(library: str) -> str:
    """What a reader should know of a library that is not there."""
    if library.partition(".")[0] in PLOTTING:
        return f"{library} is not installed: what it would show is left out"
    return f"{library} is not installed: what uses it does not work"


def _choose_backend() -> None:
    """Keras asks for TensorFlow where nobody said otherwise; where JAX alone is there, a homework means that."""
    if not are_installed("tensorflow") and are_installed("jax"):
        os.environ.setdefault("KERAS_BACKEND", "jax")


def _is_part_of(name: str, libraries: Sequence[str]) -> bool:
    return any(name == library or name.startswith(f"{library}.") for library in libraries)
