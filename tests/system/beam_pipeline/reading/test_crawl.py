"""Crawls and lists of inputs as a user meets them: every record, weight, cap and carried field in the counts of a whole run."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.reading import file_reader as files
from beam_pipeline.reading.documents import NOT_TEXT, Fields, LeftOut
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import check_inputs
from beam_pipeline.summary.write_summary import read_summary
from tests.places import SAMPLE
from transforms.records import DeadLetter, Document

PROSE = "The bridge over the Aare at Bern was opened to traffic in 1923, after four years of work by two hundred men."
PAGE = f"<html><head><title>Bridge</title></head><body><nav>Home</nav><article><p>{PROSE}</p></article></body></html>"


def archive(packed: bool) -> bytes:
    """Six records: a page, one not found, a picture, HTML by itself, a text, and a log of the crawler."""
    html = PAGE.encode()
    records = (
        ("response", "text/html", html, "200 OK"),
        ("response", "text/html", html, "404 Not Found"),
        ("response", "image/png", b"pixels", "200 OK"),
        ("resource", "text/html; charset=cp1252", PAGE.replace("Aare", "S\u00fcd").encode("cp1252"), ""),
        ("conversion", "text/plain", PROSE.encode(), ""),
        ("resource", "text/plain", b"Saving to: index.html", ""),
    )
    parts = []
    for number, (kind, media, body, status) in enumerate(records):
        if status:
            body = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\n\r\n".encode() + body
        head = (
            f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Date: 2024-05-18T01:58:10Z\r\n"
            f"WARC-Target-URI: http://x.example/{kind}-{status[:3]}\r\nWARC-IP-Address: 10.0.0.1\r\n"
            f"Content-Type: {'application/http; msgtype=response' if status else media}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        record = head.encode() + body + b"\r\n\r\n"
        parts.append(gzip.compress(record, mtime=0) if packed else record)
    return b"".join(parts)


def read(path: Path) -> list[Document | DeadLetter | LeftOut]:
    return list(FileReader(Fields(carry=("warc-ip-address",)), "auto", 1 << 26).read(str(path)))


@pytest.mark.parametrize("name", ["pages.warc", "pages.warc.gz"])
def test_pages_are_documents_and_the_rest_is_counted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(archive(name.endswith("gz")))
    found = read(tmp_path / name)
    documents = [result for result in found if isinstance(result, Document)]
    assert [document.source.rpartition("/")[2] for document in documents] == ["response-200", "resource-", "conversion-"]
    assert [document.text.strip() for document in documents] == [PROSE, PROSE.replace("Aare", "S\u00fcd"), PROSE]
    carried = [json.loads(document.carried) for document in documents]
    assert {row["warc-ip-address"] for row in carried} == {"10.0.0.1"}
    assert all("url" in row for row in carried) and all(document.id.startswith("urn:uuid:") for document in documents)
    assert [result for result in found if not isinstance(result, Document)] == [NOT_TEXT] * 3


def test_a_broken_member_costs_itself(tmp_path: Path) -> None:
    whole = archive(True)
    (tmp_path / "bad.warc.gz").write_bytes(whole + whole[:60] + b"\xff" * 40 + whole[100:] + whole[:200])
    kinds = Counter(type(result).__name__ for result in read(tmp_path / "bad.warc.gz"))
    assert kinds["Document"] == 5, "three, and two behind the damaged first record of the second part"
    assert kinds["DeadLetter"] == 2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Summary and rows of a run of three inputs."""
    folder = tmp_path_factory.mktemp("inputs")
    rows = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    for name, part in (("few", rows[:12]), ("half", rows[12:])):
        lines = (json.dumps({"content": row["text"], "meta": {"key": row["id"], "tags": [name]}}) for row in part)
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "pages.warc.gz").write_bytes(archive(True))
    (folder / "list.yaml").write_text(
        "- {source: few, path: few.jsonl, text_field: content, id_field: meta.key, carry: meta.tags, cap: 4}\n"
        "- {source: half, path: half.jsonl, text_field: content, id_field: meta.key, weight: 0.5}\n"
        "- {source: '<b>{{7*7}}', path: pages.warc.gz}\n",
        "utf-8",
    )
    output = folder / "out"
    assert main(["--demo", "--inputs", str(folder / "list.yaml"), "--output", str(output)]) == OK
    written = [json.loads(line) for path in output.glob("*/*-of-*.jsonl") for line in path.read_text("utf-8").splitlines()]
    yield read_summary(str(output / "summary.json")), written


@pytest.mark.integration
def test_several_inputs_have_closing_counts(run: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    summary, _ = run
    inputs, documents = summary["inputs"], summary["documents"]
    assert summary["balanced"]
    assert (inputs["few"]["read"], inputs["few"]["not_sampled"]) == (12, 8)
    assert inputs["half"]["read"] == 24 and 6 <= inputs["half"]["not_sampled"] <= 18
    assert (inputs["<b>{{7*7}}"]["read"], inputs["<b>{{7*7}}"]["not_text"]) == (3, 3)
    assert documents["read"] == 39 == sum(documents[end] for end in ("accepted", "rejected", "dead_lettered", "not_sampled"))
    assert summary["pairs"] == sum(row.get("pairs", 0) for row in inputs.values())


@pytest.mark.integration
def test_what_is_carried_goes_along(run: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    _, rows = run
    pairs = [row for row in rows if "question" in row and row.get("source") == "few"]
    assert pairs and all(row["attributes"] == {"meta.tags": ["few"]} for row in pairs)
    pages = [row for row in rows if "pages.warc.gz" in row.get("where", "")]
    assert pages and all(set(row["attributes"]) == {"url", "date"} for row in pages)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("[{source: a, path: none.jsonl}]", "no file matches"),
        ("[{source: a}]", "path"),
        ("[{source: a, path: few.jsonl, wieght: 1}]", "unknown key 'wieght'; did you mean weight?"),
        ("[{source: a, path: few.jsonl, weight: 1.5}]", "entry 1 ('a'): weight must be"),
        ("[{source: a, path: few.jsonl}, {source: a, path: few.jsonl}]", "already that of another"),
        ("{source: a}", "must be a YAML list"),
        ("[: :", "line 1: not YAML"),
    ],
)
def test_a_list_that_cannot_be_used(tmp_path: Path, entries: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "few.jsonl").write_text('{"text": "x"}\n')
    (tmp_path / "list.yaml").write_text(entries)
    assert main(["--demo", "--inputs", str(tmp_path / "list.yaml"), "--output", str(tmp_path / "out")]) == UNUSABLE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert says in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flags", [[], ["--streaming", "--watch_until_s=1"], ["--dry_run"]], ids=["batch", "stream", "dry run"])
def test_what_reads_archives_is_missed_before_anything_starts(
    flags: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None if name in ("warcio", "trafilatura") else find_spec(name))
    (tmp_path / "pages.warc.gz").write_bytes(archive(True))
    assert main(["--demo", "--input", str(tmp_path / "*.warc.gz"), "--output", str(tmp_path / "out"), *flags]) == UNUSABLE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith('archives of the web need trafilatura and warcio: pip install "webscale-qa[crawl]"')
    assert not (tmp_path / "out").exists()


def test_what_reads_archives_is_not_needed_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    assert check_inputs([str(SAMPLE)], FileReader()) == [str(SAMPLE)]
