import threading

import pytest

from nnstep.background import Latest


def test_of_the_jobs_that_wait_the_last_is_done_and_all_are_told() -> None:
    worker, go_on, begun, did = Latest("test"), threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        go_on.wait()
        did.append(1)

    worker.submit(first)
    begun.wait()
    worker.after(lambda: did.append("after 1"))
    for number in (2, 3, 4):
        worker.submit(lambda number=number: did.append(number), lambda number=number: did.append(f"after {number}"))
    worker.after(lambda: did.append("last"))
    go_on.set()
    worker.wait()
    worker.after(lambda: did.append("at once"))
    worker.close()
    assert did == [1, "after 1", 4, "after 2", "after 3", "after 4", "last", "at once"]


def test_what_a_job_raises_is_raised_where_one_waits_for_it() -> None:
    worker = Latest("test")
    worker.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.wait()
    did: list[int] = []
    worker.submit(lambda: did.append(1))
    worker.close()
    assert did == [1]
