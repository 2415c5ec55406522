"""Questions whose answer will be another one: who holds an office, a record, a price, a count, the latest of a series.

A question that says a year keeps its answer, and so does one that tells its own story or asks what a word means. Each rule
looks at a question that was taken apart (`asked`) and gives the words by which it knows, or "".
"""

from transforms.english.changing import (
    COUNTED,
    FIGURES,
    LASTING_COUNTS,
    LASTING_SUPERLATIVES,
    LEGAL_STATUS,
    MADE,
    NEWEST,
    RECURRING,
    STANDINGS,
    TIMETABLE,
    YEARLY,
)
from transforms.english.function_words import (
    ARTICLES,
    AUXILIARIES,
    OTHER_PERSONS,
    PREPOSITIONS,
    QUESTION_WORDS,
    THIRD_PERSON,
)
from transforms.english.offices import HELD_OFFICES, HOLDS_OFFICE
from transforms.english.phrases import Phrases
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.pair_rules.asked import Asked, asked
from transforms.records import Fault, QAPair

EXPIRES = "question_expires"


def question_expires(pair: QAPair) -> Fault | None:
    """The first of these that is so, unless the question binds itself to a time."""
    if language_of(pair.question) != ENGLISH:
        return None
    question = asked(pair.question)
    if question.has_a_date or question.is_story or question.is_general:
        return None
    seen = next(filter(None, (rule(question) for rule in RULES)), "")
    return Fault(EXPIRES, seen) if seen else None


def an_office(question: Asked) -> str:
    """ "Who is the mayor of London?", "Who chairs the Federal Reserve?" """
    words = question.words
    if question.is_of_a_work or not question.asks_of_now or not question.is_specific or not _WHO.at(words, 0):
        return ""
    held = _held_by_name(question)
    if held and not _indefinite(question, held):
        return question.shown(held)
    does = HOLDS_OFFICE.find(words, 1, 4)
    if does and len(words) > does.stop and question.forms[does.start].endswith("s") and not _indefinite(question, does):
        return question.shown(does)
    return ""


def _held_by_name(question: Asked) -> range | None:
    """Where an office stands behind "who is", "what is the name of"."""
    be = next((at for at, form in enumerate(question.forms[:6]) if form in ("is", "are", "serves")), None)
    if be is None:
        return None
    held = HELD_OFFICES.find(question.words, be + 1, be + 9)
    between = set(question.forms[be + 1 : held.start]) - ({"of"} if "name" in question.forms else set()) if held else set()
    return held if not between & _NO_OFFICE else None


def _indefinite(question: Asked, found: range) -> bool:
    """Whether any such thing is meant: "heads a monarchy", "the president of a company"."""
    return bool({"a", "an", "any", "each", "every"} & set(question.forms[found.start : found.stop + 2]))


def a_record(question: Asked) -> str:
    """ "What is the tallest building in the world?": what people make and count is outdone, mountains are not."""
    words, forms = question.words, question.forms
    if not question.asks_of_now:
        return ""
    standing = None if '"' in question.text else STANDINGS.find(words)
    if standing and (question.is_specific or _EVER.find(words) or standing.start < 4):
        return question.shown(standing)
    for at, form in enumerate(forms):
        if at == 0 and form == "most" and _EVER.find(words):
            return "most ... in history"
        if form in LASTING_SUPERLATIVES or not (form == "most" or form.endswith("est")) or not question.is_the(at):
            continue
        if (made := MADE.find(words, at + 1, at + 5)) and not question.is_of_a_work:
            return question.shown(range(at, made.stop))
        if {"has", "have", "holds"} & set(forms[:at]) and (
            question.perfect or any(table.find(words, at + 1, at + 4) for table in (_MOST_OF, COUNTED))
        ):
            return question.shown(range(at, min(at + 3, len(forms))))
    return ""


