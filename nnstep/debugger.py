"""The debugger without a screen: where it stands, the frames of the current sample, and the way back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from nnstep.errors import NnstepError
from nnstep.layers import Array
from nnstep.network import epoch_order
from nnstep.samples import Samples
from nnstep.settings import Settings
from nnstep.stack import Parameters, Stack
from nnstep.stepping import Frame, run_steps

HISTORY_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False, slots=True)
class Visit:
    """A sample that was stepped: its epoch and number there, both from 1, and the parameters at its start."""

    epoch: int
    sample: int
    parameters: Parameters


class Debugger:
    """Steps one sample at a time through a stack, forward and back in time.

    The frames of a sample are recorded when it is entered; moving within it is moving a cursor. The way back
    keeps as many samples as fit into 256 MiB of parameters.

    Args:
        stack: what to step through; it learns.
        samples: what to step.
        settings: learning rate and order.
        epoch: where to begin, from 1.
        sample: which sample of that epoch comes first, from 1.
    """

    def __init__(self, stack: Stack, samples: Samples, settings: Settings, epoch: int = 1, sample: int = 1) -> None:
        self.stack, self.samples, self.settings = stack, samples, settings
        stack.learn_parameters(samples.inputs(slice(0, 1), stack.dtype))
        parameters = stack.snapshot()
        size = sum(array.nbytes for arrays in parameters for array in arrays.values())
        self._history: deque[Visit] = deque(maxlen=max(2, HISTORY_BYTES // max(size, 1)))
        self.cursor = 0
        self.frames: tuple[Frame, ...] = ()
        self._enter(Visit(epoch, sample, parameters))

    @property
    def frame(self) -> Frame:
        """The step where the debugger stands."""
        return self.frames[self.cursor]

    @property
    def digit(self) -> int:
        """The row of the current sample in the training set, from 0."""
        settings = self.settings
        order = epoch_order(len(self.samples), self.visit.epoch, settings.shuffle, settings.seed)
        return int(order[self.visit.sample - 1])

    @property
    def label(self) -> int:
        """The class that the current sample has."""
        return int(self.samples.labels[self.digit])

    @property
    def outputs(self) -> Array:
        """ŷ (1, outputs) of the current sample."""
        output = self.frames[len(self.stack.layers) - 1].output
        assert output is not None
        return output

    @property
    def says(self) -> int:
        """The class that the network says, by its largest output."""
        return int(self.outputs.argmax())

    @property
    def loss(self) -> float:
        """E of the current sample."""
        error = self.frames[len(self.stack.layers)].output
        assert error is not None
        return float(error)

    @property
    def steps_back(self) -> int:
        """How many samples one can go back."""
        return len(self._history)

    def step(self) -> None:
        """One step on; after the last one, the next sample begins."""
        if self.cursor + 1 < len(self.frames):
            self.cursor += 1
        else:
            self.next_sample()

    def step_back(self) -> bool:
        """One step back, into the sample before where this one began; False where nothing was before."""
        if self.cursor > 0:
            self.cursor -= 1
            return True
        if not self._history:
            return False
        self.previous_sample()
        self.cursor = len(self.frames) - 1
        return True

    def finish_pass(self) -> None:
        """To the end of the pass: of forward (the last layer's), or of backward (the end of the sample)."""
        middle = len(self.stack.layers) - 1
        self.cursor = middle if self.cursor < middle else len(self.frames) - 1

    def start_of_pass(self) -> None:
        """Back to where the pass began: of backward (the loss), or of forward (the start of the sample)."""
        middle = len(self.stack.layers)
        self.cursor = middle if self.cursor > middle else 0

    def next_sample(self) -> None:
        """Runs this sample to its end, and enters the next one, of the next epoch after the last."""
        self._history.append(self.visit)
        self._enter(self._following())

    def previous_sample(self) -> None:
        """Back to the sample that was stepped before, with the parameters of then.

        Where none was, the sample before in the order, with the parameters of now.

        Raises:
            NnstepError: this is the first sample of the first epoch.
        """
        if self._history:
            self._enter(self._history.pop())
        elif self.visit.sample > 1:
            self._enter(Visit(self.visit.epoch, self.visit.sample - 1, self.visit.parameters))
        else:
            raise NnstepError("this is the first sample: there is nothing before it")

    def go_to_digit(self, digit: int) -> None:
        """Takes another digit, with the parameters of now; those between are not trained.

        Args:
            digit: its row in the training set, from 0.

        Raises:
            NnstepError: there is no such digit.
        """
        last = len(self.samples) - 1
        if not 0 <= digit <= last:
            raise NnstepError(f"digit number expected from 0 to {last:,}, received {digit:,}")
        settings = self.settings
        order = epoch_order(len(self.samples), self.visit.epoch, settings.shuffle, settings.seed)
        sample = int(np.flatnonzero(order == digit)[0]) + 1
        visit = Visit(self.visit.epoch, sample, self._parameters_here())
        self._history.append(self.visit)
        self._enter(visit)

    def begin_at_digit(self, digit: int) -> None:
        """Takes another digit first, before anything was stepped: there is no way back to the one of before."""
        self.go_to_digit(digit)
        self._history.clear()

    def start_training(self) -> tuple[int, int]:
        """Makes the stack ready to be trained from here.

        Returns:
            The epoch, from 1, and how many of its samples are to be left out, as a `Trainer` takes them. A sample
            that was not stepped to its end is trained whole.
        """
        at_end = self.cursor == len(self.frames) - 1
        visit = self._following() if at_end else self.visit
        self.stack.restore(visit.parameters)
        self._history.append(self.visit)
        return visit.epoch, visit.sample - 1

    def after_training(self, epoch: int, sample: int) -> None:
        """Stands at the sample where training stopped, with the parameters that it reached.

        Args:
            epoch: the epoch, from 1.
            sample: how many of its samples are done.
        """
        self._enter(Visit(epoch, sample % len(self.samples) + 1, self.stack.snapshot()))

    def _following(self) -> Visit:
        self.stack.restore(self.parameters_after)
        if self.visit.sample < len(self.samples):
            return Visit(self.visit.epoch, self.visit.sample + 1, self.parameters_after)
        return Visit(self.visit.epoch + 1, 1, self.parameters_after)

    def _parameters_here(self) -> Parameters:
        at_end = self.cursor == len(self.frames) - 1
        return self.parameters_after if at_end else self.visit.parameters

    def _enter(self, visit: Visit) -> None:
        self.visit = visit
        self.cursor = 0
        self.stack.restore(visit.parameters)
        row, dtype = slice(self.digit, self.digit + 1), self.stack.dtype
        X, y = self.samples.inputs(row, dtype), self.samples.targets(row, dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            self.frames = tuple(run_steps(self.stack, X, y, self.settings.learning_rate, visit.parameters))
        after = {frame.step.layer: frame.after for frame in self.frames if frame.step.phase == "backward"}
        self.parameters_after: Parameters = tuple(after[index] for index in range(len(self.stack.layers)))
