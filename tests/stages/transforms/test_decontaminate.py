from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import FixedWindows, TimestampedValue

from transforms import decontaminate as module
from transforms.benchmarks.index import BenchmarkItem, BenchmarkShard, pack_items
from transforms.benchmarks.rephrased import REPHRASED
from transforms.benchmarks.signature import sign_item
from transforms.benchmarks.word_overlap import NEAR_DUPLICATE, OVERLAP
from transforms.decontaminate import STAGE, DecontaminateQA, decontaminate
from transforms.records import Document, Persona, PersonaTask, QAPair, Rejection, VerifiedQA

ITEMS = [
    BenchmarkItem(
        "gs://b/geo.jsonl:4", "geo-4", "Which river flows through the old town of Bamberg and into the Main?", "the Regnitz"
    ),
    BenchmarkItem(
        "gs://b/hens.parquet:row 7",
        "",
        "A hen lays 5 eggs a week and eats 2 kg of grain a month. How many eggs do 14 hens lay in 9 weeks?",
    ),
]
COPY = "Question: which river flows through the old town of Bamberg, and into the Main?"
EDITED = "A duck lays 4 eggs a week and eats 3 kg of grain a month. How many eggs do 12 ducks lay in 8 weeks?"
CLEAN = "Which river flows past the old town of Passau from the south?"


def verified(question: str, answer: str = "an answer") -> VerifiedQA:
    task = PersonaTask(Document("d1", "A text.", where="in.jsonl:1"), "Other", Persona("reader"))
    return VerifiedQA(QAPair(task, question, answer, "term"), "A text.")


@pytest.fixture(autouse=True)
def no_finders() -> Iterator[None]:
    module._FINDERS._made.clear()
    yield
    module._FINDERS._made.clear()


def test_decontaminate_qa(run_transform: Any) -> None:
    pairs = [verified(COPY), verified(CLEAN), verified(EDITED)]
    outcome = run_transform(DecontaminateQA, pairs, ITEMS)
    assert outcome.passed == [verified(CLEAN)]
    assert outcome.dead_letters == []
    copy, edited = sorted(outcome.rejected, key=lambda rejection: rejection.reason, reverse=True)
    assert (copy.stage, copy.reason, copy.document_id) == (STAGE, OVERLAP, "d1")
    assert copy.detail.startswith('gs://b/geo.jsonl:4 (geo-4): the whole question: "which river flows')
    assert (edited.reason, edited.detail.split(":")[:2]) == (NEAR_DUPLICATE, ["gs", "//b/hens.parquet"])
    assert "row 7: similarity 0." in edited.detail
    assert {copy.reason, edited.reason} == {OVERLAP, NEAR_DUPLICATE}
    assert run_transform.counters(STAGE) == {"passed": 1, f"rejected/{OVERLAP}": 1, f"rejected/{NEAR_DUPLICATE}": 1}


ORCHARD = BenchmarkItem(
    "b.jsonl:1",
    "o-1",
    "Farid's orchard has 48 pear trees and 17 quince trees. Each pear tree gives 35 kg of fruit and each quince tree 22 kg. "
    "If he sells the fruit for $1.20 a kg, how much does he earn?",
)
REWORDED = (
    "On his land Farid grows pears on 48 trees and quinces on 17. A pear tree yields 35 kg, while a quince tree yields 22 kg. "
    "What are his earnings if every kg is sold at $1.20?"
)


@pytest.mark.parametrize("packed", [False, True])
def test_other_words_are_rejected_with_the_rule_and_the_item(run_transform: Any, packed: bool) -> None:
    features = tuple(sign_item(ORCHARD.question, ORCHARD.extra, runs=True).tolist())
    item = BenchmarkItem("orchards 1.0: b.jsonl:1", "", "", "", features) if packed else ORCHARD
    outcome = run_transform(DecontaminateQA, [verified(REWORDED), verified(CLEAN), verified(COPY)], [item, ITEMS[0]])
    assert outcome.passed == [verified(CLEAN)]
    details = {rejection.reason: rejection.detail for rejection in outcome.rejected}
    assert details.keys() == {REPHRASED, OVERLAP}
    assert (
        details[REPHRASED].startswith(f"{item.name}: in other words, likeness 1.") and "farid, 1.2, 48, 17" in details[REPHRASED]
    )
    assert run_transform.counters(STAGE) == {"passed": 1, f"rejected/{OVERLAP}": 1, f"rejected/{REPHRASED}": 1}


