"""The exemplar banks: few-shot examples by domain, kept small enough to send with every request.

A bank is `exemplars/<slug>.jsonl`, one exemplar a line:

    {"id": "math-01", "persona": "...", "passage": "...", "question": "...", "answer": "...", "answer_type": "number"}

`id`, `source`, `licence` and `language` (a code such as "de", else English) may be left out, other keys are
ignored. A whole set in a prompt is three short exemplars or so: enough to show the form, cheap enough to be
read again for every persona of every document.
"""

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache
from importlib import resources

from prompts.load import Domain, PromptError, one_line
from transforms.languages.names import language_name
from transforms.records import ANSWER_TYPES
from transforms.text import SPACELESS

# Tokens of a rendered set: more than three compact exemplars need. Full-page exemplars cost more
# prefill than all that the prefix cache saves.
SAMPLE_TOKENS = 250

# Characters. An exemplar at every limit at once shows about 60 tokens, so any of them fits a sample.
_LONGEST = {"persona": 80, "passage": 240, "question": 160, "answer": 60}
_REQUIRED = ("persona", "passage", "question", "answer", "answer_type")
_OUTSIDE_REFERENCE = re.compile(
    r"\b(?:the|this|that|these|those|given|above|following|accompanying)\s+"
    r"(?:text|passage|article|document|excerpt|paragraph|author|authors|study|paper|page|section|snippet|post)\b"
    r"|\baccording to (?:the|this)\b|\b(?:as )?(?:mentioned|described|stated|discussed|shown) (?:above|below|here)\b",
    re.IGNORECASE,
)
_DANGLING_START = re.compile(r"(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those|we|our|i|my)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One worked example: for this persona and passage, this question with this short answer."""

    id: str
    domain: str
    persona: str
    passage: str
    question: str
    answer: str
    answer_type: str
    source: str = ""
    licence: str = ""
    language: str = "en"


def parse_exemplars(content: str, name: str, domain: str) -> tuple[Exemplar, ...]:
    """Parse one JSONL bank. `name` is what errors call it, `domain` the name of the domain it is for.

    A row may name a `domain` of its own, which then stands in the exemplar as written.

    Raises:
        PromptError: a line is not an exemplar; the message names file, line and remedy.
    """
    lines = enumerate(content.removeprefix("\ufeff").split("\n"), 1)
    exemplars = [_parse_line(line, f"{name}:{number}", domain) for number, line in lines if line.strip()]
    for exemplar_id, count in Counter(exemplar.id for exemplar in exemplars).items():
        if count > 1:
            raise PromptError(f"{name}: the id {exemplar_id!r} stands {count} times; give every exemplar its own")
    return tuple(exemplars)


def _parse_line(line: str, where: str, domain: str) -> Exemplar:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{where}: not JSON: {error}; write one JSON object a line") from error
    if not isinstance(row, dict):
        raise PromptError(f"{where}: must be a JSON object with {', '.join(_REQUIRED)}")
    known = {field.name: row[field.name] for field in fields(Exemplar) if row.get(field.name) is not None}
    for field, value in known.items():
        if not isinstance(value, str):
            raise PromptError(f"{where}: {field!r} must be text, not {json.dumps(value)[:40]}")
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise PromptError(f"{where}: {field!r} has half of a surrogate pair; write the character itself")
    missing = [field for field in _REQUIRED if not known.get(field, "").strip()]
    if missing:
        raise PromptError(f"{where}: {missing[0]!r} is missing or empty; an exemplar needs {', '.join(_REQUIRED)}")
    if known["answer_type"] not in ANSWER_TYPES:
        raise PromptError(f"{where}: answer_type {known['answer_type']!r} is not one of {', '.join(ANSWER_TYPES)}")
    derived = hashlib.sha256(f"{known['question']}\0{known['answer']}".encode()).hexdigest()[:16]
    return Exemplar(**{"id": derived, "domain": domain, **known})


def load_bank(domains: Iterable[Domain]) -> dict[str, tuple[Exemplar, ...]]:
    """Load the banks that ship with the package, by the domain's name; () where a domain has none.

    Raises:
        PromptError: a bank is not as it must be.
    """
    folder = resources.files("prompts").joinpath("exemplars")
    bank: dict[str, tuple[Exemplar, ...]] = {}
    for domain in domains:
        file = folder.joinpath(f"{domain.slug}.jsonl")
        text = file.read_text("utf-8") if file.is_file() else ""
        bank[domain.name] = parse_exemplars(text, f"prompts/exemplars/{domain.slug}.jsonl", domain.name)
    return bank


def merge_exemplars(first: Iterable[Exemplar], then: Iterable[Exemplar]) -> tuple[Exemplar, ...]:
    """Extend one bank by another; where both have an id, the second's exemplar stands."""
    return tuple({exemplar.id: exemplar for exemplar in (*first, *then)}.values())


def render_exemplars(exemplars: Iterable[Exemplar], language: str = "") -> str:
    """The exemplars as a prompt shows them: question and answer, a blank line between two.

    Not the passage: a small model takes the nearest text for the document, and copies its evidence from there.

    Where `language` is the code of the language to write in, an exemplar in another one says so in a line in front.
    """
    return "\n\n".join(
        f"{_marked(exemplar.language, language)}Question: {one_line(exemplar.question)}\n"
        f"Answer: {one_line(exemplar.answer)} ({exemplar.answer_type})"
        for exemplar in exemplars
    )


def _marked(own: str, language: str) -> str:
    return f"(in {language_name(own)}; you write {language_name(language)})\n" if language and own != language else ""


def sample_exemplars(
    bank: Iterable[Exemplar], document_id: str, count: int, max_tokens: int = SAMPLE_TOKENS
) -> tuple[Exemplar, ...]:
    """Choose up to `count` exemplars for a document, of different answer types where the bank allows.

    The choice depends on the document id and the exemplars alone: not on the run, nor on the order
    of the bank; and a bank that gains an exemplar changes few choices. One that would take the set
    over `max_tokens` is passed over.
    """
    return _sample(_Bank(bank), document_id, count, max_tokens)


class _Bank(tuple[Exemplar, ...]):
    """A bank as a key: hashed by its size, because nothing is sampled twice but by the personas of one document."""

    __slots__ = ()

    def __hash__(self) -> int:
        return len(self)


@lru_cache(maxsize=64)
def _sample(bank: _Bank, document_id: str, count: int, max_tokens: int) -> tuple[Exemplar, ...]:
    ranked = sorted(bank, key=lambda exemplar: hashlib.sha256(f"{document_id}\0{exemplar.id}".encode()).digest())
    firsts = {exemplar.answer_type: exemplar for exemplar in reversed(ranked)}
    ranked.sort(key=lambda exemplar: exemplar is not firsts[exemplar.answer_type])
    chosen: list[Exemplar] = []
    tokens = 0
    for exemplar in ranked:
        if len(chosen) >= count:
            break
        cost = _cost(exemplar)
        if tokens + cost <= max_tokens:
            chosen.append(exemplar)
            tokens += cost
    return tuple(chosen)


@lru_cache(maxsize=4096)
def _cost(exemplar: Exemplar) -> int:
    """Tokens of an exemplar in a prompt, with the blank line after it."""
    return _estimate_tokens(render_exemplars([exemplar]) + "\n\n")


def check_bank(exemplars: Iterable[Exemplar]) -> list[str]:
    """What is wrong with a bank: problems of its exemplars, and ids, personas or questions used twice."""
    exemplars = tuple(exemplars)
    problems = [f"{exemplar.id}: {problem}" for exemplar in exemplars for problem in check_exemplar(exemplar)]
    for field in ("id", "persona", "question"):
        counts = Counter(_normalise(getattr(exemplar, field)) for exemplar in exemplars)
        problems += [f"{field} {value!r} stands {count} times" for value, count in counts.items() if count > 1]
    return problems


def check_exemplar(exemplar: Exemplar) -> Iterator[str]:
    """What is wrong with an exemplar, in words; nothing when it can be shown to a model."""
    for field, longest in _LONGEST.items():
        value = getattr(exemplar, field)
        if not value.strip():
            yield f"{field} is empty"
        elif len(value) > longest:
            yield f"{field} has {len(value)} characters, more than {longest}"
    if exemplar.answer_type not in ANSWER_TYPES:
        yield f"answer_type {exemplar.answer_type!r} is not known"
    if not exemplar.question.rstrip().endswith(("?", "\uff1f", "\u061f", "\u037e")):
        yield "question does not end with '?'"
    if reference := _OUTSIDE_REFERENCE.search(exemplar.question):
        yield f"question refers outside itself: {reference.group()!r}"
    if start := _DANGLING_START.match(exemplar.question):
        yield f"question begins with {start.group()!r}, which refers to nothing"

    question, answer = _normalise(exemplar.question), _normalise(exemplar.answer)
    if exemplar.answer_type == "yes_no":
        if answer not in ("yes", "no"):
            yield f"the answer to a yes_no question is {exemplar.answer!r}"
        return
    if not _contains(_normalise(exemplar.passage), answer):
        yield "answer is not in the passage"
    if exemplar.answer_type == "option":
        if not _contains(question, answer):
            yield "answer is none of the options that the question offers"
    elif _contains(question, answer):
        yield "question contains the answer"


def _contains(text: str, part: str) -> bool:
    """Whether `part` stands in `text` as whole words, where the script has such."""
    if re.search(f"[{SPACELESS}]", part):
        return part in text
    return bool(part) and re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) is not None


def _normalise(text: str) -> str:
    return one_line(unicodedata.normalize("NFKC", text).casefold())


_TOKEN = re.compile(r"[^\W\d_]{1,6}|\d{1,3}|[^\w\s]|_|\n+")


def _estimate_tokens(text: str) -> int:
    """Estimate tokens on the safe side: a piece for 6 letters, 3 digits, a sign or a line break."""
    return sum(len(piece) if not piece.isascii() else 1 for piece in _TOKEN.findall(text))
