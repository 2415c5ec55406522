"""Sinks: every file is whole, columns are stable, and only our own files are ever deleted."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.io.localfilesystem import LocalFileSystem
from apache_beam.options.pipeline_options import PipelineOptions

from beam_pipeline.output.folder import list_output, prepare_output
from beam_pipeline.output.kinds import FREE_FORM, KINDS, SCHEMAS, columns_of, json_line
from beam_pipeline.output.write_run import WriteRecords
from tests.places import ROOT
from transforms.records import (
    DeadLetter,
    Document,
    Persona,
    PersonaTask,
    QAPair,
    Rejection,
    Stamp,
    Verdict,
    VerifiedQA,
    dead_letter_row,
    qa_row,
    rejection_row,
)

STAMP = Stamp("filter", "model", 1, "abc")
DOCUMENT = Document(id="d", text="Berlin has 3.7 million people.", source="s", where="f:1", stamps=(STAMP,))
PAIR = QAPair(
    *(PersonaTask(DOCUMENT, "Other", Persona("reader")), "How many?", "3.7 million\n\u2028", "number", ("3,700,000",)),
    edited=("answer",),
    edited_from="0a",
)
QA = VerifiedQA(PAIR, "has 3.7 million", (Verdict("grounding", True), Verdict("leak", True, STAMP)), (STAMP,))
REJECTION = Rejection("screen", "too_short", "d", "f:1", detail="3 tokens", item='{"id": "d", "n": [1, null]}')
LETTER = DeadLetter("read", "InvalidJson", "not JSON", "f:2", item='{"raw": "{"}', attempts=1, occurred_at=1.5)

TO_ROW = {"qa": functools.partial(qa_row, pipeline_version="1"), "rejected": rejection_row, "dead_letters": dead_letter_row}
RECORD = {"qa": QA, "rejected": REJECTION, "dead_letters": LETTER}


def write(output: object, kind: str, records: list, **options: object) -> list[Path]:
    with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
        created = pipeline | beam.Create(records, reshuffle=False).with_output_types(type(RECORD[kind]))
        _ = created | "Write" >> WriteRecords(str(output), kind, TO_ROW[kind], **options)
    return sorted((Path(str(output)) / kind).iterdir())


# --- files


@pytest.mark.parametrize("kind", KINDS)
def test_jsonl_is_one_row_a_line(tmp_path, kind):
    [path] = write(tmp_path, kind, [RECORD[kind]] * 3)
    assert path.name == f"{kind}-00000-of-00001.jsonl"
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == [TO_ROW[kind](RECORD[kind])] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_parquet_holds_the_same_rows(tmp_path, kind):
    [path] = write(tmp_path, kind, [RECORD[kind]] * 3, file_format="parquet")
    assert path.name == f"{kind}-00000-of-00001.parquet"
    file = pq.ParquetFile(path)
    assert file.schema_arrow.remove_metadata() == SCHEMAS[kind].remove_metadata()
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    rows = file.read().to_pylist()
    for row in rows:
        for name in FREE_FORM & row.keys():
            row[name] = json.loads(row[name])
    assert rows == [TO_ROW[kind](RECORD[kind])] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_columns_are_those_of_the_row_functions(kind):
    def same(data_type: pa.DataType, value: object) -> None:
        if pa.types.is_struct(data_type):
            assert [field.name for field in data_type] == list(value)
            for field in data_type:
                same(field.type, value[field.name])
        elif pa.types.is_list(data_type):
            same(data_type.value_type, value[0])

    row = TO_ROW[kind](RECORD[kind])
    same(pa.struct(list(SCHEMAS[kind])), row)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
@pytest.mark.parametrize("num_shards", [0, 2])
def test_no_records_leave_valid_files(tmp_path, kind, file_format, num_shards):
    paths = write(tmp_path, kind, [], file_format=file_format, num_shards=num_shards)
    assert len(paths) == max(1, num_shards)
    for path in paths:
        if file_format == "jsonl":
            assert path.read_bytes() == b""
        else:
            table = pq.read_table(path)
            assert table.num_rows == 0
            assert table.schema.names == SCHEMAS[kind].names


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_number_of_shards_is_kept(tmp_path, file_format):
    paths = write(tmp_path, "rejected", [REJECTION] * 30, file_format=file_format, num_shards=3)
    assert [path.name for path in paths] == [f"rejected-{number:05}-of-00003.{file_format}" for number in range(3)]
    rows = sum(pq.read_table(path).num_rows if file_format == "parquet" else path.read_bytes().count(b"\n") for path in paths)
    assert rows == 30


def test_rows_may_come_as_they_are(tmp_path):
    with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
        _ = pipeline | beam.Create([rejection_row(REJECTION)]) | WriteRecords(str(tmp_path), "rejected")
    [path] = (tmp_path / "rejected").iterdir()
    assert json.loads(path.read_text()) == rejection_row(REJECTION)


@pytest.mark.parametrize(("kind", "file_format"), [("pairs", "jsonl"), ("qa", "csv")])
def test_unknown_kind_or_format_is_refused(kind, file_format):
    with pytest.raises(ValueError, match="must be one of"):
        _ = beam.Pipeline("FnApiRunner", PipelineOptions([])) | beam.Create([1]) | WriteRecords("out", kind, None, file_format)


# --- rows that JSON and Parquet do not like


def test_half_a_surrogate_pair_does_not_end_a_run():
    row = {"stage": "s", "reason": "a\ud800b", "item": {"text": ["\ud800"]}}
    assert json.loads(json_line(row)) == row
    columns = columns_of(row, tuple(SCHEMAS["rejected"].names))
    assert columns["reason"] == "a\\ud800b"
    assert json.loads(columns["item"]) == {"text": ["\ud800"]}
    assert pa.Table.from_pylist([columns], SCHEMAS["rejected"]).num_rows == 1


def test_numbers_over_64_bits_are_written():
    assert json.loads(json_line({"item": {"n": 2**70}})) == {"item": {"n": 2**70}}


def test_lines_are_utf8_and_one_line():
    assert json_line({"a": "é\n"}) == '{"a":"é\\n"}'.encode()


# --- a stopped run

STOPPED_RUN = """
import signal, sys, time
import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from beam_pipeline.output.kinds import FREE_FORM
from beam_pipeline.output.write_run import WriteRecords

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started the tests may ignore it

