"""The command line: options in, a run, a summary out.

Exit codes: 0 the run ended and something was accepted; 1 the counts do not close, nothing was
accepted, or the run failed; 2 the options, input, output or endpoint cannot be used; 130 stopped by
Ctrl-C or SIGTERM.
"""

import gc
import logging
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, redirect_stderr
from functools import partial
from typing import Any, TextIO, cast

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.benchmarks import check_benchmarks
from beam_pipeline.command_line import parse
from beam_pipeline.engines import (
    ENGINE_LOGGERS,
    QuietStderr,
    cancel_job,
    failure_text,
    is_local,
    prepare_engine,
    remote_fatal,
    runner_name,
    runs_here,
)
from beam_pipeline.lock import only_run
from beam_pipeline.models import run_embedding, run_models, run_prompts
from beam_pipeline.option_values import OptionError
from beam_pipeline.options import STREAM_RUNNER, PipelineConfig
from beam_pipeline.pipeline import build
from beam_pipeline.preflight import check_embedding, check_models
from beam_pipeline.progress import Progress
from beam_pipeline.resume import absolute_paths, save_options
from beam_pipeline.sinks import check_apart, prepare_output
from beam_pipeline.sources import check_inputs, read_exemplars
from beam_pipeline.stream import check_stream
from beam_pipeline.summary import SUMMARY_FILE, add_summaries, read_summary, write_summary
from beam_pipeline.table import summary_table, verdict_line
from beam_pipeline.usage import EMBED, Prices, usage_of
from beam_pipeline.watch import stop_watching, watch_again
from beam_pipeline.window_files import run_name
from beam_pipeline.window_summary import read_window_summaries
from transforms.errors import FatalError
from transforms.inference.runtime import close_runtime, get_runtime, peek_runtime
from transforms.text import count_tokens

