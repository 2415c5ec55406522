"""What a run of a batch and one of a stream share at their end: why it failed, what its summary says."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.bigquery.sink import load_failure
from beam_pipeline.engines.runners import failure_text, is_local
from beam_pipeline.exit_codes import FAILED, OK
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.limits import prices_of
from beam_pipeline.plan import RunPlan
from beam_pipeline.run.write_failure import write_failure
from beam_pipeline.storage.files import reason
from beam_pipeline.summary.all_starts import ALL_STARTS, add_starts, before_of
from beam_pipeline.summary.as_table import replay_row, summary_table
from beam_pipeline.summary.token_usage import EMBED
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary, write_summary
from transforms.errors import FatalError
from transforms.inference.runtime import peek_runtime
from transforms.records import DEMO_MODEL


@dataclass(frozen=True, slots=True)
class Run:
    """A run that may begin.

    Attributes:
        plan, options: what it is to do, and how its engine is to do it.
        pipeline: its graph.
        began: monotonic seconds at which its preparation began.
        before: what the starts before this one came to, as `before_of` says.
    """

    plan: RunPlan
    options: PipelineOptions
    pipeline: beam.Pipeline
    began: float
    before: Mapping[str, float] = field(default_factory=dict)

    @property
    def config(self) -> PipelineConfig:
        return self.plan.config

    @property
    def models(self) -> dict[str, str]:
        """The name of the model that each stage asks."""
        names = {stage: model.model for stage, model in self.plan.models.items()}
        return names | ({EMBED: self.plan.embedding.model.model} if self.plan.embedding else {})


def complete_summary(run: Run, summary: dict[str, Any]) -> bool:
    """Add whether it is of a demo, how it was compared with benchmarks and what it cost, show the summary and write it.

    Returns whether it could be written.
    """
    config = run.config
    summary = {"demo": DEMO_MODEL in run.models.values(), **summary}
    if config.benchmarks:
        summary["decontamination"] = {"rephrased": run.plan.decontamination.rephrased, "packs": list(run.plan.packs)}
    if not config.streaming:
        summary |= add_starts(summary, run.before) | replay_row(summary["errors"], config.output)
    summary |= cost_row(config, summary)
    print(summary_table(summary, config.output))
    path = FileSystems.join(config.output, SUMMARY_FILE)
    try:
        write_summary(path, summary)
    except OSError as error:
        print(f"error: {path} cannot be written: {reason(error)}; mend it and run again with --resume", file=sys.stderr)
        return False
    return True


def cost_row(config: PipelineConfig, summary: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a summary that says what a run cost, by its tokens and seconds; nothing where there are no prices."""
    usage, seconds = Counter(summary.get("tokens", {}).get("total", {})), summary["seconds"]
    if sums := summary.get(ALL_STARTS):
        usage, seconds = Counter(sums), sums["seconds"]
    if not usage or not (cost := prices_of(config).cost(usage, seconds)):
        return {}
    return {"cost": {"total": round(cost, 4), "per_pair": round(cost / max(1, summary["pairs"]), 6)}}


def start_before(output: str) -> dict[str, float]:
    """What the starts before came to, by the summary that is there; to be read before that is deleted."""
    try:
        return before_of(read_summary(FileSystems.join(output, SUMMARY_FILE)))
    except Exception:  # none is there, or something else: each file system has errors of its own
        return {}


def exit_code(summary: Mapping[str, Any]) -> int:
    """What the process says of a run that ended: its counts close, and it accepted something or was to stop before."""
    return OK if summary["balanced"] and (summary["pairs"] or summary.get("stopped")) else FAILED


def why_it_failed(error: BaseException, options: PipelineOptions) -> FatalError | str | None:
    """What to say of a run that failed, on one line; None for a bug, which is to be seen whole."""
    runtime, causes = peek_runtime(), list(_causes(error))
    fatal = (runtime and runtime.fatal) or next((cause for cause in causes if isinstance(cause, FatalError)), None)
    if fatal is not None:
        return fatal
    refused = next((said for cause in causes if (said := write_failure(str(cause)) or load_failure(str(cause)))), None)
    return refused if refused or is_local(options) else failure_text(error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all those behind it."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
