"""What a job needs so that its workers can serve the model themselves: GPUs, one process a machine, room for weights."""

import shutil

from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    WorkerOptions,
)

from beam_pipeline.engines.dataflow import ONE_PROCESS, on_dataflow
from beam_pipeline.engines.runners import runs_here
from beam_pipeline.options.config import PipelineConfig

ACCELERATOR_OPTION = "worker_accelerator="
# The smallest machine that carries so many of a GPU. The first part of its name is the only family that carries it.
MACHINES = {
    "nvidia-tesla-t4": {1: "n1-standard-8", 2: "n1-standard-16", 4: "n1-standard-32"},
    "nvidia-l4": {1: "g2-standard-8", 2: "g2-standard-24", 4: "g2-standard-48", 8: "g2-standard-96"},
    "nvidia-tesla-a100": {1: "a2-highgpu-1g", 2: "a2-highgpu-2g", 4: "a2-highgpu-4g", 8: "a2-highgpu-8g"},
    "nvidia-a100-80gb": {1: "a2-ultragpu-1g", 2: "a2-ultragpu-2g", 4: "a2-ultragpu-4g", 8: "a2-ultragpu-8g"},
    "nvidia-h100-80gb": {1: "a3-highgpu-1g", 2: "a3-highgpu-2g", 4: "a3-highgpu-4g", 8: "a3-highgpu-8g"},
}
# The image with vLLM takes 25 GB, and weights as much as their model: Dataflow's own 30 GB would fill up.
DISK_GB = 200


def prepare_serving(options: PipelineOptions, config: PipelineConfig) -> None:
    """Ask for the workers that a job needs whose workers serve the model; ValueError, one line, if what is given cannot."""
    serve = config.serve
    if serve is None:
        return
    command = serve.arguments[0]
    if runs_here(options) and shutil.which(command) is None:
        raise ValueError(f"--serve_command: there is no {command} here; install it, or name another command or an --endpoint")
    if on_dataflow(options):
        _prepare_dataflow(options, config.serve_accelerator)


def _prepare_dataflow(options: PipelineOptions, accelerator: str) -> None:
    cloud, debug, worker = (options.view_as(kind) for kind in (GoogleCloudOptions, DebugOptions, WorkerOptions))
    if not worker.sdk_container_image:
        raise ValueError(
            "--serve_model on Dataflow needs --sdk_container_image with the server in it: "
            "templates/build.sh --target gpu makes one"
        )
    given = [option for option in cloud.dataflow_service_options or [] if option.startswith(ACCELERATOR_OPTION)]
    if given:
        kind, count = _accelerator_of(given[0])
        worker.machine_type = worker.machine_type or machine_for(kind, count, None)
    else:
        kind, _, number = accelerator.partition(":")
        worker.machine_type = machine_for(kind, int(number or 1), worker.machine_type)
        wanted = f"{ACCELERATOR_OPTION}type:{kind};count:{number or 1};install-nvidia-driver"
        cloud.dataflow_service_options = [*(cloud.dataflow_service_options or []), wanted]
    experiments = list(debug.experiments or [])
    if not any(experiment.endswith("use_multiple_sdk_containers") for experiment in experiments):
        # A second worker process on a machine would only share the one server, and its own memory is wanted for weights.
        debug.experiments = [*experiments, ONE_PROCESS]
    if not worker.disk_size_gb:
        worker.disk_size_gb = DISK_GB


def _accelerator_of(option: str) -> tuple[str, int]:
    """The kind and number of the GPUs that one of Dataflow's own options asks for."""
    parts = dict(part.partition(":")[::2] for part in option.removeprefix(ACCELERATOR_OPTION).split(";"))
    count = parts.get("count", "1")
    return parts.get("type", ""), int(count) if count.isdecimal() else 1


def machine_for(kind: str, count: int, given: str | None) -> str:
    """The machine type that carries a GPU: the one that was given if it does, else the smallest."""
    sizes = MACHINES.get(kind)
    if sizes is None:
        if given:
            return given
        raise ValueError(f"--serve_accelerator {kind}: give its --machine_type as well; known are {', '.join(MACHINES)}")
    if not given and count not in sizes:
        raise ValueError(f"--serve_accelerator {kind}:{count}: a machine has {', '.join(map(str, sizes))} of them")
    family = next(iter(sizes.values())).partition("-")[0]
    if given and given.partition("-")[0] != family:
        raise ValueError(f"--machine_type {given} carries no {kind}; leave it out, or give one of {family}-...")
    return given or sizes[count]
