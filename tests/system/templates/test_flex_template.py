"""The Flex Template: what Dataflow is told of the options, the image that launches and works, the scripts to build and run it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.cloud import dataflow_v1beta3
from google.cloud.dataflow_v1beta3 import ContainerSpec, TemplateMetadata
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from beam_pipeline.options import describe
from beam_pipeline.options.command_line import OPTIONS, parse
from beam_pipeline.options.values import OptionError
from templates.pin import REQUIREMENTS
from tests.places import ROOT

TEMPLATES = ROOT / "templates"
BIN = Path(sys.executable).parent
NEEDED = {"input": "gs://bucket/*.jsonl", "output": "gs://bucket/out"}
IMAGE = "europe-west4-docker.pkg.dev/project/repository/webscale-qa"
DIGEST = f"{IMAGE}@sha256:{'0123456789abcdef' * 4}"
METADATA = describe.metadata()
PARAMETERS = {parameter["name"]: parameter for parameter in METADATA["parameters"]}

# What an option would say if it could: a value that is not its default.
SAID = {
    "input_subscription": "projects/p/subscriptions/s",
    "output_topic": "projects/p/topics/t",
    "event_time": "field:date",
    "domains_mode": "replace",
    "exemplars_mode": "replace",
    "embedding_endpoint": "http://gpu:8000/v1",
    "endpoint_keys": "http://gpu:8000/v1=env:KEY",
    "round_trip_endpoint": "http://gpu:8000/v1",
}


def options(parameters: dict[str, str]) -> dict[str, Any]:
    """The options of a run that the launcher starts with these parameters; it writes each as --name=value."""
    return parse([f"--{name}={value}" for name, value in {**NEEDED, **parameters}.items()])[0].flat()


# What Dataflow is told of the options


def test_the_parameters_are_the_options_and_beams_own_switch() -> None:
    names = [parameter["name"] for parameter in METADATA["parameters"]]
    assert [name for name in names if name != "streaming"] == list(OPTIONS)
    assert len(names) == len(OPTIONS) + 1 == len(PARAMETERS)
    assert [name for name in names if not PARAMETERS[name]["isOptional"]] == ["output"]


def test_the_metadata_is_what_the_service_publishes() -> None:
    """Dataflow's own message knows every key and every value of it: unknown ones raise."""
    read = TemplateMetadata.from_json(json.dumps(METADATA), ignore_unknown_fields=False)
    assert len(read.parameters) == len(PARAMETERS)
    assert read.streaming and read.supports_exactly_once and not read.supports_at_least_once
    assert not read.default_streaming_mode, "only for templates that support both modes"
    for parameter in read.parameters:
        assert parameter.label and parameter.help_text and parameter.param_type, parameter.name
        assert bool(parameter.enum_options) == (parameter.param_type == dataflow_v1beta3.ParameterType.ENUM), parameter.name
        assert parameter.group_name, parameter.name


def test_the_defaults_that_a_form_fills_in_are_the_defaults() -> None:
    assert options({name: p["defaultValue"] for name, p in PARAMETERS.items() if "defaultValue" in p}) == options({})


@pytest.mark.parametrize("name", [name for name in PARAMETERS if "parentName" in PARAMETERS[name]])
def test_a_form_hides_what_would_be_refused(name: str) -> None:
    """An option that a form shows only with another one is one that a run without that one refuses."""
    parent, triggers = PARAMETERS[name]["parentName"], PARAMETERS[name].get("parentTriggerValues", [])
    assert PARAMETERS[parent].get("defaultValue", "") not in triggers
    value = SAID.get(name) or ("2" if PARAMETERS[name]["paramType"] == "NUMBER" else "other")
    if PARAMETERS[name]["paramType"] == "NUMBER" and "similarity" in name:
        value = "0.5"
    with pytest.raises(OptionError):
        options({name: value})
    for trigger in triggers:
        if parent != "streaming":
            assert options({parent: trigger})[parent] is not None


def test_what_the_service_checks_fits_the_defaults_and_not_nonsense() -> None:
    patterns = {name: parameter["regexes"] for name, parameter in PARAMETERS.items() if "regexes" in parameter}
    assert len(patterns) > 50 and all(len(each) == 1 for each in patterns.values())
    wrong = [
        name
        for name, (pattern,) in patterns.items()
        if not re.fullmatch(pattern, PARAMETERS[name].get("defaultValue") or _example(name))
        or re.fullmatch(pattern, " ")
        or re.fullmatch(pattern, "not\nthis")
    ]
    assert wrong == []


