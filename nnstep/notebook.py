"""A notebook's code as one Python text, and which of its statements set a network up."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nnstep.errors import NnstepError

SETTING_UP = {"add", "add_layer", "use", "use_loss", "set_loss", "append", "extend", "insert", "seed"}
MAKERS = re.compile(r"(build|make|create|get|init)_?(.*_)?(network|net|model|layers?|nn|mlp)?", re.IGNORECASE)
PLAIN_CALLS = {"range", "list", "tuple", "dict", "int", "float", "len", "zip", "enumerate", "sum", "max", "min", "abs"}
READERS = {"load", "loadtxt", "genfromtxt", "fromfile", "memmap", "save", "savez", "savetxt", "fromregex"}
MAGIC = re.compile(r"^\s*[%!?]|^[^#'\"]*=\s*[%!]|^\s*[\w.*\[\]-]+\?{1,2}\s*$")


@dataclass(frozen=True, slots=True)
class Notebook:
    """The code cells of a notebook, one after the other.

    Attributes:
        text: all of them as one text; magics and shell lines are blank.
        cells: for each code cell its number among all code cells (from 1) and its first line in the text (from 1).
    """

    text: str
    cells: tuple[tuple[int, int], ...]

    def place(self, line: int) -> str:
        """Where a line of the text stands in the notebook, such as `cell 3, line 5`."""
        number, first = max((cell for cell in self.cells if cell[1] <= line), key=lambda cell: cell[1], default=(1, 1))
        return f"cell {number}, line {line - first + 1}"


def read_notebook(path: str, raw: bytes) -> Notebook:
    """Reads the code cells of an `.ipynb` file.

    Args:
        path: its name, for errors.
        raw: what is in it.

    Raises:
        NnstepError: it is no notebook, or has no code.
    """
    try:
        known = json.loads(raw.decode("utf-8-sig"))
        found = known["cells"] if "cells" in known else [c for sheet in known["worksheets"] for c in sheet["cells"]]
        code = [_source(cell) for cell in found if cell.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NnstepError(f"{path}: not a notebook, or a damaged one", "Save it again from Jupyter") from None
    if not any(text.strip() for text in code):
        raise NnstepError(f"{path}: the notebook has no code cells")
    lines: list[str] = []
    cells = []
    for number, text in enumerate(code, 1):
        cells.append((number, len(lines) + 1))
        lines += _without_magics(text.splitlines())
    return Notebook("\n".join(lines) + "\n", tuple(cells))


def definitions(tree: ast.Module) -> ast.Module:
    """The statements that set a network up: imports, classes, functions, constants, and what puts the layers together.

    What trains, plots, loads data or prints does not stay, nor what needs a name that such a statement would have set.

    Args:
        tree: the whole program.
    """
    chooser = _Chooser()
    return ast.Module([statement for statement in tree.body if chooser.keeps(statement)], tree.type_ignores)


def main_definitions(tree: ast.Module) -> ast.Module:
    """Such statements of what stands under `if __name__ == "__main__":`; those before it are taken as run."""
    chooser, body = _Chooser(), []
    for statement in tree.body:
        if _is_main(statement):
            assert isinstance(statement, ast.If)
            body += [inner for inner in statement.body if chooser.keeps(inner)]
        else:
            chooser.keeps(statement)
    return ast.Module(body, tree.type_ignores)


class _Chooser:
    """Decides, in order, which statements stay; it remembers which names are there."""

    def __init__(self) -> None:
        self.missing: set[str] = set()
        self.classes: set[str] = set()
        self.makers: set[str] = set()
        self.functions: set[str] = set()
        self.modules: set[str] = set()

    def keeps(self, statement: ast.stmt) -> bool:
        kept = self._keeps(statement)
        names = set(_bound(statement))
        self.missing = self.missing - names if kept else self.missing | names
        return kept

    def _keeps(self, statement: ast.stmt) -> bool:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self.modules |= {(a.asname or a.name).partition(".")[0] for a in statement.names}
            self.classes |= {a.asname or a.name for a in statement.names if (a.asname or a.name)[:1].isupper()}
            return True
        if isinstance(statement, ast.ClassDef):
            self.classes.add(statement.name)
            return True
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            needed = [a for a in ast.walk(statement.args) if isinstance(a, ast.arg)]
            self.functions.add(statement.name)
            if not needed and MAKERS.fullmatch(statement.name):
                self.makers.add(statement.name)
            return True
        if isinstance(statement, ast.Assign):
            return all(self._is_plain(part) for part in [statement.value, *statement.targets])
        if isinstance(statement, ast.AnnAssign | ast.AugAssign):
            return statement.value is None or (self._is_plain(statement.value) and self._is_plain(statement.target))
        if isinstance(statement, ast.Expr):
            return self._sets_up(statement.value)
        if isinstance(statement, ast.Try):
            return all(isinstance(part, ast.Import | ast.ImportFrom) for part in statement.body)
        if isinstance(statement, ast.For):
            adds = any(isinstance(part, ast.Expr) for part in statement.body)
            return adds and self._is_plain(statement.iter) and all(self.keeps(part) for part in statement.body)
        return isinstance(statement, ast.Pass)

    def _sets_up(self, node: ast.expr) -> bool:
        """A call such as `network.add(Dense(2, 3))`."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        arguments = [*node.args, *(word.value for word in node.keywords)]
        before = node.func.value
        chained = self._sets_up(before) if isinstance(before, ast.Call) else self._is_plain(before)
        return node.func.attr in SETTING_UP and chained and all(self._is_plain(part) for part in arguments)

    def _is_plain(self, node: ast.expr) -> bool:
        """Made of constants, names that are there, arithmetic, and new objects of the classes that are there."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part.id in self.missing:
                return False
            if isinstance(part, ast.Call) and not self._is_allowed(part.func):
                return False
            if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom):
                return False
        return True

    def _is_allowed(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Name):
            return function.id in self.classes | self.makers | PLAIN_CALLS
        root: ast.expr = function
        names = []
        while isinstance(root, ast.Attribute | ast.Call):
            if isinstance(root, ast.Attribute):
                names.append(root.attr)
                root = root.value
            else:
                root = root.func
        if not isinstance(root, ast.Name) or not names:
            return False
        if root.id in ("np", "numpy", "math", "random"):
            return not READERS.intersection(names)
        return names[0] in SETTING_UP or names[0][:1].isupper()


def _is_main(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(statement.test)
    )


def _bound(statement: ast.stmt) -> Sequence[str]:
    """The names that a statement sets, in the scope where it stands."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return [statement.name]
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in statement.names]
    return [part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def _source(cell: dict[str, object]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(source) if isinstance(source, list) else str(source)


def _without_magics(lines: list[str]) -> list[str]:
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and not first.startswith(("%%time", "%%capture", "%%prun")):
        return [""] * len(lines)
    return [f"{line[: len(line) - len(line.lstrip())]}pass" if MAGIC.match(line) else line for line in lines]
