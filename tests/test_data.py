import gzip
import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nnstep.data import load_data
from nnstep.errors import NnstepError
from nnstep.runs import read_run
from nnstep.storage import load_weights


def arrays(count: int = 3) -> dict[str, np.ndarray]:
    images = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2)
    labels = np.arange(count, dtype=np.uint8)
    return {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}


def save(path: Path, **changes: object) -> str:
    np.savez(path, **{k: v for k, v in (arrays() | changes).items() if v is not None})
    return str(path)


def idx(images: np.ndarray) -> bytes:
    return struct.pack(f">{images.ndim + 1}I", 0x0800 + images.ndim, *images.shape) + images.tobytes()


def idx_folder(folder: Path) -> dict[str, bytes]:
    made = arrays()
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
    files = {name: idx(array) for name, array in zip(names, made.values(), strict=True)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return files


def test_the_bundled_digits_are_the_published_ones() -> None:
    data = load_data("samples")
    assert (len(data.train), len(data.test)) == (6000, 1000)
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert data.train.pixels.dtype == np.uint8 and data.train.pixels.shape == (6000, 784)


def test_limits_take_the_first_ones() -> None:
    data = load_data("samples", 7, 5)
    assert (len(data.train), len(data.test)) == (7, 5)
    for limit in (0, -1):
        with pytest.raises(NnstepError, match="1 or more"):
            load_data("samples", limit)


def test_pixels_are_scaled_and_labels_one_hot(tmp_path: Path) -> None:
    data = load_data(save(tmp_path / "d.npz"))
    np.testing.assert_array_equal(data.train.inputs(slice(1, 2)), [[4 / 255, 5 / 255, 6 / 255, 7 / 255]])
    assert data.train.targets(slice(1, 2)).tolist() == [[0, 1] + [0] * 8]
    assert data.train.inputs(slice(0, 1), np.float32).dtype == np.float32


def test_idx_folders_are_read_gzipped_or_not(tmp_path: Path) -> None:
    files = idx_folder(tmp_path)
    plain = load_data(str(tmp_path)).train.pixels
    for name, content in files.items():
        (tmp_path / name).unlink()
        (tmp_path / f"{name.replace('-idx', '.idx')}.gz").write_bytes(gzip.compress(content))
    np.testing.assert_array_equal(load_data(str(tmp_path)).train.pixels, plain)
    assert plain[1].tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"x_test": None}, "x_test is missing"),
        ({"x_train": np.zeros((3, 2, 2), np.int64)}, r"uint8 or floats.*int64.*astype\(numpy.uint8\)"),
        ({"x_train": np.zeros((3, 2, 2, 1), np.uint8)}, r"\(3, 2, 2, 1\)\. Save x\[\.\.\., 0\]"),
        ({"x_train": np.zeros((3, 1, 2, 2), np.uint8)}, r"Save x\[:, 0\]"),
        ({"y_train": np.eye(3)}, r"argmax\(axis=1\)"),
        ({"y_train": np.zeros((3, 1), int)}, r"y\.ravel\(\)"),
        ({"x_train": np.zeros((3, 2, 2))}, "one type, received float64 for training, uint8"),
        ({"x_train": np.full((3, 2, 2), np.nan)}, "finite"),
        ({"x_train": np.zeros(3, np.uint8)}, r"received uint8 \(3,\)"),
        ({"x_train": np.zeros((2, 2, 2), np.uint8)}, "as many training labels as images, received 3 and 2"),
        ({"y_train": np.array([0, 1, 10])}, "labels from 0 to 9, received 10"),
        ({"y_train": np.array([0, 1, -1])}, "labels from 0 to 9, received -1"),
        ({"y_train": np.zeros(3)}, "whole numbers"),
        ({"y_train": np.array([None] * 3)}, "pickled"),
        ({"x_test": np.zeros((3, 3, 3), np.uint8)}, "one size"),
    ],
)
def test_an_npz_file_that_does_not_fit_is_refused(tmp_path: Path, changes: dict, says: str) -> None:
    with pytest.raises(NnstepError, match=says):
        load_data(save(tmp_path / "d.npz", **changes))


