"""The report: all that it counts is what the run wrote, and nothing that a document says becomes markup."""

import json
import random
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prompts.load import load_prompt
from tests.places import SAMPLE

pytest.importorskip("matplotlib", reason="draws the report: pip install -r requirements-report.txt")
pytest.importorskip("sklearn", reason="makes the report's map: pip install -r requirements-report.txt")

from beam_pipeline.exit_codes import OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.output.kinds import SCHEMAS, columns_of
from beam_pipeline.report import write as report
from beam_pipeline.report.charts import bins
from beam_pipeline.report.collect import Sample
from beam_pipeline.report.documents import Wanted, show
from beam_pipeline.report.elements import element, script_json
from beam_pipeline.report.write import main as report_main
from beam_pipeline.run import batch as batch_run
from beam_pipeline.summary.write_summary import read_summary
from tests.fakes.hostile import EVIL, hostile_output
from tests.system.beam_pipeline.test_pipeline import rows

pytestmark = pytest.mark.integration


class Page(HTMLParser):
    """What a reader of HTML sees in a report: its texts by section, the elements there are, and the embedded data."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text: dict[str, list[str]] = {}
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.data: Any = None
        self._section = self._inside = ""
        self.source = path.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag == "section":
            self._section = dict(attrs)["id"] or ""
        self._inside = "data" if ("id", "data") in attrs else tag

    def handle_data(self, data: str) -> None:
        if self._inside == "data":
            self.data = json.loads(data)
            self._inside = ""
        elif data.strip():
            self.text.setdefault(self._section, []).append(data.strip())

    def says(self, section: str) -> str:
        return " ".join(self.text[section])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a run of the sample that wrote its own report, as runs do."""
    output = tmp_path_factory.mktemp("report") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch_run, "tell_report", report.tell_report)
        assert main(["--demo", "--input", str(SAMPLE), "--output", str(output), "--price_in", "2", "--price_out", "6"]) == OK
    return output


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page(written / "report.html")


def test_a_run_writes_its_report_and_what_it_counts_is_what_the_run_wrote(written: Path, page: Page) -> None:
    summary = read_summary(str(written / "summary.json"))
    for stage, row in summary["stages"].items():
        numbers = f"{row.get('passed', 0):,} {row.get('rejected', 0):,} {row.get('dead_lettered', 0):,}"
        assert re.search(rf"\b{stage} .*? {numbers} ", page.says("funnel")), stage
    for domain, row in summary["domains"].items():
        assert f"{domain} {sum(row.values()) - row['yield']:.0f} {row.get('accepted', 0)} {row['yield']:.0%}" in page.says(
            "domains"
        )
    for reason, number in summary["reasons"].items():
        assert f"{reason.partition('/')[2]} {reason.partition('/')[0]} {number} " in page.says("reasons")
    for answer_type, number in summary["answer_types"].items():
        assert f" {answer_type} {number} " in page.says("pairs")
    verify = summary["tokens"]["verify"]
    assert f"{verify['prompt_tokens']:,}" in page.says("cost") and f"{verify['completion_tokens']:,}" in page.says("cost")
    spent = (verify["prompt_tokens"] * 2 + verify["completion_tokens"] * 6) / 1e6
    assert f"{spent:.4f}" in page.says("cost") and f"{summary['cost']['total']:,.4f}" in page.says("cost")
    assert f"longest {max(len(row['question'].split()) for row in rows(written, 'qa'))}" in page.says("lengths")
    assert "1 36 2.8%" in page.says("repetition")  # the sample holds one copy among its 36 documents


def test_the_course_of_a_run_adds_up_to_what_was_asked(written: Path, page: Page) -> None:
    summary = read_summary(str(written / "summary.json"))
    course = summary["timeline"]
    assert sum(course["answered"]) == summary["tokens"]["total"]["calls"]
    assert sum(course["tokens"]) == sum(summary["tokens"]["total"][name] for name in ("prompt_tokens", "completion_tokens"))
    assert max(course["most_in_flight"]) > 0 and course["at_s"][-1] <= summary["seconds"]
    assert '"answered": [0' in (written / "summary.json").read_text("utf-8")  # a column is one line
    assert f"{max(course['most_in_flight'])} at most" in page.says("course")


