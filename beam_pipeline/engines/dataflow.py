"""Launching on Dataflow: what the options must say for workers in another place, what is derived from them, how a job ends.

Nothing here asks anybody; `dataflow_checks.py` looks at what the options name.
"""

import ipaddress
import math
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.runners.runner import PipelineState

from beam_pipeline.engines.runners import runner_name
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.values import split_endpoint_key
from beam_pipeline.reading.input_list import InputSpec, input_patterns

RUNNER = "DataflowRunner"
# Two cores are two worker processes with 4 GB each: asking needs little of a processor, and 0.5 GB without benchmarks.
MACHINE_TYPE = "e2-standard-2"
# Requests in flight that one worker process was measured to keep going; and what an endpoint is taken to serve at a time
# where no --concurrency says so, which is what vLLM begins with on most GPUs.
REQUESTS_PER_PROCESS, REQUESTS_PER_ENDPOINT = 256, 256
# Two machines at least: a lost one leaves the other.
FEWEST_WORKERS = 2
# The experiment with which a machine has one worker process.
ONE_PROCESS = "no_use_multiple_sdk_containers"
SETUP_FILE = Path(__file__).resolve().parents[2] / "setup.py"
CRAWL_FILE = SETUP_FILE.with_name("requirements-crawl.txt")
# Only Ctrl-C is meant for the job. A closed terminal or a launcher that is taken away is not: the job goes on.
STOP_SIGNALS = (signal.SIGINT,)
_JOB_NAME = re.compile("[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBNETWORK = re.compile(r"(?:(?:https://\S+/)?projects/[^/\s]+/)?regions/(?P<region>[^/\s]+)/subnetworks/[^/\s]+")
_MACHINE = re.compile(r"(?:[a-z][a-z0-9]*-)?(?:custom-(?P<custom>\d+)-\d+(?:-ext)?|[a-z]+-(?P<cores>\d+)(?:-[a-z0-9]+)*)")


def on_dataflow(options: PipelineOptions) -> bool:
    """Whether the run is a job on Dataflow."""
    return runner_name(options) == RUNNER


def template_location(options: PipelineOptions) -> str:
    """Where the job is to be written instead of started; "" if it is to be started."""
    return (options.view_as(GoogleCloudOptions).template_location or "") if on_dataflow(options) else ""


def prepare_dataflow(
    config: PipelineConfig, options: PipelineOptions, inputs: tuple[InputSpec, ...] = ()
) -> tuple[PipelineConfig, list[str]]:
    """Look at the options of a job, and set what follows from them: changes `options`, returns the configuration and what to say.

    Raises:
        ValueError: no job can run like this; one line that says what to give.
    """
    check_project(options)
    check_region(options)
    check_places(config, inputs)
    check_keys(config)
    check_endpoints(config)
    notes = [*_choose_package(options), *_warn_of_network(config, options)]
    config, sizes = size_workers(config, options)
    google = options.view_as(GoogleCloudOptions)
    google.job_name = google.job_name or time.strftime("webscale-qa-%Y%m%d-%H%M%S", time.gmtime())
    return config, [*notes, *sizes]


def check_project(options: PipelineOptions) -> None:
    """Check what Beam itself checks late, or in many lines."""
    google = options.view_as(GoogleCloudOptions)
    for name, example in (("project", "PROJECT"), ("region", "us-central1"), ("temp_location", "gs://BUCKET/temp")):
        given = getattr(google, name) or (name == "region" and os.environ.get("CLOUDSDK_COMPUTE_REGION"))
        if not given and name == "region" and template_location(options):
            continue  # whoever starts it says where
        if not given:
            raise ValueError(f"--runner {RUNNER} needs --{name}={example}")
        setattr(google, name, given)
    for name in ("temp_location", "staging_location"):
        given = getattr(google, name)
        if given and not re.fullmatch("gs://[^/]+/.+", given):
            raise ValueError(f"--{name}={given}: must be a folder in a bucket of Cloud Storage: gs://BUCKET/FOLDER")
    if google.job_name and not _JOB_NAME.fullmatch(google.job_name):
        raise ValueError(
            f"--job_name={google.job_name}: must begin with a small letter, hold small letters, digits and hyphens, "
            "end with no hyphen, and have 63 characters at most"
        )
    if google.update and not (google.job_name and options.view_as(StandardOptions).streaming):
        raise ValueError("--update needs --streaming and the --job_name of the job that is to be replaced")


def check_region(options: PipelineOptions) -> None:
    """Check that what names a region besides the job names the job's, which Dataflow finds out when it starts workers."""
    region, worker = options.view_as(GoogleCloudOptions).region, options.view_as(WorkerOptions)
    if worker.subnetwork:
        match = _SUBNETWORK.fullmatch(worker.subnetwork)
        if not match:
            raise ValueError(
                f"--subnetwork={worker.subnetwork}: write regions/REGION/subnetworks/NAME, "
                "or https://www.googleapis.com/compute/v1/projects/PROJECT/regions/REGION/subnetworks/NAME of another project's"
            )
        if region and match["region"] != region:
            raise ValueError(f"--subnetwork={worker.subnetwork}: is in {match['region']}, and the job in --region={region}")
    if region and worker.worker_zone and worker.worker_zone.rpartition("-")[0] != region:
        raise ValueError(f"--worker_zone={worker.worker_zone}: is no zone of --region={region}")


def check_places(config: PipelineConfig, inputs: tuple[InputSpec, ...]) -> None:
    """Check that everything workers read or write lies where they can reach it."""
    places: Mapping[str, Sequence[str]] = {
        "inputs" if config.inputs else "input": input_patterns(config, inputs),
        "output": [config.output],
        "journal": [config.journal] if config.journal else [],
        "exemplars": config.exemplars,
        "benchmarks": config.benchmarks,
    }
    for name, paths in places.items():
        for path in paths:
            if FileSystems.get_scheme(path) is None:
                raise ValueError(f"--{name} {path}: workers on Dataflow do not see this machine's files; give gs://BUCKET/PATH")
            if path.startswith("gs:") and not re.match("gs://[^/]", path):  # as of a variable that is not set
                raise ValueError(f"--{name} {path}: names no bucket; give gs://BUCKET/PATH")


def check_keys(config: PipelineConfig) -> None:
    """Check that every key is named where workers can read it: variables of this machine are not theirs."""
    elsewhere = "workers on Dataflow do not have this machine's environment; put the key into Secret Manager and give"
    if config.given().get("api_key_env"):
        raise ValueError(f"--api_key_env: {elsewhere} --api_key_secret projects/P/secrets/S/versions/latest")
    for url, key in map(split_endpoint_key, config.endpoint_keys):
        if key.startswith("env:"):
            raise ValueError(f"--endpoint_keys {url}={key}: {elsewhere} {url}=secret:projects/P/secrets/S/versions/latest")
    if not config.api_key_secret and os.environ.get(config.api_key_env):
        raise ValueError(
            f"{config.api_key_env} is set here, and workers on Dataflow do not have it: put the key into Secret Manager and give "
            f"--api_key_secret projects/P/secrets/S/versions/latest; unset {config.api_key_env} if the endpoint takes no key"
        )


def endpoints_of(config: PipelineConfig) -> Iterator[tuple[str, str]]:
    """(option, URL) of every endpoint on another machine that a run asks."""
    for stage in config.model_stages:
        model = config.model_of(stage)
        own = "" if model.endpoints == tuple(config.endpoint) else f"{stage}_"
        if model.serve is None:  # else a worker asks itself
            yield from ((f"{own}endpoint", url) for url in model.endpoints)
    for url in config.embedding_endpoint:
        yield "embedding_endpoint", url


def check_endpoints(config: PipelineConfig) -> None:
    """Check that no endpoint is on the machine that launches."""
    for stage in config.model_stages:
        if not config.model_of(stage).endpoints:
            raise ValueError(
                f"stage {stage} has no --endpoint, and the rules of --demo answer on this machine only; "
                "give --endpoint http://HOST:PORT/v1 that workers on Dataflow reach"
            )
    for name, url in endpoints_of(config):
        if is_loopback(url):
            raise ValueError(f"--{name} {url}: is a worker itself to workers on Dataflow; give an address that they reach")


def is_loopback(url: str) -> bool:
    """Whether a URL names the machine that uses it."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def image_of(options: PipelineOptions) -> str | None:
    """The image of the workers, if one is named."""
    worker = options.view_as(WorkerOptions)
    return worker.sdk_container_image or worker.worker_harness_container_image


NAME = "webscale-qa"  # of this package, with which its archives begin


def _choose_package(options: PipelineOptions) -> Iterator[str]:
    """See that workers get this package: from their image, else from here."""
    setup = options.view_as(SetupOptions)
    if setup.save_main_session is None:
        setup.save_main_session = False  # Beam's own choice, on, would pickle whatever started the pipeline
    if image_of(options):
        if setup.setup_file or setup.requirements_file:
            given = "setup_file" if setup.setup_file else "requirements_file"
            yield f"note: --{given} beside an image makes every worker install again what the image holds; leave it out"
        if setup.sdk_location == "default":
            setup.sdk_location = "container"
        return
    if setup.requirements_file is None and CRAWL_FILE.is_file():
        # What installs the package knows no extras. With `skip` the launcher downloads nothing for it.
        setup.requirements_file, setup.requirements_cache = str(CRAWL_FILE), "skip"
    # Another package goes along with this one: that of a stage of one's own.
    if setup.setup_file or any(os.path.basename(path).replace("_", "-").startswith(NAME) for path in setup.extra_packages or ()):
        return
    if not SETUP_FILE.is_file():
        need = "workers need this package: give --sdk_container_image=IMAGE that holds it, or --setup_file=./setup.py"
        if not template_location(options):
            raise ValueError(need)
        yield f"not checked: whether the template is started with an image; {need}"
        return
    setup.setup_file = str(SETUP_FILE)
    yield (
        "note: every worker fetches this package's requirements when it starts, some minutes; an image that holds them starts "
        "at once: --sdk_container_image"
    )


def _warn_of_network(config: PipelineConfig, options: PipelineOptions) -> Iterator[str]:
    """What only workers will find out."""
    worker = options.view_as(WorkerOptions)
    image = image_of(options)
    if worker.use_public_ips is False:
        subnetwork = worker.subnetwork or worker.network or "default"
        yield (
            f"not checked: whether {subnetwork} has Private Google Access, which workers without public addresses need: "
            "gcloud compute networks subnets describe SUBNETWORK --region=REGION --format='value(privateIpGoogleAccess)'"
        )
        if not image:
            yield (
                "not checked: whether workers without public addresses reach a package index (Cloud NAT, or a mirror); "
                "if not, they never start: give --sdk_container_image"
            )
    if config.tokenizer not in ("auto", "estimate"):
        file = f"the file of --tokenizer {config.tokenizer}"
        with_image, without = f"the image holds {file} (TIKTOKEN_CACHE_DIR)", f"workers can download {file}; an image can hold it"
        yield f"not checked: whether {with_image if image else without}"


def cores_of(machine_type: str) -> int | None:
    """The cores of a machine type as its name says; None for one whose name does not."""
    match = _MACHINE.fullmatch(machine_type)
    return int(match["custom"] or match["cores"]) if match else None


def size_workers(config: PipelineConfig, options: PipelineOptions) -> tuple[PipelineConfig, list[str]]:
    """Tie the number of workers to what the endpoints take, where no option says it, and share --concurrency among them.

    Left to itself Dataflow adds workers while there is work, up to hundreds, and all of it waits at the endpoints.

    Raises:
        ValueError: more worker processes than requests to share, or numbers of workers that cannot be.
    """
    worker, said = options.view_as(WorkerOptions), []
    for name in ("num_workers", "max_num_workers"):
        if (given := getattr(worker, name) or 0) < 0:
            raise ValueError(f"--{name}={given}: must be at least 1")
    if worker.max_num_workers and (worker.num_workers or 0) > worker.max_num_workers:
        raise ValueError(f"--num_workers={worker.num_workers} is more than --max_num_workers={worker.max_num_workers}")
    worker.machine_type = worker.machine_type or MACHINE_TYPE
    endpoints, each = len({url for _, url in endpoints_of(config)}), config.concurrency or REQUESTS_PER_ENDPOINT
    # Dataflow starts a process a core, or one.
    processes = 1 if options.view_as(DebugOptions).lookup_experiment(ONE_PROCESS) else cores_of(worker.machine_type)
    if processes is None:
        said.append(
            f"not checked: how many worker processes a machine of {worker.machine_type} has, as its name does not say its cores; "
            "taken for one"
        )
        processes = 1
    if not worker.max_num_workers and endpoints:
        wanted = math.ceil(endpoints * each / (REQUESTS_PER_PROCESS * processes))
        worker.max_num_workers = max(FEWEST_WORKERS, wanted, worker.num_workers or 0)
        why = "--concurrency" if config.concurrency else "taken, as no --concurrency says"
        said.append(
            f"note: --max_num_workers={worker.max_num_workers} ({worker.machine_type}, {processes} processes each) for "
            f"{endpoints} endpoint(s) with {each} requests in flight each ({why})"
        )
    if not worker.max_num_workers:
        # Every worker asks itself: how many there are is a matter of the budget, which nobody has told.
        said.append(
            "note: no --max_num_workers: Dataflow chooses how many workers with GPUs there are, up to the project's quota"
        )
        return config, said
    if not worker.num_workers:
        worker.num_workers = worker.max_num_workers  # waiting is no load that would make Dataflow add any
    if "worker_processes" in config.model_fields_set:
        return config, said
    shared = worker.max_num_workers * processes
    if 0 < config.concurrency < shared:
        fewer = config.concurrency // processes
        advice = f"--max_num_workers {fewer} or less" if fewer else f"--experiments={ONE_PROCESS} and --max_num_workers 1"
        raise ValueError(
            f"--concurrency {config.concurrency} is shared by {worker.max_num_workers} workers with {processes} processes each: "
            f"give {advice}"
        )
    sized = config.model_copy(update={"worker_processes": shared})
    sized.model_fields_set.discard("worker_processes")  # nobody chose it: a replay elsewhere has other workers
    return sized, said


def job_link(result: Any, options: PipelineOptions) -> str:
    """Where a job can be watched."""
    google = options.view_as(GoogleCloudOptions)
    return f"https://console.cloud.google.com/dataflow/jobs/{google.region}/{result.job_id()}?project={google.project}"


def drain_command(result: Any, options: PipelineOptions) -> str:
    """What ends a stream so that all that it has read is written."""
    google = options.view_as(GoogleCloudOptions)
    return f"gcloud dataflow jobs drain {result.job_id()} --project={google.project} --region={google.region}"


class JobStopped(Exception):
    """The job ended because somebody said so, and not for a fault; one line."""


def wait_for_job(result: Any, options: PipelineOptions) -> None:
    """Wait until a job has done its work; a drained stream has.

    Raises:
        JobStopped: it was cancelled, or replaced by another version.
        RuntimeError: it failed, with what Dataflow says of it.
    """
    from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException  # brings the clients of Google Cloud

    said = ""
    try:
        state = result.wait_until_finish()
    except DataflowRuntimeException as error:
        state, said = error.result.state, str(error).partition("Error:\n")[2].strip()
    # A job that had ended before anybody waited for it raises nothing, unless it failed.
    if state in (PipelineState.DONE, PipelineState.DRAINED):
        return
    if state == PipelineState.CANCELLED:
        raise JobStopped("the job was cancelled")
    if state == PipelineState.UPDATED:
        raise JobStopped("the job was replaced by another version and goes on under another id")
    if said in ("", "None"):
        said = f"the job ended as {state}, and Dataflow does not say why; see {job_link(result, options)}"
    raise RuntimeError(said)