def _example(name: str) -> str:
    examples = {
        "NUMBER": "2",
        "TEXT": "KEY",
        "GCS_READ_FILE": "gs://b/{a,b}.jsonl",
        "GCS_READ_FOLDER": "gs://b/in",
        "GCS_WRITE_FOLDER": "gs://b/out",
    }
    examples["BIGQUERY_TABLE"] = "some-project:dataset.table"
    own = {"session_header": "x-session-id", "serve_accelerator": "nvidia-l4:2"}
    if name.endswith("_secret"):
        return "projects/p/secrets/s/versions/latest"
    endpoint = "http://gpu-0:8000/v1,https://gateway/team/v1/" if name.endswith("endpoint") else ""
    return own.get(name) or SAID.get(name) or endpoint or examples[PARAMETERS[name]["paramType"]]


@pytest.mark.parametrize("url", ["gpu:8000/v1", "http://gpu:8000", "http://user:word@gpu/v1", "http://a/v1;http://b/v1"])
def test_a_launch_with_a_wrong_endpoint_is_refused_before_a_machine_starts(url: str) -> None:
    assert not re.fullmatch(PARAMETERS["endpoint"]["regexes"][0], url)


@given(st.floats(min_value=0, max_value=1e9), st.sampled_from(["{:g}", "{:f}", "{!r}"]))
def test_any_way_to_write_a_number_is_let_through(number: float, form: str) -> None:
    assert re.fullmatch(PARAMETERS["price_in"]["regexes"][0], form.format(number))


def test_switches_of_beam_are_read_as_the_launcher_writes_them() -> None:
    watched = {"streaming": "true", "runner": "PrismRunner"}
    assert parse([f"--{name}={value}" for name, value in {**NEEDED, **watched}.items()])[0].streaming
    assert not parse([f"--{name}={value}" for name, value in {**NEEDED, "streaming": "False"}.items()])[0].streaming
    with pytest.raises(OptionError, match="--streaming: must be true or false"):
        options({"streaming": "maybe"})


# The image


def dockerfile() -> str:
    return (TEMPLATES / "Dockerfile").read_text("utf-8")


def instructions(name: str) -> list[str]:
    """What follows each instruction of that name, lines joined, comments left out."""
    text = "\n".join(line for line in dockerfile().splitlines() if not line.startswith("#"))
    return [match[1] for match in re.finditer(rf"^{name} ((?:.*\\\n)*.*)$", text, re.MULTILINE)]


