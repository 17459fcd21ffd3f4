"""The `nnstep` command: its options, and what becomes of errors. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from nnstep import __version__
from nnstep.errors import NnstepError
from nnstep.option_parser import Parser, unknown_command
from nnstep.printed_text import plain_text
from nnstep.signals import exit_code
from nnstep.streams import UNWRITABLE, drop_output, make_writable

COMMANDS = (
    "debug",
    "train",
    "evaluate",
    "predict",
    "trace",
    "check",
    "compare",
    "export",
    "runs",
    "report",
    "wars",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 0 done, 1 the answer is no, 2 bad input, 130 interrupted."""
    make_writable()
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "debug")
    parser = make_parser()
    try:
        if words[0] not in COMMANDS and not words[0].startswith("-"):
            parser.error(unknown_command(words[0], COMMANDS))
        options = parser.parse_args(words)
    except SystemExit as exit:
        return int(exit.code or 0)
    return run_or_say(options)


def run_or_say(options: argparse.Namespace) -> int:
    """Runs a command; what ends it is one line, and its exit code."""
    try:
        code = run(options)
        sys.stdout.flush()
        return code
    except NnstepError as error:
        for text in (getattr(error, "printed", ""), getattr(error, "traceback", "")):
            if text:
                print(plain_text(text).rstrip("\n"), file=sys.stderr)
        print(f"nnstep: {' '.join(plain_text(str(error)).split())}", file=sys.stderr)
        return 2
    except MemoryError:
        print("nnstep: this does not fit into memory. Take smaller --layers or --limit", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("nnstep: interrupted", file=sys.stderr)
        return exit_code(getattr(stop, "number", signal.SIGINT))  # another signal than Ctrl-C says which
    except BrokenPipeError as error:
        drop_output(error)
        return 0
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        drop_output(error)
        return 2


def run(options: argparse.Namespace) -> int:
    """Runs the command that the options name."""
    one_thread()
    if options.command == "debug":
        from nnstep.commands import open_debugger

        return open_debugger(options)
    if options.command == "wars":
        from nnstep.wars.command import wars

        return wars(options)
    if options.command == "check":
        from nnstep.check_command import check

        return check(options)
    if options.command == "compare":
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
        from nnstep.comparing import compare

        return compare(options)
    if options.command == "export":
        from nnstep.exporting import export

        return export(options)
    if options.command == "train":
        from nnstep.train_command import train

        return train(options)
    from nnstep import commands

    return int(getattr(commands, options.command)(options))


def one_thread() -> None:
    """Lets matrix products be computed in one thread, in every command and in the app.

    Several threads add up in another order: a run would not come out with the same bits wherever it is trained again.
    """
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
        os.environ[name] = "1"
    if "numpy" in sys.modules:  # it has read them already
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, "blas")


