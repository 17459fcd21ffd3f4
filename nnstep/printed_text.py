"""What a program printed, as text that a screen may show: no orders to the terminal, nothing but lines."""

from __future__ import annotations

import re

ORDERS = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])")
LINE_ENDS = re.compile(r"\r\n?|\x0b|\x0c")


def plain_text(text: str) -> str:
    """The text without colours and other orders to a terminal; tabs become spaces, a carriage return a new line."""
    lines = LINE_ENDS.sub("\n", ORDERS.sub("", text)).split("\n")
    return "\n".join("".join(c for c in line.expandtabs(8) if c.isprintable()) for line in lines)
