"""Sources: bad rows cost one dead letter each, good rows go through, ids and places are true.

Index: rows (parse_row, no Beam) - files (FileReader, no runner) - matching - ids - the transforms.
"""

import bz2
import gzip
import json
import lzma
import os
import random

import apache_beam as beam
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions
from hypothesis import given
from hypothesis import strategies as st

from beam_pipeline.reading.documents import Fields, dead_row, parse_row
from beam_pipeline.reading.exemplar_banks import ReadExemplars, read_domains, read_exemplars
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import check_inputs
from beam_pipeline.reading.read_files import ReadDocuments, keep_first
from beam_pipeline.storage import compression
from beam_pipeline.storage.files import format_of, split_lines
from beam_pipeline.storage.matching import match_files, match_pattern
from beam_pipeline.storage.values import BadRow
from prompts.load import Domain, PromptError, load_domains
from transforms.errors import FatalError
from transforms.flow.coders import RecordCoder
from transforms.records import DeadLetter, Document, Rejection
from transforms.text import stable_hash

FIELDS = Fields()


def parse(line: bytes, fields: Fields = FIELDS) -> Document | BadRow:
    return parse_row(line, fields, "f:1")


def read_file(path: object, fields: Fields = FIELDS, input_format: str = "auto", max_line_bytes: int = 50_000_000) -> list:
    return list(FileReader(fields, input_format, max_line_bytes).read(str(path)))


# --- rows


def test_row_gives_document():
    document = parse(b'{"id": "a", "text": "Hello.", "source": "web"}\r\n')
    assert document == Document(id="a", text="Hello.", source="web", where="f:1")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"text": "t", "id": 7}, "7"),
        ({"text": "t", "id": "é"}, "é"),
        ({"text": "t"}, stable_hash("t")),
        ({"text": "t", "id": None}, stable_hash("t")),
        ({"text": "t", "id": ""}, stable_hash("t")),
        ({"text": "t", "id": 7.0}, "7"),
        ({"text": "t", "id": 1.5}, "1.5"),
        ({"text": "t", "id": float("nan")}, stable_hash("t")),
    ],
    ids=["number", "string", "missing", "null", "empty", "whole float", "float", "nan"],
)
def test_ids(row, expected):
    assert parse(json.dumps(row).encode()).id == expected


def test_id_field_may_be_switched_off():
    assert parse(b'{"id": "a", "text": "t"}', Fields(id="")).id == stable_hash("t")


def test_fields_may_be_nested_or_have_dots_in_their_names():
    nested = b'{"content": {"body": "t"}, "meta": {"url": "u", "n": 3}}'
    document = parse(nested, Fields(text="content.body", id="meta.n", source="meta.url"))
    assert (document.text, document.id, document.source) == ("t", "3", "u")
    assert parse(b'{"content.body": "dotted", "content": {"body": "t"}}', Fields(text="content.body")).text == "dotted"


@pytest.mark.parametrize(
    ("source", "expected"),
    [(b'"web"', "web"), (b"null", "label"), (b'""', "label"), (b"3", "3"), (b'{"a": 1}', '{"a": 1}'), (b'"\\ud800"', "\\ud800")],
)
def test_source_is_taken_as_it_comes(source, expected):
    assert parse(b'{"text": "t", "source": %s}' % source, Fields(source_label="label")).source == expected


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (b'{"text": "cut', "InvalidJson", "write one object a line"),
        (b"not json", "InvalidJson", "write one object a line"),
        (b'{"text": "a\tb"}', "InvalidJson", "control character"),
        (b"[" * 100_000, "InvalidJson", "not JSON"),
        (b'["text"]', "WrongType", "the line is a list, not an object"),
        (b'"text"', "WrongType", "the line is a string"),
        (b"NaN", "WrongType", "the line is a number"),
        (b'{"body": "b", "title": 1}', "MissingText", "no field 'text'; there is body, title; name it with --text_field"),
        (b"{}", "MissingText", "there is nothing"),
        (b'{"text": null}', "WrongType", "the text is null; it must be a string"),
        (b'{"text": 12}', "WrongType", "the text is a number"),
        (b'{"text": NaN}', "WrongType", "the text is a number"),
        (b'{"text": ["a"]}', "WrongType", "the text is a list"),
        (b'{"text": true}', "WrongType", "the text is true or false"),
        (b'{"text": "a\\u0000b"}', "NullByte", "at character 2"),
        (b'{"text": "a\0b"}', "NullByte", "at byte 12"),
        (b'{"text": "caf\xe9"}', "InvalidUtf8", "at byte 14; convert the file"),
        (b'{"text": "a\\ud800b"}', "InvalidUtf8", "half of a surrogate pair at character 2"),
        (b'{"text": "t", "id": true}', "WrongType", "the id is true or false"),
        (b'{"text": "t", "id": ["a"]}', "WrongType", "the id is a list"),
        (b'{"text": "t", "id": "\\ud800"}', "InvalidUtf8", "the id has half"),
        (b'{"text": "t", "id": "\\u0000"}', "NullByte", "the id has a null byte"),
    ],
)
def test_bad_row_says_what_is_wrong(line, error, message):
    bad = parse(line)
    assert isinstance(bad, BadRow)
    assert bad.error == error
    assert message in bad.message


