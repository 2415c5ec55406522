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


# --- a folder of one's own prompts


OWN = {
    "filter.md": "---\nversion: 7\n---\n## Task: filter\n\nKeep all.\n<!-- after the document -->\nTask: filter\n",
    "domains.yaml": "- {slug: math, name: Maths, description: numbers}\n- {slug: other, name: Other, description: the rest}\n",
    "exemplars/math.jsonl": '{"id": "mine", "persona": "pupil", "passage": "Two and two are 4.", '
    '"question": "What are two and two?", "answer": "4", "answer_type": "number"}\n',
}


@pytest.fixture
def prompts(folder: Path) -> Path:
    """A folder with files that differ, where a run is started."""
    for name, text in OWN.items():
        (folder / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "mine" / name).write_text(text, "utf-8")
    return folder / "mine"


def test_the_files_of_a_folder_stand_for_the_shipped_ones(prompts: Path) -> None:
    plan = planned(input="documents.jsonl", prompts="mine")
    assert "Keep all." in plan.prompts.system and "Maths" in plan.prompts.prompt("classify").task
    assert plan.prompts.prompt("verify") == planned(input="documents.jsonl").prompts.prompt("verify")
    assert {name: len(bank) for name, bank in plan.bank.items()} == {"Maths": 1, "Other": 12}


def test_domains_and_exemplars_come_on_top_of_a_folder(prompts: Path) -> None:
    (prompts.parent / "math.jsonl").write_text(OWN["exemplars/math.jsonl"].replace('"mine"', '"more"'))
    both = {"input": "documents.jsonl", "prompts": "mine", "domains": "domains.yaml", "exemplars": "math.jsonl"}
    plan = planned(**both)
    assert [domain.name for domain in plan.prompts.domains] == ["Maths", "Pottery", "Other"]
    assert [exemplar.id for exemplar in plan.bank["Maths"]] == ["mine", "more"]
    assert [exemplar.id for exemplar in planned(**both, exemplars_mode="replace").bank["Maths"]] == ["more"]


def test_a_misspelt_file_ends_the_command_in_one_line(prompts: Path, capsys: Any) -> None:
    (prompts / "verfy.md").write_text("x")
    assert main(["--input=documents.jsonl", "--output=out", "--demo", "--prompts=mine"]) == UNUSABLE
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert said[0].startswith(
        "error: --prompts: mine/verfy.md: nothing reads a file of this name; did you mean verify.md?; there are"
    )
    assert not (prompts.parent / "out").exists()


def test_a_dry_run_says_what_was_replaced(prompts: Path, capsys: Any) -> None:
    (prompts / "ask_back.md").write_text((Path(str(SAMPLE)).parents[2] / "prompts" / "ask_back.md").read_text("utf-8"))
    assert main(["--input=documents.jsonl", "--output=out", "--demo", "--prompts=mine", "--dry_run"]) == OK
    out = capsys.readouterr().out
    for line in (
        "files of --prompts mine; the others are the shipped ones",
        "  filter.md               version 7 instead of ",
        "  ask_back.md             not used: this run has no such stage; add --ask_back",
        "  domains.yaml            2 domains instead of 10",
        "  exemplars/math.jsonl    1 exemplar instead of 12",
    ):
        assert line in out


def test_a_run_names_the_prompts_that_it_does_not_read(prompts: Path, capsys: Any) -> None:
    for stage in ("ask_back", "round_trip"):
        (prompts / f"{stage}.md").write_text((Path(str(SAMPLE)).parents[2] / "prompts" / f"{stage}.md").read_text("utf-8"))
    main(["--input=documents.jsonl", "--output=out", "--demo", "--prompts=mine"])
    err = capsys.readouterr().err
    assert "--prompts mine: ask_back.md is not used: this run has no such stage; add --ask_back" in err
    assert "round_trip.md" not in err, "whether a run has that stage is not known before the models are"
