"""Which options go together in a stream, and which a runner can do."""

from collections.abc import Sequence
from typing import Any

from beam_pipeline.options.event_time import ARRIVAL, ATTRIBUTE, parse_option

SUBSCRIPTION = "projects/[^/]+/subscriptions/[^/]+"
TOPIC = "projects/[^/]+/topics/[^/]+"

STREAM_ONLY = (
    *("input_subscription", "output_topic", "event_time", "window_s", "allowed_lateness_s", "early_firing_s"),
    *("deduplicate_ttl_s", "watch_interval_s", "watch_until_s"),
)
_WHOLE_OUTPUT = ("max_pairs_per_document", "max_pairs_per_source", "max_pairs_per_domain", "domain_shares")

# In-process runner of batches; runners that cannot read Pub/Sub from Python.
_BATCH_RUNNER = "fnapi"
_NO_PUBSUB = (_BATCH_RUNNER, "prism", "flink", "spark")
# Beam 2.77: the first has no clock, the second panics in the timers of such triggers.
_NO_EARLY = (_BATCH_RUNNER, "prism")
# Flink ends a bundle after a second, and a model stage ends its bundle when all is answered: of a stream's first documents
# that would be a bundle of one or two, with the slots empty behind them. An option of Beam's job server for Flink.
_BUNDLE_FLAG, _BUNDLE_MS, _BUNDLES_PER_WINDOW = "--max_bundle_time_mills", 5000, 10

# Cannot run a source that never ends but is not Pub/Sub.
_NO_WATCH = ("bundlebaseddirect", "localstream")


BATCH_SOURCES = ("input", "inputs", "input_table", "input_query")
"""The options that name what a batch reads."""


def check_source(config: Any, chosen: set[str]) -> None:
    """Raise ValueError, one line, unless the options of a stream go together and there is one input.

    `chosen` are the options that were given and are not the default.
    """
    if config.inputs and (own := sorted(chosen & {"source", "source_field"})):
        raise ValueError(f"--{own[0]} is for --input; in the list of --inputs each entry has its own source")
    if not config.streaming:
        for name in STREAM_ONLY:
            if name in chosen:
                raise ValueError(f"--{name} needs --streaming")
        if not any(getattr(config, name) for name in BATCH_SOURCES):
            raise ValueError("--input is missing: files to read, paths or globs, local or gs://")
        return
    kind = parse_option(config.event_time).kind
    if bool(config.input or config.inputs) == bool(config.input_subscription):
        raise ValueError("--streaming reads from --input_subscription or watches --input: give one of them")
    if config.input_subscription:
        for name in ("watch_interval_s", "watch_until_s", "input_format"):
            if name in chosen:
                raise ValueError(f"--{name} is for files; --input_subscription brings one document as JSON in each message")
    elif kind == ATTRIBUTE:
        raise ValueError("--event_time attribute:NAME needs --input_subscription: files have fields, write field:NAME")
    if kind == ARRIVAL and config.allowed_lateness_s:
        raise ValueError("--allowed_lateness_s needs --event_time attribute:NAME or field:NAME: on arrival nothing is late")
    for name in _WHOLE_OUTPUT:
        if name in chosen:
            raise ValueError(f"--{name} looks at the whole output, and that of --streaming has no end; leave it out")
    if "near_duplicates" in chosen and config.near_duplicates:
        raise ValueError("--near_duplicates compares a whole corpus; --streaming finds equal texts only, so leave it out")
    if "near_duplicate_questions" in config.model_fields_set and config.near_duplicate_questions:
        raise ValueError(
            "--near_duplicate_questions compares the whole output; --streaming finds equal questions only, so leave it out"
        )


def check_runner(config: Any, runner: str) -> None:
    """Raise ValueError, one line, unless a runner can do what a stream asks of it."""
    if not config.streaming:
        return
    name = runner.rpartition(".")[2].lower().removesuffix("runner")
    if config.input_subscription:
        if name in _NO_PUBSUB:
            raise ValueError(
                f"--runner {runner} cannot read Pub/Sub: leave --runner out to read it in this process, "
                "use DataflowRunner, or watch a folder with --input"
            )
        return
    if name in _NO_WATCH:
        raise ValueError(f"--runner {runner} cannot watch a folder: use PrismRunner, a Flink cluster or DataflowRunner")
    if name == _BATCH_RUNNER and not config.watch_until_s:
        raise ValueError(
            "the in-process runner writes nothing before watching ends: give --watch_until_s, "
            "or --runner PrismRunner, a Flink cluster or DataflowRunner"
        )
    if config.early_firing_s and name in _NO_EARLY:
        raise ValueError(
            f"--early_firing_s: runner {runner} cannot do anything by the clock; use a Flink cluster, DataflowRunner, "
            "or Pub/Sub in this process"
        )


def flink_flags(config: Any, runner: str, flink_master: str, given: Sequence[str]) -> list[str]:
    """What Flink's job server is told of a stream beside what was `given`: bundles of some seconds, if a window has room."""
    flink = runner.rpartition(".")[2] == "FlinkRunner" or not flink_master.startswith("[")
    if not config.streaming or not flink or any(flag.partition("=")[0] == _BUNDLE_FLAG for flag in given):
        return []
    milliseconds = min(_BUNDLE_MS, int(1000 * config.window_s / _BUNDLES_PER_WINDOW))
    return [f"{_BUNDLE_FLAG}={milliseconds}"] if milliseconds > 1000 else []
