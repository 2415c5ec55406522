"""The Python worker of a task manager: what a runner tells it, and what it does where nobody answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc, endpoints_pb2
from google.protobuf import struct_pb2, text_format

from beam_pipeline.engines.flink_worker import LOG_FILE, provision
from tests.places import ROOT


class Provisioner(beam_provision_api_pb2_grpc.ProvisionServiceServicer):
    """A runner's side of the conversation."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def GetProvisionInfo(self, request: Any, context: Any) -> Any:
        self.asked.append(dict(context.invocation_metadata())["worker_id"])
        options = struct_pb2.Struct()
        options.update({"beam:option:sdk_worker_parallelism:v1": "1"})
        return beam_provision_api_pb2.GetProvisionInfoResponse(
            info=beam_provision_api_pb2.ProvisionInfo(
                pipeline_options=options,
                control_endpoint=endpoints_pb2.ApiServiceDescriptor(url="runner:1"),
                logging_endpoint=endpoints_pb2.ApiServiceDescriptor(url="runner:2"),
                runner_capabilities=["a", "b"],
            )
        )


@pytest.fixture
def runner() -> Iterator[tuple[Provisioner, str]]:
    """A runner that tells, and its address."""
    servicer, server = Provisioner(), grpc.server(ThreadPoolExecutor(1))
    beam_provision_api_pb2_grpc.add_ProvisionServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"127.0.0.1:{port}"
    server.stop(0).wait()


def test_what_a_runner_tells_becomes_what_beams_worker_reads(runner: tuple[Provisioner, str]) -> None:
    servicer, address = runner
    told = provision("1-1", address)
    assert servicer.asked == ["1-1"]
    assert told["WORKER_ID"] == "1-1"
    assert json.loads(told["PIPELINE_OPTIONS"]) == {"beam:option:sdk_worker_parallelism:v1": "1"}
    for name, url in (("CONTROL", "runner:1"), ("LOGGING", "runner:2")):
        descriptor = endpoints_pb2.ApiServiceDescriptor()
        assert text_format.Merge(told[f"{name}_API_SERVICE_DESCRIPTOR"], descriptor).url == url
    assert told["RUNNER_CAPABILITIES"] == "a b"


@pytest.mark.integration
def test_what_it_prints_is_in_a_file(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "beam_pipeline.engines.flink_worker",
        "--id=1-1",
        "--provision_endpoint=127.0.0.1:1",
        "--newer=flag",
    ]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 1
    assert done.stdout + done.stderr == ""
    assert "UNAVAILABLE" in (tmp_path / LOG_FILE).read_text("utf-8")
