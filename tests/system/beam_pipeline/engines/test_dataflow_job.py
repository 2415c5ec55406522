"""A job on Dataflow from the command line to its summary, with nothing of Google but its client libraries.

The real runner submits to a stub of the service and a bucket on loopback. The stub's machine is a process in an
environment of its own: it installs what was staged, without an index, reads the graph and the options that the job names,
and runs them, asking an endpoint that only its network knows, with a key that only its account may read.
"""

import bz2
import json
import os
import re
import subprocess
import sys
import venv
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from sysconfig import get_path
from typing import Any

import grpc
import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from tests.fakes.bucket_fake import TOKEN, BucketFake
from tests.fakes.dataflow_fake import DataflowFake, Ending, Job
from tests.fakes.secret_fake import NAME, SecretFake
from tests.places import ROOT, SAMPLE

SENTINEL = "sk-sentinel-9f8e7d6c5b4a"
BUCKET, HOST = "qa-tests", "gpu-0.internal"

# The command line, of an account that may not read the secret.
LAUNCH = """
import sys
from tests.fakes.secret_fake import client_of
from transforms.inference.client import api_keys as keys
keys.secret_manager = lambda: client_of(sys.argv[1])
from beam_pipeline.main import main
sys.exit(main(sys.argv[2:]))
"""


@dataclass
class Launched:
    """What a launch left behind, everywhere."""

    code: int
    out: str
    err: str
    job: Job
    bucket: BucketFake
    secrets: SecretFake
    installed: str
    worker: str
    staged: dict[str, bytes] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, Any]:
        found: dict[str, Any] = self.job.body["environment"]
        return found

    @property
    def graph(self) -> Any:
        url = self.environment["sdkPipelineOptions"]["options"]["pipelineUrl"]
        return beam_runner_api_pb2.Pipeline.FromString(self.staged[in_bucket(url)])

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.bucket.objects[BUCKET]["out/summary.json"])
        return found


class Machine:
    """What stands for Dataflow's machines: an environment, made anew, that holds what a job has staged."""

    def __init__(self, folder: Path, bucket: BucketFake, settings: dict[str, Any], environment: dict[str, str]) -> None:
        self.installed = self.worker = ""
        self._folder, self._bucket, self._settings, self._environment = folder, bucket, settings, environment

    def work(self, job: Job) -> Ending:
        try:
            return Ending(metrics=self._run(job))
        except subprocess.CalledProcessError as error:
            return Ending("JOB_STATE_FAILED", message=f"{error.stdout}{error.stderr}")

    def _run(self, job: Job) -> list[dict[str, Any]]:
        [pool] = job.body["environment"]["workerPools"]
        options = job.body["environment"]["sdkPipelineOptions"]["options"]
        for package in pool["packages"]:
            (self._folder / package["name"]).write_bytes(self._bucket.objects[BUCKET][in_bucket(package["location"])])
        graph = self._folder / "pipeline.pb"
        graph.write_bytes(self._bucket.objects[BUCKET][in_bucket(options["pipelineUrl"])])
        python, site = self._make_environment()
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--disable-pip-version-check", "--no-index")
        self.installed = self._call(*pip, "--no-build-isolation", str(self._folder / "workflow.tar.gz"))
        metrics = self._folder / "metrics.json"
        given = {**self._settings, "graph": str(graph), "options": whole_numbers(options), "site": site, "metrics": str(metrics)}
        script = str(ROOT / "tests" / "fakes" / "dataflow_worker.py")
        self.worker = self._call(python, "-I", "-W", "ignore", script, json.dumps(given))
        rows: list[dict[str, Any]] = json.loads(metrics.read_text())
        return rows

    def _make_environment(self) -> tuple[str, str]:
        """An environment that has what the requirements name, as Beam's image would, and not the package."""
        folder = self._folder / "environment"
        venv.create(folder, with_pip=False, symlinks=True)
        [site] = folder.glob("lib/python*/site-packages")
        (site / "requirements.pth").write_text(get_path("purelib"))
        return str(folder / "bin" / "python"), str(site)

    def _call(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout + done.stderr


def in_bucket(url: str) -> str:
    """The name of an object, whichever way its bucket is written."""
    return re.sub(f"^.*?{BUCKET}/", "", url)


def unpacked(graph: Any) -> Iterator[bytes]:
    """The functions of a graph, as they were pickled: it holds them compressed, where no text is found."""
    for transform in graph.components.transforms.values():
        if transform.spec.urn == common_urns.primitives.PAR_DO.urn:
            payload = beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload)
            yield bz2.decompress(b64decode(payload.do_fn.payload))


