"""EmbedTexts: elements with the vectors of their texts. Late answers, dead letters, bills, runs that go on."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue

from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, ScriptedEndpoint, vectors
from transforms.flow.coders import RecordCoder
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.embed import EmbedTexts
from transforms.inference.journal.writer import read_entries
from transforms.inference.recall import RecallReplies, entry_by_document
from transforms.inference.runtime import close_runtime, get_runtime
from transforms.records import DeadLetter, Document

pytestmark = pytest.mark.usefixtures("quick_back_off")
Make = Callable[..., Any]


def vector(text: str) -> list[float]:
    number = int(text.rpartition(" ")[2]) if text != "ok" else 0  # the runtime's own probe
    return [np.cos(number / 50), np.sin(number / 50)]


def give(asked: Asked, **settings: Any) -> Reply:
    return Reply(raw=vectors(asked.texts, vector), **settings)


def documents(count: int) -> list[Document]:
    return [Document(f"d{number}", f"text {number}", where=f"f:{number}") for number in range(count)]


def two_texts(document: Document) -> list[str]:
    return [document.text, f"more {document.text}"]


def document_id(document: Document) -> str:
    return document.id


def stage(model: ModelConfig, **settings: Any) -> EmbedTexts:
    own = {name: settings.pop(name) for name in ("entries", "failed") if name in settings}
    config = EmbeddingConfig(model, batch_wait_s=0.02, **settings)
    return EmbedTexts("decontaminate", two_texts, document_id, Document, config, **own)


def assert_right(passed: list[tuple[Document, Any]], wanted: list[Document]) -> None:
    assert sorted(document.id for document, _ in passed) == sorted(document.id for document in wanted)
    for document, found in passed:
        assert found.dtype == np.float16
        assert np.allclose(found.astype(float), [vector(text) for text in two_texts(document)], atol=0.002)


def test_each_element_gets_the_vectors_of_its_texts(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(give)
    outcome = run_transform(stage(model(endpoint)), documents(40))
    assert_right(outcome.passed, documents(40))
    assert (outcome.rejected, outcome.dead_letters) == ([], [])
    assert len(endpoint.asked) < 10


def test_no_texts_no_vectors(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(give)
    config = EmbeddingConfig(model(endpoint))
    outcome = run_transform(EmbedTexts("decontaminate", no_texts, document_id, Document, config), documents(1))
    [(_, found)] = outcome.passed
    assert found.shape[0] == 0
    assert endpoint.asked == []


def no_texts(document: Document) -> list[str]:
    return []


def test_a_late_answer_keeps_the_timestamp_and_window_of_its_element(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: give(asked, delay_s=0.2 if "text 0" in asked.texts else 0.0))
    given = [TimestampedValue(document, 7 * number) for number, document in enumerate(documents(12))]
    run_transform(stage(model(endpoint, backlog=4), batch_texts=2), given, windows=FixedWindows(10))
    assert len(run_transform.seen.passed) == 12
    for seen in run_transform.seen.passed:
        timestamp = 7 * int(seen.element[0].id[1:])
        assert seen.timestamp == timestamp
        assert seen.window == IntervalWindow(timestamp // 10 * 10, timestamp // 10 * 10 + 10)
    order = [seen.timestamp for seen in run_transform.seen.passed]
    assert order != sorted(order), "nothing was late, so nothing was shown"


def test_what_has_no_vectors_is_a_dead_letter_and_the_rest_goes_on(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if "text 7" in asked.texts else give(asked))
    outcome = run_transform(stage(model(endpoint)), documents(20))
    assert_right(outcome.passed, [document for document in documents(20) if document.id != "d7"])
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.message) == ("decontaminate", "RequestRefused", "HTTP 400: scripted 400")
    assert (letter.document_id, letter.where, letter.item_type) == ("d7", "f:7", "Document")
    assert letter.attempts >= 1
    assert RecordCoder(Document).decode(letter.item.encode()) == documents(8)[7]
    assert run_transform.counters("decontaminate") == {"dead_letter/RequestRefused": 1}


def test_a_text_too_long_for_the_model_is_a_dead_letter_that_says_so_with_its_size(
    serve: Make, model: Make, run_transform: Any
) -> None:
    error = {"message": "This model's maximum context length is 512 tokens"}

    def script(asked: Asked) -> Reply:
        return Reply(status=400, raw={"error": error}) if any(len(text) > 99 for text in asked.texts) else give(asked)

    outcome = run_transform(stage(model(serve(script))), [Document("d", "word " * 600 + "1")])
    [letter] = outcome.dead_letters
    assert letter.error == "ContextOverflow"
    assert letter.message.startswith(
        "the model's context is too short for this text (about 602 tokens, 3,006 characters). HTTP 400"
    )


def test_failures_can_be_another_s_affair(serve: Make, model: Make, run_transform: Any) -> None:
    settings = model(serve(lambda _: Reply(status=400)))
    outcome = run_transform(stage(settings, failed=told), documents(2))
    assert outcome.passed == []
    assert sorted(letter.document_id for letter in outcome.dead_letters) == ["RequestRefused of d0", "RequestRefused of d1"]


def told(document: Document, error: Exception, attempts: int) -> Iterator[DeadLetter]:
    yield DeadLetter(
        "decontaminate", "Told", str(error), document_id=f"{type(error).__name__} of {document.id}", attempts=attempts
    )


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_text_can_survive_stops_the_run_and_says_why(serve: Make, model: Make, run_transform: Any, status: int) -> None:
    endpoint = serve(lambda _: Reply(status=status, raw={"error": {"message": "the model `m` does not exist"}}))
    with pytest.raises(Exception, match="the model `m` does not exist"):
        run_transform(stage(model(endpoint)), documents(3))
    assert f"HTTP {status}" in str(get_runtime().fatal)


def test_the_bill_is_what_the_endpoint_served_whichever_stage_asks(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: give(asked) if asked.repeat else Reply(status=429))
    run_transform(stage(model(endpoint), batch_texts=8), documents(8))
    counters = run_transform.counters("embed")
    served = len(endpoint.asked) // 2
    assert {name: counters[name] for name in ("texts", "calls", "attempts", "prompt_tokens", "fault/http_429")} == {
        "texts": 16,
        "calls": served,
        "attempts": 2 * served,
        "prompt_tokens": 7 * served,
        "fault/http_429": served,
    }
    assert served == 2
    run_transform(stage(model(endpoint), batch_texts=8), documents(8))
    assert run_transform.counters("embed") == {"texts": 16, "replayed": 16}


def test_transient_faults_change_nothing(serve: Make, model: Make, run_transform: Any) -> None:
    faults = [
        Reply(status=429),
        Reply(status=500),
        Reply(status=503),
        Reply(raw="no json"),
        Reply(raw={"data": []}),
        Reply(raw={"data": [{"index": 0, "embedding": [0.0, 0.0]}]}),
    ]

    def script(asked: Asked) -> Reply:
        return give(asked) if asked.repeat else faults[len(endpoint.asked) % len(faults)]

    endpoint: ScriptedEndpoint = serve(script)
    outcome = run_transform(stage(model(endpoint), batch_texts=4), documents(60))
    assert_right(outcome.passed, documents(60))
    assert outcome.dead_letters == []


# --- a run that goes on


def journal_rows(folder: Path) -> list[tuple[str, tuple[str, str]]]:
    lines = (line for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines())
    return [entry_by_document(entry) for entry in read_entries(lines)]


def test_another_process_finds_in_the_journal_what_was_paid(serve: Make, model: Make, run_transform: Any, tmp_path: Path) -> None:
    endpoint = serve(give)
    settings = model(endpoint, journal=str(tmp_path))
    run_transform(stage(settings), documents(6))
    asked = len(endpoint.asked)
    close_runtime()
    settings = replace(settings, journal=str(tmp_path / "empty"))  # what is found comes from the join
    outcome = run_transform(lambda entries: stage(settings, entries=entries), documents(6), journal_rows(tmp_path))
    assert_right(outcome.passed, documents(6))
    assert len(endpoint.asked) == asked
    close_runtime()
    outcome = run_transform(lambda entries: stage(settings, entries=entries), documents(7), journal_rows(tmp_path))
    assert_right(outcome.passed, documents(7))
    assert [asked.texts for asked in endpoint.asked[asked:]] == [["text 6", "more text 6"]]


def test_vectors_are_recalled_for_those_who_want_them_only(
    serve: Make, model: Make, run_transform: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memory is bounded: what is asked for last must not push out what is asked for next."""
    run_transform(stage(model(serve(give), journal=str(tmp_path))), documents(2))
    vectors_kept = journal_rows(tmp_path)
    assert {name for name, _ in vectors_kept} == {"embedding:d0", "embedding:d1"}
    close_runtime()
    recalled: list[str] = []
    monkeypatch.setattr(get_runtime(), "recall", lambda key, text: recalled.append(key))
    entries = [("d0", ("a reply's key", "{}")), *vectors_kept]
    run_replies = run_recall(run_transform, entries, vectors=False)
    assert (run_replies, recalled) == (["d0", "d1"], ["a reply's key"])
    recalled.clear()
    assert run_recall(run_transform, entries, vectors=True) == ["d0", "d1"]
    assert sorted(recalled) == sorted(key for _, (key, _) in vectors_kept)


