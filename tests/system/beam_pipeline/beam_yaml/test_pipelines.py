"""Pipelines of Beam YAML that name the stages."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK
from beam_pipeline.export.command import main as export
from beam_pipeline.main import main
from beam_pipeline.report.write import main as report
from tests.places import ROOT, SAMPLE

ROOM = ROOT / "beam_pipeline" / "beam_yaml"
REASON = "Beam YAML: pip install 'apache-beam[yaml]==2.77.0'"
pytestmark = pytest.mark.integration


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted((folder / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with DemoEndpoint.start() as started:
        yield started.url


@pytest.fixture
def beam_yaml() -> Any:
    """Beam YAML's own command."""
    for name in ("jinja2", "pandas", "docstring_parser", "jsonschema"):
        pytest.importorskip(name, reason=REASON)
    from apache_beam.yaml import main as command

    return command


def run_file(command: Any, path: Path, **variables: Any) -> None:
    command.run([f"--yaml_pipeline_file={path}", "--runner=FnApiRunner", f"--jinja_variables={json.dumps(variables)}"])


def run_steps(command: Any, folder: Path, steps: str) -> None:
    """A pipeline of transforms with names of their own."""
    text = f"pipeline:\n  transforms:\n{steps}\nproviders:\n  - include: {ROOM / 'providers.yaml'}\n"
    (folder / "pipeline.yaml").write_text(text, "utf-8")
    command.run([f"--yaml_pipeline_file={folder / 'pipeline.yaml'}", "--runner=FnApiRunner"])


def chain(*stages: str, **configs: str) -> str:
    """Steps in a row, each with the config that is named for it."""
    names = [stage.rpartition("/")[2] for stage in stages]
    parts = []
    for before, name in zip([None, *names], names, strict=False):
        config = configs.get(name, "{}")
        parts.append(f"    - {{type: {name}, name: {name}, {f'input: {before}, ' if before else ''}config: {config}}}")
    return "\n".join(parts)


def test_the_listing_names_what_is_there() -> None:
    [provider] = yaml.safe_load((ROOM / "providers.yaml").read_text("utf-8"))
    assert provider["type"] == "python"
    for name, place in provider["transforms"].items():
        module, _, function = place.rpartition(".")
        made = getattr(importlib.import_module(module), function)
        assert made.__doc__, name
        assert function == "".join(f"_{c.lower()}" if c.isupper() else c for c in name.replace("QA", "Qa")).strip("_")


