"""Questions that mean nothing to a reader who does not know of which study, event, recipe or program they ask.

None of them says "the text" or begins with "it": "How many patients started treatment?" looks whole, and has another answer in
every hospital. Each rule takes a pair and gives the `Fault` that it found, or None. English only.

Measured on questions of people (CANARD, two thirds): of those that need their conversation and have no pronoun 4 in 10 are found,
of those rewritten to stand alone 1.6%, and nearly all of these do not; of 2,800 short benchmark questions 0.4%.
"""

import re
from itertools import islice

from transforms.english.names import TITLES
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.records import Fault, QAPair
from transforms.text import unify

REASON = "question_context_missing"

# What makes a study, an event or a thing known: a name, a year, a title in quotes.
_NAME = re.compile(r"(?<=[\w,)'\"] )[\"'(]?(?P<name>[A-Z][a-z\u00c0-\u024f][\w\u00c0-\u024f'-]*)|[\u00c0-\u024f]{2}")
_OPENS_WITH_A_NAME = re.compile(r"[A-Z][\w'-]+ [A-Z][\w'-]+")
_CAPITALS = re.compile(r"\b(?:[A-Z][A-Za-z]*[A-Z]|[A-Z](?:\.[A-Z])+)[A-Za-z0-9]*")
_YEAR = re.compile(r"\b(?:1\d|20)\d\ds?\b|\b\d{1,2}(?:st|nd|rd|th)[ -]century\b|\b\d+ (?:bc|bce|ad|ce)\b", re.I)
_QUOTED = re.compile(r"\"[^\"]{2,}\"|(?<!\w)'[^']{2,}'(?!\w)")
_NO_NAMES = frozenset("i english".split()) | TITLES
# It tells what it is about before it asks.
_BACKGROUND = re.compile(r"[.;:!] +[\"'(]?[A-Z]")


def question_asks_of_an_unnamed_study(pair: QAPair) -> Fault | None:
    """What was measured among some patients or participants, and neither the study nor its year is named."""
    question = _asked_alone(pair)
    if not question or _YEAR.search(question) or _NAMED_STUDY.search(question):
        return None
    statistic = _STATISTIC.search(question) or re.search("\u00b1", pair.answer) or _COMPARED.search(question)
    if statistic:
        return Fault(REASON, statistic[0])
    if specimens := _SPECIMENS.search(question):
        return Fault(REASON, specimens[0])
    people = _TOOK_PART.search(question) or (_PEOPLE.search(question) if _PAST.search(question) else None)
    if people and _MEASURED.search(question) and not _SOMEWHERE.search(question):
        return Fault(REASON, people[0])
    figure = _FIGURE.match(question)
    if figure and not _SOMEWHERE.search(question) and _was_measured_once(pair):
        return Fault(REASON, f"{figure[0]}: found once")
    return None


def _was_measured_once(pair: QAPair) -> bool:
    """Whether the document gives the answer, a figure, in sentences that tell what was found: "was 60 minutes"."""
    text, answer = pair.task.document.text, pair.answer.strip()
    said = [_sentence_around(text, found.start()) for found in islice(_as_a_word(answer).finditer(text), MOST_PLACES)]
    return bool(said) and all(_FOUND_ONCE.search(sentence) for sentence in said)


def _as_a_word(answer: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.]){re.escape(answer)}(?![\w])")


def _sentence_around(text: str, at: int) -> str:
    """The sentence at a place in a text, or so much of it as is near."""
    before, behind = text[max(0, at - NEAR) : at], text[at : at + NEAR]
    begins = max(before.rfind(". "), before.rfind("\n"), before.rfind("? ")) + 1
    ends = _SENTENCE_ENDS.search(behind)
    return before[begins:] + (behind[: ends.start()] if ends else behind)


