"""`webscale-qa estimate --input ... --output OUT [--sample 200] [options of the run]`: what a run would come to.

A random sample of the corpus goes through the real pipeline, and its pairs, calls, tokens, time and cost are
extrapolated to the whole, each with an interval; with `--deadline_h` also the GPUs that it needs. The sample's own output
is in `OUT/estimate/`. Its replies are in the journal of the run, `OUT/journal/`, so the run itself, with `--resume`, does
not pay for them again.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from typing import Any

import numpy as np
from apache_beam.io.filesystems import FileSystems

from beam_pipeline.command_parser import CommandParser
from beam_pipeline.engines.runners import is_local, runner_name
from beam_pipeline.estimate.corpus_sample import CorpusSample, draw_sample
from beam_pipeline.estimate.cost_per_text import (
    CACHED,
    CALLS,
    FIGURES,
    HOURS,
    PAIRS,
    PROMPT,
    SHARED,
    Meter,
    PaidCall,
    by_document,
)
from beam_pipeline.estimate.extrapolate import LEVEL, Draws, call_rate, combined, totals, without_repeats
from beam_pipeline.estimate.sizing import FLAGS as SIZING_FLAGS
from beam_pipeline.estimate.sizing import ROWS as SIZING_ROWS
from beam_pipeline.estimate.sizing import check_flags, sized, sizing_notes, stage_table
from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.main import execute
from beam_pipeline.options.checks import check_somebody_answers
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import prices_of
from beam_pipeline.options.values import ANY_LANGUAGE, OptionError
from beam_pipeline.output.folder import check_journal, check_no_run
from beam_pipeline.output.kinds import json_line
from beam_pipeline.output.read_back import OutputFolder
from beam_pipeline.plan import make_plan
from beam_pipeline.reading.input_list import check_files, file_inputs
from beam_pipeline.reading.shown_documents import shown_documents
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary, write_summary
from transforms.errors import FatalError, one_line

SAMPLE = 200
FOLDER, SAMPLE_FILE, ESTIMATE_FILE = "estimate", "sample.jsonl", "estimate.json"
# Texts of a sample for each request in flight, from which on its cache is taken for that of a longer run.
STEADY = 4
COST = "cost"
# How each figure is called in the table, and written.
ROWS: Mapping[str, tuple[str, str]] = {
    "documents": ("documents", ",.0f"),
    "texts": ("texts to ask about", ",.0f"),
    PAIRS: ("accepted pairs", ",.0f"),
    CALLS: ("calls", ",.0f"),
    PROMPT: ("tokens in", ",.0f"),
    CACHED: ("of these cached", ",.0f"),
    "cached_share": ("cached share", ".1%"),
    "completion_tokens": ("tokens out", ",.0f"),
    HOURS: ("hours", ",.3g"),
    COST: ("cost", ",.2f"),
    **SIZING_ROWS,
}


def _parser() -> CommandParser:
    parser = CommandParser(
        "estimate",
        "Run a sample of the documents, and say what the whole would come to.",
        ("--input documents.jsonl --output out", "--config run.yaml --sample 500 --deadline_h 24 --pilot_gpus 1"),
        usage="%(prog)s --input FILES --output FOLDER [--sample 200] [--seed 0] [--json] [options of the run ...]",
        epilog="All options of webscale-qa run may be given, and are best those of the run to come.",
    )
    parser.add_argument("--sample", default=SAMPLE, type=int, help=f"texts to ask about, chunks by themselves ({SAMPLE})")
    parser.add_argument("--seed", default=0, type=int, help="another seed draws other texts (0)")
    parser.add_argument("--json", action="store_true", help="print the estimate as JSON, and all else to standard error")
    for flag, says in SIZING_FLAGS.items():
        parser.add_argument(flag, type=float, help=says)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a sample and print what the whole would come to; returns the exit code of the sample's run."""
    given, rest = _parser().parse_known_args(sys.argv[1:] if argv is None else argv)
    try:
        if given.sample < 2:
            raise OptionError(f"--sample {given.sample}: must be at least 2, or nothing can be said of how far it may be wrong")
        check_flags(given)
        config, options = parse(rest)
        if config.streaming or config.dry_run or not is_local(options):
            what = "--streaming" if config.streaming else "--dry_run" if config.dry_run else f"--runner {runner_name(options)}"
            raise OptionError(f"{what}: an estimate runs a sample, as a batch in this process; leave it out")
        if not (config.input or config.inputs):
            raise OptionError(
                "--input: an estimate draws its sample from files; name here those that the run will read, or some like them"
            )
        check_somebody_answers(config)
        check_journal(config.journal)
        plan = make_plan(config)
        check_no_run(check_files(config, plan.inputs))
        seen = shown_documents(file_inputs(config, plan.inputs))
        print(*seen, "", sep="\n", file=sys.stderr if given.json else sys.stdout, flush=True)
        sample = draw_sample(plan, given.sample, given.seed)
    except (ValueError, OSError, FatalError) as error:
        print(f"error: {one_line(error)}", file=sys.stderr)
        return UNUSABLE
    if not sample.texts:
        print(
            f"error: none of {rows:,} documents passes the screen: there is nothing to ask about"
            if (rows := sample.file_rows.sum())
            else "error: no document was read: the input holds no row and no text",
            file=sys.stderr,
        )
        return FAILED
    folder = FileSystems.join(config.output, FOLDER)
    run = sample_run(config, write_sample(sample, folder))
    with ExitStack() as stack:
        if given.json:
            stack.enter_context(redirect_stdout(sys.stderr))
        meter = stack.enter_context(Meter())
        code = execute(run, options)
    summary = FileSystems.join(folder, SUMMARY_FILE)
    if code not in (OK, FAILED) or not FileSystems.exists(summary) or not read_summary(summary)["balanced"]:
        return code
    calls = meter.calls(config.journal_folder)
    estimate = estimate_whole(sample, meter, calls, config, folder)
    estimate |= sized(given, estimate)
    said = [*notes(estimate, sample, meter, config), *sizing_notes(given, estimate)]
    report = to_json(estimate, sample, said)
    write_summary(FileSystems.join(folder, ESTIMATE_FILE), report)
    if given.json:
        print(json.dumps(report, indent=2))
        return OK
    stages = ["", *stage_table(calls, len(sample.texts))] if given.deadline_h else []
    kept = f"the replies are kept: go on with --resume --output {config.output}"
    print("", *table(estimate, sample), *stages, "", *said, kept, sep="\n")
    return OK


