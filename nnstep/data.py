"""Where samples come from: the bundled digits, Keras' data sets, .npz files and folders of IDX files."""

from __future__ import annotations

import gzip
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnstep.errors import NnstepError, reason
from nnstep.npz import BROKEN, read_npz
from nnstep.samples import Dataset, Samples

KERAS_SETS = ("mnist", "fashion_mnist")
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def load_data(source: str, limit: int | None = None, test_limit: int | None = None) -> Dataset:
    """Loads a training set and a test set; uint8 pixels stay so, floats of an .npz file are taken as they are.

    Args:
        source: samples, mnist, fashion_mnist, the path of an .npz file in Keras' layout, or of an IDX folder.
        limit: take only the first so many training samples.
        test_limit: take only the first so many test samples.

    Raises:
        NnstepError: there is no such source, or what it holds is not what it should be.
    """
    for name, value in (("--limit", limit), ("--test-limit", test_limit)):
        if value is not None and value < 1:
            raise NnstepError(f"{name} expected to be 1 or more, received {value}")
    if source == "samples":
        arrays = _load_npz(bundled_folder() / "digits.npz")
    elif source in KERAS_SETS:
        arrays = _load_keras(source)
    elif Path(source).is_dir():
        arrays = _load_idx_folder(Path(source))
    else:
        arrays = _load_npz(Path(source))
    x_train, y_train, x_test, y_test = arrays
    train = _make_samples(source, "training", x_train, y_train)
    test = _make_samples(source, "test", x_test, y_test)
    if train.pixels.dtype != test.pixels.dtype:
        kinds = f"{train.pixels.dtype} for training, {test.pixels.dtype} for test"
        raise NnstepError(f"{source}: expected pictures of one type, received {kinds}")
    if train.shape != test.shape:
        raise NnstepError(
            f"{source}: expected pictures of one size, received {train.shape} for training, {test.shape} for test"
        )
    return Dataset(source, train.first(limit), test.first(test_limit))


def bundled_folder() -> Path:
    """The folder of what comes along: inside an installed package, beside it in a checkout."""
    here = Path(__file__).parent
    inside = here / "samples"
    return inside if inside.is_dir() else here.parent / "samples"


def _make_samples(source: str, which: str, images: NDArray[Any], labels: NDArray[Any]) -> Samples:
    floats = np.issubdtype(images.dtype, np.floating)
    if images.ndim not in (2, 3) or not (floats or images.dtype == np.uint8):
        raise NnstepError(
            f"{source}: expected {which} images as uint8 or floats of shape (samples, height, width), "
            f"received {images.dtype} {images.shape}",
            _images_hint(images),
        )
    if floats and not np.all(np.isfinite(images)):
        raise NnstepError(f"{source}: expected {which} images of finite numbers, received NaN or infinite ones")
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise NnstepError(
            f"{source}: expected {which} labels as whole numbers of shape (samples,), "
            f"received {labels.dtype} {labels.shape}",
            _labels_hint(labels),
        )
    if len(images) != len(labels):
        raise NnstepError(
            f"{source}: expected as many {which} labels as images, received {len(labels)} and {len(images)}"
        )
    if not len(images) or not images[0].size:
        raise NnstepError(f"{source}: expected at least one {which} image, received none")
    if labels.min() < 0 or labels.max() > 9:
        wrong = labels[(labels < 0) | (labels > 9)][0]
        raise NnstepError(f"{source}: expected {which} labels from 0 to 9, received {wrong}")
    height, width = images.shape[1:] if images.ndim == 3 else _picture_shape(images.shape[1])
    return Samples(images.reshape(len(images), -1), labels.astype(np.uint8), (height, width))


def _images_hint(images: NDArray[Any]) -> str:
    """What to save in place of images that have too many axes, or the wrong type."""
    if images.ndim == 4 and 1 in (images.shape[1], images.shape[-1]):
        return f"Save {'x[..., 0]' if images.shape[-1] == 1 else 'x[:, 0]'}, without the axis of length 1"
    if np.issubdtype(images.dtype, np.integer):
        return "Pixels from 0 to 255: save x.astype(numpy.uint8)"
    return ""


def _labels_hint(labels: NDArray[Any]) -> str:
    """What to save in place of labels that are rows, or no whole numbers."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        return "Of one-hot rows save the class: y.argmax(axis=1)"
    if labels.ndim == 2:
        return "Save them as one row: y.ravel()"
    return "Save y.astype(int)" if np.issubdtype(labels.dtype, np.number) else ""


def _picture_shape(pixels: int) -> tuple[int, int]:
    side = round(pixels**0.5)
    return (side, side) if side * side == pixels else (1, pixels)


def _load_npz(path: Path) -> list[NDArray[Any]]:
    _check_file(path)
    arrays = read_npz(path, ARRAYS)
    return [arrays[name] for name in ARRAYS]


def _check_file(path: Path) -> None:
    if not path.exists():
        raise NnstepError(
            f"{path}: there is no such file",
            "--data takes samples, mnist, fashion_mnist, an .npz file or a folder of IDX files",
        )
    if not path.is_file():
        raise NnstepError(f"{path}: expected a file")
    if not os.access(path, os.R_OK):
        raise NnstepError(f"{path}: may not be read; see its permissions")
    if path.stat().st_size == 0:
        raise NnstepError(f"{path}: the file is empty")


def _load_idx_folder(folder: Path) -> list[NDArray[Any]]:
    x_train, y_train, x_test, y_test = (_read_idx(_find_idx(folder, name)) for name in IDX_FILES)
    return [x_train, y_train, x_test, y_test]


def _find_idx(folder: Path, name: str) -> Path:
    for stem in (name, name.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            if (folder / (stem + ending)).is_file():
                return folder / (stem + ending)
    raise NnstepError(f"{folder}: expected the IDX file {name} or {name}.gz in it, which is missing")


def _read_idx(path: Path) -> NDArray[Any]:
    """Reads the IDX format: a magic number, each axis' length (big-endian), then the bytes."""
    _check_file(path)
    axes = 3 if "idx3" in path.name else 1
    header_size = 4 + 4 * axes
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            header = file.read(header_size)
            if len(header) < header_size:
                raise NnstepError(f"{path}: expected a header of {header_size} bytes, received {len(header)}")
            magic, *shape = (int(number) for number in np.frombuffer(header, ">u4"))
            if magic != 0x0800 + axes:
                raise NnstepError(f"{path}: expected the magic number {0x0800 + axes}, received {magic}")
            size = int(np.prod(shape, dtype=object))
            body = file.read(min(size, 2**33) + 1)
    except (*BROKEN, MemoryError) as error:
        raise NnstepError(f"{path}: cannot be read, or is damaged ({reason(error)})") from None
    if len(body) != size:
        received = "more" if len(body) > size else f"{len(body):,}"
        raise NnstepError(f"{path}: expected {size:,} bytes after the header, received {received}")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _load_keras(name: str) -> list[NDArray[Any]]:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ImportError:
        raise NnstepError(
            f"--data {name} needs Keras, which is not installed", 'Install it: pip install "nnstep[keras]"'
        ) from None
    try:
        with redirect_stdout(sys.stderr):  # where Keras says that it downloads
            (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    except Exception as error:  # Keras raises plain Exception when a download fails
        raise NnstepError(
            f"{name} could not be downloaded or read from Keras' cache ({reason(error)})",
            "Offline works: --data samples (the bundled digits), or a file by its path",
        ) from None
    return [x_train, y_train, x_test, y_test]
