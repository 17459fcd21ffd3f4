"""Weights and reports on disk, written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.npz import read_npz
from nnstep.stack import Stack

STATE = "state."
FOREIGN = {".keras": "keras", ".pt": "torch", ".pth": "torch"}


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """What a weights file holds.

    Attributes:
        arrays: the parameters by name, a mapping for each layer that has any.
        meta: what nnstep noted about them; None in files of other origin.
        channels_first: what follows a flatten layer is in the order of frameworks that put channels first.
    """

    arrays: list[dict[str, Array]]
    meta: dict[str, Any] | None
    channels_first: bool = False


def save_weights(path: str, stack: Stack, meta: dict[str, Any]) -> None:
    """Writes all parameters as `0.weights`, `0.bias`, `1.weights` … and the `meta` entry, whole or not at all.

    What a layer with parameters keeps beside them goes with them, as `1.state.running_mean`. Those of students' layers
    are written under these names and in these shapes too, where the layer is affine.

    Raises:
        NnstepError: the file cannot be written.
    """
    learning = [index for index in range(len(stack.layers)) if stack.parameters_of(index)]
    states = [{f"{STATE}{name}": array for name, array in stack.state_of(index).items()} for index in learning]
    layers = [{**p, **state} for p, state in zip(stack.canonical_parameters(), states, strict=True)]
    named: dict[str, Any] = {
        f"{number}.{name}": array for number, arrays in enumerate(layers) for name, array in arrays.items()
    }
    named["meta"] = np.array(json.dumps(meta))
    write_whole(path, lambda file: np.savez(file, **named))


def load_weights(path: str) -> Weights:
    """Reads a weights file: an .npz, a Keras model (.keras) or a PyTorch state dict (.pt, .pth); no code is unpickled.

    Raises:
        NnstepError: it is missing, damaged, or no weights file.
    """
    if Path(path).suffix.lower() in FOREIGN:
        return _load_foreign(path)
    if Path(path).suffix.lower() == ".onnx":
        raise NnstepError(f"{path}: ONNX files are written, not read", "Of exported files, .keras and .pt are read")
    arrays = read_arrays(path, "weights")
    meta = read_meta(path, arrays.pop("meta", None))
    if meta and "format" in meta:
        raise NnstepError(
            f"{path}: expected weights, received a saved run",
            f"nnstep export {path} --to weights.pt takes its weights out",
        )
    return Weights(_by_layer(path, arrays), meta)


def _load_foreign(path: str) -> Weights:
    """Reads the weights of a framework, in its own order of flattened pictures."""
    from nnstep.frameworks.base import import_framework

    framework = FOREIGN[Path(path).suffix.lower()]
    if not Path(path).is_file():
        raise NnstepError(f"{path}: there is no such weights file")
    import_framework(framework)
    if framework == "torch":
        from nnstep.frameworks.torch_file import read_torch

        arrays, meta = read_torch(path)
        return Weights(_by_layer(path, arrays), meta, channels_first=True)
    from nnstep.frameworks.keras_file import read_keras

    arrays, known = read_keras(path)
    return Weights(_by_layer(path, arrays), known)


def read_arrays(path: str, kind: str) -> dict[str, Any]:
    """Reads all arrays of an .npz file; pickles are refused.

    Args:
        path: the file.
        kind: what it should hold, for the error: weights or run.

    Raises:
        NnstepError: it is missing, empty, damaged, or something else.
    """
    if not Path(path).is_file():
        raise NnstepError(f"{path}: there is no such {kind} file")
    if not os.path.getsize(path):
        raise NnstepError(f"{path}: the file is empty")
    return read_npz(path)


def put_weights(stack: Stack, weights: Weights, path: str) -> None:
    """Copies weights into a stack, after every one was found to fit.

    Raises:
        NnstepError: naming the layer and the array that does not fit, and both shapes.
    """
    layers = [i for i in range(len(stack.layers)) if stack.parameters_of(i)]
    if weights.channels_first and len(layers) == len(weights.arrays):
        weights = _with_channels_last(stack, weights, layers)
    if len(layers) != len(weights.arrays):
        raise NnstepError(
            f"{path}: expected weights for {len(layers)} layers with parameters, received {len(weights.arrays)}"
        )
    for index, arrays in zip(layers, weights.arrays, strict=True):
        name = stack.names[index]
        for key, live in stack.parameters_of(index).items():
            if key not in arrays:
                raise NnstepError(f"{path}: the {key} of {name} are missing")
            if arrays[key].shape != live.shape:
                raise NnstepError(f"{path}: {key} of {name} expected shape {live.shape}, received {arrays[key].shape}")
    for index, arrays in zip(layers, weights.arrays, strict=True):
        for key, live in stack.parameters_of(index).items():
            live[...] = arrays[key]
        for key, live in stack.state_of(index).items():
            if f"{STATE}{key}" in arrays and arrays[f"{STATE}{key}"].shape == live.shape:
                live[...] = arrays[f"{STATE}{key}"]


def _with_channels_last(stack: Stack, weights: Weights, layers: list[int]) -> Weights:
    from nnstep.frameworks.pixel_order import with_channels_last

    named = dict(zip(layers, weights.arrays, strict=True))
    everything = [named.get(index, {}) for index in range(len(stack.layers))]
    turned = with_channels_last(stack.layers, everything)  # type: ignore[arg-type]
    return Weights([turned[index] for index in layers], weights.meta)


def check_writable(path: str) -> None:
    """Finds out early whether a file can be written; leaves nothing behind.

    Raises:
        NnstepError: its folder is missing or cannot be written, or it is a folder itself.
    """
    target = Path(path)
    if target.is_dir():
        raise NnstepError(f"{path}: is a folder; expected the name of a file")
    if not target.parent.is_dir():
        raise NnstepError(f"{path}: the folder {target.parent} does not exist")
    try:
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise NnstepError(f"{path}: cannot be written ({error.strerror})") from None


def write_whole(path: str, write: Callable[[BinaryIO], object]) -> None:
    """Writes a file under another name beside it, then renames it: the old one or the new one is there, never half.

    Raises:
        NnstepError: it cannot be written; what was there before still is.
    """
    check_writable(path)
    target = Path(path)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, target)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise NnstepError(f"{path}: cannot be written ({error.strerror})") from None
        raise


def write_arrays(file: BinaryIO, named: Mapping[str, Array | Sequence[Array]]) -> None:
    """Writes an .npz file; what is a sequence of arrays of one shape becomes one array, without a copy of it.

    Other threads can work meanwhile: the interpreter is held for no longer than one array takes.
    """
    with zipfile.ZipFile(file, "w") as archive:
        for name, value in named.items():
            parts = [value] if isinstance(value, np.ndarray) else list(value)
            header = np.lib.format.header_data_from_array_1_0(np.asarray(parts[0], order="C"))
            if not isinstance(value, np.ndarray):
                header["shape"] = (len(parts), *header["shape"])
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array_header_1_0(entry, header)
                for part in parts:
                    entry.write(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)


def write_text(path: str, text: str) -> None:
    """Writes a text file, whole or not at all; half characters, as of a strange file name, as JSON writes them."""
    write_whole(path, lambda file: file.write(text.encode(errors="backslashreplace")))


def read_meta(path: str, entry: Any) -> dict[str, Any] | None:
    """The JSON object of a `meta` entry; None where there is no such entry."""
    if entry is None:
        return None
    try:
        meta = json.loads(str(entry))
    except ValueError:
        meta = None
    if not isinstance(meta, dict):
        raise NnstepError(f"{path}: its meta entry is not a JSON object")
    return meta


def _by_layer(path: str, arrays: dict[str, Array]) -> list[dict[str, Array]]:
    layers: dict[int, dict[str, Array]] = {}
    for key, array in arrays.items():
        number, _, name = key.partition(".")
        if not number.isdecimal() or not name:
            raise NnstepError(f"{path}: no weights file: expected arrays such as 0.weights, received '{key}'")
        if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
            raise NnstepError(f"{path}: {key} expected to be numbers, received {array.dtype}")
        if not np.all(np.isfinite(array)):
            raise NnstepError(f"{path}: {key} holds NaN or infinity")
        layers.setdefault(int(number), {})[name] = array
    if not layers or sorted(layers) != list(range(len(layers))):
        raise NnstepError(f"{path}: expected layers numbered from 0 without gaps, received {sorted(layers)}")
    return [layers[number] for number in range(len(layers))]
