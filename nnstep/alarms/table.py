"""The rules' table: the words of each rule, the limits it has, and what else explains it."""

from __future__ import annotations

from dataclasses import dataclass

from nnstep.limits import SOURCES


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm says; `{name}` in a text is the layer's name.

    Attributes:
        id: the rule's name for programs.
        title: for people.
        sentence: what is wrong.
        advice: what to try.
        doubt: when it may be a false alarm.
        limits: which of the limits it has, by their names in `Limits`.
        phase: which step of its layer shows it: forward, loss or backward.
        option: which option has to do with it.
        warm_up: it says nothing before so many samples were trained.
        hold: at so many looks (or blocks of samples) in a row it must find the same to raise an alarm; the first
            look of all, which is at more samples, is enough alone.
        follows: alarms that explain this one where they hold already.
    """

    id: str
    title: str
    sentence: str
    advice: str
    doubt: str
    limits: tuple[str, ...]
    phase: str
    option: str = ""
    warm_up: int = 0
    hold: int = 1
    follows: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Where the limits come from, each source once."""
        return "; ".join(dict.fromkeys(SOURCES[name] for name in self.limits)) or "by definition"


INPUTS = ("targets-not-one-hot", "inputs-not-scaled")
BLOCKED = (*INPUTS, "update-too-large", "dead-relu", "saturation")
GRADIENTS = (*BLOCKED, "exploding", "exploding-loss", "vanishing")

