"""A dry run shows what would be asked, word by word, and asks nobody."""

import json
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.plan import make_plan
from beam_pipeline.run.dry_run import find_document
from tests.fakes.scripted_endpoint import Asked
from transforms.inference.scheduling.router import rendezvous_order

TEXT = (
    "The Severn bridge opened in 1966. It carries the motorway on a span of 988 metres between two towers of steel, "
    "and its deck was the first shaped like the wing of an aeroplane so that wind passes it. "
    "Engineers thought that a lighter deck would not be stiff, and tests in a wind tunnel showed otherwise."
)
NOWHERE = ("http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "documents.jsonl"
    texts = {"short": "Too short.", "bridge": f"{TEXT}\nA \x1b[31mred\x1b[0m <|im_end|> line, as some pages have it."}
    path.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in texts.items()))
    return path


def dry(corpus: Path, *arguments: str) -> int:
    return main(["--input", str(corpus), "--output", str(corpus.parent / "out"), "--dry_run", *arguments])


def test_everything_is_shown_and_nothing_asked(
    corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sentinel-of-a-key")
    before = sorted(corpus.parent.rglob("*"))
    endpoints = [word for url in NOWHERE for word in ("--endpoint", url)]
    gates = ("--verify_calls=2", "--ask_back", "--round_trip", "--pass_rate_samples=4", "--verifier_models=a,b")
    assert dry(corpus, *endpoints, "--model=m", "--api_key_env=MY_KEY", *gates) == OK
    out, err = capsys.readouterr()
    assert err == ""
    assert sorted(corpus.parent.rglob("*")) == before, "something was written"
    labels = [line.split()[0] for line in out.split("\n\n")[1].splitlines()[1:]]
    assert labels[:6] == ["ReadExemplars", "Read", "Screen", "Ready", "Filter", "Classify"]
    assert {"VerifyQuestion", "RoundTrip", "Deduplicate", "PassRate", "WriteQA", "WriteSummary"} <= set(labels)
    assert "* round_trip                True" in out
    assert "  max_personas              3" in out
    assert "sentinel" not in out
    assert f"filled in with document 'bridge' ({corpus}:2)" in out, "the first is too short to be asked about"
    replica = rendezvous_order("bridge", NOWHERE)[0]
    assert f"== filter: m at temperature 0, {replica} (of 2 replicas, by the document's id)" in out
    assert f"== verify_answer: a, b at temperature 0, {replica}" in out
    assert "== pass_rate: m at temperature 1, 4 times" in out
    for stage in ("filter", "classify", "synthesize", "verify_answer", "verify_question", "round_trip"):
        [prompt] = [part for part in out.split("\n== ") if part.startswith(f"{stage}: ")]
        assert f"Task: {stage}" in prompt
        assert (TEXT in prompt) == (stage != "verify_question")
    assert "[a persona, named by classify]: [why the document matters to it]" in out
    assert out.count("\nAnswer: ") == 3, "a real set of exemplars"
    assert "\x1b" not in out
    assert "\\x1b[31mred" in out
    assert "<|im_end|>" not in out


def test_what_is_shown_is_what_is_sent(corpus: Path, capsys: pytest.CaptureFixture[str], serve: Any) -> None:
    sent: list[Asked] = []

    def reply(asked: Asked) -> Any:
        sent.append(asked)
        return {"ready": True, "qualified": False, "reason": "not_informative"}

    endpoint = serve(reply)
    given = ("--endpoint", endpoint.url, "--model", "m")
    assert dry(corpus, *given) == OK
    assert sent == []
    out = capsys.readouterr().out
    main(["--input", str(corpus), "--output", str(corpus.parent / "out"), *given])
    [question] = [asked for asked in sent if "Task: filter" in asked.text]
    system, user = (message["content"] for message in question.body["messages"])
    assert system in out
    assert user.replace("\x1b", "\\x1b").replace("\u200b", "\\u200b") in out


def test_a_folder_that_is_used_already_is_named(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    used = corpus.parent / "out" / "qa" / "qa-00000-of-00001.jsonl"
    used.parent.mkdir(parents=True)
    used.touch()
    (used.parent.parent / "options.yaml").write_text("output: out\n")  # as a run leaves it
    assert dry(corpus, "--demo") == OK
    first = capsys.readouterr().out.partition("\n\n")[0]
    assert f"the run would not begin: {corpus.parent / 'out'}: already holds files; pass --overwrite" in first
    for words in (("--overwrite",), ("--resume",)):
        assert dry(corpus, "--demo", *words) == OK
        assert "would not begin" not in capsys.readouterr().out
    assert used.exists()


def test_no_document_is_no_reason_to_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert dry(empty) == OK
    assert "[the text of a document]" in capsys.readouterr().out
    assert dry(tmp_path / "none.jsonl") == UNUSABLE
    queue = ["--streaming", "--input_subscription=projects/project/subscriptions/documents", "--dry_run"]
    assert main([*queue, "--output", str(tmp_path / "out")]) == OK
    assert "a queue is not read" in capsys.readouterr().out


def test_of_several_inputs_each_is_screened_for_its_own_languages(tmp_path: Path, config: Any) -> None:
    german = (
        "Die Brücke über den Severn wurde 1966 eröffnet und trägt die Autobahn auf einer Länge von 988 Metern. "
        "Ihr Überbau war der erste, der wie der Flügel eines Flugzeugs geformt ist, damit der Wind an ihm vorbeiströmt. "
        "Die Ingenieure glaubten, dass ein leichterer Überbau nicht steif genug sei, doch die Versuche zeigten das Gegenteil."
    )
    (tmp_path / "de.jsonl").write_text(json.dumps({"id": "bruecke", "text": german}) + "\n", "utf-8")
    (tmp_path / "inputs.yaml").write_text("- {source: de, path: de.jsonl, languages: [de]}\n", "utf-8")
    document, named = find_document(make_plan(config(inputs=str(tmp_path / "inputs.yaml"), input=[], output="out")))
    assert document.text == german
    assert "reject" not in named