def test_floats_of_an_npz_file_are_taken_as_they_are(tmp_path: Path) -> None:
    images = np.array([[[0.0, 255.0], [-0.5, 1e-9]]], np.float32)
    data = load_data(
        save(tmp_path / "d.npz", x_train=images, y_train=np.array([3]), x_test=images, y_test=np.array([3]))
    )
    assert data.train.inputs(slice(None)).tolist() == images.reshape(1, 4).astype(float).tolist()


def test_a_file_of_another_kind_is_called_what_it_is(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.zeros((3, 2, 2)))
    (tmp_path / "table.csv").write_text("label,pixel0\n5,0\n")
    (tmp_path / "objects.pkl").write_bytes(pickle.dumps([1]))
    for name, says in (("one.npy", "single array"), ("table.csv", "not an .npz file"), ("objects.pkl", "is a pickle")):
        for load in (load_data, load_weights, read_run):
            with pytest.raises(NnstepError, match=says):
                load(str(tmp_path / name))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    whole = Path(save(tmp_path / "d.npz")).read_bytes()
    for name, content in (("empty", b""), ("cut", whole[: len(whole) // 2]), ("foreign", b"GIF89a" * 99)):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(NnstepError, match=name):
            load_data(str(path))
    with pytest.raises(NnstepError, match="no such file"):
        load_data(str(tmp_path / "nowhere.npz"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: b"\0\0\x08\x04" + content[4:], "magic number 2051, received 2052"),
        (lambda content: content[:-1], "expected 12 bytes after the header, received 11"),
        (lambda content: content + b"x", "received more"),
        (lambda content: content[:7], "header of 16 bytes, received 7"),
        (lambda content: content[:4] + b"\xff" * 12, "bytes after the header"),
        (lambda content: b"", "empty"),
    ],
)
def test_an_idx_file_that_does_not_fit_is_refused(tmp_path: Path, change, says: str) -> None:
    content = idx_folder(tmp_path)["train-images-idx3-ubyte"]
    (tmp_path / "train-images-idx3-ubyte").write_bytes(change(content))
    with pytest.raises(NnstepError, match=says):
        load_data(str(tmp_path))


def test_a_folder_without_idx_files_says_which_is_missing(tmp_path: Path) -> None:
    with pytest.raises(NnstepError, match="train-images-idx3-ubyte"):
        load_data(str(tmp_path))


# Keras checks the hash of mnist.npz, which a cache of a few digits cannot have: that check alone is passed over.
KERAS = """
import sys
import keras.src.utils.file_utils as files
files.validate_file = lambda *arguments, **more: True
from nnstep.data import load_data
for name in ("mnist", "fashion_mnist"):
    data = load_data(name)
    print(name, len(data.train), data.train.labels.tolist(), data.train.shape)
"""


def test_keras_data_sets_come_through_the_real_loader(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    images, labels = np.arange(2 * 784, dtype=np.uint8).reshape(2, 28, 28), np.array([3, 8], np.uint8)
    home = tmp_path / "datasets"
    (home / "fashion-mnist").mkdir(parents=True)
    np.savez(home / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    for part in ("train", "t10k"):
        for name, array, kind in (("images", images, 3), ("labels", labels, 1)):
            body = struct.pack(f">{kind + 1}I", 0x0800 + kind, *array.shape) + array.tobytes()
            (home / "fashion-mnist" / f"{part}-{name}-idx{kind}-ubyte.gz").write_bytes(gzip.compress(body))
    environment = os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": "jax"}
    result = subprocess.run([sys.executable, "-c", KERAS], capture_output=True, text=True, env=environment)
    assert "mnist 2 [3, 8] (28, 28)" in result.stdout, result.stderr
    assert "fashion_mnist 2 [3, 8]" in result.stdout


def test_a_data_set_that_cannot_be_downloaded_says_what_works_offline(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    environment = os.environ | {"KERAS_HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9"}
    command = [sys.executable, "-m", "nnstep", "evaluate", "--data", "mnist"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 2 and result.stdout == ""
    assert "--data samples" in result.stderr.splitlines()[-1]