TARGETS_NOT_ONE_HOT = Rule(
    "targets-not-one-hot",
    "Targets are not their labels' one-hot form",
    "Some targets are not 1 at the sample's class and 0 elsewhere, so the network learns other answers than it is "
    "counted by.",
    "Make them of the same labels in the same order: nnstep.one_hot(labels).",
    "the targets are meant to be others: smoothed ones, or −1 and 1.",
    (),
    "loss",
    "--data",
)
INPUTS_NOT_SCALED = Rule(
    "inputs-not-scaled",
    "Inputs are not scaled",
    "The inputs are far from unit size, so the first layer's sums and gradients are as well.",
    "Divide pixels of 0 to 255 by 255, once; or subtract the mean and divide by the standard deviation.",
    "the first layer scales them itself.",
    ("largest_input", "smallest_input"),
    "forward",
    "--data",
)
UPDATE_TOO_LARGE = Rule(
    "update-too-large",
    "Updates are too large",
    "Single updates change the weights of {name} so much that they undo what was learned.",
    "A learning rate 10 times smaller.",
    "the weights begin near zero on purpose, so that any update is large beside them.",
    ("largest_update",),
    "backward",
    "--learning-rate",
    warm_up=1,
    follows=(*INPUTS, "dead-relu", "saturation"),
)
DEAD_RELU = Rule(
    "dead-relu",
    "Dead relu units",
    "More than half the units of {name} give zero for almost every sample, and nothing is learned through them.",
    "Biases that begin at zero, --init he, or a smaller learning rate; a network that died must begin anew.",
    "the layer is much wider than needed and the error still falls.",
    ("dead", "active"),
    "forward",
    "--weights",
    hold=4,
    follows=(*INPUTS, "update-too-large"),
)
SATURATION = Rule(
    "saturation",
    "Saturated outputs",
    "Most outputs of {name} lie where its curve is almost flat, so that hardly any gradient gets back through it.",
    "If it was so from the start: smaller initial weights (--init lecun) or smaller inputs. If it came with training: "
    "a smaller learning rate.",
    "the error is small already and still falls.",
    ("saturated", "flat_tanh", "flat_sigmoid"),
    "forward",
    "--init",
    hold=3,
    follows=(*INPUTS, "update-too-large"),
)
EXPLODING = Rule(
    "exploding",
    "Exploding gradients",
    "The gradient grows from layer to layer on its way back, or is no finite number any more.",
    "A smaller learning rate or smaller initial weights, and see that a mean is not a sum.",
    "the last layer has hardly any gradient, since its samples are right already.",
    ("exploding_ratio",),
    "backward",
    "--learning-rate",
    warm_up=4,
    hold=3,
    follows=BLOCKED,
)
LOSS_EXPLODED = Rule(
    "exploding-loss",
    "Exploding loss",
    "The loss is huge or no finite number, so that what was learned is lost.",
    "A learning rate 10 times smaller, inputs of unit size, or smaller initial weights.",
    "the targets themselves are large numbers.",
    ("largest_loss",),
    "loss",
    "--learning-rate",
    follows=BLOCKED,
)
VANISHING = Rule(
    "vanishing",
    "Vanishing gradients",
    "Hardly any gradient reaches {name}, the first layer with weights: the layers before the last ones do not learn.",
    "Fewer layers, relu or tanh in place of sigmoid, --init xavier or he.",
    "the error is small already.",
    ("vanishing_ratio", "vanishing_gradient"),
    "backward",
    "--layers",
    warm_up=4,
    hold=3,
    follows=BLOCKED,
)
UNCHANGED = Rule(
    "parameters-unchanged",
    "Parameters do not change",
    "Several updates left every number of {name} as it was.",
    "See that backward_propagation updates the arrays that forward_propagation uses, and that the learning rate is "
    "not 0.",
    "the layer is frozen on purpose, or the error is zero.",
    (),
    "backward",
    "--learning-rate",
    warm_up=3,
    hold=3,
    follows=GRADIENTS,
)
UPDATE_TOO_SMALL = Rule(
    "update-too-small",
    "Updates are too small",
    "Updates change the weights of {name} so little that it hardly learns.",
    "A learning rate 10 times larger, or see where the gradient gets lost.",
    "the learning rate is small on purpose, to finish a long training.",
    ("smallest_update",),
    "backward",
    "--learning-rate",
    warm_up=50,
    hold=3,
    follows=(*GRADIENTS, "parameters-unchanged"),
)
SAME_OUTPUTS = Rule(
    "outputs-same",
    "Outputs are all the same",
    "The network gives the same answer whatever the sample is.",
    "See where the samples become alike: step one forward and look for a layer that is saturated or dead, or for an "
    "input that is not used.",
    "all samples are of one class.",
    ("same_outputs",),
    "forward",
    "--layers",
    warm_up=100,
    hold=4,
    follows=(*GRADIENTS, "parameters-unchanged", "update-too-small"),
)
LOSS_RISING = Rule(
    "loss-rising",
    "The loss rises",
    "The mean loss of recent samples is several times the best that it was.",
    "A smaller learning rate; go to where it began to rise and step through the worst sample.",
    "the samples are sorted, and harder ones came up.",
    ("loss_rise",),
    "loss",
    "--learning-rate",
    warm_up=1000,
    hold=2,
    follows=(*GRADIENTS, "parameters-unchanged"),
)
LOSS_STUCK = Rule(
    "loss-stuck",
    "The loss is stuck",
    "The loss does not fall, and the network is no better than one that always gives the most frequent class.",
    "Ten times the learning rate, or a tenth; another --init; and see that the labels belong to their samples.",
    "it is a slow start, as deep or sigmoid networks have.",
    ("no_progress",),
    "loss",
    "--learning-rate",
    warm_up=30_000,
    hold=2,
    follows=(*GRADIENTS, "parameters-unchanged", "update-too-small", "outputs-same"),
)
RULES = (
    TARGETS_NOT_ONE_HOT,
    INPUTS_NOT_SCALED,
    UPDATE_TOO_LARGE,
    DEAD_RELU,
    SATURATION,
    EXPLODING,
    LOSS_EXPLODED,
    VANISHING,
    UNCHANGED,
    UPDATE_TOO_SMALL,
    SAME_OUTPUTS,
    LOSS_RISING,
    LOSS_STUCK,
)