def make_parser() -> Parser:
    """The parser with all commands."""
    parser = Parser(
        prog="nnstep",
        description="A step-through debugger for neural networks. Without a command it opens the debugger.",
    )
    parser.add_argument("--version", action="version", version=f"nnstep {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)

    debug = commands.add_parser("debug", help="opens the debugger (as nnstep alone does)")
    _add_data(debug)
    _add_network(debug)
    _add_training(debug)
    debug.add_argument("--run", metavar="FILE.nnrun", help="go on with a saved run, with its network and data")
    debug.add_argument(
        "--autosave",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the run on disk while epochs are trained, in the account's state folder (the default)",
    )
    debug.add_argument(
        "--sample", type=int, metavar="I", help="which digit first (from 0); default: the first that training takes"
    )

    train = commands.add_parser("train", help="trains without a screen")
    _add_data(train)
    _add_network(train)
    _add_training(train)
    train.add_argument(
        "--patience", type=int, metavar="N", help="hold out a tenth; stop after N epochs that do not improve on it"
    )
    train.add_argument("--save", metavar="FILE.npz", help="write the weights that were reached")
    train.add_argument("--save-run", metavar="FILE.nnrun", help="write the whole run, to go back to any sample of it")
    train.add_argument(
        "--autosave",
        nargs="?",
        const="",
        metavar="FILE",
        help="keep the run on disk at every epoch's end and every 30 s; without FILE in the account's state folder",
    )
    train.add_argument(
        "--watch",
        action="append",
        metavar="CONDITION",
        help='stop at the first sample where it holds, such as "loss > 0.5" or "dead > 50%%"; can be given again',
    )
    train.add_argument(
        "--alarms",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="look after the run and say where it is sick (the default), or do not",
    )
    train.add_argument("--budget", type=float, default=256, metavar="MIB", help="memory for the run; default 256")
    _add_json(train)

    evaluate = commands.add_parser("evaluate", help="loss and both accuracies on the test set")
    _add_data(evaluate)
    _add_network(evaluate)
    _add_json(evaluate)

    predict = commands.add_parser("predict", help="classes for images")
    predict.add_argument("images", nargs="*", metavar="IMAGE", help="picture files; else the test set")
    _add_data(predict)
    _add_network(predict)
    predict.add_argument("--sample", type=int, metavar="I", help="only this one of the test set (from 0)")
    _add_json(predict)

    trace = commands.add_parser("trace", help="one training sample's frames, as text, JSON or .npz")
    _add_data(trace)
    _add_network(trace)
    trace.add_argument("--sample", type=int, default=0, metavar="I", help="which one (from 0)")
    trace.add_argument("--learning-rate", type=float, default=0.1, metavar="η", help="default 0.1")
    trace.add_argument("--optimizer", default="sgd", help="sgd (default), momentum, nesterov, rmsprop, adam or adamw")
    trace.add_argument("--run", metavar="FILE.nnrun", help="of a saved run, with its network and data")
    trace.add_argument("--at", metavar="EPOCH.SAMPLE[.STEP]", help="where in that run (from 1.1)")
    trace.add_argument("--branch", metavar="NAME", help="of which branch of it; default: the last one trained")
    trace.add_argument("--step", type=int, metavar="K", help="only this step (from 1)")
    trace.add_argument("--npz", metavar="FILE.npz", help="write all arrays there")
    _add_json(trace)

    _add_check(commands)
    _add_compare(commands)
    _add_export(commands)

    runs = commands.add_parser("runs", help="what is inside saved runs")
    runs.add_argument("files", nargs="+", metavar="FILE.nnrun", help="saved runs")
    _add_json(runs)

    report = commands.add_parser("report", help="a saved run as one HTML page that needs no network")
    report.add_argument("run", metavar="FILE.nnrun", help="a saved run")
    report.add_argument("-o", "--output", metavar="FILE.html", help="default: beside the run, with its name")
    report.add_argument("--branch", metavar="NAME", help="of which branch of it; default: the last one trained")
    _add_data(report)
    _add_wars(commands.add_parser("wars", help="a contest of many networks, and its leaderboard"))
    return parser


def _add_check(commands: argparse._SubParsersAction[Parser]) -> None:
    check = commands.add_parser("check", help="gradients and contracts of layers that you wrote")
    check.add_argument("files", nargs="+", metavar="FILE.py", help="files or notebooks, each with a network")
    check.add_argument("--hint", type=int, default=1, choices=range(4), help="how much hints say; default 1")
    check.add_argument("--teacher", action="store_true", help="all hints, and how each fault is mended")
    check.add_argument("--time-limit", type=float, default=10, metavar="S", help="for each call; default 10 seconds")
    check.add_argument("--memory-limit", type=int, default=1024, metavar="MIB", help="for each file; default 1024")
    check.add_argument("--junit", metavar="FILE.xml", help="write a report as JUnit XML (- for standard output)")
    _add_json(check)


def _add_wars(parser: Parser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE.toml", help="the contest: contenders, data, budget and seeds")
    _add_data(parser)
    parser.set_defaults(data=None)
    group = parser.add_argument_group("in place of what the file says")
    group.add_argument("--epochs", type=int, metavar="N", help="budget: at most N epochs each")
    group.add_argument("--seconds", type=float, metavar="S", help="budget: at most S seconds of training each")
    group.add_argument("--seeds", type=int, metavar="N", help="how many seeds each")
    group = parser.add_argument_group("where it runs")
    group.add_argument("--jobs", type=int, metavar="N", help="how many at a time; default: one for each core")
    group.add_argument("--backend", default="loky", choices=("loky", "dask"), help="processes (default) or a cluster")
    group.add_argument("--scheduler", metavar="ADDRESS", help="of the cluster, such as tcp://10.0.0.5:8786")
    group = parser.add_argument_group("results")
    group.add_argument("--results", metavar="FILE.sqlite", help="where they are appended; default: beside the contest")
    group.add_argument("--save-runs", action="store_true", help="keep whole runs too, to open them in the debugger")
    group.add_argument("--who", metavar="NAME", help="noted with each result; default: the user's name")
    group.add_argument("--show", nargs="*", metavar="FILE.sqlite", help="only show what results there are")
    group.add_argument("--watch", action="store_true", help="the leaderboard live, with curves, in the app")
    group.add_argument("--merge", nargs="*", metavar="FILE.sqlite", help="put several files' results into one")
    group.add_argument("--into", metavar="FILE.sqlite", help="the file that --merge appends to")
    _add_json(parser)


def _add_compare(commands: Any) -> None:
    parser = commands.add_parser("compare", help="the same network in Keras and PyTorch, side by side")
    _add_data(parser)
    _add_network(parser)
    _add_training(parser, "20, with --train 5")
    group = parser.add_argument_group("comparing")
    group.add_argument(
        "--framework", action="append", choices=("torch", "keras"), help="which one; can be given again; default both"
    )
    group.add_argument("--samples", type=int, default=100, metavar="N", help="how many go through; default 100")
    group.add_argument(
        "--tolerance",
        type=float,
        metavar="T",
        help="largest difference, as a part of the largest term; default 1e-9, in float32 1e-4",
    )
    group.add_argument("--train", action="store_true", help="a table of training instead: errors, accuracies, times")
    group.add_argument(
        "--contender",
        action="append",
        metavar="SPEC",
        help='one more row, such as "framework=torch; layers=784,32,relu,10; optimizer=adam; rate=0.01; batch=64"',
    )
    group.add_argument("--curves", action="store_true", help="with --train: then draw the table's curves in the app")
    group.add_argument("--show", metavar="FILE.json", help="draw the curves of a table that --train --json wrote")
    parser.set_defaults(epochs=None)
    _add_json(parser)


def _add_export(commands: Any) -> None:
    parser = commands.add_parser("export", help="a trained network for Keras, PyTorch or ONNX")
    parser.add_argument("file", metavar="WEIGHTS.npz|RUN.nnrun", help="saved weights or a saved run")
    parser.add_argument("--to", required=True, metavar="FILE", help="a .keras, .pt or .onnx file")
    parser.add_argument("--layers", metavar="LIST", help="the network, where the file does not say it")
    parser.add_argument("--at", metavar="EPOCH.SAMPLE", help="where in a run; default: where it ended")
    parser.add_argument("--branch", metavar="NAME", help="of which branch of it")
    parser.add_argument("--data", default="samples", metavar="WHICH", help="where a run's data are now")
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N training samples of them")
    parser.add_argument("--dtype", choices=("float64", "float32"), help="default: float32, for .pt as in the file")


def _add_data(parser: Parser) -> None:
    group = parser.add_argument_group("data")
    group.add_argument(
        "--data",
        default="samples",
        metavar="WHICH",
        help="samples (bundled, the default), mnist, fashion_mnist, FILE.npz or an IDX folder",
    )
    group.add_argument("--limit", type=int, metavar="N", help="only the first N training samples")
    group.add_argument("--test-limit", type=int, metavar="N", help="only the first N test samples")


def _add_network(parser: Parser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument(
        "--layers", metavar="LIST", help="default 784,128,tanh,64,tanh,10,tanh; or a .toml file that describes them"
    )
    group.add_argument(
        "--net", metavar="FILE.py", help="the network of your own file or notebook, in place of --layers"
    )
    group.add_argument(
        "--time-limit", type=float, default=10.0, metavar="SECONDS", help="for each call of its code; default 10"
    )
    group.add_argument("--loss", help="mse (default), cross_entropy or softmax_cross_entropy")
    group.add_argument("--init", help="lecun (default), xavier, he or uniform01")
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of weights and shuffling; default 0")
    group.add_argument("--dtype", default="float64", choices=("float64", "float32"), help="default float64")
    group.add_argument("--weights", metavar="FILE.npz", help="start from these; a .keras or .pt file too")


def _add_training(parser: Parser, usual_epochs: str = "20") -> None:
    group = parser.add_argument_group("training")
    group.add_argument("--learning-rate", type=float, default=0.1, metavar="η", help="default 0.1")
    group.add_argument("--batch-size", type=int, default=1, metavar="N", help="default 1")
    group.add_argument("--shuffle", action="store_true", help="another order each epoch, from the seed")
    group.add_argument("--epochs", type=int, default=20, metavar="N", help=f"default {usual_epochs}")
    group.add_argument("--engine", default="auto", help="auto (default), numpy or numba")
    group.add_argument("--optimizer", default="sgd", help="sgd (default), momentum, nesterov, rmsprop, adam or adamw")
    group.add_argument("--weight-decay", type=float, metavar="λ", help="default 0, for adamw 0.01")
    group.add_argument("--clip-norm", type=float, metavar="N", help="longest norm of each layer's gradients")
    group.add_argument(
        "--schedule", default="constant", help="step:5:0.5, exponential:0.9, cosine:20, warmup:1, with +"
    )
    group.add_argument("--augment", default="", metavar="HOW", help="move the pictures, such as shift:2,rotate:10")


def _add_json(parser: Parser) -> None:
    parser.add_argument("--json", metavar="FILE", help="write a report for programs; - for standard output")


if __name__ == "__main__":
    sys.exit(main())
