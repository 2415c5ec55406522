# ruff: noqa: E501 (a table: each oddity is one line)
"""Files as people bring them: each oddity is a line that says its kind, where it was seen, and what is right.

A new report is one line more. Six texts lie in each file; `right` is what comes out of it: how many documents, and the errors
of the dead letters. `also` is what the ids must be, or a field that is named besides.
"""

import bz2
import csv
import datetime
import decimal
import gzip
import io
import json
import lzma
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from beam_pipeline.reading.documents import Fields
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.storage.matching import match_pattern
from tests.fakes.archives import http, members, record
from transforms.records import DeadLetter, Document

TEXTS = [
    f"The bridge number {number} was opened in {1900 + number} – “the old one” – and carries {number} lanes."
    for number in range(6)
]
ROWS = [{"id": str(number), "text": text} for number, text in enumerate(TEXTS)]
LINES = [json.dumps(row) for row in ROWS]
IDS = [str(number) for number in range(6)]
ALL: tuple[int, list[str]] = (6, [])


class Oddity(NamedTuple):
    """One kind of file."""

    kind: str
    seen: str
    name: str  # of the file or folder that is the input
    write: Callable[[Path], Any]
    right: tuple[int, list[str]] = ALL
    fields: Fields = Fields()
    ids: list[str] | None = None


def put(data: bytes | str) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(data if isinstance(data, bytes) else data.encode())


def table(**columns: Any) -> Callable[[Path], Any]:
    return lambda path: pq.write_table(pa.table({"text": pa.array(TEXTS), **columns}), path)


def text_of_csv(delimiter: str = ",", quoting: Any = csv.QUOTE_MINIMAL, end: str = "\r\n", texts: list[str] = TEXTS) -> str:
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([["id", "text"], *([str(number), text] for number, text in enumerate(texts))])
    return written.getvalue()


def stream_of(rows: Any, into: Path) -> None:
    """An Arrow stream, as `datasets` writes it."""
    with pa.OSFile(str(into), "wb") as file, pa.ipc.new_stream(file, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=4)


