"""Semantic decontamination: benchmark questions in other words are found by their vectors, and look-alikes go through."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, IntervalWindow, TimestampedValue
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.demo_endpoint.embeddings import EMBEDDING_MODEL, embed, embeddings_reply
from tests.fakes.scripted_endpoint import Answer as Reply
from tests.fakes.scripted_endpoint import Asked, vectors
from tests.quality import semantic as labelled
from transforms import decontaminate as semantic
from transforms.benchmarks.index import BenchmarkItem
from transforms.benchmarks.paraphrase import core_question
from transforms.benchmarks.vectors import BenchmarkVectors, closest_items, pack_block
from transforms.decontaminate import DecontaminateSemantically, EmbedBenchmarks, judge_pairs
from transforms.errors import FatalError
from transforms.flow.coders import RecordCoder
from transforms.inference.config import EmbeddingConfig, ModelConfig
from transforms.inference.journal.writer import read_entries
from transforms.inference.recall import entry_by_document
from transforms.inference.runtime import close_runtime
from transforms.records import Document, Persona, PersonaTask, QAPair, VerifiedQA
from transforms.text import stable_hash

pytestmark = pytest.mark.usefixtures("quick_back_off")
Make = Callable[..., Any]

CAPITAL = BenchmarkItem("trivia.jsonl:7", "t7", "Which city is the capital of Australia?", "Canberra")
ITEMS = [
    CAPITAL,
    BenchmarkItem("trivia.jsonl:8", "", "Who painted the Mona Lisa?", "Leonardo da Vinci"),
    BenchmarkItem("maths.jsonl:1", "m1", "A farm has 30 heads and 86 legs of cows and hens. How many cows?", ""),
]


def pair(question: str, answer: str = "Canberra", document_id: str = "d1") -> VerifiedQA:
    task = PersonaTask(Document(document_id, "A text.", where=f"f:{document_id}"), "Other", Persona("reader"))
    return VerifiedQA(QAPair(task, question, answer, "place", ("Canberra City",)), "A quote.")


def give(asked: Asked, **settings: Any) -> Reply:
    return Reply(raw=vectors(asked.texts, embed), **settings)


def config(model: ModelConfig, **settings: Any) -> EmbeddingConfig:
    return EmbeddingConfig(model, batch_wait_s=0.02, **settings)


class Run(beam.PTransform):
    """Both transforms over pairs, as a pipeline has them."""

    def __init__(self, items: Any, how: EmbeddingConfig, entries: Any = None, **settings: Any) -> None:
        super().__init__()
        self._items, self._how, self._entries, self._settings = items, how, entries, settings

    def expand(self, pairs: Any) -> Any:
        index = self._items | "Benchmarks" >> EmbedBenchmarks(self._how, self._entries)
        return pairs | "Semantic" >> DecontaminateSemantically(self._how, index, entries=self._entries, **self._settings)


def test_a_question_in_other_words_is_rejected_with_benchmark_item_and_similarity(
    serve: Make, model: Make, run_transform: Any
) -> None:
    how = config(model(serve(give)))
    given = [pair("Australia has which city as its capital?"), pair("What do koalas feed on?", "eucalyptus", "d2")]
    outcome = run_transform(lambda items: Run(items, how), given, ITEMS)
    assert [qa.pair.question for qa in outcome.passed] == ["What do koalas feed on?"]
    [rejection] = outcome.rejected
    assert (rejection.stage, rejection.reason, rejection.document_id) == ("decontaminate", "benchmark_paraphrase", "d1")
    assert rejection.detail.startswith("trivia.jsonl:7 (t7), similarity 0.")
    assert rejection.detail.endswith(": Which city is the capital of Australia?")
    assert "Australia has which city" in rejection.item
    assert outcome.dead_letters == []
    assert run_transform.counters("decontaminate") == {"rejected/benchmark_paraphrase": 1}


def test_look_alikes_go_through(serve: Make, model: Make, run_transform: Any) -> None:
    how = config(model(serve(give)))
    given = [
        pair("Which city is the capital of Austria?", "Vienna"),
        pair("Who painted the Night Watch?", "Rembrandt"),
        pair("A farm has 40 heads and 96 legs of cows and hens. How many cows?", "8"),
    ]
    outcome = run_transform(lambda items: Run(items, how), given, ITEMS)
    assert (len(outcome.passed), outcome.rejected) == (3, [])


def test_the_least_similarity_is_a_setting(serve: Make, model: Make, run_transform: Any) -> None:
    how = config(model(serve(give)))
    given = [pair("Australia has which city as its capital?")]
    assert run_transform(lambda items: Run(items, how, least=0.99), given, ITEMS).rejected == []
    assert len(run_transform(lambda items: Run(items, how, least=0.3), given, ITEMS).rejected) == 1


def test_without_items_everything_passes(serve: Make, model: Make, run_transform: Any) -> None:
    how = config(model(serve(give)))
    outcome = run_transform(lambda items: Run(items, how), [pair("Which city?")], [BenchmarkItem("f:1", "", " ", "")])
    assert len(outcome.passed) == 1


def test_items_are_embedded_once_and_texts_share_requests(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(give)
    items = [BenchmarkItem(f"f:{number}", "", f"What is thing number {number}?") for number in range(300)]
    given = [pair(f"Which matter is that of the letter {number}?", "x", f"d{number}") for number in range(100)]
    run_transform(lambda made: Run(made, config(model(endpoint))), given, items)
    texts = [text for asked in endpoint.asked for text in asked.texts]
    assert len(texts) == len(set(texts)) == 400
    assert len(endpoint.asked) < 40


def test_vectors_are_decoded_only_where_there_are_none_yet(
    serve: Make, model: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # What a side input costs is decoding it: each block notes that it was, in a file that outlives pickling.
    log = tmp_path / "decoded"

    def note(block: Any, state: dict[str, Any]) -> None:
        block.__dict__.update(state)
        with open(log, "a") as file:
            file.write("x")

    monkeypatch.setattr(BenchmarkVectors, "__setstate__", note, raising=False)
    semantic._BLOCKS._made.clear()
    how = config(model(serve(give)))
    with TestPipeline(runner="FnApiRunner") as pipeline:
        vectors_of_items = pipeline | "Items" >> beam.Create(ITEMS) | EmbedBenchmarks(how)
        pairs = pipeline | "Pairs" >> beam.Create([pair(f"What do {n} koalas eat?", str(n), f"d{n}") for n in range(20)])
        first = pairs | beam.Reshuffle() | "First" >> DecontaminateSemantically(how, vectors_of_items)
        second = first.passed | "Break" >> beam.Reshuffle() | "Second" >> DecontaminateSemantically(how, vectors_of_items)
        assert_that(second.passed | beam.combiners.Count.Globally(), equal_to([20]))
    assert log.read_text() == "x", "both stages share the vectors that the first one read"


def test_pairs_keep_their_timestamp_and_window(
    serve: Make, model: Make, run_transform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    how = config(model(serve(give)))
    questions = ["Australia has which city as its capital?", "What do koalas feed on?"] * 3
    given = [TimestampedValue(pair(question, document_id=f"d{n}"), 7 * n) for n, question in enumerate(questions)]
    run_transform(lambda items: Run(items, how), given, ITEMS, windows=FixedWindows(10))
    assert [len(part) for part in run_transform.seen] == [3, 3, 0]
    for seen in (*run_transform.seen.passed, *run_transform.seen.rejected):
        number = int(
            (seen.element.document_id if hasattr(seen.element, "document_id") else seen.element.pair.task.document.id)[1:]
        )
        assert seen.timestamp == 7 * number
        assert seen.window == IntervalWindow(7 * number // 10 * 10, 7 * number // 10 * 10 + 10)


def test_a_pair_that_cannot_be_embedded_is_a_dead_letter(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if any("koalas" in text for text in asked.texts) else give(asked))
    bad = pair("What do koalas feed on?", "eucalyptus", "d2")
    outcome = run_transform(lambda items: Run(items, config(model(endpoint))), [bad, pair("Where is the river?", "here")], ITEMS)
    assert len(outcome.passed) == 1
    [letter] = outcome.dead_letters
    assert (letter.stage, letter.error, letter.document_id, letter.item_type) == (
        "decontaminate",
        "RequestRefused",
        "d2",
        "VerifiedQA",
    )
    assert letter.task_id == bad.pair.task.id
    assert RecordCoder(VerifiedQA).decode(letter.item.encode()) == bad


def test_an_item_that_the_model_will_not_take_is_named_and_the_rest_is_compared(
    serve: Make, model: Make, run_transform: Any, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = serve(lambda asked: Reply(status=400) if any("Mona" in text for text in asked.texts) else give(asked))
    given = [pair("Australia has which city as its capital?")]
    outcome = run_transform(lambda items: Run(items, config(model(endpoint))), given, ITEMS)
    assert len(outcome.rejected) == 1
    assert run_transform.counters("decontaminate")["benchmark_items_skipped"] == 1
    assert any("trivia.jsonl:8" in message and "HTTP 400" in message for message in caplog.messages)


def test_benchmarks_that_cannot_be_asked_about_stop_the_run(serve: Make, model: Make, run_transform: Any) -> None:
    endpoint = serve(lambda _: Reply(status=502))
    settings = config(model(endpoint, max_attempts=2, outage_timeout_s=0.2))
    with pytest.raises(Exception, match="benchmark items cannot be embedded: HTTP 502"):
        run_transform(lambda items: Run(items, settings), [pair("Which?")], ITEMS)


def test_a_run_that_goes_on_pays_for_no_vector_again(serve: Make, model: Make, run_transform: Any, tmp_path: Path) -> None:
    endpoint = serve(give)
    how = config(model(endpoint, journal=str(tmp_path)))
    given = [pair("Australia has which city as its capital?"), pair("What do koalas feed on?", "eucalyptus", "d2")]
    first = run_transform(lambda items: Run(items, how), given, ITEMS)
    asked = len(endpoint.asked)
    lines = (line for path in tmp_path.glob("*.jsonl") for line in path.read_bytes().splitlines())
    rows = [entry_by_document(entry) for entry in read_entries(lines)]
    assert {name for name, _ in rows} == {
        "embedding:benchmark:trivia.jsonl:7 (t7)",
        "embedding:benchmark:trivia.jsonl:8",
        "embedding:benchmark:maths.jsonl:1 (m1)",
        "embedding:d1",
        "embedding:d2",
    }
    close_runtime()
    again = run_transform(lambda items, entries: Run(items, how, entries), given, ITEMS, rows)
    assert (again.passed, again.rejected) == (first.passed, first.rejected)
    assert len(endpoint.asked) == asked


def test_the_embedded_endpoint_s_vectors_find_a_reordered_question(serve: Make, run_transform: Any) -> None:
    def script(asked: Asked) -> Reply:
        import json

        return Reply(raw=embeddings_reply(json.dumps(asked.body).encode()))

    how = config(ModelConfig((serve(script).url,), EMBEDDING_MODEL))
    outcome = run_transform(lambda items: Run(items, how), [pair("Australia has which city as its capital?")], ITEMS)
    assert len(outcome.rejected) == 1


def test_benchmarks_are_a_side_input_independent_of_the_pairs(serve: Make, model: Make) -> None:
    """So that the pairs' stages stay fused, and the items are embedded while documents are still read."""
    how = config(model(serve(give)))
    with TestPipeline(runner="FnApiRunner") as pipeline:
        items = pipeline | "Items" >> beam.Create(ITEMS)
        pairs = pipeline | "Pairs" >> beam.Create([pair("Which city?")])
        index = items | "Benchmarks" >> EmbedBenchmarks(how)
        pairs | "Semantic" >> DecontaminateSemantically(how, index)
        index_from = producers(index)
        assert producers(pairs).isdisjoint(index_from - {"pipeline"})