def slowly(number):
    time.sleep(0.02 if number < 50 else 600)
    return {"stage": "s", "reason": "r", "item": {"text": "x" * 100_000}}

with beam.Pipeline("FnApiRunner", PipelineOptions([])) as pipeline:
    rows = pipeline | beam.Create(range(100), reshuffle=False) | beam.Map(slowly)
    _ = rows | WriteRecords(sys.argv[1], "rejected")
"""


@pytest.mark.integration
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_stopped_run_leaves_no_half_file(tmp_path, stop):
    folder = tmp_path / "rejected"
    process = subprocess.Popen([sys.executable, "-c", STOPPED_RUN, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while sum(path.stat().st_size for path in folder.rglob("*.jsonl")) < 100_000:  # in the middle of its only shard
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(stop)
        process.wait(30)
    finally:
        process.kill()
        process.wait()

    assert all(name.startswith("rejected/beam-temp-rejected-") for name in list_output(str(tmp_path)))
    prepare_output(str(tmp_path), resume=True)
    assert list(folder.iterdir()) == []
    assert len(write(tmp_path, "rejected", [REJECTION])) == 1


# --- the output folder

OURS = [
    "qa/qa-00000-of-00002.jsonl",
    "qa/qa-00001-of-00002.jsonl",
    "qa/beam-temp-qa-0123456789abcdef0123456789abcdef/3f0a-1.qa.jsonl",
    "rejected/beam-temp-rejected-6a0b/rejected-2026-pane0-00000-of-00001.jsonl.0123456789abcdef0123456789abcdef",
    "rejected/rejected-00000-of-00001.parquet",
    "dead_letters/dead_letters-00000-of-00001.jsonl",
    "preview/qa-00000.jsonl",
    "preview/qa-00001.jsonl.0a1b2c3d.tmp",
    "summary.json",
    "report.html",
    "options.yaml",
    "report.html.0a1b2c3d.tmp",
]
JOURNAL = [
    "journal/index/vm-1-8561-b13e038b.index",
    "journal/index_full/worker-12-0a1b2c3d-000000-000041.index",
    "journal/vm-1-8561-b13e038b.jsonl",
    "journal/worker-12-0a1b2c3d-000041.jsonl",
]
FOREIGN = [
    "notes.txt",
    "qa/notes.txt",
    "qa/qa-my-labels.csv",
    "qa/qa-best.jsonl",
    "qa/kept/qa-1.jsonl",
    "other/summary.json",
    "qa-00000-of-00001.jsonl",
    "beam-temp-mine/x.txt",
    "qa/beam-temp-mine/x.txt",
    "qa/beam-temp-qa-1/notes.txt",
    "rejected/beam-temp-qa-0123456789abcdef0123456789abcdef/1.qa.jsonl",
    "journal/notes.txt",
    "journal/mine/thesis.txt",
    "journal/index/thesis.txt",
    "journal/thesis.jsonl",
    "preview/notes.jsonl",
]


class BucketFileSystem(LocalFileSystem):
    """A local folder behind a scheme of its own, to take the road of every file system that is not local."""

    @classmethod
    def scheme(cls):
        return "bucket"

    @staticmethod
    def _path(path):
        return path.removeprefix("bucket:/")

    def join(self, basepath, *paths):
        return "/".join((basepath.rstrip("/"), *paths))

    def exists(self, path):
        return super().exists(self._path(path))

    def open(self, path, *args, **kwargs):
        return super().open(self._path(path), *args, **kwargs)

    def delete(self, paths):
        return super().delete([self._path(path) for path in paths])

    def _list(self, dir_or_prefix):
        for file in super()._list(self._path(dir_or_prefix)):
            file.path = f"bucket:/{file.path}"
            yield file


@pytest.fixture(params=["local", "bucket"])
def output(request, tmp_path):
    for name in OURS + JOURNAL + FOREIGN:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("output: out" if name == "options.yaml" else "x")
    return f"bucket:/{tmp_path}" if request.param == "bucket" else str(tmp_path)


def test_folder_with_files_is_refused(output):
    with pytest.raises(ValueError, match=r"already holds files; pass --overwrite .* or --resume") as caught:
        prepare_output(output)
    assert "\n" not in str(caught.value)
    assert list_output(output) == sorted(OURS + JOURNAL + FOREIGN)


def test_overwrite_deletes_ours_and_keeps_what_was_paid_for(output):
    prepare_output(output, overwrite=True)
    assert list_output(output) == sorted([*FOREIGN, *JOURNAL, "options.yaml"])  # the options are replaced, and tell whose it is


def test_a_run_that_is_killed_while_it_clears_a_folder_does_not_lose_it(output):
    prepare_output(output, overwrite=True)
    prepare_output(output, overwrite=True)
    prepare_output(output, resume=True)
    assert list_output(output) == sorted([*FOREIGN, *JOURNAL, "options.yaml"])


def test_the_journal_goes_where_that_was_said(output):
    prepare_output(output, overwrite=True, delete_journal=True)
    assert list_output(output) == sorted([*FOREIGN, "options.yaml"])


@pytest.mark.parametrize("options", [None, "theme: dark", "- a", ": ["])
@pytest.mark.parametrize("theirs", ["summary.json", "report.html", "qa/qa-00000-of-00001.jsonl", "stop"])
def test_a_folder_of_somebody_else_is_not_overwritten(tmp_path, theirs, options):
    """It has files whose names are ours, and no options of a run that wrote them."""
    (tmp_path / "qa").mkdir()
    (tmp_path / theirs).write_text("mine")
    if options is not None:
        (tmp_path / "options.yaml").write_text(options)
    with pytest.raises(ValueError, match="deletes nothing that this program did not write") as caught:
        prepare_output(str(tmp_path), overwrite=True)
    assert f"holds {theirs}, and no options.yaml" in str(caught.value) and "\n" not in str(caught.value)
    assert (tmp_path / theirs).read_text() == "mine"


def test_resume_keeps_the_journal(output):
    prepare_output(output + "/", resume=True)
    assert list_output(output) == sorted([*FOREIGN, *JOURNAL, "options.yaml"])


def test_emptied_folders_go_and_others_stay(tmp_path):
    random = "0123456789abcdef0123456789abcdef"
    for name in (f"qa/beam-temp-qa-{random}", "rejected/beam-temp-rejected-6a0b", "mine/beam-temp-x", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / f"qa/beam-temp-qa-{random}/a.qa.jsonl").write_text("x")
    (tmp_path / "options.yaml").write_text("output: out")
    prepare_output(str(tmp_path), overwrite=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "empty",
        "mine",
        "mine/beam-temp-x",
        "options.yaml",
        "qa",
        "rejected",
    ]


def test_new_or_empty_folder_is_made_ready(tmp_path, monkeypatch):
    prepare_output(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()
    prepare_output(str(tmp_path / "a" / "b"))
    monkeypatch.chdir(tmp_path)
    prepare_output("out")
    (tmp_path / "out" / "summary.json").write_text("{}")
    (tmp_path / "out" / "options.yaml").write_text("output: out")
    with pytest.raises(ValueError, match="already holds files"):
        prepare_output("out")
    prepare_output("./out", overwrite=True)
    assert list_output("out") == ["options.yaml"]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("file", "is a file; --output names a folder"),
        ("file/out", "cannot be used for output"),
        ("out*", r"must not have \*"),
        ("nowhere://bucket/out", "cannot be used for output"),
    ],
)
def test_unusable_folder_is_told_in_one_line(tmp_path, monkeypatch, output, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match=message) as caught:
        prepare_output(output)
    assert str(caught.value).startswith(output)
    assert "\n" not in str(caught.value)


def test_overwrite_and_resume_contradict():
    with pytest.raises(ValueError, match="contradict"):
        prepare_output("out", overwrite=True, resume=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ValueError, match="no permission"):
        prepare_output(str(tmp_path))


# --- a bucket

BUCKET_RUN = """
import gzip, os, socket
import apache_beam as beam
from apache_beam.internal.gcp import auth
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from gcp_storage_emulator.server import create_server

