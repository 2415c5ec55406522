"""An estimate covers the truth as often as it says, draws evenly, and loses nothing that it paid for."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest

from beam_pipeline.demo_endpoint.child_process import DemoEndpoint
from beam_pipeline.estimate.command import main as estimate
from beam_pipeline.estimate.command import sample_run, write_sample
from beam_pipeline.estimate.corpus_sample import CorpusSample, draw_sample
from beam_pipeline.estimate.extrapolate import call_rate, totals
from beam_pipeline.exit_codes import FAILED, OK, UNUSABLE
from beam_pipeline.main import main
from beam_pipeline.options.config import LOCAL_RUNNER
from beam_pipeline.plan import make_plan, screen_config
from beam_pipeline.reading.input_list import file_inputs, read_inputs
from beam_pipeline.reading.read_files import ReadUniqueInputs
from tests.places import SAMPLE
from transforms.records import Document
from transforms.screen import screen_text

# --- arithmetic


class Corpus:
    """Texts in files that differ, with what each brings: pairs whatever its length, tokens by it."""

    def __init__(self, seed: int, files: int = 1, texts: int = 600) -> None:
        random = np.random.default_rng(seed)
        self.file = np.sort(random.integers(0, files, texts))
        longer = random.uniform(0.7, 1.3, files)[self.file]
        self.lengths = np.maximum(50, random.lognormal(6.5, 0.5, texts) * longer).astype(int)
        kept = random.uniform(size=texts) < random.uniform(0.6, 0.9, files)[self.file]
        self.pairs = random.binomial(3, 0.7, texts) * kept
        self.tokens = (200 + self.lengths / 4 * np.where(kept, 8, 1)) * random.uniform(0.9, 1.1, texts)

    def sample(self, number: int, seed: int, read: int = 0) -> tuple[CorpusSample, np.ndarray]:
        """A sample of so many texts, from so many of the files; and which texts they are."""
        random = np.random.default_rng(seed)
        files = self.file.max() + 1
        chosen = np.arange(files) if not read else random.choice(files, read, replace=False)
        rows = np.flatnonzero(np.isin(self.file, chosen))
        place = {file: index for index, file in enumerate(chosen)}
        row_file = np.array([place[file] for file in self.file[rows]])
        drawn = random.choice(len(rows), number, replace=False)
        rows_of = np.bincount(row_file, minlength=len(chosen))
        sample = CorpusSample(
            texts=tuple(Document(str(row), "x" * self.lengths[row]) for row in rows[drawn]),
            text_file=row_file[drawn],
            total_bytes=int(self.lengths.sum()),
            total_files=int(files),
            file_bytes=np.array([self.lengths[self.file == file].sum() for file in chosen]),
            file_rows=rows_of,
            row_file=row_file,
            row_texts=np.ones(len(rows), int),
            row_characters=self.lengths[rows],
        )
        return sample, rows[drawn]


@pytest.mark.parametrize(("files", "read", "least"), [(1, 0, 0.8), (40, 15, 0.75)], ids=["all read", "some files read"])
def test_intervals_cover_the_truth_about_as_often_as_they_say(
    files: int, read: int, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beam_pipeline.estimate.extrapolate.DRAWS", 200)
    corpus, times = Corpus(1, files), 60
    hits = Counter[str]()
    for seed in range(times):
        sample, drawn = corpus.sample(100, seed, read)
        found = totals(sample, {"pairs": corpus.pairs[drawn], "tokens": corpus.tokens[drawn]}, seed)
        truth = {"documents": 600, "pairs": corpus.pairs.sum(), "tokens": corpus.tokens.sum()}
        for name, whole in truth.items():
            interval = found[name].interval()
            assert interval.low <= interval.estimate <= interval.high
            hits[name] += interval.low <= whole <= interval.high
    for name in ("pairs", "tokens"):
        assert hits[name] / times >= least, hits
    assert hits["documents"] == times if not read else hits["documents"] / times > 0.7
    if not read:
        assert hits["pairs"] < times, "so wide an interval says nothing"


def test_a_sample_of_everything_is_certain() -> None:
    corpus = Corpus(2, texts=50)
    sample, drawn = corpus.sample(50, 1)
    found = totals(sample, {"pairs": corpus.pairs[drawn]})["pairs"].interval()
    assert found.low == pytest.approx(found.high) == pytest.approx(corpus.pairs.sum())


def test_the_rate_is_that_of_the_busy_middle() -> None:
    """A slow start and a straggler at the end are no rate."""
    busy = 10 + np.arange(1000) / 50
    rate = call_rate([0.0, 5.0, *busy, 90.0])
    assert rate is not None
    interval = rate.interval()
    assert interval.estimate == pytest.approx(50, rel=0.02)
    assert 45 < interval.low <= interval.high < 55
    assert call_rate(list(range(20))) is None


# --- drawing


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Path]:
    lines = SAMPLE.read_text("utf-8").splitlines()
    for number in range(6):
        rows = lines[number::6]
        copies = [json.dumps({"id": f"copy-{number}", "text": json.loads(rows[0])["text"]}), "{broken"]
        (tmp_path / f"part-{number}.jsonl").write_text("\n".join([*rows, *copies]) + "\n", "utf-8")
    yield tmp_path


def test_a_larger_sample_holds_the_smaller_one(corpus: Path, config: Callable[..., Any]) -> None:
    options = config(input=[str(corpus / "part-*.jsonl")], output=str(corpus / "out"))
    small, large = draw_sample(make_plan(options), 8), draw_sample(make_plan(options), 16)
    assert [text.id for text in large.texts[:8]] == [text.id for text in small.texts]
    assert {text.id for text in draw_sample(make_plan(options), 8, seed=1).texts} != {text.id for text in small.texts}
    assert small.screened_all
    assert (small.total_files, small.file_rows.sum()) == (6, 36 + 12), "a broken row is a row"
    everything = draw_sample(make_plan(options), 1000)
    assert len({text.text for text in everything.texts}) == len(everything.texts) == everything.row_texts.sum() == 29


def test_of_a_large_corpus_some_files_are_read_and_some_rows_screened(corpus: Path, config: Callable[..., Any]) -> None:
    options = config(input=[str(corpus / "part-*.jsonl")], output=str(corpus / "out"))
    part = draw_sample(make_plan(options), 5, read_bytes=1, screened_rows=12)
    assert len(part.file_rows) == 5
    assert len(part.row_file) == 12
    assert not part.read_all
    found = totals(part, {"pairs": np.ones(len(part.texts))})["documents"].interval()
    assert found.low < found.high
    assert found.estimate == pytest.approx(48, rel=0.25)


def test_every_text_is_as_likely_as_another(corpus: Path, config: Callable[..., Any]) -> None:
    options = config(input=[str(corpus / "part-*.jsonl")], output=str(corpus / "out"), near_duplicates=0)
    seen = Counter(text.id for seed in range(12) for text in draw_sample(make_plan(options), 10, seed, screened_rows=1000).texts)
    # 12 draws of 10 of 29: 4 times each; one is never drawn with a probability of 0.6%.
    assert len(seen) >= 27
    assert max(seen.values()) <= 10


def test_several_inputs_are_drawn_from_with_their_own_fields_weights_and_languages(
    corpus: Path, config: Callable[..., Any]
) -> None:
    german = (
        "Die Brücke über den Severn wurde 1966 eröffnet und trägt die Autobahn auf einer Länge von 988 Metern. "
        "Ihr Überbau war der erste, der wie der Flügel eines Flugzeugs geformt ist, damit der Wind an ihm vorbeiströmt. "
        "Die Ingenieure glaubten, dass ein leichterer Überbau nicht steif genug sei, doch die Versuche zeigten das Gegenteil."
    )
    rows = [{"body": f"{german} Das ist der Bericht mit der Nummer {number}."} for number in range(40)]
    (corpus / "de.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (corpus / "inputs.yaml").write_text(
        "- {source: en, path: part-*.jsonl}\n- {source: de, path: de.jsonl, text_field: body, languages: [de], weight: 0.5}\n",
        "utf-8",
    )
    options = config(input=[], inputs=str(corpus / "inputs.yaml"), output=str(corpus / "out"), near_duplicates=0)
    sample = draw_sample(make_plan(options), 1000)
    kept = Counter(text.source for text in sample.texts)
    assert kept["en"] == 29 and 10 < kept["de"] < 30, "half of the German ones, none refused for its language"
    assert sample.file_rows.sum() == 36 + 12 + kept["de"], "what a weight leaves out is no document"
    run = sample_run(options, write_sample(sample, str(corpus)))
    assert (run.input, run.inputs) == ([str(corpus / "sample.jsonl")], "")
    again = [json.loads(line) for line in Path(run.input[0]).read_text("utf-8").splitlines()]
    passed = [screen_text(row["text"], screen_config(run)) for row in again]
    assert passed == [None] * len(sample.texts), "the run of the sample asks about all that was drawn"


def test_of_several_inputs_it_knows_what_weights_and_caps_take(corpus: Path, config: Callable[..., Any]) -> None:
    (corpus / "inputs.yaml").write_text(
        "[{source: half, path: 'part-[01].jsonl', weight: 0.5}, {source: few, path: 'part-[2345].jsonl', cap: 7, languages: de}]"
    )
    options = config(input=[], inputs=str(corpus / "inputs.yaml"), output=str(corpus / "out"))
    with beam.Pipeline(LOCAL_RUNNER) as pipeline:
        read = pipeline | ReadUniqueInputs(tuple(file_inputs(options, read_inputs(options))))
        read.passed | beam.Map(lambda document: f"{document.source} {document.id}\n") | beam.io.WriteToText(str(corpus / "taken"))
    taken = [line.split() for path in corpus.glob("taken*") for line in path.read_text().splitlines() if line]
    sources = Counter(source for source, _ in taken)
    assert sources["few"] == 7 and 0 < sources["half"] < 14
    everything = draw_sample(make_plan(options), 1000)
    assert everything.screened_all and everything.total_files == 6
    assert everything.file_rows.sum() == len(taken) + 6, "a broken row in each file"
    assert {text.id for text in everything.texts} < {document_id for source, document_id in taken if source == "half"}
    part = draw_sample(make_plan(options), 5, read_bytes=1)
    assert len(part.file_rows) == 5 and part.file_rows.sum() < everything.file_rows.sum()


# --- the command


@pytest.mark.integration
def test_an_estimate_foretells_the_run_and_what_it_paid_for_serves_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out"
    with DemoEndpoint.start() as endpoint:
        given = ["--input", str(SAMPLE), "--output", str(output), "--endpoint", endpoint.url]
        prices = ["--price_in=1", "--price_cached=0.1", "--price_out=2"]
        assert estimate([*given, *prices, "--sample=18", "--json", "--target_accepted=20"]) == OK
        printed = json.loads(capsys.readouterr().out)
        paid = sum(path.read_bytes().count(b"\n") for path in output.glob("journal/*.jsonl"))
        assert sorted(path.name for path in output.iterdir()) == ["estimate", "journal"]
        sizing = ["--deadline_h=2", "--prefill_tokens_s=8000", "--decode_tokens_s=2000"]
        assert estimate([*given, *prices, *sizing, "--sample=18"]) == OK
        table = capsys.readouterr().out.partition("estimate from 18 texts")[2]
        assert main([*given, "--resume"]) == OK
    again = json.loads((output / "estimate" / "estimate.json").read_text("utf-8"))["whole"]
    whole = json.loads((output / "summary.json").read_text("utf-8"))
    total = whole["tokens"]["total"]
    assert total["replayed"] == paid
    assert whole["tokens"]["earlier"]["calls"] == paid
    truth = {"documents": 36, "texts": 29, "accepted_pairs": whole["pairs"], "calls": total["calls"] + paid}
    for name in ("prompt_tokens", "completion_tokens"):
        truth[name] = total[name] + whole["tokens"]["earlier"][name]
    for name, value in truth.items():
        found = printed["whole"][name]
        assert found["low"] <= value <= found["high"], name
        assert again[name] == found, "a second estimate, from the journal alone, says the same"
    assert printed["whole"]["cost"]["low"] < printed["whole"]["cost"]["high"]
    assert "hours" in printed["whole"]
    assert "hours" not in again
    assert any(note.startswith("--target_accepted 20 is reached after") for note in printed["notes"])
    assert "accepted pairs" in table
    assert "hours are not known" in table
    assert "GPUs by the deadline" in table and "GPU time a text: (" in table
    assert "synthesize" in table, "the tokens of each stage, from the journal"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sample=1"], "must be at least 2"),
        (["--dry_run"], "--dry_run: an estimate runs a sample"),
        (["--runner=PrismRunner"], "--runner PrismRunner: an estimate runs a sample"),
        (["--streaming", "--watch_until_s=1"], "--streaming: an estimate runs a sample"),
        (["--unheard=1"], "unknown option --unheard"),
        (["--input={folder}/none.jsonl"], "no file matches"),
    ],
    ids=str,
)
def test_an_estimate_that_cannot_be_made(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("{folder}", str(tmp_path)) for argument in arguments]
    assert estimate(["--demo", "--input", str(SAMPLE), "--output", str(tmp_path / "out"), *given]) == UNUSABLE
    [line] = capsys.readouterr().err.strip().splitlines()
    assert says in line
    assert not (tmp_path / "out").exists()


def test_nothing_to_ask_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "short.jsonl").write_text('{"text": "too short"}\n')
    assert estimate(["--demo", "--input", str(tmp_path / "short.jsonl"), "--output", str(tmp_path / "out")]) == FAILED
    assert "none of 1 documents passes the screen" in capsys.readouterr().err