@pytest.mark.parametrize(
    "line",
    [
        b'\xef\xbb\xbf{"text": "t"}',
        b'{"text": "t"}\r\n',
        b'  {"text": "t"}  ',
        b'{"text": "t", "score": NaN, "max": Infinity}',
        b'{"text": "t", "title": "\\ud800"}',
        b'{"text": "t", "n": 123456789012345678901234567890}',
    ],
    ids=["bom", "crlf", "spaces", "nan", "surrogate elsewhere", "big number"],
)
def test_good_rows_that_look_odd(line):
    assert parse(line).text == "t"


def test_empty_text_is_for_the_screen_to_judge():
    assert parse(b'{"text": ""}').text == ""


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda members: st.lists(members, max_size=3) | st.dictionaries(st.text(st.characters(), max_size=4), members, max_size=3),
    max_leaves=5,
)


def assert_sound(line: bytes, made: Document | BadRow) -> None:
    """Whatever comes out can be encoded, decoded and written."""
    if isinstance(made, Document):
        coder = RecordCoder(Document)
        assert coder.decode(coder.encode(made)) == made
        assert made.id and "\0" not in made.text
    else:
        letter = dead_row(made, "f:1", line)
        coder = RecordCoder(DeadLetter)
        assert coder.decode(coder.encode(letter)) == letter
        assert letter.message and "\n" not in letter.message
        raw = json.loads(letter.item)["raw"]
        assert len(raw) <= 2000 and "\0" not in raw


@given(st.binary(max_size=200))
def test_fuzz_any_bytes(line):
    assert_sound(line, parse(line))


@given(JSON_VALUES | st.fixed_dictionaries({}, optional={"text": JSON_VALUES, "id": JSON_VALUES, "source": JSON_VALUES}))
def test_fuzz_any_json(row):
    line = json.dumps(row).encode()
    made = parse(line)
    assert_sound(line, made)
    if isinstance(row, dict) and isinstance(row.get("text"), str) and "id" not in row and isinstance(made, Document):
        assert made.text == row["text"]


@given(st.binary(max_size=60), st.integers(0, 60), st.sampled_from([b"\0", b"\xff", b'"', b"\\ud800", b"{", b"\n", b""]))
def test_fuzz_broken_good_row(text, position, damage):
    line = json.dumps({"id": "a", "text": text.decode("latin-1")}).encode()
    line = line[:position] + damage + line[position:]
    assert_sound(line, parse(line))


# --- lines


@given(st.lists(st.binary(max_size=12)), st.integers(1, 9), st.integers(1, 20))
def test_split_lines_is_split(lines, block_size, limit):
    content = b"\n".join(line.replace(b"\n", b"").replace(b"\r", b"") for line in lines)
    blocks = (content[start : start + block_size] for start in range(0, len(content), block_size))
    found = list(split_lines(blocks, limit))
    expected = content.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert found == [(number, line[:limit], len(line)) for number, line in enumerate(expected, 1)]


# --- files


ROWS = [{"id": f"d{number}", "text": f"Text number {number}. " * 20, "source": "s"} for number in range(40)]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
PACK = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "": bytes,
}


@pytest.mark.parametrize("name", ["a.jsonl", "a.json.gz", "a.ndjson.zst", "A.JSONL.GZ"])
def test_format_by_name(name):
    assert format_of(name) == "jsonl"
    assert format_of("a.parquet") == "parquet"
    assert format_of("a.txt.gz") == "text"
    assert format_of("a.doc") is None
    assert format_of("a.gz") is None


