"""Finds the line of a student's file that most likely makes what a finding is about."""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nnstep.checking.findings import Finding
from nnstep.student_code import StudentCode

Definition = ast.FunctionDef | ast.Lambda
OF_FORWARD = ("impure", "axis", "broadcast", "overflow", "wrong-type", "integer", "overwritten")
DERIVED = ("wrong-activation-derivative", "overflow")


class Source:
    """A student's file as a tree.

    Args:
        text: the program.
        code: the file that it was loaded from.
    """

    def __init__(self, text: str, code: StudentCode) -> None:
        self.code = code
        try:
            self.tree: ast.Module = ast.parse(text)
        except (SyntaxError, ValueError):
            self.tree = ast.Module([], [])
        self.functions = [n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef | ast.Lambda)]

    def placed(self, finding: Finding, layer: Any) -> Finding:
        """The finding with its line, where one is found."""
        if finding.line is not None:
            return finding
        return replace(finding, line=self._line(finding, layer))

    def of_function(self, function: Callable[..., Any]) -> int | None:
        """The line of a function's last return, such as of a loss gradient."""
        definition = self._definition(function)
        if definition is None:
            return None
        made = _made(definition)
        return made.lineno if made is not None else definition.lineno

    def uses(self, layer: Any, word: str) -> bool:
        """A layer's backward, or a function of the file that it calls, mentions a word."""
        definition = self._definition(getattr(layer, "backward_propagation", None))
        parts = [definition, *self._called(definition, layer)] if definition is not None else []
        return any(word in ast.unparse(part) for part in parts)

    def updates_always(self, layer: Any) -> bool:
        """Backward makes an update with the learning rate whatever the layer's settings are."""
        definition = self._definition(getattr(layer, "backward_propagation", None))
        if not isinstance(definition, ast.FunctionDef) or not definition.args.args:
            return False
        nodes = [*ast.walk(definition)]
        rate = definition.args.args[-1].arg
        return any(isinstance(n, ast.Name) and n.id == rate for n in nodes) and not any(
            isinstance(n, ast.If | ast.IfExp) for n in nodes
        )

    def returns_given(self, layer: Any) -> bool:
        """Backward's result is made of the gradient that it was given alone."""
        definition = self._definition(getattr(layer, "backward_propagation", None))
        made = _made(definition) if definition is not None else None
        if made is None or not isinstance(definition, ast.FunctionDef) or len(definition.args.args) < 2:
            return False
        given = definition.args.args[1].arg
        if not isinstance(made, ast.Return | ast.Assign) or made.value is None:
            return False
        return {n.id for n in ast.walk(made.value) if isinstance(n, ast.Name)} <= {given, "np", "numpy"}

    def overwrites_kept(self, layer: Any) -> int | None:
        """A line of forward that replaces a kept array by what is made of it, such as `np.tanh(z, out=z)`."""
        definition = self._definition(getattr(layer, "forward_propagation", None))
        nodes = [*ast.walk(definition)] if definition is not None else []
        kept = {
            ast.unparse(node.value): node.lineno
            for node in nodes
            if isinstance(node, ast.Assign) and any(isinstance(_root(t), ast.Attribute) for t in node.targets)
        }
        for node in nodes:
            made = _made_of_itself(node)
            if made and (made[0].startswith("self.") or kept.get(made[0], made[1]) < made[1]):
                return made[1]
        return None

    def overwrites(self, layer: Any) -> int | None:
        """A line of forward that changes an array in place: `out=`, `x[…] = …`, `x *= …`."""
        definition = self._definition(getattr(layer, "forward_propagation", None))
        for node in ast.walk(definition) if definition is not None else ():
            if isinstance(node, ast.Call) and any(k.arg in ("out", "inplace") for k in node.keywords):
                return node.lineno
            if isinstance(node, ast.AugAssign) and not isinstance(node.value, ast.Constant):
                return node.lineno
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Subscript) for t in node.targets):
                return node.lineno
        return None

    def _line(self, finding: Finding, layer: Any) -> int | None:
        forward = finding.tensor in ("Y", "X") and finding.id in OF_FORWARD
        if finding.id == "overwritten" and "backward" in finding.evidence[:9]:
            forward = False
        definition = self._definition(
            getattr(layer, "forward_propagation" if forward else "backward_propagation", None)
        )
        if definition is None:
            return None
        if finding.id == "overwritten":
            line = self.overwrites(layer) if forward else _in_place_line(definition)
            return line or definition.lineno
        if finding.id == "overflow":
            powers = [line for part in [definition, *self._called(definition, layer)] for line in _exponentials(part)]
            if powers:
                return powers[0]
        if finding.id in DERIVED or (forward and finding.id == "axis"):
            for called in self._called(definition, layer):
                made = _made(called)
                if made is not None:
                    return made.lineno
        if forward or finding.tensor in ("dE/dX", "dE/dY", ""):
            made = _made(definition)
            return made.lineno if made is not None else definition.lineno
        return self._update_line(definition, finding, layer)

    def _update_line(self, definition: Definition, finding: Finding, layer: Any) -> int | None:
        """The line that makes a parameter's gradient, or the one that updates it."""
        places = [definition, *self._called(definition, layer)]
        for place in places:
            updates = [
                n for n in ast.walk(place) if isinstance(n, ast.Assign | ast.AugAssign) and _updates(n, finding.tensor)
            ]
            if not updates:
                continue
            last = updates[-1].lineno
            if finding.id in ("learning-rate", "bias-sign"):
                return last
            used = {n.id for n in ast.walk(updates[-1]) if isinstance(n, ast.Name)}
            makers = [
                n for n in ast.walk(place)
                if isinstance(n, ast.Assign)
                and any(isinstance(t, ast.Name) and t.id in used for t in n.targets)
                and n.lineno <= last
            ]  # fmt: skip
            return makers[-1].lineno if makers else last
        return definition.lineno

    def _called(self, definition: Definition | None, layer: Any) -> list[Definition]:
        """The functions of the file that a function calls: by name, or through an attribute of the layer."""
        found: list[Definition] = []
        for node in ast.walk(definition) if definition is not None else ():
            if not isinstance(node, ast.Call):
                continue
            called: Any = None
            if isinstance(node.func, ast.Name):
                named = [f for f in self.functions if isinstance(f, ast.FunctionDef) and f.name == node.func.id]
                found += named[:1]
            elif isinstance(node.func, ast.Attribute):
                called = _attribute(layer, node.func)
            if called is not None:
                inner = self._definition(called)
                found += [inner] if inner is not None else []
        return found

    def _definition(self, function: Any) -> Definition | None:
        """Where a function is written in the file."""
        plain = getattr(function, "__func__", function)
        if not isinstance(plain, types.FunctionType) or plain.__code__.co_filename != self.code.path:
            return None
        first = plain.__code__.co_firstlineno
        near = [f for f in self.functions if _first_line(f) == first or f.lineno == first]
        named = [f for f in near if getattr(f, "name", "<lambda>") == plain.__code__.co_name]
        return (named or near or [None])[0]  # type: ignore[list-item]


