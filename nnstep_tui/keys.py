"""Every key of the stepping screen by topic: the help, the footer and the command palette are made from this."""

from __future__ import annotations

from textual.binding import Binding


def key(keys: str, action: str, name: str, tooltip: str, display: str | None = None, show: bool = False) -> Binding:
    """A binding; `show` puts it into the footer."""
    return Binding(keys, action, name, key_display=display, tooltip=tooltip, show=show, priority="tab" in keys)


MOVING = [
    key("n,right", "step", "step", "one step forward in time", "n", show=True),
    key("p,left", "back", "back", "one step back, past samples too", "p", show=True),
    key("f", "finish", "finish", "to the end of the forward or backward pass", show=True),
    key("s", "start", "start of pass", "back to the start of the pass"),
    key("right_square_bracket", "next", "next", "train this sample, go to the next", "]", show=True),
    key("left_square_bracket", "previous", "sample before", "back to the sample before", "["),
    key("m", "mistake", "next mistake", "the next sample that is classified wrongly"),
    key("M", "mistake_before", "mistake before", "the last one before that was classified wrongly"),
    key("r", "run_to_layer", "run to layer", "run to a layer: 3r to layer 3; r alone to this one's next step"),
    key("g,colon", "go_to", "go to", "a position by its numbers: EPOCH.SAMPLE or EPOCH.SAMPLE.STEP", "g"),
    key("d", "digit", "digit", "a digit by its number, with the weights of now"),
    key("R", "restart", "restart", "back to the run's first sample, with its initial weights"),
]
STOPPING = [
    key("c", "continue", "continue", "on to the next breakpoint, training where needed", show=True),
    key("C", "reverse_continue", "reverse-continue", "back to the breakpoint before"),
    key("b", "breakpoints", "break", "list, add and edit breakpoints", show=True),
    key("B", "break_here", "break here", "breakpoint on this layer and phase, on or off"),
    key("t", "train", "train", "run epochs from here", show=True),
    key("G", "run", "graph", "the whole run: its curve, scores and mistakes"),
]
SEEING = [
    key("tab", "select(1)", "next tensor", "select the next tensor"),
    key("shift+tab", "select(-1)", "tensor before", "select the one before"),
    key("v", "view", "view", "heatmap, numbers, histogram, pictures of weight columns", show=True),
    key("z", "single", "zoom", "the selected tensor alone, or all"),
    key("h", "whole", "whole or pan", "the whole tensor in its room, or one element a cell, panned by the cursor"),
    key("L", "log", "log scale", "colour scale: linear or symmetric log"),
    key("k", "shared", "shared scale", "colour scale: each tensor's own, or one for all of a kind in the pass"),
    key(
        "D", "difference", "difference", "show the change since one step, sample or epoch earlier, or since your change"
    ),
    key("F", "framework", "framework", "the same sample in PyTorch, then in Keras: their numbers and the difference"),
    key("e", "element", "element", "put a cursor on an element: its arithmetic in numbers", show=True),
    key("l", "layers", "layers", "put the cursor into the stack: run to a layer, break on it"),
    key("o", "page", "pane below", "what the pane below shows: arithmetic, source, watches"),
    key("w", "watches", "watch", "list, add and edit watches"),
    key("K", "check", "check", "check all gradients by differences, and say in words what is wrong"),
    key("P", "prints", "prints", "what your own code printed, and notes on it (--net)"),
]
TRYING = [
    key("equals_sign", "change", "change", "change one thing: an element, the label, η", "="),
    key("u", "undo", "undo", "undo the change: back to the exact state before it"),
]
KEEPING = [
    key("y", "copy", "copy", "copy the element's arithmetic, or the selected tensor"),
    key("S", "save_picture", "save picture", "save this view as an SVG file"),
    key("W", "save_run", "save run", "save the whole run, with breakpoints and watches (nnstep --run opens it)"),
    key("x", "export", "export frame", "save all tensors of this step as .npz"),
]
LEAVING = [
    key("question_mark", "help", "help", "this help", "?", show=True),
    key("q", "app.quit", "quit", "leave nnstep"),
]
TOPICS = {
    "Moving": MOVING,
    "Breakpoints and training": STOPPING,
    "Seeing": SEEING,
    "Trying": TRYING,
    "Keeping": KEEPING,
    "Leaving": LEAVING,
}
STEPPING = [binding for bindings in TOPICS.values() for binding in bindings]

