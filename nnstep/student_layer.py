"""A student's layer behind the layer protocol: rows are samples, whatever shape the layer itself takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nnstep.copies import copied
from nnstep.holdings import attributes_of
from nnstep.layers import Array
from nnstep.parameters import Path, array_at, put_array
from nnstep.student_code import StudentCode
from nnstep.student_errors import StudentError

FORWARD, BACKWARD = "forward_propagation", "backward_propagation"
Shape = tuple[int, ...]


class Notes(dict[str, str]):
    """What was noticed about layers, each thing once: by what it is about, in one sentence."""


class StudentLayer:
    """Calls a student's layer, one sample in its own shape at a time or all rows at once, and looks at what comes back.

    Args:
        original: the student's object.
        name: what it is called, such as `Dense 1`.
        code: runs its methods.
        notes: where to put what is noticed on the way.

    Attributes:
        shape: of one sample as the layer takes it: (1, n), (n,), (n, 1) or a picture's.
        output_shape: of one sample as the layer gives it.
        batched: it takes several rows at once.
        paths: where its parameters are, by name.
        idle: where arrays are that look like its weights, but that no update was seen to change.
        kind: which activation it is, such as `tanh`; empty where it is none.
    """

    def __init__(self, original: Any, name: str, code: StudentCode, notes: Notes) -> None:
        self.original, self.name, self.code, self.notes = original, name, code, notes
        self.shape: Shape = (1, 0)
        self.output_shape: Shape | None = None
        self.batched = False
        self.paths: Mapping[str, Path] = {}
        self.idle: Mapping[str, Path] = {}
        self.kind = ""
        self._rows: list[dict[str, Any]] = []
        self._changed_input = False

    @property
    def parameters(self) -> dict[str, Array]:
        """The learnable arrays by name, in the shapes that the student gave them."""
        found = {}
        for name, path in self.paths.items():
            array = found[name] = array_at(self.original, path)
            if not isinstance(array, np.ndarray):
                said = f"{name} expected to stay an array, is a {type(array).__name__} now"
                raise self.fault(said, "Keep parameters in numpy arrays", BACKWARD, "wrong-type")
        return found

    @property
    def idle_arrays(self) -> dict[str, Array]:
        """The arrays that look like its weights, but that no update was seen to change."""
        found = {name: array_at(self.original, path) for name, path in self.idle.items()}
        return {name: array for name, array in found.items() if isinstance(array, np.ndarray)}

    def put_parameter(self, name: str, array: Array) -> None:
        """Puts numbers into a parameter, or a new array where the layer holds one of another shape now."""
        put_array(self.original, self.paths[name], array)

    def forward_propagation(self, X: Array) -> Array:
        """Y (batch, outputs) from X (batch, inputs).

        Raises:
            StudentError: the layer raised, took too long, or returned no array of the expected shape.
        """
        self._rows = []
        if len(X) == 1:
            Y = self._call(FORWARD, X.reshape(self.shape))
            return self._output(Y).reshape(1, -1)
        if self.batched:
            return self._all_rows(FORWARD, X)
        rows = []
        for row in X:
            rows.append(self._output(self._call(FORWARD, row.reshape(self.shape))).reshape(1, -1))
            self._rows.append(self._remembered())
        return np.concatenate(rows)

    def backward_propagation(self, dE_dY: Array, learning_rate: float) -> Array:
        """dE/dX (batch, inputs) from dE/dY (batch, outputs); the layer updates its parameters.

        Raises:
            StudentError: as for forward.
        """
        if len(dE_dY) == 1:
            gradient = dE_dY.reshape(self.output_shape or dE_dY.shape)
            return self._input_gradient(self._call(BACKWARD, gradient, learning_rate)).reshape(1, -1)
        return (
            self._all_rows(BACKWARD, dE_dY, learning_rate) if self.batched else self._row_by_row(dE_dY, learning_rate)
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> StudentLayer:
        return self.around(copied(self.original))

    def around(self, original: Any) -> StudentLayer:
        """The same for another object of the student's that is like this one's; what it notes is not kept."""
        other = StudentLayer(original, self.name, self.code, Notes())
        other.shape, other.output_shape, other.batched = self.shape, self.output_shape, self.batched
        other.paths, other.idle, other.kind = self.paths, self.idle, self.kind
        return other

    def __repr__(self) -> str:
        kind = self.name.rpartition(" ")[0] or self.name
        if not self.paths or self.output_shape is None:
            return kind
        return f"{kind} {np.prod(self.shape)} → {np.prod(self.output_shape)}"

    def _call(self, method: str, given: Array, *rest: float) -> Any:
        """Calls a method with a copy of the array, and notes where the student's code changes that."""
        mine = np.array(given)
        result = self.code.call(f"{method} of {self.name}", getattr(self.original, method), mine, *rest)
        if not (mine == given).all() and not np.array_equal(mine, given, equal_nan=True):
            what = "the X" if method == FORWARD else "the dE/dY"
            self.notes[f"{self.name} {method} changes"] = (
                f"{self.name}: {method} changes {what} that it was given; "
                "nnstep gives it a copy, your own network does not"
            )
        return result

    def _output(self, Y: Any) -> Array:
        expected = self.output_shape
        checked = self._checked(FORWARD, Y, "one array" if expected is None else f"an array of shape {expected}")
        if expected is None and not (checked.ndim and checked.size):
            said = f"{FORWARD} expected to return a row of numbers, received an array of shape {checked.shape}"
            raise self.fault(said, "", FORWARD, "wrong-shape")
        if expected is not None and checked.shape != expected:
            self._wrong_shape(FORWARD, expected, checked.shape)
        return checked

    def _input_gradient(self, dE_dX: Any) -> Array:
        checked = self._checked(BACKWARD, dE_dX, f"dE/dX as an array of shape {self.shape}")
        if checked.shape != self.shape:
            if checked.size != np.prod(self.shape):
                self._wrong_shape(BACKWARD, self.shape, checked.shape)
            self.notes[f"{self.name} dE/dX shape"] = (
                f"{self.name}: {BACKWARD} expected to return dE/dX of X's shape {self.shape}, received {checked.shape}"
            )
        return checked

    def _checked(self, method: str, result: Any, expected: str) -> Array:
        """What a method returned, as an array of floats."""
        if type(result) is np.ndarray and result.dtype.kind == "f":
            return result
        if not isinstance(result, np.ndarray) and not isinstance(result, np.generic):
            received = "None" if result is None else f"a {type(result).__name__}"
            hint = "Is a return missing?" if result is None else "Return a numpy array"
            raise self.fault(f"{method} expected to return {expected}, received {received}", hint, method, "wrong-type")
        array = np.asarray(result)
        if np.issubdtype(array.dtype, np.floating):
            return array
        if array.dtype == bool or np.issubdtype(array.dtype, np.integer):
            self.notes[f"{self.name} {method} type"] = (
                f"{self.name}: {method} expected to return float64, received {array.dtype}: "
                "what follows the point is lost"
            )
            return array.astype(np.float64)
        raise self.fault(f"{method} expected to return float64, received {array.dtype}", "", method, "wrong-type")

    def _all_rows(self, method: str, given: Array, *rest: float) -> Array:
        result = self._checked(method, self._call(method, given, *rest), "an array with a row for each sample")
        width = int(np.prod(self.output_shape or (1,))) if method == FORWARD else int(np.prod(self.shape))
        if result.shape != (len(given), width):
            self._wrong_shape(method, (len(given), width), result.shape)
        return result

    def _row_by_row(self, dE_dY: Array, learning_rate: float) -> Array:
        """Backward for a layer that takes one sample at a time: each from the same parameters, the updates added up."""
        before = {name: array.copy() for name, array in self.parameters.items()}
        total = {name: np.zeros_like(array, dtype=np.result_type(array, 1.0)) for name, array in before.items()}
        rows = []
        for row, memory in zip(dE_dY, self._rows, strict=True):
            for name, array in before.items():
                self.put_parameter(name, array)
            for key, value in memory.items():
                setattr(self.original, key, value)
            gradient = row.reshape(self.output_shape or (1, -1))
            rows.append(self._input_gradient(self._call(BACKWARD, gradient, learning_rate)).reshape(1, -1))
            for name, array in self.parameters.items():
                total[name] += array - before[name]
        for name, array in before.items():
            self.put_parameter(name, (array + total[name]).astype(array.dtype))
        return np.concatenate(rows)

    def _remembered(self) -> dict[str, Any]:
        """What forward left for backward: all arrays and numbers of the layer but its parameters."""
        taken = {path[0] for path in self.paths.values()}
        kinds = (np.ndarray, int, float, tuple)
        return {
            name: value.copy() if isinstance(value, np.ndarray) else value
            for name, value in attributes_of(self.original).items()
            if name not in taken and isinstance(value, kinds)
        }

    def _wrong_shape(self, method: str, expected: Shape, received: Shape) -> None:
        hint = ""
        if len(received) == 2 and received[0] == received[1] and received[0] in expected and min(received) > 1:
            n = received[0]
            hint = f"Adding ({n}, 1) and ({n},) gives ({n}, {n})"
        raise self.fault(
            f"{method} expected to return an array of shape {expected}, received {received}",
            hint,
            method,
            "wrong-shape",
        )

    def fault(self, said: str, hint: str, method: str, kind: str) -> StudentError:
        """An error about what a method of this layer returned, with the method's line."""
        line = line_of(getattr(self.original, method), self.code)
        where = f"{self.code.name}, {self.code.place(line)}: " if line else ""
        return StudentError(f"{where}{self.name}: {said}", hint, "", self.code.name, line, kind)


def line_of(method: Callable[..., Any], code: StudentCode) -> int | None:
    """The first line of a method, where it stands in the student's file."""
    found = getattr(getattr(method, "__func__", method), "__code__", None)
    return found.co_firstlineno if found is not None and found.co_filename == code.path else None
