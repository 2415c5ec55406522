"""A run's plan: every file that an option names is read once, and what is wrong in one is a line before any graph."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import parse
from beam_pipeline.plan import RunPlan, make_plan
from beam_pipeline.run import prepare
from beam_pipeline.storage import matching
from tests.places import SAMPLE

Make = Callable[..., Any]
FILES = {
    "inputs.yaml": "- {source: notes, path: documents.jsonl, languages: [en]}\n",
    "domains.yaml": "- {slug: pottery, name: Pottery, description: clay}\n",
    "shares.yaml": "pottery: 0.5\n",
    "screening.yaml": "min_words: 20\n",
    "decontamination.yaml": "ngram: 9\nfields: question answer\n",
}
OPTIONS = {
    "inputs": "inputs.yaml",
    "domains": "domains.yaml",
    "domain_shares": "shares.yaml",
    "screening": "screening.yaml",
    "decontamination": "decontamination.yaml",
    "benchmarks": "benchmark.jsonl",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run is started: a file for each option that takes one."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "documents.jsonl").write_text(json.dumps({"id": "a", "text": "Too short."}) + "\n", "utf-8")
    (tmp_path / "benchmark.jsonl").write_text('{"question": "Who?", "answer": "Nobody"}\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(**options: str) -> RunPlan:
    return make_plan(parse([f"--{name}={value}" for name, value in {"output": "out", **options}.items()])[0])


def test_a_plan_holds_what_the_files_say(folder: Path) -> None:
    plan = planned(**OPTIONS)
    assert [spec.source for spec in plan.inputs] == ["notes"]
    assert (plan.screen.min_words, plan.screen.source_languages) == (20, (("notes", ("en",)),))
    assert (plan.decontamination.ngram, plan.decontamination.fields) == (9, ("question", "answer"))
    assert plan.mix is not None and dict(plan.mix.domain_shares) == {"Pottery": 0.5}
    assert "Pottery" in plan.bank
    assert plan.limits is None and plan.embedding is None
    assert set(plan.models) == {"filter", "classify", "synthesize", "repair", "verify"}


def test_every_file_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    opened: Counter[str] = Counter()
    open_file = matching.open_file

    def counted(path: str) -> Any:
        opened[path] += 1
        return open_file(path)

    monkeypatch.setattr(matching, "open_file", counted)
    arguments = [f"--{name}={value}" for name, value in OPTIONS.items()]
    assert main([*arguments, "--output=out", "--dry_run"]) == OK
    assert opened == dict.fromkeys(FILES, 1)
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("inputs", "- {source: notes}", "--inputs inputs.yaml: entry 1 ('notes'): path is missing"),
        ("domains", "- {slug: pottery}", "domains.yaml"),
        ("domain_shares", "poetry: 0.5", "--domain_shares: "),
        ("screening", "min_words: few", "--screening: min_words must be a whole number"),
        ("decontamination", "ngram: 3", "--decontamination: ngram must be greater than or equal to 5 (got '3')"),
        ("decontamination", "ngrams: 9", "--decontamination: no setting 'ngrams'; did you mean ngram?; write name=value"),
        ("decontamination", "cosine: 0.8", "--decontamination: cosine needs --embedding_endpoint"),
    ],
)
def test_what_is_wrong_in_a_file_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, message: str
) -> None:
    (folder / OPTIONS[name]).write_text(text, "utf-8")
    arguments = [f"--{option}={value}" for option, value in OPTIONS.items()]
    assert main([*arguments, "--output=out", "--demo"]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and message in line
    assert not (folder / "out").exists()


@pytest.mark.parametrize("name", ["input", "inputs", "domains", "exemplars", "benchmarks", "screening", "domain_shares"])
def test_a_file_that_is_not_there_is_told_with_its_option(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    options = {"input": "documents.jsonl", "output": "out", name: "nowhere.yaml"}
    if name == "inputs":
        del options["input"]
    assert main([f"--{option}={value}" for option, value in options.items()] + ["--demo"]) == UNUSABLE
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: --{name}") and "nowhere.yaml: " in line


def test_no_file_is_read_to_check_an_option(folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()
    parse([f"--{name}={value}" for name, value in {"output": "out", **OPTIONS}.items()])


def test_workers_elsewhere_read_the_same_files(folder: Path) -> None:
    plan = planned(**OPTIONS).absolute()
    assert [spec.path for spec in plan.inputs] == [[f"{folder}/documents.jsonl"]]
    assert plan.config.output == f"{folder}/out"
    assert {model.journal for model in plan.models.values()} == {f"{folder}/out/journal"}


@pytest.mark.parametrize(("began", "counts"), [("estimate", "estimate"), ("", "o200k_base"), ("cl100k_base", "o200k_base")])
def test_a_run_that_goes_on_counts_tokens_as_it_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, began: str, counts: str
) -> None:
    monkeypatch.setattr(prepare, "tokenizer_at_hand", lambda: "o200k_base")
    monkeypatch.setattr(prepare, "count_tokens", lambda *_: 1)  # its file is not here
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "options.yaml").write_text(f"tokenizer: {began or 'null'}\n", "utf-8")
    config, options = parse(["--demo", "--input", str(SAMPLE), "--output", str(tmp_path / "out"), "--resume"])
    assert prepare.plan_run(config, options).screen.tokenizer == counts