ELEMENT = [
    key("up", "screen.cursor(-1, 0)", "up", "move the cursor", "↑"),
    key("down", "screen.cursor(1, 0)", "down", "move the cursor", "↓"),
    key("left", "screen.cursor(0, -1)", "left", "move the cursor", "←"),
    key("right", "screen.cursor(0, 1)", "right", "move the cursor", "→"),
    key("home", "screen.extreme", "largest", "to the element farthest from zero", "Home", show=True),
    key("j", "screen.choose(1)", "next factor", "choose the next factor of the arithmetic", "j", show=True),
    key("k", "screen.choose(-1)", "factor before", "choose the factor before"),
    key("enter", "screen.follow", "follow", "go where the chosen factor comes from", "⏎", show=True),
    key("backspace", "screen.return", "return", "back to where you followed from", "⌫", show=True),
    key("w", "screen.watch_element", "watch", "watch this element", show=True),
    key("escape", "screen.leave_element", "leave", "leave the element", "Esc", show=True),
]
LAYERS = [
    key("up", "screen.layer(-1)", "up", "choose the layer before", "↑"),
    key("down", "screen.layer(1)", "down", "choose the next layer", "↓"),
    key("enter", "screen.run_to_chosen", "run to it", "run to the chosen layer", "⏎", show=True),
    key("b", "screen.break_on_chosen", "break on it", "breakpoint on the chosen layer, on or off", show=True),
    key("escape", "screen.leave_element", "leave", "leave the stack", "Esc", show=True),
]
FOCUSED = {"With the cursor on an element": ELEMENT, "With the cursor in the stack": LAYERS}

RUNNING = [
    key("space", "pause", "pause / go on", "pause, go on, or train further", "Space", show=True),
    key("n", "one_sample", "one sample", "train one sample and pause"),
    key("E", "one_epoch", "one epoch", "train one epoch more"),
    key("r", "rate", "rate", "another learning rate from here on, on a branch of its own", show=True),
    key("slash", "rate_by(0.5)", "halve", "halve the learning rate", "/"),
    key("asterisk", "rate_by(2)", "double", "double the learning rate", "*"),
    key("c", "score", "score", "score the held-out digits now"),
]
RECALLING = [
    key("left", "cursor(-1)", "back", "the cursor back along the curve, by a column", "←"),
    key("right", "cursor(1)", "on", "the cursor on along the curve, by a column", "→"),
    key("comma", "cursor_sample(-1)", "sample before", "the cursor to the sample before", ","),
    key("full_stop", "cursor_sample(1)", "next sample", "the cursor to the next sample", "."),
    key("home", "cursor_to(0)", "start", "the cursor to the run's first sample", "Home"),
    key("end", "follow", "follow", "the cursor follows the last sample", "End"),
    key("s", "spike", "spike", "the next sample whose loss stands out of those before", show=True),
    key("S", "spike_before", "spike before", "the one before"),
    key("m", "mistake", "mistake", "the next sample that was classified wrongly", show=True),
    key("M", "mistake_before", "mistake before", "the one before"),
    key("o", "worst", "worst", "the sample with the largest loss of the run"),
    key("N", "not_finite", "NaN", "where NaN or infinity began"),
    key("A", "alarm", "alarm", "the next alarm: what is wrong, and the sample where it shows"),
    key("f", "first_right", "first right", "where the digit at the cursor first came out right"),
    key("enter", "open", "open", "stop, and open the debugger at the sample under the cursor", "⏎", show=True),
    key("equals_sign", "branch_off", "branch off", "change one thing at the cursor, on a branch of its own", "="),
]
LOOKING = [
    key("plus", "zoom(0.5)", "zoom in", "half as many samples, around the cursor", "+"),
    key("minus", "zoom(2)", "zoom out", "twice as many samples", "-"),
    key("less_than_sign", "pan(-1)", "pan back", "the samples before", "<"),
    key("greater_than_sign", "pan(1)", "pan on", "the samples after", ">"),
    key("w", "whole", "whole run", "the whole run"),
    key("L", "log", "log scale", "linear or logarithmic error"),
    key("h", "highest", "highest", "the largest loss of each column too"),
    key("b", "branch", "branch", "the next branch; it is the one that is trained and opened"),
    key("O", "overlay", "overlay", "the curves of a saved run above these, or away again"),
    key("v", "page", "pane below", "below: layers, scores, confusion, mistakes, weights, alarms", show=True),
    key("z", "single", "zoom", "the curve alone, or with the pane"),
    key("e", "enter", "enter", "the cursor into the confusion matrix"),
    key("pagedown", "leaf(1)", "more", "more mistakes, or weights", "PgDn"),
    key("pageup", "leaf(-1)", "less", "those before", "PgUp"),
]
ENDING = [
    key("W", "save_run", "save run", "save the whole run (nnstep --run opens it)"),
    key("escape", "stop", "step", "stop, and step from where it stands", "Esc", show=True),
    key("question_mark", "help", "help", "this help", "?", show=True),
    key("q", "app.quit", "quit", "leave nnstep"),
]
RUN_TOPICS = {
    "The run: training": RUNNING,
    "The run: back in time": RECALLING,
    "The run: what is shown": LOOKING,
    "The run: leaving": ENDING,
}
RUN = [binding for bindings in RUN_TOPICS.values() for binding in bindings]