with socket.socket() as free:
    free.bind(("localhost", 0))
    port = free.getsockname()[1]
os.environ["STORAGE_EMULATOR_HOST"] = f"http://localhost:{port}"
auth._Credentials._credentials_init = True  # else Beam looks for credentials for 20 seconds
server = create_server("localhost", port, in_memory=True, default_bucket="b")
server.start()

from beam_pipeline.output.kinds import FREE_FORM
from beam_pipeline.output.write_run import WriteRecords
from beam_pipeline.output.folder import list_output, prepare_output
from beam_pipeline.reading.file_reader import FileReader
from beam_pipeline.reading.input_list import check_inputs
from beam_pipeline.reading.read_files import ReadDocuments
from transforms.records import dead_letter_row

options = PipelineOptions(["--no_auth", "--project=test-project"])
FileSystems.set_options(options)

def put(name, content):
    with FileSystems.create(name, compression_type="uncompressed") as file:
        file.write(content)

put("gs://b/in/a.jsonl", b'{"text": "one"}\\n{broken\\n')
put("gs://b/in/b.jsonl.gz", gzip.compress(b'{"text": "two"}\\n')[:-4])
put("gs://b/out/journal/1", b"kept")
put("gs://b/out/qa/qa-00000-of-00001.jsonl", b"old")
check_inputs(["gs://b/in/*"], FileReader())
for wrong in (["gs://b/none-*"], ["gs://nowhere/*"]):
    try:
        check_inputs(wrong, FileReader())
    except ValueError as error:
        print(error)
