"""Several inputs in one run: what the list may say, what is taken of each, and counts that close; crawls among them."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.command_line import validate
from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.reading.documents import CARRIED_CHARACTERS, NOT_SAMPLED, NOT_TEXT, Fields, with_row
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import check_inputs, file_inputs, read_inputs
from beam_pipeline.storage.matching import match_pattern
from beam_pipeline.summary.as_table import summary_table
from tests.fakes.archives import http, members, page, record
from tests.places import ROOT, SAMPLE
from transforms.records import DeadLetter, Document
from transforms.screen import ScreenConfig, screen_document

COMMON_CRAWL = ROOT.parent / "shared" / "data" / "commoncrawl"
ROWS = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
GOOD = [row["text"] for row in ROWS if len(row["text"]) > 1500]


def rows(output: Path, kind: str) -> list[dict[str, Any]]:
    """All rows of one kind that a run wrote."""
    return [json.loads(line) for path in sorted((output / kind).glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]


def run(output: Path, *arguments: str) -> dict[str, Any]:
    """Run the command line, whose counts must close; the summary it wrote."""
    main(["--demo", "--output", str(output), *arguments])
    summary: dict[str, Any] = json.loads((output / "summary.json").read_text("utf-8"))
    assert summary["balanced"]
    documents = summary["documents"]
    ended = sum(documents.get(name, 0) for name in ("accepted", "rejected", "dead_lettered", "not_sampled"))
    assert documents["read"] == ended
    if "inputs" in summary:
        assert documents["read"] == sum(row["read"] for row in summary["inputs"].values())
    return summary


# --- the list


@pytest.fixture
def listed(tmp_path: Path) -> Callable[..., PipelineConfig]:
    """Make a configuration whose --inputs is a file with this text."""

    def make(text: str, **options: Any) -> PipelineConfig:
        (tmp_path / "inputs.yaml").write_text(text, "utf-8")
        return validate({"inputs": str(tmp_path / "inputs.yaml"), "output": str(tmp_path / "out"), **options})

    return make


def test_an_entry_says_what_is_its_own_and_has_the_rest_from_the_options(
    tmp_path: Path, listed: Callable[..., PipelineConfig]
) -> None:
    text = """
    - {source: books, path: shelf/*.parquet, text_field: content, id_field: "", weight: 0.25, languages: [no, en], carry: isbn}
    - {source: 2024, path: [gs://crawl/*.warc.gz, /crawl/b.wet], cap: 1000}
    """
    config = listed(text, text_field="body", carry=["url", "license"])
    books, web = read_inputs(config)
    assert books.path == [str(tmp_path / "shelf" / "*.parquet")], "from the list's own folder"
    assert (books.text_field, books.id_field, books.weight, books.cap) == ("content", "", 0.25, 0)
    assert (books.languages, books.carry) == (["no", "en"], ["isbn"])
    assert (web.source, web.path) == ("2024", ["gs://crawl/*.warc.gz", "/crawl/b.wet"])
    *_, files = file_inputs(config, (books, web), "when")
    assert files.reader.fields == Fields("body", "id", "", "2024", "when", ("url", "license"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a YAML list"),
        ("source: a", "must be a YAML list"),
        ("- [", "line 1: not YAML"),
        ("- a", "entry 1: must be a source, a path"),
        ("- {path: a}", "entry 1: source is missing"),
        ("- {source: a}", "entry 1 ('a'): path is missing"),
        ("- {source: a, path: []}", "entry 1 ('a'): path List should have at least 1 item"),
        ("- {source: a, path: b, txt_field: c}", "unknown key 'txt_field'; did you mean text_field?"),
        ("- {source: a, path: b, weight: 1.5}", "weight must be less than or equal to 1"),
        ("- {source: a, path: b, weight: 0}", "weight must be greater than 0"),
        ("- {source: a, path: b, weight: nan}", "weight must be a finite number"),
        ("- {source: a, path: b, cap: many}", "cap must be a valid integer"),
        ("- {source: a, path: b, format: xls}", "format must be 'auto'"),
        ("- {source: a, path: b, languages: [english]}", "'english' is no language code"),
        ("- {source: a, path: b}\n- {source: a, path: c}", "entry 2: the source 'a' is already that of another"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_a_line(listed: Callable[..., PipelineConfig], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read_inputs(listed(text))
    assert str(caught.value).startswith("--inputs ") and "\n" not in str(caught.value)


def test_the_list_and_other_inputs_do_not_go_together(
    tmp_path: Path, listed: Callable[..., PipelineConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    for options, message in (
        ({"input": ["a"]}, "--input and --inputs both say what to read"),
        ({"source": "a"}, "--source is for --input"),
        ({"source_field": "a"}, "--source_field is for --input"),
    ):
        with pytest.raises(ValueError, match=message):
            listed("", **options)
    with pytest.raises(ValueError, match="--streaming has no end; use a weight"):
        read_inputs(listed("- {source: a, path: b, cap: 3}", streaming=True))
    assert main(["--demo", "--inputs", str(tmp_path / "none.yaml"), "--output", str(tmp_path / "out")]) == UNUSABLE
    listed("- {source: a, path: nowhere/*.jsonl}")
    assert main(["--demo", "--inputs", str(tmp_path / "inputs.yaml"), "--output", str(tmp_path / "out")]) == UNUSABLE
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert "none.yaml: cannot be read" in errors[0] and "nowhere/*.jsonl: no file matches" in errors[1]


# --- folders of Parquet


def test_a_folder_of_parquet_is_its_data_and_what_lacks_the_text_is_told_first(tmp_path: Path) -> None:
    table = pa.table({"id": ["a"], "row": [{"body": {"text": "One."}, "tags": ["x"]}]})
    for name in ("data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "other/flat.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(table, tmp_path / name)
    (tmp_path / "README.md").write_text("# A card")
    files = match_pattern(str(tmp_path))
    assert [Path(file).name for file in files] == ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]
    assert [Path(file).name for file in match_pattern(f"{tmp_path}/other/")] == ["flat.parquet"]
    assert check_inputs([str(tmp_path)], FileReader(Fields("row.body.text"))) == files
    with pytest.raises(ValueError, match=re.escape("no column 'text'; there is id, row.body.text, row.tags; name it with")):
        check_inputs([str(tmp_path)], FileReader(Fields("text")))
    (tmp_path / "broken.parquet").write_text("no Parquet")
    assert check_inputs([str(tmp_path / "broken.parquet")], FileReader(Fields("text"))), "costs a dead letter, not the run"
    [document] = FileReader(Fields("row.body.text", carry=("row.tags", "row.body", "none")), "auto", 1000).read(files[0])
    assert isinstance(document, Document)
    assert (document.text, json.loads(document.carried)) == ("One.", {"row.tags": ["x"], "row.body": {"text": "One."}})


# --- what goes along


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=4)
)


@given(JSON | st.binary() | st.dictionaries(st.text(), JSON, max_size=4) | st.characters(categories=["Cs"]))
def test_any_value_goes_along_as_json_of_a_bounded_size(value: Any) -> None:
    text = with_row(Document("", ""), {"a": value}, Fields(carry=("a",))).carried
    assert set(json.loads(text)) == {"a"}
    text.encode("utf-8")


def test_a_long_value_is_cut() -> None:
    for value in ("x" * 100_000, b"x" * 100_000, ["x"] * 100_000, {"x": "y" * 100_000}):
        carried = with_row(Document("", ""), {"a": value}, Fields(carry=("a",))).carried
        assert len(json.loads(carried)["a"]) == CARRIED_CHARACTERS


# --- shares


def test_a_larger_share_holds_a_smaller_one_and_each_input_draws_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("".join(f'{{"id": "{number}", "text": "t"}}\n' for number in range(2000)))

    def taken(label: str, weight: float) -> set[str]:
        found = list(FileReader(Fields(source_label=label), "auto", 1000, weight).read(str(path)))
        assert len(found) == 2000
        assert found.count(NOT_SAMPLED) == sum(not isinstance(item, Document) for item in found)
        return {item.id for item in found if isinstance(item, Document)}

    tenth, half = taken("a", 0.1), taken("a", 0.5)
    assert tenth < half < taken("a", 1.0)
    assert 150 < len(tenth) < 250 and 900 < len(half) < 1100
    assert 400 < len(half & taken("b", 0.5)) < 600


def test_a_page_that_is_not_sampled_is_not_read(tmp_path: Path) -> None:
    good = [record(http(page(GOOD[0])), number=number) for number in range(1, 41)]
    (tmp_path / "a.warc.gz").write_bytes(members([*good, record(http(b"x", "image/png")), record(b"", kind="request")]))
    found = list(FileReader(Fields(), "auto", 10**6, 0.25).read(str(tmp_path / "a.warc.gz")))
    documents = [item for item in found if isinstance(item, Document)]
    assert 4 < len(documents) < 17
    assert (found.count(NOT_TEXT), found.count(NOT_SAMPLED)) == (1, 40 - len(documents))


def test_a_source_may_have_languages_of_its_own() -> None:
    german = (
        "Die Brücke über den Hafen wurde im Jahr 1932 nach acht Jahren Bauzeit eröffnet und ist seither ein Wahrzeichen der "
        "Stadt. Ihr Bogen ist 503 Meter lang und besteht aus fast vierzigtausend Tonnen Stahl, die zum größten Teil aus England "
        "kamen. Acht Spuren, zwei Gleise und ein Fußweg führen hinüber, und an Wochentagen benutzen sie fast zweihunderttausend "
        "Menschen. Wer keine Höhenangst hat, darf mit einem Führer bis auf den Scheitel steigen, von dem man weit über die Bucht "
        "sieht. Die Maut wird nur auf dem Weg in die Stadt erhoben, und mit ihr werden die Anstriche bezahlt, die nie enden."
    )
    config = ScreenConfig(source_languages=(("de-web", ("de",)), ("any", ("all",))))
    for source, expected in (("", "language"), ("de-web", ""), ("any", "")):
        [result] = screen_document(Document("d", german, source), config)
        assert getattr(result, "reason", "") == expected


# --- a run over all of it


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A run over a crawl, a folder of Parquet and lines, each with its own fields and share."""
    folder = tmp_path_factory.mktemp("mixed")
    crawl = [
        record(b"software: test", kind="warcinfo", number=1),
        record(http(page(*GOOD[0].split("\n\n"))), number=2, WARC_IP_Address="192.0.2.1"),
        record(http(page("cut")), number=3)[:-20] + b"\r\n",
        record(http(gzip.compress(page(*GOOD[1].split("\n\n"))), Content_Encoding="gzip"), number=4),
        record(http(gzip.compress(page("Broken."))[:-20], Content_Encoding="gzip"), number=5),
        record(http(b"\x89PNG", "image/png"), number=6),
        record(http(page("Not here."), status="404 Not Found"), number=7),
    ]
    (folder / "crawl.warc.gz").write_bytes(members(crawl))
    (folder / "texts.warc.wet").write_bytes(
        record(GOOD[2].encode(), kind="conversion", number=8) + record(b"\xff\xfe not UTF-8", kind="conversion", number=9)
    )
    (folder / "shelf" / "data").mkdir(parents=True)
    books = [{"book": {"text": text, "isbn": number}} for number, text in enumerate(GOOD[3:9])]
    books.append(books[0])  # the same id twice must not take a place of the cap
    pq.write_table(pa.Table.from_pylist(books), folder / "shelf" / "data" / "train-00000-of-00001.parquet")
    lines = [json.dumps({"id": f"n{number}", "text": f"Note {number}.", "licence": "CC0"}) for number in range(200)]
    (folder / "notes.jsonl").write_text("\n".join([*lines, "{broken", '{"id": "n1000", "text": 7, "licence": "MIT"}']))
    (folder / "inputs.yaml").write_text(
        """
        - {source: web, path: ["*.warc.gz", "*.wet"], carry: [warc-ip-address]}
        - {source: books, path: shelf, text_field: book.text, id_field: "", cap: 3, carry: book.isbn}
        - {source: notes, path: notes.jsonl, weight: 0.3}
        """
    )
    output = folder / "out"
    return output, run(output, "--inputs", str(folder / "inputs.yaml"), "--carry", "licence", "--languages", "all")


@pytest.mark.integration
def test_everything_that_was_met_is_counted_by_its_input(mixed: tuple[Path, dict[str, Any]]) -> None:
    output, summary = mixed
    inputs = summary["inputs"]
    assert {name: inputs["web"][name] for name in ("read", "dead_lettered", "not_text")} == {
        "read": 6,
        "dead_lettered": 3,
        "not_text": 2,
    }
    assert (inputs["books"]["read"], inputs["books"]["not_sampled"]) == (7, 3)
    assert (inputs["notes"]["read"], inputs["notes"]["dead_lettered"]) == (202, 2)
    assert 100 < inputs["notes"]["not_sampled"] < 170
    assert summary["documents"]["not_sampled"] == inputs["notes"]["not_sampled"] + 3
    assert sum(row.get("pairs", 0) for row in inputs.values()) == summary["pairs"] == len(rows(output, "qa")) > 0
    table = summary_table(summary, str(output))
    assert re.search(rf"(?m)^books +7 +3 +0 +0 +{inputs['books']['pairs']}$", table)


@pytest.mark.integration
def test_what_goes_along_is_in_every_row(mixed: tuple[Path, dict[str, Any]]) -> None:
    output, _ = mixed
    pairs = {row["source"]: row for row in rows(output, "qa")}
    assert set(pairs) == {"web", "books"}
    assert pairs["books"]["attributes"]["book.isbn"] in range(6)
    first = next(row for row in rows(output, "qa") if row["document_id"] == "urn:uuid:00000002")
    assert first["attributes"] == {
        "url": "http://example.com/2",
        "date": "2026-01-02T03:04:05Z",
        "warc-ip-address": "192.0.2.1",
    }
    notes = [row for row in rows(output, "rejected") if row["item"].get("source") == "notes"]
    assert notes and all(row["attributes"] == {"licence": "CC0"} for row in notes)
    letters = {row["where"].rpartition("/")[2]: row for row in rows(output, "dead_letters")}
    assert letters["notes.jsonl:202"]["attributes"] == {"licence": "MIT"}
    assert {row["error"] for where, row in letters.items() if "crawl" in where} == {"BrokenRecord"}
    packed, cut = sorted((row for where, row in letters.items() if "crawl" in where), key=lambda row: row["message"])
    assert packed["message"] == "its content encoding gzip is broken (cut off)"
    assert packed["attributes"]["url"] == "http://example.com/5"
    assert cut["message"].startswith("its length is wrong") and re.fullmatch(r".*crawl\.warc\.gz:offset \d+", cut["where"])
    assert letters[next(where for where in letters if "wet" in where)]["error"] == "InvalidUtf8"


@pytest.mark.integration
def test_another_run_takes_the_same_and_a_larger_cap_more(mixed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    output, summary = mixed
    text = (output.parent / "inputs.yaml").read_text()
    other = output.parent / "more.yaml"
    other.write_text(text.replace("cap: 3", "cap: 5"))
    again = run(tmp_path, "--inputs", str(other), "--carry", "licence", "--languages", "all")
    assert again["inputs"]["notes"] == summary["inputs"]["notes"]
    assert again["inputs"]["books"]["not_sampled"] == 1
    books, more = (
        {row["document_id"] for row in rows(folder, "qa") if row["source"] == "books"} for folder in (output, tmp_path)
    )
    assert books < more


@pytest.mark.integration
def test_a_watched_folder_reads_the_same(mixed: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    text = (
        (mixed[0].parent / "inputs.yaml").read_text().replace(" cap: 3,", "").replace("path: shelf", "path: shelf/data/*.parquet")
    )
    (mixed[0].parent / "stream.yaml").write_text(text)
    given = ["--streaming", "--watch_until_s", "1", "--watch_interval_s", "0.2", "--window_s", "3600", "--languages", "all"]
    code = main(["--demo", "--output", str(tmp_path), "--inputs", str(mixed[0].parent / "stream.yaml"), *given])
    assert code == OK
    windows = rows(tmp_path, "summaries")
    assert all(window["balanced"] for window in windows)
    met = {
        label: sum(window["inputs"].get(label, {}).get("read", 0) for window in windows) for label in ("web", "books", "notes")
    }
    assert met == {"web": 6, "books": 7, "notes": 202}
    assert sum(window["documents"]["read"] for window in windows) == 215


# --- Common Crawl


@pytest.mark.skipif(not COMMON_CRAWL.exists(), reason="the files of Common Crawl (../shared/data) are not here")
def test_every_file_of_a_crawl_gives_what_is_good_in_it() -> None:
    def found(name: str) -> list[str]:
        items = FileReader(Fields(), "warc", 10**7).read(str(COMMON_CRAWL / name))
        return [item.message if isinstance(item, DeadLetter) else item.id[-12:] for item in items if item != NOT_TEXT]

    assert found("whirlwind.warc.gz") == ["e87c6296e2b6"]
    assert found("whirlwind.warc.wet") == found("whirlwind.warc.wet.gz") == ["0a5b2ee0c42d"]
    for name in ("example.warc.gz", "example-bad-non-chunked.warc.gz", "example-wrong-chunks.warc.gz", "example.arc.gz"):
        assert len(found(name)) == 1
    bad_uri, *logs = FileReader(Fields(), "auto", 10**7).read(str(COMMON_CRAWL / "example-wget-bad-target-uri.warc.gz"))
    assert isinstance(bad_uri, Document) and bad_uri.source == "http://example.com/"
    assert logs == [NOT_TEXT] * 2, "what wget wrote of itself"
    assert found("example-trunc.warc") == ["its content encoding gzip is broken (cut off)"]
    assert len(found("example-resource.warc.gz")) == 1
    assert found("whirlwind.warc.wat.gz") == []


@pytest.mark.integration
@pytest.mark.skipif(not COMMON_CRAWL.exists(), reason="the files of Common Crawl (../shared/data) are not here")
def test_common_crawl_runs_end_to_end(tmp_path: Path) -> None:
    arguments = ["--input_format", "warc", "--languages", "all", "--min_document_tokens", "10"]
    summary = run(tmp_path, "--input", f"{COMMON_CRAWL}/*", *arguments)
    assert summary["inputs"]["input"] == {"read": 12, "dead_lettered": 2, "not_text": 2}
    letters = {row["where"].rpartition("/")[2]: row["message"] for row in rows(tmp_path, "dead_letters")}
    assert set(letters) == {"example-trunc.warc:offset 1197", "CC-MAIN-2024-22.warc.paths.gz:offset 0"}
    assert "no record begins here" in letters["CC-MAIN-2024-22.warc.paths.gz:offset 0"]
    assert summary["reasons"]["read/exact_duplicate"] == 2, "the WET file twice, and a page in two of the files"
