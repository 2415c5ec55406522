"""The Python worker of a task manager: `python -m beam_pipeline.engines.flink_worker`, installed as `webscale-qa-worker`.

Runners that start a process for Python code (`--environment_type=PROCESS`) give it an id and an address,
where it asks for the rest: the run's options and the addresses to work for. Beam's own program for that
comes in its container images only. Nothing is staged: the package must be installed where this runs.

A runner throws away what the process prints, so it goes to `webscale-qa-worker.log` in the folder for
temporary files; what the pipeline logs is handed to the runner as well.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence

import grpc
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
from google.protobuf import json_format, text_format

LOG_FILE = "webscale-qa-worker.log"
PROVISION_TIMEOUT_S = 60.0


def provision(worker_id: str, endpoint: str) -> dict[str, str]:
    """Ask a runner what a worker needs to know, as the environment variables that Beam's worker reads."""
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        reply = stub.GetProvisionInfo(request, timeout=PROVISION_TIMEOUT_S, metadata=(("worker_id", worker_id),))
    info = reply.info
    return {
        "WORKER_ID": worker_id,
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.control_endpoint),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.logging_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }


def print_to(path: str) -> None:
    """Send what this process prints, and what its libraries print, to the end of a file."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())
    os.close(file)


def main(argv: Sequence[str] | None = None) -> None:
    """Work for one runner until it ends the process or goes away."""
    parser = argparse.ArgumentParser(prog="webscale-qa-worker", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--id", required=True, help="what the runner calls this worker")
    parser.add_argument("--provision_endpoint", required=True, help="where the runner tells the rest")
    known, _ = parser.parse_known_args(argv)  # runners add what newer workers know
    print_to(os.path.join(tempfile.gettempdir(), LOG_FILE))
    os.environ.update(provision(known.id, known.provision_endpoint))
    from apache_beam.runners.worker import sdk_worker_main  # reads the environment

    sdk_worker_main.main([])


if __name__ == "__main__":
    main()