prepare_output("gs://b/out", resume=True)
with beam.Pipeline("FnApiRunner", options) as pipeline:
    outcome = pipeline | ReadDocuments(("gs://b/in/*",))
    rows = outcome.passed | beam.Map(lambda document: {"id": document.id, "document_id": document.where})
    _ = rows | "QA" >> WriteRecords("gs://b/out", "qa", None, "parquet")
    _ = outcome.dead_letters | "Dead" >> WriteRecords("gs://b/out", "dead_letters", dead_letter_row)
print(list_output("gs://b/out"))
with FileSystems.open("gs://b/out/dead_letters/dead_letters-00000-of-00001.jsonl") as file:
    print(sorted(line.partition(b'"where":')[2].partition(b",")[0] for line in file.read().splitlines()))
server.stop()
"""


@pytest.mark.integration
def test_a_bucket_is_a_folder_like_any_other():
    pytest.importorskip("gcp_storage_emulator", reason="pip install gcp-storage-emulator 'setuptools<81'")
    run = subprocess.run([sys.executable, "-c", BUCKET_RUN], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.stdout.splitlines() == [
        "gs://b/none-*: no file matches",
        *run.stdout.splitlines()[1:2],
        "['dead_letters/dead_letters-00000-of-00001.jsonl', 'journal/1', 'qa/qa-00000-of-00001.parquet']",
        """[b'"gs://b/in/a.jsonl:2"', b'"gs://b/in/b.jsonl.gz:2"']""",
    ], run.stderr
    assert run.stdout.splitlines()[1].startswith("gs://nowhere/*: cannot be looked up")
