"""`webscale-qa audit DATASET --output OUT`: what is wrong with the rows of any RL or question-answer data set.

OUT is a folder as a run writes it, which `report` and `export` open as well: `qa/` has the rows without a finding, `rejected/`
the others with their reasons.

Exit codes: 0 the data set was looked at, whatever was found; 1 the counts do not close, or the audit failed; 2 the data set, the
options, the output or the endpoint cannot be used; 130 stopped.
"""

import logging
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions

from beam_pipeline.audit.audit_options import AuditOptions, asked_stages, parse_audit
from beam_pipeline.audit.clean_copy import check_clean_folder, write_clean_copy
from beam_pipeline.audit.graph import build_audit
from beam_pipeline.audit.read_rows import find_files
from beam_pipeline.audit.rows import File
from beam_pipeline.audit.say import table
from beam_pipeline.doubt.radar import doubt_row
from beam_pipeline.engines.runners import is_local, prepare_engine
from beam_pipeline.exit_codes import FAILED, OK
from beam_pipeline.export.dataset_card import audit_page
from beam_pipeline.main import execute, refuse
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import OptionError, option_named
from beam_pipeline.output.folder import check_apart, check_journal, prepare_output
from beam_pipeline.output.names import AUDIT_CARD
from beam_pipeline.output.run_lock import only_run
from beam_pipeline.output.saved_options import save_options
from beam_pipeline.plan import make_plan
from beam_pipeline.reading.benchmarks import check_benchmarks
from beam_pipeline.report.write import tell_report
from beam_pipeline.run.batch import run_batch
from beam_pipeline.run.ending import Run, cost_row, start_before
from beam_pipeline.run.frame import Frame
from beam_pipeline.run.preflight import check_models, named_embedding, run_models
from beam_pipeline.run.same_input import check_same_input
from beam_pipeline.storage.files import BrokenFile, reason
from beam_pipeline.storage.matching import match_sizes
from beam_pipeline.storage.whole_file import write_whole
from beam_pipeline.streaming.write_windows import run_name
from beam_pipeline.summary.all_starts import add_starts
from beam_pipeline.summary.as_table import verdict_line
from beam_pipeline.summary.token_usage import usage_of
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary, write_summary

_WORTH_PROCESSES_BYTES = 4_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Audit a data set; returns the exit code."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    try:
        options = parse_audit(sys.argv[1:] if argv is None else argv)
    except SystemExit as end:  # --help
        return int(end.code or OK)
    except OptionError as error:
        return refuse(error)
    return execute(options.config, options.beam, partial(_audit, options))


def _audit(options: AuditOptions, config: PipelineConfig, engine: PipelineOptions) -> int:
    with ExitStack() as stack:
        try:
            files = find_files(options.data, options.columns, options.keep_wording)
            run = prepare_audit(options, files, stack)
        except ValueError as error:  # data set, output or endpoint that cannot be used
            return refuse(error)
        return run_batch(run, partial(_conclude, options=options, files=files))


def prepare_audit(options: AuditOptions, files: Mapping[str, File], stack: ExitStack) -> Run:
    """Look at what an audit needs, build its graph and make room for its output; `stack` ends what this begins.

    ValueError, one line, if the endpoint or a folder cannot be used.
    """
    began, config, engine = time.monotonic(), options.config, options.beam
    plan = make_plan(config)
    check_apart(files, config.output)
    check_same_input(config, audited=True)
    check_journal(config.journal)
    if options.clean:
        check_clean_folder(options.clean)
    if config.benchmarks:
        with option_named("benchmarks"):
            check_benchmarks(config.benchmarks, plan.decontamination.fields)
    prepare_engine(engine, config.log_level)
    asked = asked_stages(config)
    if config.round_trip and not any(file.columns.document for file in files.values()):
        raise ValueError("--round_trip: no document is known to read; name its column with --document")
    if not asked and is_local(engine):
        use_all_cpus(engine, sum(match_sizes(path)[path] for path in files))
    models = stack.enter_context(run_models({stage: plan.models[stage] for stage in asked}))
    plan = replace(plan, models=models, embedding=named_embedding(plan.embedding), name=run_name(time.time()))
    for line in check_models(models.values(), plan.embedding):
        print(line, file=sys.stderr)
    pipeline = beam.Pipeline(options=engine)
    build_audit(pipeline, plan, files, options.ignored)
    # Last, because --overwrite deletes.
    stack.enter_context(only_run(config.output))
    before = start_before(config.output) if config.resume else {}
    prepare_output(config.output, config.overwrite, config.resume)
    save_options(config, audited=True)
    return Run(plan, engine, pipeline, began, before)


