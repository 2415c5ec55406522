"""Screen: what no model needs to be asked about. Rules, long texts, exact and near duplicates.

Input:    PCollection[Document]
Passed:   PCollection[Document], or its chunks ("id#1", "id#2", ...), or its beginning
Rejected: Rejection, reason in {"too_short", "mojibake", "boilerplate", "log", "advertisement",
          "language", "truncated_fragment", "too_few_words", "symbols", "bullets", "word_length", "repetition",
          "stop_words", "too_long", "exact_duplicate", "near_duplicate"}
Source:   Webscale-RL, arXiv:2510.06499 (under 50 tokens); the rules name theirs in quality.py
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.chunk import cut_text, split_text
from transforms.copies import EXACT, Fingerprint, Identity, Loss, Print, find_losses, name_of
from transforms.first_seen import FirstSeen
from transforms.language import UNKNOWN
from transforms.outcome import Outcome, apply_rules, as_outcome, split_outputs, tag_and_count
from transforms.quality import PROSE_RULES, TEXT_RULES, Fault, Page, Thresholds, find_fault
from transforms.records import Document, Rejection, reject
from transforms.text import count_tokens, normalise, stable_hash

PRINTS = "prints"
STAGE = "screen"
LONG_DOCUMENTS = ("chunk", "cut", "reject")


@dataclass(frozen=True, slots=True)
class ScreenConfig(Thresholds):
    """What to let through. The fields of `Thresholds` tune the rules on a text.

    Attributes:
        languages: two-letter codes to keep; () or ("all",) keeps every language. A text that does
            not say what language it is in (code, formulas, tables) is kept.
        max_document_tokens: longer documents are treated as `long_documents` says.
        source_languages: languages of a source of its own, instead of `languages`.
        long_documents: "chunk" splits at paragraph borders, "cut" keeps the beginning, "reject" rejects.
        exact_duplicates: whether to keep one of several documents with the same normalised text.
        near_duplicates: Jaccard similarity of word 5-grams from which two texts are one; 0 is off.
            Estimated with a standard error of 0.03.
    """

    languages: tuple[str, ...] = ("en",)
    source_languages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    max_document_tokens: int = 8000
    long_documents: str = "chunk"
    exact_duplicates: bool = True
    near_duplicates: float = 0.85

    def __post_init__(self) -> None:
        if self.long_documents not in LONG_DOCUMENTS:
            raise ValueError(f"long_documents is {self.long_documents!r}; it can be one of {', '.join(LONG_DOCUMENTS)}")
        if not 0 <= self.near_duplicates <= 1:
            raise ValueError(f"near_duplicates is {self.near_duplicates}; it is a similarity from 0 (off) to 1")
        if self.max_document_tokens < 2 * max(1, self.min_tokens):
            raise ValueError(
                f"max_document_tokens is {self.max_document_tokens}; it must be at least twice min_tokens, {self.min_tokens}"
            )


DEFAULT = ScreenConfig()


def screen_text(text: str, config: ScreenConfig = DEFAULT) -> str | None:
    """Name the reason to reject a text, or None. Needs no runner; never raises, whatever the text."""
    fault = _find_fault(text, config, config.languages)
    return fault.reason if fault else None


def _find_fault(text: str, config: ScreenConfig, languages: tuple[str, ...]) -> Fault | None:
    page = Page(text)
    return find_fault(page, config, TEXT_RULES) or _find_language_fault(page, languages) or find_fault(page, config, PROSE_RULES)


def _find_language_fault(page: Page, languages: tuple[str, ...]) -> Fault | None:
    if not languages or "all" in languages or page.language in (UNKNOWN, *languages) or page.is_code:
        return None
    return Fault("language", page.language)


def screen_document(document: Document, config: ScreenConfig = DEFAULT) -> Iterator[Document | Rejection]:
    """Apply the rules to a document, then to each of its chunks if it is too long for one prompt.

    A chunk is judged by itself again: a book is worth reading, its licence and its index are not.
    """
    languages = next((own for source, own in config.source_languages if source == document.source), config.languages)
    if fault := _find_fault(document.text, config, languages):
        yield reject(STAGE, fault.reason, document, fault.detail)
        return
    # A token has at least one character, so most documents need no exact count.
    if len(document.text) <= config.max_document_tokens:
        yield document
        return
    tokens = count_tokens(document.text, config.tokenizer)
    if tokens <= config.max_document_tokens:
        yield document
    elif config.long_documents == "reject":
        yield reject(STAGE, "too_long", document, f"{tokens} tokens")
    elif config.long_documents == "cut":
        text = cut_text(document.text, config.max_document_tokens, config.min_tokens, config.tokenizer)
        yield replace(document, text=text)
    else:
        chunks = split_text(document.text, config.max_document_tokens, config.min_tokens, config.tokenizer)
        for number, text in enumerate(chunks, start=1):
            chunk = replace(document, id=f"{document.id}#{number}", text=text, parent_id=document.id)
            fault = _find_fault(text, config, languages)
            yield reject(STAGE, fault.reason, chunk, fault.detail) if fault else chunk


class _RulesFn(beam.DoFn):
    """`screen_document`, without counting what passes: duplicates are still to be taken out."""

    def __init__(self, config: ScreenConfig) -> None:
        self._config = config

    def process(self, document: Document) -> Iterator[Any]:
        for result in screen_document(document, self._config):
            if isinstance(result, Rejection):
                yield from tag_and_count(STAGE, [result])
            else:
                yield result


Joined = tuple[list[Document], list[Loss]]


class _FingerprintFn(beam.DoFn):
    """Keys each document by its identity, and sends its fingerprints on their own way."""

    def __init__(self, config: ScreenConfig) -> None:
        self._config = config

    def process(self, document: Document) -> Iterator[Any]:
        config = self._config
        fingerprint = Fingerprint(document.text, document.where, document.id)
        yield fingerprint.identity, ([document], [])
        for bucket in fingerprint.buckets(config.exact_duplicates, config.near_duplicates):
            yield beam.pvalue.TaggedOutput(PRINTS, bucket)


def settle(joined: tuple[Identity, Iterable[Joined]], exact_duplicates: bool = True) -> Iterator[Document | Rejection]:
    """One verdict for each document: passed, or the duplicate of the copy that is kept.

    Documents of one identity agree in all that tells documents apart; the first of them stands for
    the others. Of several losses the exact one is told, then the one to the best copy.
    """
    _, parts = joined
    documents: list[Document] = []
    losses: list[Loss] = []
    for some_documents, some_losses in parts:
        documents += some_documents
        losses += some_losses
    documents.sort(key=lambda document: document.text)
    for index, document in enumerate(documents):
        if losses:
            kind, winner = min(losses)
            yield reject(STAGE, kind, document, f"of {name_of(winner)}")
        elif index and exact_duplicates:
            yield reject(STAGE, EXACT, document, f"of {documents[0].id}")
        else:
            yield document


@dataclass
class ScreenDocuments(beam.PTransform):
    """Keeps the documents, or their chunks, that are worth a model's time, each text once.

    Attributes:
        config: what to let through.
        ttl_s: 0 compares all documents of the input, as far as it is one window, before it lets any pass. For a stream,
            how many seconds a text is remembered: documents pass as they come, the first of each text, and near
            duplicates are not looked for.
    """

    config: ScreenConfig = DEFAULT
    ttl_s: float = 0.0

    @no_annotations
    def expand(self, documents: beam.PCollection[Document]) -> Outcome:
        config = self.config
        if self.ttl_s and config.exact_duplicates:
            return self._screen_as_they_come(documents)
        if not (config.exact_duplicates or config.near_duplicates):
            return as_outcome(documents | "ApplyRules" >> apply_rules(STAGE, partial(screen_document, config=config), Document))
        screened = as_outcome(documents | "ApplyRules" >> split_outputs(beam.ParDo(_RulesFn(config)), Document))
        keyed = screened.passed | "Fingerprint" >> beam.ParDo(_FingerprintFn(config)).with_output_types(
            tuple[Identity, Joined], **{PRINTS: tuple[bytes, Print]}
        ).with_outputs(PRINTS, main="keyed")
        losses = (
            keyed[PRINTS]
            | "GroupByBucket" >> beam.GroupByKey()
            | "FindCopies" >> beam.FlatMap(find_losses, threshold=config.near_duplicates).with_output_types(tuple[Identity, Loss])
            | "KeyLosses" >> beam.Map(lambda loss: (loss[0], ([], [loss[1]]))).with_output_types(tuple[Identity, Joined])
        )
        unique = as_outcome(
            (keyed.keyed, losses)
            | "FlattenVerdicts" >> beam.Flatten()
            | "GroupByDocument" >> beam.GroupByKey()
            | "Settle" >> apply_rules(STAGE, partial(settle, exact_duplicates=config.exact_duplicates), Document)
        )
        return _both(screened, unique)

    def _screen_as_they_come(self, documents: beam.PCollection[Document]) -> Outcome:
        screened = as_outcome(documents | "ApplyRules" >> split_outputs(beam.ParDo(_RulesFn(self.config)), Document))
        unique = screened.passed | "FirstOfText" >> FirstSeen(STAGE, _text_key, _id_of, _reject_copy, Document, self.ttl_s)
        return _both(screened, unique)


def _both(screened: Outcome, unique: Outcome) -> Outcome:
    return Outcome(
        unique.passed,
        (screened.rejected, unique.rejected) | "FlattenRejected" >> beam.Flatten(),
        (screened.dead_letters, unique.dead_letters) | "FlattenDeadLetters" >> beam.Flatten(),
    )


def _text_key(document: Document) -> str:
    return stable_hash(normalise(document.text))


def _id_of(document: Document) -> str:
    return document.id


def _reject_copy(document: Document, first: str) -> Iterator[Rejection]:
    yield reject(STAGE, EXACT, document, f"of {first}")
