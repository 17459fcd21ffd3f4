"""A leaderboard as a table for a person."""

from __future__ import annotations

from nnstep.wars.leaderboard import Leaderboard

SPARED = ("CPU", "strict", "seconds")
"""Columns that are left out where there is no room, the first one first."""


def board_text(board: Leaderboard, width: int | None = None) -> str:
    """A table for a person, and what its marks mean; columns of less interest are left out for the width to do."""
    lines = [board.title]
    if board.ranked:
        lines += _table(board, width)
        lines += ["", *_legend(board)]
    for entry in board.lost:
        lines.append(f"lost: {entry.name}: {entry.why}")
    if board.waiting:
        lines.append(f"not done: {', '.join(entry.name for entry in board.waiting)}")
    return "\n".join(lines)


def _table(board: Leaderboard, width: int | None) -> list[str]:
    heads = ["", "contender", "accuracy", "95 % interval", "strict", "error", "parameters", "seconds", "CPU", "seeds"]
    rows = [heads]
    for rank, entry in enumerate(board.ranked, 1):
        interval, error = entry.interval, entry.error
        missing = f" of {entry.seeds}" if len(entry.rows) < entry.seeds else ""
        rows.append(
            [
                f"{'≈' if board.tied(entry) else ''}{rank}",
                entry.name,
                f"{100 * interval.mean:.2f} %",
                f"{100 * interval.low:.2f} – {100 * interval.high:.2f}",
                f"{100 * entry.strict_accuracy:.2f} %",
                "–" if error is None else f"{error:.6f}",
                f"{entry.parameters:,}",
                f"{entry.seconds:.1f}",
                f"{entry.cpu_seconds:.1f}",
                f"{len(entry.rows)}{missing}",
            ]
        )
    for head in SPARED:
        lines = _aligned(rows)
        if width is None or len(lines[0]) <= width:
            return lines
        column = rows[0].index(head)
        rows = [row[:column] + row[column + 1 :] for row in rows]
    return _aligned(rows)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(c.ljust(w) if i == 1 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]


def _legend(board: Leaderboard) -> list[str]:
    kinds = {entry.interval.kind for entry in board.ranked}
    said = {
        "wilson": "Wilson's for one network on the test set",
        "t": "Student's t over the seeds",
    }
    lines = [f"The interval is {' or '.join(text for kind, text in said.items() if kind in kinds)}."]
    if any(board.tied(entry) for entry in board.ranked):
        lines.append("≈ marks what is within noise of the winner: the interval of the difference holds 0.")
    return lines
