"""Questions that each country, state or town answers in its own way, and that name none.

"What is the legal drinking age?" has one answer in Japan and another in Austria. A question with any name that may be of a
place is taken to say its place, and so is one that asks for a word, a rule for any state, or a story of its own.
"""

from transforms.english.civics import BODIES, CAME, CUSTOMS, GAMES, LAWS, OF_A_NATION, SEASONS, UNDER_LAW
from transforms.english.function_words import AUXILIARIES, QUESTION_WORDS
from transforms.english.offices import STATE_OFFICES
from transforms.english.phrases import Phrases
from transforms.languages.short_texts import ENGLISH, language_of
from transforms.pair_rules.asked import Asked, asked
from transforms.records import Fault, QAPair

UNCLEAR_PLACE = "question_place_unclear"


def question_place_is_unclear(pair: QAPair) -> Fault | None:
    """The first of these that is so, unless the question may name its place."""
    if language_of(pair.question) != ENGLISH:
        return None
    question = asked(pair.question)
    if not _asks(question) or question.is_story or question.is_general or question.is_of_a_work or GAMES.find(question.words):
        return None
    if question.names_a_place or question.asks_for_a_place:
        return None
    seen = next(filter(None, (rule(question) for rule in RULES)), "")
    return Fault(UNCLEAR_PLACE, seen) if seen else None


def _asks(question: Asked) -> bool:
    """Whether it is a question, that begins with its question word or nearly so; one of 25 words has said more than that."""
    opening = {*question.forms[:4], *question.words[:4]}
    return len(question.words) <= _MOST_WORDS and bool(opening & (AUXILIARIES | QUESTION_WORDS))


def a_law(question: Asked) -> str:
    """ "What is the legal drinking age?", "How long can the police hold a suspect without charge?" """
    words, forms = question.words, question.forms
    if law := LAWS.find(words):
        return question.shown(law)
    for table in (_BY_LAW, _AGE_LIMIT):
        if found := table.find(words):
            return question.shown(found)
    bound = next((at for at, form in enumerate(forms) if form in ("must", "may", "can", "entitled")), None)
    who = UNDER_LAW.find(words)
    return question.shown(who) if bound is not None and who and _DUTY.find(words) else ""


def an_office_of_state(question: Asked) -> str:
    """ "Who appoints the judges of the supreme court?", "Who was the first president?" """
    words, forms = question.words, question.forms
    if always := _OF_EVERY_STATE.find(words):
        return question.shown(always)
    at = 0
    while office := STATE_OFFICES.find(words, at):
        before, behind = forms[max(0, office.start - 3) : office.start], forms[office.stop : office.stop + 3]
        general = {"a", "an", "any", "each", "every"} & set(before[-2:] + behind) or (
            "of" in behind[:1] and not STATE_OFFICES.find(words, office.stop, office.stop + 4)
        )
        if not general and (
            {"the", "first", "last"} & set(before)
            or forms[office.start].endswith("s")
            or forms[0] == "who"
            or words[office.start] in _COLLECTIVE
        ):
            return question.shown(office)
        at = office.stop
    return ""


def a_thing_of_the_nation(question: Asked) -> str:
    """ "What is the national bird?", "Which is the country's longest river?", "How many counties are there?" """
    words, forms = question.words, question.forms
    thing = OF_A_NATION.find(words)
    while thing:
        if forms[thing.stop : thing.stop + 1] not in (("of",), ("that",), ("where",), ("with",), ("whose",)):
            return question.shown(thing)
        thing = OF_A_NATION.find(words, thing.stop)
    division = _DIVISIONS.find(words)
    if division and (_HOW_MANY_ARE.find(words) or _LARGEST.find(words, 0, division.stop)):
        return question.shown(division)
    return ""


def a_season(question: Asked) -> str:
    """ "When does the school year begin?", "In which month does the rainy season start?" """
    when = _WHEN.find(question.words, 0, 4)
    season = SEASONS.find(question.words) or (when and _BEGINS.find(question.words) and _SEASON.find(question.words))
    return question.shown(season) if when and season else ""


def a_body_or_custom(question: Asked) -> str:
    """ "What number should you call in an emergency?", "On which side of the road do people drive?" """
    for table in (CUSTOMS, BODIES):
        found = table.find(question.words)
        if found and (table is CUSTOMS or (question.asks_of_now and _OF_A_BODY.find(question.words))):
            return question.shown(found)
    return ""


def what_came_to_each(question: Asked) -> str:
    """ "When was the metric system introduced?", "When was the last earthquake?" """
    when = _SINCE_WHEN.find(question.words, 0, 3)
    came = CAME.find(question.words)
    return question.shown(came) if when and came and (_CIVIC.find(question.words) or came.stop - came.start > 1) else ""


RULES = (a_law, an_office_of_state, a_thing_of_the_nation, a_season, a_body_or_custom, what_came_to_each)

_MOST_WORDS = 25
_BY_LAW = Phrases(
    "is it legal, is it illegal, legal age, legal limit, by law, against the law, legal to, illegal to, mandatory for",
    "compulsory for, who can become, who may become, who can apply for, who may apply for, who can vote",
    "who is eligible for, required by law",
)
_AGE_LIMIT = Phrases(
    "what age do you have to be, what age do children have to be, do you need a permit, do you need a licence",
    "do you need a license, how old must you, how old do you have to, how old does one have to, minimum age",
    "what age can you, what age may",
)
_OF_EVERY_STATE = Phrases(
    "presidential veto, electoral vote, declare war, national budget, first amendment, second amendment",
    "amendment to the constitution, presidency, presidential term, term of a senator, line of succession",
    "state of the union address, oath of office, presidential oath, presidential pardon, court of law, impeached",
    "citizenship test, new citizen",
)
_COLLECTIVE = frozenset(("parliament", "congress", "cabinet"))
_DUTY = Phrases(
    "file, hold a suspect, sign, withhold, work on a visa, without charge, pay, retire, practise, practice, register",
    "report wage, be valid, dismiss, evict, drive, vote, marry, arrest, appeal, licence, license, tax, annual leave, deduct",
    "insure, stand for",
)
_DIVISIONS = Phrases(
    "county, province, state, department, district, canton, prefecture, municipality, city, river, lake, mountain, region",
)
_HOW_MANY_ARE = Phrases("how many county, how many province, how many state, how many district, how many municipality")
_LARGEST = Phrases("in the country, in the state, largest province, second largest, oldest university")
_WHEN = Phrases("when, what month, which month, what time, what date, which date")
_BEGINS = Phrases("begin, start, end, open, close, planted, sown")
_SEASON = Phrases("school, term, summer, winter, spring, autumn, university, semester")
_OF_A_BODY = Phrases(
    "call, dial, start, begin, last, issue, regulate, approve, fee, cost, pay, grade, which, what age, how many year",
    "how much, apply, accredit, inspect, supervise, run, go to, represent, publish, hear, appeal, enforce, oversee, collect",
    "collected, must",
)
_SINCE_WHEN = Phrases("when, what year, which year, who, what, which, since when")
_CIVIC = Phrases(
    "television, railway, slavery, death penalty, voting age, metric system, euro, currency, election, parliament, war",
    "king, queen, law, army, abortion, divorce, marriage, alcohol, smoking, football, country, independence, temperature",
    "earthquake, union, mobile phone",
)