def whole_numbers(options: dict[str, Any]) -> dict[str, Any]:
    """Options as a machine gets them: on the way to the service every number becomes one with a point."""
    return {name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in options.items()}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packed, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("checkout")
    for package in ("prompts", "transforms", "beam_pipeline"):
        copytree(ROOT / package, folder / package, ignore=ignore_patterns("__pycache__"))
    for name in (
        "setup.py",
        "MANIFEST.in",
        "README.md",
        "LICENSE",
        "requirements.txt",
        "requirements-crawl.txt",
        "requirements-llm.txt",
        "requirements-report.txt",
        "pyproject.toml",
    ):
        copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Iterator[Launched]:
    """One job, from start to end."""
    folder = tmp_path_factory.mktemp("machine")
    os.environ["KEY_OF_THE_ENDPOINT"] = SENTINEL  # of the endpoint alone: it is taken away again before anything else starts
    endpoint = DemoEndpoint.start(api_key_env="KEY_OF_THE_ENDPOINT")
    del os.environ["KEY_OF_THE_ENDPOINT"]
    with (
        BucketFake(BUCKET, location="EU") as bucket,
        SecretFake(SENTINEL) as secrets,
        SecretFake(SENTINEL, grpc.StatusCode.PERMISSION_DENIED) as refusing,
        endpoint,
    ):
        bucket.put(BUCKET, "in/documents.jsonl", SAMPLE.read_bytes())
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "OPENAI_API_KEY")}
        environment |= {"STORAGE_EMULATOR_HOST": bucket.url, "GOOGLE_APPLICATION_CREDENTIALS": bucket.credentials_file(folder)}
        environment |= {"GOOGLE_CLOUD_PROJECT": "test-project"}
        machine = Machine(folder, bucket, {"hosts": {HOST: "127.0.0.1"}, "secrets": secrets.host}, environment)
        with DataflowFake(machine.work) as service:
            flags = [
                *(
                    "--runner=DataflowRunner",
                    "--project=test-project",
                    "--region=us-central1",
                    f"--dataflow_endpoint={service.url}",
                ),
                *(f"--temp_location=gs://{BUCKET}/temp", f"--setup_file={checkout / 'setup.py'}", "--job_name=qa-contract"),
                *("--service_account_email=qa@test-project.iam.gserviceaccount.com", "--no_use_public_ips"),
                *("--subnetwork=regions/us-central1/subnetworks/gpus", "--machine_type=n2-standard-4", "--labels=team=rl"),
                *("--experiments=some_experiment", "--dataflow_service_options=some_option"),
                *(f"--input=gs://{BUCKET}/in/*.jsonl", f"--output=gs://{BUCKET}/out", "--model=demo-rules", "--concurrency=64"),
                *(f"--endpoint={endpoint.url.replace('127.0.0.1', HOST)}", f"--api_key_secret={NAME}"),
            ]
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", LAUNCH, refusing.host, *flags],
                cwd=ROOT,
                env=environment | {"PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                timeout=150,
            )
            assert service.jobs, done.stderr
            [job] = service.jobs
            staged = {name: content for name, content in bucket.objects[BUCKET].items() if name.startswith("temp/")}
            yield Launched(
                done.returncode, done.stdout, done.stderr, job, bucket, secrets, machine.installed, machine.worker, staged
            )


@pytest.mark.integration
def test_the_job_runs_on_its_machine_and_its_summary_is_collected(launched: Launched) -> None:
    assert launched.code == 0, launched.err + launched.worker
    assert "counts close" in launched.out
    link = "https://console.cloud.google.com/dataflow/jobs/us-central1/2026-11-21_1?project=test-project"
    assert launched.out.splitlines()[0] == f"job 2026-11-21_1: {link}"
    tokens, stages = launched.summary["tokens"], launched.summary["stages"]
    left = stages["synthesize"]["rejected"] + stages["repair"]["rejected"]
    assert tokens["synthesize"]["calls"] == tokens["verify"]["calls"] + left > 60
    assert tokens["filter"]["latency_s"]["max"] > 0  # of a distribution
    assert launched.summary["pairs"] == 65
    written = {name.partition("/")[2] for name in launched.bucket.objects[BUCKET] if name.startswith("out/")}
    assert {"summary.json", "options.yaml"} <= written
    assert {name.partition("/")[0] for name in written} >= {"qa", "rejected", "dead_letters", "journal"}


