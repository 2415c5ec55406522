"""The names that others build on stay where they are, and a pipeline made of them writes a folder that our commands open."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.cli import main
from tests.fakes.scripted_endpoint import Answer, Asked

PUBLIC = """
transforms: CallModel ModelConfig ScreenDocuments FilterDocuments ClassifyDocuments SynthesizeQA CheckQA VerifyQA VerifyAnswer
transforms: AskBackQA
transforms: VerifyQuestion RoundTripQA DeduplicateQA DecontaminateQA DecontaminateSemantically MixQA MeasurePassRate Outcome
transforms: screen_text find_leak question_problem answers_match build_index
transforms.screen: screen_text ScreenDocuments ScreenConfig
transforms.check: find_leak question_problem check_pair CheckQA
transforms.answers: answers_match
transforms.reward: reward
transforms.grounding: find_in_text
transforms.decontaminate: build_index DecontaminateQA DecontaminateSemantically
transforms.inference: CallModel ModelConfig EmbedTexts
transforms.inference.call: CallModel
transforms.inference.config: ModelConfig EmbeddingConfig
prompts: load_prompts load_domains PromptSet
beam_pipeline.options: PipelineConfig
beam_pipeline.main: main
beam_pipeline.output.write_run: write_run
"""


def test_every_public_name_is_there() -> None:
    for line in filter(None, PUBLIC.splitlines()):
        module, _, names = line.partition(": ")
        missing = [name for name in names.split() if not hasattr(importlib.import_module(module), name)]
        assert not missing, f"{module} has no {missing}"


def test_what_a_package_says_that_it_gives_it_gives() -> None:
    for name in ("transforms", "transforms.inference", "transforms.reward", "transforms.answers", "prompts"):
        package = importlib.import_module(name)
        assert all(hasattr(package, public) for public in package.__all__)
    with pytest.raises(AttributeError, match="module 'transforms' has no attribute 'nothing'"):
        importlib.import_module("transforms").nothing  # noqa: B018


def test_the_reward_function_is_in_the_package_of_its_name() -> None:
    import transforms
    from transforms.reward import reward

    assert reward("It is Paris.", "Paris") == 1.0
    assert "reward" not in transforms.__all__
    assert "`from transforms.reward import reward`" in str(transforms.__doc__)


def test_importing_the_packages_loads_neither_beam_nor_pydantic() -> None:
    code = "import sys, transforms, transforms.reward, transforms.inference; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"apache_beam", "pydantic", "numpy"} & set(loaded)


def test_an_index_of_benchmark_items() -> None:
    from transforms import build_index
    from transforms.benchmarks.index import BenchmarkItem

    asked = "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in May."
    index = build_index([BenchmarkItem("gsm8k.jsonl:1", "train-1", asked, "72"), "Which planet has the most moons of all?"])
    match = index.match(asked, "72")
    assert match is not None and (match.reason, match.item) == ("benchmark_overlap", "gsm8k.jsonl:1 (train-1)")
    assert index.match("Which planet has the most moons of all?") is not None
    assert index.match("How long is the bridge over the Tay?", "3,286 metres") is None


@pytest.mark.parametrize("items", ["Which planet has the most moons?", [None], [{"question": "Why?"}]])
def test_an_index_of_anything_else_is_refused(items: Any) -> None:
    from transforms import build_index

    with pytest.raises(TypeError, match="build_index takes a list of texts or of BenchmarkItem, not <class"):
        build_index(items)


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ("What does the text say about bridges?", "question_refers_to_document"),
        ("When was he born?", "question_dangling_pronoun"),
        ("What is the price of copper today?", "question_deictic_date"),
        ("Bridges are long", "question_not_a_question"),
        ("Why?", "question_too_short"),
        ("In which year did the Sydney Harbour Bridge open?", None),
    ],
)
def test_the_problem_of_a_question(question: str, problem: str | None) -> None:
    from transforms import question_problem

    assert question_problem(question) == problem


TEXT = (
    "The Tay Bridge carries the railway across the Firth of Tay between Dundee and Wormit. The present bridge was opened "
    "on 13 July 1887 and is 3,286 metres long, which makes it one of the longest railway bridges in Europe. It was built "
    "by William Arrol and Company beside the stumps of the first bridge, which had fallen in the storm of December 1879."
)


def _reply(asked: Asked) -> Answer:
    replies: dict[str, Any] = {
        "filter": {"qualified": True, "reason": "ok"},
        "quiz": {"question": "How long is the railway bridge over the Firth of Tay?", "answer": "3,286 metres"},
        "verify": {
            **{"quote": "is 3,286 metres long", "correct": True, "wrong_aliases": []},
            **{"leaks": False, "self_contained": True, "unambiguous": True, "safe": True},
        },
    }
    return Answer(json.dumps(replies[asked.stage]))


@pytest.mark.integration
def test_a_stage_of_ones_own_between_the_shipped_ones(serve: Any, tmp_path: Path) -> None:
    from beam_pipeline.sample import own_stage
    from transforms import ModelConfig

    (tmp_path / "documents.jsonl").write_text(json.dumps({"id": "tay", "text": TEXT, "source": "encyclopedia"}) + "\n")
    out = tmp_path / "out"
    endpoint = serve(_reply)
    own_stage.run([str(tmp_path / "documents.jsonl")], str(out), ModelConfig((endpoint.url,), "scripted"))
    (pair,) = [json.loads(line) for file in (out / "qa").iterdir() for line in file.read_text("utf-8").splitlines()]
    assert (pair["question"], pair["answer"]) == ("How long is the railway bridge over the Firth of Tay?", "3,286 metres")
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["balanced"] and summary["stages"]["quiz"] == {"passed": 1}
    assert list(summary["stages"]) == ["read", "screen", "filter", "quiz", "check", "verify"], "in the order of the run"
    assert {asked.stage for asked in endpoint.asked} == {"filter", "quiz", "verify"}
    assert "## Task: quiz" in str(endpoint.asked[0].body["messages"][0])  # so that all requests begin alike
    assert main(["export", str(out), "--format", "trl", "--to", str(tmp_path / "trl")]) == 0
    assert main(["report", str(out)]) == 0
    page = (out / "report.html").read_text("utf-8")
    assert "How long is the railway bridge" in page
    assert page.index("a stage of your own") < page.index("rules on question and answer")
    assert main(["compare", str(out), str(out)]) == 0


@pytest.mark.integration
def test_the_pipeline_of_ones_own_refuses_missing_input_and_a_used_folder(tmp_path: Path) -> None:
    from beam_pipeline.sample import own_stage

    documents, used = tmp_path / "documents.jsonl", tmp_path / "used"
    documents.write_text(json.dumps({"text": TEXT}) + "\n")
    used.mkdir()
    (used / "summary.json").write_text("{}")
    for given, says in (
        ((tmp_path / "none.jsonl", tmp_path / "out"), "none.jsonl: no file matches"),
        ((documents, used), f"{used}: already holds files; name another folder"),
    ):
        words = ["--input", str(given[0]), "--output", str(given[1]), "--endpoint", "http://127.0.0.1:1/v1", "--model", "m"]
        done = subprocess.run([sys.executable, own_stage.__file__, *words], capture_output=True, text=True, timeout=600)
        assert done.returncode == 2 and says in done.stderr and "Traceback" not in done.stderr
    assert (used / "summary.json").read_text() == "{}" and not (tmp_path / "out").exists()


def test_a_model_has_several_endpoints() -> None:
    from transforms import ModelConfig

    with pytest.raises(TypeError, match="tuple of base URLs"):
        ModelConfig("http://h/v1", "m")  # type: ignore[arg-type]


def test_a_prompt_of_ones_own_must_have_a_new_name_and_only_variables() -> None:
    from prompts import load_prompts
    from prompts.load import PromptError

    with pytest.raises(PromptError, match="filter: there is a prompt of this name already"):
        load_prompts().with_prompt("filter", "")
