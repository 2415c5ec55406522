import base64
import pickle
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.util import assert_that
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.growth import assert_linear
from transforms.records import Document, Rejection
from transforms.screen import ScreenConfig, ScreenDocuments, screen_document, screen_text

PROSE = (
    "The lighthouse on the northern cape was built in 1871 by a crew of forty masons, who carried the granite up from the "
    "harbour "
    "on sledges. Its lamp burned whale oil until 1890 and paraffin until 1932, when the first electric bulb was fitted. "
    "Ships bound "
    "for the river mouth still steer by its white flash, which repeats every twelve seconds and can be seen for eighteen "
    "miles.\n\n"
    "The keeper's house stands a little to the south. It is now a small museum, open from May to September, where visitors "
    "can see "
    "the old lens and the log books of four generations of one family."
)

REASONS = {
    "too_short": "Water boils at 100 °C (212 °F) at sea level.",
    "mojibake": PROSE.replace("a", "Ã¡").replace("o", "Ã³"),
    "boilerplate": "Home\nAbout\nProducts\nPricing\nBlog\nContact\nLog in\nHome\nAbout\nProducts\nWater "
    "filters\nKettles\nPricing\nBlog\n"
    "Contact\nLog in\nFollow us\nFacebook\nTwitter\nPrivacy policy\nTerms of use\n© 2021 Kettle World. All rights reserved.",
    "log": "2024-03-01 12:00:01 INFO server started on port 8080\n2024-03-01 12:00:05 INFO connection from 10.0.0.7\n"
    "2024-03-01 12:00:06 WARN slow query: 1.2 s\n2024-03-01 12:01:10 ERROR disk full on /var\n2024-03-01 12:01:11 INFO "
    "shutting down\n",
    "advertisement": "Welcome to our online store! We offer premium quality watches at the lowest prices, with free "
    "shipping and a "
    "100% satisfaction guarantee. Order now and save up to half with our special offers and discount codes. Contact us "
    "today, our "
    "experts are there 24/7. Do not miss this limited offer: buy now, while it lasts, from the trusted watch shop.",
    "language": "Die Stadt liegt am Ufer des Flusses und wurde im Jahr 1240 gegründet. Sie ist heute der Sitz einer "
    "Universität und hat "
    "etwa 80.000 Einwohner. Der Hafen wurde nach dem Krieg neu gebaut und dient jetzt vor allem dem Handel mit Getreide "
    "und Holz.",
    "truncated_fragment": "which the committee had never intended, and so the members agreed to put the question to a "
    "vote. The vote was "
    "held on 4 March and the motion was carried by nine to two. Most of those who had spoken against it then withdrew from the",
    "too_few_words": " ".join(f"{number}.5" for number in range(100)),
    "symbols": " ".join(f"#{word}" for word in PROSE.split()[:40] if word.isalpha()),
    "bullets": "\n".join(f"- {word}" for word in dict.fromkeys(PROSE.split())),
    "word_length": " ".join(base64.b64encode(random.Random(n).randbytes(36)).decode() for n in range(40)),
    "repetition": "Click the green button now to win a prize today. " * 20,
    "stop_words": " ".join(
        (
            "brass kettle polished copper handle wooden lid small large spout whistle steam kitchen shelf round bright "
            "heavy iron stove "
            "garden hose yellow plastic nozzle spray lawn grass summer heat dry soil flower bed rose tulip daisy fern moss "
            "stone path "
            "winter coat warm wool scarf leather boot snow shovel driveway salt frozen pond skate sledge hill child mitten "
            "chimney smoke"
        ).split()
    ),
}


@pytest.mark.parametrize(("reason", "text"), REASONS.items(), ids=REASONS)
def test_every_reason(reason: str, text: str) -> None:
    assert screen_text(text) == reason


def test_prose_passes() -> None:
    assert screen_text(PROSE) is None


def test_repairable_mojibake_passes() -> None:
    assert screen_text(PROSE.replace("'", "â€™").replace(", ", " â€“ ")) is None


def test_languages_are_an_option() -> None:
    german = REASONS["language"]
    assert screen_text(german, ScreenConfig(languages=("de", "en"))) is None
    assert screen_text(german, ScreenConfig(languages=())) is None
    assert screen_text(german, ScreenConfig(languages=("all",))) is None
    assert screen_text(PROSE, ScreenConfig(languages=("de",))) == "language"


def test_thresholds_are_options() -> None:
    assert screen_text(PROSE, ScreenConfig(min_tokens=500)) == "too_short"
    assert screen_text(REASONS["bullets"], ScreenConfig(min_bullet_words=0.5)) is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"long_documents": "drop"}, "chunk, cut, reject"),
        ({"near_duplicates": 85}, "from 0"),
        ({"max_document_tokens": 60}, "at least twice min_tokens"),
    ],
)
def test_config_says_what_is_wrong(fields: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScreenConfig(**fields)


def test_config_travels_to_workers() -> None:
    config = ScreenConfig(languages=("de",), min_tokens=20)
    assert pickle.loads(pickle.dumps(config)) == config


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=2000) | st.text(alphabet="aA1 .\n-|#Ã¼…\x00é漢\ud800", max_size=3000))
def test_never_raises(text: str) -> None:
    assert screen_text(text) in {None, *REASONS}
    list(screen_document(Document("d", text), ScreenConfig(min_tokens=1, max_document_tokens=20, languages=())))


