"""Imports Keras with JAX as its backend, in the precision that is asked for."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnstep.errors import NnstepError

ONE_AT_A_TIME = threading.RLock()
"""Keras has one type of numbers for all threads, and each that changes it puts back what it found."""


def import_keras() -> Any:
    """Keras on JAX.

    Raises:
        NnstepError: Keras runs on another backend in this process already.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    if keras.backend.backend() != "jax":
        raise NnstepError(
            f"Keras runs on {keras.backend.backend()} here, expected jax", "Set KERAS_BACKEND=jax or unset it"
        )
    return keras


@contextmanager
def precision(dtype: DTypeLike) -> Iterator[None]:
    """While it lasts, JAX computes in float64 if that is asked for, and Keras makes new numbers of this type."""
    import jax

    keras = import_keras()
    if hasattr(jax, "enable_x64"):
        enable_x64 = jax.enable_x64
    else:
        from jax import experimental

        enable_x64 = experimental.enable_x64
    with ONE_AT_A_TIME:
        policy, usual = keras.config.dtype_policy(), keras.config.floatx()  # made from the type, and kept from then on
        keras.config.set_floatx(np.dtype(dtype).name)
        try:
            with enable_x64(np.dtype(dtype) == np.float64):
                yield
        finally:
            keras.config.set_floatx(usual)
            keras.config.set_dtype_policy(policy)