@pytest.mark.integration
def test_options_reach_the_job_as_they_were_given(launched: Launched) -> None:
    environment = launched.environment
    [pool] = environment["workerPools"]
    assert launched.job.body["name"] == "qa-contract"
    assert launched.job.body["labels"] == {"team": "rl"}
    assert (launched.job.project, launched.job.region) == ("test-project", "us-central1")
    assert environment["serviceAccountEmail"] == "qa@test-project.iam.gserviceaccount.com"
    assert environment["version"]["job_type"] == "FNAPI_BATCH"
    assert {"some_experiment", "use_runner_v2", "use_multiple_sdk_containers"} <= set(environment["experiments"])
    assert environment["serviceOptions"] == ["some_option"]
    assert (pool["machineType"], pool["subnetwork"]) == ("n2-standard-4", "regions/us-central1/subnetworks/gpus")
    assert pool["ipConfiguration"] in (2, "WORKER_IP_PRIVATE")
    # 64 requests need no more workers than the fewest, four processes each, which share the ceiling.
    assert (pool["numWorkers"], pool["autoscalingSettings"]["maxNumWorkers"]) == (2, 2)
    [image] = pool["sdkHarnessContainerImages"]
    assert re.search(r"beam_python3\.\d+_sdk:2\.77", image["containerImage"])


@pytest.mark.integration
def test_what_was_staged_is_the_package_and_installs_without_an_index(launched: Launched) -> None:
    [pool] = launched.environment["workerPools"]
    assert "workflow.tar.gz" in {package["name"] for package in pool["packages"]}
    assert "Successfully installed webscale-qa" in launched.installed
    assert all(in_bucket(package["location"]).startswith("temp/qa-contract.") for package in pool["packages"])
    uploads = [authorization for method, path, authorization in launched.bucket.asked if path.startswith("/upload")]
    assert uploads
    assert set(uploads) == {f"Bearer {TOKEN}"}


@pytest.mark.integration
def test_the_staged_graph_is_that_of_the_run(launched: Launched) -> None:
    graph = launched.graph
    labels = {transform.unique_name for transform in graph.components.transforms.values()}
    assert {"Read", "Screen", "Filter", "Classify", "Synthesize", "Verify", "WriteQA", "WriteSummary"} <= labels
    [environment] = graph.components.environments.values()
    urls = [
        beam_runner_api_pb2.ArtifactUrlPayload.FromString(dependency.type_payload).url for dependency in environment.dependencies
    ]
    assert any(url.endswith("/workflow.tar.gz") for url in urls)


@pytest.mark.integration
def test_the_key_is_read_by_its_name_on_the_worker_and_is_nowhere_else(launched: Launched) -> None:
    assert launched.secrets.asked
    assert set(launched.secrets.asked) == {NAME}
    job = json.dumps(launched.job.body)
    assert SENTINEL not in job
    assert not [name for name, content in launched.bucket.objects[BUCKET].items() if SENTINEL.encode() in content]
    assert SENTINEL not in launched.out + launched.err + launched.installed + launched.worker
    functions = b"".join(unpacked(launched.graph))
    assert SENTINEL.encode() not in functions
    assert NAME.encode() in functions  # its name is, or this test would not find a key either


@pytest.mark.integration
def test_what_could_not_be_checked_from_here_is_said_and_stops_nothing(launched: Launched) -> None:
    said = launched.err.splitlines()
    said = [line for line in said if not line.endswith("No module named build")]  # Beam packs in another way first
    assert all(line.startswith(("not checked: ", "note: ")) for line in said), launched.err
    [key] = [line for line in said if NAME in line]
    assert "PermissionDenied" in key
    assert "roles/secretmanager.secretAccessor" in key
    assert [line for line in said if "Private Google Access" in line]
    assert [line for line in said if "package index" in line]
    assert [line for line in said if "is in EU and the job in us-central1" in line]
