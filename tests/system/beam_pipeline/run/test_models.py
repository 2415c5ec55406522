"""From options to models: which stages ask, who verifies, and that each is looked at before the run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.demo_endpoint import rules
from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.model_settings import stage_models
from beam_pipeline.output.saved_options import read_options
from beam_pipeline.plan import run_prompts
from beam_pipeline.run.preflight import run_models
from beam_pipeline.summary.write_summary import SUMMARY_FILE, read_summary
from prompts.load import load_prompts
from tests.fakes.scripted_endpoint import Answer, Asked
from tests.places import SAMPLE
from transforms.stages import DEFAULT_MODEL_STAGES

Make = Callable[..., Any]
GATES = {"verify_calls": 2, "round_trip": True, "pass_rate_samples": 4}


def test_a_run_asks_the_models_of_its_own_stages_only(config: Make) -> None:
    assert tuple(stage_models(config())) == DEFAULT_MODEL_STAGES
    assert list(stage_models(config(**GATES))) == [
        *("filter", "classify", "synthesize", "repair", "verify_answer", "verify_question", "round_trip", "pass_rate"),
    ]


def test_a_run_without_gates_says_to_its_models_what_it_always_said(config: Make) -> None:
    assert run_prompts(config()) == load_prompts()
    assert "round_trip" not in run_prompts(config()).system


def test_the_prompts_of_a_gate_are_those_of_its_run(config: Make) -> None:
    prompts = run_prompts(config(**GATES))
    assert "## Task: round_trip" in prompts.system
    assert "## Task: verify_answer" in prompts.system
    assert "## Task: verify\n" not in prompts.system


@pytest.mark.parametrize("calls", [1, 2])
def test_every_verifier_has_settings_of_its_own(config: Make, calls: int) -> None:
    chosen = config(endpoint=["http://h/v1"], model="m", verifiers=5, verifier_models=["a", "b", "c"], verify_calls=calls)
    models = stage_models(chosen)
    for stage in ("verify",) if calls == 1 else ("verify_answer", "verify_question"):
        assert [models[name].model for name in (stage, f"{stage}/2", f"{stage}/3")] == ["a", "b", "c"]
    assert models["synthesize"].model == "m"


def test_each_stage_may_have_its_own_model(config: Make) -> None:
    own = {"verify_question_model": "q", "round_trip_model": "r", "pass_rate_model": "s"}
    models = stage_models(config(endpoint=["http://h/v1"], model="m", **GATES, **own))
    assert {stage: model.model for stage, model in models.items()} == {
        **{"filter": "m", "classify": "m", "synthesize": "m", "repair": "m"},
        **{"verify_answer": "m", "verify_question": "q", "round_trip": "r", "pass_rate": "s"},
    }


def test_the_embedded_endpoint_serves_the_gates_too(config: Make) -> None:
    with run_models(stage_models(config(**GATES))) as models:
        assert {model.model for model in models.values()} == {"demo-rules"}
        assert len({model.endpoints for model in models.values()}) == 1


def test_a_verifier_that_nobody_serves_is_found_before_the_run(
    tmp_path: Path, serve: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def script(asked: Asked) -> Any:
        unknown = asked.body["model"] == "misspelt"
        return Answer(status=404, raw={"error": {"message": "no such model"}}) if unknown else {"ready": True}

    endpoint = serve(script, models=("m", "good"))
    arguments = ["--input", str(SAMPLE), "--output", str(tmp_path / "out"), "--endpoint", endpoint.url, "--model", "m"]
    assert main([*arguments, "--verifiers", "2", "--verifier_models", "good,misspelt"]) == UNUSABLE
    assert "does not serve the model 'misspelt'; it serves good, m" in capsys.readouterr().err


def test_vectors_of_a_length_that_the_model_does_not_give(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    benchmark = tmp_path / "bench.jsonl"
    benchmark.write_text('{"question": "Who?"}\n', "utf-8")
    with DemoEndpoint.start() as endpoint:
        flags = ["--benchmarks", str(benchmark), "--embedding_endpoint", endpoint.url, "--decontamination", "dimensions=1000000"]
        code = main(["--input", str(SAMPLE), "--output", str(tmp_path / "out"), "--endpoint", endpoint.url, *flags])
    said = capsys.readouterr().err
    assert code == UNUSABLE
    assert "gives vectors of" in said and "not of 1000000" in said and "leave dimensions out of --decontamination" in said
    assert "/v1/embeddings?" not in said


def by_rules(asked: Asked) -> Any:
    return rules.answer(asked.body["messages"]) or {"ready": True}


def small_run(tmp_path: Path, endpoint: Any, *more: str) -> dict[str, Any]:
    arguments = ["--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out"), "--endpoint", endpoint.url, *more]
    (tmp_path / "in.jsonl").write_text("".join(SAMPLE.read_text("utf-8").splitlines(keepends=True)[:2]), "utf-8")
    assert main([*arguments, "--report=false"]) == OK
    return read_options(str(tmp_path / "out"))


@pytest.mark.parametrize(("model", "asked"), [("tiny-1.5b", True), ("large-70b", False), ("nameless", False)])
def test_a_small_model_answers_each_question_once_more(
    tmp_path: Path, serve: Any, capsys: pytest.CaptureFixture[str], model: str, asked: bool
) -> None:
    endpoint = serve(by_rules, models=(model,))
    options = small_run(tmp_path, endpoint)
    assert options["round_trip"] is asked
    summary = read_summary(str(tmp_path / "out" / SUMMARY_FILE))
    assert ("round_trip" in summary["stages"]) == asked
    assert ("tiny-1.5b has 1.5 billion parameters: each question" in capsys.readouterr().err) == asked


def test_who_says_no_to_the_second_answer_has_none(tmp_path: Path, serve: Any) -> None:
    endpoint = serve(by_rules, models=("tiny-1.5b",))
    assert small_run(tmp_path, endpoint, "--round_trip=false")["round_trip"] is False


def test_a_run_that_goes_on_keeps_to_what_it_began_with(tmp_path: Path, serve: Any) -> None:
    small_run(tmp_path, serve(by_rules, models=("tiny-1.5b",)))
    options = small_run(tmp_path, serve(by_rules, models=("large-70b",)), "--resume")
    assert options["round_trip"] is True
