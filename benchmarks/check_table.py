"""Prints what `nnstep check` finds in the files of tests/homework/check, beside what is in them.

python benchmarks/check_table.py
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from nnstep.checking.findings import IDS
from nnstep.checking.processes import check_in_process
from nnstep.checking.report import findings_of

FOLDER = Path(__file__).parents[1] / "tests" / "homework" / "check"


def expected_of(path: Path) -> list[str]:
    words = path.read_text().splitlines()[0].removeprefix("# expected: ").split()
    return [] if words == ["nothing"] else [word.split(":")[1] for word in words]


def main() -> None:
    there, found, missed, extra = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    right = passed = 0
    for path in sorted(FOLDER.glob("*.py")):
        expected = Counter(expected_of(path))
        got = Counter(finding["id"] for finding in findings_of(check_in_process(str(path), 2.0, 512).report))
        there += expected
        found += expected & got
        missed += expected - got
        extra += got - expected
        if path.stem.startswith("right_"):
            right += 1
            passed += not got
        print(".", end="", file=sys.stderr, flush=True)
    print("| what is wrong | faults | named so | named otherwise | named where it is not |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for id in IDS:
        if there[id] or extra[id]:
            print(f"| `{id}` | {there[id]} | {found[id]} | {missed[id]} | {extra[id]} |")
    print(f"| nothing (right files) | {right} | {passed} | {right - passed} | |")


if __name__ == "__main__":
    main()
