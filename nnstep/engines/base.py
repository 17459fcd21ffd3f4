"""What an engine is, and how one is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError
from nnstep.extras import are_installed, import_error, not_importable
from nnstep.samples import Samples
from nnstep.stack import Stack


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """What an engine made of the rows it was given.

    Attributes:
        losses: (done,) each sample's loss, before the update that it caused, float64.
        predictions: (done,) each sample's predicted class.

    `done` is less than what was asked for only where a loss was not finite: that sample is the last one.
    """

    losses: NDArray[np.float64]
    predictions: NDArray[np.uint8]

    @property
    def diverged(self) -> bool:
        """The last loss is NaN or infinite."""
        return len(self.losses) > 0 and not np.isfinite(self.losses[-1])


class Engine(Protocol):
    """Runs rows of samples through a stack and updates its parameters in place."""

    name: str

    def prepare(self, stack: Stack, samples: Samples) -> None:
        """Does what the first run would have to do before its first sample, such as compiling."""
        ...

    def run(
        self,
        stack: Stack,
        samples: Samples,
        rows: NDArray[np.int64],
        learning_rate: float,
        batch_size: int = 1,
    ) -> Outcome:
        """Trains on the rows in their order, `batch_size` at a time, the last batch as it comes.

        However the rows are cut into calls (between batches), the same bits come out.
        """
        ...


ENGINES = ("auto", "numpy", "numba")


def check_engine(name: str) -> None:
    """Raises an NnstepError where no engine has this name."""
    if name not in ENGINES:
        raise NnstepError(f"unknown engine '{name}'", f"Choose one of: {', '.join(ENGINES)}")


def choose_engine(name: str, stack: Stack, at_once: bool = True) -> Engine:
    """Finds the engine by its name; `auto` is the fastest that takes the stack.

    Args:
        name: auto, numpy or numba.
        stack: what it shall run.
        at_once: numba is imported now, so that `auto` does without one that is broken; else at the first run.

    Raises:
        NnstepError: the name is unknown, or that engine cannot take the stack.
    """
    from nnstep.engines.compiled_stack import why_not
    from nnstep.engines.numba_engine import NumbaEngine
    from nnstep.engines.numpy_engine import NumpyEngine

    check_engine(name)
    installed = are_installed("numba")
    obstacle = why_not(stack)
    if name == "numba" and not installed:
        raise NnstepError("the numba engine needs numba", 'Install it: pip install "nnstep[fast]"')
    if name == "numba" and obstacle:
        raise NnstepError(f"the numba engine cannot take this network: {obstacle}", "--engine numpy takes any")
    if name == "numpy" or not installed or obstacle:
        return NumpyEngine()
    if at_once and (error := import_error("numba")):
        if name == "auto":
            return NumpyEngine()
        raise broken_numba(error)
    return NumbaEngine()


def broken_numba(error: str) -> NnstepError:
    """What to say where numba is installed, but importing it fails."""
    said = not_importable("numba", "fast", error)
    return NnstepError(said.message, f"{said.hint}. --engine numpy does without it")