def test_other_words_can_be_left_alone(run_transform: Any) -> None:
    outcome = run_transform(lambda items: DecontaminateQA(items, rephrased=0), [verified(REWORDED)], [ORCHARD])
    assert outcome.passed == [verified(REWORDED)]


@pytest.mark.parametrize(("settings", "rejected"), [({"similarity": 0.0}, 1), ({"ngram": 9}, 2)])
def test_settings_matter(run_transform: Any, settings: dict[str, Any], rejected: int) -> None:
    shared = verified("Who walks through the old town of Bamberg and into the cathedral?")
    pairs = [verified(COPY), shared, verified(EDITED)][: 3 if "similarity" in settings else 2]
    outcome = run_transform(lambda items: DecontaminateQA(items, **settings), pairs, ITEMS)
    assert len(outcome.rejected) == rejected


def test_without_items_everything_passes(run_transform: Any) -> None:
    assert len(run_transform(DecontaminateQA, [verified(COPY), verified(EDITED)], []).passed) == 2


def test_windows_and_timestamps_stay(run_transform: Any) -> None:
    pairs = [TimestampedValue(verified(CLEAN), 5), TimestampedValue(verified(COPY), 65)]
    run_transform(DecontaminateQA, pairs, ITEMS, windows=FixedWindows(60))
    assert [(seen.timestamp, seen.window.end) for seen in run_transform.seen.passed] == [(5.0, 60)]
    assert [(seen.timestamp, seen.window.end) for seen in run_transform.seen.rejected] == [(65.0, 120)]


def test_outputs_have_their_types() -> None:
    with TestPipeline(runner="FnApiRunner") as pipeline:
        items = pipeline | "Items" >> beam.Create(ITEMS)
        outcome = pipeline | "Pairs" >> beam.Create([verified(CLEAN)]) | "Decontaminate" >> DecontaminateQA(items)
        assert outcome.passed.element_type is VerifiedQA
        assert_that(outcome.passed, equal_to([verified(CLEAN)]))


def test_items_are_packed_in_shards_of_so_many_characters() -> None:
    items = [BenchmarkItem(f"b:{n}", "", f"Why is number {n} odd?") for n in range(22)]
    items.append(BenchmarkItem("b:22", "", "Why is number 22 even?", "x" * 16_000))
    items.append(BenchmarkItem("b:23", "", "Why is number 23 odd?"))
    pack = module._PackFn(pack_items, module._shard_size, 16_000)
    with TestPipeline(runner="FnApiRunner") as pipeline:
        shards = pipeline | beam.Create(items, reshuffle=False) | beam.ParDo(pack)
        assert_that(shards | beam.Map(lambda shard: len(shard.lengths)), equal_to([10, 10, 3, 1]))


def test_the_index_is_made_once_and_its_items_read_once() -> None:
    read = []

    def shards() -> Iterator[BenchmarkShard]:
        read.append(1)
        yield pack_items(ITEMS)

    for _ in range(3):
        [rejection] = decontaminate(verified(COPY), 7, shards(), 13, 0.65)
        assert isinstance(rejection, Rejection) and rejection.reason == OVERLAP
    assert read == [1]
    [strict], [lax] = (decontaminate(verified(EDITED), 8, shards(), 13, least) for least in (0.65, 0.9))
    assert isinstance(strict, Rejection) and lax == verified(EDITED)
    assert read == [1, 1, 1]


def test_items_are_decoded_only_where_there_is_no_index_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    # What a side input costs is decoding it: each shard notes that it was, in a file that outlives pickling.
    log = tmp_path / "decoded"
    monkeypatch.setattr(BenchmarkShard, "__setstate__", _noting(log), raising=False)
    with TestPipeline(runner="FnApiRunner") as pipeline:
        items = pipeline | "Items" >> beam.Create(ITEMS)
        pairs = pipeline | "Pairs" >> beam.Create([verified(f"{CLEAN} {n}") for n in range(20)]) | beam.Reshuffle()
        first = pairs | "First" >> DecontaminateQA(items)
        second = first.passed | "Break" >> beam.Reshuffle() | "Second" >> DecontaminateQA(items)
        assert_that(second.passed | beam.combiners.Count.Globally(), equal_to([20]))
    assert log.read_text() == "x", "both stages share the index that the first one made"


def _noting(log: Any) -> Callable[[Any, dict[str, Any]], None]:
    def note(shard: Any, state: dict[str, Any]) -> None:
        shard.__dict__.update(state)
        with open(log, "a") as file:
            file.write("x")

    return note