@pytest.mark.filterwarnings("ignore")
def test_the_example_gives_the_pairs_of_a_run_and_opens_as_one(beam_yaml: Any, endpoint: str, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run_file(beam_yaml, ROOM / "example.yaml", INPUT=str(SAMPLE), OUTPUT=str(output), ENDPOINT=endpoint, MODEL="demo-rules")
    summary = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["balanced"] and summary["pairs"] == len(rows(output, "qa")) > 50
    assert list(summary["stages"]) == ["read", "screen", "filter", "classify", "synthesize", "check", "verify", "deduplicate"]
    usual = ["--demo", f"--input={SAMPLE}", f"--output={tmp_path / 'run'}", "--repairs=0"]
    assert main(usual) == OK
    for kind in ("qa", "rejected"):
        ids = [sorted(str(row.get("id") or row["item"]) for row in rows(folder, kind)) for folder in (output, tmp_path / "run")]
        assert ids[0] == ids[1]
    assert list((output / "journal").glob("*.jsonl"))
    assert report([str(output)]) == OK and "check" in (output / "report.html").read_text("utf-8")
    assert export([str(output), "--format=trl", f"--to={tmp_path / 'trl'}", "--allow_demo"]) == OK


EVERY = (
    *("ReadDocuments", "ScreenDocuments", "FilterDocuments", "ClassifyDocuments", "SynthesizeQA", "CheckQA", "RepairQA"),
    *("OwnStage", "VerifyQA", "AskBackQA", "RoundTripQA", "DeduplicateQA", "DecontaminateQA", "MixQA", "MeasurePassRate"),
)


@pytest.mark.filterwarnings("ignore")
def test_every_stage_has_a_name_and_an_options_file_serves_all(beam_yaml: Any, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "benchmark.jsonl").write_text('{"question": "Who?", "answer": "Nobody"}\n', "utf-8")
    (tmp_path / "run.yaml").write_text(
        f"input: {SAMPLE}\nendpoint: {endpoint}\nmodel: demo-rules\nrepairs: 1\nround_trip: true\n"
        f"benchmarks: {tmp_path / 'benchmark.jsonl'}\nmax_pairs_per_document: 2\npass_rate_samples: 2\n",
        "utf-8",
    )
    common = f"{{options: {tmp_path / 'run.yaml'}}}"
    own = "{stage: 'beam_pipeline.sample.stage_between:keep_figures after repair'}"
    configs = dict.fromkeys(EVERY, common) | {"OwnStage": own}
    steps = (
        chain(*EVERY, **configs)
        + f"""
    - {{type: WriteRun, input: MeasurePassRate, config: {{output: {tmp_path / "out"}, output_format: parquet}}}}
    - {{type: PairsToRows, name: Rows, input: MeasurePassRate}}
    - {{type: WriteToJson, input: Rows, config: {{path: {tmp_path / "rows"}}}}}
"""
    )
    run_steps(beam_yaml, tmp_path, steps)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["balanced"] and summary["pairs"] > 5
    assert len(summary["stages"]) == len(EVERY) and list(summary["stages"])[7] == "keep_figures"
    assert summary["reasons"]["keep_figures/no_figure"] > 5 and summary["reasons"]["mix/document_cap"] > 0
    assert list((tmp_path / "out" / "qa").glob("*.parquet"))
    written = [json.loads(line) for path in tmp_path.glob("rows*") for line in path.read_text("utf-8").splitlines()]
    assert len(written) == summary["pairs"] and {"question", "answer", "persona"} <= set(written[0])


@pytest.mark.filterwarnings("ignore")
def test_what_does_not_pass_can_go_elsewhere(beam_yaml: Any, tmp_path: Path) -> None:
    bad = tmp_path / "documents.jsonl"
    bad.write_text(SAMPLE.read_text("utf-8") + "{broken\n", "utf-8")
    steps = f"""
    - {{type: ReadDocuments, name: Read, config: {{input: {bad}, error_handling: {{output: lost}}}}}}
    - {{type: ScreenDocuments, name: Screen, input: Read, config: {{error_handling: {{output: lost}}}}}}
    - {{type: Flatten, name: Lost, input: [Read.lost, Screen.lost]}}
    - {{type: WriteToJson, input: Lost, config: {{path: {tmp_path / "lost"}}}}}
"""
    run_steps(beam_yaml, tmp_path, steps)
    lost = [json.loads(line) for path in tmp_path.glob("lost*") for line in path.read_text("utf-8").splitlines()]
    assert sorted(row["reason"] for row in lost if row["stage"] == "read") == ["InvalidJson"]
    assert {row["kind"] for row in lost} == {"dead", "rejected"} and sum(row["stage"] == "screen" for row in lost) > 3


MODEL = "{endpoint: 'http://127.0.0.1:9/v1', model: m}"
UP_TO_CHECK = EVERY[:6]
GOOD = dict.fromkeys(EVERY, MODEL) | {"ReadDocuments": f"{{input: {SAMPLE}}}", "CheckQA": "{}", "ScreenDocuments": "{}"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("stages", "configs", "message"),
    [
        (["ReadDocuments"], {"ReadDocuments": "{}"}, "input is missing"),
        (["ReadDocuments"], {"ReadDocuments": "{input: /gone/*.jsonl}"}, "/gone/*.jsonl: no file matches"),
        (EVERY[:2], {"ScreenDocuments": "{min_document_token: 5}"}, "did you mean --min_document_tokens?"),
        (EVERY[:2], {"ScreenDocuments": "{languages: [xx]}"}, "--languages"),
        (EVERY[:3], {"FilterDocuments": "{model: m}"}, "no endpoint is named"),
        (EVERY[:3], {"FilterDocuments": "{endpoint: 'http://127.0.0.1:9/v1'}"}, "model is missing"),
        (EVERY[:3], {"FilterDocuments": "{demo: true}"}, "start `webscale-qa demo-endpoint`"),
        ([*UP_TO_CHECK, "WriteRun"], {"WriteRun": "{output: OUT}"}, "check passes no verified pairs"),
        ([*EVERY[:3], "WriteRun"], {"WriteRun": "{output: OUT}"}, "ClassifyDocuments; classify is not there"),
        (
            [*UP_TO_CHECK, "VerifyQA", "WriteRun"],
            {"CheckQA": "{repairs: 1}", "WriteRun": "{output: OUT}"},
            "put a RepairQA behind",
        ),
        ([*UP_TO_CHECK, "VerifyQA", "WriteRun"], {"WriteRun": "{output: USED}"}, "already holds files"),
        ([*UP_TO_CHECK, "VerifyQA", "MixQA"], {"MixQA": "{}"}, "no cap and no share is given"),
        ([*UP_TO_CHECK, "VerifyQA", "DecontaminateQA"], {"DecontaminateQA": "{}"}, "benchmarks is missing"),
        ([*UP_TO_CHECK, "OwnStage"], {"OwnStage": "{stage: 'gone:Stage after check'}"}, "there is no module gone"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    beam_yaml: Any, tmp_path: Path, stages: list[str], configs: dict[str, str], message: str
) -> None:
    (tmp_path / "used" / "qa").mkdir(parents=True)
    (tmp_path / "used" / "qa" / "qa.jsonl").write_text("{}\n")
    given = {name: text.replace("OUT", f"{tmp_path}/out").replace("USED", f"{tmp_path}/used") for name, text in configs.items()}
    with pytest.raises(ValueError) as caught:
        run_steps(beam_yaml, tmp_path, chain(*stages, **(GOOD | given)))
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()
