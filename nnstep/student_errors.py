"""What is told of a student's code that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnstep.errors import NnstepError

if TYPE_CHECKING:
    from nnstep.stepping import Frame


class StudentError(NnstepError):
    """A student's code failed, or gave back what the layer protocol does not allow.

    Args:
        message: what happened where, in one line.
        hint: what to do, in one line.
        traceback: the way to the fault through the student's own files; empty where no line is known.
        file: the name of the file.
        line: the line of the fault in it, from 1; None where it is not known.
        kind: `raised`, `timeout`, `loading`, `wrong-shape`, `wrong-type` or `protocol`.

    Attributes:
        printed: the end of what the code printed before it.
        frames: the sample's steps up to the one that failed, this one included; empty where no sample was stepped.
    """

    def __init__(
        self,
        message: str,
        hint: str = "",
        traceback: str = "",
        file: str = "",
        line: int | None = None,
        kind: str = "raised",
    ) -> None:
        super().__init__(message, hint)
        self.traceback, self.file, self.line, self.kind = traceback, file, line, kind
        self.printed = ""
        self.frames: tuple[Frame, ...] = ()

    def without_context(self) -> StudentError:
        """The same error, not yet raised: it keeps nothing alive that the code that failed was using."""
        return StudentError(self.message, self.hint, self.traceback, self.file, self.line, self.kind)


class GivenUp(StudentError):
    """The user gave a call up."""
