"""Launching on Dataflow: what is refused before anything is started, what is derived, and how the end of a job is told.

Here the command line runs in this process, against the service, buckets, a registry and an endpoint on loopback;
`test_dataflow_job.py` follows one job to its summary.
"""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apache_beam.internal.gcp import auth
from apache_beam.options.pipeline_options import PipelineOptions, SetupOptions, WorkerOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.dataflow import dataflow_runner
from google.cloud import dataflow_v1beta3
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from beam_pipeline.engines import dataflow
from beam_pipeline.engines import dataflow_checks as cloud_checks
from beam_pipeline.engines.dataflow import cores_of, is_loopback, prepare_dataflow, size_workers
from beam_pipeline.exit_codes import FAILED, OK, STOPPED, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.options.config import PipelineConfig
from tests.fakes.bucket_fake import BucketFake
from tests.fakes.dataflow_fake import DataflowFake, Ending, Job
from tests.fakes.scripted_endpoint import Answer

BUCKET = "qa-tests"
HOST = "gpu-0.internal"
DOCUMENT = {"id": "bridge", "text": "The bridge opened in 1932. " * 20}
# No row, no model call: what a run writes when it ends well.
SUMMARY: dict[str, Any] = {
    "documents": {"read": 1, "accepted": 1, "rejected": 0, "dead_lettered": 0},
    "tasks": {"read": 1, "accepted": 1, "rejected": 0, "dead_lettered": 0},
    "stages": {},
    "domains": {},
    "reasons": {},
    "errors": {},
    "pairs": 1,
    "balanced": True,
}


class Cloud:
    """All of Google Cloud that a launch asks, and how to launch there."""

    def __init__(self, bucket: BucketFake) -> None:
        self.bucket = bucket
        self.service = DataflowFake(lambda job: self.work(job))
        self.work: Callable[[Job], Ending] = lambda job: Ending()
        self.image = f"{bucket.host}/test-project/images/qa:1"
        bucket.images.add("/v2/test-project/images/qa/manifests/1")
        bucket.put(BUCKET, "in/a.jsonl", json.dumps(DOCUMENT).encode())

    def flags(self, **replaced: str | None) -> list[str]:
        """A launch that works; None leaves a flag out."""
        given: dict[str, str | None] = {
            "runner": "DataflowRunner",
            "project": "test-project",
            "region": "us-central1",
            "temp_location": f"gs://{BUCKET}/temp",
            "dataflow_endpoint": self.service.url,
            "sdk_container_image": self.image,
            "input": f"gs://{BUCKET}/in/*.jsonl",
            "output": f"gs://{BUCKET}/out",
            "endpoint": f"http://{HOST}:8000/v1",
            "model": "m",
            **replaced,
        }
        return ["--no_auth", *(f"--{name}={value}" for name, value in given.items() if value is not None)]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Google Cloud on loopback, a network without the endpoint's name, and a service that is asked without waiting."""
    monkeypatch.setattr(auth._Credentials, "_credentials_init", True)  # else Beam looks for some for half a minute
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(dataflow_runner.time, "sleep", lambda seconds, sleep=time.sleep: sleep(min(seconds, 0.02)))
    look_up = socket.getaddrinfo

    def without_the_endpoint(host: Any, *arguments: Any, **named: Any) -> Any:
        if host in (HOST, HOST.encode()):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", without_the_endpoint)
    with BucketFake(BUCKET) as bucket:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket.url)
        found = Cloud(bucket)
        with found.service:
            yield found


def refused(capsys: pytest.CaptureFixture[str], cloud: Cloud, flags: list[str]) -> str:
    """Launch, expect a refusal before anything was started or written, and return its line."""
    assert main(flags) == UNUSABLE
    *before, line = capsys.readouterr().err.strip().splitlines()
    assert all(told.startswith(("note: ", "not checked: ")) for told in before), before
    assert not cloud.service.jobs
    assert not [name for name in cloud.bucket.objects[BUCKET] if not name.startswith("in/")]
    return line.removeprefix("error: ")


