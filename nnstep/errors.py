"""The one kind of error that a user can mend."""


class NnstepError(Exception):
    """Something that the user gave does not work, and what to do about it.

    Args:
        message: what was expected and what was received, with the name of the thing, in one line.
        hint: what to do, in one line; empty where the message says it already.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


def reason(error: BaseException, longest: int = 120) -> str:
    """What an error says, in one short line; its kind where it says nothing."""
    return " ".join(str(error).split())[:longest] or type(error).__name__