# Places of an answer that are looked at, and characters around each.
MOST_PLACES, NEAR = 5, 300
_SENTENCE_ENDS = re.compile(r"[.?!](?=\s|$)|\n")
_FOUND_ONCE = re.compile(
    r"\b(?:was|were|had|showed|found|received|underwent|reported|developed|belonged|averaged)\b", re.IGNORECASE
)
_FIGURE = re.compile(
    r"(?:what|which) (?:is|was|are|were) the (?:[a-z-]+ )?(?:mean|median|average|sensitivity|specificity|prevalence|incidence|"
    r"mortality|survival|rate|number|percentage|proportion|frequency|duration)\b",
    re.IGNORECASE,
)
# "The bacteria found in the urine samples": in whose?
_SPECIMENS = re.compile(
    r"\b(?:in|from|of) (?:the|these|those) (?:[a-z-]+ )?(?:samples|specimens|isolates)\b(?! of\b)", re.IGNORECASE
)
# Where it was, by a name: "at Albany General Hospital", "of American physicians".
_SOMEWHERE = re.compile(r"\b(?:in|at|from|of|by|during|among|for) (?:the )?[A-Z][a-z]|\b[A-Z][a-z]+(?:an|ese|ish)\b")


_PEOPLE = re.compile(
    r"\b(?:patients?|participants?|respondents?|volunteers?|smokers?|non-?smokers?|donors?|recipients?|children|infants?|adults?|"
    r"women|men|mothers?|students?|teachers?|users?|mice|rats|animals|samples?|specimens?|isolates?|cases|controls?|groups?|"
    r"strains?|households?|eyes|tumou?rs|lesions)\b",
    re.IGNORECASE,
)
# Whoever took part in a study, and nobody else.
_TOOK_PART = re.compile(
    r"\b(?:participants|respondents|(?<!\bschool )subjects|volunteers|interviewees|study population|cohorts?|samples)\b(?! to\b)",
    re.IGNORECASE,
)
_MEASURED = re.compile(
    r"\b(?:how (?:many|much|long|often)|(?:what|which) (?:percent(?:age)?|proportion|number|share|fraction|groups?|rate)|(?:mean|"
    r"median|average|total|overall|percent(?:age)?|proportion|rate|incidence|prevalence|risk|odds|hazard|ratio|sensitivity|"
    r"specificity|difference|decrease|increase|reduction|change|score|dose|age|duration|number|range)s?)\b",
    re.IGNORECASE,
)
_STATISTIC = re.compile(r"\([Nn] ?= ?\d[^)]*\)|\b[Pp] ?[<=] ?0?\.\d|\bafter adjust\w+ for\b|\bstatistically significant\b")
_COMPARED = re.compile(r"\b(?:in|of|between|for|across) (?:both|each|either|the two|the three|all|the control|the study|the "
                       r"intervention|the treatment|the placebo) groups?\b(?! of\b)", re.IGNORECASE)  # fmt: skip
_PAST = re.compile(
    r"\b(?:was|were|had|did)\b|(?<!\bthat )(?<!\bbeen )(?<!\bis )(?<!\bare )(?<!\bbe )\b(?:showed|started|received|underwent|"
    r"developed|reported|died|survived|completed|responded|improved|experienced|presented|identified|exhibited|demonstrated|"
    r"achieved|required|agreed|participated|followed|suffered|chose|said)\b",
    re.IGNORECASE,
)
_NAMED_STUDY = re.compile(r"\b[A-Z][\w-]+(?: [A-Z][\w-]+){0,6} (?:[Ss]tudy|[Tt]rial|[Ss]urvey|[Cc]ohort|[Rr]egistry|[Cc]ensus)\b")


def question_asks_of_an_unnamed_event(pair: QAPair) -> Fault | None:
    """What once happened, with nothing named: "What did the band do after the tour?" """
    question = _asked_alone(pair)
    past = _ASKS_OF_THE_PAST.search(question)
    if not past or _KNOWN_DEEDS.search(question) or _is_anchored(question, pair.task.document.text):
        return None
    return Fault(REASON, past[0])


_ASKS_OF_THE_PAST = re.compile(r"\b(?:did|was|were|had)\b|^(?:who|what|which [a-z]+) [a-z]+ed\b", re.IGNORECASE)
# Known to all without a name: who invented the telephone, which animal was the first in space.
_KNOWN_DEEDS = re.compile(
    r"\b(?:invent|discover|coin(?:ed|age)|prove[dn]?\b|theorem|pioneer|originat|domesticat|abolish|evolv|named? after|known as|"
    r"called|first|last\b|earliest|oldest|originally|historically|traditionally|classical|ancient|medieval|prehistoric|world|"
    r"extinct|century|decade|dinosaurs?)",
    re.IGNORECASE,
)