def test_the_dockerfile_has_nothing_that_a_linter_minds() -> None:
    done = subprocess.run([BIN / "hadolint", TEMPLATES / "Dockerfile"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_versions_of_the_image_belong_together() -> None:
    beam = re.search(r"^apache-beam\[gcp\]==(.+)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    sdk = re.search(r"apache/beam_python([\d.]+)_sdk:([\d.]+)", dockerfile())
    assert beam and sdk and sdk[2] == beam[1]
    pythons = set(re.findall(r"python:(\d+\.\d+)\.\d+-slim", dockerfile()))
    launchers = {f"{found[0]}.{found[1:]}" for found in re.findall(r"python(\d+)-template-launcher-base:\d+", dockerfile())}
    pinned_for = re.search(r"for Python ([\d.]+):", (TEMPLATES / "constraints.txt").read_text("utf-8"))
    assert pinned_for and pythons == launchers == {sdk[1]} == {pinned_for[1]}
    supported = re.search(r'requires-python = "(.+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert supported and sdk[1] in SpecifierSet(supported[1])
    assert f"/python{sdk[1]}/" in dockerfile()
    stages = {line.partition(" AS ")[2] for line in instructions("FROM")}
    for name in [line.partition(" AS ")[0] for line in instructions("FROM")]:
        assert re.search(r":[\w.-]*\d", name) or name in stages, f"{name} has no version"


def test_every_package_of_the_image_is_pinned_to_what_the_requirements_allow() -> None:
    lines = (TEMPLATES / "constraints.txt").read_text("utf-8").splitlines()[1:]
    pinned = {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}
    listed = [line for name in REQUIREMENTS for line in (ROOT / name).read_text("utf-8").splitlines()]
    required = [line for line in listed if line[:1] not in ("", "#")]
    assert required
    for line in required:
        requirement = Requirement(line)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version and version in requirement.specifier, f"{line} is pinned to {version}: run templates/pin.py"
    assert len(pinned) == len(lines) > 2 * len(required)


def test_what_the_image_copies_is_there_and_sent_to_the_builder() -> None:
    kept = [line[1:] for line in (TEMPLATES / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    copied = [path for line in instructions("COPY") if not line.startswith("--from") for path in line.split()[:-1]]
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / path).exists() for path in copied)
    assert {"prompts", "transforms", "beam_pipeline", "templates/launch.py"} <= set(copied)


def test_a_container_of_the_image_fetches_nothing() -> None:
    """Its environment says so, and its own test runs the pipeline without a network."""
    (environment,) = [line for line in instructions("ENV") if "FLEX_TEMPLATE" in line]
    for setting in ("TIKTOKEN_CACHE_DIR=/opt/tokenizers", "RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1", "PIP_NO_INDEX=1"):
        assert setting in environment
    assert "FLEX_TEMPLATE_PYTHON_PY_FILE=/template/launch.py" in environment
    assert "REQUIREMENTS_FILE" not in dockerfile() and "SETUP_FILE" not in dockerfile()
    (tried,) = [line for line in instructions("RUN") if line.startswith("--network=none")]
    assert "launch.py --demo --output" in tried
    assert instructions("ENTRYPOINT") == ['["/opt/apache/beam/boot"]']


def test_the_launched_file_runs_the_installed_package(tmp_path: Path) -> None:
    shutil.copy(TEMPLATES / "launch.py", tmp_path)
    done = subprocess.run(
        [sys.executable, tmp_path / "launch.py", "--output", str(tmp_path / "out")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: --input is missing")


# The scripts


@pytest.fixture
def gcloud(tmp_path: Path) -> Callable[..., tuple[subprocess.CompletedProcess[str], list[list[str]]]]:
    """Run a script with commands of the cloud that only write down what they are asked, and copy files."""
    bin_folder, log, bucket = tmp_path / "bin", tmp_path / "log", tmp_path / "bucket"
    bin_folder.mkdir()
    bucket.mkdir()
    for name in ("gcloud", "docker"):
        (bin_folder / name).write_text(
            '#!/usr/bin/env bash\n{ printf "%s\\0" "${0##*/}" "$@"; printf "\\n"; } >>"$LOG"\n'
            f'case "$*" in *"images describe"*) echo "{DIGEST}" ;; *"storage cp"*) cp "${{@: -2:1}}" "$BUCKET" ;; esac\n'
        )
        (bin_folder / name).chmod(0o755)

    def run(script: str, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[list[str]]]:
        environment = {
            **os.environ,
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "LOG": str(log),
            "BUCKET": str(bucket / "copied"),
        }
        done = subprocess.run(
            [TEMPLATES / script, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        calls = [line.split("\0")[:-1] for line in log.read_text().split("\n")[:-1]] if log.exists() else []
        return done, calls

    return run


def test_the_scripts_have_nothing_that_a_linter_minds() -> None:
    scripts = sorted(TEMPLATES.rglob("*.sh"))
    assert {script.name for script in scripts} >= {"build.sh", "run.sh"}
    done = subprocess.run([BIN / "shellcheck", "--severity=style", *scripts], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_cloud_build_does_what_the_build_script_does() -> None:
    file = TEMPLATES / "cloudbuild.yaml"
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.cloudbuild", file], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout
    text = file.read_text("utf-8")
    assert {"_IMAGE", "_TEMPLATE", "_TARGET"} == set(re.findall(r"^  (_[A-Z]+):", text, re.MULTILINE))
    assert text.index("--target=test") < text.index("--tag=$_IMAGE") < text.index("args: [push") < text.index("--how, spec")


def test_the_template_names_its_image_by_digest_for_launcher_and_workers(gcloud: Callable[..., Any], tmp_path: Path) -> None:
    done, calls = gcloud("build.sh", "--how", "local", "--image", f"{IMAGE}:1.2", "--template", "gs://bucket/qa.json")
    assert done.returncode == 0, done.stderr
    assert [call[:2] for call in calls] == [
        *(["docker", "build"], ["docker", "build"], ["docker", "push"]),
        *(["gcloud", "artifacts"], ["gcloud", "storage"]),
    ]
    assert calls[0][-2] == "test" and calls[-1][-1] == "gs://bucket/qa.json"
    written = (tmp_path / "bucket" / "copied").read_text("utf-8")
    spec = ContainerSpec.from_json(written, ignore_unknown_fields=False)
    assert spec.image == spec.default_environment.sdk_container_image == DIGEST
    assert spec.sdk_info.language.name == "PYTHON"
    # What gcloud's own builder would drop.
    assert json.loads(written)["metadata"] == METADATA


@pytest.mark.parametrize("how", ["cloud", "local", "spec"])
def test_a_dry_build_shows_the_template_and_does_nothing(how: str, gcloud: Callable[..., Any]) -> None:
    done, calls = gcloud("build.sh", "--dry-run", "--how", how, "--image", f"{IMAGE}:1.2", "--template", "gs://b/qa.json")
    assert not calls
    assert ContainerSpec.from_json(done.stdout, ignore_unknown_fields=False).image == f"{IMAGE}:1.2"


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("build.sh", "--template gs://b/t.json", "--image must be"),
        ("build.sh", """--image 'x/y:1","metadata":' --template gs://b/t.json""", "--image must be"),
        ("build.sh", f"--image {IMAGE}:1 --template t.json", "--template must be"),
        ("build.sh", f"--image {IMAGE}:1 --template gs://b/a,b.json", "--template must be"),
        ("build.sh", f"--image {IMAGE}:1 --template gs://b/t.json --target all", "--target must be"),
        ("build.sh", "--image", "--image needs a value"),
        ("build.sh", "--fast", "unknown option --fast"),
        ("run.sh", "--template gs://b/t.json --name a --region r", "options are missing"),
        ("run.sh", "--template gs://b/t.json --name A_b --region r -- --input=x", "--name must be"),
        ("run.sh", "--template gs://b/t.json --name a -- --input=x", "--region is missing"),
        ("run.sh", "--template gs://b/t.json --name --region r", "--name needs a value"),
        ("run.sh", "--template gs://b/t.json --name a --region r -- input=x", "write --flag=value"),
        ("run.sh", "--input=x", "follow a bare --"),
    ],
)
def test_a_script_refuses_in_one_line(gcloud: Callable[..., Any], script: str, arguments: str, message: str) -> None:
    done, calls = gcloud(script, *shlex.split(arguments))
    assert done.returncode == 2 and not calls
    assert message in done.stderr and done.stderr.count("\n") == 1


LAUNCH = ("--template", "gs://bucket/qa.json", "--name", "qa-1", "--region", "europe-west4", "--project", "project")
AWKWARD = (
    *(
        "--input=gs://bucket/{a,b}/*.jsonl",
        "--output=gs://bucket/out",
        "--endpoint=http://a:8000/v1",
        "--endpoint=http://b:8000/v1",
    ),
    *(
        "--model=Qwen/Qwen3-32B",
        "--round_trip",
        '--extra_body={"top_p": 0.9, "stop": "a=b"}',
        "--domain_shares=math=0.3,coding=20%",
    ),
)


def started_with(parameters: dict[str, str]) -> dict[str, Any]:
    return parse([f"--{name}={value}" for name, value in parameters.items()])[0].flat()


def test_a_job_gets_the_options_that_were_given(gcloud: Callable[..., Any]) -> None:
    done, calls = gcloud("run.sh", *LAUNCH, "--private", "--max-workers", "4", "--", *AWKWARD)
    assert done.returncode == 0, done.stderr
    (call,) = calls
    assert call[:5] == ["gcloud", "dataflow", "flex-template", "run", "qa-1"]
    assert {"--disable-public-ips", "--max-workers=4", "--project=project"} <= set(call)
    given = [word.removeprefix("--parameters=^|,|^") for word in call if word.startswith("--parameters=")]
    assert started_with(dict(word.split("=", 1) for word in given)) == parse(AWKWARD)[0].flat()
    assert "--enable-streaming-engine" not in call


class _Launches(BaseHTTPRequestHandler):
    """Dataflow's launch of a Flex Template, as far as gcloud needs an answer."""

    bodies: list[Any]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).bodies.append((self.path, body))
        reply = json.dumps({"job": {"id": "2026-11-21_job", "projectId": "project", "location": "europe-west4"}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def dataflow() -> Iterator[tuple[str, list[Any]]]:
    """An address that takes launches, and what it was asked."""
    handler = type("Launches", (_Launches,), {"bodies": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", handler.bodies
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(not shutil.which("gcloud"), reason="gcloud is not installed here")
def test_gcloud_sends_dataflow_those_options(dataflow: tuple[str, list[Any]], tmp_path: Path) -> None:
    address, bodies = dataflow
    settings = {
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_DATAFLOW": address,
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CONFIG": str(tmp_path),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
    }
    done = subprocess.run(
        [
            TEMPLATES / "run.sh",
            *LAUNCH,
            "--staging",
            "gs://bucket/x/",
            "--service-account",
            "worker@project.iam.gserviceaccount.com",
            "--labels",
            "team=qa",
            "--",
            *AWKWARD,
        ],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    ((path, body),) = bodies
    assert path.partition("?")[0].endswith("/projects/project/locations/europe-west4/flexTemplates:launch")
    launch = dataflow_v1beta3.LaunchFlexTemplateParameter.from_json(
        json.dumps({key: value for key, value in body["launchParameter"].items()}), ignore_unknown_fields=False
    )
    assert launch.container_spec_gcs_path == "gs://bucket/qa.json" and launch.job_name == "qa-1"
    environment = launch.environment
    assert environment.service_account_email == "worker@project.iam.gserviceaccount.com" and dict(
        environment.additional_user_labels
    ) == {"team": "qa"}
    assert (environment.staging_location, environment.temp_location) == ("gs://bucket/x/staging", "gs://bucket/x/temp")
    assert started_with(dict(launch.parameters)) == parse(AWKWARD)[0].flat()
    assert launch.parameters.keys() <= PARAMETERS.keys()
