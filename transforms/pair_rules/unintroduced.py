"""Questions that lean on something said before, without a pronoun: "What else did she lack?", "What happened in 1985?".

Each rule looks at a question that was taken apart (`asked`) and gives the words by which it knows, or "". English only.
"""

import re
from itertools import islice

from transforms.answers.places import is_region
from transforms.english.function_words import AUXILIARIES, GRAMMAR, OBJECT_PRONOUNS, OTHER_PERSONS, QUESTION_WORDS
from transforms.english.names import KNOWN_BY_SURNAME, RANKS, ROLES, TITLES, WEEKDAYS
from transforms.english.phrases import Phrases
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.languages.stop_words import STOP_WORDS
from transforms.pair_rules.asked import Asked, asked
from transforms.records import Fault, QAPair

MISSING = "question_context_missing"


def question_leans_on_something_said(pair: QAPair) -> Fault | None:
    """The first of these that is so, unless the question gives its background first."""
    if language_of(pair.question) != ENGLISH:
        return None
    question = asked(pair.question)
    if question.is_story:
        return None
    seen = next(filter(None, (rule(question) for rule in RULES)), "") or a_part_of_a_name(question, pair.task.document.text)
    return Fault(MISSING, seen) if seen else None


def more_of_something(question: Asked) -> str:
    """ "What else did he write?", "Are there any other qualities?": besides which?"""
    words = question.words
    if _BESIDES.find(words):
        return ""
    more = _MORE.find(words, 0, 8)
    return question.shown(more) if more and not _OTHER_NAME.find(words, more.start) else ""


def a_year_alone(question: Asked) -> str:
    """ "What happened in 1985?": where, and to whom?"""
    happened = _HAPPENED.at(question.words, 0)
    rest = question.forms[happened.stop :] if happened else ()
    return question.shown(happened) if happened and all(form in _OF_A_DATE or form[0].isdigit() for form in rest) else ""


def no_whole_question(question: Asked) -> str:
    """ "Any awards?", "How many years?", "What kind of beliefs?": no verb, so what is asked was said before."""
    forms = question.forms
    if forms[:1] == ("any",) and not _BESIDES.find(question.words):
        return "any"
    opens = _OF_WHAT.at(question.words, 0)
    bare = opens and len(forms) <= opens.stop + 2 and not AUXILIARIES & set(forms)
    return " ".join(forms) if bare else ""


def a_person_of_no_name(question: Asked) -> str:
    """ "What made his work so distinctive?": nobody is named, and no word of a person stands before the pronoun."""
    forms = question.forms
    if question.names or not forms or forms[0] not in _OPENINGS:
        return ""
    at = next((at for at, form in enumerate(forms) if form in _OF_ONE_PERSON), None)
    if at is None or any(word in _PERSONS or word.endswith(_PERSONS_END) for word in question.words[:at]):
        return ""
    return forms[at]


def a_thing_that_was_said(question: Asked) -> str:
    """ "What is the song about?", "Who are the correspondents?": with no name, and nothing behind that says which."""
    forms = question.forms
    if question.names or any(char.isdigit() for char in question.text) or len(forms) > 7:
        return ""
    about = forms[-1:] == ("about",) and "the" in forms
    who = forms[:3] in (("who", "are", "the"), ("who", "is", "the"), ("who", "were", "the")) and len(forms) <= 5
    return " ".join(forms[-2:]) if about or who else ""


RULES = (more_of_something, a_year_alone, no_whole_question, a_person_of_no_name, a_thing_that_was_said)


def a_part_of_a_name(question: Asked, document: str) -> str:
    """ "Where was Johnson born?", of a document that names Linton Johnson: its reader knows of many a Johnson."""
    names = [name.removesuffix("'s").rstrip(".") for name in question.names]
    if len(names) != 1 or not names[0].isalpha() or names[0].lower() in KNOWN_BY_SURNAME:
        return ""
    name = names[0]
    at = question.forms.index(name.lower()) if name.lower() in question.forms else 0
    asked_of = question.forms[at - 1] in AUXILIARIES or f"{name}'s " in question.text
    if not at or not asked_of or is_region(name) or not _LIFE.find(question.words) or not _OF_SOMEBODY.search(document):
        return ""
    for found in islice(re.finditer(rf"(?<![\w-]){name}(?![\w-])", document), _MOST_PLACES):
        before = _GIVEN_BEFORE.search(document, max(0, found.start() - _NEAR), found.start())
        if before and before[1].lower() not in _NO_GIVEN_NAME:
            return f"{before[1]} {name}"
    return ""


_BESIDES = Phrases(
    "besides, beside, other than, apart from, aside from, in addition to, except, than, or else, along with, as well as",
)
_MORE = Phrases("else, any other, what other, which other, are there other, were there other, some other, are other")
_OTHER_NAME = Phrases(
    "other name, other word, other term, other title, another name, another word, another term, any other name, another way",
)
_HAPPENED = Phrases("what happened in, what happen in, what happened from, what happened after, what happened next")
_OF_A_DATE = frozenset("in the early late mid of from to and".split())
_OPENINGS = AUXILIARIES | QUESTION_WORDS | frozenset("tell anything anyone describe name in on at by with for".split())
_OF_ONE_PERSON = frozenset("he she his her him".split())
_PERSONS = (ROLES | RANKS | TITLES).union(
    "who whom whose anyone someone somebody everyone everybody one person people man woman boy girl child parent mother "
    "father son daughter brother sister wife husband god patient student member citizen character hero victim friend a an "
    "each every any adult baby animal bird male female".split()
)
_PERSONS_END = ("er", "or", "ist", "ian", "ess", "man", "eer", "ee", "ant", "ent")
_LIFE = Phrases(
    "born, die, died, marry, married, win, won, graduate, join, joined, leave, left, play, attend, attended, work, worked",
    "live, lived, serve, served, retire, grow up, release, sing, perform, act, acting, career, wife, husband, parent",
    "father, mother, family, childhood, role, become, famous, known for, award, advice, legacy, study, studied, teach",
    "fight, meet, feel, return, react, say, move, travel, arrive, found, founded, direct, write, publish, paint, earn",
    "receive, lose, lost, get, coach, defeat, score, do",
)
_GIVEN_BEFORE = re.compile(r"(?<![\w.])([A-Z][a-z]+) (?:[A-Z]\. |[A-Z][a-z]+ |(?:de|van|von|der|la|le|al) )?$")
_NO_GIVEN_NAME = GRAMMAR.union(
    *(TITLES, RANKS, ROLES, STOP_WORDS[ENGLISH], WEEKDAYS, OTHER_PERSONS, OBJECT_PRONOUNS),
    "north south east west new old upper lower great saint lake mount river university city after before while although though "
    "but however since until because when if as then later once both many some like early late former young against".split(),
)
_OF_SOMEBODY = re.compile(r"\b(?:he|she|his|her)\b", re.IGNORECASE)
_MOST_PLACES, _NEAR = 50, 40
_OF_WHAT = Phrases("how many, what kind of, what sort of, what kinds of, how much, what type of")
