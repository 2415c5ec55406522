"""`webscale-qa reverify ROLLOUTS --output OUT`: stored rollouts graded again, without inference.

It says what the rules pay now that was not paid, and the other way round, and why; with a judge also what that says of what the
rules cannot tell. `aliases.jsonl` proposes other spellings of stored answers. Read and edited, it is applied to the pairs:

    webscale-qa reverify --apply OUT/aliases.jsonl --to RUN --output NEW

Exit codes: 0 done; 1 a process was ended from outside; 2 the rollouts, the options or the folder cannot be used; 130 stopped.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import TextIO

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.exit_codes import FAILED, OK, STOPPED, UNUSABLE
from beam_pipeline.output.new_folder import NewFolder
from beam_pipeline.output.read_back import open_run
from beam_pipeline.reverify.alias_proposals import LEAST
from beam_pipeline.reverify.apply_aliases import APPLIED_FILE, apply_aliases
from beam_pipeline.reverify.forms import NAMED
from beam_pipeline.reverify.messages import Messages
from beam_pipeline.reverify.pairs import Pairs
from beam_pipeline.reverify.read_rollouts import find_forms, read_rollouts
from beam_pipeline.reverify.regrade import NOT_COMPARED, UNSURE, Regraded, regrade
from beam_pipeline.reverify.write_graded import ALIASES_FILE, SUMMARY_FILE, GradedFiles
from beam_pipeline.said_streams import beneath
from beam_pipeline.storage.files import format_of, reason
from beam_pipeline.storage.row_files import FORMATS
from transforms.base_url import check_base_url
from transforms.errors import one_line
from transforms.reward_with_judge import Judge

_MOST_PROCESSES = 16
_DRAWN_EVERY_S = 0.5
# A judge that fails is no verdict, a thousand times over: it is asked this before anything is read.
_TRIAL = ("Which city is the capital of France?", "It is the city of Paris.", "Paris")
_HOLDS = {
    "response": "the response, or a list of them",
    "answer": "the stored answer",
    "reward": "the old reward; above 0.5 it was paid",
    "question": "the question, or the prompt",
    "type": "the answer's type",
    "aliases": "other spellings of the answer",
    "id": "the id of the pair",
    "accepted": "what a person said of the response: true or false",
}


class UsageError(ValueError):
    """The options do not go together; the message says what to do."""


def _parser() -> CommandParser:
    parser = CommandParser(
        "reverify",
        "Grade stored rollouts again, without inference; say what changed and why; propose aliases, and apply them.",
        ("rollouts/*.jsonl --output graded", "--apply graded/aliases.jsonl --to out --output out_with_aliases"),
    )
    parser.add_argument(
        "rollouts",
        nargs="*",
        metavar="ROLLOUTS",
        help="JSON, CSV or Parquet of TRL, verl, OpenRLHF, NeMo Gym, or with named columns",
    )
    parser.add_argument("--output", required=True, metavar="FOLDER", help="a new folder to write to, local or gs://")
    for name in NAMED:
        parser.add_argument(f"--{name}", metavar="COLUMN", help=f"column of {_HOLDS[name]}; paths with dots")
    parser.add_argument("--pairs", metavar="RUN", help="folder of a run: gives type, aliases and id, by question and answer")
    parser.add_argument("--judge_endpoint", metavar="URL", help="base URL of a judge, which is asked where the rules are unsure")
    parser.add_argument("--judge_model", metavar="NAME", help="its model")
    parser.add_argument(
        "--judge_sample", type=int, default=0, metavar="N", help="also ask about so many of the right, and of the wrong ones (0)"
    )
    parser.add_argument(
        "--least", type=int, default=LEAST, metavar="K", help=f"different responses that wrote a proposed alias ({LEAST})"
    )
    parser.add_argument("--processes", type=int, metavar="N", help=f"processes that grade (CPUs, at most {_MOST_PROCESSES})")
    parser.add_argument("--apply", metavar="FILE", help="edited file of aliases to apply to the run of --to")
    parser.add_argument("--to", metavar="RUN", help="output folder of the run whose pairs get the aliases; stays as it is")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Grade rollouts again, or apply aliases; returns the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as end:  # bad options, or --help
        return int(end.code or OK)
    try:
        _check(options)
        return _apply(options) if options.apply else _reverify(options)
    except ValueError as error:  # rollouts, options or folder that cannot be used
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:  # a full disk, a folder that must not be written
        print(f"error: --output {options.output}: cannot be written: {reason(error)}", file=sys.stderr)
        return UNUSABLE
    except BrokenProcessPool:
        print("error: a process that grades was ended; --processes 1 grades in this one. Nothing was written", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("stopped; nothing was written", file=sys.stderr)
        return STOPPED


def _check(options: argparse.Namespace) -> None:
    if options.apply or options.to:
        if options.rollouts or not (options.apply and options.to):
            raise UsageError("--apply FILE --to RUN --output NEW go together, without rollouts")
        if format_of(options.apply) not in FORMATS:
            raise UsageError(f"--apply {options.apply}: must be a file of JSON lines, named .jsonl")
    elif not options.rollouts:
        raise UsageError("which rollouts? Name their files, or give --apply FILE --to RUN")
    for flag, least in (("least", 1), ("judge_sample", 0), ("processes", 1)):
        if (value := getattr(options, flag)) is not None and value < least:
            raise UsageError(f"--{flag} {value}: must be at least {least}")
    if bool(options.judge_endpoint) != bool(options.judge_model):
        raise UsageError("--judge_endpoint and --judge_model go together: give both, or neither")
    if options.judge_sample and not options.judge_endpoint:
        raise UsageError("--judge_sample: there is no judge; name one by --judge_endpoint and --judge_model")


def _reverify(options: argparse.Namespace) -> int:
    messages, began = Messages(sys.stderr), time.monotonic()
    with NewFolder(options.output) as folder:
        judge = _judge(options)
        pairs = Pairs(options.pairs) if options.pairs else None
        forms = find_forms(options.rollouts, {name: column for name in NAMED if (column := getattr(options, name))})
        rollouts = read_rollouts(forms, messages)
        items = regrade(map(pairs.complete, rollouts) if pairs else rollouts, options.processes or _cpus())
        graded = GradedFiles(folder, options.least, judge, options.judge_sample)
        graded.write(_drawn(items, beneath(sys.stderr)))
        messages.end()
        if not graded.tally.rollouts:
            raise UsageError(f"{', '.join(forms)}: no line is a rollout")
        seconds = time.monotonic() - began
        names = " and ".join(dict.fromkeys(form.name for form in forms.values()))
        about = {"forms": names, "files": list(forms), "lines_not_read": messages.number, "seconds": round(seconds, 2)}
        with folder.create(SUMMARY_FILE) as file:
            file.write(json.dumps({**graded.to_json(), **about}, indent=2).encode("ascii") + b"\n")
        files = folder.commit()
    print("\n".join(_report(graded, names, messages.number, seconds, options, files)))
    return OK


def _judge(options: argparse.Namespace) -> Judge | None:
    if not options.judge_endpoint:
        return None
    try:
        judge = Judge(check_base_url(options.judge_endpoint), options.judge_model)
    except ValueError as error:
        raise UsageError(f"--judge_endpoint: {error}") from error
    if judge.verdict(*_TRIAL) is None:
        raise UsageError(f"--judge_endpoint {options.judge_endpoint}: {options.judge_model} gives no verdict on a trial")
    return judge


def _drawn(items: Iterable[Regraded], stream: TextIO) -> Iterator[Regraded]:
    """The same, with a line of progress for a person at a terminal."""
    if not stream.isatty():
        yield from items
        return
    began = drawn = time.monotonic()
    for number, item in enumerate(items, 1):
        yield item
        if (now := time.monotonic()) - drawn > _DRAWN_EVERY_S:
            drawn = now
            stream.write(f"\r\x1b[Kgraded {number:,} | {number / (now - began):,.0f} a second")
            stream.flush()
    stream.write("\r\x1b[K")
    stream.flush()


def _report(
    graded: GradedFiles, names: str, not_read: int, seconds: float, options: argparse.Namespace, files: Sequence[str]
) -> Iterator[str]:
    """What came of the rollouts, as a person reads it."""
    tally = graded.tally
    lines = f", lines that are none {not_read:,}" if not_read else ""
    yield f"rollouts {tally.rollouts:,}, questions {tally.questions:,}{lines} ({names})"
    yield ""
    yield from tally.table()
    yield ""
    if graded.judge:
        yield from graded.judge_tally.table()
        yield ""
    elif tally.changes[UNSURE]:
        yield "the unsure are not paid; --judge_endpoint asks a judge about them"
    if tally.changes[NOT_COMPARED] == tally.rollouts:
        yield "there is no old reward to compare with; --reward names its column"
    if graded.proposals:
        yield f"aliases proposed: {graded.proposals:,}, in {ALIASES_FILE}; read and edit it, then --apply it"
    yield f"{seconds:,.1f} s, {1000 * seconds / tally.rollouts:,.2f} s for a thousand rollouts"
    yield f"in {options.output.rstrip('/')}/: {', '.join(files)}"


def _apply(options: argparse.Namespace) -> int:
    messages = Messages(sys.stderr)
    with NewFolder(options.output) as folder:
        run = open_run(options.to)
        outcome = apply_aliases(run, options.apply, folder, messages)
        messages.end()
        if not (outcome.applied or outcome.refused or outcome.unknown or outcome.left_out):
            raise UsageError(f"--apply {options.apply}: no line of it is an alias, as reverify proposes them")
        folder.commit()
    print(
        f"aliases added {outcome.applied:,}, refused {outcome.refused:,}, of unknown pairs {outcome.unknown:,}, "
        f"not to keep {outcome.left_out:,}, lines not read {outcome.unread:,}"
    )
    print(f"pairs {outcome.pairs:,}, in {options.output.rstrip('/')}/; {APPLIED_FILE} says what was added")
    return OK


def _cpus() -> int:
    return min(_MOST_PROCESSES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


if __name__ == "__main__":
    sys.exit(main())