def saved_data_set(path: Path) -> None:
    (path / "train").mkdir(parents=True)
    (path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    (path / "train" / "dataset_info.json").write_text('{"features": {}}')
    (path / "train" / "state.json").write_text('{"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}')
    stream_of(pa.table({"id": IDS, "text": TEXTS}), path / "train" / "data-00000-of-00001.arrow")
    stream_of(pa.table({"text": ["left over"]}), path / "train" / "cache-0a1b.arrow")


def mixed_folder(path: Path) -> None:
    (path / "deep").mkdir(parents=True)
    for name, content in (
        ("a.jsonl", LINES[0]),
        ("deep/b.csv", f"id,text\n1,{TEXTS[1]}\n"),
        ("README.md", "# About"),
        ("x.bin", ""),
    ):
        (path / name).write_text(content)


def arrow_file(path: Path) -> None:
    rows = pa.table({"id": IDS, "text": TEXTS})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
        writer.write_table(rows)


def page(text: str) -> str:
    return f"<html><head><title>Bridge</title></head><body><article><p>{text}</p></article></body></html>"


def dictionary_archive(path: Path) -> None:
    raw = b"".join(record(http(page(text * 4).encode())) for text in TEXTS)
    book = zstandard.train_dictionary(2048, [raw[i : i + 200] for i in range(0, len(raw) - 200, 13)] * 20)
    packed = zstandard.compress(book.as_bytes())
    frames = zstandard.ZstdCompressor(dict_data=book).compress(raw)
    path.write_bytes(b"\x5d\x2a\x4d\x18" + len(packed).to_bytes(4, "little") + packed + frames)


BROKEN_UTF8 = pa.array([b"a", b"\xff", b"b", b"b", b"b", b"b"], pa.binary()).view(pa.string())
BAD_LIST = pa.ListArray.from_arrays(pa.array(range(7), pa.int32()), BROKEN_UTF8)
WHEN, META, EXTRA = Fields(carry=("when",)), Fields(carry=("meta",)), Fields(carry=("extra",))
MESSAGES = [[{"role": "user", "content": "When?"}, {"role": "assistant", "content": text}] for text in TEXTS]
SHARE_GPT = [[{"from": "human", "value": "When?"}, {"from": "gpt", "value": text}] for text in TEXTS]
PARTS = [
    [{"role": "user", "content": [{"type": "text", "text": text}, {"type": "image_url", "image_url": "x"}]}] for text in TEXTS
]
DEEP = ['{"id":"6","text":"t","source":%s}', '{"id":"6","text":"t","meta":%s}']
SECOND_DAMAGED = bytearray(bz2.compress(LINES[1].encode()))
SECOND_DAMAGED[0] ^= 1

ODDITIES = [
    # How JSON is laid out
    Oddity("one array", "huggingface/datasets: load_dataset('json') takes it", "a.json", put(json.dumps(ROWS)), ids=IDS),
    Oddity("one array, indented", "jq, json.dump(indent=2)", "a.json", put(json.dumps(ROWS, indent=2)), ids=IDS),
    Oddity("an array under .jsonl, with BOM", "PowerShell's Out-File", "a.jsonl", put(b"\xef\xbb\xbf" + json.dumps(ROWS).encode())),
    Oddity("an array that is cut off", "download stopped", "a.json", put(f"[{','.join(LINES[:5])},"), (5, ["UnreadableFile"])),
    Oddity("objects without line ends", "appended by many writers", "a.jsonl", put("".join(LINES)), ids=IDS),
    Oddity("two objects on one line", "a writer that was killed and went on", "a.jsonl", put("\n".join([*LINES[:4], LINES[4] + LINES[5]]))),
    Oddity("objects over several lines", "jq without -c", "a.jsonl", put("\n".join(json.dumps(row, indent=2) for row in ROWS)), ids=IDS),
    Oddity("one indented object", "a file for each document", "a.json", put(json.dumps(ROWS[0], indent=4)), (1, []), ids=["0"]),
    Oddity("lines that end in CR", "old Mac editors", "a.jsonl", put("\r".join(LINES)), ids=IDS),
    Oddity("a first line that is cut off", "tail -c", "a.jsonl", put("\n".join([LINES[0][9:], *LINES[1:]])), (5, ["InvalidJson"])),
    Oddity("a first line cut at its end", "a full disk", "a.jsonl", put("\n".join([LINES[0][:40], *LINES[1:]])), (5, ["InvalidJson"])),
    Oddity("a source nested 1,000 deep", "breakage 03", "a.jsonl", put("\n".join([*LINES, DEEP[0] % ("[" * 1000 + "]" * 1000)])), (6, ["WrongType"])),
    Oddity("a carried field nested 254 deep", "breakage 03", "a.jsonl", put("\n".join([*LINES, DEEP[1] % ("[" * 254 + "]" * 254)])), (7, []), META),
    Oddity("a carried field nested 1,000 deep", "breakage 03", "a.jsonl", put("\n".join([*LINES, DEEP[1] % ("[" * 1000 + "]" * 1000)])), (6, ["WrongType"]), META),
    # Ids and columns
    Oddity("ids that are floats", "pandas, where an id is missing", "a.jsonl", put("\n".join(json.dumps({**row, "id": float(row["id"])}) for row in ROWS)), ids=IDS),
    Oddity("ids that are floats or NaN", "pandas", "a.parquet", table(id=pa.array([0.0, 1.0, 2.0, 3.0, 4.0, None]))),
    Oddity("ids that are UUIDs", "pa.uuid(), databases", "a.parquet", table(id=pa.ExtensionArray.from_storage(pa.uuid(), pa.array([uuid.UUID(int=n).bytes for n in range(6)], pa.binary(16)))), ids=[str(uuid.UUID(int=n)) for n in range(6)]),
    Oddity("ids that are decimals", "Oracle, Snowflake", "a.parquet", table(id=pa.array([decimal.Decimal(n) for n in range(6)])), ids=IDS),
    Oddity("ids that are times", "event logs", "a.parquet", table(id=pa.array([datetime.datetime(2026, 1, n + 1) for n in range(6)]))),
    Oddity("nanoseconds", "apache/arrow#34614", "a.parquet", table(when=pa.array([0, 1, 1234567890123456789, 3, 4, 5], pa.timestamp("ns"))), ALL, WHEN),
    Oddity("a year out of 1..9999", "apache/arrow#44420", "a.parquet", table(when=pa.array([0, 1, 2**62, 3, 4, 5], pa.timestamp("us"))), ALL, WHEN),
    Oddity("a zone that nobody knows", "Spark, Windows names of zones", "a.parquet", table(when=pa.array(range(6), pa.timestamp("us", "Mars/Olympus"))), ALL, WHEN),
    Oddity("a struct that is not UTF-8", "Latin-1 read as UTF-8 without a check", "a.parquet", table(meta=pa.StructArray.from_arrays([BROKEN_UTF8], ["lang"])), (5, ["InvalidUtf8"]), META),
    Oddity("a list that is not UTF-8", "the same", "a.parquet", table(extra=BAD_LIST), (5, ["InvalidUtf8"]), EXTRA),
    Oddity("a view that is not UTF-8", "polars writes views", "a.parquet", table(extra=pa.array([b"a", b"\xff", *[b"b"] * 4], pa.binary_view()).cast(pa.binary()).view(pa.string())), ALL, EXTRA),
    Oddity("JSON in a text column", "datasets whose metadata do not fit a schema", "a.parquet", table(meta=pa.array([json.dumps({"n": {"id": n}}) for n in range(6)])), ALL, Fields(id="meta.n.id"), IDS),
    Oddity("JSON in a text field", "The Pile's meta", "a.jsonl", put("\n".join(json.dumps({"text": text, "meta": json.dumps({"id": n})}) for n, text in enumerate(TEXTS))), ALL, Fields(id="meta.id"), IDS),
    # Conversations
    Oddity("messages", "OpenAI's fine-tuning files", "a.jsonl", put("\n".join(json.dumps({"messages": each}) for each in MESSAGES)), ALL, Fields(text="messages")),
    Oddity("messages in Parquet", "HuggingFaceH4/ultrachat_200k", "a.parquet", table(messages=pa.array(MESSAGES)), ALL, Fields(text="messages", roles=("assistant",))),
    Oddity("messages of ShareGPT", "ShareGPT_Vicuna_unfiltered", "a.jsonl", put("\n".join(json.dumps({"conversations": each}) for each in SHARE_GPT)), ALL, Fields(text="conversations", roles=("gpt",))),
    Oddity("messages of parts", "vision fine-tuning", "a.jsonl", put("\n".join(json.dumps({"messages": each}) for each in PARTS)), ALL, Fields(text="messages")),
    # Tables as text
    Oddity("CSV", "exports of everything", "a.csv", put(text_of_csv()), ids=IDS),
    Oddity("CSV with semicolons and BOM", "Excel in Europe", "a.csv", put("\ufeff" + text_of_csv(";")), ids=IDS),
    Oddity("CSV with line breaks and marks in values", "Kaggle", "a.csv", put(text_of_csv(texts=[f'{text}\n\n"So," it says.' for text in TEXTS])), ids=IDS),
    Oddity("CSV with lines that end in CR", "Excel for Mac", "a.csv", put(text_of_csv(end="\r")), ids=IDS),
    Oddity("CSV with a mark that is not closed", "scraped text", "a.csv", put(text_of_csv().replace("3,The", '3,"The')), (5, ["WrongType"])),
    Oddity("CSV with a value too many", "commas without marks", "a.csv", put(text_of_csv() + "7,One, two.\r\n"), (6, ["WrongType"])),
    Oddity("CSV that is not UTF-8 in one row", "two sources in one file", "a.csv", put(text_of_csv().encode() + b"7,caf\xe9\r\n"), (6, ["InvalidUtf8"])),
    Oddity("CSV without the field", "misspelt", "a.csv", put(text_of_csv()), (0, ["MissingText"]), Fields(text="body")),
    Oddity("TSV with bare quotation marks", "Wikipedia dumps as TSV", "a.tsv", put("id\ttext\n" + "\n".join(f'{n}\t"{text}' for n, text in enumerate(TEXTS))), ids=IDS),
    Oddity("TSV with values in marks", "pandas to_csv(sep='\\t')", "a.tsv", put(text_of_csv("\t", csv.QUOTE_ALL)), ids=IDS),
    # Whole files and folders
    Oddity("Markdown", "documentation", "a.md", put(f"# Bridge\n\n{TEXTS[0]}\n"), (1, [])),
    Oddity("HTML", "wget", "a.html", put(page(TEXTS[0] * 4)), (1, [])),
    Oddity("HTML in another charset", "wget", "a.htm", put(page("Мост был открыт в прошлом веке. " * 9).replace("<head>", '<head><meta charset="koi8-r">').encode("koi8-r")), (1, [])),
    Oddity("Arrow as a file", "feather", "a.arrow", arrow_file, ids=IDS),
    Oddity("Arrow as a stream", "datasets' cache", "a.arrow", lambda path: stream_of(pa.table({"id": IDS, "text": TEXTS}), path), ids=IDS),
    Oddity("what save_to_disk wrote", "datasets", "saved", saved_data_set, ids=IDS),
    Oddity("a folder of several formats", "everybody", "mixed", mixed_folder, (2, []), ids=["0", "1"]),
    Oddity("a name with brackets", "yt-dlp, torrents", "b[1].jsonl", put("\n".join(LINES)), ids=IDS),
    # How files are packed
    Oddity("gzip without its name", "curl --compressed left out", "a.jsonl", put(gzip.compress("\n".join(LINES).encode())), ids=IDS),
    Oddity("the name of gzip without it", "browsers unpack what they download", "a.jsonl.gz", put("\n".join(LINES)), ids=IDS),
    Oddity("gzip in many members", "bgzip, cat *.gz", "a.jsonl.gz", put(b"".join(gzip.compress(f"{line}\n".encode()) for line in LINES)), ids=IDS),
    Oddity("padded xz", "breakage 04", "a.jsonl.xz", put(b"".join(lzma.compress(f"{line}\n".encode()) + bytes(8) for line in LINES)), ids=IDS),
    Oddity("a damaged second bzip2 stream", "breakage 04", "a.jsonl.bz2", put(bz2.compress(f"{LINES[0]}\n".encode()) + bytes(SECOND_DAMAGED)), (1, ["UnreadableFile"])),
    # Archives of the web
    Oddity("a dictionary before the records", "webrecorder/warcio#118", "a.warc.zst", dictionary_archive),
    Oddity("WARC without the name of gzip", "renamed", "a.warc", put(members(record(http(page(text * 4).encode())) for text in TEXTS))),
    Oddity("null bytes between records", "breakage 08", "a.warc", put(bytes(100).join(record(http(page(text * 4).encode())) for text in TEXTS))),
    Oddity("an HTTP header over 64 KiB", "breakage 08", "a.warc", put(b"".join(record(http(page(text * 4).encode(), Set_Cookie="a" * 70_000)) for text in TEXTS))),
    Oddity("a content-encoding that is none", "chfoo/warcat-rs#9", "a.warc", put(b"".join(record(http(page(text * 4).encode(), Content_Encoding="utf-8")) for text in TEXTS))),
    # Reports of other tools
    Oddity("UTF-16 with a mark", "huggingface/datasets#5969", "a.jsonl", put("\n".join(LINES).encode("utf-16")), (0, ["UnreadableFile"])),  # says: convert it to UTF-8
    Oddity("a mark in front of lines", "domoritz/arrow-tools#19", "a.jsonl", put(b"\xef\xbb\xbf" + "\n".join(LINES).encode()), ids=IDS),
    Oddity("an object, then an array", "oobabooga/textgen#4325", "a.jsonl", put("\n".join([*LINES[:5], json.dumps([ROWS[5]])])), (5, ["WrongType"])),
    Oddity("an escape that JSON does not know", "lightning-flash#987", "a.jsonl", put("\n".join([*LINES[:5], '{"id": "5", "text": "C:\\Users"}'])), (5, ["InvalidJson"])),
    Oddity("a text that looks like a schema", "huggingface/datasets#7664", "a.jsonl", put("\n".join([*LINES[:5], json.dumps({"id": "5", "text": "(...) ,action: string, datetime: timestamp[s]"})])), ids=IDS),
    Oddity("a CSV of metadata beside rows", "huggingface/datasets#6315", "mixed", lambda path: (path.mkdir(), (path / "a.jsonl").write_text("\n".join(LINES)), (path / "metadata.csv").write_text("file_name,label\na.png,1\n")), (6, ["MissingText"])),
    Oddity("texts that are all null", "apache/arrow#47460", "a.parquet", lambda path: pq.write_table(pa.table({"text": pa.nulls(6)}), path), (0, ["WrongType"] * 6)),
    Oddity("texts in a dictionary with nulls", "pola-rs/polars#20017", "a.parquet", lambda path: pq.write_table(pa.table({"text": pa.array([*TEXTS, None]).dictionary_encode()}), path), (6, ["WrongType"])),
    Oddity("a list of nothing but nulls", "lincc-frameworks/nested-pandas#512", "a.parquet", table(extra=pa.array([[None], [], None, [None, None], [], []], pa.list_(pa.null()))), ALL, EXTRA),
    Oddity("lists in the older form", "apache/arrow#42763", "a.parquet", lambda path: pq.write_table(pa.table({"text": TEXTS, "extra": [["a"]] * 6}), path, use_compliant_nested_type=False), ALL, EXTRA),
    Oddity("ids of a fixed length", "apache/arrow#43584", "a.parquet", table(id=pa.array([f"{n:04d}".encode() for n in range(6)], pa.binary(4))), ids=[f"{n:04d}" for n in range(6)]),
    Oddity("structs of which a member is null everywhere", "pandas-dev/pandas#58867", "a.parquet", table(meta=pa.array([[{"b": None}, {"g": "moo"}]] * 6)), ALL, META),
    Oddity("called chunked although it is not", "webrecorder/pywb#584", "a.warc", put(b"".join(record(http(page(text * 4).encode(), Content_Length="", Transfer_Encoding="chunked")) for text in TEXTS))),
    Oddity("called gzip although it is not", "internetarchive/warctools#14", "a.warc", put(b"".join(record(http(page(text * 4).encode(), Content_Encoding="gzip")) for text in TEXTS))),
    Oddity("a length that is too small", "machawk1/warcreate#122", "a.warc", put(b"".join(record(block, **({"Content-Length": str(len(block) - 40)} if number == 1 else {})) for number, block in enumerate(http(page(text * 4).encode()) for text in TEXTS))), (5, ["BrokenRecord"])),
    Oddity("a length that is too large", "webrecorder/warcio.js#16", "a.warc", put(b"".join(record(block, **({"Content-Length": str(len(block) + 40)} if number == 1 else {})) for number, block in enumerate(http(page(text * 4).encode()) for text in TEXTS))), (4, ["BrokenRecord"])),  # and the one whose beginning it takes
    Oddity("a record of a visit without a body", "webrecorder/warcio.js#36", "a.warc", put(record(http(b"", Content_Length="", Transfer_Encoding="chunked"), kind="revisit") + b"".join(record(http(page(text * 4).encode())) for text in TEXTS))),
]  # fmt: skip


@pytest.mark.parametrize("oddity", ODDITIES, ids=lambda oddity: oddity.kind)
def test_an_odd_file_gives_what_is_right(tmp_path: Path, oddity: Oddity) -> None:
    oddity.write(tmp_path / oddity.name)
    found = list(read(str(tmp_path / oddity.name), oddity.fields))
    documents = [item for item in found if isinstance(item, Document)]
    errors = [item.error for item in found if isinstance(item, DeadLetter)]
    assert (len(documents), errors) == oddity.right, [item for item in found if isinstance(item, DeadLetter)]
    assert len({document.where for document in documents}) == len({document.id for document in documents}) == len(documents)
    assert all(document.text.strip() for document in documents)
    if oddity.ids is not None:
        assert [document.id for document in documents] == oddity.ids


def read(pattern: str, fields: Fields) -> Iterator[Any]:
    for path in match_pattern(pattern):
        yield from FileReader(fields).read(path)


def test_what_messages_become(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"messages": MESSAGES[0]}))
    for roles, text in (((), f"User: When?\n\nAssistant: {TEXTS[0]}"), (("assistant",), TEXTS[0]), (("system",), "")):
        [document] = read(str(tmp_path / "a.jsonl"), Fields(text="messages", roles=roles))
        assert document.text == text


@pytest.mark.parametrize("size", [60_000, 400_000])
def test_a_cell_that_is_too_long_costs_its_row_or_its_page(tmp_path: Path, size: int) -> None:
    texts = pa.array([*TEXTS[:5], "word " * (size // 5)])
    pq.write_table(
        pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=3, compression="zstd", use_dictionary=size < 100_000
    )
    found = list(FileReader(max_line_bytes=50_000).read(str(tmp_path / "a.parquet")))
    assert isinstance(found[-1], DeadLetter) and found[-1].error == "LineTooLong"
    assert [item.text for item in found if isinstance(item, Document)][:3] == TEXTS[:3]
