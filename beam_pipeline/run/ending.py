"""What runs of a batch (`batch_run.py`) and of a stream (`stream_run.py`) share: exit codes, how one is stopped, why it
failed, what its summary says in the end."""

import gc
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.bigquery.sink import load_failure
from beam_pipeline.engines.dataflow import STOP_SIGNALS, job_link, on_dataflow, wait_for_job
from beam_pipeline.engines.runners import failure_text, is_local, runs_here
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import prices_of
from beam_pipeline.plan import RunPlan
from beam_pipeline.run.interrupt import StopOnInterrupt
from beam_pipeline.run.progress import Progress
from beam_pipeline.run.timeline import Timeline
from beam_pipeline.summary.as_table import summary_table
from beam_pipeline.summary.token_usage import EMBED
from beam_pipeline.summary.write_summary import SUMMARY_FILE, write_summary
from transforms.errors import FatalError
from transforms.inference.runtime import peek_runtime

OK, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130


@dataclass(frozen=True, slots=True)
class Run:
    """A run that may begin.

    Attributes:
        plan, options: what it is to do, and how its engine is to do it.
        pipeline: its graph.
        began: monotonic seconds at which its preparation began.
    """

    plan: RunPlan
    options: PipelineOptions
    pipeline: beam.Pipeline
    began: float

    @property
    def config(self) -> PipelineConfig:
        return self.plan.config

    @property
    def models(self) -> dict[str, str]:
        """The name of the model that each stage asks."""
        names = {stage: model.model for stage, model in self.plan.models.items()}
        return names | ({EMBED: self.plan.embedding.model.model} if self.plan.embedding else {})


def interrupt_of(options: PipelineOptions) -> StopOnInterrupt:
    """What Ctrl-C and its like do; a job on Dataflow outlives the process that started it."""
    return StopOnInterrupt(signals=STOP_SIGNALS) if on_dataflow(options) else StopOnInterrupt()


def wait_for_end(result: Any, options: PipelineOptions) -> None:
    """Wait for the end of a run, saying first where it can be watched if it is elsewhere."""
    if on_dataflow(options):
        print(f"job {result.job_id()}: {job_link(result, options)}", flush=True)
        wait_for_job(result, options)
    else:
        result.wait_until_finish()


def tell_template(path: str) -> int:
    """Nothing runs, so there is nothing to wait for or to report."""
    print(f"template: {path}")
    return OK


def complete_summary(config: PipelineConfig, summary: dict[str, Any]) -> None:
    """Add what the run cost, write the summary and show it."""
    prices = prices_of(config)
    usage = Counter(summary.get("tokens", {}).get("total", {}))
    usage.update(summary.get("tokens", {}).get("earlier", {}))
    if usage and (cost := prices.cost(usage, summary["seconds"])):
        summary["cost"] = {"total": round(cost, 4), "per_pair": round(cost / max(1, summary["pairs"]), 6)}
    write_summary(FileSystems.join(config.output, SUMMARY_FILE), summary)
    print(summary_table(summary, config.output))


def course(timeline: Timeline) -> dict[str, Any]:
    """The part of the summary that says how the run went over time; nothing where the stages ran elsewhere."""
    row = timeline.as_row()
    return {"timeline": row} if row else {}


def exit_code(summary: Mapping[str, Any]) -> int:
    """What the process says of a run that ended: its counts close, and it accepted something or was to stop before."""
    return OK if summary["balanced"] and (summary["pairs"] or summary.get("stopped")) else FAILED


def progress_line(config: PipelineConfig, options: PipelineOptions) -> Progress:
    """The progress line, where one is wanted and this process's figures are the run's."""
    shown = config.progress == "on" or (config.progress == "auto" and sys.stderr.isatty())
    return Progress(shown and runs_here(options))


def collect_again() -> None:
    """Switch the garbage collector on, which `__main__` switched off for the start, with what is there out of its way."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def why_it_failed(error: BaseException, options: PipelineOptions) -> FatalError | str | None:
    """What to say of a run that failed, on one line; None for a bug, which is to be seen whole."""
    runtime = peek_runtime()
    fatal = (runtime and runtime.fatal) or _fatal_cause(error) or _load_failure(error)
    if fatal is None and not is_local(options):
        return failure_text(error)
    return fatal


def _load_failure(error: BaseException) -> str | None:
    """What BigQuery said of a load job behind what a runner raised, if that is what it was."""
    return next((said for cause in _causes(error) if (said := load_failure(str(cause)))), None)


def _fatal_cause(error: BaseException) -> FatalError | None:
    """The FatalError behind what a runner raised, if there is one."""
    return next((cause for cause in _causes(error) if isinstance(cause, FatalError)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all those behind it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
