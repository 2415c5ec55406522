"""`webscale-qa`: one command with a sub-command for each thing to do.

A sub-command is imported when it is called, so that `webscale-qa --help` answers at once.
"""

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

from beam_pipeline import __version__
from beam_pipeline.command_parser import PROGRAM
from beam_pipeline.exit_codes import BROKEN_PIPE, FAILED, OK, STOPPED, UNUSABLE
from beam_pipeline.said_streams import said_streams

# Of each sub-command the module, whose `main` runs it, and what it does.
COMMANDS = {
    "run": ("main", "turn documents into verified question-answer pairs, as a batch or a stream"),
    "estimate": ("estimate.command", "run a sample and say what the whole corpus would come to"),
    "export": ("export.command", "write accepted pairs as the files of a trainer, with their reward"),
    "pack": ("pack", "hash benchmarks into a pack that takes the place of their files, with no text in it"),
    "audit": ("audit.command", "look at any data set of questions and answers: what repeats, leaks or cannot be rewarded"),
    "doubt": ("doubt.command", "list the stored answers that are likely wrong, with why, and estimate how many are"),
    "reverify": ("reverify.command", "grade stored rollouts again, say what changed, propose aliases and apply them"),
    "review": ("review.command", "write the rows at which a run stopped, to be struck or edited by a person"),
    "replay": ("replay", "run again what failed in a finished run; what was paid for is kept"),
    "report": ("report.write", "write the HTML report of a finished run"),
    "compare": ("compare.command", "set two runs on the same documents side by side"),
    "exemplars": ("exemplars", "propose few-shot exemplars from accepted pairs"),
    "demo-endpoint": ("demo_endpoint.server", "serve the embedded endpoint, which answers by rules, on loopback"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sub-command; returns the exit code. What it says of others' texts is printable, and what fails is said so too."""
    with said_streams():
        return _run(argv)


def _run(argv: Sequence[str] | None) -> int:
    name, *arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if name in ("-h", "--help", "--version"):
        try:
            print(f"{PROGRAM} {__version__}" if name == "--version" else _help(), flush=True)
        except BrokenPipeError:
            return BROKEN_PIPE if _nobody_reads() else OK
        return OK
    if name not in COMMANDS:
        wanted = f"{PROGRAM} run {name} ..." if name.startswith("-") else f"one of {', '.join(COMMANDS)}"
        print(f"error: {name} is no sub-command; write {wanted}", file=sys.stderr)
        return UNUSABLE
    module, _ = COMMANDS[name]
    if name == "run":
        # Modules and graph stay to the end: walking them again and again costs a quarter of the start. `main` switches
        # the collector on again, with what is there by then out of its way.
        gc.disable()
    try:
        code: int | None = import_module(f"beam_pipeline.{module}").main(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:  # while it was imported, which takes a second or two
        return STOPPED
    except BrokenPipeError:
        if not _nobody_reads():
            raise
        return BROKEN_PIPE
    except Exception:  # a bug, to be seen whole; Python itself would print its words raw
        traceback.print_exc()
        return FAILED
    finally:
        gc.enable()
    return code or OK


def _nobody_reads() -> bool:
    """Whether who read what is printed has seen enough, such as `| head`; the rest then goes nowhere."""
    try:
        print(end="", flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _help() -> str:
    width = max(map(len, COMMANDS))
    return "\n".join(
        [
            "Examples:",
            f"  {PROGRAM} run --input documents.jsonl --output out --endpoint http://localhost:8080/v1",
            f"  {PROGRAM} export out --format trl --to dataset",
            "",
            "Turns documents into question-answer pairs that a reinforcement-learning trainer can reward.",
            "",
            *(f"  {name:<{width}}  {does}" for name, (_, does) in COMMANDS.items()),
            "",
            f"{PROGRAM} NAME --help says more of each.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
