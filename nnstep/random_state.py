"""Where a random generator stands, whatever kind it is: numpy's two, or Python's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


def state_of(generator: Any) -> Any:
    """Where a random generator stands."""
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def put_state(generator: Any, state: Any) -> None:
    """Lets a random generator stand where it stood."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)