@pytest.mark.parametrize("suffix", PACK)
def test_every_compression_gives_the_same_documents(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(PACK[suffix](JSONL))
    documents = read_file(path)
    assert [document.id for document in documents] == [row["id"] for row in ROWS]
    assert documents[39].where == f"{path}:40"


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_concatenated_parts_are_one_file(tmp_path, suffix):
    path = tmp_path / f"a.jsonl{suffix}"
    half = JSONL.index(b"\n") + 1
    path.write_bytes(PACK[suffix](JSONL[:half]) + PACK[suffix](JSONL[half:]))
    assert len(read_file(path)) == 40


def test_zstd_with_a_long_window_and_unknown_size(tmp_path):
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    path = tmp_path / "a.jsonl.zst"
    with zstandard.ZstdCompressor(compression_params=parameters).stream_writer(path.open("wb")) as writer:
        writer.write(JSONL)
    assert len(read_file(path)) == 40


def test_zstd_that_needs_more_memory_than_a_window_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "WINDOW_BYTES", 1 << 20)
    parameters = zstandard.ZstdCompressionParameters(window_log=28)
    path = tmp_path / "a.jsonl.zst"
    with zstandard.ZstdCompressor(compression_params=parameters).stream_writer(path.open("wb")) as writer:
        writer.write(JSONL * 100)
    *documents, letter = read_file(path)
    assert len(documents) < 4000
    assert letter.error == "UnreadableFile" and "pack it again: zstd -dc --long=31" in letter.message


def test_xz_that_needs_more_memory_than_a_window_may_have(tmp_path):
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 28}]
    (tmp_path / "a.jsonl.xz").write_bytes(lzma.compress(JSONL, filters=filters))
    [letter] = read_file(tmp_path / "a.jsonl.xz")
    assert "pack it again: xz -dc" in letter.message


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_the_bytes_say_how_a_file_is_packed_not_its_name(tmp_path, suffix):
    (tmp_path / "a.jsonl").write_bytes(PACK[suffix](JSONL))
    assert len(read_file(tmp_path / "a.jsonl")) == 40
    for other in (".gz", ".zst", ".bz2", ".xz"):
        (tmp_path / f"b.jsonl{other}").write_bytes(PACK[suffix](JSONL))
        assert len(read_file(tmp_path / f"b.jsonl{other}")) == 40
    (tmp_path / f"c.jsonl{suffix}").write_bytes(JSONL)
    assert len(read_file(tmp_path / f"c.jsonl{suffix}")) == 40


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("between", [b"", bytes(8), bytes(3 << 20)], ids=["", "padded", "padded far"])
@pytest.mark.parametrize("damage", ["", "first byte", "cut", "something else"])
def test_damage_behind_the_first_stream_is_told(tmp_path, suffix, between, damage):
    half = JSONL.index(b"\n") + 1
    first, second = PACK[suffix](JSONL[:half]), bytearray(PACK[suffix](JSONL[half:]))
    if damage == "first byte":
        second[0] ^= 1
    second = {"cut": second[:-9], "something else": bytearray(b"# the end")}.get(damage, second)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(first + between + bytes(second) + bytes(12))
    found = read_file(tmp_path / f"a.jsonl{suffix}")
    if not damage:
        assert [document.id for document in found] == [row["id"] for row in ROWS]
    else:
        assert found[0].id == "d0"
        assert found[-1].error == "UnreadableFile"


def packed_rows(suffix: str) -> tuple[list[dict], bytes]:
    """Rows that stay large when packed, so that a file breaks far from its beginning."""
    rng = random.Random(1)
    rows = [{"id": f"d{number}", "text": rng.randbytes(500).hex()} for number in range(1200)]
    return rows, PACK[suffix]("".join(json.dumps(row) + "\n" for row in rows).encode())


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
@pytest.mark.parametrize("damage", ["cut", "not compressed", "cut at the start"])
def test_broken_compressed_file_gives_what_was_read_and_one_dead_letter(tmp_path, suffix, damage):
    rows, packed = packed_rows(suffix)
    path = tmp_path / f"a.jsonl{suffix}"
    cut = {"cut": packed[: len(packed) * 9 // 10], "not compressed": bytes(range(256)), "cut at the start": packed[:3]}
    path.write_bytes(cut[damage])
    *documents, letter = read_file(path)
    assert [document.id for document in documents] == [row["id"] for row in rows[: len(documents)]]
    assert (letter.error, letter.where) == ("UnreadableFile", f"{path}:{len(documents) + 1}")
    if damage == "cut":
        assert len(documents) > 100


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".bz2", ".xz"])
def test_corrupt_compressed_file_is_found_out(tmp_path, suffix):
    rows, packed = packed_rows(suffix)
    middle = len(packed) // 2
    path = tmp_path / f"a.jsonl{suffix}"
    path.write_bytes(packed[:middle] + bytes(200) + packed[middle + 200 :])
    *found, letter = read_file(path)
    # What lies between the damage and the place where its checksum tells may be bad rows or changed text.
    sound = min(len(found), 50)
    assert [document.id for document in found[:sound]] == [row["id"] for row in rows[:sound]]
    assert letter.error == "UnreadableFile"
    assert letter.where.startswith(f"{path}:")


