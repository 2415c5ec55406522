"""The serving recipes are what Kubernetes, Compose and the pipeline expect, and agree with each other."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from beam_pipeline.options.config import SOLVER_MAX_TOKENS, PipelineConfig
from tests.places import ROOT

SERVING = ROOT / "templates" / "serving"
# Newest that the GKE channels had, and newest that the tool knows.
KUBERNETES = "1.35"
MANIFESTS = sorted(SERVING.glob("gke-*.yaml"))
CLOUD_RUN = sorted(SERVING.glob("cloudrun-*.yaml"))
# What no recipe may lack; its name in vLLM and in SGLang.
CONTEXT, SLOTS = ("--max-model-len", "--context-length"), ("--max-num-seqs", "--max-running-requests")
NEEDED = {
    "vllm": {
        "--enable-prefix-caching": None,
        "--enable-prompt-tokens-details": None,
        "--structured-outputs-config": '{"backend":"guidance","disable_any_whitespace":true}',
        "--generation-config": "vllm",
    },
    "sglang": {
        "--enable-cache-report": None,
        "--constrained-json-disable-any-whitespace": None,
        "--sampling-defaults": "openai",
        "--enable-metrics": None,
    },
}


def documents(path: Path) -> dict[str, Any]:
    """The parts of a manifest, by kind."""
    return {part["kind"]: part for part in yaml.safe_load_all(path.read_text("utf-8"))}


def pod(path: Path) -> dict[str, Any]:
    parts = documents(path)
    found = (parts.get("StatefulSet") or parts["Service"])["spec"]["template"]["spec"]
    assert isinstance(found, dict)
    return found


def compose() -> dict[str, Any]:
    services = yaml.safe_load((SERVING / "compose.yaml").read_text("utf-8"))["services"]
    assert isinstance(services, dict)
    return services


def containers() -> dict[str, tuple[str, dict[str, Any]]]:
    """Every server of the recipes by the place it is written, with its kind."""
    found = {f"compose/{name}": (name, service) for name, service in compose().items()}
    return found | {path.stem: (path.stem.partition("-")[2], pod(path)["containers"][0]) for path in (*MANIFESTS, *CLOUD_RUN)}


def flags(container: dict[str, Any]) -> dict[str, str | None]:
    """The server's flags with their values, whether they stand in a list or in a line for a shell."""
    words = container.get("args") or container["command"]
    if "-c" in (container.get("entrypoint") or container.get("command") or []):
        words = shlex.split(words[0])
    found: dict[str, str | None] = {}
    for number, word in enumerate(words):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            after = words[number + 1 : number + 2]
            found[name] = value if equals else after[0] if after and not after[0].startswith("--") else None
    return found


def number(text: str | None) -> int:
    """A flag's number; of Compose's `${NAME:-DEFAULT}` the default."""
    return int(re.sub(r"^\$\{\w+:-(\d+)\}$", r"\1", text or ""))


