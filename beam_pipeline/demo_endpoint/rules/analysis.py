"""What every task wants to know of a document, worked out once: sentences, word counts, title, main terms."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from beam_pipeline.demo_endpoint.rules.words import NAMES, STOP, VAGUE, WORD, stem

# A document of any size costs the same: what comes later is not read.
ANALYSED_CHARS = 40_000
CACHED_DOCUMENTS = 512


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one line, and where it stands in the document: text[start:end]."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What every task wants to know of a document. `counts` holds lower-case words, `lower` those
    that occur uncapitalised, `terms` the main topics, most frequent first."""

    text: str
    sentences: tuple[Sentence, ...]
    counts: Mapping[str, int]
    lower: frozenset[str]
    title: str
    terms: tuple[str, ...]
    topic: str


def analyse(document: str) -> Analysis:
    """Analyse a document's first `ANALYSED_CHARS` characters."""
    return _analyse(document[:ANALYSED_CHARS])


@lru_cache(maxsize=CACHED_DOCUMENTS)
def _analyse(text: str) -> Analysis:
    found = tuple(_sentences(text))
    all_words = WORD.findall(text)
    counts = Counter(word.lower() for word in all_words)
    lower = frozenset(word for word in all_words if word[0].islower())
    title = _title(text)
    terms = _terms(text, counts)
    topic = title if title and len(title.split()) <= 7 else next(iter(terms), "")
    return Analysis(text, found, counts, lower, title, terms, topic)


_LIST_MARK = re.compile(r"\s*(?:[-*+•#>|~:]|\d+[.)]|[a-z][.)]|`{3}|\\[A-Za-z]|\$\$)")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W_a-z])|(?<=[。！？।])")
_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|No|vs|etc|e\.g|i\.e|Ex|Figs?|Eq|approx|Inc|Ltd|Co|Corp|Jr|Sr|al|cf|U\.S|U\.K)\.$"
)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Spans of paragraphs: single lines, with hard-wrapped lines joined to what they continue."""
    start = end = position = 0
    wrapped = False
    for line in text.splitlines(keepends=True):
        bare = line.strip()
        if wrapped and bare and not _LIST_MARK.match(line):
            end = position + len(line)
        else:
            if end > start:
                yield start, end
            start, end = position, position + len(line)
        wrapped = 45 <= len(bare) <= 110  # a shorter line is a heading or the last, a longer one a paragraph
        position += len(line)
    if end > start:
        yield start, end


def _sentences(text: str) -> Iterator[Sentence]:
    for begin, stop in _blocks(text):
        start = begin
        for match in _SENTENCE_END.finditer(text, begin, stop):
            if not _ABBREVIATION.search(text, max(start, match.start() - 12), match.start()):
                yield from _sentence(text, start, match.end())
                start = match.end()
        yield from _sentence(text, start, stop)


def _sentence(text: str, start: int, end: int) -> Iterator[Sentence]:
    raw = text[start:end]
    bare = raw.strip()
    if bare:
        start += raw.index(bare[0])
        yield Sentence(" ".join(bare.split()), start, start + len(bare))


_FRONT_MATTER_TITLE = re.compile(r"\A\s*-{3}\s*\n(?:.*\n)*?title: *[\"']?(.+?)[\"']?\s*\n")
_CHAPTER_MACRO = re.compile(r"\\(?:Chapter|chapter|section)\*?(?:\{[^{}]*\})?\{([^{}]+)\}")
_TITLE_TAIL = re.compile(r"\s+[|–—-]\s+.*$|\s*\((?:continued|part \w+)\)\.?$", re.IGNORECASE)
_CODE_TITLE = re.compile(r"[=(]\)?$|^import |^from |[{}<>]")
_GENERIC_TITLE = re.compile(
    r"(?:introduction|preface|summary|(?:chapter |key )?(?:summary|terms|review)|overview|contents|abstract|readme|"
    r"conclusions?|background|menu|home|news|skip to .*|chapter [ivxlc\d]+\.?|[ivxlc\d]+\.?|what is .*|how .*)",
    re.IGNORECASE,
)


def _title(text: str) -> str:
    """The heading that the text opens with; "" if it has none that says what the text is about."""
    match = _FRONT_MATTER_TITLE.match(text[:600]) or _CHAPTER_MACRO.search(text[:300])
    lines = [match[1]] if match else [line for line in text[:1500].splitlines() if line.strip()][:3]
    for line in lines:
        title = _TITLE_TAIL.sub("", re.sub(r"[*_`#]|^[^\w\"(]+", "", line)).strip()
        if not title or len(title) > 90 or len(title.split()) > 12 or title[-1] in ".;:,?" or not title[0].isalnum():
            return ""
        if not _GENERIC_TITLE.fullmatch(title) and WORD.search(title) and not _CODE_TITLE.search(title):
            return title.title() if title.isupper() and len(title) > 8 else title
    return ""


def _terms(text: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Names, word pairs and words that come back most often, best first, none inside another."""
    scores: dict[str, float] = {}
    for phrase, count in Counter(NAMES.findall(text)).items():
        if count > 1 and phrase.lower() not in STOP | VAGUE:
            scores[phrase] = count * 1.5
    content = {word for word, count in counts.items() if count > 1 and len(word) > 3 and word not in STOP and word not in VAGUE}
    pairs = Counter(f"{a} {b}" for a, b in re.findall(r"\b([a-z]{4,})(?= ([a-z]{4,})\b)", text) if a in content and b in content)
    scores |= {pair: count * 1.8 for pair, count in pairs.items() if count > 1 and not pair.split()[0].endswith("ly")}
    scores |= {word: counts[word] * 0.8 for word in content if len(word) > 4 and counts[word] > 2 and word.isascii()}
    chosen: list[str] = []
    for term in sorted(scores, key=lambda term: (-scores[term], text.find(term), term)):
        stems = {stem(word) for word in term.split()}
        if all(stems.isdisjoint(stem(word) for word in other.split()) for other in chosen):
            chosen.append(term)
        if len(chosen) == 8:
            break
    return tuple(chosen)