def test_bad_rows_each_cost_one_dead_letter(tmp_path):
    big = json.dumps({"id": "big", "text": "word " * 1_000_000}).encode()
    lines = [
        b'\xef\xbb\xbf{"id": "first", "text": "ok"}\r\n',
        b"\r\n",
        b'{"id": "cut", "text": \n',
        b"   \n",
        b'{"id": "none"}\n',
        b'{"id": "number", "text": 5}\n',
        b'{"id": "null", "text": "a\x00b"}\n',
        b'{"id": "latin", "text": "caf\xe9"}\n',
        big + b"\n",
        b'{"id": "half", "text": "\\ud800"}\n',
        b'{"id": [], "text": "t"}\n',
        b'{"id": "last", "text": "ok"}',
    ]
    path = tmp_path / "bad.jsonl"
    path.write_bytes(b"".join(lines))
    found = read_file(path)
    assert [item.id for item in found if isinstance(item, Document)] == ["first", "big", "last"]
    letters = [(item.where.removeprefix(f"{path}:"), item.error) for item in found if isinstance(item, DeadLetter)]
    assert letters == [
        ("3", "InvalidJson"),
        ("5", "MissingText"),
        ("6", "WrongType"),
        ("7", "NullByte"),
        ("8", "InvalidUtf8"),
        ("10", "InvalidUtf8"),
        ("11", "WrongType"),
    ]
    latin = next(item for item in found if isinstance(item, DeadLetter) and item.where.endswith(":8"))
    assert json.loads(latin.item) == {"raw": '{"id": "latin", "text": "caf\\xe9"}'}
    assert (latin.stage, latin.item_type) == ("read", "raw")


def test_line_over_the_limit_is_dead_and_the_next_is_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "' + b"x" * 5_000_000 + b'"}\n{"text": "t"}\n')
    letter, document = read_file(path, max_line_bytes=1_000_000)
    assert (letter.error, letter.where) == ("LineTooLong", f"{path}:1")
    assert len(json.loads(letter.item)["raw"]) == 2000
    assert document.where == f"{path}:2"


def test_utf16_is_one_dead_letter(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "t"}\n' * 5, encoding="utf-16")
    [letter] = read_file(tmp_path / "a.jsonl")
    assert letter.error == "UnreadableFile"
    assert "UTF-16" in letter.message


def test_text_file_is_one_document(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfOne.\r\n\r\nTwo.\n")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"One.\n\nTwo.\n"))
    [plain] = read_file(tmp_path / "a.txt")
    [packed] = read_file(tmp_path / "a.txt.gz", Fields(source_label="label"))
    assert plain.text == "One.\n\nTwo.\n"
    assert plain.id == packed.id == stable_hash(plain.text)
    assert (plain.where, plain.source, packed.source) == (f"{tmp_path}/a.txt:1", f"{tmp_path}/a.txt", "label")


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"a\0b", "NullByte"), (b"caf\xe9", "InvalidUtf8"), (b"x" * 2000, "LineTooLong")],
)
def test_bad_text_file(tmp_path, content, error):
    (tmp_path / "a.txt").write_bytes(content)
    [letter] = read_file(tmp_path / "a.txt", max_line_bytes=1000)
    assert (letter.error, letter.where) == (error, f"{tmp_path}/a.txt:1")


def test_file_of_unknown_format_or_gone_is_one_dead_letter(tmp_path):
    (tmp_path / "a.doc").write_bytes(b"text\nt\n")
    [unknown] = read_file(tmp_path / "a.doc")
    [gone] = read_file(tmp_path / "gone.jsonl")
    assert unknown.error == gone.error == "UnreadableFile"
    assert "--input_format" in unknown.message
    assert gone.where == f"{tmp_path}/gone.jsonl"
    assert len(read_file(tmp_path / "a.doc", input_format="text")) == 1