def write_sample(sample: CorpusSample, folder: str) -> str:
    """Write the texts of a sample as an input of their own; returns the file's path."""
    path = FileSystems.join(folder, SAMPLE_FILE)
    with FileSystems.create(path, mime_type="application/jsonl", compression_type="uncompressed") as file:
        for text in sample.texts:
            file.write(json_line({"id": text.id, "text": text.text, "source": text.source}) + b"\n")
    return path


def sample_run(config: PipelineConfig, path: str) -> PipelineConfig:
    """The options under which a sample is run: those of the run to come, on another input, without its limits.

    Where several inputs have languages of their own, the texts were screened for them when the sample was drawn.
    """
    fields = {"text_field": "text", "id_field": "id", "source_field": "source", "input_format": "jsonl", "output_format": "jsonl"}
    return config.model_copy(
        update={
            **fields,
            "input": [path],
            "inputs": "",
            "languages": [ANY_LANGUAGE] if config.inputs else config.languages,
            "output": FileSystems.join(config.output, FOLDER),
            "journal": config.journal_folder,
            "resume": True,
            "overwrite": False,
            "carry": [],
            "report": False,
            "output_table": "",
            "append_table": False,
            "limit": 0,
            "message_roles": [],
            "target_accepted": 0,
            "max_cost": 0.0,
            "min_stage_yield": 0.0,
        }
    )