@pytest.mark.parametrize(
    ("replaced", "said"),
    [
        ({"project": None}, "needs --project=PROJECT"),
        ({"region": None}, "needs --region=us-central1"),
        ({"temp_location": None}, "needs --temp_location=gs://BUCKET/temp"),
        ({"temp_location": "/tmp/t"}, "--temp_location=/tmp/t: must be a folder in a bucket"),
        ({"staging_location": "gs://only-a-bucket"}, "--staging_location=gs://only-a-bucket: must be a folder in a bucket"),
        ({"job_name": "My_Job"}, "--job_name=My_Job: must begin with a small letter"),
        ({"update": ""}, "--update needs --streaming"),
        ({"input": "corpus/*.jsonl"}, "--input corpus/*.jsonl: workers on Dataflow do not see"),
        ({"output": "out"}, "--output out: workers on Dataflow do not see"),
        (
            {"concurrency": "1", "max_num_workers": "1"},
            "give --experiments=no_use_multiple_sdk_containers and --max_num_workers 1",
        ),
        ({"num_workers": "5", "max_num_workers": "4"}, "--num_workers=5 is more than --max_num_workers=4"),
        ({"max_num_workers": "-1"}, "--max_num_workers=-1: must be at least 1"),
        ({"subnetwork": "default"}, "--subnetwork=default: write regions/REGION/subnetworks/NAME"),
        ({"subnetwork": "regions/europe-west4/subnetworks/gpus"}, "is in europe-west4, and the job in --region=us-central1"),
        ({"worker_zone": "europe-west4-a"}, "--worker_zone=europe-west4-a: is no zone of --region=us-central1"),
        ({"journal": "journal"}, "--journal journal: workers on Dataflow do not see"),
        ({"journal": "gs://no-such-bucket/j"}, "--journal: bucket no-such-bucket is not there"),
        ({"output": "gs:///out"}, "--output gs:///out: names no bucket"),
        ({"benchmarks": "evals.jsonl"}, "--benchmarks evals.jsonl: workers on Dataflow do not see"),
        (
            {"endpoint": None, "model": None, "demo": "true"},
            "has no --endpoint, and the rules of --demo answer on this machine only",
        ),
        ({"endpoint": "http://localhost:8000/v1"}, "is a worker itself"),
        ({"verify_endpoint": "http://[::1]:8000/v1"}, "--verify_endpoint http://[::1]:8000/v1: is a worker itself"),
        ({"api_key_env": "MY_KEY"}, "--api_key_secret projects/P/secrets/S/versions/latest"),
        (
            {"endpoint_keys": f"http://{HOST}:8000/v1=env:MY_KEY"},
            f"http://{HOST}:8000/v1=secret:projects/P/secrets/S/versions/latest",
        ),
        ({"concurrency": "5", "max_num_workers": "4"}, "give --max_num_workers 2 or less"),
        ({"model": None}, "If only workers reach it, name its model with --model"),
        ({"temp_location": "gs://no-such-bucket/t"}, "bucket no-such-bucket is not there: gcloud storage buckets create"),
        ({"output": "gs://no-such-bucket/t"}, "--output: bucket no-such-bucket is not there"),
        ({"sdk_container_image": "qa:1"}, "write HOST/PROJECT/REPOSITORY/NAME:TAG"),
        ({"input": f"gs://{BUCKET}/none-*"}, "no file matches"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_cannot_run_is_refused_in_one_line(
    replaced: dict[str, str | None], said: str, capsys: pytest.CaptureFixture[str], cloud: Cloud
) -> None:
    flags = [flag.removesuffix("=") if flag == "--update=" else flag for flag in cloud.flags(**replaced)]
    assert said in refused(capsys, cloud, flags)


def test_a_list_of_inputs_of_this_machine(capsys: pytest.CaptureFixture[str], cloud: Cloud, tmp_path: Path) -> None:
    listed = tmp_path / "inputs.yaml"
    listed.write_text(f"- {{source: a, path: 'gs://{BUCKET}/in/a.jsonl'}}\n- {{source: b, path: b.jsonl}}\n")
    line = refused(capsys, cloud, cloud.flags(input=None, inputs=str(listed)))
    assert line == f"--inputs {tmp_path / 'b.jsonl'}: workers on Dataflow do not see this machine's files; give gs://BUCKET/PATH"


def test_a_key_that_only_this_machine_has(
    capsys: pytest.CaptureFixture[str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-sentinel-0123456789")
    line = refused(capsys, cloud, cloud.flags())
    assert line.startswith("OPENAI_API_KEY is set here, and workers on Dataflow do not have it")
    assert "sentinel" not in line


def test_an_image_that_was_not_pushed(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    line = refused(capsys, cloud, cloud.flags(sdk_container_image=f"{cloud.bucket.host}/test-project/images/qa:2"))
    assert line.endswith("has no such image; build and push it first")


def test_a_bucket_that_may_not_be_written(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    cloud.bucket.denied = ("storage.objects.create",)
    assert "lacks storage.objects.create; give it roles/storage.admin" in refused(capsys, cloud, cloud.flags())


def test_names_of_jobs_that_run(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    cloud.service.jobs.append(Job("1", "test-project", "us-central1", {"name": "taken"}))
    assert main(cloud.flags(job_name="taken")) == UNUSABLE
    assert "--job_name=taken: such a job runs already, 1" in capsys.readouterr().err
    # Beam itself looks for the job to replace until it finds one.
    stream = [*cloud.flags(job_name="other"), "--streaming", "--update"]
    assert main(stream) == UNUSABLE
    assert "--update: no job named other runs in test-project in us-central1" in capsys.readouterr().err


def test_without_credentials(capsys: pytest.CaptureFixture[str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file.json")
    line = refused(capsys, cloud, cloud.flags()[1:])
    assert line.startswith("this machine has no Google credentials: gcloud auth application-default login")


def test_a_job_that_the_service_refuses(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    cloud.service.refusal = 403, "Permission 'dataflow.jobs.create' denied"
    assert main(cloud.flags()) == UNUSABLE
    *_, line = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: the job could not be started: 403")
    assert "dataflow.jobs.create" in line


def finish(cloud: Cloud, state: str = "JOB_STATE_DONE", message: str = "") -> Callable[[Job], Ending]:
    """A machine that writes the summary of a run."""

    def work(job: Job) -> Ending:
        cloud.bucket.put(BUCKET, "out/summary.json", json.dumps(SUMMARY).encode())
        time.sleep(0.2)  # Beam asks for messages only while it waits
        return Ending(state, message=message)

    return work


def test_a_job_that_left_no_summary(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    assert main(cloud.flags()) == FAILED
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"error: the run ended, and gs://{BUCKET}/out holds no summary.json")


@pytest.mark.parametrize(
    ("state", "message", "code", "said"),
    [
        ("FAILED", "Workflow failed. Causes: no quota\nmore", FAILED, "error: Workflow failed. Causes: no quota; what was"),
        ("FAILED", "", FAILED, "error: the job ended as FAILED, and Dataflow does not say why; see https://console"),
        ("CANCELLED", "", STOPPED, "the job was cancelled; what was paid for is kept: go on with --resume"),
    ],
    ids=["failed", "failed in silence", "cancelled"],
)
def test_how_a_job_ended_is_said_in_one_line(
    state: str, message: str, code: int, said: str, capsys: pytest.CaptureFixture[str], cloud: Cloud
) -> None:
    cloud.work = finish(cloud, f"JOB_STATE_{state}", message)
    assert main(cloud.flags()) == code
    printed = capsys.readouterr()
    assert printed.out.startswith("job 2026-11-21_1: https://console.cloud.google.com/dataflow/jobs/us-central1/")
    assert printed.err.splitlines()[-1].startswith(said)


def test_ctrl_c_cancels_the_job_of_a_batch(capsys: pytest.CaptureFixture[str], cloud: Cloud, until: Any) -> None:
    others = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)]

    def work(job: Job) -> Ending:
        # A closed terminal, or a launcher that is taken away, does not concern the job.
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)] == others
        os.kill(os.getpid(), signal.SIGINT)
        until(lambda: bool(cloud.service.requested))
        return Ending()

    cloud.work = work
    assert main(cloud.flags()) == STOPPED
    assert cloud.service.requested == [("2026-11-21_1", "JOB_STATE_CANCELLED")]
    told = capsys.readouterr().err
    assert "go on with --resume" in told
    assert f"not checked: cannot reach the endpoint http://{HOST}:8000/v1" in told


@pytest.mark.parametrize("state", ["JOB_STATE_DRAINED", "JOB_STATE_UPDATED"])
def test_the_end_of_a_stream(state: str, capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    cloud.work = finish(cloud, state)
    code = main([*cloud.flags(), "--streaming"])
    printed = capsys.readouterr()
    if state == "JOB_STATE_UPDATED":
        assert code == STOPPED
        assert "the job was replaced by another version" in printed.err
    else:
        assert code == FAILED  # of nothing read, nothing was accepted
        assert "0 windows closed" in printed.out


def test_ctrl_c_leaves_a_stream_running(capsys: pytest.CaptureFixture[str], cloud: Cloud, until: Any) -> None:
    def work(job: Job) -> Ending:
        os.kill(os.getpid(), signal.SIGINT)
        left.wait(100)
        return Ending()

    left = threading.Event()
    cloud.work = work
    assert main([*cloud.flags(), "--streaming"]) == STOPPED
    left.set()
    assert not cloud.service.requested
    command = "gcloud dataflow jobs drain 2026-11-21_1 --project=test-project --region=us-central1"
    assert f"end it with {command}" in capsys.readouterr().err


def test_a_template_is_written_and_nothing_is_started(capsys: pytest.CaptureFixture[str], cloud: Cloud) -> None:
    template = f"gs://{BUCKET}/templates/qa"
    flags = [*cloud.flags(dataflow_endpoint=None), f"--template_location={template}", "--no_use_public_ips"]
    assert main(flags) == OK
    assert capsys.readouterr().out == f"template: {template}\n"
    assert not cloud.service.jobs
    job = json_format.Parse(cloud.bucket.objects[BUCKET]["templates/qa"], dataflow_v1beta3.Job.pb()())
    [pool] = job.environment.worker_pools
    # Validated and written as for the service itself: no stub is known to it.
    assert pool.kind == "harness"
    assert [image.container_image for image in pool.sdk_harness_container_images] == [cloud.image]
    assert [package.name for package in pool.packages] == ["submission_environment_dependencies.txt"]
    options = json_format.MessageToDict(job.environment.sdk_pipeline_options)["options"]
    assert (options["sdk_location"], options["use_public_ips"]) == ("container", False)
    graph = beam_runner_api_pb2.Pipeline.FromString(
        cloud.bucket.objects[BUCKET][options["pipelineUrl"].partition(f"{BUCKET}/")[2]]
    )
    assert "Synthesize" in {transform.unique_name for transform in graph.components.transforms.values()}


def test_an_endpoint_that_answers_from_here_is_asked(
    capsys: pytest.CaptureFixture[str], cloud: Cloud, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = serve(lambda _: Answer(status=401))
    # Reached under a name that is not this machine's, as in a network of one's own.
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **named: look_up("127.0.0.1" if host in ("gpu-1", b"gpu-1") else host, *rest, **named),
    )
    line = refused(capsys, cloud, cloud.flags(endpoint=endpoint.url.replace("127.0.0.1", "gpu-1")))
    assert "wants an API key" in line


# --- what is derived


def prepared(*flags: str) -> tuple[PipelineConfig, PipelineOptions, list[str]]:
    usual = [
        "--runner=DataflowRunner",
        "--project=p",
        "--region=r",
        "--temp_location=gs://b/t",
        "--input=gs://b/i",
        "--output=gs://b/o",
    ]
    model = [] if any(flag.startswith("--serve_model") for flag in flags) else ["--model=m"]
    config, options = parse([*usual, *model, *flags])
    config, notes = prepare_dataflow(config, options)
    return config, options, notes


def test_the_package_is_staged_where_no_image_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, options, notes = prepared("--endpoint=http://g/v1")
    setup_file = options.view_as(SetupOptions).setup_file
    assert Path(setup_file).name == "setup.py"
    assert "webscale-qa" in Path(setup_file).read_text()
    assert [note for note in notes if "--sdk_container_image" in note]
    setup = options.view_as(SetupOptions)  # what an extra names is not installed with the package
    assert (Path(setup.requirements_file).name, setup.requirements_cache) == ("requirements-crawl.txt", "skip")
    _, options, notes = prepared("--endpoint=http://g/v1", "--sdk_container_image=h.io/p/i:1")
    assert options.view_as(SetupOptions).setup_file is None
    assert options.view_as(SetupOptions).requirements_file is None
    assert not [note for note in notes if "image" in note]


def test_another_package_goes_along_with_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, options, _ = prepared("--endpoint=http://g/v1", "--extra_package=dist/mine-1.0.tar.gz")
    assert Path(options.view_as(SetupOptions).setup_file).name == "setup.py"
    _, options, _ = prepared("--endpoint=http://g/v1", "--extra_package=dist/webscale_qa-0.1.0.tar.gz")
    assert options.view_as(SetupOptions).setup_file is None


def test_a_package_without_its_source_is_not_staged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(dataflow, "SETUP_FILE", tmp_path / "setup.py")
    with pytest.raises(ValueError, match="workers need this package"):
        prepared("--endpoint=http://g/v1")
    # The launcher of a template is not told all that its job is started with.
    _, options, notes = prepared("--endpoint=http://g/v1", "--template_location=gs://b/t/job", "--region=")
    assert options.view_as(SetupOptions).setup_file is None
    assert [note for note in notes if note.startswith("not checked: whether the template is started with an image")]


@pytest.mark.parametrize(
    ("flags", "workers", "processes"),
    [
        (["--endpoint=http://g/v1"], 2, 4),
        (["--endpoint=http://g/v1", "--concurrency=1024"], 2, 4),
        (["--endpoint=http://g/v1,http://h/v1", "--concurrency=1024"], 4, 8),
        (["--endpoint=http://g/v1", "--concurrency=1024", "--machine_type=n2-standard-8"], 2, 16),
        (["--endpoint=http://g/v1", "--max_num_workers=10"], 10, 20),
        (["--endpoint=http://g/v1", "--max_num_workers=10", "--experiments=no_use_multiple_sdk_containers"], 10, 10),
        (["--endpoint=http://g/v1", "--max_num_workers=10", "--worker_processes=7"], 10, 7),
        (["--endpoint=http://g/v1", "--machine_type=a2-highgpu-1g"], 2, 2),
    ],
)
def test_workers_are_tied_to_the_slots_of_the_endpoints(
    flags: list[str], workers: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    config, options, notes = prepared(*flags)
    found = options.view_as(WorkerOptions)
    assert (found.num_workers, found.max_num_workers, config.worker_processes) == (workers, workers, processes)
    # What nobody chose is not kept for a replay, which may run elsewhere.
    assert ("worker_processes" in config.given()) == ("--worker_processes=7" in flags)
    assert any("--max_num_workers" in note for note in notes) != any("--max_num_workers" in flag for flag in flags)


@pytest.mark.parametrize(("more", "told"), [((), True), (("--max_num_workers=4",), False)])
def test_nobody_chose_how_many_gpus(more: tuple[str, ...], told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, options, notes = prepared("--serve_model=m", "--sdk_container_image=h.io/p/i:1", *more)
    assert any("no --max_num_workers: Dataflow chooses" in note for note in notes) == told
    assert bool(options.view_as(WorkerOptions).max_num_workers) != told


@pytest.mark.parametrize(
    "subnetwork",
    [
        "regions/r/subnetworks/s",
        "projects/p/regions/r/subnetworks/s",
        "https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/s",
    ],
)
def test_ways_to_write_a_subnetwork(subnetwork: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    _, options, _ = prepared("--endpoint=http://g/v1", f"--subnetwork={subnetwork}", "--worker_zone=r-a")
    assert options.view_as(WorkerOptions).subnetwork == subnetwork


@pytest.mark.parametrize(
    ("machine", "cores"),
    [
        ("n1-standard-1", 1),
        ("e2-highcpu-16", 16),
        ("n2-custom-6-20480", 6),
        ("custom-4-8192", 4),
        ("n2-custom-6-20480-ext", 6),
        ("c3-standard-88-lssd", 88),
        ("a2-highgpu-1g", None),
        ("e2-medium", None),
        ("zones/us-central1-a/machineTypes/n1-standard-1", None),
        ("", None),
    ],
)
def test_cores_of_a_machine(machine: str, cores: int | None) -> None:
    assert cores_of(machine) == cores


@settings(max_examples=50)
@given(st.integers(0, 2000), st.integers(1, 30), st.integers(1, 16))
def test_the_ceiling_of_all_workers_together_is_never_above_that_of_the_option(concurrency: int, most: int, cores: int) -> None:
    flags = [f"--concurrency={concurrency}", f"--max_num_workers={most}", f"--machine_type=n1-standard-{cores}"]
    config, options = parse(["--input=gs://b/i", "--output=gs://b/o", "--endpoint=http://g/v1", "--model=m", *flags])
    try:
        sized, _ = size_workers(config, options)
    except ValueError as error:
        assert 0 < concurrency < most * cores
        fewer = int(re.findall(r"--max_num_workers (\d+)", str(error))[0])
        assert fewer * cores <= concurrency or fewer == 1
    else:
        assert sized.worker_processes == most * cores
        assert concurrency == 0 or concurrency // sized.worker_processes >= 1


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:1/v1", True),
        ("http://LOCALHOST./v1", True),
        ("http://a.localhost/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://0.0.0.0:1/v1", True),
        ("http://[::1]/v1", True),
        ("http://10.0.0.1/v1", False),
        ("http://localhost.example.com/v1", False),
        ("https://gpu-0/v1", False),
    ],
)
def test_what_is_the_machine_itself(url: str, loopback: bool) -> None:
    assert is_loopback(url) == loopback


def test_a_token_of_google_goes_to_googles_registries_alone(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> None:
    monkeypatch.setattr(cloud_checks, "_access_token", lambda options: "token")
    options = PipelineOptions([f"--sdk_container_image={cloud.image}"])
    assert not list(cloud_checks.check_image(options))
    [(method, path, authorization)] = cloud.bucket.asked
    assert (method, path, authorization) == ("HEAD", "/v2/test-project/images/qa/manifests/1", "")
    assert cloud_checks.GOOGLE_REGISTRY.fullmatch("us-central1-docker.pkg.dev")
    assert cloud_checks.GOOGLE_REGISTRY.fullmatch("eu.gcr.io")
    for other in ("evil-docker.pkg.dev.example.com", "docker.pkg.dev.evil.com", "xgcr.io", "a.b.gcr.io"):
        assert not cloud_checks.GOOGLE_REGISTRY.fullmatch(other)