def the_newest(question: Asked) -> str:
    """ "Who won the last Super Bowl?", "When is the next eclipse?" """
    words, forms = question.words, question.forms
    if newest := NEWEST.find(words):
        behind = RECURRING.find(words, newest.stop, newest.stop + 4) or HELD_OFFICES.find(words, newest.stop, newest.stop + 4)
        if behind or (question.is_specific and question.forms[newest.start] not in ("current", "defending", "sitting")):
            return question.shown(newest)
    if (line := _LINE.find(words)) and question.asks_of_now and not question.is_of_a_work:
        return question.shown(line)
    for at, form in enumerate(forms):
        if form not in ("last", "next", "new") or "generation" in forms[at + 1 : at + 2]:
            continue
        if form == "last" and forms[at + 1 : at + 2] == ("time",):
            return "last time"
        event = RECURRING.find(words, at + 1, at + 3)
        if event and form == "last" and not HELD_OFFICES.find(words, event.start, event.stop) and question.is_specific:
            return question.shown(range(at, event.stop))
        if event and form != "last" and question.asks_of_now and not question.is_of_a_work:
            return question.shown(range(at, event.stop))
        if (
            form == "last"
            and "did" in forms[:at]
            and forms[at - 1] not in _DETERMINERS
            and forms[0] in ("when", "what", "which", "in")
        ):
            return "did ... last"
    return ""


def a_count(question: Asked) -> str:
    """ "How many seasons does it have?": members come and go, seasons are added."""
    words = question.words
    many = _HOW_MANY.find(words, 0, 6)
    if not many or not question.asks_of_now or not question.is_specific or "must" in question.forms:
        return ""
    if question.perfect:
        return f"{question.shown(many)} ... so far"
    counted = COUNTED.find(words, many.stop, many.stop + 4)
    numbered = any(form.isdigit() for form in question.forms)
    if counted and not question.is_of_a_work and not numbered and not _EACH.find(words):
        return question.shown(range(many.start, counted.stop))
    there = _ARE_THERE.find(words, many.stop + 1, many.stop + 5)
    if there and not question.is_of_a_work and not numbered and not LASTING_COUNTS.find(words, many.stop, there.start):
        return question.shown(range(many.start, there.stop))
    member = _MEMBERSHIP.find(words, many.stop)
    return question.shown(range(many.start, member.stop)) if member else ""


def a_figure(question: Asked) -> str:
    """ "What is the population of Nigeria?", "How much does a stamp cost?" """
    words, forms = question.words, question.forms
    if not question.asks_of_now or question.is_of_a_work:
        return ""
    much = _HOW_MUCH.at(words, 0)
    if much and question.is_specific and "you" not in forms and _PAID.find(words):
        return question.shown(much)
    where = FIGURES.find(words)
    opens = forms[:2] in (("what", "is"), ("what", "are"), ("where", "does"), ("how", "high"), ("how", "large"), ("what", "s"))
    known = question.is_specific or "exchange" in words
    if where and opens and known and where.start < 9 and not _AT_WHICH.at(words, where.stop):
        return "" if forms[where.start - 1].endswith("est") else question.shown(where)
    share = _SHARE.find(words, 0, 6)
    if share and question.says_a_country:
        return question.shown(share)
    return ""


def a_person(question: Asked) -> str:
    """ "How old is Clint Eastwood?", "Who is he married to?", "Which club does he play for?" """
    words, forms = question.words, question.forms
    if not question.asks_of_now or not question.is_specific or question.is_of_a_work:
        return ""
    if forms[:2] == ("how", "old") and forms[2:3] in (("is",), ("are",)) and not _AGELESS.find(words, 3):
        return question.shown(range(0, 3))
    ties = _TIES.find(words)
    return question.shown(ties) if ties else ""


def the_future(question: Asked) -> str:
    """ "Where will the next games be held?", "Which country will host them?" """
    forms = question.forms
    will = next((at for at, form in enumerate(forms) if form == "will" or forms[at : at + 3] == ("is", "going", "to")), None)
    if will is None or question.is_of_a_work or not question.is_specific:
        return ""
    planned = _PLANNED.find(question.words, will)
    return question.shown(planned) if planned else ""