# --- Parquet


def write_parquet(path: object, columns: dict, **options: object) -> str:
    pq.write_table(pa.table(columns), str(path), **options)
    return str(path)


def test_parquet_rows(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", {"text": ["a", "b", ""], "id": [1, 2, None], "source": ["s", None, "s"]})
    documents = read_file(path, Fields(source_label="label"))
    assert [document.id for document in documents] == ["1", "2", stable_hash("")]
    assert [document.source for document in documents] == ["s", "label", "s"]
    assert documents[1].where == f"{path}:row 2"


@pytest.mark.parametrize(
    "column",
    [
        pa.array([b"ok", b"caf\xe9", None, b"a\0b", b"ok"], pa.binary()),
        pa.array([b"ok", b"caf\xe9", None, b"a\0b", b"ok"], pa.binary()).view(pa.string()),
        pa.array([b"ok", b"caf\xe9", None, b"a\0b", b"ok"], pa.large_binary()),
        pa.array([b"ok", b"caf\xe9", None, b"a\0b", b"ok"], pa.binary()).view(pa.string()).dictionary_encode(),
    ],
    ids=["binary", "string", "large", "dictionary"],
)
def test_bad_parquet_rows_each_cost_one_dead_letter(tmp_path, column):
    path = write_parquet(tmp_path / "a.parquet", {"text": column, "id": ["a", "b", "c", "d", "e"]})
    found = read_file(path)
    assert [getattr(item, "error", "") for item in found] == ["", "InvalidUtf8", "WrongType", "NullByte", ""]
    assert [item.where for item in found] == [f"{path}:row {number}" for number in range(1, 6)]
    assert json.loads(found[1].item)["raw"] == "text: caf\\xe9\nid: b"


def test_parquet_of_other_types(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", {"text": [1, 2], "id": [0.5, 1.0]})
    assert [letter.error for letter in read_file(path)] == ["WrongType", "WrongType"]
    path = write_parquet(tmp_path / "b.parquet", {"text": pa.array(["a"], pa.large_string()), "id": [b"\xff"]})
    assert [letter.error for letter in read_file(path)] == ["InvalidUtf8"]


def test_parquet_nested_and_dotted_columns(tmp_path):
    rows = {"meta": [{"url": "u", "body": "t"}, None], "meta.lang": ["en", "de"]}
    path = write_parquet(tmp_path / "a.parquet", rows)
    document, letter = read_file(path, Fields(text="meta.body", id="meta.lang", source="meta.url"))
    assert (document.text, document.id, document.source) == ("t", "en", "u")
    assert letter.error == "WrongType"


@pytest.mark.parametrize("field", ["text", "n.text", "body."])
def test_parquet_without_the_text_column(tmp_path, field):
    path = write_parquet(tmp_path / "a.parquet", {"body": ["a"] * 30, "n": [1] * 30})
    [letter] = read_file(path, Fields(text=field))
    assert letter.error == "MissingText"
    assert f"no column {field!r}; there is body, n; name it with --text_field" in letter.message


def test_broken_parquet_gives_what_was_read_and_one_dead_letter(tmp_path):
    texts = [random.Random(number).randbytes(2000).hex() for number in range(200)]
    path = write_parquet(tmp_path / "a.parquet", {"text": texts}, row_group_size=50, use_dictionary=False, compression="zstd")
    content = bytearray((tmp_path / "a.parquet").read_bytes())
    (tmp_path / "cut.parquet").write_bytes(content[:-10])
    [letter] = read_file(tmp_path / "cut.parquet")
    assert (letter.error, letter.where) == ("UnreadableFile", f"{tmp_path}/cut.parquet:row 1")

    middle = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content[middle : middle + 2000] = bytes(2000)
    (tmp_path / "a.parquet").write_bytes(content)
    *documents, letter = read_file(path)
    assert len(documents) >= 96
    assert [document.text for document in documents] == texts[: len(documents)]
    assert (letter.error, letter.where) == ("UnreadableFile", f"{path}:row {len(documents) + 1}")


def test_empty_files_hold_nothing(tmp_path):
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst"):
        (tmp_path / name).write_bytes(b"")
        assert read_file(tmp_path / name) == []
    assert read_file(write_parquet(tmp_path / "a.parquet", {"text": pa.array([], pa.string())})) == []


# --- matching


def test_files_are_matched_once_and_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("sub")
    for name in ("b.jsonl", "a.jsonl", "odd[1].jsonl", "sub/c.jsonl"):
        (tmp_path / name).write_bytes(b"")
    assert match_pattern("*.jsonl") == ["a.jsonl", "b.jsonl", "odd[1].jsonl"]
    assert match_files(["*.jsonl", f"{tmp_path}/a.jsonl", "./b.jsonl", "a.jsonl"]) == ["a.jsonl", "b.jsonl", "odd[1].jsonl"]
    assert match_pattern("odd[1].jsonl") == ["odd[1].jsonl"]
    assert match_pattern("**.jsonl")[-1] == "sub/c.jsonl"
    check_inputs(["*.jsonl", "sub/*"], FileReader())


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("none-*.jsonl", "no file matches"),
        ("none.jsonl", "no file matches"),
        ("none/*.jsonl", "no file matches"),
        ("folder", "is a folder without files of a known format"),
        ("a.doc", "does not tell the format"),
        ("pipe.jsonl", "cannot be opened: is a named pipe, not a file"),
        ("pi*.jsonl", "cannot be opened: is a named pipe, not a file"),
        ("s3://bucket/a.jsonl", 'pip install "apache-beam.aws."'),
        ("hf://datasets/a/b", "hf download --repo-type dataset"),
        ("https://example.com/a.jsonl", "download it first"),
        ("broken.jsonl", "cannot be opened|no file matches"),
        ("nowhere://bucket/a.jsonl", "cannot be looked up"),
    ],
)
def test_check_inputs_says_one_line(tmp_path, monkeypatch, pattern, message):
    monkeypatch.chdir(tmp_path)
    os.mkdir("folder")
    (tmp_path / "a.doc").write_bytes(b"")
    os.symlink("gone", "broken.jsonl")
    os.mkfifo("pipe.jsonl")
    with pytest.raises(ValueError, match=message) as caught:
        check_inputs([pattern], FileReader())
    assert str(caught.value).startswith(pattern.partition("*")[0])
    assert "\n" not in str(caught.value)


