"""Statements quoted with one thing left out, for what no other question form fits."""

import re

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.facts import Asked
from beam_pipeline.demo_endpoint.rules.quantities import QUANTITIES
from beam_pipeline.demo_endpoint.rules.words import NAMES

# A statement that points at its neighbours or at a picture says too little when it is quoted alone.
_POINTS_ELSEWHERE = re.compile(
    r"(?:I|We|You|He|She|It|They|My|Our|Your|His|Her|Its|Their|Ours|Yours|Hers|Theirs|This|That|These|Those|Such)\b"
    r"|.*\b(?i:figures?|tables?|examples?|histograms?|data|exercises?)\b"
)


def can_be_quoted(text: str) -> bool:
    """Whether a statement, quoted with a blank in it, can be understood by itself."""
    return not _POINTS_ELSEWHERE.match(text)


_CODE_SPAN = re.compile(r"`([^`\s]{2,40})`|(?<![\w.])([a-z_][\w.]*\(\))")


def cloze_code(text: str, analysis: Analysis) -> Asked:
    """A sentence that names an identifier, with the identifier left out."""
    for match in _CODE_SPAN.finditer(text):
        found = match[1] or match[2]
        if re.search(r"\w", found):
            yield _cloze("identifier or command", text, match.start(), match.end()), found, "code"


# "Super Bowl 50", "line 10": the number is part of a name.
_LABEL = re.compile(r"[A-Z][\w-]*|lines?|steps?|questions?|problems?|items?|part|level|No\.|type|version|grade|group|state|year")


def cloze_quantity(text: str, analysis: Analysis) -> Asked:
    """A sentence that states a quantity or a date, with it left out."""
    for kind, noun, pattern in QUANTITIES:
        for match in pattern.finditer(text):
            before = text[: match.start()].rsplit(" ", 2)[-2:]
            labelled = bool(before) and (_LABEL.fullmatch(before[0]) and match.start() > len(before[0]) + 1)
            if not (noun == "number" and (labelled or len(match[0]) == 1)):
                yield _cloze(noun, text, match.start(), match.end()), match[0], kind


_PLACE_BEFORE = re.compile(
    r"\b(?:located in|born in|held in|held at|city of|town of|capital of|river|near|(?:north|south|east|west) of)\s$"
)


def cloze_name(text: str, analysis: Analysis) -> Asked:
    """A sentence with a name in it, the name left out."""
    headline = sum(word[0].isupper() for word in text.split()) > 0.45 * len(text.split())
    for match in NAMES.finditer(text):
        place = bool(_PLACE_BEFORE.search(text[: match.start()]))
        if (place or (" " in match[0] and len(match[0]) > 6)) and not headline:
            kind = "place" if place else "name"
            yield _cloze(kind, text, match.start(), match.end()), match[0], kind


def cloze_term(text: str, analysis: Analysis) -> Asked:
    """A sentence about one of the document's main terms, the term left out."""
    for term in analysis.terms:
        match = re.search(rf"\b{re.escape(term)}\b", text)
        if match and len(term) > 5 and " " in term and match.start() > 0:
            yield _cloze("term", text, match.start(), match.end()), match[0], "term"


def _cloze(noun: str, text: str, start: int, end: int) -> str:
    blank = f"{text[:start]}____{text[end:]}".replace("`", "").replace('"', "'")
    return f'Which {noun} completes this statement{{about}}: "{blank}."?'