def _attribute(layer: Any, node: ast.Attribute) -> Any:
    """What `self.a.b` is in a layer."""
    names = [node.attr]
    value: ast.expr = node.value
    while isinstance(value, ast.Attribute):
        names.append(value.attr)
        value = value.value
    if not isinstance(value, ast.Name) or value.id != "self":
        return None
    found = layer
    for name in reversed(names):
        found = getattr(found, name, None)
    return found


def _made_of_itself(node: ast.AST) -> tuple[str, int] | None:
    """The array that a call or an assignment replaces, in place, by what it makes of it, and the line."""
    if isinstance(node, ast.Call):
        for out in (ast.unparse(k.value) for k in node.keywords if k.arg == "out"):
            return (out, node.lineno) if out in {ast.unparse(argument) for argument in node.args} else None
    if isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.Add | ast.Sub):
        return ast.unparse(_root(node.target)), node.lineno
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        target = ast.unparse(_root(node.targets[0]))
        used = {ast.unparse(part) for part in ast.walk(node.value) if isinstance(part, ast.Name | ast.Attribute)}
        return (target, node.lineno) if target in used else None
    return None


def _first_line(definition: Definition) -> int:
    decorators: list[ast.expr] = getattr(definition, "decorator_list", [])
    return min([definition.lineno, *(decorator.lineno for decorator in decorators)])


def _made(definition: Definition) -> ast.stmt | ast.expr | None:
    """The statement that makes what a function returns: the return, or the last assignment of the name it returns."""
    if isinstance(definition, ast.Lambda):
        return definition.body
    returns = [n for n in _own_nodes(definition) if isinstance(n, ast.Return)]
    if not returns:
        return None
    last = max(returns, key=lambda n: n.lineno)
    if isinstance(last.value, ast.Name | ast.Attribute):
        name = ast.unparse(last.value)
        makers = [n for n in _own_nodes(definition) if isinstance(n, ast.Assign | ast.AugAssign) and _sets(n, name)]
        if makers:
            return max(makers, key=lambda n: n.lineno)
    return last


def _own_nodes(definition: ast.FunctionDef) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    waiting: list[ast.AST] = list(definition.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def _sets(node: ast.Assign | ast.AugAssign, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    roots = [_root(target) for target in targets]
    return any(ast.unparse(root) == name for root in roots)


def _root(target: ast.expr) -> ast.expr:
    while isinstance(target, ast.Subscript):
        target = target.value
    return target


def _updates(node: ast.Assign | ast.AugAssign, tensor: str) -> bool:
    """An assignment to `self.attribute`, or to `self.something["attribute"]`, or to the list that holds an array."""
    *holders, attribute = tensor.split(".")
    if attribute.isdigit():
        return bool(holders) and _updates_entry(node, holders[-1], int(attribute))
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        parts = target.elts if isinstance(target, ast.Tuple) else [target]
        for part in parts:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Attribute) and inner.attr == attribute:
                    return True
                if isinstance(inner, ast.Constant) and inner.value == attribute:
                    return True
    return False


def _updates_entry(node: ast.Assign | ast.AugAssign, holder: str, number: int) -> bool:
    """An assignment to `self.holder[number]`, to all of `self.holder`, or to an entry of it that a variable names."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        root = _root(target)
        if isinstance(root, ast.Attribute) and root.attr == holder:
            keys = [n.slice.value for n in ast.walk(target) if isinstance(n, ast.Subscript) and _is_number(n.slice)]  # type: ignore[attr-defined]
            if not keys or keys[-1] == number:
                return True
    return False


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def _exponentials(definition: Definition) -> list[int]:
    """The lines that call exp."""
    calls = [n for n in ast.walk(definition) if isinstance(n, ast.Call)]
    return sorted(n.lineno for n in calls if ast.unparse(n.func).split(".")[-1] == "exp")


def _in_place_line(definition: Definition) -> int | None:
    for node in ast.walk(definition):
        if isinstance(node, ast.AugAssign) and isinstance(_root(node.target), ast.Name):
            return node.lineno
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Subscript) for target in node.targets):
            return node.lineno
        if isinstance(node, ast.Call) and any(keyword.arg == "out" for keyword in node.keywords):
            return node.lineno
    made = [n for n in ast.walk(definition) if isinstance(n, ast.AugAssign) and not isinstance(n.op, ast.Sub)]
    return made[0].lineno if made else None
