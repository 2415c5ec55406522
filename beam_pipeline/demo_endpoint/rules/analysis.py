"""What every task wants to know of a document, worked out once: sentences, word counts, title, main terms."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import yaml

from transforms.text import normalise

_LISTS: dict[str, str] = yaml.safe_load((resources.files(__package__) / "words.yaml").read_text("utf-8"))
STOP, VAGUE = frozenset(_LISTS["stop"].split()), frozenset(_LISTS["vague"].split())
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
NAME = r"(?:[A-Z][\w’'-]*[a-z\d][\w’'-]*|[A-Z]{2,})"
# Names after a lower-case word: what is capitalised there is not only so because it stands first.
NAMES = re.compile(rf"(?<=[a-z,;)] ){NAME}(?: (?:(?:of|the|de|von) )?{NAME}){{0,3}}")


def stem(word: str) -> str:
    """A word without case and common endings, so that "Bridges" and "bridge" agree."""
    word = word.lower()
    for ending in ("ies", "ing", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= (4 if ending == "ing" else 3) and not word.endswith("ss"):
            return word[: -len(ending)]
    return word


def content(text: str) -> frozenset[str]:
    """Stems of the words that carry meaning, and the numbers."""
    words = {stem(word) for word in WORD.findall(text) if word.lower() not in STOP}
    return frozenset(words | set(re.findall(r"\d+", text)))


CACHED_DOCUMENTS = 512
MAX_TERMS = 8


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one line, and where it stands in the document: text[start:end]."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What every task wants to know of a document.

    `counts` holds lower-case words, `lower` those that occur uncapitalised, `topics` the stems of title and terms.
    """

    text: str
    sentences: tuple[Sentence, ...]
    normalised: tuple[str, ...]
    counts: Mapping[str, int]
    lower: frozenset[str]
    title: str
    terms: tuple[str, ...]
    topics: frozenset[str]


@lru_cache(maxsize=CACHED_DOCUMENTS)
def analyse(text: str) -> Analysis:
    """Analyse a document; once, as all calls for a document arrive close together."""
    sentences, all_words = tuple(_sentences(text)), WORD.findall(text)
    normalised = tuple(normalise(sentence.text) for sentence in sentences)
    counts = Counter(word.lower() for word in all_words)
    lower = frozenset(word for word in all_words if word[0].islower())
    title, terms = _title(text), _terms(text, counts)
    return Analysis(text, sentences, normalised, counts, lower, title, terms, content(" ".join((title, *terms))))


_LIST_MARK = r"(?:[-*+•#>|~:]|\d+[.)]|[a-z][.)]|`{3}|\\[A-Za-z]|\$\$)"
# A line, with those that it continues: a shorter line is a heading or the last, a longer one a paragraph.
_BLOCK = re.compile(rf"(?:.{{50,110}}\n(?!\s*\n|\s*{_LIST_MARK}))*.*")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[^\W_a-z])|(?<=[。！？।])")
_ABBREVIATION = re.compile(r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|Mt|No|vs|etc|e\.g|i\.e|Ex|Figs?|Eq|Inc|Ltd|Co|Jr|Sr|al|cf)\.$")


def _sentences(text: str) -> Iterator[Sentence]:
    for block in _BLOCK.finditer(text):
        start = block.start()
        for end in (*(match.end() for match in _SENTENCE_END.finditer(text, start, block.end())), block.end()):
            bare = text[start:end].strip()
            if bare and (end == block.end() or not _ABBREVIATION.search(bare[-12:])):
                start = text.index(bare[0], start)
                yield Sentence(" ".join(bare.split()), start, start + len(bare))
                start = end


_TITLE_TAIL = re.compile(r"\s+[|–—-]\s+.*$|\s*\((?:continued|part \w+)\)\.?$", re.IGNORECASE)
_NO_TITLE = re.compile(
    r"(?:introduction|preface|overview|contents|abstract|readme|conclusions?|background|menu|home|news|"
    r"(?:chapter |key )?(?:summary|terms|review)|skip to .*|chapter [ivxlc\d]+\.?|[ivxlc\d]+\.?|(?:what|how|why) .*)"
    r"|.*[=(]\)?|(?:import|from) .*|.*[{}<>].*",
    re.IGNORECASE,
)


def _title(text: str) -> str:
    """The heading that the text opens with; "" if it has none that says what the text is about."""
    for line in [line for line in text[:1500].splitlines() if line.strip()][:3]:
        title = _TITLE_TAIL.sub("", re.sub(r"[*_`#]|^\W+", "", line)).strip()
        if not title or len(title) > 90 or len(title.split()) > 12 or re.search(r"[.;:,]$|[?!]", title):
            return ""
        if not _NO_TITLE.fullmatch(title) and WORD.search(title):
            return title.title() if title.isupper() and len(title) > 8 else title
    return ""


def _terms(text: str, counts: Mapping[str, int]) -> tuple[str, ...]:
    """Names and words that come back most often, best first, none inside another."""
    said = {word for word, count in counts.items() if count > 1 and len(word) > 3 and word not in STOP | VAGUE}
    names = Counter(NAMES.findall(text))
    scores = {name: count * 1.5 for name, count in names.items() if count > 1 and name.lower() not in STOP | VAGUE}
    scores |= {word: counts[word] * 0.8 for word in said if len(word) > 4 and counts[word] > 2 and word.isascii()}
    chosen: list[str] = []
    for term in sorted(scores, key=lambda term: (-scores[term], text.find(term), term)):
        if len(chosen) < MAX_TERMS and content(term).isdisjoint(content(" ".join(chosen))):
            chosen.append(term)
    return tuple(chosen)