CELLS = [
    key("up", "screen.cell(-1, 0)", "up", "another label", "↑"),
    key("down", "screen.cell(1, 0)", "down", "another label", "↓"),
    key("left", "screen.cell(0, -1)", "left", "another class", "←"),
    key("right", "screen.cell(0, 1)", "right", "another class", "→"),
    key("enter", "screen.choose_cell", "show", "show the digits of this cell", "⏎", show=True),
    key("escape", "screen.leave_cell", "leave", "leave the matrix, and show all mistakes", "Esc", show=True),
]
FOCUSED["In the confusion matrix"] = CELLS

CONTEST_MOVING = [
    key("up", "move(-1)", "up", "the contender above", "↑"),
    key("down", "move(1)", "down", "the contender below", "↓"),
    key("pageup", "page(-1)", "page up", "a page up", "PgUp"),
    key("pagedown", "page(1)", "page down", "a page down", "PgDn"),
    key("home", "move(-1_000_000)", "first", "the first contender", "Home"),
    key("end", "move(1_000_000)", "last", "the last contender", "End"),
    key("enter", "open", "debugger", "the debugger in this contender's run, trained anew if not kept", "⏎", show=True),
    key("s", "seed", "seed", "its next seed: the run that Enter opens"),
]
CONTEST_SEEING = [
    key("m", "mark", "mark", "its curve among those shown, or away again", show=True),
    key("a", "all", "all curves", "the curves of all contenders in grey too, or only the chosen ones", show=True),
    key("L", "log", "log scale", "logarithmic or linear error"),
    key("z", "zoom", "zoom", "table and curves, the table alone, the curves alone", show=True),
    key("b", "board", "next data", "the leaderboard of the next data set", show=True),
]
CONTEST_LEAVING = [
    key("space", "pause", "stop / go on", "stop the contest, or go on; what is finished is kept", "Space", show=True),
    key("question_mark", "help", "help", "this help", "?", show=True),
    key("q", "app.quit", "quit", "leave; asks first while the contest runs", show=True),
]
CONTEST_TOPICS = {
    "The leaderboard": CONTEST_MOVING,
    "What is shown": CONTEST_SEEING,
    "The contest": CONTEST_LEAVING,
}
CONTEST = [binding for bindings in CONTEST_TOPICS.values() for binding in bindings]
