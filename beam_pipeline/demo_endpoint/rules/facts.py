"""Synthesize: the facts of a document, from its sentences and the lines of recipes, and who asks for which."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from beam_pipeline.demo_endpoint.rules.analysis import CACHED_DOCUMENTS, NAME, NAMES, STOP, VAGUE, Analysis, analyse, content
from beam_pipeline.demo_endpoint.rules.classify import personas_of
from beam_pipeline.demo_endpoint.rules.quantities import QUANTITIES, SPELT
from beam_pipeline.demo_endpoint.rules.verify import REFERS, leaks
from transforms.text import normalise, stable_seed

SEARCHED_SENTENCES = 120  # enough for any number of personas, and bounded time on long texts
MIN_CONTEXT = 4  # words around a blank that carry meaning


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that a sentence or line of the document answers; `score` ranks how natural it reads."""

    question: str
    answer: str
    answer_type: str
    score: float


def synthesize_pair(document: str, persona: str, which: int = 1) -> dict[str, Any]:
    """The persona's question and its answer, the first or a further one; both empty if there is nothing to ask.

    Personas that `classify` gave for this document get different facts; any other persona gets one that its own text decides.
    """
    facts = find_facts(document)
    readers = personas_of(document)
    named = (number for number, reader in enumerate(readers) if reader["name"] in persona)
    number = next(named, stable_seed("persona", persona, facts[0].question) % len(facts) if facts else 0)
    number += (which - 1) * len(readers)
    if number >= len(facts):
        return {"question": "", "answer": "", "answer_type": "term", "aliases": []}
    fact = facts[number]
    aliases = [fact.answer.replace("%", " percent")] if "%" in fact.answer else []
    return {"question": fact.question, "answer": fact.answer, "answer_type": fact.answer_type, "aliases": aliases}


@lru_cache(maxsize=CACHED_DOCUMENTS)
def find_facts(text: str) -> tuple[Fact, ...]:
    """Facts that can be asked for, best first: no answer twice, each further one of a kind a little lower."""
    analysis = analyse(text)
    found = sorted((*_in_recipe(analysis), *_in_sentences(analysis)), key=lambda fact: fact.score)
    taken: Counter[str] = Counter()
    ranked = []
    for fact in sorted({normalise(fact.answer): fact for fact in found}.values(), key=lambda fact: -fact.score):
        ranked.append((0.6 * taken[fact.answer_type] - fact.score, fact))
        taken[fact.answer_type] += 1
    return tuple(fact for _, fact in sorted(ranked, key=lambda pair: pair[0]))


def _worth_asking(question: str, found: str, kind: str) -> bool:
    """Whether a pair is worth asking: answer short and hidden, question of a reasonable length."""
    if len(found.split()) > 7 or not 5 <= len(question.split()) <= 60 or leaks(question, found) or REFERS.search(question):
        return False
    return kind not in ("name", "term", "code") or content(found).isdisjoint(content(question))


_TERM_WORD = r"(?!(?:of|in|to|for|on|by|the|that|there|one|most|all|can|also|not|both)\b)[A-Za-z’'-]+"
_DEFINITION = re.compile(
    rf"(?:An? )?(?P<term>{_TERM_WORD}(?: {_TERM_WORD}){{0,3}})"
    r"(?: \([^()]*\))? (?:is|are|describes|refers to|means) "
    r"(?P<what>(?:an?|the|any) (?!(?:only|same|case|main|most|number|few|lot|issue|problem|part|result|way|key)\b).{40,230}?)"
    r"(?:(?:[,;:]| (?:and|when|but|so|after|where|while|whereas|although|which|because)\b).*)?$"
)
_INGREDIENT = re.compile(
    r"^[^\S\n]*[-*][^\S\n]+(?P<amount>(?:\d[\d./–-]*|[½¼¾])\s?(?:gm?|kg|mg|ml|cl|dl|l|lbs?|oz|cups?|tbsps?|tsps?|tablespoons?|teaspoons?|"
    r"grams?|cloves?|litres?))[^\S\n]+(?:of[^\S\n]+)?(?P<what>[A-Za-z][A-Za-z -]{2,40}?)[^\S\n]*(?:[,(;/.].*)?$",
    re.MULTILINE,
)


def _in_recipe(analysis: Analysis) -> Iterator[Fact]:
    for match in _INGREDIENT.finditer(analysis.text) if analysis.title else ():
        question = f"How much {match['what']} does the recipe for {analysis.title} call for?"
        if _worth_asking(question, match["amount"], "number"):
            yield Fact(question, match["amount"], "number", 3.7 - match.start() / 200_000)


