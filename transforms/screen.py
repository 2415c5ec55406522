"""Screen: what no model needs to be asked about. Rules, long texts, exact and near duplicates.

Input:    PCollection[Document]
Passed:   PCollection[Document], or its chunks ("id#1", "id#2", ...), or its beginning
Rejected: Rejection, reason in {"too_short", "mojibake", "boilerplate", "log", "advertisement",
          "language", "truncated_fragment", "too_few_words", "symbols", "bullets", "word_length", "repetition",
          "stop_words", "too_long", "exact_duplicate", "near_duplicate"}
Source:   Webscale-RL, arXiv:2510.06499 (under 50 tokens); the rules name theirs in quality.py
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter

import apache_beam as beam
from apache_beam.typehints.decorators import no_annotations

from transforms.document_rules.chunking import cut_text, split_text
from transforms.document_rules.language import UNKNOWN, is_wanted
from transforms.document_rules.quality import PROSE_RULES, TEXT_RULES, Page, Thresholds, find_fault
from transforms.duplicates.document_copies import EXACT, Fingerprint, Identity, Loss, Print, find_losses, name_of
from transforms.flow.first_seen import FirstSeen
from transforms.flow.keep_best import KeepBest
from transforms.flow.outcome import Outcome, apply_rules, as_outcome, in_a_row
from transforms.records import Document, Fault, Rejection, reject
from transforms.text import count_tokens, normalise, stable_hash

STAGE = "screen"
_DETAIL, _ID = "of {}", attrgetter("id")
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
    if fault := find_fault(page, config, TEXT_RULES):
        return fault
    any_will_do = not languages or "all" in languages or page.language == UNKNOWN or is_wanted(page.language, text, languages)
    if not any_will_do and not page.is_code:
        return Fault("language", page.language)
    return find_fault(page, config, PROSE_RULES)


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
        config, screen = self.config, partial(screen_document, config=self.config)
        if not (config.exact_duplicates or config.near_duplicates):
            return as_outcome(documents | "ApplyRules" >> apply_rules(STAGE, screen, Document))
        rules = apply_rules(STAGE, screen, Document, last=False, label="_RulesFn")
        screened = as_outcome(documents | "ApplyRules" >> rules)
        if self.ttl_s and config.exact_duplicates:
            first = FirstSeen(STAGE, _text_key, _ID, _reject_copy, Document, self.ttl_s)
            return in_a_row(screened, screened.passed | "FirstOfText" >> first)
        best = KeepBest(
            STAGE,
            (Document, Print, Loss),
            ("GroupByBucket", "FindCopies", "GroupByDocument"),
            fingerprint=partial(_fingerprint, config=config),
            find_losses=partial(find_losses, threshold=config.near_duplicates),
            exact=EXACT if config.exact_duplicates else "",
            detail=_DETAIL,
            name=_ID,
            name_of=name_of,
            order=attrgetter("text"),
        )
        return in_a_row(screened, best.among(screened.passed))


def _fingerprint(document: Document, config: ScreenConfig) -> tuple[Identity, Iterator[tuple[bytes, Print]]]:
    fingerprint = Fingerprint(document.text, document.where, document.id)
    return fingerprint.identity, fingerprint.buckets(config.exact_duplicates, config.near_duplicates)


def _text_key(document: Document) -> str:
    return stable_hash(normalise(document.text))


def _reject_copy(document: Document, first: str) -> Iterator[Rejection]:
    yield reject(STAGE, EXACT, document, _DETAIL.format(first))