def test_rows_have_their_quote_in_the_document_every_verdict_and_prompt(written: Path, page: Page) -> None:
    accepted = {row["question"]: row for row in rows(written, "qa")}
    shown = [row for row in page.data["rows"] if row["kind"] == "accepted"]
    assert len(shown) == len(accepted) == len(page.data["map"])
    for row in shown:
        source = accepted[row["title"]]
        text, (start, end) = page.data["texts"][row["text"]], row["marks"]["q"]
        assert text[start:end] == source["quote"]
        if "a" in row["marks"] and source["answer"] in source["quote"]:
            assert text[slice(*row["marks"]["a"])].casefold() == source["answer"].casefold()
        assert [(check, passed, version) for check, passed, _, _, version, _ in row["verdicts"]] == [
            (verdict["check"], verdict["passed"], verdict["prompt_version"]) for verdict in source["verdicts"]
        ]
        assert [tuple(call[:3]) for call in row["prompts"]] == [
            (call["stage"], call["model"], call["prompt_version"]) for call in source["provenance"]["calls"]
        ]
    refused = Counter((row["stage"], row["reason"]) for row in page.data["rows"] if row["kind"] == "rejected")
    assert refused == Counter((row["stage"], row["reason"]) for row in rows(written, "rejected"))
    asked = next(row for row in page.data["rows"] if row.get("reason") == "no_question")
    assert ["asked by", f"demo-rules, prompt version {load_prompt('synthesize').version}"] in asked["facts"]