def test_compose_is_what_its_schema_says() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", SERVING / "compose.yaml"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_the_manifests_are_what_kubernetes_says(path: Path) -> None:
    parts = documents(path)
    monitoring = parts.pop("PodMonitoring")  # of Google's own kind: looked at below
    assert parts.keys() == {"Service", "StatefulSet", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    for part in parts.values():
        kubernetes_validate.validate(part, KUBERNETES, strict=True)
    labels = parts["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    ports = {port["name"] for port in pod(path)["containers"][0]["ports"]}
    assert monitoring["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert {endpoint["port"] for endpoint in monitoring["spec"]["endpoints"]} <= ports


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_every_replica_has_an_address_and_the_autoscaler_finds_them(path: Path) -> None:
    parts = documents(path)
    service, replicas, scaler = (parts[kind] for kind in ("Service", "StatefulSet", "HorizontalPodAutoscaler"))
    assert service["spec"]["clusterIP"] == "None"
    assert replicas["spec"]["serviceName"] == service["metadata"]["name"]
    labels = replicas["spec"]["template"]["metadata"]["labels"]
    for selector in (
        service["spec"]["selector"],
        *(parts[kind]["spec"]["selector"]["matchLabels"] for kind in ("StatefulSet", "PodDisruptionBudget")),
    ):
        assert selector.items() <= labels.items()
    target = scaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("StatefulSet", replicas["metadata"]["name"])
    assert "replicas" not in replicas["spec"], "would undo what the autoscaler chose"
    metrics = {metric["pods"]["metric"]["name"]: metric["pods"]["target"]["averageValue"] for metric in scaler["spec"]["metrics"]}
    waiting, running = metrics
    assert re.fullmatch(r"prometheus\.googleapis\.com\|\w+:num_\w*(waiting|queue)\w*\|gauge", waiting)
    slots = next(flags(pod(path)["containers"][0])[name] for name in SLOTS if name in flags(pod(path)["containers"][0]))
    assert number(slots) / 2 < int(metrics[running]) < number(slots)


@pytest.mark.parametrize("path", CLOUD_RUN, ids=lambda path: path.stem)
def test_a_cloud_run_service_is_one_replica(path: Path) -> None:
    service = documents(path)["Service"]
    template = service["spec"]["template"]
    # What Cloud Run adds to a pod is left out; the rest is Kubernetes' own.
    own = {key: value for key, value in template["spec"].items() if key not in ("containerConcurrency", "timeoutSeconds")}
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": own}, KUBERNETES, strict=True
    )
    annotations = {**service["metadata"]["annotations"], **template["metadata"]["annotations"]}
    assert all(isinstance(value, str) for value in annotations.values()), "Cloud Run refuses numbers and booleans there"
    assert annotations["autoscaling.knative.dev/maxScale"] == "1"
    given = flags(own["containers"][0])
    assert template["spec"]["containerConcurrency"] == number(next(given[name] for name in SLOTS if name in given))
    assert template["spec"]["timeoutSeconds"] >= PipelineConfig.model_fields["request_timeout_s"].default
    assert own["containers"][0]["ports"][0]["containerPort"] == number(given["--port"])


@pytest.mark.parametrize("place", containers())
def test_a_server_has_the_flags_that_the_pipeline_needs(place: str) -> None:
    kind, container = containers()[place]
    given = flags(container)
    assert NEEDED[kind].items() <= given.items()
    if kind == "vllm":
        assert json.loads(given["--structured-outputs-config"] or "")["disable_any_whitespace"] is True
    context = number(next(given[name] for name in CONTEXT if name in given))
    # Tokenizers differ by half; exemplars, personas and rules take some 1,500 tokens.
    longest = PipelineConfig.model_fields["max_document_tokens"].default * 1.5 + 1500 + SOLVER_MAX_TOKENS
    assert context >= longest
    # Recipes that name their GPU, an L4, have the slots that the sizing page says; one machine's GPUs are its owner's.
    [slots] = re.findall(r"so `--max-num-seqs (\d+)` there", (SERVING / "SIZING.md").read_text("utf-8"))
    wanted = 256 if place.startswith("compose/") else int(slots)
    assert number(next(given[name] for name in SLOTS if name in given)) == wanted


@pytest.mark.parametrize("place", containers())
def test_no_key_stands_in_a_recipe(place: str) -> None:
    _, container = containers()[place]
    environment = container.get("env") or container.get("environment")
    if isinstance(environment, dict):
        assert all(re.match(r"\$\{\w+:[?-]", value) for value in environment.values())
    else:
        secrets = [entry for entry in environment if entry["name"].endswith(("KEY", "TOKEN"))]
        assert secrets and all("secretKeyRef" in entry["valueFrom"] for entry in secrets)
    assert flags(container).get("--api-key") in (None, "$(SERVER_API_KEY)", "$SERVER_API_KEY", "$$SERVER_API_KEY")


def test_all_recipes_serve_the_same_versions() -> None:
    images = {container["image"] for _, container in containers().values()}
    versions = {name: version for name, _, version in (image.partition(":") for image in images)}
    assert len(images) == len(versions) == 2 and all(re.fullmatch(r"v\d+\.\d+\.\d+", version) for version in versions.values())
    dockerfile = (ROOT / "templates" / "Dockerfile").read_text("utf-8")
    assert f"vllm=={versions['vllm/vllm-openai'].removeprefix('v')} " in dockerfile


def test_the_page_explains_every_flag_that_is_needed() -> None:
    page = (SERVING / "README.md").read_text("utf-8")
    for name in (*NEEDED["vllm"], *NEEDED["sglang"], *CONTEXT, *SLOTS):
        assert f"`{name}" in page, name