def use_all_cpus(engine: PipelineOptions, size: int) -> None:
    """Have Beam's local runner look at rows in as many processes as there are CPUs, where `size` bytes are worth their start.

    Only without a model, because requests are counted and held back by process.
    """
    direct = engine.view_as(DirectOptions)
    if size >= _WORTH_PROCESSES_BYTES and direct.direct_num_workers == 1 and direct.direct_running_mode == "in_memory":
        direct.direct_num_workers, direct.direct_running_mode = cpus(), "multi_processing"
        # Each process warns of a folder that only a container has.
        logging.getLogger("apache_beam.runners.portability.local_job_service").setLevel(logging.ERROR)


def cpus() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _conclude(run: Run, frame: Frame, more: Mapping[str, Any], options: AuditOptions, files: Mapping[str, File]) -> int:
    """Complete the summary, write what is made of it, and say what was found; returns the exit code."""
    config, seconds = run.config, time.monotonic() - run.began
    path = FileSystems.join(config.output, SUMMARY_FILE)
    try:
        summary = read_summary(path)
    except FileNotFoundError:
        print(
            f"error: the audit ended, and {config.output} holds no {SUMMARY_FILE}: workers need a shared --output",
            file=sys.stderr,
        )
        return FAILED
    if run.models:
        summary["tokens"] = usage_of(frame.result, run.models)
    summary |= {"seconds": round(seconds, 1), **more}
    summary |= add_starts(summary, run.before)
    summary |= cost_row(config, summary)
    about: dict[str, Any] = {
        "files": {path: file.columns.layout for path, file in files.items()},
        "wording": {path: [file.wording.before, file.wording.behind] for path, file in files.items() if file.wording.is_there},
        "without_answers": [path for path, file in files.items() if not file.columns.keyed],
        "ignored": list(options.ignored),
        "benchmarks": list(config.benchmarks),
    }
    summary["audit"] = {**about, **summary["audit"]}
    if is_local(run.options) and (config.round_trip or config.pass_rate_samples):
        summary |= doubt_row(config.output, is_audit=True)
    lost = frame.lost.end_line() if frame.lost else ""
    if frame.lost and lost:
        summary["lost_replies"] = frame.lost.replies
    try:
        write_summary(path, summary)
        write_whole(FileSystems.join(config.output, AUDIT_CARD), f"{audit_page(summary)}\n".encode(), "text/markdown")
    except OSError as error:
        print(f"error: {config.output} cannot be written: {reason(error)}; mend it and run again with --resume", file=sys.stderr)
        return FAILED
    if frame.preview:
        frame.preview.take_away()
    print("\n".join(table(summary, config.output)))
    if options.clean:
        try:
            kept, left_out = write_clean_copy(options.clean, files, config.output)
        except (ValueError, OSError, BrokenFile, pa.ArrowException) as error:
            print(f"error: --clean {options.clean}: {reason(error)}; what was found is in {config.output}", file=sys.stderr)
            return FAILED
        print(f"clean copy: {kept:,} rows kept, {left_out:,} left out, in {options.clean.rstrip('/')}/")
    if config.report and is_local(run.options):
        tell_report(config.output)
    if not summary["balanced"]:
        print(verdict_line(summary))
        return FAILED
    if lost:
        print(lost, file=sys.stderr)
    return FAILED if lost else OK
