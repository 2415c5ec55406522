import itertools
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from beam_pipeline.exemplars import candidate_of, choose, find_domain, main, propose
from beam_pipeline.output.kinds import SCHEMAS
from beam_pipeline.reading.exemplar_banks import read_exemplars
from prompts.exemplar_bank import check_bank, load_bank, parse_exemplars
from prompts.load import load_domains
from transforms.text import stable_hash

SCIENCE = find_domain("natural_science", load_domains())
FACTS = {
    "number": "Tambora {n} threw out 150 cubic kilometres of rock.|How much rock did Tambora {n} throw out?|150 cubic kilometres",
    "place": "Expedition {n} of the Challenger ended at Spithead.|Where did expedition {n} of the Challenger end?|Spithead",
    "name": "Comet {n} was first seen by Caroline Herschel from Slough.|Who first saw comet {n}?|Caroline Herschel",
    "term": "Sample {n} from Shutt Gorge turned out to be gneiss.|What rock was sample {n} from Shutt Gorge?|gneiss",
}


def row(answer_type: str = "number", n: int = 1, **changes: Any) -> dict[str, Any]:
    """A row of `qa/` that makes an exemplar; `n` tells rows of one type apart."""
    passage, question, answer = FACTS[answer_type].format(n=n).split("|")
    made = {
        "id": stable_hash(answer_type, str(n)),
        "document_id": f"{answer_type}-{n}",
        "source": "field notes",
        "domain": "Natural Science",
        "persona": f"{answer_type} hunter number {n}",
        "question": question,
        "answer": answer,
        "answer_type": answer_type,
        "aliases": [],
        "quote": passage,
        "verdicts": [{"check": "correct", "passed": True, "model": "m", "prompt_version": 1}],
        "provenance": {"pipeline_version": "0", "calls": []},
    }
    return {**made, **changes}


def write_rows(folder: Path, rows: list[dict[str, Any]], name: str = "qa-00000-of-00001.jsonl") -> Path:
    (folder / "qa").mkdir(exist_ok=True, parents=True)
    (folder / "qa" / name).write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
    return folder


def chosen_of(rows: list[dict[str, Any]], count: int = 12) -> list[Any]:
    return [candidate.exemplar for candidate in propose(rows, SCIENCE, count)[0]]


# --- what is chosen


def test_a_row_becomes_an_exemplar_with_its_quote_source_and_licence() -> None:
    candidate = candidate_of(row("place", 7, licence="CC BY 4.0", document_id="doc#3"), SCIENCE)
    assert not isinstance(candidate, str)
    exemplar = candidate.exemplar
    assert (exemplar.passage, exemplar.source, exemplar.licence) == (row("place", 7)["quote"], "field notes", "CC BY 4.0")
    assert exemplar.id.startswith("natural-science-")
    assert candidate.document_id == "doc"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"quote": "Tambora erupted."}, "answer is not in the passage"),
        ({"quote": "It threw out 150 cubic kilometres of rock. " * 8}, "passage has more characters"),
        ({"question": "How much rock did it throw out?"}, "check: question_dangling_pronoun"),
        ({"question": "How much rock did the text mention?"}, "question refers outside itself"),
        ({"answer": ""}, "answer is empty"),
        ({"answer": None}, "answer is empty"),
        ({"answer_type": "essay"}, "answer_type 'essay' is not known"),
    ],
)
def test_what_breaks_a_rule_of_the_bank_is_refused(changes: dict[str, Any], why: str) -> None:
    refused = candidate_of({**row(), **changes}, SCIENCE)
    assert isinstance(refused, str) and why in refused


def test_answer_types_take_turns() -> None:
    rows = [row("number", n) for n in range(20)] + [row("place", 1), row("name", 1), row("term", 1)]
    types = [exemplar.answer_type for exemplar in chosen_of(rows, 6)]
    assert sorted(types[:4]) == ["name", "number", "place", "term"]
    assert types[4:] == ["number", "number"]


def test_the_best_verified_come_first() -> None:
    def verdicts(*passed: bool) -> list[dict[str, Any]]:
        return [{"check": str(number), "passed": way} for number, way in enumerate(passed)]

    rows = [
        row("term", 1, verdicts=verdicts(True, False, True)),
        row("term", 2, verdicts=verdicts(True)),
        row("term", 3, verdicts=verdicts(True, True, True), pass_rate=1.0),
        row("term", 4, verdicts=verdicts(True, True, True), pass_rate=0.5),
        row("term", 5, verdicts=verdicts(True, True, True), pass_rate=0.0),
    ]
    assert [exemplar.question.split()[4] for exemplar in chosen_of(rows)] == ["4", "3", "5", "2", "1"]


def test_documents_and_personas_are_spread() -> None:
    same_document = [row("term", n, document_id="one") for n in range(1, 4)] + [row("term", 9, document_id="two#4")]
    assert row("term", 9)["question"] in {exemplar.question for exemplar in chosen_of(same_document, 2)}
    assert len(chosen_of(same_document)) == 4
    same_persona = [row("term", n, persona="geologist") for n in range(3)]
    assert len(chosen_of(same_persona)) == 1