def test_file_names_that_are_not_utf8_are_refused(tmp_path):
    try:
        with open(os.fsencode(tmp_path) + b"/caf\xe9.jsonl", "wb"):
            pass
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(ValueError, match=r"caf.*name is not UTF-8"):
        check_inputs([f"{tmp_path}/*.jsonl"], FileReader())


def test_nothing_matched_stops_the_run(tmp_path):
    with pytest.raises(FatalError, match="no file matches"):
        match_files([f"{tmp_path}/*.jsonl"])


# --- ids


def documents_with_one_id(*rows: tuple[str, str]) -> list[Document]:
    return [Document(id="a", text=text, where=where) for where, text in rows]


def test_first_row_of_an_id_passes():
    given_rows = documents_with_one_id(("f:10", "other"), ("f:9", "text"), ("f:11", "text"))
    letter, document, rejection = keep_first(given_rows)
    assert document.where == "f:9"
    assert isinstance(rejection, Rejection)
    assert (rejection.stage, rejection.reason, rejection.where) == ("read", "exact_duplicate", "f:11")
    assert isinstance(letter, DeadLetter)
    assert (letter.error, letter.where, letter.document_id) == ("DuplicateId", "f:10", "a")
    assert "f:9" in letter.message
    assert json.loads(letter.item) == {"raw": "other"}


@given(st.lists(st.sampled_from("xyz"), min_size=1, max_size=8), st.randoms())
def test_each_row_comes_out_once_whatever_the_order(texts, rng):
    rows = documents_with_one_id(*((f"f:{number}", text) for number, text in enumerate(texts, 1)))
    shuffled = rng.sample(rows, len(rows))
    kinds = {item.where: type(item) for item in keep_first(shuffled)}
    assert kinds == {item.where: type(item) for item in keep_first(rows)}
    assert list(kinds.values()).count(Document) == 1
    assert kinds["f:1"] is Document
    assert len(kinds) == len(rows)


# --- the transforms

COLLECTED: dict[str, list] = {}


def collect(element: object, name: str) -> None:
    COLLECTED[name].append(element)