OK, FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pipeline as the command line says; returns the exit code."""
    # Before anything logs, because the first message would set up the root logger in its own way.
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    try:
        config, options = parse(sys.argv[1:] if argv is None else argv)
    except OptionError as error:
        return _refuse(error)
    logging.getLogger().setLevel(config.log_level.upper())
    if config.log_level != "debug":
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every call would bury the rest
        logging.getLogger("apache_beam.utils.subprocess_server").setLevel(logging.ERROR)  # Prism's end is no warning
    for handler in logging.getLogger().handlers:
        handler.addFilter(_said_once)
    try:
        return _run(config, options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    finally:
        _end_calls()


def _said_once(record: logging.LogRecord) -> bool:
    """Whether to show a log record: not the tracebacks, of Beam or of a worker, of an error that we say in one line."""
    runtime = peek_runtime()
    if record.name.startswith(ENGINE_LOGGERS) and runtime and runtime.fatal:
        return False
    return remote_fatal(record.getMessage()) is None


def _refuse(error: Exception) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return UNUSABLE


def _end_calls() -> None:
    """End what is in flight and keep what was paid for, so that another run in this process begins anew."""
    try:
        close_runtime()
    except FatalError as error:
        print(f"error: {error}", file=sys.stderr)


def _run(config: PipelineConfig, options: PipelineOptions) -> int:
    """Look at everything that may be wrong, cheapest first, then run."""
    with ExitStack() as stack:
        try:
            if config.streaming:
                check_stream(config)
            else:
                check_apart(check_inputs(config.input, config.input_format), config.output)
            if config.benchmarks:
                check_benchmarks(config.benchmarks, config.benchmark_fields)
            check_tokenizer(config.tokenizer)
            prepare_engine(options, config.log_level)
            if not is_local(options):  # workers have other working directories
                config = absolute_paths(config)
            prompts = run_prompts(config)
            read_exemplars(prompts.domains, config.exemplars, config.exemplars_mode == "replace")
            started, run = time.monotonic(), run_name(time.time())
            models = stack.enter_context(run_models(config))
            embedding = run_embedding(config)
            pipeline = beam.Pipeline(options=options)
            with ThreadPoolExecutor(1) as pool:  # the graph is built while the endpoint answers
                built = pool.submit(build, pipeline, config, prompts, models.__getitem__, embedding, run)
                check_models(models.values())
                if embedding:
                    check_embedding(embedding)
                built.result()
            # Last, because --overwrite deletes: a run that cannot start must not cost an earlier one's output.
            stack.enter_context(only_run(config.output))
            prepare_output(config.output, config.overwrite, config.resume, keep=config.streaming)
            save_options(config)
        except ValueError as error:  # input, output, prompts or endpoint that cannot be used
            return _refuse(error)
        names = {stage: model.model for stage, model in models.items()}
        if embedding:
            names[EMBED] = embedding.model.model
        if config.streaming:
            return _run_stream(config, options, pipeline, names, started, run)
        return _run_graph(config, options, pipeline, names, started)


def check_tokenizer(name: str) -> None:
    """Look now whether a tokenizer's file can be had: a worker would find out in the middle of a run.

    Raises:
        ValueError: it is not there and cannot be downloaded.
    """
    try:
        count_tokens("", name)
    except Exception as error:  # whatever the download may raise
        raise ValueError(
            f"--tokenizer {name}: its file cannot be read or downloaded ({type(error).__name__}); "
            "put it into TIKTOKEN_CACHE_DIR, or use --tokenizer estimate"
        ) from error


def _run_graph(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float
) -> int:
    shown = config.progress == "on" or (config.progress == "auto" and sys.stderr.isatty())
    stop, quiet = _StopOnInterrupt(), QuietStderr(sys.stderr)
    if runs_here(options):
        # From a thread of its own: what the signal interrupts may hold the lock that this takes.
        stop.then(lambda: threading.Thread(target=lambda: get_runtime().stop(), daemon=True).start())
        if not is_local(options):
            stop.then(quiet.hush)
    if not gc.isenabled():  # switched off by __main__ for the start
        gc.freeze()
        gc.enable()
    try:
        with stop, Progress(shown and runs_here(options)), redirect_stderr(cast(TextIO, quiet)):
            result = pipeline.run()
            stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
            if not runs_here(options):
                stop.then(partial(cancel_job, result, options))
            result.wait_until_finish()
    except Exception as error:
        if runs_here(options) and not is_local(options):
            quiet.hush()
            sys.stderr = cast(TextIO, quiet)  # to the end of the process, in which the engine's threads go on
        if stop.asked:
            print(f"stopped: what was paid for is kept; go on with --resume --output {config.output}", file=quiet.stream)
            return STOPPED
        runtime = peek_runtime()
        fatal: FatalError | str | None = (runtime and runtime.fatal) or _fatal_cause(error)
        if fatal is None and not is_local(options):
            fatal = failure_text(error)
        if fatal is None:
            raise
        print(f"error: {fatal}; what was paid for is kept: mend it and go on with --resume", file=quiet.stream)
        return FAILED
    seconds = time.monotonic() - started
    try:
        return _report(config, models, result, seconds)
    except FileNotFoundError:
        print(
            f"error: the run ended, and {config.output} holds no {SUMMARY_FILE}: workers on other machines "
            "need an --output that they share with this one, a mounted folder or a bucket",
            file=sys.stderr,
        )
        return FAILED


def _run_stream(
    config: PipelineConfig, options: PipelineOptions, pipeline: beam.Pipeline, models: Mapping[str, str], started: float, run: str
) -> int:
    """Run until the stream ends, or until somebody ends it: a watch goes through to its end, a queue is left where it is."""
    shown = config.progress == "on" or (config.progress == "auto" and sys.stderr.isatty())
    watch_again()
    stop = _StopOnInterrupt()
    stop.then(stop_watching if config.input else _interrupt)
    result = None
    gc.enable()
    try:
        with stop, Progress(shown and runs_here(options)):
            try:
                result = pipeline.run()
                stop.listen()  # a job server that Beam starts puts a handler of its own in place of ours
                result.wait_until_finish()
            except KeyboardInterrupt:
                if result is None or not runs_here(options):
                    raise
                result.cancel()
    except KeyboardInterrupt:
        if result is not None:
            print("left the job running where it runs; end it there", file=sys.stderr)
        return STOPPED
    except Exception as error:
        runtime = peek_runtime()
        fatal = (runtime and runtime.fatal) or _fatal_cause(error)
        if fatal is None:
            raise
        print(f"error: {fatal}; closed windows and paid replies are kept: mend it and go on with --resume", file=sys.stderr)
        return FAILED
    # Beam's local runner of streams adds up the counters of some bundles only: no figures are better than wrong ones.
    counted = runner_name(options) != STREAM_RUNNER
    summary = add_summaries(read_window_summaries(config.output, run))
    summary |= {"tokens": usage_of(result, models)} if counted else {}
    summary["seconds"] = round(time.monotonic() - started, 1)
    _complete(config, summary)
    print(f"{summary['windows']:,} windows closed; {verdict_line(summary)}")
    if stop.asked:
        return STOPPED
    return OK if summary["balanced"] and summary["pairs"] else FAILED


def _interrupt() -> None:
    raise KeyboardInterrupt


def _report(config: PipelineConfig, models: Mapping[str, str], result: Any, seconds: float) -> int:
    """Complete the summary that the graph wrote with what only its end shows, and say it."""
    path = FileSystems.join(config.output, SUMMARY_FILE)
    summary = read_summary(path) | {"tokens": usage_of(result, models), "seconds": round(seconds, 1)}
    _complete(config, summary)
    print(verdict_line(summary))
    return OK if summary["balanced"] and summary["pairs"] else FAILED


def _complete(config: PipelineConfig, summary: dict[str, Any]) -> None:
    """Add what the run cost, write the summary and show it."""
    prices = Prices(config.price_in, config.price_cached, config.price_out, config.price_gpu_hour, config.gpus)
    usage = Counter(summary.get("tokens", {}).get("total", {}))
    usage.update(summary.get("tokens", {}).get("earlier", {}))
    if usage and (cost := prices.cost(usage, summary["seconds"])):
        summary["cost"] = {"total": round(cost, 4), "per_pair": round(cost / max(1, summary["pairs"]), 6)}
    write_summary(FileSystems.join(config.output, SUMMARY_FILE), summary)
    print(summary_table(summary, config.output))


def _fatal_cause(error: BaseException) -> FatalError | None:
    """The FatalError behind what a runner raised, if there is one."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, FatalError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


class _StopOnInterrupt:
    """Ctrl-C does what was said to stop the run, so that it ends by itself; a second one ends the process.

    So do SIGTERM, by which machines and containers that are taken away say so, and SIGHUP, by which a terminal does.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.asked = False
        self._stream = stream
        self._what: list[Callable[[], object]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "_StopOnInterrupt":
        self._before = self.listen()
        return self

    def listen(self) -> dict[int, Any]:
        """Take the signals; returns whose they were."""
        try:
            return {number: signal.signal(number, self._stop) for number in self.SIGNALS}
        except ValueError:  # not the main thread: somebody else handles signals
            return {}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def then(self, what: Callable[[], object]) -> None:
        """Say what stops the run; called at once where that was asked for already."""
        self._what.append(what)
        if self.asked:
            what()

    def _stop(self, *_: object) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self._stream.write("\nstopping; once more to stop at once\n")
        for what in self._what:
            what()
