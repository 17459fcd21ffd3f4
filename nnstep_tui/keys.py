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
    key("e", "element", "element", "put a cursor on an element: its arithmetic in numbers", show=True),
    key("l", "layers", "layers", "put the cursor into the stack: run to a layer, break on it"),
    key("o", "page", "pane below", "what the pane below shows: arithmetic, source, watches"),
    key("w", "watches", "watch", "list, add and edit watches"),
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
