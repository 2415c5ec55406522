import json
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that, equal_to

from beam_pipeline.reading import packs as module
from beam_pipeline.reading.benchmarks import ReadBenchmarks, check_benchmarks, packs_among, read_items
from beam_pipeline.reading.packs import PackFacts, read_facts, read_pack, write_pack
from transforms.benchmarks.index import BenchmarkItem
from transforms.benchmarks.signature import VERSION, Kind, kinds_of, sign_item
from transforms.decontaminate import build_index

ITEMS = [
    BenchmarkItem(
        "/secret/folder/b.jsonl:1", "x-1", "Janet's ducks lay 16 eggs per day. How many do they lay in 23 days?", "368"
    ),
    BenchmarkItem(
        "gs://bucket/b.jsonl:2", "", "Which river flows through the old town of Bamberg and into the Main?", "the Regnitz"
    ),
]


@pytest.fixture
def pack(tmp_path: Path) -> str:
    write_pack(ITEMS, str(tmp_path / "ducks.pack"), "ducks", "1.2")
    return str(tmp_path / "ducks.pack")


def test_a_pack_gives_signatures_under_its_name_and_version(pack: str) -> None:
    first, second = read_pack(pack)
    assert (first.name, second.name) == ("ducks 1.2: b.jsonl:1 (x-1)", "ducks 1.2: b.jsonl:2")
    assert first.question == first.extra == ""
    assert list(first.features) == sign_item(ITEMS[0].question, ITEMS[0].extra, runs=True).tolist()


def test_there_is_no_text_in_it_and_no_folder(pack: str) -> None:
    content = Path(pack).read_bytes().lower()
    assert not any(word in content for word in (b"janet", b"eggs", b"bamberg", b"river", b"regnitz", b"secret", b"bucket"))


def test_facts(pack: str, tmp_path: Path) -> None:
    facts = read_facts(pack)
    assert (facts.name, facts.version, facts.items, facts.rules) == ("ducks", "1.2", 2, VERSION)
    other = write_pack(ITEMS[::-1], str(tmp_path / "other.pack"), "other")
    assert other.digest == facts.digest == other.version, "whatever the order"
    assert write_pack(ITEMS[:1], str(tmp_path / "less.pack"), "less").digest != facts.digest
    assert str(facts) == f"ducks 1.2, 2 items, digest {facts.digest}"


def test_many_items_are_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROW_GROUP", 3)
    path = str(tmp_path / "many.pack")
    write_pack((BenchmarkItem(f"b:{n}", "", f"Why are there {n} moons?") for n in range(10)), path, "many")
    assert pq.ParquetFile(path).num_row_groups == 4
    assert len(list(read_pack(path))) == read_facts(path).items == 10


def test_packs_are_read_wherever_benchmarks_are(pack: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": "Why?"}))
    check_benchmarks([str(tmp_path / "*")])
    assert packs_among([str(tmp_path / "*"), pack]) == (str(read_facts(pack)),)
    with TestPipeline(runner="FnApiRunner") as pipeline:
        items = pipeline | ReadBenchmarks((str(tmp_path / "*"),))
        assert_that(
            items | beam.Map(lambda item: item.name.split("/")[-1]), equal_to(["a.jsonl:1", *(i.name for i in read_pack(pack))])
        )
    index = build_index(read_items(pack))
    match = index.match("Daily the ducks of Janet lay 16 eggs. What do they lay in 23 days?")
    assert match is not None and match.item == "ducks 1.2: b.jsonl:1 (x-1)"


def write_parquet(path: Path, facts: dict[str, object] | None) -> None:
    table = pa.table({"name": ["a"], "features": [[1]]}, schema=module.SCHEMA)
    metadata = {} if facts is None else {b"webscale_qa_pack": json.dumps(facts).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


GOOD = PackFacts("a", "1", 1, "00", VERSION).__dict__


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (None, r"x\.pack: is no pack; webscale-qa pack makes one"),
        ({"name": "a"}, r"x\.pack: is no pack"),
        (
            {**GOOD, "rules": VERSION + 1},
            rf"x\.pack: was made by rules of version {VERSION + 1}, here are those of version {VERSION}; make",
        ),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_at_the_start(
    tmp_path: Path, facts: dict[str, object] | None, message: str
) -> None:
    write_parquet(tmp_path / "x.pack", facts)
    for use in (check_benchmarks, packs_among):
        with pytest.raises(ValueError, match=message) as refused:
            use([str(tmp_path / "x.pack")])
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"no parquet", b"PAR1"])
def test_what_is_no_parquet_is_no_pack(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pack").write_bytes(content)
    with pytest.raises(ValueError, match=r"x\.pack: is no pack"):
        check_benchmarks([str(tmp_path / "x.pack")])


@pytest.mark.parametrize(
    "columns",
    [
        {"name": pa.array(["x"])},
        {"name": pa.array(["x"]), "features": pa.array([[-5]], pa.list_(pa.int64()))},
        {"name": pa.array(["x"]), "features": pa.array(["abc"])},
    ],
)
def test_a_pack_of_other_columns_is_refused_at_the_start(tmp_path: Path, columns: dict[str, pa.Array]) -> None:
    facts = json.dumps(GOOD).encode()
    pq.write_table(pa.table(columns).replace_schema_metadata({b"webscale_qa_pack": facts}), tmp_path / "x.pack")
    with pytest.raises(ValueError, match=r"x\.pack: is no pack"):
        check_benchmarks([str(tmp_path / "x.pack")])


def test_an_empty_pack_is_refused(tmp_path: Path) -> None:
    write_pack([], str(tmp_path / "x.pack"), "none")
    with pytest.raises(ValueError, match=r"x\.pack: the pack holds no items"):
        check_benchmarks([str(tmp_path / "x.pack")])


def test_features_are_of_kinds_that_are_known(pack: str) -> None:
    for item in read_pack(pack):
        assert {Kind(kind) for kind in kinds_of(sign_item(*ITEMS[0].question.split("?")[:2])).tolist()}
        assert all(feature & 15 in list(Kind) for feature in item.features)
