"""What is checked when Beam's options are known as well: a runner that can do it, the tables of BigQuery."""

from collections.abc import Sequence

from apache_beam.options.pipeline_options import FlinkRunnerOptions, GoogleCloudOptions, PipelineOptions, StandardOptions

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.tables import SUFFIXES, parse_table

# In-process runner of batches; runners that cannot read Pub/Sub from Python.
_BATCH_RUNNER = "fnapi"
_NO_PUBSUB = (_BATCH_RUNNER, "prism", "flink", "spark")
# Cannot run a source that never ends but is not Pub/Sub.
_NO_WATCH = ("bundlebaseddirect", "localstream")
# Flink ends a bundle after a second, and a model stage ends its bundle when all is answered: of a stream's first documents
# that would be a bundle of one or two, with the slots empty behind them. An option of Beam's job server for Flink.
_BUNDLE_FLAG, _BUNDLE_MS, _BUNDLES_PER_WINDOW = "--max_bundle_time_mills", 5000, 10


def check_with_beam(config: PipelineConfig, options: PipelineOptions) -> None:
    """Raise ValueError, one line, where the runner cannot do what our options ask, or Beam's lack something."""
    if config.streaming:
        _check_stream_runner(config, options.view_as(StandardOptions).runner)
    if config.input_table and config.output_table:
        read, written = parse_table(config.input_table), parse_table(config.output_table)
        if read in (written.suffixed(suffix) for suffix in SUFFIXES.values()):
            raise ValueError(f"--input_table {read} is one of the tables that --output_table writes; name another")
    google = options.view_as(GoogleCloudOptions)
    if config.input_query and not google.project:
        raise ValueError("--input_query needs --project, the Google Cloud project in which the query is run")
    if config.output_table and not config.streaming and not str(google.temp_location or "").startswith("gs://"):
        raise ValueError("--output_table needs --temp_location gs://BUCKET/FOLDER: BigQuery loads a batch from files there")


def _check_stream_runner(config: PipelineConfig, runner: str) -> None:
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


def flink_flags(config: PipelineConfig, options: PipelineOptions, given: Sequence[str]) -> list[str]:
    """What Flink's job server is told of a stream beside what was `given`: bundles of some seconds, if a window has room."""
    runner = options.view_as(StandardOptions).runner.rpartition(".")[2]
    flink = runner == "FlinkRunner" or not options.view_as(FlinkRunnerOptions).flink_master.startswith("[")
    if not config.streaming or not flink or any(flag.partition("=")[0] == _BUNDLE_FLAG for flag in given):
        return []
    milliseconds = min(_BUNDLE_MS, int(1000 * config.window_s / _BUNDLES_PER_WINDOW))
    return [f"{_BUNDLE_FLAG}={milliseconds}"] if milliseconds > 1000 else []