def _in_sentences(analysis: Analysis) -> Iterator[Fact]:
    """The most natural fact of each sentence that can stand alone; English only, as the forms are."""
    common = sum(analysis.counts.get(word, 0) for word in ("the", "of", "and", "to", "is", "with"))
    if common <= 0.06 * sum(analysis.counts.values()):
        return
    for sentence in analysis.sentences[:SEARCHED_SENTENCES]:
        for question, found, kind, score in _asked(_statement(sentence.text), analysis):
            asked = _placed(question, found, analysis)
            if asked and _worth_asking(asked, found, kind) and normalise(found) in normalise(sentence.text):
                yield Fact(asked, found, kind, score - sentence.start / 200_000)
                break


# What makes a sentence lean on its neighbours, its reader or its day, so that no question from it can stand alone.
_LEANS = re.compile(
    r"\b(?:this|these|above|below|following|previous|previously|chapters?|sections?|figures?|fig|tables?|equations?|exercises?|"
    r"pages?|here|i|my|me|mine|latter|former|authors?|article|text|passage|paper|book|respectively|post|yesterday|tomorrow|"
    r"today|recently|now|currently|ago|examples?|he|she|him|his|hers?|last week|data|histograms?)\b|[a-z]{3}\.\s",
    re.IGNORECASE,
)
_DANGLES = re.compile(
    r"(?:It|They|That|Those|Its|Their|Such|Both|Another|Others?|Some|One|Each|There|What|How|Why|Who|Which|Let|See|Note|Notice|"
    r"We|You|Our|Your|Count|Recall|Often|Use|Click|As|Yes|No|Not|Either|Neither|Instead|Ex|And|But|Or|So|Then|Thus|\w+,)(?= )"
)
_MARKUP = re.compile(r"[{}<>|\\^#@~*_=\[\]]| [–—-] |\$(?! ?\d)|https?:|www\.|::")


def _statement(sentence: str) -> str:
    """A sentence without its full stop; "" if it cannot stand alone."""
    text = re.sub(r"^(?:[-*•+]|\d+[.)])\s+|\[\d+\]", "", sentence)
    whole = re.fullmatch(r"[A-Z\d$].{30,320}[^.]\.", text) and text.count(" ") >= 5
    balanced = text.count("(") == text.count(")") and text.count('"') % 2 == 0 and text.count("“") == text.count("”")
    leans = _DANGLES.match(text) or _LEANS.search(text) or _MARKUP.search(text)
    return text[:-1] if whole and balanced and not leans else ""


_AFTER_LAST = r"(?:the|an?|of|in|by|from|for|with|to) (?:[a-z-]+ )?"
_BLANKS = (
    *QUANTITIES,
    ("code", "identifier or command", re.compile(r"(?<=`)[^`\s]*\w[^`\s]*(?=`)|(?<![\w.`])[a-z_][\w.]*\(\)")),
    ("name", "name", re.compile(rf"{NAMES.pattern}(?<=[a-z\d])")),
    ("term", "term", re.compile(rf" {_AFTER_LAST}((?!\S*(?:est|ly|ing)$)[a-z-]{{4,}})$")),
)
# "Super Bowl 50", "line 10": the number is part of a name.
_LABEL = re.compile(r"(?:[A-Z][\w-]*|lines?|steps?|questions?|items?|part|level|type|version|grade|group|state|year) $")


def _asked(statement: str, analysis: Analysis) -> Iterator[tuple[str, str, str, float]]:
    """Question, answer, answer type and score: what a statement defines, else the statement with a blank."""
    if match := _DEFINITION.match(statement):
        yield f"What is the term for {match['what']}?", match["term"], "term", 3.4
    for kind, noun, blank in _BLANKS:
        for match in blank.finditer(statement):
            found = match[match.lastindex or 0]
            before, after = statement[: match.end() - len(found)], statement[match.end() :]
            part_of_name = noun == "number" and (_LABEL.search(before) or len(found) == 1)
            too_little = len(content(re.sub(rf"\b{SPELT}\b|\d", "", before + after))) < MIN_CONTEXT
            dull = found in STOP | VAGUE or (kind == "name" and " " not in found)
            off_topic = kind == "term" and content(before).isdisjoint(analysis.topics)
            if not (part_of_name or too_little or dull or off_topic):
                quoted = f"{before}____{after}".replace("`", "").replace('"', "'")
                yield f'Which {noun} completes this statement: "{quoted}."?', found, kind, 0.5 if kind == "term" else 2.0


def _placed(question: str, found: str, analysis: Analysis) -> str:
    """The question with its subject named; "" if that cannot be done without giving the answer away."""
    if question.startswith("What is the term"):
        return question
    topics = (topic for topic in (analysis.title, *analysis.terms) if topic and content(found).isdisjoint(content(topic)))
    topic = next(topics, "")
    if re.search(rf'(?:"|\w )(?:The )?{NAME} {NAME}', question) or (topic and content(topic) <= content(question)):
        return question
    return f"In the context of {topic}, {question[0].lower()}{question[1:]}" if topic else ""