def question_asks_of_an_unnamed_recipe(pair: QAPair) -> Fault | None:
    """An amount, a time or a heat of a dish: every cook has another, and only this document's is stored."""
    question = _asked_alone(pair)
    asked = _AMOUNT.search(question)
    if asked and _INGREDIENTS.search(pair.task.document.text) and not _WHOSE_RECIPE.search(question):
        return Fault(REASON, f"{asked[0]}: by which recipe")
    return None


_AMOUNT = re.compile(
    r"\bhow (?:much|many|long|hot|thick|big|large)\b|\b(?:what|which) (?:amount|quantity|volume|weight|temperature)\b"
    r"|\b(?:the|recommended) (?:amount|quantity|volume|weight|temperature|cooking time|baking time|serving size)\b",
    re.IGNORECASE,
)
_INGREDIENTS = re.compile(r"^[^\w\n]{0,6}ingredients\b[^\w\n]{0,6}$", re.IGNORECASE | re.MULTILINE)
_WHOSE_RECIPE = re.compile(
    r"\b(?:[A-Z][a-z]+'s|by|from) (?:[A-Z][\w']* )*(?:[Rr]ecipe|[Cc]ookbook)\b|\b[Rr]ecipe (?:by|from|of) [A-Z]"
)


def question_asks_of_an_unshown_program(pair: QAPair) -> Fault | None:
    """What a variable of the document's own holds or prints, without the lines that say so."""
    question = _asked_alone(pair)
    named = _IDENTIFIER.search(question)
    if named and _HOLDS.search(question) and not re.search(r"[=`{(]", question):
        return Fault(REASON, named[0])
    return None


_IDENTIFIER = re.compile(
    r"\b[a-z]+(?:_[a-z0-9]+)+ (?:dictionary|variable|list|array|object|table|column|data ?frame|tuple|set|string)\b",
    re.IGNORECASE,
)
_HOLDS = re.compile(r"\b(?:value|output|total|sum|result|length|size|number|how many|how much|printed|contains?|stored)\b", re.I)


def question_asks_of_its_reader(pair: QAPair) -> Fault | None:
    """What only the reader could say of what is his: an exercise, and no question that has one answer."""
    found = _YOURS.search(_asked_alone(pair))
    return Fault(REASON, found[0]) if found else None


_YOURS = re.compile(
    r"\byour (?:(?:first|last|own|full|current) )?(?:names?|age|code|programs?|project|team|company|account|score|class|school|"
    r"group|family|city|country|favou?rite|computer|machine|file|folder|password|email|address)\b",
    re.IGNORECASE,
)


CONTEXT_RULES = (
    question_asks_of_an_unnamed_study,
    question_asks_of_its_reader,
    question_asks_of_an_unnamed_recipe,
    question_asks_of_an_unshown_program,
    question_asks_of_an_unnamed_event,
)


def question_misses_context(pair: QAPair) -> Fault | None:
    """The first of these that is so."""
    return next((fault for rule in CONTEXT_RULES if (fault := rule(pair))), None)


def _asked_alone(pair: QAPair) -> str:
    """The question if it is English and gives no background before it asks, else ""."""
    question = unify(pair.question)
    return "" if _BACKGROUND.search(question) or language_of(pair.question) != ENGLISH else question


def _names(question: str) -> bool:
    found = [match["name"] or match[0] for match in _NAME.finditer(question)]
    return any(name.lower() not in _NO_NAMES for name in found)


def _is_anchored(question: str, document: str) -> bool:
    """Whether a question names a person, a place, a work or a year. An abbreviation that the document made is no name."""
    if _names(question) or _YEAR.search(question) or _QUOTED.search(question) or _OPENS_WITH_A_NAME.match(question):
        return True
    return any(f"({found[0]})" not in document for found in _CAPITALS.finditer(question))