def a_state_of_things(question: Asked) -> str:
    """ "Does Cuba still use ration books?", "Has anyone walked on Mars?", "Which teams are in the league?" """
    words, forms = question.words, question.forms
    if question.is_of_a_work or not question.asks_of_now:
        return ""
    if forms[:1] and forms[0] in ("has", "have") and _ANYBODY.find(words, 1, 3):
        return question.shown(range(0, 2))
    if not {"if", "when", "after"} & set(forms):
        still = next((at for at, form in enumerate(forms) if form in ("still", "yet")), None)
        opens = forms[:1] and (forms[0] in AUXILIARIES or forms[0] == "which")
        if still is not None and opens and (question.is_specific or "exist" in words):
            return forms[still]
    if not forms or forms[0] not in AUXILIARIES | QUESTION_WORDS:
        return ""
    for table in (TIMETABLE, LEGAL_STATUS):
        if (found := table.find(words)) and question.is_specific:
            return question.shown(found)
    if forms[:1] in (("is",), ("are",)) and ("legal" in forms or "illegal" in forms) and question.is_specific:
        return "legal"
    roster = _ROSTER.find(words, 1)
    return question.shown(roster) if roster and question.is_specific and forms[0] in ("which", "what", "who") else ""


def an_event_of_some_year(question: Asked) -> str:
    """ "Who won the Super Bowl?": of which year?"""
    words = question.words
    won = _WON.at(words, 0)
    if not won or any(form.isdigit() for form in question.forms) or question.is_of_a_work or not question.is_specific:
        return ""
    event = YEARLY.find(words, won.stop, won.stop + 8)
    if (
        event
        and question.forms[event.stop : event.stop + 1] == ("for",)
        and not _BEST.intersection(question.forms[event.stop + 1 :][:1])
    ):
        return ""  # "the Oscar for Schindler's List" is one
    first = {"first", "second", "third", "only", "last"} & set(question.forms)
    return question.shown(range(won.start, event.stop)) if event and not first else ""


RULES = (an_office, a_record, the_newest, an_event_of_some_year, a_count, a_figure, a_person, the_future, a_state_of_things)

_BEST = frozenset("best most outstanding".split())
_NO_OFFICE = PREPOSITIONS | QUESTION_WORDS | {"first", "only", "second", "last", "oldest", "youngest"}
_DETERMINERS = THIRD_PERSON | ARTICLES | OTHER_PERSONS
_WHO = Phrases("who, what is the name, which company, what company, which star, which player, which actor")
_WON = Phrases("who won, which team won, which country won, what team won, who is the winner, who was the winner, who hosted")
_EVER = Phrases(
    "ever, nba, nfl, nhl, in an all star game, in a season, in a career, of all time, in the world, in history, all time",
    "world's",
)
_ARE_THERE = Phrases(
    "are there in the us, are there in the world, are there in the uk, are there worldwide, exist today, are there today",
)
_MOST_OF = Phrases("population, share, gdp, economy, market, number of, number one, follower, subscriber")
_HOW_MANY = Phrases("how many, what is the number of")
_EACH = Phrases("each, per, in a, on a, does a, do a, an, in the body")
_MEMBERSHIP = Phrases(
    "are member, member of, ratified, belong to, been confirmed, are recognised, are recognized, in orbit, are operating",
)
_HOW_MUCH = Phrases("how much does, how much do, how much is, how much are")
_PAID = Phrases(
    "cost, ticket, month, year, stamp, netflix, subscription, fee, pay, charge, licence, license, pass, membership, worth",
)
_AT_WHICH = Phrases(
    "at which, that, when, elasticity, level, where, of a, of an, if, do, called, control, ceiling, floor, index",
)
_SHARE = Phrases("what percentage of, what share of, what proportion of, what fraction of, what percent of")
_AGELESS = Phrases(
    "universe, earth, sun, moon, star, planet, a, an, he, she, it, they, you, rock, fossil, must, should, solar system",
)
_TIES = Phrases("married to, play for, live now, currently, net worth, work for now, dating, engaged to")
_LINE = Phrases("next in line, season finale")
_PLANNED = Phrases(
    "host, be held, take place, open, be released, come out, be launched, retire, expire, be completed, be the next",
)
_ANYBODY = Phrases("anyone, anybody, any country, nobody, there ever, any human, any")
_ROSTER = Phrases(
    "team are in, country are in, are member of, are member, play centre, play center, play quarterback, company make",
    "teams are in",
)