def test_the_shipped_bank_and_the_proposals_are_one_bank() -> None:
    shipped = load_bank([SCIENCE])[SCIENCE.name]
    rows = [row(answer_type, n) for answer_type in FACTS for n in range(5)] + [row("term", 9, persona=shipped[0].persona)]
    chosen = chosen_of(rows, 30)
    assert len(chosen) == 20
    assert check_bank([*shipped, *chosen]) == []


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = [row(answer_type, n) for answer_type, n in itertools.product(FACTS, range(4))]
    assert chosen_of(rows, 7) == chosen_of(rows[::-1], 7)


def test_choose_takes_no_more_than_there_is() -> None:
    assert choose([], 5) == []


# --- the command


def test_the_file_is_a_bank_that_a_run_can_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_rows(tmp_path / "run", [row("number", 1), row("place", 2), row("name", 3, domain="Math"), row("term", 4)])
    output = tmp_path / "natural_science.jsonl"
    assert main(["--from", str(run / "qa"), "--domain", "natural_science", "--output", str(output), "--licence", "CC0 1.0"]) == 0
    exemplars = parse_exemplars(output.read_text("utf-8"), output.name, "Natural Science")
    assert {exemplar.answer_type for exemplar in exemplars} == {"number", "place", "term"}
    assert {(exemplar.source, exemplar.licence, exemplar.domain) for exemplar in exemplars} == {
        ("field notes", "CC0 1.0", "Natural Science")
    }
    assert {json.loads(line)["document_id"] for line in output.read_text("utf-8").splitlines()} == {
        "number-1",
        "place-2",
        "term-4",
    }
    used = read_exemplars(load_domains(), (str(output),), False)
    assert set(exemplars) <= set(used["Natural Science"])
    said = capsys.readouterr().out
    assert "3 exemplars" in said and "read and edit" in said and "fewer than 12" in said


def test_parquet_is_read_like_jsonl(tmp_path: Path) -> None:
    rows = [row("number", 1), row("place", 2)]
    write_rows(tmp_path / "lines", rows)
    (tmp_path / "columns" / "qa").mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMAS["qa"]), tmp_path / "columns" / "qa" / "qa-00000-of-00001.parquet")
    for name in ("lines", "columns"):
        assert (
            main(["--from", str(tmp_path / name), "--domain", "Natural Science", "--output", str(tmp_path / f"{name}.jsonl")])
            == 0
        )
    assert (tmp_path / "lines.jsonl").read_text() == (tmp_path / "columns.jsonl").read_text()


def test_the_output_is_named_by_the_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path, [row()])
    assert main(["--from", ".", "--domain", "natural_science", "--count", "1"]) == 0
    assert len((tmp_path / "natural_science.jsonl").read_text().splitlines()) == 1


def test_your_own_domains_are_known(tmp_path: Path) -> None:
    (tmp_path / "domains.yaml").write_text("- {slug: geology, name: Geology, description: rocks}\n")
    write_rows(tmp_path, [row(domain="Geology")])
    output = tmp_path / "geology.jsonl"
    arguments = ["--from", str(tmp_path), "--domain", "geology", "--output", str(output)]
    assert main([*arguments, "--domains", str(tmp_path / "domains.yaml")]) == 0
    assert json.loads(output.read_text())["domain"] == "Geology"
    assert main(arguments) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "nowhere", "--domain", "math"], "nowhere: no .jsonl or .parquet file"),
        (["--from", "run", "--domain", "alchemy"], "--domain alchemy: there is "),
        (["--from", "run", "--domain", "math"], "no accepted pair of Math; there is Natural Science (1)"),
        (["--from", "run", "--domain", "natural_science", "--count", "0"], "--count 0"),
        (["--from", "run", "--domain", "natural_science", "--output", "there.jsonl"], "there.jsonl: is there already"),
        (["--from", "broken", "--domain", "math"], "qa-0.jsonl:2: not JSON"),
        (["--from", "other", "--domain", "math"], "qa-0.jsonl:1: not an accepted pair"),
        (["--from", "columns", "--domain", "math"], "qa-0.parquet:row 1: cannot be read"),
        (
            ["--from", "poor", "--domain", "natural_science"],
            "no pair of Natural Science makes an exemplar: answer is not in the passage (1)",
        ),
        (["--from", "run", "--domain", "math", "--domains", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "run", [row()])
    write_rows(tmp_path / "poor", [row(quote="Nothing is said.")])
    write_rows(tmp_path / "other", [{"stage": "screen"}], "qa-0.jsonl")
    write_rows(tmp_path / "broken", [row()], "qa-0.jsonl")
    with (tmp_path / "broken" / "qa" / "qa-0.jsonl").open("a") as file:
        file.write('{"question": \n')
    write_rows(tmp_path / "columns", [row()], "qa-0.parquet")
    (tmp_path / "there.jsonl").write_text("mine\n")
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ") and message in said.err and said.err.count("\n") == 1
    assert said.out == ""
    assert (tmp_path / "there.jsonl").read_text() == "mine\n"
    assert not (tmp_path / "natural_science.jsonl").exists()