def run_recall(run_transform: Any, entries: list[Any], vectors: bool) -> list[str]:
    import apache_beam as beam
    from apache_beam.testing.test_pipeline import TestPipeline
    from apache_beam.testing.util import assert_that, equal_to

    with TestPipeline(runner="FnApiRunner") as pipeline:
        kept = pipeline | "Entries" >> beam.Create(entries)
        name = name_of_vectors if vectors else document_id
        given = pipeline | "Documents" >> beam.Create(documents(2))
        found = given | "Recall" >> RecallReplies(kept, name, Document, vectors=vectors)
        assert_that(found | "Id" >> beam.Map(document_id), equal_to(["d0", "d1"]))
    return ["d0", "d1"]


def name_of_vectors(document: Document) -> str:
    return f"embedding:{document.id}"


def test_the_size_of_a_text_in_the_journal(serve: Make, model: Make, run_transform: Any, tmp_path: Path) -> None:
    """What the documentation says: about 1.2 kB at 384 dimensions."""
    endpoint = serve(lambda asked: Reply(raw=vectors(asked.texts, lambda text: [0.05] * 384)))
    run_transform(stage(model(endpoint, journal=str(tmp_path))), documents(1))
    [path] = tmp_path.glob("*.jsonl")
    lines = path.read_bytes().splitlines()
    assert len(lines) == 2
    assert all(1024 < len(line) < 1300 for line in lines)
    assert all(len(json.loads(line)["text"]) == 1024 for line in lines)


def test_settings_without_a_journal_write_none(serve: Make, model: Make, run_transform: Any, tmp_path: Path) -> None:
    run_transform(stage(replace(model(serve(give)), journal="")), documents(1))
    assert list(tmp_path.iterdir()) == []
