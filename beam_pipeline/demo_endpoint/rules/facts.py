"""The facts of a document that can be asked for, from its sentences and from the lines of recipes and source code."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from beam_pipeline.demo_endpoint.rules.analysis import CACHED_DOCUMENTS, Analysis, analyse
from beam_pipeline.demo_endpoint.rules.questions import FORMS
from beam_pipeline.demo_endpoint.rules.verify import REFERS, leaks
from beam_pipeline.demo_endpoint.rules.words import NAME, STOP, content
from transforms.text import normalise

SEARCHED_SENTENCES = 120  # enough for any number of personas, and bounded time on long texts


@dataclass(frozen=True, slots=True)
class Fact:
    """A question that a sentence or line of the document answers; `score` ranks how natural it reads."""

    question: str
    answer: str
    answer_type: str
    score: float
    position: int


@lru_cache(maxsize=CACHED_DOCUMENTS)
def find_facts(text: str) -> tuple[Fact, ...]:
    """Facts that can be asked for, best first: one a sentence, kinds of answer mixed."""
    analysis = analyse(text)
    found = sorted((*_in_recipe(analysis), *_in_code(analysis), *_in_sentences(analysis)), key=lambda fact: fact.score)
    best = {fact.position: fact for fact in found if _worth_asking(fact.question, fact.answer, fact.answer_type)}
    return tuple(_mixed(list(best.values())))


def _mixed(pool: list[Fact]) -> Iterator[Fact]:
    """Order facts by score, each further one of a kind a little lower, no answer twice."""
    taken: Counter[str] = Counter()
    answers: set[str] = set()
    while pool:
        fact = max(pool, key=lambda fact: (fact.score - 0.6 * taken[fact.answer_type], -fact.position))
        pool.remove(fact)
        if normalise(fact.answer) not in answers:
            answers.add(normalise(fact.answer))
            taken[fact.answer_type] += 1
            yield fact


def _worth_asking(question: str, found: str, kind: str) -> bool:
    """Whether a pair is worth asking: answer short and hidden, question of a reasonable length."""
    if len(found.split()) > 7 or not 5 <= len(question.split()) <= 60 or leaks(question, found) or REFERS.search(question):
        return False
    return kind not in ("name", "term", "code") or content(found).isdisjoint(content(question))


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
_EMPHASIS = re.compile(r"(\*\*|__|\*|_)(?=\S)(.+?)(?<=\S)\1")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)|\[\d+\]")


def _in_sentences(analysis: Analysis) -> Iterator[Fact]:
    """The facts of each sentence that can stand alone, at most one in each form; English only, as the forms are."""
    common = sum(analysis.counts.get(word, 0) for word in ("the", "of", "and", "to", "is", "with"))
    if common <= 0.06 * sum(analysis.counts.values()):
        return
    for sentence in analysis.sentences[:SEARCHED_SENTENCES]:
        statement = _statement(sentence.text)
        for form, score in FORMS if statement else ():
            for question, found, kind in form(statement, analysis):
                asked = _placed(question, found, analysis)
                if asked and _worth_asking(asked, found, kind) and normalise(found) in normalise(sentence.text):
                    yield Fact(asked, found, kind, score - sentence.start / 200_000, sentence.start)
                    break


def _statement(sentence: str) -> str:
    """A sentence without markup and full stop; "" if it cannot stand alone."""
    text = _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", sentence))
    text = re.sub(r"^(?:[-*•+]|\d+[.)])\s+", "", text)
    whole = re.fullmatch(r"[A-Z\d$].{30,320}[^.]\.", text) and text.count(" ") >= 5
    balanced = text.count("(") == text.count(")") and text.count('"') % 2 == 0 and text.count("“") == text.count("”")
    leans = _DANGLES.match(text) or _LEANS.search(text) or _MARKUP.search(text)
    return text[:-1] if whole and balanced and not leans else ""


def _placed(question: str, found: str, analysis: Analysis) -> str:
    """The question with its subject named; "" if that cannot be done without giving the answer away."""
    title = analysis.title if len(analysis.title.split()) <= 9 else ""
    topics = (topic for topic in (title, *analysis.terms) if topic and content(found).isdisjoint(content(topic)))
    topic = next(topics, "")
    named = re.search(rf'(?:"|\w )(?:The )?{NAME} {NAME}', question)
    if "{about}" in question:
        return question.replace("{about}", f" about {topic}" if topic else "") if topic or named else ""
    if named or question.startswith(("What is the term for", "Which name")) or (topic and content(topic) <= content(question)):
        return question
    return f"In the context of {topic}, {question[0].lower()}{question[1:]}" if topic else ""


_INGREDIENT = re.compile(
    r"^\s*[-*]\s+(?P<amount>(?:\d[\d./–-]*|[½¼¾])\s?(?:gm?|kg|mg|ml|cl|dl|l|lbs?|oz|cups?|tbsps?|tsps?|tablespoons?|teaspoons?|"
    r"grams?|cloves?|litres?)?)\s+(?:of\s+)?(?P<what>[A-Za-z][A-Za-z -]{2,40}?)\s*(?:[,(;/.].*)?$",
    re.MULTILINE,
)
_RECIPE_TIME = re.compile(r"(?P<what>(?:Prep|Cook|Total) time)\W{0,4}:\s*(?P<amount>\d[\w –-]{0,20}?)\s*$", re.M | re.I)


def _in_recipe(analysis: Analysis) -> Iterator[Fact]:
    """The times and amounts of a recipe."""
    dish = analysis.title
    if not dish or not re.search(r"ingredients", analysis.text, re.IGNORECASE):
        return
    for match in _RECIPE_TIME.finditer(analysis.text):
        question = f"How long is the {match['what'].lower()} in the recipe for {dish}?"
        yield Fact(question, match["amount"], "duration", 3.9, match.start())
    for match in _INGREDIENT.finditer(analysis.text):
        counted = match["amount"].isdigit()
        question = f"How {'many' if counted else 'much'} {match['what']} does the recipe for {dish} call for?"
        if match["what"].endswith("s") or not (counted or match["what"].split()[0].lower() in STOP):
            yield Fact(question, match["amount"], "number", 3.7, match.start())


_DOCUMENTED = re.compile(
    r"^[ \t]*(?P<kind>def|class) (?P<name>\w+)[^\n]*\n\s*(?:\"\"\"|''')\s*(?P<what>[A-Z][^\"\n]{15,140}?)\.?\s*(?:\"\"\"|'''|\n)",
    re.MULTILINE,
)


def _in_code(analysis: Analysis) -> Iterator[Fact]:
    """What the functions and classes of source code are for."""
    packages = Counter(re.findall(r"^(?:from|import) (\w+)", analysis.text, re.MULTILINE))
    where = f"In Python code that uses {packages.most_common(1)[0][0]}" if packages else "In Python code"
    for match in _DOCUMENTED.finditer(analysis.text):
        noun = "class" if match["kind"] == "class" else "function or method"
        question = f'{where}, which {noun} is documented as "{match["what"]}"?'
        yield Fact(question, match["name"], "code", 3.0, match.start())
