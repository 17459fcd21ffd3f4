"""Says what a student's code printed, and what was noticed about it."""

from __future__ import annotations

import sys

from nnstep.adapting import HomeworkStack
from nnstep.printed_text import plain_text
from nnstep.stack import Stack

MOST_LINES, LONGEST = 20, 300


def report_homework(stack: Stack, prints: bool = True) -> None:
    """Writes to standard error what the code printed since the last time, where that is wanted, and each new note."""
    if not isinstance(stack, HomeworkStack):
        return
    printed = plain_text(stack.take_prints()).splitlines() if prints else []
    for line in printed[:MOST_LINES]:
        shown = line if len(line) <= LONGEST else f"{line[:LONGEST]} … {len(line) - LONGEST:,} more characters"
        print(f"{stack.homework.code.name} prints: {shown}", file=sys.stderr)
    if len(printed) > MOST_LINES:
        print(f"{stack.homework.code.name} prints {len(printed) - MOST_LINES:,} more lines", file=sys.stderr)
    for note in stack.take_notes():
        print(f"note: {note}", file=sys.stderr)
