"""The keys that take something out of the app: to the clipboard, as a picture, as numbers."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from nnstep.arithmetic_text import as_text
from nnstep.errors import NnstepError
from nnstep.runs import notes_of, save_run
from nnstep.storage import write_text, write_whole
from nnstep.tracing import as_arrays
from nnstep_tui.screens.ask import Ask
from nnstep_tui.screens.looking import Looking
from nnstep_tui.widgets.tensors import TensorPanes


class Keeping(Looking):
    """Copy, save and export."""

    def action_copy(self) -> None:
        """Copies the element's arithmetic where the cursor is on one, else the selected tensor as a table."""
        tensor = self.tensor()
        if self.query_one(TensorPanes).has_focus:
            self.app.copy_to_clipboard(as_text(self.arithmetic()))
            self.notify("The element's arithmetic is copied.")
            return
        table = io.StringIO()
        rows = tensor.array.reshape(-1, tensor.array.shape[-1]) if tensor.array.ndim else tensor.array.reshape(1, 1)
        np.savetxt(table, rows, fmt="%.17g", delimiter="\t")
        self.app.copy_to_clipboard(table.getvalue())
        self.notify(f"{tensor.symbol} is copied, {tensor.array.size:,} numbers.")

    def action_save_picture(self) -> None:
        """Saves the screen as SVG."""
        path = self._free_name("svg")
        picture = self.app.export_screenshot(title=f"nnstep {self.debugger.position}")
        if self.attempt(lambda: write_text(path, picture)):
            self.notify(f"Saved {path}")

    def action_save_run(self) -> None:
        """Asks for a file, and saves the run."""

        def save(path: str) -> None:
            if not path:
                raise NnstepError("expected the name of a file, such as run.nnrun")
            name = path if path.endswith(".nnrun") else f"{path}.nnrun"
            save_run(name, self.debugger.timeline, self.app.config, notes=notes_of(self.debugger))
            self.app.saved()
            self.notify(f"Saved {name}")

        self.app.push_screen(Ask("Save the whole run as", save, "run.nnrun", "A file of that name is replaced"))

    def action_export(self) -> None:
        """Saves the frame's tensors."""
        path = self._free_name("npz")
        arrays = {name.partition(".")[2]: array for name, array in as_arrays([self.debugger.frame]).items()}
        if self.attempt(lambda: write_whole(path, lambda file: np.savez(file, **arrays))):  # type: ignore[arg-type]
            self.notify(f"Saved {path}: {', '.join(arrays)}")

    def _free_name(self, suffix: str) -> str:
        stem = f"nnstep-{self.debugger.position}-step{self.debugger.cursor + 1}"
        names = (f"{stem}.{suffix}", *(f"{stem}-{number}.{suffix}" for number in range(2, 10_000)))
        return next(name for name in names if not Path(name).exists())
