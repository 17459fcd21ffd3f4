"""Loads a student's network from a Python file or a notebook: its layers, its loss, and what it is called."""

from __future__ import annotations

import ast
import hashlib
import io
import linecache
import os
import random
import stat
import sys
import tokenize
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nnstep.errors import NnstepError
from nnstep.homework_loss import find_loss
from nnstep.homework_network import Found, find_network
from nnstep.losses import Loss
from nnstep.memory import keep_freed_memory
from nnstep.missing_modules import absence, stand_ins
from nnstep.notebook import definitions, main_definitions, read_notebook
from nnstep.stack import kind_of
from nnstep.student_code import TIME_LIMIT, StudentCode
from nnstep.student_errors import StudentError

LARGEST_FILE = 16 * 2**20


@dataclass(frozen=True, eq=False, slots=True)
class Homework:
    """A network that a student wrote, as it stands in the file.

    Attributes:
        path: the file, as it was named.
        text: the program that was loaded; of a notebook, its code cells one after the other.
        digest: SHA-256 of the file's and its own modules' text.
        module: the module that was made of it.
        network: what holds the layers: an object, or a list.
        layers: the layers themselves, from the input to the output, each as the student made it.
        names: what each is called, kind and number from 1: `Dense 1`.
        loss: the student's loss with its gradient as they were written, or nnstep's mean squared error.
        loss_from: where the loss was found: `network`, `module` or `nnstep`.
        origin: what was taken for the network, in words: `network`, `build_network()`, `class MyNet`.
        printed: what the file printed while it was loaded.
        notes: what a reader should know, such as a library that is not installed.
        code: runs the student's functions within a time limit.
        watched: all files that it was loaded from, absolute, for noticing changes.
        version: how often it was loaded.
        siblings: the modules of the student's own that it imported.
    """

    path: str
    text: str
    digest: str
    module: ModuleType
    network: object
    layers: list[Any]
    names: list[str]
    loss: Loss
    loss_from: str
    origin: str
    printed: str
    notes: tuple[str, ...]
    code: StudentCode
    watched: tuple[str, ...]
    version: int = 1
    siblings: tuple[ModuleType, ...] = ()

    @property
    def modules(self) -> list[ModuleType]:
        """All modules of the student's."""
        return [self.module, *self.siblings]

    def place(self, line: int) -> str:
        """Where a line of the text stands in the file: `line 12`, or `cell 3, line 5` of a notebook."""
        return self.code.place(line)


def load_homework(path: str, time_limit: float = TIME_LIMIT, seed: int = 0, version: int = 1) -> Homework:
    """Loads a file and finds the network in it.

    The file runs as a module (`__name__` is not `__main__`), with its folder first on the module path. Of a
    notebook, only imports, classes, functions, constants and what puts the network together runs.

    Args:
        path: a `.py` or `.ipynb` file.
        time_limit: seconds for running it, and for each later call of its functions.
        seed: what numpy's and Python's global random numbers begin with, so that the same weights come each time.
        version: counts up where a file is loaded again, so that the source of each version can be shown.

    Raises:
        NnstepError: there is no such file, it cannot be read, or time_limit is no positive number.
        StudentError: a syntax error, an error while it ran, no network in it, or layers that lack the protocol.
    """
    if not (np.isfinite(time_limit) and time_limit > 0):
        raise NnstepError(f"--time-limit expected to be a number of seconds above 0, received {time_limit:g}")
    real = os.path.realpath(path)
    full = real if version == 1 else f"{real}#{version}"
    code = StudentCode(full, time_limit)
    raw = _read(path)
    text = _text(path, raw, code)
    linecache.cache[full] = (len(text), None, text.splitlines(keepends=True), full)
    keep_freed_memory()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    return code.within(lambda: _load(path, full, text, raw, code, version))


def _load(path: str, full: str, text: str, raw: bytes, code: StudentCode, version: int) -> Homework:
    notes: list[str] = []
    real = os.path.realpath(path)  # now: the code may change the folder
    notebook = path.endswith(".ipynb")
    tree = _parsed(text, code, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT if notebook else 0)
    _forget_modules(str(Path(full).parent))
    before = set(sys.modules)
    module = _module(full)
    try:
        with stand_ins(str(Path(full).parent)) as missing:
            code.call(
                f"loading {code.name}", _execute, definitions(tree) if notebook else tree, module, notes, notebook
            )
        notes += [absence(name) for name in missing]
        code.files |= _siblings(full, before)
        found = _found(module, tree, code)
    except StudentError:
        code.files |= _siblings(full, before)
        raise
    loss, loss_from = code.call("looking for the loss", find_loss, found.network, vars(module))
    printed = code.prints.take()
    names = [f"{_kind(layer, code)} {number}" for number, layer in enumerate(found.layers, 1)]
    watched = tuple(sorted({real, *(code.files - {full})}))
    return Homework(
        path, text, _digest(raw, watched, real), module, found.network, found.layers, names,
        loss, loss_from, found.origin, printed, tuple(notes), code, watched, version, _modules_of(code.files - {full}),
    )  # fmt: skip


