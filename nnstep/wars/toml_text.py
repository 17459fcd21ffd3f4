"""A TOML file with the places of its keys, so that what is wrong in it is said with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nnstep.errors import NnstepError

Kinds = tuple[type, ...]
WORDS = {str: "text", int: "a whole number", float: "a number", list: "a list", dict: "a table", bool: "true or false"}


class TomlText:
    """What a file says, and where.

    Args:
        path: the file.

    Attributes:
        table: all of it.

    Raises:
        NnstepError: it cannot be read, or is no TOML.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise NnstepError(f"{path}: cannot be read ({reason})") from None
        try:
            self.table: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise NnstepError(f"{path}: no TOML: {error}") from None
        self.lines = text.splitlines()

    def place(self, name: str, number: int = 1) -> Place:
        """Where the table of this name is, or the so-manieth of several; the file's own keys have the name ""."""
        if not name:
            return Place(self, "", -1)
        header = re.compile(rf"\s*\[{{1,2}}\s*{re.escape(name)}\s*\]")
        found = [i for i, line in enumerate(self.lines) if header.match(line)]
        if len(found) >= number:
            return Place(self, name, found[number - 1])
        return Place(self, name, self._line_of(name, range(len(self.lines))) or 0)

    def _line_of(self, key: str, lines: range) -> int | None:
        pattern = re.compile(rf"""\s*(["']?){_spelt(key)}\1\s*[=.]|\s*\[+\s*([\w-]+\s*\.\s*)?{_spelt(key)}\s*[\].]""")
        return next((i for i in lines if pattern.match(self.lines[i])), None)


class Place:
    """A table's place in a file.

    Args:
        text: the file.
        name: the table's name.
        start: the line of its header, from 0; −1 for what comes before any table.
    """

    def __init__(self, text: TomlText, name: str, start: int) -> None:
        self.text, self.name, self.start = text, name, start

    def line(self, key: str = "") -> int:
        """The line of a key, counted from 1; that of the table where the key is not written in it."""
        found = self.text._line_of(key, range(self.start + 1, self._end())) if key else None
        if found is None and not self.name and key:
            found = self.text._line_of(key, range(len(self.text.lines)))
        return max(self.start if found is None else found, 0) + 1

    def error(self, key: str, message: str, hint: str = "") -> NnstepError:
        """An error with file and line."""
        return NnstepError(f"{self.text.path}, line {self.line(key)}: {message}", hint)

    def check(self, table: Mapping[str, Any], known: Mapping[str, Kinds]) -> None:
        """Raises an NnstepError for a key that is not known, or a value of a wrong type."""
        for key, value in table.items():
            if key not in known:
                raise self.error(key, f"unknown key '{key}'", f"Possible: {', '.join(known)}")
            if not is_one_of(value, known[key]):
                raise self.error(key, f"{key} expected {wanted(known[key])}, received {value!r}")

    def _end(self) -> int:
        """The line of the next table, tables inside this one left out."""
        inside = re.compile(rf"\s*\[+\s*{re.escape(self.name)}\s*\.") if self.name else None
        for i in range(self.start + 1, len(self.text.lines)):
            line = self.text.lines[i]
            if re.match(r"\s*\[{1,2}\s*[\w.\s-]+\]{1,2}\s*(#.*)?$", line) and not (inside and inside.match(line)):
                return i
        return len(self.text.lines)


def is_one_of(value: object, kinds: Kinds) -> bool:
    """The value is of one of these types; a whole number is a number too, true and false are none."""
    if isinstance(value, bool):
        return bool in kinds
    return isinstance(value, (*kinds, int) if float in kinds else kinds)


def wanted(kinds: Kinds) -> str:
    """The types in words."""
    return " or ".join(WORDS[kind] for kind in kinds)


def _spelt(key: str) -> str:
    return re.escape(key).replace("_", "[_-]")
