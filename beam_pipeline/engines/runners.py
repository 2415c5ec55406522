"""What differs between runners: where the stages run, what to look at before a run, how to stop one, what its errors say.

In-process means that the stages run in this process, whoever schedules them: the local runner, Prism, and
every runner with `--environment_type=LOOPBACK`. Then the figures and errors of this process are the run's.
On any other engine workers are processes elsewhere, of which only the job's metrics and texts come back.
"""

import io
import json
import logging
import re
import socket
import sys
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any, TextIO, cast

import grpc
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    PipelineOptions,
    PortableOptions,
    PrismRunnerOptions,
    StandardOptions,
)
from apache_beam.transforms.environments import Environment

from beam_pipeline.options.config import LOCAL_RUNNER, STREAM_RUNNER
from transforms.errors import FatalError, one_line
from transforms.inference.runtime import peek_runtime

# Beam's in-process runner of streams, and ours that is made of it.
STREAM_RUNNERS = ("BundleBasedDirectRunner", STREAM_RUNNER.rpartition(".")[2])
LOCAL_RUNNERS = (LOCAL_RUNNER, *STREAM_RUNNERS, "DirectRunner")
LOOPBACK = "LOOPBACK"
# Of Prism and of its workers in this process.
ENGINE_LOGGERS = ("apache_beam", "PrismRunner", "SdkWorker")
CONNECT_TIMEOUT_S = 10.0
# Without it, runners of Java start every worker process anew for each part of the graph: seconds each time,
# and all that a process had learnt of its endpoints is lost. As long as Java's option can say: 24 days.
KEEP_WORKERS_MS = 2**31 - 1
_LOGGER = logging.getLogger(__name__)
_AUGMENTED = re.compile(r" \[while running '.*$", re.DOTALL)


def runner_name(options: PipelineOptions) -> str:
    """The runner's name without its module."""
    return str(options.view_as(StandardOptions).runner).rpartition(".")[2]


def is_local(options: PipelineOptions) -> bool:
    """Whether one of Beam's own local runners runs the graph, which has no job that could be asked or cancelled."""
    return runner_name(options) in LOCAL_RUNNERS


def runs_here(options: PipelineOptions) -> bool:
    """Whether the stages run in this process, so that its figures are the run's."""
    environment = options.view_as(PortableOptions).environment_type
    return is_local(options) or environment == LOOPBACK or (runner_name(options) == "PrismRunner" and not environment)


def splits_at_side_inputs(options: PipelineOptions) -> bool:
    """Whether the engine begins a new step at every side input, as Flink does.

    The first stages of all documents would then be asked before the others of any.
    """
    return runner_name(options) in ("FlinkRunner", "PortableRunner")


def prepare_engine(options: PipelineOptions, log_level: str) -> None:
    """Look at what the engine needs, and set what it does best with.

    Raises:
        ValueError: it cannot run anything; one line.
    """
    portable, name = options.view_as(PortableOptions), runner_name(options)
    if name == "PortableRunner" and not portable.job_endpoint:
        raise ValueError("--runner=PortableRunner needs a job server: --job_endpoint=HOST:PORT")
    if portable.job_endpoint and portable.job_endpoint != "embed":
        check_job_endpoint(portable.job_endpoint)
    if name == "PrismRunner":
        prism = options.view_as(PrismRunnerOptions)
        check_prism(prism.prism_location)
        if prism.prism_log_level == "info":  # its default, and shown whatever this process's level
            prism.prism_log_level = log_level.replace("warning", "warn")
    if portable.environment_type:
        check_environment(portable)
    if not runs_here(options) and not int(portable.environment_cache_millis):
        portable.environment_cache_millis = KEEP_WORKERS_MS


def cancel_job(result: Any, options: PipelineOptions) -> None:
    """Cancel the job of an engine, from a thread of its own: a signal's handler may have interrupted a call to it.

    Beam's job server forgets a job of Flink when it is cancelled, and Flink goes on with it; so Flink is told
    itself, where its address is known.
    """
    threading.Thread(target=cancel_now, args=(result, options), name="cancel", daemon=True).start()


def cancel_now(result: Any, options: PipelineOptions) -> None:
    """The same as `cancel_job`, in this thread: returns when all have been told. Raises what the engine's client raises."""
    address = flink_address(options)
    if address:
        try:
            # A job server makes its id of the job's name and something unique.
            _cancel_on_flink(address, str(result._job_id).rpartition("_")[0])
        except Exception as error:  # whatever answers there, and however: the job server is to be told all the same
            _LOGGER.warning("Flink at %s cannot be asked to cancel the job: %s", address, error)
    result.cancel()