def run_read(transform: ReadDocuments) -> tuple[list, list, list, dict[str, int]]:
    names = ("passed", "rejected", "dead_letters")
    COLLECTED.update({name: [] for name in names})
    # Explicit options: Beam would else read pytest's command line.
    with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
        outcome = pipeline | "Read" >> transform
        for name in names:
            _ = getattr(outcome, name) | f"Collect{name}" >> beam.Map(collect, name)
    counters = pipeline.result.metrics().query(MetricsFilter().with_namespace("read"))["counters"]
    return *(COLLECTED[name] for name in names), {counter.key.metric.name: counter.committed for counter in counters}


def test_read_documents_accounts_for_every_row(tmp_path):
    lines = [
        b'{"id": "a", "text": "one"}',
        b"{broken",
        b'{"id": "b", "text": "two"}',
        b'{"id": "a", "text": "one"}',
        b'{"id": "a", "text": "another"}',
        b'{"id": "c", "text": 3}',
    ]
    (tmp_path / "x.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "y.jsonl.gz").write_bytes(gzip.compress(JSONL)[:-30])
    (tmp_path / "z.txt").write_bytes(b"plain")
    patterns = (f"{tmp_path}/*", f"{tmp_path}/x.jsonl")
    passed, rejected, dead, counters = run_read(ReadDocuments(patterns, FileReader(Fields(source_label="label"))))
    x = f"{tmp_path}/x.jsonl"
    assert {document.where for document in passed} >= {f"{x}:1", f"{x}:3", f"{tmp_path}/z.txt:1"}
    assert {document.source for document in passed} <= {"label", "s"}
    assert [(rejection.where, rejection.reason) for rejection in rejected] == [(f"{x}:4", "exact_duplicate")]
    assert {(letter.where, letter.error) for letter in dead if letter.where.startswith(x)} == {
        (f"{x}:2", "InvalidJson"),
        (f"{x}:5", "DuplicateId"),
        (f"{x}:6", "WrongType"),
    }
    assert [letter.error for letter in dead if "y.jsonl.gz" in letter.where] == ["UnreadableFile"]
    assert counters == {
        "passed": len(passed),
        "rejected/exact_duplicate": 1,
        "dead_letter/InvalidJson": 1,
        "dead_letter/DuplicateId": 1,
        "dead_letter/WrongType": 1,
        "dead_letter/UnreadableFile": 1,
    }


def test_every_format_gives_the_same_ids(tmp_path):
    rows = [{"text": row["text"]} for row in ROWS]
    content = b"".join(orjson.dumps(row) + b"\n" for row in rows)
    for suffix in (".gz", ".zst", ""):
        (tmp_path / f"a.jsonl{suffix}").write_bytes(PACK[suffix](content))
    write_parquet(tmp_path / "a.parquet", {"text": [row["text"] for row in rows]})
    found = []
    for name in ("a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.parquet"):
        passed, rejected, dead, _ = run_read(ReadDocuments((f"{tmp_path}/{name}",)))
        assert (rejected, dead) == ([], [])
        found.append({document.id for document in passed})
    assert len(found[0]) == 40
    assert found == [found[0]] * 4


def test_documents_keep_their_type(tmp_path):
    with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
        (tmp_path / "a.jsonl").write_bytes(JSONL)
        outcome = pipeline | ReadDocuments((f"{tmp_path}/a.jsonl",))
        assert outcome.passed.element_type is Document
        assert outcome.rejected.element_type is Rejection
        assert outcome.dead_letters.element_type is DeadLetter


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="input_format must be auto"):
        FileReader(input_format="doc")


# --- exemplars and domains

DOMAINS = load_domains()
OWN = {
    "persona": "potter",
    "passage": "Stoneware is fired at 1,250 °C.",
    "question": "At what temperature in Celsius is stoneware fired?",
    "answer": "1,250 °C",
    "answer_type": "number",
}


