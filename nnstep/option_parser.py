"""What the command makes of words that it does not know, and of options that do not go together: one line each."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

FILE_OPTIONS = {".py": "--net", ".ipynb": "--net", ".nnrun": "--run", ".toml": "--layers"}
BESIDE_RUN = {"run", "at", "branch", "step", "data", "limit", "test_limit", "net", "time_limit", "epochs"}
BESIDE_RUN |= {"autosave", "npz", "json", "output"}
IN_NET = {"loss": "mse", "init": "lecun", "dtype": "float64"}
"""What a student's file settles itself, with what may be named beside it since it says nothing else."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Says what is wrong and where the options are listed, and exits with 2."""
        self.exit(2, f"nnstep: {message}. See {self.prog} --help\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """Parses what this command knows, and refuses the rest and what contradicts itself."""
        options, rest = super().parse_known_args(args, namespace)
        if rest:
            meant = nearest(rest[0].partition("=")[0], self._option_string_actions)
            self.error(f"unrecognized arguments: {' '.join(rest)}{meant}")
        own = [action.dest for action in self._actions]
        given = [name for name in own if getattr(options, name, None) not in (None, self.get_default(name))]
        if "run" in given:
            self._refuse([name for name in given if name not in BESIDE_RUN], "a run has its own network and settings")
        if "net" in given:
            settled = [name for name in given if name in IN_NET and getattr(options, name) != IN_NET[name]]
            self._refuse(settled, "a file for --net has its own weights and loss")
        return options, rest

    def _refuse(self, names: Sequence[str], why: str) -> None:
        if names:
            self.error(f"{why}; leave {', '.join('--' + name.replace('_', '-') for name in names)} out")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that is most like this one, as the end of a sentence; empty where none is."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), 1)
    return f" (did you mean {found[0]}?)" if found else ""


def unknown_command(word: str, commands: Sequence[str]) -> str:
    """What to say of a first word that is no command; a file's name is one that wants an option before it."""
    option = FILE_OPTIONS.get(Path(word).suffix.lower())
    if option:
        return f"there is no command '{word}'; a file like it is opened with nnstep {option} {word}"
    return f"there is no command '{word}'{nearest(word.lower(), commands)}; there are {', '.join(commands)}"