def producers(collection: Any) -> set[str]:
    """Labels of everything that a PCollection is made from."""
    found: set[str] = set()
    pending = [collection]
    while pending:
        producer = pending.pop().producer
        if producer is not None and producer.full_label and producer.full_label not in found:
            found.add(producer.full_label)
            pending += [given for given in producer.inputs if hasattr(given, "producer")]
    return found


# --- vectors and blocks


def unit(rows: Any) -> Any:
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def numbered(count: int) -> list[BenchmarkItem]:
    return [BenchmarkItem(f"f:{number}", f"i{number}", f"Q{number}? \u00fc", f"A{number}") for number in range(count)]


def test_rounding_to_int8_moves_a_cosine_by_little() -> None:
    random = np.random.default_rng(0)
    rows = unit(random.normal(size=(500, 384)))
    queries = unit(rows[:50] + 0.4 * random.normal(size=(50, 384)) / math.sqrt(384))
    block = pack_block(numbered(500), rows.astype(np.float16))
    exact = queries @ rows.T
    found = closest_items(queries, [block], -1.0)
    most = max(abs(cosine - exact[query, place]) for query, items in enumerate(found) for cosine, _, place in items)
    assert most < 0.005


def test_the_closest_items_of_several_blocks_come_first() -> None:
    random = np.random.default_rng(1)
    rows = unit(random.normal(size=(300, 16)))
    blocks = [pack_block(numbered(100), rows[start : start + 100].astype(np.float16)) for start in (0, 100, 200)]
    [found] = closest_items(rows[150:151], blocks, 0.3)
    assert found[0][1:] == (1, 50)
    cosines = [cosine for cosine, _, _ in found]
    assert cosines == sorted(cosines, reverse=True)
    assert min(cosines) >= 0.3
    assert blocks[1].item(50) == ("f:50 (i50)", "Q50? \u00fc", "A50")