def test_the_same_output_gives_the_same_page_however_its_rows_lie(written: Path, page: Page, tmp_path: Path) -> None:
    other = tmp_path / "out"
    shutil.copytree(written, other)
    [path] = (other / "qa").glob("*.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    path.write_bytes(b"".join(lines[:30]))
    (other / "qa" / "qa-00001-of-00002.jsonl").write_bytes(b"".join(lines[30:]))
    assert report_main([str(other)]) == OK
    assert (other / "report.html").read_text("utf-8") == page.source


def test_parquet_and_the_windows_of_a_stream_are_read_too(written: Path, page: Page, tmp_path: Path) -> None:
    summary = read_summary(str(written / "summary.json"))
    windows = [f"2026112{day}T000000Z-2026112{day + 1}T000000Z-6b01b1f4" for day in (1, 2)]
    for kind in ("qa", "rejected", "dead_letters"):
        (tmp_path / kind).mkdir()
        schema = SCHEMAS[kind]
        table = [columns_of(row, tuple(schema.names)) for row in rows(written, kind)]
        for number, window in enumerate(windows):
            part = pa.Table.from_pylist(table[number::2], schema)
            pq.write_table(part, tmp_path / kind / f"{kind}-{window}-pane0-00000-of-00001.parquet")
    (tmp_path / "summaries").mkdir()
    for number, window in enumerate(windows):
        row = {"window": {"start": f"2026-11-2{number + 1}T00:00:00Z", "end": ""}, **summary}
        (tmp_path / "summaries" / f"summaries-{window}-pane0-00000-of-00001.jsonl").write_text(json.dumps(row) + "\n")
    assert report_main([str(tmp_path)]) == OK
    stream = Page(tmp_path / "report.html")
    assert "2 windows of the stream" in stream.says("windows") and "2026-11-21T00:00:00Z 36 65 11 0 yes" in stream.says("windows")
    assert "72 " in stream.says("") and "130 " in stream.says("")  # both windows' documents and pairs
    assert sorted(row["title"] for row in stream.data["rows"]) == sorted(row["title"] for row in page.data["rows"])
    assert "the input was no files" in stream.says("rows") and not stream.data["rows"][0].get("marks")
    assert "Not recorded" in stream.says("course")


def test_what_documents_and_models_say_is_text(tmp_path: Path) -> None:
    assert report_main([str(hostile_output(tmp_path / "out"))]) == OK
    page = Page(tmp_path / "out" / "report.html")
    assert page.tags["img"] == 0 and page.tags["script"] == 2
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "49" not in page.says("rows") and "{{7*7}}" in json.dumps(page.data)
    titles = [row["title"] for row in page.data["rows"]]
    assert any(EVIL in title for title in titles)
    dead = next(row for row in page.data["rows"] if row["kind"] == "dead")
    assert EVIL in dict(dead["facts"])["raw row"]
    accepted = next(row for row in page.data["rows"] if row["title"] == EVIL)
    assert page.says("map").count(EVIL) == 1 and "others" in page.says("map")  # of its domains the summary knows one
    assert page.data["texts"][accepted["text"]][slice(*accepted["marks"]["q"])] == EVIL
    assert "default-src 'none'" in page.source and "unsafe" not in page.source.partition("<style>")[0]


@settings(max_examples=60)
@given(
    st.recursive(
        st.text() | st.sampled_from(["</script>", "<!--", "\u2028]]>", "\ud800"]), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_embedded_data_cannot_end_its_element_and_comes_back_whole(value: Any) -> None:
    written = script_json(value)
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == value
    assert "<" not in element("p", value, title=value)[2:-4].partition(">")[2].replace("</p", "")


def test_an_output_that_is_none_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "qa").mkdir()
    assert report_main([str(tmp_path)]) == UNUSABLE
    assert report_main([str(tmp_path / "nowhere")]) == UNUSABLE
    (tmp_path / "summary.json").write_text("{")
    assert report_main([str(tmp_path)]) == UNUSABLE
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") for line in lines)
    assert "holds no summary.json of a run that ended" in lines[0] and "cannot be read" in lines[2]


def test_without_what_draws_it_a_run_says_what_to_install(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "find_spec", lambda name: None)
    report.tell_report(str(written))
    assert report_main([str(written), "--to", str(tmp_path / "r.html")]) == UNUSABLE
    told, refused = capsys.readouterr().err.splitlines()
    for line in (told, refused):
        assert "matplotlib and scikit-learn: pip install 'webscale-qa[report]'" in line
    assert not list(tmp_path.iterdir())


def test_an_empty_run_and_damaged_lines_have_a_report(tmp_path: Path) -> None:
    empty = {
        "documents": {},
        "tasks": {},
        "pairs": 0,
        "stages": {},
        "domains": {},
        "answer_types": {},
        "reasons": {},
        "errors": {},
    }
    for part in ("documents", "tasks"):
        empty[part] = {"read": 0, "accepted": 0, "rejected": 0, "dead_lettered": 0}
    empty["documents"] |= {"read": 1212, "not_started": 1200, "not_sampled": 12}
    (tmp_path / "summary.json").write_text(json.dumps({**empty, "balanced": True}))
    (tmp_path / "qa").mkdir()
    (tmp_path / "qa" / "qa-00000-of-00001.jsonl").write_text('{"half\n[1]\n{"question": 7, "verdicts": "x", "pass_rate": NaN}\n')
    assert report_main([str(tmp_path)]) == OK
    page = Page(tmp_path / "report.html")
    assert "12 left out by the weights and caps of the inputs, 1,200 not started when a limit stopped" in page.says("")
    assert "2 lines of the output are no rows" in page.says("rows") + page.says("")
    assert [row["title"] for row in page.data["rows"]] == [""]


def test_report_false_leaves_it_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "tell_report", report.tell_report)
    first = tmp_path / "one.jsonl"
    first.write_bytes(SAMPLE.read_bytes().partition(b"\n")[0])
    main(["--demo", "--input", str(first), "--output", str(tmp_path / "out"), "--report", "false"])
    assert (tmp_path / "out" / "summary.json").is_file() and not (tmp_path / "out" / "report.html").exists()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abcdefg"), st.integers(0, 10**6)), max_size=200), st.integers(1, 20), st.randoms())
def test_a_sample_is_fair_and_does_not_depend_on_order(rows: list[tuple[str, int]], places: int, order: random.Random) -> None:
    def choose(offered: list[tuple[str, int]]) -> list[tuple[str, int]]:
        sample = Sample(places)
        for row in offered:
            sample.offer(row[0], row[1], lambda row=row: row)  # type: ignore[misc]
        return list(sample.rows())

    shuffled = list(rows)
    order.shuffle(shuffled)
    chosen = choose(rows)
    strata = Counter(stratum for stratum, _ in rows)
    if len(strata) <= places:
        assert chosen == choose(shuffled)
        kept = Counter(stratum for stratum, _ in chosen)
        assert set(kept) == set(strata) and len(chosen) <= places
        assert len(chosen) == len(rows) or len(chosen) > places - len(strata)  # what is left over cannot be shared out
        cut = [kept[stratum] for stratum in strata if kept[stratum] < strata[stratum]]
        assert len(set(cut)) <= 1 and all(number <= max(kept.values()) for number in cut)
    assert all(row in rows for row in chosen)


@settings(max_examples=80)
@given(
    st.text("ab é\n", max_size=200),
    st.text("ab é", min_size=1, max_size=30),
    st.text("ab é\n", max_size=200),
    st.integers(10, 300),
    st.booleans(),
)
def test_a_text_that_is_shown_has_the_quote_marked(before: str, quote: str, after: str, size: int, is_chunk: bool) -> None:
    document = f"{before}«{quote}»{after}"
    shown = show(document, Wanted("d", f"«{quote}»", quote, (len(before) + 1, len(before) + 1 + len(quote))), size, is_chunk)
    assert shown.text in document and (shown.cut_before, shown.cut_after) == (
        not document.startswith(shown.text),
        shown.cut_after,
    )
    assert shown.quote is not None and shown.text[slice(*shown.quote)] == f"«{quote}»"
    assert shown.answer is not None and shown.text[slice(*shown.answer)] == quote
    assert len(shown.text) <= max(size, len(quote) + 2, 2 * size) or len(document) <= size


@given(st.dictionaries(st.integers(0, 2_000_000), st.integers(1, 9), min_size=1, max_size=30))
def test_every_length_has_a_bin(counts: dict[int, int]) -> None:
    edges = bins(counts)
    assert edges[0] <= min(counts) and max(counts) < edges[-1] and edges == sorted(set(edges)) and len(edges) <= 60