def write_bank(path: object, *rows: dict) -> str:
    with open(str(path), "w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return str(path)


def test_own_exemplars_extend_or_replace(tmp_path):
    write_bank(tmp_path / "coding.jsonl", {**OWN, "id": "coding-01"}, {**OWN, "id": "mine"})
    pattern = f"{tmp_path}/*.jsonl"
    shipped = read_exemplars(DOMAINS)
    extended = read_exemplars(DOMAINS, [pattern])
    replaced = read_exemplars(DOMAINS, [pattern], replace=True)
    assert len(extended["Coding"]) == len(shipped["Coding"]) + 1
    assert {exemplar.id: exemplar.persona for exemplar in extended["Coding"]}["coding-01"] == "potter"
    assert [exemplar.id for exemplar in replaced["Coding"]] == ["coding-01", "mine"]
    assert extended["Math"] == replaced["Math"] == shipped["Math"]


def test_rows_may_name_their_domain(tmp_path):
    path = write_bank(tmp_path / "all.jsonl.gz", {**OWN, "domain": "coding"}, {**OWN, "domain": "Math", "id": "m"})
    (tmp_path / "all.jsonl.gz").write_bytes(gzip.compress((tmp_path / "all.jsonl.gz").read_bytes()))
    bank = read_exemplars(DOMAINS, [path], replace=True)
    assert (len(bank["Coding"]), len(bank["Math"])) == (1, 1)
    assert {exemplar.domain for exemplar in bank["Coding"]} == {"Coding"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pottery.jsonl", json.dumps(OWN), "'pottery' is no domain; name the file <slug>.jsonl"),
        ("math.jsonl", "{", r"math\.jsonl:1: not JSON"),
        ("math.jsonl", "\udce9", "cannot be read"),
    ],
)
def test_bad_banks_are_told_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message) as caught:
        read_exemplars(DOMAINS, [f"{tmp_path}/{name}"])
    assert "\n" not in str(caught.value)


def count_exemplars(element: None, bank: dict) -> dict[str, int]:
    return {name: len(exemplars) for name, exemplars in bank.items()}


def test_exemplars_serve_as_a_side_input(tmp_path, caplog):
    domains = (*DOMAINS[:2], Domain("pottery", "Pottery", "clay"))
    path = write_bank(tmp_path / "math.jsonl", OWN)
    COLLECTED["counts"] = []
    with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
        bank = pipeline | "ReadExemplars" >> ReadExemplars(read_exemplars(domains, (path,), replace=True))
        assert "RecordCoder" in str(beam.coders.registry.get_coder(bank.element_type))
        _ = pipeline | beam.Create([None]) | beam.Map(count_exemplars, beam.pvalue.AsDict(bank)) | beam.Map(collect, "counts")
    assert COLLECTED["counts"] == [{"Math": 1, "Technology & Engineering": 12, "Pottery": 0}]
    assert [record.getMessage() for record in caplog.records if "Pottery" in record.getMessage()] == [
        "The domain Pottery has no exemplars: its questions are written without any."
    ]


def test_own_domains_extend_or_replace(tmp_path):
    path = tmp_path / "d.yaml"
    path.write_text("- {slug: pottery, name: Pottery, description: clay}\n- {slug: math, name: Maths, description: numbers}\n")
    extended = read_domains(str(path))
    assert extended[0].name == "Maths"
    assert [domain.name for domain in extended][-2:] == ["Pottery", "Other"]
    assert len(extended) == len(DOMAINS) + 1
    assert [domain.slug for domain in read_domains(str(path), replace=True)] == ["pottery", "math"]


@pytest.mark.parametrize(
    ("content", "message"),
    [("- {slug: numbers, name: Math, description: d}", "is that of a built-in domain"), ("a: b", "must be a list")],
)
def test_bad_domains_are_told(tmp_path, content, message):
    (tmp_path / "d.yaml").write_text(content)
    with pytest.raises(PromptError, match=message):
        read_domains(str(tmp_path / "d.yaml"))
    with pytest.raises(ValueError, match="no file matches"):
        read_domains(str(tmp_path / "gone.yaml"))


# --- the first documents


@pytest.mark.parametrize(("limit", "ids"), [(1, ["a0"]), (3, ["a0", "a1", "b0"]), (99, ["a0", "a1", "b0", "b1", "b2"])])
def test_a_limit_reads_the_first_documents_of_the_first_files(tmp_path, limit, ids):
    (tmp_path / "a.jsonl").write_text('{"id": "a0", "text": "t"}\nnot json\n{"id": "a1", "text": "u"}\n')
    (tmp_path / "b.jsonl").write_text("".join(f'{{"id": "b{number}", "text": "{number}"}}\n' for number in range(3)))
    passed, _, dead, counters = run_read(ReadDocuments((f"{tmp_path}/*.jsonl",), limit=limit))
    assert sorted(document.id for document in passed) == ids
    assert counters["passed"] == len(ids)
    assert len(dead) == (limit > 1)