def other_prose(seed: int) -> str:
    generator = random.Random(seed)
    words = [word for word in PROSE.split() if word.isalpha()] + ["the", "of", "and", "to"] * 8
    return " ".join(" ".join(generator.choices(words, k=14)).capitalize() + "." for _ in range(30))


def long_document() -> Document:
    paragraphs = [other_prose(n) for n in range(20)]
    return Document("book", "\n\n".join(paragraphs), source="shelf", where="books.jsonl:7")


def test_long_document_is_chunked() -> None:
    config = ScreenConfig(max_document_tokens=1000)
    chunks = [chunk for chunk in screen_document(long_document(), config) if isinstance(chunk, Document)]
    assert [chunk.id for chunk in chunks] == [f"book#{n}" for n in range(1, len(chunks) + 1)]
    assert {(chunk.parent_id, chunk.where, chunk.source) for chunk in chunks} == {("book", "books.jsonl:7", "shelf")}
    assert "\n\n".join(chunk.text for chunk in chunks) == long_document().text


def test_junk_chunk_is_rejected_alone() -> None:
    document = long_document()
    index = "\n".join(f"- {word} {number}" for number, word in enumerate(PROSE.split() * 12))
    results = list(screen_document(Document("book", f"{document.text}\n\n{index}"), ScreenConfig(max_document_tokens=1000)))
    rejected = [result for result in results if isinstance(result, Rejection)]
    assert rejected and len(rejected) < len(results)
    assert all(rejection.document_id.startswith("book#") for rejection in rejected)


def test_long_document_is_cut_or_rejected() -> None:
    (cut,) = screen_document(long_document(), ScreenConfig(max_document_tokens=1000, long_documents="cut"))
    assert isinstance(cut, Document) and cut.id == "book" and long_document().text.startswith(cut.text) and cut.text.endswith(".")
    (rejected,) = screen_document(long_document(), ScreenConfig(max_document_tokens=1000, long_documents="reject"))
    assert isinstance(rejected, Rejection) and rejected.reason == "too_long"


def run(documents: list[Document], config: ScreenConfig) -> dict[str, list]:
    """Run the transform; the three outputs as lists."""
    with tempfile.TemporaryDirectory() as folder:

        def write_to(path: Path) -> Callable[[list], None]:
            return lambda actual: path.write_bytes(pickle.dumps(actual)) and None

        with TestPipeline(runner="FnApiRunner") as p:
            results = p | "Create" >> beam.Create(documents).with_output_types(Document) | "Screen" >> ScreenDocuments(config)
            assert results.passed.element_type is Document and results.rejected.element_type is Rejection
            for name, output in results._asdict().items():
                assert_that(output, write_to(Path(folder, name)), label=f"Look{name}")
        return {path.name: pickle.loads(path.read_bytes()) for path in Path(folder).iterdir()}


def summary(outcome: dict[str, list]) -> tuple[list[str], list[tuple[str, str, str]]]:
    passed = sorted(document.id for document in outcome["passed"])
    return passed, sorted((r.document_id, r.reason, r.detail) for r in outcome["rejected"])


def corpus() -> list[Document]:
    text = other_prose(1)
    sentences = text.split(". ")
    texts = {
        "lowered": text.lower(),
        "original": text,
        "spaced": text.replace(" ", "  "),
        "shorter": ". ".join(sentences[:12] + sentences[13:]),
        "wrapped": f"Home > Articles\n{text}\nShare this: Facebook Twitter",
        "other": other_prose(2),
        "short": "Loading...",
    }
    return [Document(name, text, where=f"in.jsonl:{line}") for line, (name, text) in enumerate(texts.items(), 1)]


def test_transform_keeps_the_best_copy() -> None:
    outcome = run(corpus(), ScreenConfig())
    assert summary(outcome) == (
        ["original", "other"],
        [
            ("lowered", "exact_duplicate", "of original"),
            ("short", "too_short", "5 tokens"),
            ("shorter", "near_duplicate", "of original"),
            ("spaced", "exact_duplicate", "of original"),
            ("wrapped", "near_duplicate", "of original"),
        ],
    )
    assert outcome["dead_letters"] == []


def test_order_of_input_does_not_matter() -> None:
    documents = corpus()
    assert summary(run(documents, ScreenConfig())) == summary(run(documents[::-1], ScreenConfig()))


def test_equal_copies_keep_the_first_line() -> None:
    documents = [Document(f"d{line}", PROSE, where=f"in.jsonl:{line}") for line in (10, 9, 11)]
    passed, rejected = summary(run(documents, ScreenConfig()))
    assert passed == ["d9"] and {detail for _, _, detail in rejected} == {"of d9"}


def test_indistinguishable_documents_come_out_once_each() -> None:
    passed, rejected = summary(run([Document("same", PROSE)] * 3, ScreenConfig()))
    assert passed == ["same"] and rejected == [("same", "exact_duplicate", "of same")] * 2


def test_duplicate_steps_can_be_switched_off() -> None:
    documents = corpus()
    assert len(run(documents, ScreenConfig(exact_duplicates=False, near_duplicates=0))["passed"]) == 6
    exact_only = summary(run(documents, ScreenConfig(near_duplicates=0)))
    assert exact_only[0] == ["original", "other", "shorter", "wrapped"]
    near_only = summary(run(documents, ScreenConfig(exact_duplicates=False)))
    assert near_only[0] == ["original", "other"]


def test_a_long_line_takes_linear_time() -> None:
    words = random.Random(0).choices(PROSE.split(), k=200_000)
    assert_linear(lambda line: list(screen_document(Document("d", line))), lambda size: " ".join(words[:size]), 12_000, 192_000)