def flink_address(options: PipelineOptions) -> str:
    """Where Flink's own interface is, as --flink_master says; "" if it does not."""
    master = str(options.view_as(FlinkRunnerOptions).flink_master)
    if master.startswith("["):
        return ""
    return master if "://" in master else f"http://{master}"


def _cancel_on_flink(address: str, name: str) -> None:
    with urllib.request.urlopen(f"{address}/jobs/overview", timeout=CONNECT_TIMEOUT_S) as reply:
        jobs = json.load(reply)["jobs"]
    for job in jobs:
        if job["name"] == name and int(job["end-time"]) < 0:
            request = urllib.request.Request(f"{address}/jobs/{job['jid']}?mode=cancel", method="PATCH")
            urllib.request.urlopen(request, timeout=CONNECT_TIMEOUT_S).close()


def check_job_endpoint(address: str) -> None:
    """Look whether a job server listens at an address. Beam would wait for five minutes."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "HOST:PORT is wanted"
        raise ValueError(f"--job_endpoint={address}: no job server answers there ({reason})") from error


def check_prism(location: str | None) -> None:
    """Look whether Prism is where the options say, unless it is to be downloaded."""
    if location and "://" not in location:
        try:
            open(location, "rb").close()
        except OSError as error:
            raise ValueError(f"--prism_location={location}: {error.strerror}; `make engines` builds Prism") from error


def check_environment(portable: PortableOptions) -> None:
    """Look whether Beam understands how workers are to be started."""
    try:
        Environment.from_options(portable)
    except Exception as error:  # whatever a kind of environment raises
        given = f"--environment_type={portable.environment_type} --environment_config={portable.environment_config or ''}"
        raise ValueError(f"{given}: {one_line(error)}") from error


def failure_text(error: BaseException) -> str:
    """Why a job failed, on one line: of a worker's error its own words, else how the engine's report begins."""
    text = (error.details() if isinstance(error, grpc.Call) else None) or str(error) or type(error).__name__
    if fatal := remote_fatal(text):
        return fatal
    _, traceback, raised = text.partition("Traceback (most recent call last):\n")
    # The error is the first line behind the frames, which are indented.
    lines = [line for line in (raised if traceback else text).splitlines() if line.strip() and not line.startswith(" ")]
    # A report that was cut short may hold frames alone.
    return _AUGMENTED.sub("", lines[0] if lines else " ".join(text.split()) or type(error).__name__).strip()


ENGINE_GONE = "not registered in worker pool"
"""What Prism answers a worker of a job that has failed: why it did, the run's own end says."""


class QuietStderr(io.TextIOBase):
    """Standard error without the tracebacks of errors that we say in one line: workers in this process print them.

    Once an error has stopped the run, others follow from it, and none is let through. A context manager that takes the
    place of `sys.stderr`; with `stays`, after an error to the end of the process, in which an engine's threads go on.
    """

    def __init__(self, stream: TextIO, stays: bool = False) -> None:
        self.stream = stream
        self.stays = stays
        self.hushed = False
        self._dropped = False

    def __enter__(self) -> "QuietStderr":
        sys.stderr = cast(TextIO, self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self.stays and kind is not None and issubclass(kind, Exception):  # a second Ctrl-C is told by whoever catches it
            self.hush()  # without a moment in which another thread finds the real one
        else:
            sys.stderr = self.stream

    def write(self, text: str) -> int:
        runtime = peek_runtime()
        self.hushed = self.hushed or ENGINE_GONE in text
        stopped = self.hushed or (runtime is not None and runtime.fatal is not None)
        # What `print` writes behind a text goes with it.
        self._dropped = stopped or remote_fatal(text) is not None or (self._dropped and text == "\n")
        return len(text) if self._dropped else self.stream.write(text)

    def flush(self) -> None:
        self.stream.flush()

    def hush(self) -> None:
        """Drop everything from now on: of an engine that is stopped, all threads complain of the others."""
        self.hushed = True
        for name in ENGINE_LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def remote_fatal(text: str) -> str | None:
    """The message of a FatalError in the traceback that a worker elsewhere left in a text; None if there is none."""
    for line in text.splitlines():
        name, colon, message = line.strip().partition(": ")
        if colon and name.rpartition("Caused by ")[2] in _names(FatalError):
            return _AUGMENTED.sub("", message)
    return None


def _names(kind: type[FatalError]) -> Iterator[str]:
    yield f"{kind.__module__}.{kind.__qualname__}"
    for narrower in kind.__subclasses__():
        yield from _names(narrower)