def estimate_whole(
    sample: CorpusSample, meter: Meter, calls: Sequence[PaidCall], config: PipelineConfig, folder: str
) -> dict[str, Draws]:
    """What the whole would come to, by the names of `ROWS`; hours and cost where they are known."""
    spent = by_document(calls)
    figures = {name: np.array([spent.get(text.id, {}).get(name, 0) for text in sample.texts]) for name in (*FIGURES, SHARED)}
    written = OutputFolder(folder)
    accepted = Counter(row["document_id"] for row in written.rows("qa"))
    repeats = Counter(row["document_id"] for row in written.rows("rejected") if repeats_another_text(row))
    pairs = accepted + repeats
    found = totals(sample, {PAIRS: np.array([pairs[text.id] for text in sample.texts]), **figures})
    share = len(sample.texts) / max(1.0, found["texts"].estimate)
    found[PAIRS] = without_repeats(found[PAIRS], repeats.total(), pairs.total(), share)
    if all_at_once(sample, meter):
        found[CACHED] = found[SHARED].between(found[CACHED])
    found["cached_share"] = found[CACHED].over(found[PROMPT])
    rate = call_rate(meter.answered_at)
    if rate is not None:
        found[HOURS] = combined(lambda seconds: seconds / 3600, found[CALLS].over(rate))
    prices = prices_of(config)
    if HOURS in found or not prices.gpu_hour:
        hours = found.get(HOURS, Draws(0.0, np.zeros_like(found[CALLS].draws)))
        usage = (found[name] for name in FIGURES)
        cost = combined(lambda hours, *spent: prices.cost(dict(zip(FIGURES, spent, strict=True)), hours * 3600), hours, *usage)
        if cost.estimate:
            found[COST] = cost
    return found


def all_at_once(sample: CorpusSample, meter: Meter) -> bool:
    """Whether so large a part of the sample was in flight together that a run has not more in flight than that.

    Then a cache held the documents from their first question to the last, and may not hold those of a longer run.
    """
    return len(sample.texts) < STEADY * meter.most_in_flight


def repeats_another_text(row: Mapping[str, Any]) -> bool:
    """Whether a rejected pair asks what a pair of another text asks; the sample of a large corpus has few of those."""
    return row["stage"] == "deduplicate" and not row["detail"].endswith(f" of document {row['document_id']}")


def notes(estimate: Mapping[str, Draws], sample: CorpusSample, meter: Meter, config: PipelineConfig) -> Iterator[str]:
    """What a reader must know of an estimate."""
    if config.demo:
        yield "a demo: rules answered in place of a model, which says nothing of a model's pairs, tokens or hours"
    yield sample.how
    if not sample.read_all and len(sample.file_rows) < 10:
        yield f"{len(sample.file_rows)} files say little of how files differ: more files would make the intervals right"
    if not sample.screened_all:
        yield "copies were looked for among the screened rows only: a corpus with many copies brings less"
    if len(sample.texts) < sample.row_texts.sum():
        yield "questions that repeat others are foretold from the repeats in the sample; caps and shares of the mix are not"
    if all_at_once(sample, meter):
        yield (
            "nearly the whole sample was in flight at once, which a cache holds more easily than a long run: what is cached lies "
            f"between the instructions alone and what the sample saw; {STEADY * meter.most_in_flight:,} texts would show it"
        )
    if HOURS not in estimate:
        yield "hours are not known: too few replies were asked for in this run, the others were in the journal"
    elif len(sample.texts) < 500:
        yield "hours are at the rate of the sample, in which the number of requests in flight was still being found"
    for name, limit, figure in (("target_accepted", config.target_accepted, PAIRS), ("max_cost", config.max_cost, COST)):
        if limit and figure in estimate:
            whole = estimate[figure].interval()
            low, high = (min(1.0, limit / bound) if bound else 1.0 for bound in (whole.high, whole.low))
            part = f"to {high:.0%} of the documents" if high < 1 else "of the documents, or not at all"
            yield f"--{name} {limit:,g} is reached after {low:.0%} {part}" if low < 1 else f"--{name} {limit:,g} is not reached"


def table(estimate: Mapping[str, Draws], sample: CorpusSample) -> Iterator[str]:
    """The estimate for a person."""
    yield f"estimate from {len(sample.texts):,} texts, intervals of {LEVEL:.0%}"
    yield ""
    yield f"{'':20}{'estimate':>16}{'low':>16}{'high':>16}"
    for name, (label, form) in ROWS.items():
        if name in estimate:
            found = estimate[name].interval()
            yield f"{label:20}" + "".join(f"{format(number, form):>16}" for number in (found.estimate, found.low, found.high))


def to_json(estimate: Mapping[str, Draws], sample: CorpusSample, said: Sequence[str]) -> dict[str, Any]:
    """The estimate for a program."""
    return {
        "level": LEVEL,
        "sample": {
            "texts": len(sample.texts),
            "screened_rows": len(sample.row_file),
            "read_rows": int(sample.file_rows.sum()),
            "read_files": len(sample.file_rows),
            "files": sample.total_files,
        },
        "whole": {name: estimate[name].interval()._asdict() for name in ROWS if name in estimate},
        "notes": list(said),
    }