@given(st.integers(1, 300))
def test_every_item_of_a_block_can_be_read(count: int) -> None:
    block = pack_block(numbered(count), np.ones((count, 4), dtype=np.float16))
    for place in {0, count // 2, count - 1}:
        assert block.item(place) == (f"f:{place} (i{place})", f"Q{place}? \u00fc", f"A{place}")


def test_a_million_items_take_half_a_gigabyte() -> None:
    count = semantic.BLOCK_ITEMS
    rows = labelled.read_rows()
    items = [
        BenchmarkItem(f"b.jsonl:{n}", f"i{n}", f"{rows[n % len(rows)]['benchmark_question']} {n}", str(n)) for n in range(count)
    ]
    block = pack_block(items, np.random.default_rng(0).normal(size=(count, 384)).astype(np.float16))
    assert (block.vectors.nbytes + block.scales.nbytes + sum(map(len, block.words))) / count < 500


def test_the_digest_tells_items_and_vectors_apart_whatever_blocks_they_came_in() -> None:
    rows = unit(np.random.default_rng(2).normal(size=(8, 16))).astype(np.float16)
    whole = pack_block(numbered(8), rows)
    halves = [pack_block(numbered(8)[part], rows[part]) for part in (slice(0, 3), slice(3, 8))]
    assert sum(block.digest for block in halves) % 2**63 == whole.digest
    assert len({whole.digest, halves[0].digest, pack_block(numbered(8), -rows).digest}) == 3


def test_vectors_of_two_models_under_one_name_stop_the_run() -> None:
    block = pack_block(numbered(2), np.ones((2, 8), dtype=np.float16))
    with pytest.raises(FatalError, match="16 numbers, the benchmarks' 8"):
        closest_items(unit(np.ones((1, 16))), [block], 0.5)


def test_no_pairs_no_verdicts() -> None:
    assert judge_pairs([], [], 0.7) == []


# --- the labelled set against all its items at once, with a real model's vectors kept in the repository


def test_every_pair_against_all_items_of_the_labelled_set() -> None:
    rows, stored = labelled.read_rows(), labelled.read_vectors()

    def vector(text: str) -> Any:
        return stored[stable_hash(core_question(text))].astype(np.float16)

    items = [BenchmarkItem(f"set:{n}", "", row["benchmark_question"], row["benchmark_answer"]) for n, row in enumerate(rows)]
    blocks = [
        pack_block(part, [vector(item.question) for item in part])
        for part in (items[start : start + 64] for start in range(0, 198, 64))
    ]
    given = []
    for row in rows:
        qa = pair(row["question"], row["answer"])
        given.append((replace(qa, pair=replace(qa.pair, answer_type="", aliases=())), np.array([vector(row["question"])])))
    judged = judge_pairs(given, blocks, 0.72)
    found = [not isinstance(result, VerifiedQA) for row, result in zip(rows, judged, strict=True) if row["paraphrase"]]
    assert sum(found) >= 0.75 * len(found)