def _found(module: ModuleType, tree: ast.Module, code: StudentCode) -> Found:
    """The network in a module; where there is none, one more look under `if __name__ == "__main__":`."""
    found = code.call("looking for the network", find_network, module, code)
    if isinstance(found, Found):
        return found
    under_main = main_definitions(tree)
    if under_main.body:
        again = ModuleType(module.__name__)
        vars(again).update(vars(module))
        try:
            with stand_ins(str(Path(code.path).parent)):
                code.call(f"loading {code.name}", _execute, under_main, again, [], True)
            second = code.call("looking for the network", find_network, again, code)
        except StudentError:
            raise found from None
        if isinstance(second, Found):
            vars(module).update(vars(again))
            return second
    raise found


def _kind(layer: object, code: StudentCode) -> str:
    """What sort of layer it is: by its own words, or its class where these fail."""
    try:
        return code.call("__repr__", kind_of, layer)
    except StudentError:
        return type(layer).__name__


def _execute(tree: ast.Module, module: ModuleType, notes: list[str], apart: bool) -> None:
    """Runs a program in a module; `apart`: each statement alone, leaving out imports of what is not installed."""
    with _arguments(str(module.__file__)):
        _execute_with(tree, module, notes, apart)


@contextmanager
def _arguments(file: str) -> Iterator[None]:
    """While it lasts, a program finds no arguments of a command line, as where it runs by itself."""
    words = sys.argv
    sys.argv = [file]
    try:
        yield
    finally:
        sys.argv = words


def _execute_with(tree: ast.Module, module: ModuleType, notes: list[str], apart: bool) -> None:
    file, names = str(module.__file__), vars(module)
    if not apart:
        exec(compile(tree, file, "exec"), names)
        return
    for statement in tree.body:
        try:
            exec(compile(ast.Module([statement], []), file, "exec"), names)
        except ImportError as error:
            if not isinstance(statement, ast.Import | ast.ImportFrom):
                raise
            notes.append(f"line {statement.lineno} is left out: {error}")


def _module(full: str) -> ModuleType:
    """An empty module for the file, known to Python under the file's name where that is free."""
    stem = "".join(c if c.isalnum() else "_" for c in Path(full).stem)
    known = sys.modules.get(stem)
    taken = stem in sys.stdlib_module_names or (known is not None and stem not in _loaded)
    name = f"homework_{stem}" if taken or not stem.isidentifier() else stem
    module = ModuleType(name)
    module.__file__ = full
    module.__spec__ = ModuleSpec(name, None, origin=full)
    sys.modules[name] = module
    _loaded[name] = full
    folder = str(Path(full).parent)
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)
    return module


_loaded: dict[str, str] = {}


def _forget_modules(folder: str) -> None:
    """Lets the next import of homework modules read their files again, and not those of another homework."""
    for name in list(_loaded):
        sys.modules.pop(name, None)
        del _loaded[name]
    sys.path_importer_cache.pop(folder, None)


def _siblings(full: str, before: set[str]) -> set[str]:
    """The files of modules that the homework imported from its own folder; the next load reads them again."""
    folder = Path(full).parent
    found = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in before or not isinstance(file, str) or not file.endswith(".py"):
            continue
        path = Path(file)
        installed = {"site-packages", "dist-packages"}.intersection(path.parts) or path.is_relative_to(sys.prefix)
        if path.is_relative_to(folder) and (path.parent == folder or not installed):
            found.add(file)
            _loaded[name] = file
    return found


def _modules_of(files: set[str]) -> tuple[ModuleType, ...]:
    return tuple(module for module in list(sys.modules.values()) if getattr(module, "__file__", None) in files)


def _digest(raw: bytes, watched: tuple[str, ...], own: str) -> str:
    digest = hashlib.sha256(raw)
    for file in watched:
        if file != own and Path(file).is_file():
            digest.update(Path(file).read_bytes())
    return digest.hexdigest()


def _read(path: str) -> bytes:
    target = Path(path)
    if not path.endswith((".py", ".ipynb")):
        raise NnstepError(f"{path}: expected a Python file (.py) or a notebook (.ipynb)")
    if target.is_dir():
        raise NnstepError(f"{path}: is a folder; expected a Python file or a notebook")
    try:
        if not stat.S_ISREG(target.stat().st_mode):  # a pipe may never give anything, a device never end
            raise NnstepError(f"{path}: is no regular file; expected a Python file or a notebook")
        if target.stat().st_size > LARGEST_FILE:
            raise NnstepError(f"{path}: larger than {LARGEST_FILE // 2**20} MiB", "Clear the outputs of the notebook")
        return target.read_bytes()
    except FileNotFoundError:
        raise NnstepError(f"{path}: there is no such file") from None
    except OSError as error:
        raise NnstepError(f"{path}: cannot be read ({error.strerror})") from None


def _text(path: str, raw: bytes, code: StudentCode) -> str:
    if path.endswith(".ipynb"):
        notebook = read_notebook(path, raw)
        code.place = notebook.place
        return notebook.text
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return raw.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise NnstepError(f"{path}: is no text in UTF-8 ({error})", "Save it as UTF-8") from None


def _parsed(text: str, code: StudentCode, flags: int) -> ast.Module:
    try:
        tree = ast.parse(text, code.path)
        compile(tree, code.path, "exec", flags, dont_inherit=True)
        return tree
    except SyntaxError as error:
        raise code.told("loading", error) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise NnstepError(f"{code.name}: cannot be read as Python ({str(error) or type(error).__name__})") from None
