"""A machine of Dataflow, for tests: takes a job's graph and options from the bucket and runs it with what is installed.

Run as a program (`python -I`), in an environment that holds what was staged and nothing of the checkout. The one argument is
a JSON object: `graph` (a file), `options` (of the job), `hosts` (names that only this network knows), `secrets` (where Secret
Manager is), `site` (where the package must come from), `metrics` (a file to write).
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import apache_beam
import grpc
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns, python_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

import beam_pipeline.pipeline
import prompts
from transforms.inference.client import api_keys as keys
from transforms.inference.runtime import close_runtime

given = json.loads(sys.argv[1])
for module in (beam_pipeline, prompts, keys):
    assert module.__file__.startswith(given["site"]), f"{module.__file__} is not what was staged"

look_up = socket.getaddrinfo


def look_up_here(host: Any, *arguments: Any, **settings: Any) -> Any:
    known = given["hosts"].get(host.decode() if isinstance(host, bytes) else host)
    return look_up(known or host, *arguments, **settings)


socket.getaddrinfo = look_up_here
keys.secret_manager = lambda: SecretManagerServiceClient(
    transport=SecretManagerServiceGrpcTransport(channel=grpc.insecure_channel(given["secrets"]))
)

graph = beam_runner_api_pb2.Pipeline.FromString(Path(given["graph"]).read_bytes())
for environment in graph.components.environments.values():
    assert environment.urn == common_urns.environments.DOCKER.urn, environment.urn
    environment.urn, environment.payload = python_urns.EMBEDDED_PYTHON, b""
    del environment.dependencies[:]

options = PipelineOptions.from_dictionary(given["options"])
apache_beam.io.filesystems.FileSystems.set_options(options)
result = FnApiRunner().run_via_runner_api(graph, options)
result.wait_until_finish()
close_runtime()

rows = []
found = result.metrics().query(MetricsFilter())
for row in [*found["counters"], *found["distributions"]]:
    name, value = row.key.metric, row.committed if row.committed is not None else row.attempted
    told: dict[str, Any] = {"scalar": value}
    if not isinstance(value, int):
        told = {"distribution": {"count": value.count, "sum": value.sum, "min": value.min, "max": value.max, "mean": value.mean}}
    context = {"namespace": name.namespace, "step": row.key.step}
    rows += [
        {"name": {"origin": "user", "name": name.name, "context": {**context, **tentative}}, **told}
        for tentative in ({}, {"tentative": "true"})
    ]
Path(given["metrics"]).write_text(json.dumps(rows))
