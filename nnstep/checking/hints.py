"""What to say about each finding: what it means, three hints that give away more and more, and the mending."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lesson:
    """One kind of finding, in words.

    Attributes:
        title: what it is.
        hints: a question, where to look, the rule.
        fix: how it is mended, for teachers.
    """

    title: str
    hints: tuple[str, str, str]
    fix: str

    def up_to(self, level: int) -> str:
        """The hint of a level from 0 (none) to 3."""
        return self.hints[level - 1] if level else ""


LESSONS = {
    "factor": Lesson(
        "a gradient is a constant times the right one",
        (
            "Which number does your formula have that the derivative has not, or the other way round?",
            "Differentiate what forward (or the loss) computes on paper, and compare constants and signs.",
            "The derivative of c·f is c·f′, of u² it is 2u, and the minus before the update stands there once only.",
        ),
        "Multiply or divide by the factor that the evidence gives, in the line that makes this gradient.",
    ),
    "transposed": Lesson(
        "a transpose is missing, or too many",
        (
            "Square matrices fit either way round, so no shape complains. Which way round should it be?",
            "Write the shapes of all factors under your formula, with a different number of inputs and outputs.",
            "An element of dE/dX sums over the outputs, an element of dE/dW belongs to one input and one output.",
        ),
        "With Y = X W: dE/dX = dE/dY Wᵀ and dE/dW = Xᵀ dE/dY; with Y = W X: Wᵀ dE/dY and dE/dY Xᵀ.",
    ),
    "missing-derivative": Lesson(
        "the activation's derivative is left out",
        (
            "How does the output change when this layer's input changes a little?",
            "The chain rule has a factor for each function on the way: is the activation's there?",
            "dE/dX is dE/dY times, element by element, the derivative of the activation.",
        ),
        "Return dE_dY * f_prime(X), with the X that forward was given.",
    ),
    "doubled-derivative": Lesson(
        "the activation's derivative is multiplied twice",
        (
            "How often does the activation stand on the way from X to E?",
            "Follow dE/dY through backward and count where the derivative comes in.",
            "Each function on the way gives one factor to the chain rule, not two.",
        ),
        "Multiply by the derivative once: in the activation or in the layer before it, not in both.",
    ),
    "derivative-at-output": Lesson(
        "the derivative is taken at the output instead of the input",
        (
            "At which point must a derivative be taken?",
            "Does backward use what forward was given, or what forward returned?",
            "f′ is taken where f was: at the input. (Written with y = f(x), as 1 − y² for tanh, it takes the output.)",
        ),
        "Keep X in forward and take f_prime(X); or use the form in y directly, without applying f once more.",
    ),
    "derivative-at-input": Lesson(
        "a derivative that is written for the output is given the input",
        (
            "Is your derivative's formula one in x or one in y = f(x)?",
            "1 − y² and y (1 − y) are formulas in the output. What do you put in?",
            "With a formula in y, y must be f(x): what forward returned.",
        ),
        "Keep forward's output and give that to the derivative, or apply the activation inside it first.",
    ),
    "wrong-activation-derivative": Lesson(
        "this is the derivative of another function",
        (
            "Draw the activation. What is its slope for negative, small and large inputs?",
            "Compare your derivative with (f(x + h) − f(x − h)) / 2h for some x of both signs.",
            "tanh′ = 1 − tanh², sigmoid′ = s (1 − s), relu′ = 1 above zero and 0 below.",
        ),
        "Pair the activation with its own derivative.",
    ),
    "bias-missing": Lesson(
        "the bias never learns",
        (
            "Which arrays does forward use, and which of them does backward change?",
            "The output depends on the bias too, so E has a derivative by it.",
            "Y = X W + b: adding a little to b adds the same to Y, so dE/db is dE/dY (summed over samples).",
        ),
        "In backward: self.bias -= learning_rate * dE_dY.sum(axis=0).",
    ),
    "bias-not-summed": Lesson(
        "the bias gradient is not summed over the samples",
        (
            "One bias serves all samples. How many numbers should its gradient have?",
            "Print the bias's shape after training with three samples at once.",
            "Each row adds its own share to E through the same bias: the shares add up.",
        ),
        "dE_db = dE_dY.sum(axis=0) (with keepdims=True where the bias has the shape (1, n)).",
    ),
    "bias-sign": Lesson(
        "the bias gradient has the wrong sign",
        (
            "Does your bias go downhill or uphill?",
            "Compare the signs in the update of the weights and in that of the bias.",
            "Descent subtracts η times the gradient from each parameter.",
        ),
        "self.bias -= learning_rate * dE_db.",
    ),
    "updated-too-early": Lesson(
        "dE/dX comes from the weights after the update",
        (
            "Which weights made the output whose error you send back?",
            "Look at the order of the lines in backward.",
            "dE/dX belongs to the weights that forward used: it is computed before they change.",
        ),
        "Compute dE_dX first, then update, then return it.",
    ),
    "learning-rate": Lesson(
        "the learning rate is missing, doubled, or in the wrong place",
        (
            "What happens to your update when the learning rate is halved?",
            "Count how often learning_rate comes in on the way to each result.",
            "Once in each update, never in dE/dX.",
        ),
        "self.weights -= learning_rate * dE_dW, with the learning rate that backward is given; dE_dX without it.",
    ),
    "stale-input": Lesson(
        "the gradients use the input of an earlier sample",
        (
            "Which sample does the kept input belong to when backward runs?",
            "Send two different samples through and look at what is kept.",
            "Each forward call has to replace what backward will use.",
        ),
        "Set self.input = X in every forward call, before anything else.",
    ),
    "overwritten": Lesson(
        "an array is changed that somebody still needs",
        (
            "Who else holds the array that this line changes?",
            "Look for *=, -=, x[…] = … and out= on an array that was passed in or kept.",
            "a *= b changes the array itself; a = a * b makes a new one.",
        ),
        "Make a new array, or copy the argument first.",
    ),
    "sum-for-mean": Lesson(
        "a sum is taken where a mean belongs",
        (
            "Is your loss a mean or a sum, and over what? And its gradient?",
            "Try two and then ten outputs (or samples): how does the factor between them go?",
            "The gradient of a mean over n numbers has the factor 1/n.",
        ),
        "Divide the gradient by the number that the mean divides by.",
    ),
    "mean-for-sum": Lesson(
        "a mean is taken where a sum belongs",
        (
            "Is your loss a mean or a sum, and over what? How often do you divide?",
            "Try two and then ten outputs (or samples): how does the factor between them go?",
            "The division by n belongs in one place: in the loss's gradient or in the layers, not in both.",
        ),
        "Leave out the division.",
    ),
    "broadcast": Lesson(
        "a column and a row were combined to a square",
        (
            "What shape has a column (n, 1) plus a row (n,)?",
            "Print the shapes on both sides of each + − * in this function.",
            "numpy repeats (n, 1) and (n,) to (n, n) without a word.",
        ),
        "Give both the same shape, with reshape, where they are made.",
    ),
    "integer": Lesson(
        "integers cut off what is after the point",
        (
            "What is 0.7 in an array of integers?",
            "Print the dtype of every array in this function.",
            "np.array([1, 2]) holds integers, and so does zeros_like of it.",
        ),
        "Make the array with dtype=float.",
    ),
    "overflow": Lesson(
        "large inputs give inf or NaN, or a wrong value",
        (
            "What is e to the power 1000?",
            "Find the exponential, and which inputs make it larger than a float can hold.",
            "Take e only of what is not positive: subtract the maximum, or treat both signs separately.",
        ),
        "softmax: subtract the row's maximum first; sigmoid and tanh: use e^−|x|, or np.tanh.",
    ),
    "axis": Lesson(
        "a sum, mean or softmax runs along the wrong axis",
        (
            "Rows are samples. Which direction does your sum run?",
            "Print the shape before and after the reduction, for one sample and for three.",
            "Over the samples it is axis 0, over one sample's numbers it is axis 1 (or −1).",
        ),
        "Change axis (and keep keepdims=True where the result is combined with the array again).",
    ),
    "shared-parameters": Lesson(
        "layers update one and the same array",
        (
            "Where is this array made, and how often does that line run?",
            "Compare id(layer.weights) of two layers.",
            "Class attributes and default arguments are made once, for all instances.",
        ),
        "Make the arrays in __init__, one layer object for each place in the network.",
    ),
    "wrong-shape": Lesson(
        "what comes back has another shape",
        (
            "Which shape must a gradient have?",
            "Print the shapes of X and of what backward returns.",
            "A gradient has the shape of the array that it belongs to.",
        ),
        "Return dE/dX in the shape of X.",
    ),
    "wrong-type": Lesson(
        "what comes back is no array of floats",
        (
            "What does the function return, exactly?",
            "Print type(…) of the result; look for a path without a return.",
            "forward returns Y alone, backward dE/dX alone, as numpy arrays of floats.",
        ),
        "Return the array itself.",
    ),
    "impure": Lesson(
        "the same input gives another output the second time",
        (
            "What else than X and the parameters goes into the output?",
            "Look for random numbers, counters and sums that forward keeps.",
            "Only backward changes what the layer has learned.",
        ),
        "Take the state out of forward.",
    ),
    "raised": Lesson(
        "the code raised an error",
        (
            "Read the last line of the error first: what did it expect, what did it get?",
            "Go to the line that it names and print the shapes there.",
            "Try the layer alone, with one sample of the shape that it is made for.",
        ),
        "See the error.",
    ),
    "timeout": Lesson(
        "the code did not come back in time",
        (
            "Which loop could go on for ever?",
            "Look at what ends each while loop.",
            "A layer's forward and backward need no loop that waits for something.",
        ),
        "End the loop; a slow layer can be given more with --time-limit.",
    ),
    "unexplained": Lesson(
        "it is wrong, and none of the usual causes explains it",
        (
            "Take a layer of one input and one output and do the derivative by hand.",
            "Compare the worst elements with what you compute by hand for them.",
            "Change one thing at a time and check again: another finding may then name the rest.",
        ),
        "Derive the gradient anew from forward.",
    ),
}
