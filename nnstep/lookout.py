"""Looks out for breakpoints: while samples are trained, and along those that a run has passed already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nnstep.branches import Branch
from nnstep.breakpoints import Breakpoint, Breakpoints, parse_breakpoint
from nnstep.debugger import Debugger
from nnstep.engines.base import Outcome
from nnstep.expressions import Moment
from nnstep.moments import moments_at
from nnstep.timeline import Timeline

CHUNK = 50


class Lookout:
    """Trains a timeline up to the sample at which a breakpoint stops.

    Conditions on loss, class, label and position are looked up after a stretch was trained by the engine, and what was
    trained too far is forgotten. For other breakpoints each sample's frames are looked at before it is trained; the
    engine does the training all the same, so that the run is the one without breakpoints.

    Args:
        timeline: what to train; it stands at its head.
        breakpoints: where to stop.
        begun: the sample at the head was looked at already: it does not stop again.

    Attributes:
        hit: the count of the sample that a breakpoint stops at, when there was one.
    """

    def __init__(self, timeline: Timeline, breakpoints: Breakpoints, begun: bool = False) -> None:
        self.timeline = timeline
        self.breakpoints = breakpoints
        self.hit: int | None = None
        self._skip = timeline.count if begun else -1

    @property
    def looks_at_frames(self) -> bool:
        """A breakpoint needs more than what is logged, which costs time for each sample."""
        return any(not only_logged(breakpoint) for breakpoint in enabled(self.breakpoints))

    def train(self, limit: int) -> Outcome:
        """Trains at most `limit` samples, as `Timeline.train` does, or up to the batch of the sample that hit."""
        timeline, start = self.timeline, self.timeline.count
        size = timeline.branch.settings.batch_size
        if self.looks_at_frames:
            self.hit = self._hit_in_frames(min(size, len(timeline.samples) - start % len(timeline.samples)))
            if self.hit is not None:
                return Outcome(np.zeros(0), np.zeros(0, np.uint8))
            return timeline.train(size)
        outcome = timeline.train(limit)
        found = np.flatnonzero(self._logged_hits(start, outcome))
        if not len(found):
            return outcome
        self.hit = start + int(found[0])
        kept = min(len(outcome.losses), (int(found[0]) // size + 1) * size)
        timeline.cut(min(start + kept, timeline.branch.head))
        return Outcome(outcome.losses[:kept], outcome.predictions[:kept])

    def _hit_in_frames(self, batch: int) -> int | None:
        for further in range(batch):
            count = self.timeline.count + further
            moments = moments_at(self.timeline, self.timeline.branch, count, self.timeline.frames(further))
            if count != self._skip and any(map(self.breakpoints.would_hit, moments)):
                return count
        return None

    def _logged_hits(self, start: int, outcome: Outcome) -> NDArray[np.bool_]:
        hits = logged_hits(self.timeline, self.timeline.branch, self.breakpoints, start, outcome)
        if start == self._skip:
            hits[:1] = False
        return hits


class Search:
    """Looks for the next step at which a breakpoint stops, or the one before, in what the run has passed.

    Args:
        debugger: where to begin; at the end it stands at the step that was found, or at the end of the way.
        breakpoints: what to look for.
        forward: onwards in time, or back.

    Attributes:
        found: the breakpoint, when there was one.
    """

    def __init__(self, debugger: Debugger, breakpoints: Breakpoints, forward: bool = True) -> None:
        self.debugger, self.breakpoints, self.forward = debugger, breakpoints, forward
        self.found: Breakpoint | None = None
        self._by_log = all(map(only_logged, enabled(breakpoints)))
        self._chunk = 1_000_000 if self._by_log else CHUNK

    def run(self) -> Iterator[str]:
        """Searches, and yields the position where it is now and then."""
        debugger, timeline = self.debugger, self.debugger.timeline
        cursors = range(debugger.cursor + 1, len(debugger.frames)) if self.forward else range(debugger.cursor)[::-1]
        moments = debugger.moments
        if self._stop_at(moments, cursors):
            return
        while True:
            ahead = self._stretch_ahead()
            if ahead is None:
                return
            branch, start, stop = ahead
            count = self._first_in(branch, start, stop)
            yield str(timeline.position)
            if count is None:
                edge = stop - 1 if self.forward else start
                timeline.go_to(branch, edge)
                debugger.enter(len(debugger.frames) - 1 if self.forward else 0)
                continue
            timeline.go_to(branch, count)
            debugger.enter()
            moments = debugger.moments
            self._stop_at(moments, range(len(moments)) if self.forward else range(len(moments))[::-1])
            return

    def _stop_at(self, moments: Sequence[Moment], cursors: range) -> bool:
        for cursor in cursors:
            self.found = self.breakpoints.hit(moments[cursor])
            if self.found:
                self.debugger.cursor = cursor
                return True
        return False

    def _stretch_ahead(self) -> tuple[Branch, int, int] | None:
        """The next samples to look at: a branch of which they are own, from which count, and before which."""
        timeline = self.debugger.timeline
        branch, count = timeline.branch, timeline.count
        if self.forward:
            recorded = min(branch.end, branch.start + len(branch.log) - 1)
            return (branch, count + 1, min(count + 1 + self._chunk, recorded + 1)) if count < recorded else None
        if count == branch.start:
            if branch.parent is None:
                return None
            branch, count = branch.parent, branch.origin
            while count == branch.start and branch.parent is not None:
                branch, count = branch.parent, branch.origin
            if count == branch.start:
                return None
        return branch, max(branch.start, count - self._chunk), count

    def _first_in(self, branch: Branch, start: int, stop: int) -> int | None:
        """The sample that stops first in the direction of the search."""
        timeline = self.debugger.timeline
        hits = []
        if self._by_log:
            log = branch.log
            logged = slice(start - branch.start, stop - branch.start)
            outcome = Outcome(log.losses[logged], log.classes[logged])
            where = logged_hits(timeline, branch, self.breakpoints, start, outcome)
            hits = (start + np.flatnonzero(where)).tolist()
        else:
            for count, frames in enumerate(timeline.walk(branch, start, stop), start):
                if any(map(self.breakpoints.would_hit, moments_at(timeline, branch, count, frames))):
                    hits.append(count)
                    if self.forward:
                        break
        if not hits:
            return None
        return hits[0] if self.forward else hits[-1]


def next_mistakes(debugger: Debugger, times: int) -> Iterator[str]:
    """Goes to the next sample that is classified wrongly, `times` times; beyond the head by training up to it.

    Yields the position where it is now and then, and stops after one epoch without a mistake.
    """
    timeline = debugger.timeline
    wrong = Breakpoints([parse_breakpoint("wrong", timeline.stack.names)])
    for _ in range(times):
        index = timeline.history().next_wrong(timeline.index())
        if index is not None:
            timeline.go_to(*timeline.place_at(index))
            continue
        begun = timeline.at_head and not debugger.at_end
        debugger.start_training()
        last = timeline.count + len(timeline.samples)
        lookout = Lookout(timeline, wrong, begun)
        while lookout.hit is None and timeline.count < last:
            lookout.train(500)
            yield str(timeline.position)
        if lookout.hit is not None:
            timeline.go_to(timeline.branch, lookout.hit)
    debugger.enter(len(timeline.stack.layers))


def previous_mistakes(debugger: Debugger, times: int) -> Iterator[str]:
    """Goes back to the sample before that was classified wrongly, `times` times, or as often as there is one."""
    timeline = debugger.timeline
    for _ in range(times):
        index = timeline.history().previous_wrong(timeline.index())
        if index is not None:
            timeline.go_to(*timeline.place_at(index))
        yield str(timeline.position)
    debugger.enter(len(timeline.stack.layers))


def enabled(breakpoints: Breakpoints) -> list[Breakpoint]:
    """Those that are on."""
    return [breakpoint for breakpoint in breakpoints if breakpoint.enabled]


def only_logged(breakpoint: Breakpoint) -> bool:
    """It can be looked up in what is logged of each sample: it names no layer, no phase, and nothing of a frame."""
    condition = breakpoint.condition
    return breakpoint.layer is None and breakpoint.phase is None and condition is not None and condition.logged


def logged_hits(
    timeline: Timeline, branch: Branch, breakpoints: Breakpoints, start: int, outcome: Outcome
) -> NDArray[np.bool_]:
    """(n,) where one of the breakpoints that are on stops, by what was logged of the samples from `start` on."""
    per_epoch, counts = len(timeline.samples), np.arange(start, start + len(outcome.losses))
    labels = timeline.order.labels(branch, start, start + len(counts))
    hits = np.zeros(len(counts), bool)
    for breakpoint in enabled(breakpoints):
        if breakpoint.condition and only_logged(breakpoint):
            hits |= breakpoint.condition.hits(
                outcome.losses, outcome.predictions, labels, counts // per_epoch + 1, counts % per_epoch + 1
            )
    return hits
