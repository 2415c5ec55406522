"""Statements turned into questions: one function a form, each yields (question, answer, answer type)."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from beam_pipeline.demo_endpoint.rules.analysis import Analysis
from beam_pipeline.demo_endpoint.rules.quantities import DATE, HEDGE, NUM, PERIOD, QUANTITIES, SPELT, YEAR
from beam_pipeline.demo_endpoint.rules.words import NAMES, STOP, VAGUE, content

Asked = Iterator[tuple[str, str, str]]
Form = Callable[[str, Analysis], Asked]

# The subject of a clause: no comma, no verb, no clause of its own.
_SUBJECT = (
    r"(?P<subject>(?:(?!(?:that|which|who|when|where|if|because|although|while|as|than|and|or|but|not|has|have|had|does|do|did|"
    r"there|it|they|what|how|was|were|is|are|can|will)\b)[^\s,;:]+ ){1,9})"
)
_TIME = rf"(?P<time>{DATE}|{YEAR})(?![-–\d]|s\b)"
_FURTHER = r"(?:[,;:]| (?:and|when|but|after|where|while|which|because)\b).*"
_WHEN = re.compile(
    rf"{_SUBJECT}(?P<verb>was|were) (?P<done>[^,;:$]{{3,80}}?) [io]n {_TIME}(?P<rest>[^,;:$]{{0,60}}?)(?:{_FURTHER})?"
)


def ask_when(text: str, analysis: Analysis) -> Asked:
    """Turn "The bridge was opened in 1923" into "In which year was the bridge opened?"."""
    if match := _WHEN.fullmatch(text):
        asked, subject = "In which year" if match["time"].isdigit() else "When", lower_first(match["subject"], analysis)
        yield f"{asked} {match['verb']} {subject}{match['done']}{match['rest']}?", match["time"], "date"


_HAS = re.compile(
    rf"{_SUBJECT}(?P<verb>has|have|had) (?:{HEDGE} )?(?P<number>{NUM}|{SPELT}) (?P<things>(?:[a-z]+ ){{0,2}}[a-z]+s)"
    r"(?=[,.;:(]| (?:of|in|on|at|with|that|which|who|and|for|from|to|per|as|by|such|called|known)\b|$)"
)


def ask_how_many(text: str, analysis: Analysis) -> Asked:
    """Turn "The union has 28 member states" into "How many member states does the union have?"."""
    match = _HAS.match(text)
    if match and not re.search(rf"{PERIOD}$|\b(?:times|percent)$", match["things"]):
        do = {"has": "does", "have": "do", "had": "did"}[match["verb"]]
        yield f"How many {match['things']} {do} {lower_first(match['subject'], analysis)}have?", match["number"], "number"


_DEFINED = re.compile(
    r"(?:An? )?(?P<term>(?:(?!(?:of|in|to|for|on|by|the|that|there|one|most|all|can|also|not|both)\b)[A-Za-z’'-]+ ){1,4})"
    r"(?:\([^()]*\) )?(?:is|are|describes|refers to|means) "
    r"(?P<what>(?:an?|the|any) (?!(?:only|same|case|main|most|number|few|lot|issue|problem|part|result|way|key)\b).{20,230}?)"
    r"(?:(?:;|,? (?:so|but|while|whereas|although|(?:and|or) (?:is|are|it|they|the|its|can|may))\b|, ).*)?",
    re.IGNORECASE,
)
MIN_DEFINITION = 8  # words


def ask_definition(text: str, analysis: Analysis) -> Asked:
    """Turn "A bascule is a bridge deck that ..." into "What is the term for a bridge deck that ...?"."""
    match = _DEFINED.fullmatch(text)
    if not match or len(match["what"].split()) < MIN_DEFINITION:
        return
    term, what = match["term"].strip(), match["what"]
    if all(word[0].isupper() and word.lower() not in analysis.lower for word in term.split()):
        yield f'Which name fits the description "{what}"?', term, "name"
    else:
        yield f"What is the term for {what}?", lower_first(term, analysis), "term"


_BLANKS = (
    *QUANTITIES,
    ("code", "identifier or command", re.compile(r"(?<=`)[^`\s]*\w[^`\s]*(?=`)|(?<![\w.`])[a-z_][\w.]*\(\)")),
    ("name", "name", re.compile(rf"{NAMES.pattern}(?<=[a-z\d])")),
)
_AFTER_LAST = r"(?:the|an?|of|in|by|from|for|with|to) (?:[a-z-]+ )?"
_LAST_WORD = (("term", "term", re.compile(rf" {_AFTER_LAST}((?!\S*(?:est|ly|ing)$)[a-z-]{{4,}})$")),)
# "Super Bowl 50", "line 10": the number is part of a name.
_LABEL = re.compile(r"(?:[A-Z][\w-]*|lines?|steps?|questions?|items?|part|level|type|version|grade|group|state|year) $")
MIN_CONTEXT = 4  # words that carry meaning


def quote_with_blank(blanks: Sequence[tuple[str, str, re.Pattern[str]]], text: str, analysis: Analysis) -> Asked:
    """Quote a statement with a quantity, a name or a term left out."""
    for kind, noun, pattern in blanks:
        for match in pattern.finditer(text):
            found = match[match.lastindex or 0]
            before, after = text[: match.end() - len(found)], text[match.end() :]
            part_of_name = noun == "number" and (_LABEL.search(before) or len(found) == 1)
            too_little = len(content(re.sub(rf"\b{SPELT}\b|\d", "", before + after))) < MIN_CONTEXT
            dull = found in STOP | VAGUE or (kind == "name" and " " not in found)
            ends_in_title = bool(analysis.title) and text.lower().endswith(analysis.title.lower())
            off_topic = kind == "term" and (ends_in_title or content(before).isdisjoint(analysis.topics))
            if not (part_of_name or too_little or dull or off_topic):
                quoted = f"{before}____{after}".replace("`", "").replace('"', "'")
                yield f'Which {noun} completes this statement{{about}}: "{quoted}."?', found, kind


def lower_first(text: str, analysis: Analysis) -> str:
    """Uncapitalise the first word unless it is a name: a word that the document writes in capitals only."""
    first, space, rest = text.partition(" ")
    plain = first.lower() in STOP | analysis.lower and (first[1:].islower() or first == "A")
    return first.lower() + space + rest if plain else text


# How to ask, with a score for how natural the result reads.
FORMS: tuple[tuple[Form, float], ...] = (
    (ask_when, 4.0),
    (ask_how_many, 3.8),
    (ask_definition, 3.4),
    (partial(quote_with_blank, _BLANKS), 2.0),
    (partial(quote_with_blank, _LAST_WORD), 0.5),
)
